import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from typer.testing import CliRunner

from baogao.annotations.formats import READERS, WRITERS, convert, read_columns
from baogao.annotations.formats.columns import SCHEMES
from baogao.cli import app
from baogao.errors import InputError
from baogao.records import Entity, LabelledBlock, read_labelled, write_jsonl

ROOT = Path(__file__).parents[2]
# No lone surrogates: no file can hold them. Astral characters, blanks and line breaks are wanted.
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
NAMES = st.sampled_from(["INST", "DOC", "甲 乙", "B-X", "PER.NAM"])


@st.composite
def labelled_blocks(draw) -> list[LabelledBlock]:
    blocks = []
    for index in range(draw(st.integers(1, 4))):
        text = draw(TEXT)
        edges = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
        entities = [
            Entity(
                start=start, end=end, label=draw(NAMES),
                score=draw(st.none() | st.floats(0, 1)), source=draw(st.none() | st.just("rule")),
            )
            for start, end in zip(edges[::2], edges[1::2], strict=False)
        ]  # fmt: skip
        block = LabelledBlock(
            id=f"r:{index}", report="r", index=index, kind=draw(st.sampled_from(["paragraph", "heading"])),
            level=draw(st.none() | st.integers(1, 3)), path=draw(st.lists(TEXT, max_size=2)), text=text,
            section=draw(st.none() | st.sampled_from(["PLANS", "问 题"])), entities=entities, start=3, end=9,
        )  # fmt: skip
        if draw(st.booleans()):
            block.meta = {"annotator": "王", "comments": [{"text": "?"}]}
        blocks.append(block)
    return blocks


def round_trip(blocks: list[LabelledBlock], name: str, folder: Path) -> list[LabelledBlock]:
    WRITERS[name](folder / "file", blocks)
    return READERS[name](folder / "file")[0]


def spans(block: LabelledBlock) -> list[tuple[int, int, str]]:
    return [(span.start, span.end, span.label) for span in block.entities]


in_one_folder = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("name", ["baogao", "docbin", "prodigy", "labelstudio"])
@in_one_folder
@given(blocks=labelled_blocks())
def test_formats_that_hold_everything_give_it_back(name: str, tmp_path: Path, blocks: list[LabelledBlock]):
    assert round_trip(blocks, name, tmp_path) == blocks


@pytest.mark.parametrize("name", list(SCHEMES))
@in_one_folder
@given(blocks=labelled_blocks())
def test_columns_give_back_characters_and_entities(name: str, tmp_path: Path, blocks: list[LabelledBlock]):
    found = round_trip(blocks, name, tmp_path)
    expected = ["".join(" " if c.isspace() or c == "␠" else c for c in block.text) for block in blocks]
    assert [block.text for block in found] == expected
    assert [spans(block) for block in found] == [spans(block) for block in blocks]


@in_one_folder
@given(blocks=labelled_blocks())
def test_doccano_gives_back_paragraphs(tmp_path: Path, blocks: list[LabelledBlock]):
    from baogao.annotations.wire import WireText

    paragraphs = [block for block in blocks if block.kind == "paragraph" and block.text.strip()]
    found = round_trip(blocks, "doccano", tmp_path)
    assert [(block.id, block.report, block.section) for block in found] == [
        (block.id, block.report, block.section) for block in paragraphs
    ]
    for block, original in zip(found, paragraphs, strict=True):
        wire = WireText.of(original.text)
        assert block.text == wire.text
        shifted = [
            (max(a - wire.shift, 0), min(b - wire.shift, len(wire.text)), c) for a, b, c in spans(original)
        ]
        assert spans(block) == [(a, b, c) for a, b, c in shifted if a < b]


def test_gold_survives_every_format(tmp_path: Path):
    gold = read_labelled(ROOT / "annotations/gold/pengshan-2023.jsonl")
    for name in ("docbin", "prodigy", "labelstudio"):
        assert round_trip(gold, name, tmp_path) == gold
    for name in SCHEMES:
        found = round_trip(gold, name, tmp_path)
        assert [(b.text, spans(b)) for b in found] == [(b.text, spans(b)) for b in gold]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # Resume (Zhang and Yang, ACL 2018): BMES, a blank between, texts end with a blank line
        ("高 B-NAME\n勇 E-NAME\n: O\n\n男 S-X\n", [("高勇:", [(0, 2, "NAME")]), ("男", [(0, 1, "X")])]),
        # Weibo (Peng and Dredze, EMNLP 2015): characters with their place in the word
        (
            "李0\tB-PER.NAM\n开1\tI-PER.NAM\n复2\tI-PER.NAM\n在0\tO\n10\tO\n11\tO\n\n你0\tB-PER.NOM\n",
            [("李开复在11", [(0, 3, "PER.NAM")]), ("你", [(0, 1, "PER.NOM")])],
        ),
        # CoNLL-2003: IOB1 (B- only between neighbours), four columns, document marks
        (
            "-DOCSTART- -X- O O\n\n甲 N B I-ORG\n乙 N I I-ORG\n丙 N B B-ORG\n",
            [("甲乙丙", [(0, 2, "ORG"), (2, 3, "ORG")])],
        ),
        ("甲\tU-A\n乙\tB-A\n丙\tL-A\n", [("甲乙丙", [(0, 1, "A"), (1, 3, "A")])]),
        ("甲\tI-A\n乙\tI-B\n丙\tO\n", [("甲乙丙", [(0, 1, "A"), (1, 2, "B")])]),
        ("武汉\tB-A\n大学\tE-A\n在\tO\n", [("武汉大学在", [(0, 4, "A")])]),
        ("甲\tB_A\r\n\t O\r\n", None),
        ("甲 O\n  O\n乙 O\n", [("甲 乙", [])]),
        ("\ufeff甲\tO\n\n\n\n", [("甲", [])]),
        ("", []),
    ],
)
def test_column_files_as_they_are_found(tmp_path: Path, content: str, expected):
    path = tmp_path / "file.txt"
    path.write_bytes(content.encode())
    if expected is None:
        with pytest.raises(InputError, match=r"file\.txt:2: has no tag"):
            read_columns(path)
    else:
        found = read_columns(path)
        assert [(block.text, spans(block)) for block in found] == expected
        assert [block.id for block in found] == [f"file:{i:04d}" for i in range(len(expected))]


@pytest.mark.parametrize(
    ("content", "scheme", "wrong"),
    [
        ("甲 O\n乙 X-A\n", None, "file:2: 'X-A' is not a tag"),
        ("甲 B\n", None, "'B' is not a tag"),
        ("甲 O-A\n", None, "'O-A' is not a tag"),
        ("甲\n", None, "file:1: has no tag"),
        ("甲 S-A\n", "bio", "'S-A' is not of this scheme"),
        ("甲 O\n", "iob7", "unknown scheme 'iob7'"),
        ("甲 O\n\udcff", None, "not UTF-8"),
    ],
)
def test_bad_columns_are_named_by_line(tmp_path: Path, content: str, scheme: str | None, wrong: str):
    path = tmp_path / "file"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError) as raised:
        read_columns(path, scheme)
    assert wrong in str(raised.value)


def test_columns_say_what_they_lose(tmp_path: Path):
    block = LabelledBlock(
        id="r:0", report="r", index=0, kind="paragraph", text="甲\u3000乙 丙", section="PLANS"
    )
    assert WRITERS["bio"](tmp_path / "x", [block]) == [
        "ids, reports, headings and kinds of 1 blocks",
        "sections of 1 blocks",
        "2 white characters are written ␠ and read back as blanks",
        "1 of them (or ␠ itself) were no plain blank",
    ]


def test_a_docbin_of_words_by_others_is_read(tmp_path: Path):
    doc = Doc(Vocab(), words=["Hello", "武汉", "大学"], spaces=[True, False, False])
    doc.ents = [doc.char_span(6, 10, label="ORG")]
    doc.cats = {"A": 0.2, "B": 0.9}
    doc.spans["sc"] = [doc[0:1]]
    DocBin(docs=[doc]).to_disk(tmp_path / "x.spacy")
    with pytest.raises(InputError, match="not a DocBin"):
        (tmp_path / "bad.spacy").write_bytes(b"\0" * 20)
        READERS["docbin"](tmp_path / "bad.spacy")
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "x.spacy")
    blocks, notes = READERS["docbin"](tmp_path / "x.spacy")
    assert blocks[0].text == "Hello 武汉大学" and spans(blocks[0]) == [(6, 10, "ORG")]
    assert notes == ["span groups of 1 docs (doc.ents alone is read)"]


def test_prodigy_answers_that_were_refused_are_left_out_and_counted(tmp_path: Path):
    tasks = [
        {"text": "区政府", "spans": [{"start": 0, "end": 3, "label": "INST"}], "answer": "accept"},
        {"text": "区委", "answer": "reject"},
        {"text": "县委", "accept": ["PLANS"], "options": []},
    ]
    path = tmp_path / "p.jsonl"
    path.write_text("\n".join(map(json.dumps, tasks)))
    blocks, notes = READERS["prodigy"](path)
    assert [(b.id, b.text, b.section) for b in blocks] == [
        ("p:0000", "区政府", None),
        ("p:0002", "县委", "PLANS"),
    ]
    assert notes == ["1 tasks that were rejected or ignored"]


def label_studio(text: str, *annotations: dict) -> list[dict]:
    return [{"id": 1, "data": {"text": text}, "annotations": list(annotations)}]


def marked(start: int, end: int, text: str, label: str = "INST") -> dict:
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"type": "labels", "from_name": "ner", "to_name": "t", "value": value}


def test_label_studio_takes_the_newest_annotation_that_was_not_cancelled(tmp_path: Path):
    choice = {"type": "choices", "value": {"choices": ["PLANS"]}}
    path = tmp_path / "l.json"
    path.write_text(
        json.dumps(
            label_studio(
                "区政府在",
                {"result": [marked(0, 1, "区")], "updated_at": "2024-01-01"},
                {"result": [marked(0, 3, "区政府"), choice], "updated_at": "2024-01-02"},
                {"result": [], "updated_at": "2024-01-03", "was_cancelled": True},
            )
        )
    )
    blocks, notes = READERS["labelstudio"](path)
    assert spans(blocks[0]) == [(0, 3, "INST")] and blocks[0].section == "PLANS"
    assert notes == ["1 tasks have several annotations; the newest is read"]


def test_label_studio_offsets_in_utf16_units_are_understood(tmp_path: Path):
    path = tmp_path / "l.json"
    path.write_text(json.dumps(label_studio("\U00020bb7家区政府", {"result": [marked(3, 6, "区政府")]})))
    assert spans(READERS["labelstudio"](path)[0][0]) == [(2, 5, "INST")]
    path.write_text(json.dumps(label_studio("区政府", {"result": [marked(0, 2, "县委")]})))
    with pytest.raises(InputError, match="0:2 is '区政' and not '县委'"):
        READERS["labelstudio"](path)


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("prodigy", '{"text": 3}', "file:1: text: is not a string"),
        ("prodigy", "[1]", "file:1: not a JSON object"),
        ("prodigy", '\n{"text": "甲", "spans": [{"start": 0}]}', "file:2: spans[0]: is not an object with"),
        ("prodigy", '{"text": "甲", "spans": [{"start": 0, "end": 9, "label": "X"}]}', "not within the text"),
        ("prodigy", '{"text": "甲", "accept": ["a", "b"]}', "accept: 2 choices are accepted"),
        ("labelstudio", "{}", "is not a list of tasks"),
        ("labelstudio", "[{}]", "file:1: has no data"),
        ("labelstudio", "{", "not JSON"),
        ("doccano", '{"text": "甲", "entities": [[0, 5, "X"]]}', "entities[0]: 0:5 is not within the text"),
        ("doccano", '{"text": "甲", "entities": [[0]]}', "entities[0]: is not [start, end, label]"),
        ("doccano", '{"text": "甲", "cats": ["a", "b"]}', "cats: is not one category"),
    ],
)
def test_bad_files_are_one_line_that_names_place_and_field(
    tmp_path: Path, name: str, content: str, wrong: str
):
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(InputError) as raised:
        READERS[name](path)
    assert wrong in str(raised.value)


def test_overlapping_spans_of_another_tool_are_refused(tmp_path: Path):
    path = tmp_path / "p.jsonl"
    both = [{"start": 0, "end": 2, "label": "A"}, {"start": 1, "end": 3, "label": "A"}]
    path.write_text(json.dumps({"text": "区政府", "spans": both}))
    with pytest.raises(InputError, match=r"p\.jsonl:1: .*overlaps"):
        READERS["prodigy"](path)


def test_doccano_sequence_labelling_exports_are_read(tmp_path: Path):
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps({"id": 4, "text": "区政府在", "label": [[0, 3, "INST"]], "Comments": ["?"]}))
    blocks, notes = READERS["doccano"](path)
    assert spans(blocks[0]) == [(0, 3, "INST")] and notes == ["comments of 1 rows"]


def test_convert_command_goes_by_suffix_and_says_what_is_lost(tmp_path: Path):
    block = LabelledBlock(
        id="r:0", report="r", index=0, kind="paragraph", text="区政府", section="PLANS",
        entities=[Entity(start=0, end=3, label="INST")],
    )  # fmt: skip
    write_jsonl(tmp_path / "in/r.jsonl", [block])
    run = CliRunner().invoke
    there = run(
        app, ["annotations", "convert", str(tmp_path / "in"), str(tmp_path / "x.bmes"), "--to", "bmes"]
    )
    assert there.exit_code == 0 and "not kept: sections of 1 blocks" in there.output
    assert (tmp_path / "x.bmes").read_text() == "区\tB-INST\n政\tM-INST\n府\tE-INST\n\n"
    back = run(
        app, ["annotations", "convert", str(tmp_path / "x.bmes"), str(tmp_path / "y.jsonl"), "--to", "baogao"]
    )
    assert back.exit_code == 0
    assert msgspec.structs.asdict(read_labelled(tmp_path / "y.jsonl")[0])["text"] == "区政府"


@pytest.mark.parametrize("name", ["baogao", "prodigy", "doccano"])
def test_the_kind_of_a_jsonl_file_is_seen_from_its_first_record(tmp_path: Path, name: str):
    block = LabelledBlock(id="r:0", report="r", index=0, kind="paragraph", text="区政府", section="PLANS")
    WRITERS[name](tmp_path / "x.jsonl", [block])
    convert(tmp_path / "x.jsonl", tmp_path / "y.jsonl", target_format="baogao")
    found = read_labelled(tmp_path / "y.jsonl")[0]
    assert (found.id, found.text, found.section) == ("r:0", "区政府", "PLANS")


def test_unknown_formats_are_named(tmp_path: Path):
    with pytest.raises(InputError, match="not known by its suffix; add --from"):
        convert(tmp_path / "x.abc", tmp_path / "y", target_format="bio")
    with pytest.raises(InputError, match="unknown format 'nope'"):
        convert(tmp_path / "x.json", tmp_path / "y", target_format="nope")
