"""One view of a paragraph, its text or its headings, judged by a linear SVM with calibrated probabilities."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from baogao.training.sections_features import Vocabulary

if TYPE_CHECKING:
    import scipy.sparse as sp

#: What is read of each paragraph, a list of texts, and how much an n-gram counts there.
Fields = Sequence[tuple[Sequence[str], float]]


class Expert:
    """A fitted SVM and its calibrator as arrays, for prediction without scikit-learn.

    `arrays`: svm_weights (labels, n-grams), svm_bias, calibrator_weights (labels, labels) and
    calibrator_bias, as `Fitted.arrays` gives them. Raises ValueError when they do not fit together.
    """

    def __init__(self, vocabulary: Vocabulary, arrays: dict[str, np.ndarray], count: int) -> None:
        weights = _each_class(arrays["svm_weights"], count)
        self.calibrator = _each_class(arrays["calibrator_weights"], count, spread=0.5)
        self.calibrator_bias = _each_class(arrays["calibrator_bias"], count, spread=0.5)
        self.bias = _each_class(arrays["svm_bias"], count)
        self.vocabulary = vocabulary
        for name, array, shape in (
            ("svm_weights", weights, (count, len(vocabulary))),
            ("svm_bias", self.bias, (count,)),
            ("calibrator_weights", self.calibrator, (count, count)),
            ("calibrator_bias", self.calibrator_bias, (count,)),
        ):
            if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
                raise ValueError(f"{name} is {array.dtype}{array.shape}, not floats of {shape}")
        # One row an n-gram: its part of every margin, and of the squared length. Row 0: an unknown n-gram.
        self._table = np.zeros((len(vocabulary) + 1, count + 1), dtype=np.float32)
        self._table[1:, :count] = weights.T * vocabulary.idf[:, None]
        self._table[1:, count] = vocabulary.idf**2

    def margins(self, fields: Fields) -> np.ndarray:
        """The SVM's margin of each label for each paragraph: (n, labels)."""
        totals = np.zeros((len(fields[0][0]), self._table.shape[1]))
        for texts, weight in fields:
            unique = {text: i for i, text in enumerate(dict.fromkeys(texts))}
            if len(unique) > 1 or "" not in unique:
                sums = self.vocabulary.sums(list(unique), self._table)
                totals += weight * sums[[unique[text] for text in texts]]
        return totals[:, :-1] / np.sqrt(np.maximum(totals[:, -1:], 1e-9)) + self.bias

    def log_probabilities(self, fields: Fields) -> np.ndarray:
        """Calibrated log-probability of each label for each paragraph by itself: (n, labels)."""
        logits = self.margins(fields) @ self.calibrator.T + self.calibrator_bias
        logits -= logits.max(axis=1, keepdims=True)
        return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


class Fitted:
    """The scikit-learn estimators of an expert, just trained."""

    def __init__(self, svm: Any, calibrator: Any) -> None:
        svm.coef_ = svm.coef_.astype(np.float32)
        self.svm = svm
        self.calibrator = calibrator

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "svm_weights": self.svm.coef_,
            "svm_bias": self.svm.intercept_,
            "calibrator_weights": self.calibrator.coef_,
            "calibrator_bias": self.calibrator.intercept_,
        }


def fit_expert(
    rows: sp.csr_matrix,
    target: np.ndarray,
    fold_of: np.ndarray,
    *,
    weights: np.ndarray,
    c: float,
    seed: int,
) -> Fitted:
    """Train on `rows` (paragraphs, n-grams) with labels `target`, all of which occur, each paragraph counted
    by its weight.

    The calibrator, a multinomial logistic regression on margins, learns from paragraphs whose fold
    (`fold_of`, whole reports together) the SVM behind the margin did not see.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    def fit(some: np.ndarray) -> Any:
        svm = LinearSVC(C=c, class_weight="balanced", tol=0.01, random_state=seed)
        return svm.fit(rows[some], target[some], weights[some])

    count = int(target.max()) + 1
    margins = np.zeros((len(target), count))
    for fold in range(fold_of.max() + 1):
        held = fold_of == fold
        if len(np.unique(target[~held])) > 1:
            svm = fit(~held)
            margins[np.ix_(held, svm.classes_)] = _margins(svm, rows[held])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more iterations change nothing that can be seen
        calibrator = LogisticRegression(C=1.0, max_iter=300).fit(margins, target, weights)
    return Fitted(fit(np.ones(len(target), dtype=bool)), calibrator)


def to_rows(fields: Fields, vocabulary: Vocabulary) -> sp.csr_matrix:
    """The fields of each paragraph as one sparse row, to train on; what `Expert.margins` multiplies."""
    import scipy.sparse as sp

    total = sp.csr_matrix((len(fields[0][0]), len(vocabulary)), dtype=np.float32)
    squares = np.zeros(total.shape[0])
    for texts, weight in fields:
        some = vocabulary.transform(texts)
        total += np.float32(weight) * some
        squares += weight * (some @ vocabulary.idf)
    return (sp.diags(1 / np.sqrt(np.maximum(squares, 1e-9))).astype(np.float32) @ total).tocsr()


def _margins(svm: Any, rows: sp.csr_matrix) -> np.ndarray:
    """A margin a class: scikit-learn gives only one for two classes."""
    margins = svm.decision_function(rows)
    return np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins


def _each_class(weights: np.ndarray, count: int, spread: float = 1.0) -> np.ndarray:
    """A row a class: of two classes scikit-learn keeps only the second one's."""
    return np.concatenate([-weights, weights]) * spread if count == 2 and len(weights) == 1 else weights
