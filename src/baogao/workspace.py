"""A workspace: one collection of reports with its labels, models and scores, in five folders."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from baogao.errors import InputError
from baogao.files import read_bytes
from baogao.records import LabelledBlock, Report, read_labelled, read_manifest

Config = TypeVar("Config")
ValueKind = Literal["institution", "document", "quantity"]


class Label(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One label of annotations/labels.toml: `key` in doccano, `value` how its spans are read."""

    name: str
    zh: str
    description: str
    color: str
    key: str | None = None
    value: ValueKind | None = None

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or not self.name.isprintable():
            raise ValueError(f"name {self.name!r} is empty, or has blanks at its ends or line breaks")
        if (
            len(self.color) != 7
            or self.color[0] != "#"
            or set(self.color[1:].lower()) - set("0123456789abcdef")
        ):
            raise ValueError(f"color {self.color!r} of {self.name} is not #rrggbb")
        if self.key is not None and (
            len(self.key) != 1 or self.key not in "0123456789abcdefghijklmnopqrstuvwxyz"
        ):
            raise ValueError(f"key {self.key!r} of {self.name} is not one of 0-9a-z")


class Labels(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """annotations/labels.toml: section labels and entity labels, in the order annotators see them."""

    section: list[Label]
    entity: list[Label]

    def __post_init__(self) -> None:
        for what, labels in (("section", self.section), ("entity", self.entity)):
            for field in ("name", "key"):
                values = [getattr(label, field) for label in labels if getattr(label, field) is not None]
                for value in values:
                    if values.count(value) > 1:
                        raise ValueError(f"two {what} labels share the {field} {value!r}")

    @property
    def sections(self) -> list[str]:
        return [label.name for label in self.section]

    @property
    def entities(self) -> list[str]:
        return [label.name for label in self.entity]


def read_config(path: Path, kind: type[Config]) -> Config:
    """A TOML file as `kind` (a msgspec struct). Raises InputError naming file, field and what is wrong."""
    try:
        return msgspec.convert(tomllib.loads(read_bytes(path).decode("utf-8-sig")), kind)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"not TOML ({error})", file=path, todo="mend the line it names") from error
    except msgspec.ValidationError as error:
        what, _, field = str(error).partition(" - at ")
        raise InputError(
            what, file=path, field=field.strip("`").removeprefix("$.") or None, todo="mend it"
        ) from error


@dataclass(frozen=True)
class Workspace:
    """Where things are below `root`. Making one reads nothing."""

    root: Path

    @classmethod
    def find(cls, start: str | Path | None = None) -> Workspace:
        """The workspace of folder `start`, or of the nearest folder above the current one when None."""
        here = Path(start) if start is not None else Path.cwd()
        for folder in [here] if start is not None else [here, *here.parents]:
            if (folder / "annotations" / "labels.toml").is_file():
                return cls(folder.resolve())
        raise InputError(
            "is not a baogao workspace (no annotations/labels.toml)", file=here,
            todo="make one with: baogao init DIR, or name one with --workspace DIR",
        )  # fmt: skip

    @property
    def corpus(self) -> Path:
        return self.root / "corpus"

    @property
    def annotations(self) -> Path:
        return self.root / "annotations"

    @property
    def training(self) -> Path:
        return self.root / "training"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def evaluate(self) -> Path:
        return self.root / "evaluate"

    def labels(self) -> Labels:
        return read_config(self.annotations / "labels.toml", Labels)

    def config(self, path: str, kind: type[Config]) -> Config:
        """A TOML file of the workspace, by its path below the root."""
        return read_config(self.root / path, kind)

    def reports(self) -> list[Report]:
        """The manifest; empty when there is none yet."""
        path = self.corpus / "manifest.jsonl"
        return read_manifest(path) if path.exists() else []

    def labelled(self, folder: str) -> dict[str, list[LabelledBlock]]:
        """Labelled blocks of annotations/`folder` (gold, practice, passes/a …) by report, checked against
        the labels; a file a report, named by its id, and no id in two files."""
        labels = self.labels()
        found: dict[str, list[LabelledBlock]] = {}
        for path in self.labelled_files(folder):
            blocks = read_labelled(path, sections=labels.sections, labels=labels.entities)
            for block in blocks:
                if block.report != path.stem:
                    raise InputError(
                        f"block {block.id!r} belongs to report {block.report!r}", file=path, field="report",
                        todo="keep one file a report, named by its id",
                    )  # fmt: skip
            found[path.stem] = blocks
        return found

    def labelled_files(self, folder: str) -> list[Path]:
        """The files that `labelled(folder)` reads, sorted."""
        paths = (self.annotations / folder).glob("*.jsonl")
        return sorted(path for path in paths if path.name != "manifest.jsonl")


_LABELS = ("annotations/gold", "annotations/passes", "annotations/practice")
_SOURCES = ("corpus/reports", "corpus/manifest.jsonl")


def protect_sources(
    path: str | Path | None, inputs: Iterable[str | Path] = (), *, force: bool | None = None
) -> None:
    """Raise InputError when writing `path` would replace one of the `inputs`, or what nothing can make again:
    labels, raw reports or the manifest of a workspace. Commands that have --force say with `force` whether it
    was given; it lets labels be replaced, and nothing else."""
    if path is None or str(path) == "-" or not Path(path).is_file():
        return
    if any(Path(each).exists() and Path(each).samefile(path) for each in inputs if str(each) != "-"):
        raise InputError("is what is read", file=path, todo="name another file to write")
    whole = Path(path).resolve()
    for root in whole.parents:
        if (root / "annotations" / "labels.toml").is_file():
            if any(whole.is_relative_to(root / place) for place in _SOURCES):
                raise InputError("is a source of the corpus", file=path, todo="name another file to write")
            if not force and any(whole.is_relative_to(root / place) for place in _LABELS):
                more = ", or add --force" if force is not None else ""
                raise InputError("holds labels", file=path, todo=f"name another --output{more}")
