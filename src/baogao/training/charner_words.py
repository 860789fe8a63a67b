"""Where the entity model's words come from, in a form that can be saved with it."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import srsly

from baogao.errors import InputError
from baogao.files import read_bytes
from baogao.training.segmenter import load_cutter

SEGMENTER_FILES = ("features.msgpack", "weights.npz")


def segmenter_files(model: str | Path) -> dict[str, bytes]:
    """The files of a pkuseg model, given by its folder or its published name: features compressed and
    without the pairs of words that only training looks at, weights as they are."""
    from spacy_pkuseg.config import config

    load_cutter(model)  # downloads a published one, and tells what is wrong with a folder
    folder = Path(model)
    if str(model) in config.available_models:
        folder = Path(config.pkuseg_home) / str(model)
    missing = [name for name in SEGMENTER_FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(f"no {missing[0]} in it", file=folder, todo="train one: baogao training segmenter")
    files = {name: read_bytes(folder / name) for name in SEGMENTER_FILES}
    features = srsly.msgpack_loads(files.pop("features.msgpack"))
    small = srsly.msgpack_dumps({**features, "bigram": []})
    return files | {"features.msgpack.gz": gzip.compress(small, mtime=0)}


def load_words(source: str | None, folder: Path) -> Callable[[Sequence[str]], list[list[str]]] | None:
    """What cuts the texts of a saved model into words: "pkuseg" from `folder`, "jieba" from its package,
    None for none."""
    if source is None:
        return None
    return load_cutter("jieba" if source == "jieba" else folder)
