"""Leave one report out: real, tiny trainings."""

import json
import time

import msgspec
import pytest

from baogao.errors import InputError
from baogao.evaluate import folds
from baogao.evaluate.commands import evaluate_workspace
from baogao.evaluate.folds import Fold, fold_key, leave_one_report_out, raw_page
from baogao.evaluate.predictions import read_system, system_folder
from baogao.records import read_labelled, write_jsonl

QUICK = {
    "training.max_steps": 4,
    "training.eval_frequency": 4,
    "training.batcher.size": 1000,
    "components.ner.model.width": 16,
    "paths.embeddings": None,  # they have a width of their own
    "components.ner.model.depth": 1,
    "components.ner.model.dilations": [1],
}


@pytest.fixture
def no_training(monkeypatch):
    """Training is replaced by a record of the fold; what is asked is which folds are done again."""
    done = []

    def run(fold):
        done.append(fold.report)
        fold.folder.mkdir(parents=True, exist_ok=True)
        (fold.folder / f"{fold.report}.jsonl").touch()
        fold.done.write_bytes(
            msgspec.json.encode({"key": fold.key, "report": fold.report, "seed": fold.seed, "seconds": {}})
        )
        return folds.read_fold(fold)

    monkeypatch.setattr(folds, "run_fold", run)
    monkeypatch.setattr(folds, "_prepare_segmenter", lambda workspace, stale: None)
    return done


@pytest.mark.slow
def test_a_fold_is_trained_predicted_and_then_up_to_date(make_workspace, monkeypatch):
    monkeypatch.setattr(folds, "_code_hash", lambda: "this code")  # an edit meanwhile is not what is tested
    workspace = make_workspace(practice=("practice-s01",))
    started = time.time()
    (record,) = leave_one_report_out(workspace, reports=["linhe-2024"], overrides=QUICK)
    assert {"ner", "sections", "predict"} <= set(record.seconds)
    folder = system_folder(workspace, "baogao")
    predicted = read_labelled(folder / "linhe-2024.jsonl")
    gold = workspace.labelled("gold")["linhe-2024"]
    assert [(b.id, b.text) for b in predicted] == [(b.id, b.text) for b in gold]
    assert all(b.section is None for b in predicted if b.kind != "paragraph")
    assert {b.section for b in predicted if b.kind == "paragraph"} <= set(workspace.labels().sections)
    raw = read_labelled(folder / "raw" / "linhe-2024.jsonl")
    assert [b.text for b in raw] == [b.text for b in gold]  # segmentation of the raw page is exact here
    written = (folder / "linhe-2024.jsonl").stat().st_mtime
    assert written >= started - 1
    leave_one_report_out(workspace, reports=["linhe-2024"], overrides=QUICK)
    assert (folder / "linhe-2024.jsonl").stat().st_mtime == written
    with pytest.raises(InputError, match="dongchangfu-2023.jsonl: is missing"):
        read_system(workspace, "baogao")  # one fold is not all


def test_only_folds_that_are_out_of_date_are_trained(make_workspace, no_training):
    workspace = make_workspace(practice=("practice-s01",))
    leave_one_report_out(workspace)
    assert no_training == ["dongchangfu-2023", "linhe-2024"]
    leave_one_report_out(workspace)
    assert len(no_training) == 2
    file = workspace.annotations / "gold" / "linhe-2024.jsonl"
    blocks = read_labelled(file)
    write_jsonl(file, [*blocks[:-1], msgspec.structs.replace(blocks[-1], entities=[])])
    leave_one_report_out(workspace)  # labels of linhe changed: they train the other fold only
    assert no_training[2:] == ["dongchangfu-2023"]
    config = workspace.training / "ner.cfg"
    config.write_text(config.read_text(encoding="utf-8") + "\n# another\n", encoding="utf-8")
    leave_one_report_out(workspace, reports=["linhe-2024"])
    assert no_training[3:] == ["linhe-2024"]
    leave_one_report_out(workspace, reports=["linhe-2024"], seeds=[0, 1])
    assert no_training[4:] == ["linhe-2024"]
    leave_one_report_out(workspace, force=True)
    assert no_training[5:] == ["dongchangfu-2023", "linhe-2024"]


def test_a_summary_beside_the_predictions_says_what_was_done(make_workspace, no_training):
    workspace = make_workspace(practice=("practice-s01",))

    def summary():
        leave_one_report_out(workspace, seeds=[3], overrides={"training.max_steps": 4})
        return json.loads(system_folder(workspace, "baogao").with_name("baogao.run.json").read_text())

    first = summary()
    assert first["command"] == "evaluate loro" and first["seconds"] >= 0 and first["versions"]["spacy"]
    assert first["settings"]["seeds"] == [3] and first["settings"]["overrides"] == {"training.max_steps": 4}
    assert [fold["report"] for fold in first["folds"]] == ["dongchangfu-2023", "linhe-2024"]
    assert (first["counts"], summary()["counts"]) == (
        {"folds": 2, "trained": 2},
        {"folds": 2, "trained": 0},
    )


def test_a_fold_that_lost_its_predictions_or_its_record_is_trained_again(make_workspace, no_training):
    workspace = make_workspace(practice=("practice-s01",))
    leave_one_report_out(workspace)
    folder = system_folder(workspace, "baogao")
    (folder / "linhe-2024.jsonl").unlink()
    (folder / "dongchangfu-2023.fold.json").write_text("{half")
    leave_one_report_out(workspace)
    assert no_training[2:] == ["dongchangfu-2023", "linhe-2024"]


def test_the_key_of_a_fold_knows_what_goes_in(make_workspace):
    workspace = make_workspace(practice=("practice-s01",))
    gold = workspace.labelled("gold")

    def key(report="linhe-2024", **options):
        fold = Fold(root=workspace.root, system="baogao", report=report, **options)
        return fold_key(workspace, fold, gold[report])

    keys = {
        key(),
        key("dongchangfu-2023"),
        key(seed=1),
        key(overrides={"training.max_steps": 1}),
        key(raw=False),
    }
    assert len(keys) == 5
    before = key()
    page = raw_page(workspace, "linhe-2024")
    page.write_text(page.read_text(encoding="utf-8") + "。", encoding="utf-8")
    assert key() != before


def test_what_cannot_be_left_out_is_refused(make_workspace):
    with pytest.raises(InputError, match="no gold report 'nowhere'"):
        leave_one_report_out(make_workspace(), reports=["nowhere"])
    with pytest.raises(InputError, match="two labelled reports"):
        leave_one_report_out(make_workspace(gold=("linhe-2024",), practice=(), name="alone"))
    with pytest.raises(InputError, match="cannot name a system"):
        leave_one_report_out(make_workspace(name="other"), system="../up")


def test_some_folds_alone_are_not_scored(make_workspace, no_training, capsys):
    workspace = make_workspace(practice=("practice-s01",))
    assert evaluate_workspace(workspace, reports=["linhe-2024"], jobs=1) == []
    assert "dongchangfu-2023 still to be held out" in capsys.readouterr().out
