"""The wheel of a pipeline: it installs beside baogao's own wheel and loads by its name."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from baogao.errors import InputError
from baogao.models.package import package


def test_both_wheels_work_in_a_new_environment(pipeline: Path, tmp_path: Path) -> None:
    wheels = package(pipeline, tmp_path / "dist", card="# card", name="reports", version="1.2.3")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv/bin/python"
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", python, "install"]
    subprocess.run([*install, "--no-index", "--no-deps", "--quiet", *wheels], check=True)
    # What they depend on is taken from here, after the environment's own packages.
    code = (
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
        "import baogao, spacy\n"
        "nlp = spacy.load('zh_reports')\n"
        "doc = nlp('区政府深入开展行政执法检查,严格规范公正文明执法。')\n"
        "print(baogao.__file__, nlp.meta['version'], doc._.section, *doc.ents)\n"
        "import zh_reports\n"
        "print(zh_reports.__version__, zh_reports.load().pipe_names == nlp.pipe_names)\n"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    where, version, section, *found = first.split()
    assert Path(where).is_relative_to(tmp_path / "venv")
    assert (version, section) == ("1.2.3", "ENFORCEMENT")
    assert "区政府" in found
    assert second == "1.2.3 True"
    script = subprocess.run([tmp_path / "venv/bin/baogao", "--help"], capture_output=True, text=True)
    assert "baogao" in script.stdout + script.stderr


def test_pip_checks_every_file_against_the_record(pipeline: Path, tmp_path: Path) -> None:
    for wheel in package(pipeline, tmp_path, card="# card"):
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            record = next(name for name in names if name.endswith("RECORD"))
            listed = [line.rsplit(",", 2)[0] for line in archive.read(record).decode().splitlines()]
        assert sorted(listed) == sorted(names)
        assert not any(name.startswith("/") or ".." in name for name in names)


def test_the_same_pipeline_gives_the_same_bytes(pipeline: Path, tmp_path: Path) -> None:
    one, two = (package(pipeline, tmp_path / name, card="# card") for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_the_wheel_says_what_it_needs_and_carries_its_card(pipeline: Path, tmp_path: Path) -> None:
    _, wheel = package(pipeline, tmp_path, card="# what it is", name="reports", version="2.0")
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read("zh_reports-2.0.dist-info/METADATA").decode()
        assert archive.read("zh_reports/README.md").decode() == "# what it is"
        assert json.loads(archive.read("zh_reports/meta.json"))["version"] == "2.0"
    assert "Requires-Dist: baogao >= " in metadata
    assert "Requires-Dist: spacy " in metadata
    assert metadata.endswith("# what it is")


@pytest.mark.parametrize(
    ("name", "version", "field"), [("../up", "1.0", "--name"), ("ok", "1.0; rm", "--version")]
)
def test_a_name_or_version_no_package_can_have_is_refused(
    pipeline: Path, tmp_path: Path, name: str, version: str, field: str
) -> None:
    with pytest.raises(InputError, match=field):
        package(pipeline, tmp_path / "dist", card="", name=name, version=version)
    assert not (tmp_path / "dist").exists()


def test_a_folder_that_is_no_pipeline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"meta\.json"):
        package(tmp_path, tmp_path / "dist", card="")
