"""baogao models list, show, compare, and the model card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from baogao.errors import InputError
from baogao.models.card import model_card
from baogao.models.listing import compare_models, list_models, show_model
from baogao.workspace import Workspace


@pytest.fixture
def workspace(make_workspace, pipeline: Path) -> Workspace:
    """A workspace with a pipeline and its section model."""
    made = make_workspace()
    shutil.copytree(pipeline, made.models / "pipeline")
    shutil.copytree(pipeline / "baogao_sections", made.models / "sections")
    (made.models / "notes").mkdir()
    return made


def test_models_are_listed_with_what_they_are(workspace: Workspace) -> None:
    found = {model.name: model for model in list_models(workspace)}
    assert {name: model.kind for name, model in found.items()} == {
        "pipeline": "pipeline",
        "sections": "sections",
    }
    assert "ENFORCEMENT" in found["sections"].labels["sections"]
    assert found["pipeline"].size > found["sections"].size > 0


def test_a_broken_model_is_told_and_the_others_are_listed(workspace: Workspace, caplog) -> None:
    (workspace.models / "notes" / "meta.json").write_text("{")
    assert [model.name for model in list_models(workspace)] == ["pipeline", "sections"]
    assert "notes/meta.json: not JSON" in caplog.text
    with pytest.raises(InputError, match="not JSON"):
        show_model(workspace, "notes")


def test_a_model_that_is_not_there_lists_those_that_are(workspace: Workspace) -> None:
    with pytest.raises(InputError, match=r"no model 'pipelines'.*pipeline, sections"):
        show_model(workspace, "pipelines")


def test_two_models_are_compared_setting_by_setting(workspace: Workspace) -> None:
    copy = workspace.models / "other"
    shutil.copytree(workspace.models / "sections", copy)
    meta = json.loads((copy / "meta.json").read_text())
    meta["config"]["text_c"] = 7
    meta["paragraphs"] = 1
    (copy / "meta.json").write_text(json.dumps(meta))
    one, other = show_model(workspace, "sections"), show_model(workspace, "other")
    differences = {what: (left, right) for what, left, right in compare_models(one, other)}
    assert differences["config.text_c"][1] == 7
    assert differences["paragraphs"][1] == 1
    assert set(differences) == {"config.text_c", "paragraphs", "size"}
    assert compare_models(one, one) == []


def test_the_card_says_what_the_labels_come_from_and_how_good_it_is(workspace: Workspace) -> None:
    folder = workspace.models / "pipeline"
    card = model_card(folder, workspace)
    assert "- gold: 2 reports" in card
    assert "large language model" in card
    assert "None were measured here" in card
    result = {
        "name": "baogao",
        "created": "2024-05-06T07:08:09",
        "reports": ["a", "b"],
        "data": {"gold": "of another day"},
        "intervals": {"ner.f1": {"value": 0.9512, "low": 0.93, "high": 0.97}},
    }
    (workspace.evaluate / "results").mkdir()
    (workspace.evaluate / "results/baogao.json").write_text(json.dumps(result))
    card = model_card(folder, workspace)
    assert "| entities, F1 | 95.1 | 93.0 – 97.0 |" in card
    assert "`baogao evaluate loro` on 2024-05-06" in card
    assert "labels in gold changed since" in card


def test_a_workspace_that_says_nothing_of_its_labels_has_a_card_that_says_so(workspace: Workspace) -> None:
    (workspace.annotations / "ORIGIN.md").unlink()
    assert "Not stated" in model_card(workspace.models / "pipeline", workspace)


def test_the_commands_print_what_the_functions_find(workspace: Workspace, baogao) -> None:
    at = ["--workspace", workspace.root]
    assert "sections" in baogao("models", "list", *at).stdout
    lines = baogao("models", "list", "--json", *at).stdout.splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["pipeline", "sections"]
    assert "config.text_c: " in baogao("models", "show", "sections", *at).stdout
    assert baogao("models", "compare", "pipeline", "pipeline", *at).stdout == "no difference\n"
    assert baogao("models", "show", "nothing", *at).returncode == 2
    done = baogao("models", "package", "--output", workspace.root / "dist", *at)
    assert done.returncode == 0, done.stderr
    wheels = {path.name for path in (workspace.root / "dist").glob("*.whl")}
    summary = json.loads((workspace.root / "dist.run.json").read_text(encoding="utf-8"))
    assert len(wheels) == 2 and set(summary["wheels"]) == wheels
