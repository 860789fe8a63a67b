"""Character n-grams of paragraphs and headings as sparse rows, at array speed.

scikit-learn's character analyser makes a Python string for every n-gram; here the n-grams of a whole batch
are 32-bit rolling hashes computed by a few NumPy passes, some forty times faster. Two n-grams that share a
hash share a column: of a million n-grams about one in ten thousand does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.sparse as sp

_SLOT_BITS = 22  # the lookup from hash to column is a table of this many bits, checked against the full hash


@cache
def _folding() -> np.ndarray:
    """A table over code points that removes what tells nothing of the topic: the width of punctuation, the
    case of Latin letters, which digit it is. Characters beyond U+FFFF count as one."""
    table = np.arange(0x10000, dtype=np.uint32)
    table[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    table[0x3000] = ord(" ")
    table[[ord("。"), ord("、")]] = [ord("."), ord(",")]
    for first in (ord("A"), 0xFF21):
        table[first : first + 26] = np.arange(ord("a"), ord("a") + 26)
    for first in (ord("0"), 0xFF10):
        table[first : first + 10] = ord("0")
    table[0] = 1  # 0 marks the start of a text below
    return table


def hash_ngrams(texts: Sequence[str], longest: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Hashes of all character n-grams, n from 1 to `longest`.

    Returns one uint32 array a length n, each with a value for every position of the texts joined by a start
    mark, and the int array of shape (len(texts) + 1,) that tells where each text begins in them. n-grams may
    begin with the start mark of their text; those that would run into the next text are 0.
    """
    raw = "".join(texts).encode("utf-32-le", "surrogatepass")
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
    starts = np.concatenate([[0], np.cumsum(lengths)])
    size = int(starts[-1])
    codes = np.zeros(size + longest, dtype=np.uint32)
    inside = np.ones(size, dtype=bool)
    inside[starts[:-1]] = False
    codes[:size][inside] = _folding()[np.minimum(np.frombuffer(raw, np.uint32), 0xFFFF)]
    edge = codes == 0
    state = np.zeros(size, dtype=np.uint32)
    over = np.zeros(size, dtype=bool)
    hashes = []
    for n in range(longest):
        state = (state + codes[n : n + size] + np.uint32(n + 1)) * np.uint32(0x9E3779B1)
        state ^= state >> np.uint32(15)
        if n:
            over |= edge[n : n + size]
        hashed = state * np.uint32(0x85EBCA6B)
        hashed[over if n else edge[:size]] = 0  # nor is the start mark alone an n-gram
        hashes.append(hashed)
    return hashes, starts


@dataclass
class Vocabulary:
    """The n-grams a model knows: sorted uint32 `hashes`, a float32 `idf` each, and `longest` n."""

    hashes: np.ndarray
    idf: np.ndarray
    longest: int

    @classmethod
    def fit(cls, texts: Sequence[str], longest: int, min_texts: int) -> Vocabulary:
        """All n-grams that stand in at least `min_texts` of the texts; idf as scikit-learn's, smoothed."""
        hashes, starts = hash_ngrams(texts, longest)
        rows = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(starts))
        pairs = np.unique(np.concatenate([(rows << np.uint64(32)) | h for h in hashes]))
        known, counts = np.unique((pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32), return_counts=True)
        keep = (counts >= min_texts) & (known != 0)
        idf = np.log((1 + len(texts)) / (1 + counts[keep])) + 1
        return cls(known[keep], idf.astype(np.float32), longest)

    def __post_init__(self) -> None:
        # hash -> column in one look: two known hashes that meet in a slot are told apart by the check below,
        # the later one is lost (about 1 in 50 at 100,000 n-grams).
        self._slots = np.zeros(1 << _SLOT_BITS, dtype=np.int32)
        self._slots[self.hashes >> np.uint32(32 - _SLOT_BITS)] = np.arange(1, len(self.hashes) + 1)
        self._checks = np.concatenate([np.zeros(1, dtype=np.uint32), self.hashes])

    def __len__(self) -> int:
        return len(self.hashes)

    def transform(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Counts of the known n-grams times idf: float32 of shape (texts, n-grams)."""
        hashes, starts = hash_ngrams(texts, self.longest)
        total = sp.csr_matrix((len(texts), len(self)), dtype=np.float32)
        for hashed in hashes:
            columns = self._slots[hashed >> np.uint32(32 - _SLOT_BITS)]
            known = (columns > 0) & (self._checks[columns] == hashed)
            pointers = np.concatenate([[0], np.cumsum(known)])[starts]
            found = columns[known] - 1
            total += sp.csr_matrix((self.idf[found], found, pointers), shape=total.shape)
        return total


def unit_rows(matrix: sp.csr_matrix) -> sp.csr_matrix:
    """Rows scaled to Euclidean length 1; empty rows stay empty."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sp.diags(1 / np.maximum(lengths, 1e-9)).astype(np.float32) @ matrix).tocsr()
