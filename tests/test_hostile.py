"""Every reader against input that nobody would write: it reads it or raises a BaogaoError, and nothing else;
and every regular expression of the package against the inputs that make a bad one explode."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import baogao
from baogao.errors import BaogaoError

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO / "evaluate"))
from fuzz_readers import SECONDS, readers, report  # noqa: E402


class Attacks:
    """Runs tests/hostile_attack.py: one process that imports everything, and one for each reader."""

    def __init__(self) -> None:
        paths = [str(REPO / "evaluate"), os.environ.get("PYTHONPATH", "")]
        self.process = subprocess.Popen(
            [sys.executable, str(REPO / "tests/hostile_attack.py")], stdin=subprocess.PIPE, text=True,
            stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        )  # fmt: skip

    def __call__(self, name: str) -> tuple[int, str]:
        """(exit status, negative for a signal; what it said)"""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(name, file=self.process.stdin, flush=True)
        said = ""
        for line in self.process.stdout:
            if line.startswith("exit "):
                return int(line.split()[1]), said
            said += line
        raise AssertionError(said)


@pytest.fixture(scope="module")
def attacks():
    started = Attacks()
    yield started
    started.process.kill()
    started.process.communicate()


@pytest.mark.parametrize("name", readers())
def test_a_reader_reads_or_refuses_within_its_limits(name, attacks):
    status, said = attacks(name)
    assert status != -signal.SIGALRM, f"read for more than {SECONDS} s: {said}"
    assert status == 0, said


@pytest.mark.parametrize("name", ["text", "docx", "pdf", "labelled", "pairs", "docbin", "parquet", "rules"])
def test_what_the_attacks_start_from_is_read(name, tmp_path):
    """Else they would only ever see the first error."""
    reader = readers()[name]
    (tmp_path / reader.file).write_bytes(reader.seed)
    assert reader.read(tmp_path / reader.file)


@pytest.mark.parametrize("member", ["../escaped.txt", "/etc/escaped", "word/document.xml"])
def test_a_zip_entry_is_never_written_anywhere(tmp_path, member):
    path = tmp_path / "report.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, "<x>一、工作</x>")
    with pytest.raises(BaogaoError):
        report(path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.docx"]


def patterns() -> dict[str, re.Pattern[str]]:
    """Every compiled pattern that a module of the package holds, and those of the reference rules."""
    found: dict[str, re.Pattern[str]] = {}

    def collect(name: str, value: object) -> None:
        if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
            found[name] = value
        elif isinstance(value, dict):
            for key, item in value.items():
                collect(f"{name}[{key}]", item)
        elif isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                collect(f"{name}[{index}]", item)

    for module in pkgutil.walk_packages(baogao.__path__, "baogao."):
        if module.name not in ("baogao.__main__", "baogao.models.serve_worker"):
            for name, value in vars(importlib.import_module(module.name)).items():
                collect(f"{module.name}.{name}", value)
    from baogao.annotations.rules import Rules

    for name, value in vars(Rules.load(REPO / "annotations/rules.toml")).items():
        collect(f"rules.{name}", value)
    return found


# Runs that match a little and fail at the end are what a backtracking pattern dies of.
UNITS = [
    *(
        "1",
        "1,",
        "1.",
        "a",
        "区",
        "县",
        "政",
        "、",
        "，",
        " ",
        "　",
        "(",
        "（",
        "《",
        "》",
        "“",
        "一",
        "十",
        "万",
    ),
    *(
        "-",
        "/",
        ".",
        "@",
        "第",
        "年",
        "月",
        "关于",
        "的",
        "委员会",
        "局",
        "<",
        "&",
        "\n",
        "1件",
        "(一)",
        "zhōng",
    ),
]


def seconds(pattern: re.Pattern[str], text: str) -> float:
    start = time.perf_counter()
    sum(1 for _ in pattern.finditer(text))
    pattern.match(text)
    pattern.fullmatch(text)
    return time.perf_counter() - start


def growth(pattern: re.Pattern[str], unit: str, size: int) -> float:
    """How many times as long `pattern` takes on four times the text."""
    one = min(seconds(pattern, unit * size + "!") for _ in range(3))
    return min(seconds(pattern, 4 * unit * size + "!") for _ in range(2)) / one


def test_no_pattern_grows_faster_than_the_square_of_its_input():
    """Time on n and 4n characters: a square makes 16 times, a cube 64, and an exponential never ends."""
    slow = {}
    for name, pattern in patterns().items():
        for unit in UNITS:
            size = 16 // len(unit)
            while size * len(unit) < 4000:  # from small on: an exponential shows itself before it hangs
                if seconds(pattern, unit * size + "!") > 0.02:
                    slow[name] = (unit, size)
                    break
                size = 2 * size if size < 256 else 4 * size
    # Other work on the machine may slow one measurement; a pattern that grows too fast does so each time.
    worse = {
        name: (unit, size)
        for name, (unit, size) in slow.items()
        if all(growth(patterns()[name], unit, size) > 40 for _ in range(3))
    }
    assert not worse
    assert len(patterns()) > 20
