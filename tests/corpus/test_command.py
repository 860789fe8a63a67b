"""`baogao corpus` from the command line: what it writes, says and returns."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPORT = ROOT / "corpus" / "reports" / "dongchangfu-2023.txt"


def run(*arguments: object, **keywords) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "baogao", "corpus", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **keywords)


def test_segment_writes_blocks_to_a_pipe_and_from_one():
    done = run("segment", REPORT, "--output", "-")
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 17
    piped = run("segment", "-", "--output", "-", input=REPORT.read_text(encoding="utf-8"))
    assert piped.stdout == done.stdout.replace("dongchangfu-2023", "stdin")


def test_a_bad_file_is_one_line_and_leaves_the_output_as_it_was(tmp_path):
    output = tmp_path / "blocks.jsonl"
    output.write_text("before", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    done = run("segment", REPORT, tmp_path / "empty.txt", "--output", output)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "empty.txt: is empty; " in done.stderr
    assert output.read_text(encoding="utf-8") == "before"


def test_keep_going_writes_the_rest_and_returns_findings(tmp_path):
    output = tmp_path / "blocks.jsonl"
    done = run("segment", tmp_path, REPORT, "--output", output, "--keep-going", "--jobs", 2)
    assert done.returncode == 1
    assert "is not a regular file" in done.stderr
    assert len(output.read_text(encoding="utf-8").splitlines()) == 17


def test_show_prints_a_tree_and_names_what_it_does_not_know():
    done = run("show", "dongchangfu-2023", "--workspace", ROOT)
    assert done.returncode == 0
    assert "├── 一、工作情况  6" in done.stdout
    missing = run("show", "nothing", "--workspace", ROOT)
    assert missing.returncode == 2
    assert "known: " in missing.stderr
