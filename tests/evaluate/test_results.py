"""Results of systems from their predictions: kept, compared with the last, gated."""

import json

import msgspec
import pytest

from baogao.errors import Findings, InputError
from baogao.evaluate.baselines import memory, write_baselines
from baogao.evaluate.checks import check_leakage, gate_result, show_history
from baogao.evaluate.commands import compare_systems, score_systems, show_errors, show_slices
from baogao.evaluate.history import read_history
from baogao.evaluate.peers import add_system
from baogao.evaluate.predictions import pair_by_text, read_system, system_folder, systems
from baogao.evaluate.results import read_result, result_file
from baogao.evaluate.score import score_pairs
from baogao.records import Entity, LabelledBlock, read_labelled, write_jsonl


@pytest.fixture
def workspace(make_workspace):
    """Two real reports with the baselines, and a system `copy` that repeats gold."""
    made = make_workspace(practice=("practice-s01",))
    write_baselines(made)
    for report, blocks in made.labelled("gold").items():
        write_jsonl(system_folder(made, "copy") / f"{report}.jsonl", blocks)
    return made


def test_every_system_is_scored_and_kept(workspace, capsys):
    assert systems(workspace) == ["copy", "majority", "rules"]
    results = {result.name: result for result in score_systems(workspace, first="copy")}
    out = capsys.readouterr().out
    assert "copy" in out and "2 reports are too few" in out
    perfect = results["copy"]
    assert perfect.figure("ner.f1") == perfect.figure("sections.macro_f1") == 1.0
    assert perfect.leak_free["ner"]["f1"] == 1.0
    assert results["rules"].sections is None  # it predicts none: not the same as all wrong
    assert results["rules"].figure("ner.f1") > results["majority"].figure("ner.f1")
    kept = read_result(result_file(workspace, "copy"))
    assert kept.figure("ner.labels.INST.f1") == 1.0
    assert set(kept.data) == {"gold", "practice", "labels", "training", "predictions"}
    assert "paragraphs" not in json.dumps(msgspec.to_builtins(kept))


def test_history_grows_only_when_something_changed(workspace, capsys):
    for _ in range(2):
        score_systems(workspace, ["copy"])
    assert len(read_history(workspace)) == 1
    file = system_folder(workspace, "copy") / "linhe-2024.jsonl"
    blocks = read_labelled(file)
    write_jsonl(file, [msgspec.structs.replace(block, entities=[]) for block in blocks])
    score_systems(workspace, ["copy"])
    first, second = read_history(workspace, "copy")
    assert first.figures["ner.f1"] == 1.0 > second.figures["ner.f1"]
    capsys.readouterr()
    show_history(workspace)
    out = capsys.readouterr().out
    assert "predictions" in out and "(-" in out


def test_seeds_are_folders_and_are_averaged(workspace):
    for report, blocks in workspace.labelled("gold").items():
        empty = [msgspec.structs.replace(block, entities=block.entities[:1]) for block in blocks]
        write_jsonl(system_folder(workspace, "copy", seed=3) / f"{report}.jsonl", empty)
    (result,) = score_systems(workspace, ["copy"])
    one, other = result.intervals["ner.f1"].seeds
    assert one == 1.0 > other
    assert result.seeds == 2 and result.figure("ner.f1") == pytest.approx((one + other) / 2)


def test_predictions_of_other_texts_are_left_out_or_refused(workspace, caplog):
    file = system_folder(workspace, "majority") / "linhe-2024.jsonl"
    stale = system_folder(workspace, "stale")
    for report, blocks in workspace.labelled("gold").items():
        write_jsonl(
            stale / f"{report}.jsonl", [msgspec.structs.replace(b, text=b.text + "。") for b in blocks]
        )
    assert {result.name for result in score_systems(workspace, first="copy")} == {"copy", "majority", "rules"}
    assert "left out stale" in caplog.text
    with pytest.raises(InputError, match="another text"):
        score_systems(workspace, ["stale"])
    file.unlink()
    with pytest.raises(InputError, match="is missing"):
        read_system(workspace, "majority")
    for name in ("../gold", "", ".hidden", "a/b"):
        with pytest.raises(InputError):
            read_system(workspace, name)
    with pytest.raises(InputError, match="there is: copy, majority, rules, stale"):
        read_system(workspace, "nothing")


def test_the_gate_fails_on_low_and_on_fallen_figures(workspace, capsys):
    score_systems(workspace, ["copy"])
    old = workspace.root / "old.json"
    old.write_bytes(result_file(workspace, "copy").read_bytes())
    gate_result(
        workspace, "copy", minima=["ner.f1=0.99", "sections.accuracy=1"], against=str(old), max_drop=0
    )
    score_systems(workspace, ["majority"])
    with pytest.raises(Findings, match="ner.f1"):
        gate_result(workspace, "majority", minima=["ner.f1=0.99"])
    with pytest.raises(Findings, match="figures are too low"):
        gate_result(workspace, "majority", against=str(old), max_drop=0.01)
    assert "FAILED" in capsys.readouterr().out
    for minimum in ("ner.f1", "ner.f1=2", "=0.5", "ner.f1=x"):
        with pytest.raises(InputError, match="--min"):
            gate_result(workspace, "copy", minima=[minimum])
    with pytest.raises(InputError, match="ner.f9"):
        gate_result(workspace, "copy", minima=["ner.f9=0.5"])
    with pytest.raises(InputError, match="--against"):
        gate_result(workspace, "copy", max_drop=0.01)
    with pytest.raises(InputError, match="nothing to check"):
        gate_result(workspace, "copy")
    old.write_text("{}")
    with pytest.raises(InputError, match="not a result"):
        gate_result(workspace, str(old), minima=["ner.f1=0.5"])


def test_a_gate_on_other_gold_is_refused(workspace):
    score_systems(workspace, ["copy"])
    old = workspace.root / "old.json"
    tree = json.loads(result_file(workspace, "copy").read_text())
    tree["data"]["gold"] = "other"
    old.write_text(json.dumps(tree))
    with pytest.raises(InputError, match="other gold"):
        gate_result(workspace, "copy", against=str(old), max_drop=0.01)


def test_compare_prints_differences_and_the_smallest_p(workspace, capsys):
    found = {d.name: d for d in compare_systems(workspace, "rules", "copy")}
    assert found["ner.f1"].difference > 0 and "sections.accuracy" not in found
    assert "p cannot fall below 0.500" in capsys.readouterr().out
    gold = str(workspace.annotations / "gold")
    assert compare_systems(workspace, "copy", gold, figures=["ner.f1"])[0].difference == 0
    with pytest.raises(InputError, match="no figure"):
        compare_systems(workspace, "rules", "copy", figures=["ner.f0"])


def test_slices_and_errors_print(workspace, capsys):
    assert show_slices(workspace, "rules", dimension="report")
    assert "linhe-2024" in capsys.readouterr().out
    found = show_errors(workspace, "majority", label="INST", examples=1)
    out = capsys.readouterr().out
    assert found and f"{len(found)} errors" in out and "→" in out
    assert show_errors(workspace, "copy") == []
    for options in ({"kind": "nonsense"}, {"label": "NOBODY"}):
        with pytest.raises(InputError):
            show_errors(workspace, "rules", **options)


def test_leakage_fails_over_the_allowed_share_and_on_shared_reports(workspace, capsys):
    check_leakage(workspace, max_share=1.0)
    assert "% of characters" in capsys.readouterr().out
    gold = workspace.annotations / "gold"
    copied = workspace.root / "copied"
    for file in gold.glob("*.jsonl"):
        blocks = [
            msgspec.structs.replace(b, id=f"x{b.id}", report=f"x{b.report}") for b in read_labelled(file)
        ]
        write_jsonl(copied / f"x{file.name}", blocks)
    with pytest.raises(Findings, match="may leak"):
        check_leakage(None, train=str(copied), test=str(gold))
    with pytest.raises(Findings, match="in both training and test"):
        check_leakage(None, train=str(gold), test=str(gold))
    with pytest.raises(InputError, match="two sides"):
        check_leakage(workspace, train=str(gold))
    with pytest.raises(InputError, match="similarity"):
        check_leakage(workspace, threshold=0)


def test_memory_takes_the_longest_surface_first():
    def paragraph(text, spans):
        entities = [Entity(start=s, end=e, label=label) for s, e, label in spans]
        return LabelledBlock(id="r:0", report="r", index=0, kind="paragraph", text=text, entities=entities)

    suggest = memory([paragraph("区政府办", [(0, 4, "INST")]), paragraph("区政府", [(0, 3, "INST")])])
    assert [(e.start, e.end) for e in suggest("由区政府办与区政府定")] == [(1, 5), (6, 9)]
    assert suggest("") == []


def test_raw_pages_are_paired_by_text_and_what_differs_counts_as_missed():
    def paragraph(number, text, spans=(), report="r"):
        entities = [Entity(start=s, end=e, label="INST") for s, e in spans]
        return LabelledBlock(
            id=f"{report}:{number:04}",
            report=report,
            index=number,
            kind="paragraph",
            text=text,
            entities=entities,
        )

    gold = [
        paragraph(0, "甲乙丙", [(0, 1)]),
        paragraph(1, "丁戊己", [(0, 2)]),
        paragraph(2, "庚辛壬", [(1, 2)]),
    ]
    predicted = [
        paragraph(0, "页首", [(0, 2)]), paragraph(1, "甲乙丙", [(0, 1)]), paragraph(2, "丁戊", [(0, 2)]),
        paragraph(3, "庚辛壬", [(1, 2)]),
    ]  # fmt: skip
    ner = score_pairs(pair_by_text(gold, predicted)).ner
    assert (ner.tp, ner.fp, ner.fn) == (2, 2, 1)


def test_predictions_from_a_file_become_a_system(workspace):
    gold = [block for blocks in workspace.labelled("gold").values() for block in blocks]
    file = workspace.root / "theirs.jsonl"
    write_jsonl(file, gold[::-1])
    folder = add_system(workspace, "theirs", file)
    assert sorted(path.name for path in folder.iterdir()) == ["dongchangfu-2023.jsonl", "linhe-2024.jsonl"]
    (result,) = score_systems(workspace, ["theirs"])
    assert result.figure("ner.f1") == 1.0
    with pytest.raises(InputError, match="there already"):
        add_system(workspace, "theirs", file)
    write_jsonl(file, gold[:-1])
    with pytest.raises(InputError, match="lacks 1"):
        add_system(workspace, "others", file)
    assert "others" not in systems(workspace)


def test_complete_runs_of_compare_ner_become_peers(workspace):
    gold = workspace.labelled("gold")

    def line(system, report, seed=0):
        spans = {b.id: [(s.start, s.end, s.label) for s in b.entities] for b in gold[report] if b.entities}
        return json.dumps({"system": system, "report": report, "seed": seed, "spans": spans, "key": "x"})

    lines = [line("crf", report) for report in gold] + [line("spacy-characters", "linhe-2024")]
    file = workspace.evaluate / "results" / "compare_ner.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("\n".join([*lines, line("ours", "linhe-2024")]) + "\n")
    results = {result.name: result for result in score_systems(workspace, first="copy")}
    assert set(results) == {"copy", "crf", "majority", "rules"}
    assert results["crf"].figure("ner.f1") == 1.0 and results["crf"].sections is None


def test_a_workspace_without_gold_says_what_to_do(make_workspace):
    empty = make_workspace(gold=(), practice=())
    for call in (score_systems, check_leakage):
        with pytest.raises(InputError, match="label a report"):
            call(empty)
    with pytest.raises(InputError, match="baogao evaluate results"):
        gate_result(empty, "baogao", minima=["ner.f1=0.5"])
    with pytest.raises(InputError, match="no results kept yet"):
        show_history(empty)
