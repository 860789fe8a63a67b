"""Every reader against input that nobody would write: it reads it or raises a BaogaoError, and nothing else;
and every regular expression of the package against the inputs that make a bad one explode."""

from __future__ import annotations

import importlib
import io
import json
import os
import pkgutil
import re
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import baogao
from baogao.errors import BaogaoError

REPO = Path(__file__).resolve().parents[1]
GOLD = (REPO / "annotations/gold/dongchangfu-2023.jsonl").read_bytes()
PAGE = (REPO / "corpus/reports/linhe-2024.txt").read_bytes()[:3000]
QUICK = settings(
    max_examples=int(os.environ.get("BAOGAO_FUZZ_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def docx_bytes() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("一、工作情况")
    document.add_paragraph("全年受理12件。")
    document.add_table(1, 2).cell(0, 0).text = "件"
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


HTML = "<html><head><meta charset=gbk><script>x</script></head><body><div>首页</div><p>一、工作</p>".encode()
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Kids[3 0 R]>>endobj\ntrailer<<>>"
COLUMNS = "吴 B-NAME\n重 M-NAME\n阳 E-NAME\n\n口0\tO\n".encode()
PRODIGY = json.dumps({"text": "区政府", "spans": [{"start": 0, "end": 3, "label": "INST"}]}).encode()
STUDIO = json.dumps(
    [{"data": {"text": "区政府"}, "annotations": [{"result": [{"value": {"start": 0, "end": 3}}]}]}]
).encode()
DOCCANO = json.dumps({"id": 1, "text": "区政府", "entities": [{"start_offset": 0}], "cats": ["A"]}).encode()
TOML = (REPO / "annotations/labels.toml").read_bytes()[:600]
RULES = b"[parts]\na = 'x'\n[[rule]]\nname = 'n'\nlabel = 'INST'\npattern = '{a}+'\n"


def read_report(path: Path) -> None:
    from baogao.corpus.segment import segment_file

    for block in segment_file(path):
        assert block.start is None or block.end is None or 0 <= block.start <= block.end


def reader(name: str) -> Callable[[Path], object]:
    module, function = name.rsplit(".", 1)
    return getattr(importlib.import_module(module), function)


def labels(path: Path) -> object:
    from baogao.workspace import Labels, read_config

    return read_config(path, Labels)


def rules(path: Path) -> object:
    from baogao.annotations.rules import Rules

    return Rules.load(path).suggest("区政府xxx")


READERS = [
    (read_report, PAGE),
    (read_report, HTML),
    (read_report, docx_bytes()),
    (read_report, PDF),
    (reader("baogao.records.read_labelled"), GOLD[:4000]),
    (reader("baogao.records.read_manifest"), (REPO / "corpus/manifest.jsonl").read_bytes()),
    (reader("baogao.annotations.formats.columns.read_columns"), COLUMNS),
    (reader("baogao.annotations.formats.prodigy.read_prodigy"), PRODIGY),
    (reader("baogao.annotations.formats.labelstudio.read_label_studio"), STUDIO),
    (reader("baogao.annotations.formats.doccano.read_doccano"), DOCCANO),
    (reader("baogao.annotations.formats.docbin.read_docbin"), b"\x78\x9c\x03\x00\x00\x00\x00\x01"),
    (labels, TOML),
    (rules, RULES),
]
NAMES = [f"{function.__name__}-{index}" for index, (function, _) in enumerate(READERS)]

# What a mutation writes: control characters, lone surrogates in UTF-8, width, separators, deep nesting.
PIECES = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"\0", b"\xff\xfe", b"\xed\xa0\x80", "\u2028".encode(), "\U00020bb7".encode(), b'"', b"{"]
    ),
    st.sampled_from(
        [b"[" * 3000, b'{"a":' * 3000, b"1e999", b"-1", b"99999999999999999999", b"null", b"<" * 500]
    ),
)


@pytest.mark.parametrize(("read", "seed"), READERS, ids=NAMES)
def test_a_reader_reads_or_refuses(read, seed, tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile") / "input"

    @QUICK
    @given(st.lists(st.tuples(st.integers(0, len(seed)), st.integers(0, 40), PIECES), max_size=4))
    def attack(edits):
        data = seed
        for at, length, piece in edits:
            data = data[:at] + piece + data[at + length :]
        path.write_bytes(data)
        start = time.monotonic()
        try:
            read(path)
        except BaogaoError as error:
            assert "\n" not in str(error) and len(str(error)) < 3000
        assert time.monotonic() - start < 30
        assert [p.name for p in path.parent.iterdir()] == ["input"]

    attack()


@pytest.mark.parametrize("member", ["../escaped.txt", "/etc/escaped", "word/document.xml"])
def test_a_zip_entry_is_never_written_anywhere(tmp_path, member):
    path = tmp_path / "report.docx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(member, "<x>一、工作</x>")
    with pytest.raises(BaogaoError):
        read_report(path)
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
    worse = {}
    for name, (unit, size) in slow.items():
        pattern = patterns()[name]
        one = min(seconds(pattern, unit * size + "!") for _ in range(3))
        four = min(seconds(pattern, 4 * unit * size + "!") for _ in range(2))
        if four > 40 * one:
            worse[name] = (unit, size, one, four)
    assert not worse
    assert len(patterns()) > 20
