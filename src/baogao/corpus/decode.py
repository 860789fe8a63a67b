"""Bytes of a page made text, whatever they say they are."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from baogao.errors import InputError

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
# The most frequent characters of reports in both scripts. In the wrong encoding they hardly occur.
_FREQUENT = frozenset(
    "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方"
    "后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合"
    "还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没"
    "结解问意建月公无系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路"
    "级少图山统接知较将组见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处府治政务依执规范推落建监督"
    "這個國時來們說產種發動會過進著實現點應開還當從業無與關學經對後於爲為條體問題義線數間設級組見計論運農區強決處務執規範導領議報"
    "0123456789,.;:、。，；：（）()《》“”\n\r \u3000"
)
_HAN = re.compile("[\u4e00-\u9fff]")
_CONTROL = re.compile("[\0-\x08\x0e-\x1a\x7f-\x84\x86-\x9f]")


def decode(data: bytes, *, file: str | Path | None = None, declared: str | None = None) -> str:
    """The text of `data`: UTF-8, GB18030, Big5 or UTF-16, with or without BOM.

    `declared` is the encoding that the page names; it counts only where the bytes agree. A few broken bytes
    in UTF-8 become U+FFFD. Raises InputError where the bytes are empty or no text.
    """
    if not data.strip(b"\0 \t\r\n\x0c"):
        raise InputError("is empty", file=file, todo="save the page again with its text")
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _checked(data[len(bom) :].decode(encoding, "replace"), file)
    try:
        text = data.decode("utf-8")
        if "\0" not in text or _HAN.search(text):  # else UTF-16, whose Latin part is valid UTF-8 too
            return _checked(text, file)
    except UnicodeDecodeError:
        pass
    names = ["gb18030", "big5hkscs", "utf-16-le", "utf-16-be"]
    if declared and declared.lower().replace("_", "-") in ("big5", "big5-hkscs", "cp950"):
        names = ["big5hkscs", "gb18030", "utf-16-le", "utf-16-be"]
    best, score = "", 0.0
    for name in names:
        text = data.decode(name, "replace")
        found = _likeness(text)
        if found > score + 0.02:  # on a tie the first wins
            best, score = text, found
    text = data.decode("utf-8", "replace")
    if _likeness(text) > score:
        best, score = text, _likeness(text)
    if score < 0.2:
        raise InputError(
            "is not text in UTF-8, GB18030, Big5 or UTF-16", file=file,
            todo="save it as txt, html, docx or pdf",
        )  # fmt: skip
    return _checked(best, file)


def _likeness(text: str) -> float:
    """Share of the characters that reports use most, less what no text has."""
    if not text:
        return 0.0
    sample = text if len(text) <= 40_000 else text[:20_000] + text[len(text) // 2 :][:20_000]
    good = sum(map(_FREQUENT.__contains__, sample)) + sum(map(str.isascii, sample)) * 0.2
    bad = sample.count("\ufffd") + len(_CONTROL.findall(sample))
    return (good - 5 * bad) / len(sample)


def _checked(text: str, file: str | Path | None) -> str:
    control = _CONTROL.search(text)
    if control and (control.group() == "\0" or len(_CONTROL.findall(text)) > 0.01 * len(text)):
        line = text.count("\n", 0, control.start()) + 1
        raise InputError(
            f"holds the control character {control.group()!r}, so it is not text", file=file, line=line,
            todo="save it as txt, html, docx or pdf",
        )  # fmt: skip
    if text.count("\ufffd") > 0.02 * len(text):
        raise InputError("is broken: too many bytes are no text", file=file, todo="save the page again")
    return text
