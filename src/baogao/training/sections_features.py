"""Character n-grams of paragraphs and headings, counted at array speed.

scikit-learn's character analyser makes a Python string for every n-gram; here the n-grams of a whole batch
are 32-bit rolling hashes computed by a few NumPy passes. Two n-grams that share a hash share a column: of a
million n-grams about one in ten thousand does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import scipy.sparse as sp

_SLOT_BITS = 22  # the table from hash to column has so many bits, and is checked against the full hash
_BATCH = 256  # texts at a time: what they need stays in the processor's cache


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


def hash_ngrams(texts: Sequence[str], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all character n-grams, n from 1 to `longest`.

    Returns uint32 of shape (positions, longest), a row for every position of the texts joined by a start
    mark, and the int array of shape (len(texts) + 1,) of the row each text begins at. n-grams may begin with
    the start mark of their text; the mark alone, and what would run into the next text, are 0.
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
    hashes = np.empty((size, longest), dtype=np.uint32)
    for n in range(longest):
        state = (state + codes[n : n + size] + np.uint32(n + 1)) * np.uint32(0x9E3779B1)
        state ^= state >> np.uint32(15)
        if n:
            over |= edge[n : n + size]
        hashed = state * np.uint32(0x85EBCA6B)
        hashed[over if n else edge[:size]] = 0
        hashes[:, n] = hashed
    return hashes, starts


class Vocabulary:
    """The n-grams a model knows: sorted uint32 `hashes`, a float32 `idf` each, and the `longest` n.

    A row of a text is the counts of its n-grams times idf. Its length is taken as the root of the sum of
    idf² over all occurrences, which, unlike the Euclidean length, adds up over n-grams and over fields.
    """

    def __init__(self, hashes: np.ndarray, idf: np.ndarray, longest: int) -> None:
        self.hashes = hashes
        self.idf = idf
        self.longest = longest
        # hash -> column in one look; of two known hashes that meet in a slot the first is lost (of 100,000
        # n-grams about one in eighty).
        self._slots = np.zeros(1 << _SLOT_BITS, dtype=np.int32)
        self._slots[hashes >> np.uint32(32 - _SLOT_BITS)] = np.arange(1, len(hashes) + 1)
        self._checks = np.concatenate([np.zeros(1, dtype=np.uint32), hashes])

    @classmethod
    def fit(cls, texts: Sequence[str], longest: int, min_texts: int) -> Vocabulary:
        """All n-grams that stand in at least `min_texts` of the texts; idf as scikit-learn's, smoothed."""
        hashes, starts = hash_ngrams(texts, longest)
        rows = np.repeat(np.arange(len(texts), dtype=np.uint64), np.diff(starts))
        pairs = np.unique((rows << np.uint64(32))[:, None] | hashes)
        known, counts = np.unique((pairs & np.uint64(0xFFFFFFFF)).astype(np.uint32), return_counts=True)
        keep = (counts >= min_texts) & (known != 0)
        idf = np.log((1 + len(texts)) / (1 + counts[keep])) + 1
        return cls(known[keep], idf.astype(np.float32), longest)

    def __len__(self) -> int:
        return len(self.hashes)

    def find(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Columns (from 1) of the known n-grams of all texts, one text after another, and where each text
        begins among them. Every text begins with a 0, so that none is empty."""
        hashes, starts = hash_ngrams(texts, self.longest)
        columns = self._slots[hashes >> np.uint32(32 - _SLOT_BITS)]
        columns[self._checks[columns] != hashes] = 0
        known = columns > 0
        known[starts[:-1], 0] = True
        return columns[known], np.concatenate([[0], np.cumsum(known.sum(axis=1))])[starts]

    def sums(self, texts: Sequence[str], table: np.ndarray) -> np.ndarray:
        """For each text the sum of `table`'s rows over its n-grams; row 0 of the table, for none, is 0."""
        found = np.empty((len(texts), table.shape[1]), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            columns, begins = self.find(batch)
            found[start : start + _BATCH] = np.add.reduceat(table[columns], begins[:-1], axis=0)
        return found

    def transform(self, texts: Sequence[str]) -> sp.csr_matrix:
        """Counts of the known n-grams times idf, not scaled: float32 of shape (texts, n-grams)."""
        import scipy.sparse as sp

        columns, begins = self.find(texts)
        weights = np.concatenate([np.zeros(1, dtype=np.float32), self.idf])
        rows = sp.csr_matrix((weights[columns], np.maximum(columns - 1, 0), begins), (len(texts), len(self)))
        rows.sum_duplicates()
        rows.eliminate_zeros()
        return rows
