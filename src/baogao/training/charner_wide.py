"""The wide part of the entity model: one weight a tag for every feature combination seen in training."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import srsly
from numpy.typing import NDArray
from scipy.sparse import csr_array
from thinc.api import Model, NumpyOps

from baogao.training.features import CharFeatures

Floats = NDArray[np.float32]
Backprop = Callable[[Floats], list]
_NEGLIGIBLE = 0.05  # features whose weights are all below this decide nothing and are not saved
_SLOTS = 21  # bits of the table that finds a hash: 2 million places for a few hundred thousand hashes


def wide_layer(*, min_count: int) -> Model[list[CharFeatures], Floats]:
    """The sum of a weight a tag for every feature combination that training knows."""
    built: list[_HashIndex] = []  # the index of the keys, made again after they were loaded

    def forward(model: Model, X: list[CharFeatures], is_train: bool) -> tuple[Floats, Backprop]:
        if not built or built[0].of is not model.attrs["keys"]:
            built[:] = [_HashIndex(model.attrs["keys"])]
        return _wide(model, X, built[0], is_train)

    return Model(
        "char_wide",
        forward,
        ops=NumpyOps(),
        init=_init_wide,
        params={"weight": None},
        dims={"nO": None},
        attrs={"min_count": min_count, "keys": np.zeros(0, dtype=np.uint64), "hidden": 0.1},
    )


def random_generator() -> np.random.Generator:
    """A generator that follows spaCy's seed, which is numpy's global one."""
    return np.random.default_rng(np.random.randint(2**31))


def known_values(columns: Iterable[NDArray], least: int) -> NDArray:
    """The values that occur at least `least` times, sorted."""
    values, counts = np.unique(np.concatenate(list(columns)), return_counts=True)
    return values[counts >= least]


# thinc has array types of its own, which numpy's arrays are at run time and not for a type checker.


def get_param(model: Model, name: str) -> Any:
    return model.get_param(name)


def set_param(model: Model, name: str, value: Any) -> None:
    model.set_param(name, value)


def add_grad(model: Model, name: str, value: Any) -> None:
    model.inc_grad(name, value)


def pack_model(model: Model) -> bytes:
    """A model in few bytes for `unpack_model`: without negligible wide weights, in half precision."""
    message = model.to_dict()
    for index, node in enumerate(model.walk()):
        params = message["params"][index]
        for name, value in params.items():
            if value is not None:
                params[name] = np.asarray(value).astype(np.float16)
        if node.name == "char_wide" and params.get("weight") is not None:
            kept = np.abs(params["weight"]).max(axis=1) >= _NEGLIGIBLE
            kept[0] = True  # the row of what is unknown
            params["weight"] = params["weight"][kept]
            message["attrs"][index]["keys"] = srsly.msgpack_dumps(node.attrs["keys"][kept[1:]])
    return zlib.compress(srsly.msgpack_dumps(message), 1)


def unpack_model(data: bytes) -> bytes:
    """What `Model.from_bytes` reads, from what `pack_model` wrote."""
    message = srsly.msgpack_loads(zlib.decompress(data))
    for params in message["params"]:
        params |= {name: value.astype(np.float32) for name, value in params.items() if value is not None}
    return srsly.msgpack_dumps(message)


def _init_wide(model: Model, X: list[CharFeatures] | None = None, Y: Any = None) -> Model:
    if X is not None and model.has_dim("nO") and not model.has_param("weight"):
        least, templates = model.attrs["min_count"], range(X[0].combinations.shape[1])
        # template by template, which have no hash in common: all at once would take hundreds of megabytes
        keys = np.unique(
            np.concatenate([known_values((f.combinations[:, i] for f in X), least) for i in templates])
        )
        model.attrs["keys"] = keys[_HashIndex(keys).rows_kept()]
        set_param(model, "weight", np.zeros((len(model.attrs["keys"]) + 1, model.get_dim("nO")), np.float32))
    return model


def _wide(model: Model, X: list[CharFeatures], index: _HashIndex, is_train: bool) -> tuple[Floats, Backprop]:
    combinations = np.concatenate([f.combinations for f in X])
    found = index.find(combinations.ravel())
    counted = np.ones(len(found), dtype=np.float32)
    counted[found == 0] = 0.0
    if is_train:
        counted[random_generator().random(len(found)) < model.attrs["hidden"]] = 0.0
    weight = get_param(model, "weight")
    bounds = np.arange(0, len(found) + 1, combinations.shape[1])
    sparse = csr_array((counted, found, bounds), shape=(len(combinations), len(weight)))

    def backprop(d_scores: Floats) -> list:
        add_grad(model, "weight", (sparse.T @ d_scores).astype(np.float32))
        return []

    return (sparse @ weight).astype(np.float32), backprop


class _HashIndex:
    """Finds the row of a hash among sorted `keys`, by a table of slots; two keys in one slot: the later."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        self.of = keys
        self.keys = np.concatenate([np.zeros(1, np.uint64), keys])
        self.table = np.zeros(1 << _SLOTS, dtype=np.int32)
        self.table[self._slots(keys)] = np.arange(1, len(self.keys))

    def find(self, hashes: NDArray[np.uint64]) -> NDArray[np.int32]:
        """1 + the place among `keys`, 0 where it is none of them."""
        rows = self.table[self._slots(hashes)]
        return np.where(self.keys[rows] == hashes, rows, 0)

    def rows_kept(self) -> NDArray[np.bool_]:
        """Which keys can be found."""
        return self.find(self.keys[1:]) > 0

    @staticmethod
    def _slots(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
        return hashes >> np.uint64(64 - _SLOTS)
