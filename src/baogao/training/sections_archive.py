"""The file of a section model: a skops archive, read without scikit-learn where only arrays are wanted.

skops stores scikit-learn estimators as JSON and .npy files, with no pickle in it. Its reader imports all of
scikit-learn first, which takes longer than labelling a report; so what prediction needs is read here straight
from the archive, under a stricter rule than skops' own: nothing but the few types that training writes.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from baogao.errors import InputError

_PROTOCOL = 2  # of skops; archives of another are read by skops itself
_LARGEST = 1_000_000_000  # bytes unpacked
_TYPES = {
    "builtins.dict", "builtins.list", "builtins.str", "numpy.ndarray",
    "sklearn.linear_model._logistic.LogisticRegression", "sklearn.svm._classes.LinearSVC",
}  # fmt: skip


def pack(header: dict[str, Any], arrays: dict[str, np.ndarray], estimators: dict[str, Any]) -> bytes:
    """An archive of a JSON `header`, arrays and fitted estimators; an array that an estimator holds too is
    stored once."""
    import skops.io

    text = json.dumps(header, ensure_ascii=False)
    parts = {"header": text, "arrays": arrays, "estimators": estimators}
    return skops.io.dumps(parts, compression=zipfile.ZIP_DEFLATED)


def unpack(data: bytes, *, file: str | Path | None = None) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and arrays of an archive that `pack` made. Raises InputError for anything else; nothing in the
    archive is executed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise ValueError("unpacks to more than a section model can need")
            schema = json.loads(archive.read("schema.json"))
            foreign = _types(schema) - _TYPES
            if foreign:
                raise InputError(
                    f"holds types that are not trusted: {', '.join(sorted(foreign)[:3])}", file=file,
                    todo="do not use it; train again: baogao training sections",
                )  # fmt: skip
            if schema["protocol"] != _PROTOCOL:
                parts = load_all(data)
                return json.loads(parts["header"]), parts["arrays"]
            content = schema["content"]
            header = json.loads(json.loads(content["header"]["content"]))
            nodes = content["arrays"]["content"]
            arrays = {name: _array(archive, node) for name, node in nodes.items()}
            if not isinstance(header, dict):
                raise ValueError("no header")
            return header, arrays
    except InputError:
        raise
    except Exception as error:  # a foreign archive fails in as many ways as there are foreign archives
        raise InputError(
            f"is not a section model of baogao ({type(error).__name__}: {error})", file=file,
            todo="train again: baogao training sections",
        ) from error  # fmt: skip


def load_all(data: bytes) -> dict[str, Any]:
    """header (JSON text), arrays and fitted scikit-learn estimators, read by skops with its own trusted types
    and no others."""
    import skops.io

    return skops.io.loads(data, trusted=[])


def _array(archive: zipfile.ZipFile, node: dict[str, Any]) -> np.ndarray:
    return np.load(io.BytesIO(archive.read(node["file"])), allow_pickle=False)


def _types(node: Any) -> set[str]:
    """All types that a schema names, at any depth."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            if "__class__" in here or "__module__" in here:
                found.add(f"{here.get('__module__')}.{here.get('__class__')}")
            waiting.extend(here.values())
        elif isinstance(here, list):
            waiting.extend(here)
    return found
