"""Embeddings from plain text: the encoder of the entity model learns to guess hidden characters.

A masked language model (Devlin et al., NAACL 2019) small enough for one core: the encoder of
`charner_network` without words and rules, trained to name characters hidden in runs of one to three. What
it has learned (character and pair embeddings and the convolutions over them) is one file of a few megabytes;
`load_embeddings` starts an entity model from it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from thinc.api import Adam, Model, fix_random_seed, set_dropout_rate, warmup_linear

from baogao.errors import InputError
from baogao.files import read_bytes, write_atomic
from baogao.progress import track
from baogao.training.charner_network import char_encoder
from baogao.training.charner_wide import add_grad, get_param, random_generator, set_param
from baogao.training.features import CharFeatures, featurise

_PIECE = 220  # characters of a training text, about
_OWN = ("edges", "rules", "words")  # tables of the encoder that plain text says nothing about
_RUNS = ((1, 2, 3), (0.55, 0.35, 0.10))  # lengths of hidden runs, and how often
_BLANKS = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])|\s+(?=\s)")


class EncoderShape(msgspec.Struct, kw_only=True, frozen=True):
    """The shape of an encoder; an entity model that starts from the embeddings has the same."""

    width: int = 96
    depth: int = 4
    char_width: int = 64
    pair_width: int = 32
    dilations: tuple[int, ...] = (1, 1, 1, 1)


@dataclass(frozen=True)
class Pretrained:
    """What training said: share of hidden characters guessed and mean loss in nats, last hundred steps."""

    characters: int
    steps: int
    accuracy: float
    loss: float


def train_embeddings(
    files: Sequence[Path],
    output: Path,
    *,
    shape: EncoderShape | None = None,
    epochs: int = 3,
    batch: int = 5000,
    hidden: float = 0.18,
    learn_rate: float = 0.003,
    pair_min_count: int = 12,
    seed: int = 0,
) -> Pretrained:
    """Learn from plain text and write a file for `load_embeddings` (.npz, half precision).

    `files` are .txt (a paragraph a line) or .jsonl with a field `text`, either with .gz. `hidden` is the
    share of characters to guess. Characters that occur twice and pairs that occur `pair_min_count` times
    get embeddings. The same files and seed give the same bytes on the same machine. Raises InputError.
    """
    shape = shape or EncoderShape()
    texts = list(dict.fromkeys(piece for file in files for piece in read_texts(file)))
    if sum(map(len, texts)) < batch:
        raise InputError(
            f"{sum(map(len, texts))} characters of text are too few", todo=f"give at least {batch}"
        )
    fix_random_seed(seed)
    rng = np.random.default_rng(seed)
    features = [featurise(text, combined=False) for text in texts]
    encoder = char_encoder(
        **msgspec.structs.asdict(shape), word_width=1, unseen=0.0, word_dropout=0.0, min_count=2,
    )  # fmt: skip
    encoder.initialize(X=features)
    _drop_rare_pairs(encoder, features, pair_min_count)
    chars = encoder.attrs["vocabulary"]["chars"]
    head = _guess_layer(len(chars) + 1, shape.width)
    total = max(1, int(epochs * sum(map(len, texts)) / batch))
    rates: Any = warmup_linear(learn_rate, min(100, total // 4), total)
    optimizer = Adam(rates, grad_clip=5.0, use_averages=True)
    set_dropout_rate(encoder, 0.1)
    right, losses = [], []
    steps = _batches(features, batch, rng)
    for _, chosen in zip(track(range(total), "embeddings", total=total), steps, strict=False):
        masks = [_hide(f.length, hidden, rng) for f in chosen]
        states, backprop = encoder.begin_update([_masked(f, m) for f, m in zip(chosen, masks, strict=True)])
        wanted = np.searchsorted(chars, np.concatenate([f.chars for f in chosen]))
        wanted[wanted == len(chars)] = 0
        known = chars[wanted] == np.concatenate([f.chars for f in chosen])
        places = np.flatnonzero(np.concatenate(masks) & known)
        if not len(places):
            continue
        d_states = np.zeros_like(states)
        accuracy, loss, d_states[places] = _guess(head, states[places], wanted[places] + 1)
        backprop(d_states)
        encoder.finish_update(optimizer)
        head.finish_update(optimizer)
        optimizer.step_schedules()
        right.append(accuracy)
        losses.append(loss)
    with encoder.use_params(optimizer.averages):
        save_embeddings(encoder, output)
    return Pretrained(
        sum(map(len, texts)), total, float(np.mean(right[-100:])), float(np.mean(losses[-100:]))
    )


def read_texts(path: Path) -> Iterator[str]:
    """Pieces of about 220 characters, cut at sentence ends, without the blanks that pages put between
    Chinese characters."""
    data = read_bytes(path)
    name = path.name
    if name.endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise InputError("not a gzip file", file=path, todo="compress it again") from error
        name = name[:-3]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("not UTF-8 text", file=path, todo="save it as UTF-8") from error
    lines: Iterable[str] = text.splitlines()
    if name.endswith(".jsonl"):
        lines = _jsonl_texts(text, path)
    for line in lines:
        yield from _pieces(_BLANKS.sub("", line.strip()))


def _jsonl_texts(text: str, path: Path) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield from json.loads(line)["text"].splitlines()
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise InputError(
                    "not a JSON object with a text", file=path, line=number, field="text",
                    todo="write one object a line",
                ) from error  # fmt: skip


def _pieces(line: str) -> Iterator[str]:
    piece = ""
    for sentence in re.split(r"(?<=[。；;！!？?])", line):
        if piece and len(piece) + len(sentence) > _PIECE:
            yield piece
            piece = ""
        piece += sentence
    if len(piece) > 3:
        yield piece[: 2 * _PIECE]


def save_embeddings(encoder: Model, output: Path) -> None:
    """What plain text taught an encoder, as .npz in half precision, whole or not at all."""
    arrays: dict[str, NDArray] = {
        "vocabulary.chars": encoder.attrs["vocabulary"]["chars"],
        "vocabulary.pairs": encoder.attrs["vocabulary"]["pairs"],
        "widths": np.array(encoder.attrs["widths"]),
        "dilations": np.array(encoder.attrs["dilations"]),
    }
    for name in encoder.param_names:
        if name not in _OWN:
            arrays[name] = np.asarray(get_param(encoder, name)).astype(np.float16)
    with write_atomic(output, "wb") as handle:
        np.savez_compressed(handle, allow_pickle=False, **arrays)


def load_embeddings(encoder: Model, path: Path) -> None:
    """Start an initialised encoder from a file of `train_embeddings`: what both know is overwritten, and
    characters and pairs that only the file knows are added. Raises InputError when the shapes differ."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        _check_shape(encoder, arrays, path)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            "not a file of embeddings", file=path, todo="make one: baogao training embeddings TEXT..."
        ) from error
    rng = random_generator()
    for table in ("chars", "pairs"):
        _merge_table(encoder, table, arrays[f"vocabulary.{table}"], arrays[table].astype(np.float32), rng)
    weight = get_param(encoder, "in_weight").copy()
    learned = arrays["in_weight"].astype(np.float32)
    widths = encoder.attrs["widths"]
    ours = theirs = 0
    for index, (width, their_width) in enumerate(zip(widths, arrays["widths"], strict=True)):
        if index in (0, 1, 2, 6):  # characters, pairs, pairs before, kinds: see charner_network._TABLES
            weight[ours : ours + width] = learned[theirs : theirs + width]
        ours, theirs = ours + width, theirs + int(their_width)
    set_param(encoder, "in_weight", weight)
    for name in encoder.param_names:
        if name not in (*_OWN, "chars", "pairs", "in_weight"):
            set_param(encoder, name, arrays[name].astype(np.float32))


def _check_shape(encoder: Model, arrays: dict[str, NDArray], path: Path) -> None:
    shared = [0, 1, 2, 6]
    theirs = {
        "width": arrays["in_weight"].shape[1],
        "dilations": arrays["dilations"].tolist(),
        "widths": arrays["widths"][shared].tolist(),
    }
    ours = {
        "width": encoder.get_dim("nO"),
        "dilations": list(encoder.attrs["dilations"]),
        "widths": [encoder.attrs["widths"][i] for i in shared],
    }
    for name, value in ours.items():
        if value != theirs[name]:
            raise InputError(
                f"the embeddings have {name} {theirs[name]}, the model {value}", file=path, field=name,
                todo="give the model the shape of the embeddings, or make new ones",
            )  # fmt: skip


def _merge_table(
    encoder: Model, table: str, keys: NDArray, rows: NDArray[np.float32], rng: np.random.Generator
) -> None:
    """Rows of the file for what it knows; what only training knows starts small."""
    union = np.union1d(encoder.attrs["vocabulary"][table], keys)
    merged = rng.standard_normal((len(union) + 1, rows.shape[1])) * (0.3 * rows[1:].std())
    merged[0] = rows[0]
    merged[1 + np.searchsorted(union, keys)] = rows[1:]
    encoder.attrs["vocabulary"] = {**encoder.attrs["vocabulary"], table: union}
    set_param(encoder, table, merged.astype(np.float32))


def _drop_rare_pairs(encoder: Model, features: Sequence[CharFeatures], least: int) -> None:
    values, counts = np.unique(np.concatenate([f.pairs for f in features]), return_counts=True)
    kept = values[counts >= least]
    encoder.attrs["vocabulary"] = {**encoder.attrs["vocabulary"], "pairs": kept}
    set_param(encoder, "pairs", get_param(encoder, "pairs")[: len(kept) + 1].copy())


def _batches(
    features: Sequence[CharFeatures], size: int, rng: np.random.Generator
) -> Iterator[list[CharFeatures]]:
    """Batches of texts of like length, epoch after epoch."""
    lengths = np.array([f.length for f in features])
    while True:
        order = np.argsort(lengths + rng.random(len(lengths)) * 80, kind="stable")
        cuts = np.flatnonzero(np.diff(np.cumsum(lengths[order]) // size)) + 1
        batches = np.split(order, cuts)
        for index in rng.permutation(len(batches)):
            yield [features[i] for i in batches[index]]


def _hide(length: int, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which characters to hide."""
    mean = float(np.dot(*_RUNS))
    count = max(1, round(length * share / mean))
    starts = rng.integers(0, length, count)
    sizes = rng.choice(_RUNS[0], size=count, p=_RUNS[1])
    mask = np.zeros(length, dtype=bool)
    for step in range(max(_RUNS[0])):
        places = starts + step
        mask[places[(sizes > step) & (places < length)]] = True
    return mask


def _masked(features: CharFeatures, mask: NDArray[np.bool_]) -> CharFeatures:
    """The same text with the hidden characters unknown, alone and in pairs."""
    pair = mask.copy()
    pair[:-1] |= mask[1:]
    return replace(
        features,
        chars=np.where(mask, -1, features.chars),
        pairs=np.where(pair, np.uint64(0), features.pairs),
        kinds=np.where(mask, 0, features.kinds),
    )


def _guess_layer(size: int, width: int) -> Model:
    def forward(model: Model, X: NDArray[np.float32], is_train: bool) -> tuple[NDArray[np.float32], Any]:
        weight = get_param(model, "weight")

        def backprop(gradient: NDArray[np.float32]) -> NDArray[np.float32]:
            add_grad(model, "weight", X.T @ gradient)
            add_grad(model, "bias", gradient.sum(axis=0))
            return gradient @ weight.T

        return X @ weight + get_param(model, "bias"), backprop

    model: Model = Model("guess", forward, params={"weight": None, "bias": None})
    scale = 0.1
    set_param(model, "weight", (random_generator().standard_normal((width, size)) * scale).astype(np.float32))
    set_param(model, "bias", np.zeros(size, dtype=np.float32))
    return model


def _guess(
    head: Model, states: NDArray[np.float32], wanted: NDArray[np.int64]
) -> tuple[float, float, NDArray[np.float32]]:
    """Softmax over characters: share right, mean loss, and its gradient in the states."""
    scores, backprop = head(states, is_train=True)
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    rows = np.arange(len(wanted))
    accuracy = float((scores.argmax(axis=1) == wanted).mean())
    loss = float(-np.log(scores[rows, wanted] + 1e-9).mean())
    scores[rows, wanted] -= 1.0
    scores /= len(wanted)
    return accuracy, loss, backprop(scores)
