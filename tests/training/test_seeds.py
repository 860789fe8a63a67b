"""Several seeds: the best is kept, a killed run goes on, a changed recipe starts again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_ner import CONFIG, TINY, corpus

from baogao.errors import InputError
from baogao.files import sha256_tree
from baogao.training import seeds as module
from baogao.training.seeds import dev_score, train_seeds


def train(output: Path, numbers: list[int], **options) -> list[tuple[int, float]]:
    options = {"overrides": TINY, **options}
    return train_seeds(corpus(), output, config=CONFIG, seeds=numbers, **options)


def test_the_best_on_dev_becomes_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "dev_score", lambda folder: {"3": 0.5, "4": 0.9, "5": 0.9}[folder.name])
    assert train(tmp_path / "m", [3, 4, 5]) == [(3, 0.5), (4, 0.9), (5, 0.9)]
    assert json.loads((tmp_path / "m" / "meta.json").read_text())["baogao"]["seed"] == 4
    monkeypatch.undo()
    assert dev_score(tmp_path / "m") == dev_score(tmp_path / "m-seeds" / "4")


def test_only_what_is_missing_or_of_another_recipe_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []
    real = module.train_ner

    def spy(*args, seed: int, **options):
        trained.append(seed)
        return real(*args, seed=seed, **options)

    monkeypatch.setattr(module, "train_ner", spy)
    train(tmp_path / "m", [0])
    train(tmp_path / "m", [0, 1])
    assert trained == [0, 1]
    train(tmp_path / "m", [0, 1], overrides={**TINY, "training.max_steps": 3})
    assert trained == [0, 1, 0, 1]


def test_seeds_must_be_some_and_different(tmp_path: Path) -> None:
    for numbers in ([], [1, 1]):
        with pytest.raises(InputError, match="none or not all different"):
            train(tmp_path / "m", numbers)


def test_a_killed_run_goes_on_and_ends_with_the_same_models(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import test_seeds as t; "
        "t.train(Path(sys.argv[2]), [0, 1, 2])"
    )
    train(tmp_path / "whole" / "m", [0, 1, 2])
    command = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path / "killed" / "m")]
    for finished in (1, 2):
        process = subprocess.Popen(command)
        deadline = time.monotonic() + 200  # a guard against a hang
        kept = tmp_path / "killed" / "m-seeds"
        while time.monotonic() < deadline and process.poll() is None:
            if len([p for p in kept.glob("[0-9]") if (p / "meta.json").exists()]) >= finished:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert all((p / "meta.json").exists() for p in kept.glob("[0-9]"))
    subprocess.run(command, check=True)
    assert sha256_tree(tmp_path / "killed" / "m") == sha256_tree(tmp_path / "whole" / "m")
    assert {p.name for p in kept.iterdir() if not p.name.startswith(".")} == {"0", "1", "2"}
