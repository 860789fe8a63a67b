"""Near-duplicates among texts: MinHash and an LSH index find candidates, shared shingles decide.

Broder (1997), "On the resemblance and containment of documents"; the index is datasketch's MinHashLSH.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_SHINGLE = 5  # characters; shorter texts are one shingle
_PERMUTATIONS = 64


@dataclass(frozen=True, slots=True)
class Near:
    """Two texts by their keys, the later one first, and the Jaccard similarity of their shingles (0 to 1)."""

    key: Any
    other: Any
    similarity: float


def shingles(text: str) -> np.ndarray:
    """The different 5-character shingles of `text` as sorted 32-bit hashes, white space and case apart.

    Example: `len(shingles("法治政府建设报告"))` is 4.
    """
    return np.unique(_hashes(text))


def _hashes(text: str) -> np.ndarray:
    codes = np.frombuffer("".join(text.split()).lower().encode("utf-32-le"), dtype=np.uint32)
    if not len(codes):
        return codes
    width = min(_SHINGLE, len(codes))
    hashed = np.zeros(len(codes) - width + 1, dtype=np.uint32)
    for offset in range(width):
        hashed = hashed * np.uint32(0x01000193) ^ codes[offset : offset + len(hashed)]
    return hashed


def similarity(one: np.ndarray, two: np.ndarray) -> float:
    """Jaccard similarity of two sorted arrays of shingles."""
    shared = len(np.intersect1d(one, two, assume_unique=True))
    return shared / (len(one) + len(two) - shared) if shared else 0.0


def near_duplicates(
    texts: Sequence[tuple[Any, str]] | Iterable[tuple[Any, str]], *, threshold: float = 0.8
) -> Iterator[Near]:
    """Yield the pairs of (key, text) whose shingles are at least `threshold` alike, as the later one comes.

    A pair at the threshold is found with a probability of about a half, one well above it almost always.
    Keys are hashable and different.
    """
    from datasketch import MinHash, MinHashLSH

    lsh = MinHashLSH(threshold=threshold, num_perm=_PERMUTATIONS, weights=(0.2, 0.8))
    permutations = MinHash(_PERMUTATIONS, scheme="affine32").permutations
    multipliers, addends = permutations
    known: dict[Any, str] = {}
    for key, text in texts:
        hashed = _hashes(text)
        if not len(hashed):
            continue
        # All permutations at once in numpy: update_batch would call a Python function for each shingle.
        values = (hashed[:, None] * multipliers + addends).min(axis=0)
        minhash = MinHash(_PERMUTATIONS, hashvalues=values, permutations=permutations, scheme="affine32")
        candidates = lsh.query(minhash)
        found = shingles(text) if candidates else hashed
        for other in candidates:
            alike = similarity(found, shingles(known[other]))
            if alike >= threshold:
                yield Near(key, other, alike)
        lsh.insert(key, minhash, check_duplication=False)
        known[key] = text
