"""What every command has in common: outputs that spare what is there, errors in one line, pipes."""

import subprocess
import sys

import pytest

REPORT = "corpus/reports/linhe-2024.txt"
GOLD = "annotations/gold/linhe-2024.jsonl"


@pytest.mark.parametrize(
    "command",
    [
        ["corpus", "segment", REPORT, "--output", REPORT],
        ["corpus", "segment", REPORT, "--output", "corpus/reports/dongchangfu-2023.txt"],
        ["corpus", "segment", REPORT, "--output", GOLD],
        ["corpus", "segment", REPORT, "--output", "corpus/manifest.jsonl"],
        ["corpus", "segment", "page.txt", "--output", "page.txt"],
        ["evaluate", "score", GOLD, GOLD, "--json", GOLD],
        ["evaluate", "report", "--output", REPORT],
        ["annotations", "agreement", GOLD, GOLD, "--json", GOLD],
        ["models", "table", GOLD, "--output", REPORT],
        ["predict", REPORT, "--output", "corpus/manifest.jsonl", "--force"],
        ["predict", "page.txt", "--output", "page.txt", "--force"],
        ["annotations", "export", "--output", "annotations"],
        ["annotations", "export", "--output", "."],
        ["training", "dataset", "--output", ".."],
        ["training", "dataset", "--export", "annotations/gold"],
        ["training", "sections", "--output", "annotations"],
        ["training", "segmenter", "--output", "annotations/gold"],
        ["training", "ner", "--output", "annotations/gold"],
    ],
    ids=lambda command: " ".join([*command[:2], command[-1]]),
)
def test_no_output_replaces_what_cannot_be_made_again(make_workspace, baogao, command):
    root = make_workspace().root
    (root / "page.txt").write_text(
        "甲县人民政府2023年法治政府建设报告\n2023年,县政府制定规范性文件3件。\n", "utf-8"
    )
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    done = baogao(*command, cwd=root)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "unexpected" not in done.stderr
    assert {path: path.read_bytes() for path in before if path.exists()} == before


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["corpus", "segment"], "baogao: Missing argument 'paths'; see baogao corpus segment --help"),
        (["nonsense"], "baogao: No such command 'nonsense'; see baogao --help"),
        (["models", "serve", "--port", "x"], "see baogao models serve --help"),
    ],
)
def test_a_wrong_option_is_one_line_that_says_where_help_is(baogao, command, line):
    done = baogao(*command)
    assert done.returncode == 2 and line in done.stderr and done.stderr.count("\n") == 1


def test_a_group_without_a_command_shows_its_help(baogao):
    done = baogao("corpus")
    assert done.returncode == 2 and "segment" in done.stdout + done.stderr


def test_a_reader_that_has_enough_is_no_error(repo):
    command = [
        sys.executable,
        "-m",
        "baogao",
        "corpus",
        "segment",
        *sorted(map(str, repo.glob("corpus/reports/*.txt"))),
    ]
    command += ["--output", "-"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline().startswith(b"{")
    process.stdout.close()
    assert process.wait(60) == 0


def test_records_are_no_report_and_files_of_other_kinds_are_told(baogao, repo, tmp_path):
    done = baogao("corpus", "segment", repo / GOLD, "--output", "-")
    assert done.returncode == 2 and "holds JSON records, not the page of a report" in done.stderr
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "old.doc").write_bytes(b"x")
    (tmp_path / "in" / "r.txt").write_bytes((repo / REPORT).read_bytes())
    baogao("init", tmp_path / "ws")
    done = baogao("corpus", "add", tmp_path / "in", "--workspace", tmp_path / "ws")
    assert done.returncode == 0 and "left out 1 of other kinds, such as old.doc" in done.stderr
