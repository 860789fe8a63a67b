"""The models of a workspace: what there is, what one holds, how two differ."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.log import logger
from baogao.records import read_json
from baogao.workspace import Workspace


class Model(msgspec.Struct, kw_only=True):
    """A folder below models/. kind: pipeline, entities, sections, segmenter; size in bytes."""

    name: str
    path: str
    kind: str
    version: str | None
    size: int
    labels: dict[str, list[str]]
    meta: dict[str, Any]


def list_models(workspace: Workspace) -> list[Model]:
    """The models of the workspace, sorted by name; folders that hold none are passed over, broken ones with
    a warning."""
    found = []
    for folder in sorted(path for path in workspace.models.glob("*") if path.is_dir()):
        try:
            model = _read(folder) if folder.name[0] != "." else None
        except InputError as error:
            logger.warning("left out: %s", error)
            continue
        if model is not None:
            found.append(model)
    return found


def show_model(workspace: Workspace, name: str) -> Model:
    """One model by its name below models/, or by the path of its folder. Raises InputError."""
    for folder in (workspace.models / name, Path(name)):
        if folder.is_dir():
            model = _read(folder)
            if model is None:
                raise InputError("holds no model", file=folder, todo="name a folder with a meta.json")
            return model
    known = ", ".join(model.name for model in list_models(workspace)) or "none"
    raise InputError(f"no model {name!r}", todo=f"name one of models/ ({known}) or a folder")


def compare_models(one: Model, other: Model) -> list[tuple[str, Any, Any]]:
    """Where two models differ: (what, value of one, value of the other), nested settings by dotted names."""
    left, right = dict(_flat(_facts(one))), dict(_flat(_facts(other)))
    names = dict.fromkeys([*left, *right])
    return [(name, left.get(name), right.get(name)) for name in names if left.get(name) != right.get(name)]


def _facts(model: Model) -> dict[str, Any]:
    facts = {"kind": model.kind, "version": model.version, "size": model.size, "labels": model.labels}
    return facts | {key: value for key, value in model.meta.items() if key not in ("labels", "version")}


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, some in value.items():
            yield from _flat(some, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _read(folder: Path) -> Model | None:
    meta = _json(folder / "meta.json")
    if meta is None:
        if not (folder / "features.msgpack").is_file():  # what pkuseg writes
            return None
        meta = {}
    if "pipeline" in meta:
        kind = "pipeline" if "baogao_sections" in meta["pipeline"] else "entities"
        labels = {key: list(values) for key, values in (meta.get("labels") or {}).items() if values}
    elif meta.get("kind") == "sections":
        kind, labels = "sections", {"sections": list(meta["labels"])}
    else:
        kind, labels = "segmenter", {}
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Model(
        name=folder.name, path=str(folder), kind=kind, version=meta.get("version"), size=size, labels=labels,
        meta=meta,
    )  # fmt: skip


def _json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    return read_json(path, dict[str, Any], "JSON", todo="train the model again")
