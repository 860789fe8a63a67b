from pathlib import Path

import pytest

from baogao.errors import InputError
from baogao.training.dataset import build_dataset, save_dataset, to_blocks


def test_rows_come_back_as_the_blocks_they_were(make_workspace):
    workspace = make_workspace()
    dataset = build_dataset(workspace, held_out=["linhe-2024"])
    assert to_blocks(dataset["test"]) == workspace.labelled("gold")["linhe-2024"]
    assert set(dataset["train"]["report"]) == {"dongchangfu-2023", "practice-s01", "practice-r01"}


def test_anyone_can_load_what_was_saved(make_workspace, tmp_path: Path):
    import datasets

    workspace = make_workspace(practice=())
    loaded = datasets.load_from_disk(save_dataset(build_dataset(workspace), tmp_path / "dataset"))
    features = loaded["train"].features
    assert features["section"].names == workspace.labels().sections
    row = next(row for row in loaded["train"] if row["entities"])
    names = features["entities"].feature["label"].names
    first = row["entities"][0]
    gold = next(b for b in workspace.labelled("gold")[row["report"]] if b.id == row["id"])
    assert (first["start"], first["end"], names[first["label"]]) == (
        gold.entities[0].start,
        gold.entities[0].end,
        gold.entities[0].label,
    )


def test_a_report_that_has_no_gold_cannot_be_held_out(make_workspace):
    with pytest.raises(InputError, match="no gold for report 'nowhere'"):
        build_dataset(make_workspace(practice=()), held_out=["nowhere"])


def test_nothing_left_to_train_on_is_refused(make_workspace):
    workspace = make_workspace(gold=["linhe-2024"], practice=())
    with pytest.raises(InputError, match="no labelled report for the train split"):
        build_dataset(workspace, held_out=["linhe-2024"])
