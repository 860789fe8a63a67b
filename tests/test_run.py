import json
import re

import pytest

from baogao.errors import InputError
from baogao.records import read_labelled
from baogao.run import init_workspace, run_stages
from baogao.workspace import Workspace


@pytest.fixture
def small(make_workspace) -> Workspace:
    """Two gold and two practice reports, and a model that is trained for a moment."""
    workspace = make_workspace()
    config = workspace.training / "ner.cfg"
    text = config.read_text(encoding="utf-8")
    text = re.sub(r"^(max_steps|eval_frequency|total_steps) = \d+", r"\1 = 20", text, flags=re.M)
    text = re.sub(r"^warmup_steps = \d+", "warmup_steps = 2", text, flags=re.M)
    config.write_text(text, encoding="utf-8")
    return workspace


@pytest.mark.slow
def test_the_demo_on_a_small_workspace_and_again(small, baogao):
    first = baogao("run", "--workspace", small.root)
    assert first.returncode == 0, first.stderr
    assert len(list((small.corpus / "blocks").glob("*.jsonl"))) == 2
    rows = (small.annotations / "export/doccano.jsonl").read_text(encoding="ascii").splitlines()
    paragraphs = [b for blocks in small.labelled("gold").values() for b in blocks if b.kind == "paragraph"]
    assert len(rows) == len(paragraphs)
    import datasets

    assert datasets.load_from_disk(small.training / "dataset")["train"].num_rows > 0
    for report in small.labelled("gold"):
        predicted = read_labelled(small.evaluate / f"predictions/baogao/{report}.jsonl")
        assert [b.id for b in predicted] == [b.id for b in small.labelled("gold")[report]]
    page = (small.evaluate / "report.html").read_text(encoding="utf-8")
    assert "<script src" not in page and "http://" not in page.replace("http://www.w3.org", "")
    import spacy

    doc = spacy.load(small.models / "pipeline")("区政府印发《实施方案》,受理案件12件。")
    assert doc.text == "区政府印发《实施方案》,受理案件12件。" and doc.cats
    for text in ("INST", "METRIC", "macro", "majority", "rules"):
        assert text in first.stdout

    times = {path: path.stat().st_mtime_ns for path in small.models.rglob("*") if path.is_file()}
    second = baogao("--log-json", "run", "--workspace", small.root)
    assert second.returncode == 0, second.stderr
    messages = [json.loads(line)["message"] for line in second.stderr.splitlines() if line.startswith("{")]
    assert sum("up to date" in message for message in messages) >= 5
    assert times == {path: path.stat().st_mtime_ns for path in times}

    # A change on the left makes what is right of it out of date, and nothing else.
    rules = small.annotations / "rules.toml"
    rules.write_text(rules.read_text(encoding="utf-8") + "\n# a remark\n", encoding="utf-8")
    from baogao.run import Stages, _annotations, _corpus, _dataset

    stages = Stages(small)
    stale = [stages.stale(stage(small)) for stage in (_corpus, _annotations, _dataset)]
    assert stale == [False, True, False]


def test_a_new_workspace_says_what_to_do_next(tmp_path, baogao):
    made = baogao("init", tmp_path / "new")
    assert made.returncode == 0 and "labels.toml" in made.stdout
    again = baogao("init", tmp_path / "new")
    assert again.returncode == 2 and "is not an empty folder" in again.stderr
    empty = baogao("run", "--workspace", tmp_path / "new")
    assert empty.returncode == 2 and "baogao corpus add" in empty.stderr


def test_a_new_workspace_takes_other_reports_and_other_labels(tmp_path, repo, baogao):
    workspace = init_workspace(tmp_path / "new")
    assert workspace.labels().entities == ["ORG", "NUMBER"]
    page = tmp_path / "notes.txt"
    page.write_text("一、工作\n全年受理12件,办结9件。\n", encoding="utf-8")
    added = baogao("corpus", "add", page, "--workspace", workspace.root)
    assert added.returncode == 0, added.stderr
    run = baogao("run", "--workspace", workspace.root)
    assert run.returncode == 0, run.stderr
    assert "no labels in annotations/gold yet" in run.stdout
    row = json.loads((workspace.annotations / "export/doccano.jsonl").read_text().splitlines()[0])
    found = {(row["text"][start:end], label) for start, end, label in row["entities"]}
    assert found == {("12件", "NUMBER"), ("9件", "NUMBER")}


def test_bad_gold_stops_the_run_and_leaves_everything_as_it_was(small, tmp_path):
    path = small.annotations / "gold/linhe-2024.jsonl"
    path.write_text(path.read_text(encoding="utf-8").replace('"INST"', '"PLACE"', 1), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"linhe-2024\.jsonl:\d+: entities\[\d+\]: unknown label 'PLACE'"):
        run_stages(small)
    assert path.read_bytes() == before
    assert not (small.training / "dataset").exists() and not small.models.exists()
