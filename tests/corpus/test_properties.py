"""Random furniture, scrambling and widths around a report: its text comes out, and every offset is right."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baogao.corpus.mapped import Mapped
from baogao.corpus.segment import segment_text

sys.path.insert(0, str(Path(__file__).parent))
from make_pages import TITLES, make_page, read_body
from page_bodies import BODIES
from page_styles import STYLES


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    style=st.sampled_from(sorted(STYLES)), body=st.sampled_from(sorted(BODIES)), scrambled=st.booleans(),
    seed=st.integers(0, 10_000), newline=st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
def test_text_and_offsets_on_any_page(style, body, scrambled, seed, newline):
    page, expected = make_page(style, body, scrambled, None, seed)
    source = page.replace("\n", newline)
    blocks = segment_text(source, report="x")
    assert [(b.kind, b.text) for b in blocks] == [(b["kind"], b["text"]) for b in expected]
    for block, wanted in zip(blocks, expected, strict=True):
        before = page[: wanted["start"]].count("\n") * (len(newline) - 1)
        assert (block.start, block.end) == (wanted["start"] + before, wanted["end"] + before)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(body=st.sampled_from(sorted(BODIES)), width=st.integers(24, 60))
def test_text_at_any_width_where_paragraphs_are_indented(body, width):
    blocks = read_body(BODIES[body])
    lines = [TITLES[body][0]]
    for block in blocks:
        text = "　　" + block["text"]
        lines += [text[i : i + width] for i in range(0, len(text), width)]
    found = segment_text("\n".join(lines), report="x")
    assert "".join(b.text for b in found) == "".join(b["text"] for b in blocks)


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=4)), max_size=6), st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_mapped_text_keeps_its_places_through_cuts_and_replacements(parts, data):
    source = "".join(a + b for a, b in parts)
    whole = Mapped.plain(source, 100)
    low = data.draw(st.integers(0, len(source)))
    high = data.draw(st.integers(low, len(source)))
    cut = whole.cut(low, high)
    assert cut.text == source[low:high]
    assert [cut.source(i) for i in range(len(cut.text))] == [(100 + i, 101 + i) for i in range(low, high)]
    clean = whole.clean()
    for index, char in enumerate(clean.text):
        start, end = clean.source(index)
        covered = source[start - 100 : end - 100]
        assert char in covered or (char == " " and not covered.strip())
    assert [clean.source(i)[0] for i in range(len(clean.text))] == sorted(
        clean.source(i)[0] for i in range(len(clean.text))
    )
