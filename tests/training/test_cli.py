"""The training commands as a user types them, on a small copy of the reference workspace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from test_ner import CONFIG, TINY
from typer.testing import CliRunner

from baogao.cli import app
from baogao.errors import InputError
from baogao.records import Entity, read_labelled, write_jsonl
from baogao.training.commands import refuse_bad_labels
from baogao.training.sections import load_sections

SETTINGS = [word for name, value in TINY.items() for word in (f"--{name}", json.dumps(value))]


def run(*args: str | Path):
    result = CliRunner().invoke(app, [str(arg) for arg in args], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_ner_takes_settings_of_the_config_and_leaves_reports_out(make_workspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    result = run(
        "training", "ner", "--workspace", workspace.root, "--config", CONFIG, "--output", tmp_path / "m",
        "--held-out", "linhe-2024", "--seed", "7", "--quiet", *SETTINGS,
    )  # fmt: skip
    assert result.exit_code == 0
    assert f"wrote {tmp_path / 'm'} (seed 7)" in result.output
    meta = json.loads((tmp_path / "m" / "meta.json").read_text())["baogao"]
    assert meta["seed"] == 7
    assert meta["overrides"] == TINY
    gold = workspace.labelled("gold")["dongchangfu-2023"]
    practice = [b for blocks in workspace.labelled("practice").values() for b in blocks]
    paragraphs = [b for b in [*gold, *practice] if b.kind == "paragraph"]
    assert meta["train"]["paragraphs"] + meta["dev"]["paragraphs"] == len(paragraphs)
    assert spacy.load(tmp_path / "m")("区政府").text == "区政府"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seedz", "3"], "no option --seedz"),
        (["--training.max_steps"], "--training.max_steps has no value"),
        (["--training.seed", "3"], "write --seed N"),
        (["--held-out", "nowhere"], "no gold for report 'nowhere'"),
        (["--config", "nowhere.cfg"], "nowhere.cfg: no such config"),
        (["--segmenter", "nowhere/"], "nowhere/: no features.msgpack in it"),
        (["--gpu-id", "99"], "GPU 99"),
    ],
)
def test_wrong_arguments_are_told_in_a_line(make_workspace, arguments: list[str], message: str) -> None:
    workspace = make_workspace()
    with pytest.raises(InputError) as error:
        run("training", "ner", "--workspace", workspace.root, "--quiet", *arguments)
    assert message in str(error.value)
    assert not list(workspace.root.glob("models/ner*"))


def test_bad_labels_are_counted_and_named_before_anything_is_trained(make_workspace) -> None:
    workspace = make_workspace()
    path = workspace.annotations / "gold" / "linhe-2024.jsonl"
    blocks = read_labelled(path)
    places = [i for i, block in enumerate(blocks) if block.entities][:2]
    first, second = (blocks[i] for i in places)
    first.entities = [*first.entities, first.entities[0]]
    second.entities = [Entity(start=0, end=10**6, label="INST")]
    write_jsonl(path, blocks)
    with pytest.raises(InputError) as error:
        refuse_bad_labels(workspace)
    text = str(error.value)
    assert text.startswith(f"{path}:{places[0] + 1}: entities[")
    assert "overlaps the one before it (2 such blocks; also linhe-2024.jsonl" in text
    assert f"linhe-2024.jsonl:{places[1] + 1} entities[0]: span 0:1000000 is not within" in text
    with pytest.raises(InputError, match="2 such blocks"):
        run("training", "dataset", "--workspace", workspace.root)
    assert not (workspace.training / "dataset").exists()


def test_a_label_without_examples_is_refused(make_workspace) -> None:
    workspace = make_workspace()
    for name in ("gold", "practice"):
        for path in workspace.labelled_files(name):
            blocks = read_labelled(path)
            for block in blocks:
                block.entities = [span for span in block.entities if span.label != "DOC"]
            write_jsonl(path, blocks)
    with pytest.raises(
        InputError, match=r"no entity with label DOC among \d+ in training \(METRIC \d+, INST"
    ):
        run("training", "ner", "--workspace", workspace.root, "--config", CONFIG, "--quiet")


def test_sections_dataset_and_segmenter_write_their_folders(make_workspace) -> None:
    import datasets

    workspace = make_workspace()
    assert run("training", "sections", "--workspace", workspace.root).exit_code == 0
    blocks = workspace.labelled("gold")["linhe-2024"]
    predicted = load_sections(workspace.models / "sections").predict(blocks)
    assert {label for label, _ in predicted} <= {None, *workspace.labels().sections}
    result = run("training", "dataset", "--workspace", workspace.root, "--held-out", "linhe-2024")
    data = datasets.load_from_disk(workspace.training / "dataset")
    assert f"test {len(data['test'])} blocks" in result.output
    assert set(data["test"]["report"]) == {"linhe-2024"}
    place = workspace.root / "spacy"
    run("training", "dataset", "--workspace", workspace.root, "--held-out", "linhe-2024", "--docbin", place)
    docs = {
        path.stem: list(DocBin().from_disk(path).get_docs(spacy.blank("zh").vocab))
        for path in place.glob("*.spacy")
    }
    gold = [b for b in blocks if b.kind == "paragraph"]
    assert [doc.text for doc in docs["test"]] == [b.text for b in gold]
    assert [[(e.start_char, e.end_char, e.label_) for e in doc.ents] for doc in docs["test"]] == [
        sorted((e.start, e.end, e.label) for e in b.entities) for b in gold
    ]
    assert docs["train"] and docs["dev"]
    result = run("training", "segmenter", "--workspace", workspace.root)
    assert "entities begin or end inside a word" in result.output
    assert (workspace.models / "segmenter" / "weights.npz").exists()


def test_sections_are_trained_with_the_best_settings_of_a_search(baogao, make_workspace) -> None:
    gold = ("dongchangfu-2023", "linhe-2024", "pengshan-2023")
    workspace = make_workspace(gold=gold, practice=("practice-s01",))
    before = (workspace.training / "sections.toml").read_text()
    done = baogao("training", "sections", "--search", "2", "--workspace", workspace.root)
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(" = ") for line in done.stdout.splitlines())
    assert done.stderr.count("log-loss") == 2
    meta = load_sections(workspace.models / "sections").meta
    assert {name: float(value) for name, value in lines.items()} == {
        name: meta["config"][name] for name in lines
    }
    assert (workspace.training / "sections.toml").read_text() == before
    done = baogao(
        "training", "sections", "--search", "2", "--held-out", gold[0], "--workspace", workspace.root
    )
    assert done.returncode == 2 and "2 reports in annotations/gold are too few" in done.stderr
