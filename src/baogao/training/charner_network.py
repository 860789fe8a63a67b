"""The network under the entity model, as thinc models over NumPy: characters in, tag scores out.

A convolutional encoder over character, character-pair, word, edge and rule embeddings (as Strubell et al.,
EMNLP 2017, tag with convolutions what others tag with LSTMs), beside it a linear layer over the hashed
feature combinations of a classical CRF (Cheng et al., DLRS 2016, call the pair wide and deep). Texts of a
batch lie one after the other with empty rows between them, so that every layer is one matrix product.
All of it stays on the CPU, also where spaCy was given a GPU for other components.
"""

# No `from __future__ import annotations`: the config system reads the types of registered functions.
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from thinc.api import Model, NumpyOps

from baogao.training.charner_wide import (
    add_grad,
    get_param,
    known_values,
    random_generator,
    set_param,
    wide_layer,
)
from baogao.training.features import EDGES, KINDS, CharFeatures, find_sorted, gapped

Floats = NDArray[np.float32]
Backprop = Callable[[Floats], list]
_PART = 1000  # characters that prediction takes through the layers at once: what stays in a core's cache
_TABLES = ("chars", "pairs", "pairs", "words", "edges", "rules", "kinds")  # the parts of an input row


def char_tagger(
    *,
    width: int = 96,
    depth: int = 4,
    char_width: int = 64,
    pair_width: int = 32,
    word_width: int = 32,
    dilations: Sequence[int] = (1, 1, 1, 1),
    unseen: float = 0.05,
    word_dropout: float = 0.2,
    min_count: int = 2,
    wide: bool = True,
    wide_min_count: int = 5,
) -> Model[list[CharFeatures], Floats]:
    """Scores of tags, packed: (characters of all texts, tags); the parameter `transitions` is for the CRF.

    `width`, `depth` and `dilations` (reach of each layer to its sides) shape the encoder. `unseen` is how
    often training hides a character, and three times as often a pair, so that what is new later has been
    practised; `word_dropout` does so for words and edges. What occurs fewer than `min_count` times in
    training has no embedding of its own. `wide` adds the linear layer, for what occurs `wide_min_count`
    times.
    """
    if len(dilations) != depth:
        raise ValueError(f"{depth} layers need {depth} dilations, not {len(dilations)}")
    encoder = char_encoder(
        width=width, depth=depth, char_width=char_width, pair_width=pair_width, word_width=word_width,
        dilations=dilations, unseen=unseen, word_dropout=word_dropout, min_count=min_count,
    )  # fmt: skip
    layers: list[Model] = [encoder, output_layer()]
    if wide:
        layers.append(wide_layer(min_count=wide_min_count))
    return Model(
        "char_tagger",
        _tag,
        ops=NumpyOps(),
        init=_init_tagger,
        layers=layers,
        params={"transitions": None},
        dims={"nO": None},
    )


def char_encoder(
    *,
    width: int,
    depth: int,
    char_width: int,
    pair_width: int,
    word_width: int,
    dilations: Sequence[int],
    unseen: float,
    word_dropout: float,
    min_count: int,
) -> Model[list[CharFeatures], Floats]:
    """Hidden states, packed: (characters of all texts, width)."""
    widths = (char_width, pair_width, pair_width, word_width, 8, 8, 4)
    layers = [f"{name}{layer}" for layer in range(depth) for name in ("weight", "bias", "gain", "shift")]
    names = [*dict.fromkeys(_TABLES), "in_weight", "in_bias", "in_gain", "in_shift", *layers]
    return Model(
        "char_encoder",
        _encode,
        ops=NumpyOps(),
        init=_init_encoder,
        params=dict.fromkeys(names),
        dims={"nO": width},
        attrs={
            "widths": list(widths),
            "dilations": list(dilations),
            "unseen": unseen,
            "word_dropout": word_dropout,
            "dropout_rate": 0.0,
            "min_count": min_count,
            "vocabulary": {},
        },
    )


def output_layer() -> Model[Floats, Floats]:
    """A linear layer that starts small."""
    return Model(
        "char_output",
        _output,
        ops=NumpyOps(),
        init=_init_output,
        params={"weight": None, "bias": None},
        dims={"nO": None},
    )


# ---- the whole


def _init_tagger(model: Model, X: list[CharFeatures] | None = None, Y: Any = None) -> Model:
    if X is None or not model.has_dim("nO") or model.has_param("transitions"):
        return model
    tags = model.get_dim("nO")
    encoder, output, *wide = model.layers
    encoder.initialize(X)
    output.set_dim("nO", tags)
    output.initialize(encoder.predict(X[:1]))
    for layer in wide:
        layer.set_dim("nO", tags)
        layer.initialize(X)
    set_param(model, "transitions", np.zeros((tags, tags), dtype=np.float32))
    return model


def _tag(model: Model, X: list[CharFeatures], is_train: bool) -> tuple[Floats, Backprop]:
    if not is_train and len(X) > 1 and sum(f.length for f in X) > _PART:
        halves = X[: len(X) // 2], X[len(X) // 2 :]
        return np.concatenate([_tag(model, half, False)[0] for half in halves]), lambda d_scores: []
    encoder, output, *wide = model.layers
    hidden, back_encoder = encoder(X, is_train)
    scores, back_output = output(hidden, is_train)
    backs = []
    for layer in wide:
        more, back = layer(X, is_train)
        scores = scores + more
        backs.append(back)

    def backprop(d_scores: Floats) -> list:
        for back in backs:
            back(d_scores)
        return back_encoder(back_output(d_scores))

    return scores, backprop


# ---- the encoder


def _init_encoder(model: Model, X: list[CharFeatures] | None = None, Y: Any = None) -> Model:
    if X is None or model.has_param("in_weight"):
        return model
    rng = random_generator()
    least = model.attrs["min_count"]
    vocabulary = {
        "chars": known_values((f.chars for f in X), least),
        "pairs": known_values((f.pairs for f in X), least),
        "words": known_values((f.words for f in X), least),
    }
    model.attrs["vocabulary"] = vocabulary
    rows = {name: len(keys) + 1 for name, keys in vocabulary.items()}
    rows |= {
        "edges": EDGES,
        "kinds": KINDS,
        "rules": 1 + max((int(f.rules.max()) for f in X if f.length), default=0),
    }
    rows["rules"] = -(-(rows["rules"] - 1) // 4) * 4 + 1  # B, I, E and S of every rule
    widths = model.attrs["widths"]
    width = model.get_dim("nO")
    for name, columns in dict(zip(_TABLES, widths, strict=True)).items():
        set_param(model, name, _normal(rng, (rows[name], columns), 0.3))
    set_param(model, "in_weight", _normal(rng, (sum(widths), width), sum(widths) ** -0.5))
    set_param(model, "in_bias", np.zeros(width, dtype=np.float32))
    set_param(model, "in_gain", np.ones(width, dtype=np.float32))
    set_param(model, "in_shift", np.zeros(width, dtype=np.float32))
    for layer in range(len(model.attrs["dilations"])):
        set_param(model, f"weight{layer}", _normal(rng, (3 * width, 2 * width), (3 * width) ** -0.5))
        set_param(model, f"bias{layer}", np.zeros(2 * width, dtype=np.float32))
        set_param(model, f"gain{layer}", np.ones(width, dtype=np.float32))
        set_param(model, f"shift{layer}", np.zeros(width, dtype=np.float32))
    return model


def _encode(model: Model, X: list[CharFeatures], is_train: bool) -> tuple[Floats, Backprop]:
    rng = random_generator() if is_train else None
    dropout = model.attrs["dropout_rate"] if is_train else 0.0
    gap = max(model.attrs["dilations"])
    rows = gapped([f.length for f in X], gap)
    size = int(rows[-1]) + 1 + gap
    ids = _input_ids(model, X, rows, size, rng)
    empty = np.ones(size, dtype=bool)
    empty[rows] = False
    inputs = np.concatenate([get_param(model, name)[ids[i]] for i, name in enumerate(_TABLES)], axis=1)
    input_mask = _dropout_mask(rng, inputs.shape, dropout)
    if input_mask is not None:
        inputs *= input_mask
    hidden = inputs @ get_param(model, "in_weight")
    hidden += get_param(model, "in_bias")
    hidden, back_norm = _layer_norm(model, "in_gain", "in_shift", hidden)
    hidden[empty] = 0.0
    backs = []
    for layer, reach in enumerate(model.attrs["dilations"]):
        step, back = _convolve(model, layer, reach, hidden, _dropout_mask(rng, hidden.shape, dropout))
        hidden += step
        hidden[empty] = 0.0
        backs.append(back)

    def backprop(d_output: Floats) -> list:
        d_hidden = np.zeros_like(hidden)
        d_hidden[rows] = d_output
        for back in reversed(backs):
            d_hidden += back(d_hidden)
            d_hidden[empty] = 0.0
        d_hidden = back_norm(d_hidden)
        add_grad(model, "in_weight", inputs.T @ d_hidden)
        add_grad(model, "in_bias", d_hidden.sum(axis=0))
        d_inputs = d_hidden @ get_param(model, "in_weight").T
        if input_mask is not None:
            d_inputs *= input_mask
        first = 0
        for i, name in enumerate(_TABLES):
            last = first + model.attrs["widths"][i]
            table = get_param(model, name)
            add_grad(model, name, _sum_by_row(ids[i], d_inputs[:, first:last], len(table)))
            first = last
        return []

    return hidden[rows], backprop


def _input_ids(
    model: Model, X: list[CharFeatures], rows: NDArray, size: int, rng: np.random.Generator | None
) -> list[NDArray[np.int64]]:
    """Row of each table of _TABLES for each row of the batch; 0 is unknown or none."""

    def column(values: list[NDArray], keys: NDArray | None = None) -> NDArray[np.int64]:
        spread = np.zeros(size, dtype=np.int64)
        joined = np.concatenate(values)
        spread[rows] = joined if keys is None else find_sorted(keys, joined)
        return spread

    vocabulary = model.attrs["vocabulary"]
    chars = column([f.chars for f in X], vocabulary["chars"])
    pairs = column([f.pairs for f in X], vocabulary["pairs"])
    words = column([f.words for f in X], vocabulary["words"])
    edges = column([f.edges for f in X])
    rules = column([f.rules for f in X])
    rules[rules >= len(get_param(model, "rules"))] = 0  # a rule that matched nothing in training
    kinds = column([f.kinds for f in X])
    if rng is not None:
        unseen = model.attrs["unseen"]
        chars[rng.random(size) < unseen] = 0
        pairs[rng.random(size) < 3 * unseen] = 0
        words[rng.random(size) < model.attrs["word_dropout"]] = 0
        edges[rng.random(size) < model.attrs["word_dropout"] / 2] = 0
    before = np.zeros_like(pairs)
    before[1:] = pairs[:-1]
    return [chars, pairs, before, words, edges, rules, kinds]


def _convolve(
    model: Model, layer: int, reach: int, hidden: Floats, mask: Floats | None
) -> tuple[Floats, Callable[[Floats], Floats]]:
    """Window of three, maxout of two, layer norm, dropout; what it adds to `hidden`, and its gradient."""
    width = hidden.shape[1]
    window = np.zeros((len(hidden), 3 * width), dtype=np.float32)
    window[reach:, :width] = hidden[:-reach]
    window[:, width : 2 * width] = hidden
    window[:-reach, 2 * width :] = hidden[reach:]
    weight = get_param(model, f"weight{layer}")
    pieces = window @ weight
    pieces += get_param(model, f"bias{layer}")
    best = np.maximum(pieces[:, :width], pieces[:, width:])
    output, back_norm = _layer_norm(model, f"gain{layer}", f"shift{layer}", best)
    if mask is not None:
        output *= mask

    def backprop(d_output: Floats) -> Floats:
        d_best = back_norm(d_output if mask is None else d_output * mask)
        first = pieces[:, :width] > pieces[:, width:]
        d_pieces = np.empty_like(pieces)
        d_pieces[:, :width] = d_best * first
        d_pieces[:, width:] = d_best * ~first
        add_grad(model, f"weight{layer}", window.T @ d_pieces)
        add_grad(model, f"bias{layer}", d_pieces.sum(axis=0))
        d_window = d_pieces @ weight.T
        d_hidden = d_window[:, width : 2 * width].copy()
        d_hidden[:-reach] += d_window[reach:, :width]
        d_hidden[reach:] += d_window[:-reach, 2 * width :]
        return d_hidden

    return output, backprop


def _layer_norm(
    model: Model, gain_name: str, shift_name: str, x: Floats
) -> tuple[Floats, Callable[[Floats], Floats]]:
    gain = get_param(model, gain_name)
    normal = x - x.mean(axis=1, keepdims=True)
    inverse = 1.0 / np.sqrt(np.einsum("ij,ij->i", normal, normal)[:, None] / x.shape[1] + 1e-6)
    normal *= inverse

    def backprop(dy: Floats) -> Floats:
        add_grad(model, gain_name, np.einsum("ij,ij->j", dy, normal))
        add_grad(model, shift_name, dy.sum(axis=0))
        d = dy * gain
        d -= d.mean(axis=1, keepdims=True) + normal * (np.einsum("ij,ij->i", d, normal)[:, None] / d.shape[1])
        return d * inverse

    output = normal * gain
    output += get_param(model, shift_name)
    return output, backprop


# ---- the output


def _init_output(model: Model, X: Any = None, Y: Any = None) -> Model:
    if X is not None and model.has_dim("nO") and not model.has_param("weight"):
        width, tags = X.shape[1], model.get_dim("nO")
        set_param(model, "weight", _normal(random_generator(), (width, tags), 0.5 * width**-0.5))
        set_param(model, "bias", np.zeros(tags, dtype=np.float32))
    return model


def _output(model: Model, X: Floats, is_train: bool) -> tuple[Floats, Callable[[Floats], Floats]]:
    weight = get_param(model, "weight")

    def backprop(d_scores: Floats) -> Floats:
        add_grad(model, "weight", X.T @ d_scores)
        add_grad(model, "bias", d_scores.sum(axis=0))
        return d_scores @ weight.T

    return X @ weight + get_param(model, "bias"), backprop


# ---- small things


def _normal(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Floats:
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def _dropout_mask(rng: np.random.Generator | None, shape: tuple[int, ...], rate: float) -> Floats | None:
    if rng is None or not rate:
        return None
    return (rng.random(shape, dtype=np.float32) >= rate).astype(np.float32) * np.float32(1 / (1 - rate))


def _sum_by_row(rows: NDArray[np.int64], values: Floats, size: int) -> Floats:
    """The sum of `values` for each row number: (size, columns)."""
    from scipy.sparse import csr_array

    ones = np.ones(len(rows), dtype=np.float32)
    one_hot = csr_array((ones, rows, np.arange(len(rows) + 1)), shape=(len(rows), size))
    return (one_hot.T @ np.ascontiguousarray(values)).astype(np.float32)
