"""Small real workspaces for every stage's tests: the reference labels and rules, a few reports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from baogao.workspace import Workspace

REPO = Path(__file__).resolve().parents[1]
# Two processes share two cores: a BLAS that takes both for itself makes the other wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def unconfigured_log() -> Iterator[None]:
    """A command that a test runs in this process sets up the log; the next test begins without."""
    from baogao import progress
    from baogao.log import logger

    yield
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel("NOTSET")
    progress.enabled = True


@pytest.fixture(scope="session")
def repo() -> Path:
    """The reference workspace. Read it, never write to it."""
    return REPO


@pytest.fixture
def make_workspace(tmp_path: Path) -> Callable[..., Workspace]:
    """A function that copies the reference workspace with the named gold and practice reports only."""

    def make(
        gold: Sequence[str] = ("dongchangfu-2023", "linhe-2024"),
        practice: Sequence[str] = ("practice-s01", "practice-r01"),
        name: str = "workspace",
    ) -> Workspace:
        root = tmp_path / name
        for folder in ("corpus/reports", "annotations/gold", "annotations/practice", "training", "evaluate"):
            (root / folder).mkdir(parents=True)
        for pattern in (
            "annotations/*.toml",
            "annotations/*.md",
            "training/*.toml",
            "training/*.cfg",
            "training/*.npz",
        ):
            for file in REPO.glob(pattern):
                shutil.copy(file, root / file.relative_to(REPO))
        for report in gold:
            shutil.copy(REPO / f"corpus/reports/{report}.txt", root / "corpus/reports")
            shutil.copy(REPO / f"annotations/gold/{report}.jsonl", root / "annotations/gold")
        for report in practice:
            shutil.copy(REPO / f"annotations/practice/{report}.jsonl", root / "annotations/practice")
        lines = (REPO / "corpus/manifest.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if any(f'"{report}"' in line for report in gold)]
        (root / "corpus/manifest.jsonl").write_text("".join(kept), encoding="utf-8")
        return Workspace(root)

    return make


@pytest.fixture
def baogao() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a user does: `baogao("evaluate", "score", a, b)`."""

    def run(*args: str | Path, **options) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "baogao", *map(str, args)]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **options)

    return run


@pytest.fixture(scope="session")
def tiny_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spaCy pipeline of three patterns over characters, with the reference labels in its meta: what reads
    pipelines can be tested with it, before and without any training. It has no section component."""
    import msgspec
    import spacy

    nlp = spacy.blank("zh")
    digit, unit = (
        {"TEXT": {"REGEX": "^[0-9.]$"}, "OP": "+"},
        {"TEXT": {"IN": list("件个次项场名家户份人元%")}},
    )
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(  # type: ignore[attr-defined]
        [
            {"label": "METRIC", "pattern": [digit, {"TEXT": {"IN": list("万余")}, "OP": "*"}, unit]},
            {
                "label": "DOC",
                "pattern": [{"TEXT": "《"}, {"TEXT": {"NOT_IN": ["》"]}, "OP": "+"}, {"TEXT": "》"}],
            },
            {
                "label": "INST",
                "pattern": [{"TEXT": {"IN": list("省市县区")}}, {"TEXT": "政"}, {"TEXT": "府"}],
            },
        ]
    )
    nlp.meta["name"] = "tiny"
    nlp.meta["baogao"] = {"labels": msgspec.to_builtins(Workspace(REPO).labels())}
    folder = tmp_path_factory.mktemp("tiny") / "pipeline"
    nlp.to_disk(folder)
    return folder


@pytest.fixture(scope="session")
def page_address(tiny_pipeline: Path) -> Iterator[str]:
    """The address of a running `baogao models serve` of the tiny pipeline, for one report at a time."""
    command = [sys.executable, "-m", "baogao", "models", "serve", "--model", str(tiny_pipeline)]
    server = subprocess.Popen(
        [*command, "--port", "0", "--limit-mb", "1"], stderr=subprocess.PIPE, text=True, cwd=tiny_pipeline
    )
    assert server.stderr is not None
    line = server.stderr.readline()
    assert line.startswith("serving on http://127.0.0.1:"), line
    yield line.split()[2].rstrip("/")
    server.terminate()
    server.wait(20)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Tests of one doccano go to one process of pytest-xdist, any other test to whichever is free.

    xdist 3.8 no longer tells its own groups (--dist loadgroup) from pytest 9.2 on.
    """
    from xdist.scheduler import LoadScopeScheduling

    files = (REPO / "tests" / "integration").glob("test_*.py")
    of_doccano = {file.name for file in files if "doccano" in file.read_text(encoding="utf-8")}

    class ByServer(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0].rpartition("/")[2]
            return "doccano" if "integration/" in nodeid and file in of_doccano else nodeid

    return ByServer(config, log)
