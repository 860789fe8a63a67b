"""A PDF with text where a test wants it, without any font of the machine: its one font draws a box for each
character and says which character it means."""

from __future__ import annotations

SIZE = 14.0  # points a character; Latin ones take half


def width(text: str) -> float:
    """Of `text`, in points."""
    return SIZE * sum(0.5 if char.isascii() else 1 for char in text)


def set_pages(
    paragraphs: list[list[str]], *, pitch: float, gap: float, height: float = 700
) -> list[list[tuple[float, float, str]]]:
    """Pages of (left edge, baseline, text): the lines of each paragraph `pitch` points apart, the paragraphs
    `gap` more, all of them flush left; a new page where `height` is used up."""
    pages: list[list[tuple[float, float, str]]] = [[]]
    y = height
    for lines in paragraphs:
        for line in lines:
            if y < 50:
                pages.append([])
                y = height
            pages[-1].append((80, y, line))
            y -= pitch
        y -= gap
    return pages


def make_pdf(pages: list[list[tuple[float, float, str]]]) -> bytes:
    """A PDF of the pages, each a list of (left edge, baseline, text) in points; 255 characters at most."""
    chars = sorted({char for page in pages for *_, text in page for char in text})
    codes = {char: code for code, char in enumerate(chars, 1)}
    shape = "{0} 0 0 -120 {0} 880 d1 40 -80 {1} 900 re f"
    widths = [500 if char.isascii() else 1000 for char in chars]
    meant = "\n".join(f"<{code:02x}> <{char.encode('utf-16-be').hex()}>" for char, code in codes.items())
    drawn = " ".join(f"/c{code} {5 if wide == 1000 else 4} 0 R" for code, wide in enumerate(widths, 1))
    count = len(pages)
    bodies = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {count} /Kids [{' '.join(f'{7 + 2 * n} 0 R' for n in range(count))}] >>",
        "<< /Type /Font /Subtype /Type3 /FontMatrix [0.001 0 0 0.001 0 0] /FontBBox [0 -120 1000 880]"
        f" /FirstChar 1 /LastChar {len(chars)} /Widths [{' '.join(map(str, widths))}] /Resources << >>"
        f" /CharProcs << {drawn} >>"
        f" /Encoding << /Differences [1 {' '.join(f'/c{n}' for n in codes.values())}] >> /ToUnicode 6 0 R >>",
        _stream(shape.format(500, 420)),
        _stream(shape.format(1000, 920)),
        _stream(
            "/CMapName /M def 1 begincodespacerange <00> <ff> endcodespacerange\n"
            f"{len(chars)} beginbfchar\n{meant}\nendbfchar"
        ),
    ]
    for number, page in enumerate(pages):
        bodies += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F 3 0 R >> >>"
            f" /Contents {8 + 2 * number} 0 R >>",
            _stream(
                "\n".join(
                    f"BT /F {SIZE} Tf {x} {y} Td <{''.join(f'{codes[char]:02x}' for char in text)}> Tj ET"
                    for x, y, text in page
                )
            ),
        ]
    data, places = "%PDF-1.4\n", []
    for number, body in enumerate(bodies, 1):
        places.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    return (
        f"{data}xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF"
    ).encode("ascii")


def _stream(text: str) -> str:
    return f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"
