"""Offsets and texts at the border to doccano."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baogao.annotations.wire import WireText, entities_to_wire
from baogao.records import Entity

# What shifts offsets somewhere: two UTF-16 units, blank edges, line ends, combining and zero width.
odd = st.text(st.sampled_from("区政府1件,𠮷😀 \u3000\xa0\t\r\n\v\u0085\u2028\u200b\u0301\0"), max_size=12)


@given(odd, st.data())
def test_a_span_goes_out_and_comes_back_as_the_same_characters(text, data):
    wire = WireText.of(text)
    if not wire.text:
        return
    start = data.draw(st.integers(wire.shift, wire.shift + len(wire.text) - 1))
    end = data.draw(st.integers(start + 1, wire.shift + len(wire.text)))
    units = wire.to_wire(start, end)
    assert wire.from_wire(*units) == (start, end)
    # What the browser has under these offsets is what we meant, but for blanks in place of line ends.
    in_browser = wire.text.encode("utf-16-le")[2 * units[0] : 2 * units[1]].decode("utf-16-le")
    meant = "".join(c if c.isprintable() or c in "\u3000\xa0" else " " for c in text[start:end])
    assert in_browser == meant


@given(odd)
def test_what_doccano_gets_has_no_edges_to_strip_and_no_line_ends(text):
    wire = WireText.of(text)
    assert wire.text == wire.text.strip() and wire.text.isprintable() or set(wire.text) & set("\u3000\xa0")
    assert not set(wire.text) & set("\r\n\t\v\u0085\u2028\0")
    assert WireText.of(wire.text).text == wire.text


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 3), (4, 3), (0, 6), (5, 6)])
def test_offsets_that_are_not_in_the_text_have_no_place(start, end):
    assert WireText.of("𠮷林省厅").from_wire(start, end) is None


def test_half_a_character_counts_as_the_whole():
    assert WireText.of("𠮷林").from_wire(1, 2) == (0, 1)
    assert WireText.of("林𠮷").from_wire(0, 2) == (0, 2)


def test_a_span_over_blank_edges_only_is_not_sent():
    wire = WireText.of("  区政府 ")
    entities = [Entity(start=0, end=2, label="A"), Entity(start=1, end=6, label="B")]
    assert entities_to_wire(wire, entities) == [(0, 3, "B")]
