"""The word segmenter: spacy-pkuseg trained from the workspace's own labelled text.

The wheel of spacy-pkuseg carries no model and its published ones come from outside, so the default is a
model trained here: jieba cuts the labelled text into words, every edge of a gold entity cuts it again, and
pkuseg (Luo et al. 2019, PKUSEG: A Toolkit for Multi-Domain Chinese Word Segmentation) learns that.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from baogao.errors import InputError
from baogao.files import sha256, write_atomic, write_folder
from baogao.records import Entity, LabelledBlock
from baogao.training.pkuseg_decode import fast_cut
from baogao.workspace import Workspace, read_config

Segmenter = Callable[[str], list[str]]
_FILES = ("features.msgpack", "weights.npz")


class SegmenterConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """training/segmenter.toml. `model` is a folder, a published pkuseg name or "jieba"; None trains one on
    the labelled blocks of the folders `train_on` below annotations/."""

    model: str | None = None
    train_on: tuple[str, ...] = ("gold",)
    iterations: int = 2


def make_segmenter(
    workspace: Workspace,
    *,
    held_out: Collection[str] = (),
    output: Path | None = None,
    force: bool = False,
) -> str | Path:
    """The segmenter that training/segmenter.toml asks for: its `model`, or one trained without the reports
    `held_out` in the folder `output` (models/segmenter when None), unless it is there and up to date.

    A `model` with a slash is a path below the workspace's root or an absolute one.
    """
    config = _config(workspace)
    if config.model is not None:
        place = workspace.root / config.model if "/" in config.model else config.model
        load_segmenter(place)  # a wrong name is told now, not after training
        return place
    blocks = [
        block
        for folder in config.train_on
        for report, found in workspace.labelled(folder).items()
        if report not in held_out
        for block in found
    ]
    if not blocks:  # a collection whose only labels are the ones held out, or none of that kind yet
        gold = workspace.labelled("gold")
        blocks = [block for report, found in gold.items() if report not in held_out for block in found]
    output = output or workspace.models / "segmenter"
    made_from = output / "made-from.txt"
    key = sha256(repr((config.iterations, [(b.text, b.entities) for b in blocks])).encode())
    if force or not made_from.is_file() or made_from.read_text() != key:
        train_segmenter(blocks, output, iterations=config.iterations)
        with write_atomic(made_from) as handle:
            handle.write(key)
    return output


def sees(workspace: Workspace, report: str) -> bool:
    """Whether the segmenter of models/segmenter learns from `report`, so that a fold must train its own."""
    config = _config(workspace)
    if config.model is not None:
        return False
    folders = [workspace.labelled(folder) for folder in config.train_on]
    return any(report in found for found in folders) or not any(folders)


def _config(workspace: Workspace) -> SegmenterConfig:
    path = workspace.training / "segmenter.toml"
    return read_config(path, SegmenterConfig) if path.exists() else SegmenterConfig()


def jieba_words(text: str) -> list[str]:
    """jieba's words of `text`."""
    return _jieba().lcut(text)


@functools.cache
def _jieba() -> Any:
    """jieba with the dictionary of its package. By itself it would keep a copy in the folder for temporary
    files and read whatever stands there under that name, whoever wrote it."""
    import jieba

    tokenizer = jieba.Tokenizer()
    with tokenizer.get_dict_file() as file:
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(file)
    tokenizer.initialized = True
    return tokenizer


def silver_words(text: str, entities: Iterable[Entity] = ()) -> list[str]:
    """jieba's words of `text`, cut again at every entity edge; they concatenate to `text`."""
    edges = {0, len(text)}
    for start, end in _offsets(jieba_words(text)):
        edges |= {start, end}
    for entity in entities:
        edges |= {entity.start, entity.end}
    ordered = sorted(edges)
    return [text[a:b] for a, b in zip(ordered, ordered[1:], strict=False)]


def train_segmenter(blocks: Sequence[LabelledBlock], output: Path, *, iterations: int = 2) -> Path:
    """Train a pkuseg model on the silver words of `blocks` and write it to the folder `output`.

    Raises InputError when there is no text to learn from.
    """
    import random

    import numpy as np
    import spacy_pkuseg
    from spacy_pkuseg.config import config

    lines = [
        " ".join(words)
        for block in blocks
        if (words := [w for w in silver_words(block.text, block.entities) if not w.isspace()])
    ]
    if not lines:
        raise InputError("no labelled text to train the segmenter on", todo="label a report first")
    with write_folder(output, known_by="weights.npz") as folder:
        corpus = folder / "silver.txt"
        corpus.write_text("\n".join(lines), encoding="utf-8")
        sample = folder / "sample.txt"  # pkuseg wants a test file; it only prints that score
        sample.write_text(lines[0], encoding="utf-8")
        config.featureTrim = 1  # features seen once: half of the model, nothing of its agreement
        config.nUpdate = min(10, len(lines))  # it divides the lines by its ten updates a pass
        state = random.getstate()
        random.seed(0)  # pkuseg shuffles by the global generator
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                spacy_pkuseg.train(str(corpus), str(sample), str(folder), train_iter=iterations)
        finally:
            random.setstate(state)
        weights = folder / "weights.npz"
        with np.load(weights, allow_pickle=False) as arrays:
            small = {name: arrays[name] for name in arrays}
        small["w"] = small["w"].astype(np.float32).astype(np.float64)  # half the bits compress away
        np.savez_compressed(weights, **small)
        for file in folder.iterdir():
            if file.name not in _FILES:
                file.unlink()
    return output


def load_segmenter(model: str | Path) -> Segmenter:
    """A function from text to words that concatenate to the text, white space included."""
    cut = load_cutter(model)
    return lambda text: cut([text])[0]


def load_cutter(model: str | Path) -> Callable[[Sequence[str]], list[list[str]]]:
    """`load_segmenter` for many texts at once, which is many times as fast.

    `model` is a folder with features.msgpack and weights.npz, a published pkuseg name (spacy_ontonotes,
    news, web, …), which pkuseg downloads, or "jieba". A folder in pkuseg's old pickle format is refused:
    unpickling runs what the file says.
    """
    if str(model) == "jieba":
        return lambda texts: [jieba_words(text) for text in texts]
    import spacy_pkuseg
    from spacy_pkuseg.config import config

    name = str(model)
    if name not in config.available_models:
        missing = [file for file in _FILES if not (Path(model) / file).is_file()]
        if missing:
            raise InputError(
                f"no {missing[0]} in it", file=model,
                todo="name a folder that `baogao training segmenter` wrote or a published pkuseg model",
            )  # fmt: skip
    # Without a user dictionary nothing is unpickled; the one in the wheel only joins common phrases.
    return fast_cut(spacy_pkuseg.pkuseg(name, user_dict=None))


def inexpressible(blocks: Iterable[LabelledBlock], segmenter: Segmenter) -> list[tuple[str, Entity]]:
    """(block id, entity) for every entity that begins or ends inside a word of the segmenter."""
    found = []
    for block in blocks:
        if block.entities:
            edges = {edge for span in _offsets(segmenter(block.text)) for edge in span}
            found += [(block.id, e) for e in block.entities if e.start not in edges or e.end not in edges]
    return found


def report_inexpressible(workspace: Workspace, segmenter: Segmenter) -> str:
    """One line: how many gold and practice entities begin or end inside a word, and the first few."""
    blocks = [b for name in ("gold", "practice") for v in workspace.labelled(name).values() for b in v]
    texts = {block.id: block.text for block in blocks}
    total = sum(len(block.entities) for block in blocks)
    lost = inexpressible(blocks, segmenter)
    shown = ", ".join(f"{id} {texts[id][e.start : e.end]!r}" for id, e in lost[:3])
    some = f" ({shown} …), which costs a model of characters nothing" if lost else ""
    return f"{len(lost)} of {total} entities begin or end inside a word{some}"


def _offsets(words: Iterable[str]) -> Iterable[tuple[int, int]]:
    start = 0
    for word in words:
        yield start, start + len(word)
        start += len(word)
