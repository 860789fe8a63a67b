"""A pipeline as a wheel: `pip install` it, then `spacy.load("zh_baogao")`.

The wheel holds the pipeline folder, its card and the entry points spaCy looks for; beside it lies a wheel of
this baogao, which a machine without it needs. Both are written here, not by a build tool: a wheel of data is
a zip with three text files (PEP 427), and build tools fetch themselves from a package registry first.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import re
import zipfile
from pathlib import Path
from typing import IO, Any

import msgspec

import baogao
from baogao.errors import InputError
from baogao.files import write_atomic
from baogao.models.card import read_meta
from baogao.run import default_files

_LOADER = '''\
"""{description}"""

from pathlib import Path

from spacy.util import get_model_meta, load_model_from_init_py

__version__ = get_model_meta(Path(__file__).parent)["version"]


def load(**overrides):
    return load_model_from_init_py(__file__, **overrides)
'''


def package(
    pipeline: Path, output: Path, *, card: str, name: str | None = None, version: str | None = None
) -> list[Path]:
    """Write the wheels of a pipeline folder and of baogao itself into the folder `output`.

    name: of the package without its language, else that of the pipeline's meta.json (zh_NAME); version:
    else that of meta.json; card: Markdown for its README. Returns the two files, baogao's first. Raises
    InputError for a folder that is no pipeline, or a name or version that no package can have.
    """
    meta = read_meta(pipeline)
    language, name, version = meta["lang"], name or meta["name"], version or meta["version"]
    if not re.fullmatch("[a-z][a-z0-9_]{0,60}", str(name)):
        raise InputError(f"{name!r} cannot name a package", field="--name", todo="use a-z, 0-9 and _")
    if not re.fullmatch(r"\d+(\.\d+)*((a|b|rc|\.dev|\.post)\d+)?", str(version)):
        raise InputError(f"{version!r} is no version", field="--version", todo="write it like 1.2.0")
    module = f"{language}_{name}"
    meta = meta | {"name": name, "version": version}
    files = {
        f"{module}/{module}-{version}/{path.relative_to(pipeline).as_posix()}": path.read_bytes()
        for path in sorted(pipeline.rglob("*"))
        if path.is_file()
    }
    data = msgspec.json.format(msgspec.json.encode(meta))
    files[f"{module}/{module}-{version}/meta.json"] = files[f"{module}/meta.json"] = data
    files[f"{module}/README.md"] = card.encode()
    summary = str(meta.get("description") or "Entities and sections of Chinese government annual reports")
    summary = " ".join(summary.split()).replace('"', "'")
    files[f"{module}/__init__.py"] = _LOADER.format(description=summary).encode()
    header = (
        f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\nSummary: {summary}\n"
        f"License: {' '.join(str(meta.get('license') or 'unknown').split())}\n"
        f"Requires-Dist: baogao >= {baogao.__version__}\nRequires-Dist: spacy {_spacy(meta)}\n"
        "Requires-Python: >=3.11\nDescription-Content-Type: text/markdown\n"
    )
    return [
        _baogao_wheel(output),
        write_wheel(output, module, str(version), files, f"{header}\n{card}", _entry_points(module)),
    ]


def write_wheel(
    folder: Path, name: str, version: str, files: dict[str, bytes], metadata: str, entry_points: str
) -> Path:
    """Write the pure-Python wheel NAME-VERSION-py3-none-any.whl; the same bytes for the same contents."""
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": metadata.encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: baogao\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points.encode(),
    }
    record = [f"{path},{_digest(data)},{len(data)}\n" for path, data in contents.items()]
    contents[f"{info}/RECORD"] = ("".join(record) + f"{info}/RECORD,,\n").encode()
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with write_atomic(path, "wb") as handle:
        _write_zip(handle, contents)
    return path


def _write_zip(handle: IO[bytes], contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            entry = zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _baogao_wheel(output: Path) -> Path:
    """This installation of baogao as a wheel, also where it is installed in place from a checkout."""
    installed = importlib.metadata.distribution("baogao")
    root = Path(baogao.__file__).parent
    files = {
        f"baogao/{path.relative_to(root).as_posix()}": path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    if not (root / "defaults").exists():  # a checkout: what its own build puts into the wheel
        for path in default_files():
            files[f"baogao/defaults/{path.parent.name}/{path.name}"] = path.read_bytes()
    return write_wheel(
        output, "baogao", installed.version, files, installed.read_text("METADATA") or "",
        installed.read_text("entry_points.txt") or "",
    )  # fmt: skip


def _entry_points(module: str) -> str:
    return f"[spacy_models]\n{module} = {module}\n"


def _spacy(meta: dict[str, Any]) -> str:
    """The spaCy versions that the pipeline says it works with."""
    wanted = str(meta.get("spacy_version") or ">=3.8.4,<4")
    return wanted if re.fullmatch(r"[0-9.,<>=!~ ]+", wanted) else ">=3.8.4,<4"
