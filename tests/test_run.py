import contextlib
import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from baogao.errors import InputError
from baogao.files import LEFTOVER, sha256
from baogao.records import read_labelled
from baogao.run import init_workspace, run_stages
from baogao.training.sections_archive import unpack
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
    summary = json.loads((small.root / "baogao.run.json").read_text(encoding="utf-8"))
    assert summary["status"] == "failed" and "unknown label 'PLACE'" in summary["error"]
    assert [stage["name"] for stage in summary["stages"]] == ["corpus", "annotations"]


def test_a_clock_that_is_set_back_makes_nothing_stale_and_hides_no_change(make_workspace, monkeypatch):
    """Outputs from the future are kept where their inputs are the same, and replaced where these changed,
    though every date says that the outputs are newer."""

    def unlabelled(name: str) -> Workspace:  # without labels a run is its first two stages, and quick
        workspace = make_workspace(name=name, practice=())
        for path in workspace.labelled_files("gold"):
            path.unlink()
        return workspace

    def change(workspace: Workspace) -> None:
        rules = workspace.annotations / "rules.toml"
        rules.write_text(rules.read_text(encoding="utf-8").replace('"INST"', '"DOC"'), encoding="utf-8")

    workspace, whole = unlabelled("workspace"), unlabelled("whole")
    now, days = time.time, 10 * 86400
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: now() + days)
        run_stages(workspace)
    before = files(workspace)
    for path in workspace.root.rglob("*"):
        os.utime(path, (now() + days, now() + days))
    inodes = {path: path.stat().st_ino for path in (workspace.corpus / "blocks").iterdir()}
    change(workspace)
    run_stages(workspace)
    summary = json.loads((workspace.root / "baogao.run.json").read_text(encoding="utf-8"))
    assert [stage["status"] for stage in summary["stages"]] == ["up to date", "done"]
    assert inodes == {path: path.stat().st_ino for path in inodes}
    change(whole)
    run_stages(whole)
    assert files(workspace) == files(whole) != before


MADE = ("corpus/blocks", "annotations/export", "training/dataset", "models", "evaluate/predictions")


@pytest.fixture
def tiny(make_workspace):
    """Makes workspaces of two reports and one practice report with trainings of two steps: a run takes
    seconds."""

    def make(name: str) -> Workspace:
        workspace = make_workspace(practice=("practice-s01",), name=name)
        config = workspace.training / "ner.cfg"
        text = config.read_text(encoding="utf-8")
        for setting, value in {
            "max_steps|eval_frequency|total_steps": 2, "warmup_steps": 1, "width": 16, "embeddings": "null",
        }.items():  # fmt: skip
            text = re.sub(rf"^({setting}) = .*", rf"\1 = {value}", text, flags=re.M)
        config.write_text(text, encoding="utf-8")
        settings = "samples = 5\n[leave_one_report_out]\njobs = 1\n"
        (workspace.evaluate / "benchmark.toml").write_text(settings)
        return workspace

    return make


# Runs of workspaces, each in a process forked from this one, where everything is imported and read: a start
# costs nothing. In: a workspace a line. Out: the id of its process, then how it ended.
RUNS = """
import os, sys
from pathlib import Path
import datasets, jieba, matplotlib.pyplot, sklearn.svm, spacy, spacy_pkuseg
import baogao.evaluate.commands, baogao.evaluate.report, baogao.models.pipeline, baogao.training.commands
from baogao.annotations.rules import workspace_rules
from baogao.corpus.segment import segment_file
from baogao.run import run_stages
from baogao.workspace import Workspace

jieba.initialize()
warm = Workspace(Path(sys.argv[1]))
workspace_rules(warm).suggest("区政府办理案件12件")
segment_file(next((warm.corpus / "reports").iterdir()))
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        run_stages(Workspace(Path(line.strip())))
        os._exit(0)
    print(pid, flush=True)
    print(os.waitpid(pid, 0)[1], flush=True)
"""


class Runs:
    """Starts runs, and kills them."""

    def __init__(self, warm: Workspace) -> None:
        command = [sys.executable, "-c", RUNS, str(warm.root)]
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, workspace: Workspace, kill_after: float = 600) -> bool:
        """Run; False where the run was killed before its end. Nothing it started outlives it."""
        assert self.server.stdin is not None and self.server.stdout is not None
        print(workspace.root, file=self.server.stdin, flush=True)
        pid = int(self.server.stdout.readline())
        ended, _, _ = select.select([self.server.stdout], [], [], kill_after)
        if not ended:
            os.kill(pid, signal.SIGKILL)
        status = int(self.server.stdout.readline())
        assert status in (0, signal.SIGKILL)
        deadline = time.monotonic() + 60  # a guard against one that never ends
        while alive(pid):
            assert time.monotonic() < deadline, "a worker outlived the run that was killed"
            time.sleep(0.01)
        return status == 0

    def end(self) -> None:
        self.server.kill()
        self.server.communicate()


def alive(group: int) -> list[str]:
    """Processes of a group that still run, where the system lists them in /proc."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(path.parent.name)
    return found


def files(workspace: Workspace) -> dict[str, str]:
    """Digest of each file that stages made, without what a killed writer left under a hidden name."""
    found = {path for folder in MADE for path in (workspace.root / folder).rglob("*") if path.is_file()}
    names = {path: path.relative_to(workspace.root) for path in found}
    return {
        str(name): digest(path) for path, name in names.items()
        if not any(LEFTOVER.fullmatch(part) for part in name.parts)
        and not name.name.endswith((".fold.json", ".run.json"))  # they say how long it took
    }  # fmt: skip


def digest(path: Path) -> str:
    """Of what a file says: skops names what it stores by addresses in memory, and a meta has its digest."""
    data = path.read_bytes()
    if path.name == "sections.skops":
        header, arrays = unpack(data)
        data = b"".join([json.dumps(header).encode(), *(arrays[name].tobytes() for name in sorted(arrays))])
    if path.name == "meta.json":
        data = re.sub(rb'"[0-9a-f]{64}"', b"", data)
    return sha256(data)


def finished(workspace: Workspace) -> dict[Path, int]:
    """What is done, by what tells whether it was done again: the outputs of finished stages, and folds."""
    keys = workspace.root / ".baogao/stages.json"
    done = json.loads(keys.read_text()) if keys.exists() else {}
    outputs = dict(zip(("corpus", "annotations", "dataset"), MADE, strict=False)) | {
        "models": "models/pipeline"
    }
    paths = [workspace.root / folder for stage, folder in outputs.items() if stage in done]
    paths += (workspace.evaluate / "predictions/baogao").glob("*.fold.json")
    return {path: path.stat().st_ino for path in paths}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_killed_at_any_point_ends_as_an_undisturbed_one(tiny, request):
    """After each kill every file that can be seen is whole, and what was finished is not done again."""
    whole, broken = tiny("whole"), tiny("broken")
    runs = Runs(whole)
    request.addfinalizer(runs.end)
    start = time.monotonic()
    assert runs(whole)
    length = time.monotonic() - start
    expected = files(whole)
    assert len(finished(whole)) == 6
    generator = random.Random(11)
    done: dict[Path, int] = {}
    for _ in range(5):
        ended = runs(broken, kill_after=generator.random() * length * 0.4)
        now = finished(broken)
        assert done.items() <= now.items()
        assert files(broken).items() <= expected.items()
        done = now
        if ended:
            break
    assert ended or runs(broken)
    assert done.items() <= finished(broken).items()
    assert files(broken) == expected
    assert json.loads((broken.root / "baogao.run.json").read_text())["status"] == "done"
