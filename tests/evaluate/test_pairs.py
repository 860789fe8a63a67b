"""Bad input of the scorer: one line that names file, line and field, exit status 2."""

import subprocess
import sys

import msgspec
import pytest

from baogao.records import Entity, LabelledBlock, write_jsonl

# 𬭼 and 𠮷 lie above U+FFFF: one character, two UTF-16 units, four UTF-8 bytes
TEXTS = ["区政府印发《工作方案》,办结1171个事项。", "𬭼江县政府与𠮷水县政府会商,办结12件。"]
SPANS = [[(0, 3, "INST"), (5, 11, "DOC"), (14, 19, "METRIC")], [(0, 5, "INST"), (6, 11, "INST")]]
LABELS = """
[[section]]
name = "甲"
zh = "甲"
description = ""
color = "#111111"

[[entity]]
name = "INST"
zh = "机构"
description = ""
color = "#222222"

[[entity]]
name = "DOC"
zh = "文件"
description = ""
color = "#333333"

[[entity]]
name = "METRIC"
zh = "指标"
description = ""
color = "#444444"
"""


def blocks(spans=SPANS, texts=TEXTS, section="甲"):
    return [
        LabelledBlock(
            id=f"r:{i:04}", report="r", index=i, kind="paragraph", text=text, section=section,
            entities=[Entity(start=s, end=e, label=label) for s, e, label in spans[i]],
        )
        for i, text in enumerate(texts)
    ]  # fmt: skip


def in_unit(size):
    """SPANS with offsets counted by `size` of the text before them."""
    return [
        [(size(text[:s]), size(text[:e]), label) for s, e, label in spans]
        for text, spans in zip(TEXTS, SPANS, strict=True)
    ]


def utf8(text):
    return len(text.encode())


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


@pytest.fixture
def score(tmp_path, monkeypatch, capsys):
    """Run `baogao evaluate score gold predicted` in `tmp_path`; returns (status, out, err)."""
    from baogao.cli import main

    monkeypatch.chdir(tmp_path)

    def run(gold, predicted, *options):
        for name, content in (("gold.jsonl", gold), ("predicted.jsonl", predicted)):
            if isinstance(content, bytes):
                (tmp_path / name).write_bytes(content)
            else:
                write_jsonl(tmp_path / name, content)
        command = ["baogao", "evaluate", "score", "gold.jsonl", "predicted.jsonl", *options]
        monkeypatch.setattr(sys, "argv", command)
        try:
            main()
            status = 0
        except SystemExit as stop:
            status = stop.code or 0
        out, err = capsys.readouterr()
        return status, out, err

    return run


def fails(result, *parts):
    status, out, err = result
    assert status == 2, err
    assert out == ""
    assert len(err.splitlines()) == 1 and err.startswith("baogao: ")
    for part in parts:
        assert part in err
    return err


def test_good_files_score_and_write_json(score, tmp_path):
    status, out, err = score(blocks(), blocks(), "--json", "out/score.json")
    assert (status, err) == (0, "")
    assert "all (micro)" in out and "sections accuracy 100.0" in out
    result = msgspec.json.decode((tmp_path / "out" / "score.json").read_bytes())
    assert result["ner"]["f1"] == result["sections"]["accuracy"] == 1.0
    assert result["ner"]["labels"]["INST"]["paragraphs"]["tp"] == [0, 1, 1]


def test_json_on_standard_output_is_only_json(score):
    status, out, _ = score(blocks(), blocks(), "--json", "-")
    assert status == 0
    assert msgspec.json.decode(out.encode())["ner"]["support"] == 5


def test_other_texts(score):
    other = [msgspec.structs.replace(b, id="x" + b.id) for b in blocks()]
    fails(score(blocks(), other), "predicted.jsonl", "other texts")
    changed = blocks(texts=[TEXTS[0], TEXTS[1].replace("会商", "协商")])
    fails(score(blocks(), changed), "predicted.jsonl:2", "text", "differs at character 11")


def test_missing_and_extra_paragraphs(score):
    fails(score(blocks(), blocks()[:1]), "predicted.jsonl", "lacks 1 of 2", "r:0001")
    fails(score(blocks()[:1], blocks()), "predicted.jsonl", "1 extra", "r:0001")
    status, out, _ = score(blocks(), blocks()[:1], "--count-unpaired")
    assert status == 0
    assert "60.0" in out  # recall: 3 of 5


def test_labels_outside_the_schema(score, tmp_path):
    wrong = [SPANS[0], [(0, 5, "PERSON")]]
    assert score(blocks(), blocks(wrong))[0] == 0  # no workspace: a label like any other
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "labels.toml").write_text(LABELS)
    fails(
        score(blocks(), blocks(wrong), "--workspace", "."), "predicted.jsonl:2", "PERSON", "DOC, INST, METRIC"
    )
    fails(score(blocks(), blocks(wrong)), "predicted.jsonl:2", "PERSON")  # the workspace around, gold fits it
    fails(score(blocks(), blocks(section="乙")), "predicted.jsonl:1", "section", "乙")
    fails(score(blocks(wrong), blocks(), "--workspace", "."), "gold.jsonl:2", "PERSON")
    assert (
        score(blocks(wrong), blocks(wrong))[0] == 0
    )  # gold of another schema: not this workspace's business


@pytest.mark.parametrize(("size", "name"), [(utf8, "UTF-8 bytes"), (utf16, "UTF-16 code units")])
def test_offsets_in_other_units_are_named(score, size, name):
    fails(score(blocks(), blocks(in_unit(size))), "predicted.jsonl", name)


def test_offsets_in_bytes_are_named_although_all_lie_within_the_text(score):
    spans = [[(0, 9, "INST")], []]
    fails(score(blocks(), blocks(spans)), "UTF-8 bytes")


def test_a_quoted_text_gives_utf16_away_without_any_match(score):
    predicted = blocks([[], [(7, 8, "INST")]])
    predicted[1].entities[0].text = "县"
    assert TEXTS[1][7] != "县"
    quoted = blocks([[], [(utf16(TEXTS[1][:8]), utf16(TEXTS[1][:9]), "INST")]])
    quoted[1].entities[0].text = TEXTS[1][8]
    fails(score(blocks(), quoted), "predicted.jsonl:2", "UTF-16")
    fails(score(blocks(), predicted), "predicted.jsonl:2", "entities[0].text")


def test_ordinary_boundary_errors_are_not_taken_for_another_unit(score):
    off = [[(1, 3, "INST"), (5, 10, "DOC"), (14, 18, "METRIC")], [(0, 4, "INST"), (7, 11, "INST")]]
    assert score(blocks(), blocks(off))[0] == 0


def test_spans_that_cannot_be(score):
    for span in ((5, 5), (-1, 3), (6, 4)):
        fails(score(blocks(), blocks([[(*span, "INST")], []])), "predicted.jsonl:1", "entities[0]")
    fails(score(blocks(), blocks([[(20, 200, "INST")], []])), "predicted.jsonl:1", "not within the text")
    fails(score(blocks([[(0, 200, "INST")], []]), blocks()), "gold.jsonl:1", "entities[0]")
    fails(score(blocks([[(0, 3, "INST"), (2, 5, "INST")], []]), blocks()), "gold.jsonl:1", "overlaps")


def test_overlapping_predictions_are_scored(score):
    status, out, _ = score(blocks(), blocks([[(0, 3, "INST"), (0, 5, "INST")], []]))
    assert status == 0


def test_labels_cannot_move_the_cursor(score):
    wild = blocks([[(0, 3, "\x1b[31mRED\n")], []])
    status, out, _ = score(wild, wild)
    assert status == 0 and "\x1b" not in out and r"\x1b[31mRED\n" in out


def test_empty_gold(score):
    fails(score(b"", blocks()), "gold.jsonl", "no paragraphs")
    fails(score(blocks([[], []], section=None), blocks()), "gold.jsonl", "no labels")


def test_broken_files(score):
    fails(score(blocks(), b'{"id": "r:0000"\n'), "predicted.jsonl:1", "JSON")
    fails(score(blocks(), b"\xff\xfe\x00"), "predicted.jsonl:1")
    twice = blocks() + blocks()[:1]
    fails(score(blocks(), twice), "predicted.jsonl:3", "duplicate id")
    fails(score(twice, blocks()), "gold.jsonl:3", "duplicate id")
    fails(score(blocks(), b'{"id": 3}'), "predicted.jsonl:1", "id")


def test_a_folder_holds_one_file_a_report(tmp_path):
    from baogao.errors import InputError
    from baogao.evaluate.pairs import read_pairs

    for folder in ("gold", "predicted"):
        for report in ("a", "b"):
            some = [msgspec.structs.replace(b, id=f"{report}:{b.index:04}", report=report) for b in blocks()]
            write_jsonl(tmp_path / folder / f"{report}.jsonl", some)
    (tmp_path / "gold" / "manifest.jsonl").write_text('{"id": "not blocks"}\n')
    assert [p.gold.id for p in read_pairs(tmp_path / "gold", tmp_path / "predicted")] == [
        "a:0000", "a:0001", "b:0000", "b:0001",
    ]  # fmt: skip
    (tmp_path / "predicted" / "b.jsonl").unlink()
    with pytest.raises(InputError, match="lacks 2 of 4"):
        read_pairs(tmp_path / "gold", tmp_path / "predicted")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no .jsonl"):
        read_pairs(tmp_path / "gold", tmp_path / "empty")
    with pytest.raises(InputError, match="cannot read"):
        read_pairs(tmp_path / "gold", tmp_path / "nowhere")


def test_the_command_reads_a_pipe(tmp_path):
    write_jsonl(tmp_path / "gold.jsonl", blocks())
    done = subprocess.run(
        [sys.executable, "-m", "baogao", "evaluate", "score", str(tmp_path / "gold.jsonl"), "-"],
        input=(tmp_path / "gold.jsonl").read_bytes(),
        capture_output=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert b"all (micro)" in done.stdout
