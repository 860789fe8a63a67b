"""The section classifier: which of the workspace's sections a paragraph belongs to.

Character n-grams of text and headings go into a linear SVM (scikit-learn); its margins become probabilities
by a multinomial logistic regression on held-out folds; the paragraphs of a report are then decoded together
with transitions learned from the order of sections in the training reports. One model serves reports with
headings and pages that lost them: it is trained on both.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from baogao.errors import InputError
from baogao.files import read_bytes, sha256, write_folder
from baogao.records import Block, LabelledBlock
from baogao.training.sections_archive import load_all, pack, unpack
from baogao.training.sections_decode import Step, learn_transitions, posteriors, steps
from baogao.training.sections_features import Vocabulary
from baogao.workspace import read_config

if TYPE_CHECKING:
    import scipy.sparse as sp

FORMAT = 1


class SectionsConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """training/sections.toml. A weight says how much an n-gram of a heading counts beside one of the text."""

    longest_ngram: int = 4
    min_texts: int = 2
    lead_weight: float = 1.0
    heading_weight: float = 1.0
    upper_weight: float = 1.0
    c: float = 1.0
    folds: int = 5
    order_weight: float = 0.5


class SectionModel:
    """A trained section classifier; made by train_sections or load_sections.

    Raises InputError when `data` is not the archive of a section model.
    """

    def __init__(self, data: bytes, *, file: str | Path | None = None) -> None:
        header, arrays = unpack(data, file=file)
        self._data = data
        try:
            self._read(header, arrays)
        except (KeyError, ValueError, TypeError) as error:  # msgspec.ValidationError is a ValueError
            raise InputError(
                f"is not a section model of this version ({type(error).__name__}: {error})", file=file,
                todo="train again: baogao training sections",
            ) from error  # fmt: skip

    def _read(self, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}, this version reads {FORMAT}")
        self.config = msgspec.convert(header["config"], SectionsConfig)
        self.meta: dict[str, Any] = dict(header["meta"])
        self.labels: list[str] = [str(label) for label in header["labels"]]
        count, hashes, idf = len(self.labels), arrays["hashes"], arrays["idf"]
        svm = _each_class(arrays["svm_weights"], count)
        calibrator = _each_class(arrays["calibrator_weights"], count, spread=0.5)
        shapes = {
            "idf": (idf, (len(hashes),)),
            "svm_weights": (svm, (count, len(hashes))),
            "calibrator_weights": (calibrator, (count, count)),
            "transitions": (arrays["transitions"], (len(Step), count, count)),
        }
        for name, (array, shape) in shapes.items():
            if array.shape != shape or not np.issubdtype(array.dtype, np.floating):
                raise ValueError(f"{name} is {array.dtype}{array.shape}, not floats of {shape}")
        if hashes.dtype != np.uint32 or hashes.ndim != 1:
            raise ValueError("hashes are not a row of uint32")
        self.vocabulary = Vocabulary(hashes, idf.astype(np.float32), self.config.longest_ngram)
        # One row an n-gram: its part of every margin, and of the squared length. Row 0: an unknown n-gram.
        self._table = np.zeros((len(hashes) + 1, count + 1), dtype=np.float32)
        self._table[1:, :count] = svm.T * idf[:, None]
        self._table[1:, count] = idf**2
        self._bias = _each_class(arrays["svm_bias"], count)
        self._calibrator = calibrator
        self._calibrator_bias = _each_class(arrays["calibrator_bias"], count, spread=0.5)
        self._transitions = arrays["transitions"] ** self.config.order_weight

    def predict(self, blocks: Sequence[Block]) -> list[tuple[str | None, float]]:
        """Label and probability of every block; headings and closings get (None, 0.0).

        `blocks` are whole reports one after another, in their order: each report is decoded as a whole.
        """
        where = [i for i, block in enumerate(blocks) if block.kind == "paragraph"]
        found: list[tuple[str | None, float]] = [(None, 0.0)] * len(blocks)
        table = self.probabilities([blocks[i] for i in where])
        best = table.argmax(axis=1)
        scores = table[np.arange(len(best)), best].tolist()
        for i, label, score in zip(where, best.tolist(), scores, strict=True):
            found[i] = (self.labels[label], score)
        return found

    def probabilities(self, paragraphs: Sequence[Block]) -> np.ndarray:
        """Probability of each of `labels` for paragraphs of whole reports: (n, labels), rows sum to 1."""
        if not paragraphs:
            return np.zeros((0, len(self.labels)))
        logits = self.margins(paragraphs) @ self._calibrator.T + self._calibrator_bias
        emissions = np.exp(np.maximum(logits - logits.max(axis=1, keepdims=True), -50))
        kinds = np.array([step for report in _reports(paragraphs) for step in steps(report)])
        return posteriors(emissions, kinds, self._transitions)

    def margins(self, paragraphs: Sequence[Block]) -> np.ndarray:
        """The linear SVM's margin of each of `labels` for each paragraph by itself: (n, labels)."""
        totals = np.zeros((len(paragraphs), self._table.shape[1]), dtype=np.float64)
        for texts, weight in _fields(paragraphs, self.config):
            unique = {text: i for i, text in enumerate(dict.fromkeys(texts))}
            if len(unique) > 1 or "" not in unique:
                sums = self.vocabulary.sums(list(unique), self._table)
                totals += weight * sums[[unique[text] for text in texts]]
        return totals[:, :-1] / np.sqrt(np.maximum(totals[:, -1:], 1e-9)) + self._bias

    def estimators(self) -> dict[str, Any]:
        """The fitted scikit-learn estimators, "svm" and "calibrator", loaded by skops."""
        return load_all(self._data)["estimators"]

    def to_bytes(self) -> bytes:
        """The model as one skops archive."""
        return self._data


def train_sections(
    train: Sequence[LabelledBlock], output: Path, *, config: Path | None = None, seed: int = 0
) -> Path:
    """Train on labelled blocks of whole reports, in order, and write the folder `output` (sections.skops and
    meta.json), whole or not at all. Returns it.

    Raises InputError when there are fewer than two labels or reports to learn from.
    """
    settings = SectionsConfig() if config is None else read_config(config, SectionsConfig)
    with write_folder(output) as folder:
        save_sections(fit_sections(train, settings, seed=seed), folder)
    return output


def save_sections(model: SectionModel, folder: Path) -> None:
    """Write sections.skops and meta.json (with its sha256) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    data = model.to_bytes()
    meta = {**model.meta, "sha256": sha256(data)}
    (folder / "sections.skops").write_bytes(data)
    (folder / "meta.json").write_bytes(msgspec.json.format(msgspec.json.encode(meta)) + b"\n")


def load_sections(path: str | Path) -> SectionModel:
    """A model that train_sections wrote. Raises InputError when the file is missing, was changed since, or
    is no section model."""
    folder = Path(path)
    file = folder / "sections.skops"
    data = read_bytes(file)
    try:
        meta = msgspec.json.decode(read_bytes(folder / "meta.json"), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise InputError(
            f"not JSON ({error})", file=folder / "meta.json", todo="train again: baogao training sections"
        ) from error
    if meta.get("sha256") != sha256(data):
        raise InputError(
            "was changed after training (meta.json has another sha256)", file=file,
            todo="train again: baogao training sections",
        )  # fmt: skip
    return SectionModel(data, file=file)


def fit_sections(train: Sequence[LabelledBlock], config: SectionsConfig, *, seed: int = 0) -> SectionModel:
    """Train in memory; see train_sections."""
    import scipy.sparse as sp
    import sklearn
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    paragraphs = [block for block in train if block.kind == "paragraph" and block.section is not None]
    labels = sorted({block.section for block in paragraphs if block.section})
    reports = _reports(paragraphs)
    if len(labels) < 2 or len(reports) < 2:
        raise InputError(
            f"{len(paragraphs)} labelled paragraphs of {len(reports)} reports with {len(labels)} sections "
            "are too few for a section classifier",
            todo="label paragraphs of at least two reports in annotations/gold or annotations/practice",
        )
    target = np.array([labels.index(block.section or "") for block in paragraphs])
    views: list[Sequence[Block]] = [paragraphs, [_without_headings(block) for block in paragraphs]]
    vocabulary = Vocabulary.fit(
        [*(block.text for block in paragraphs), *{heading for b in paragraphs for heading in b.path}],
        config.longest_ngram,
        config.min_texts,
    )
    matrices = [_rows(view, vocabulary, config) for view in views]

    def fit(rows: np.ndarray) -> Any:
        stacked = sp.vstack([matrix[rows] for matrix in matrices]).tocsr()
        svm = LinearSVC(C=config.c, class_weight="balanced", random_state=seed)
        return svm.fit(stacked, np.tile(target[rows], len(matrices)))

    # Margins on paragraphs whose report was held out: what the calibrator must learn from.
    numbers = np.repeat(np.arange(len(reports)), [len(report) for report in reports])
    fold_of = np.random.default_rng(seed).permutation(len(reports)) % min(config.folds, len(reports))
    margins = [np.zeros((len(paragraphs), len(labels))) for _ in matrices]
    for fold in range(fold_of.max() + 1):
        held = fold_of[numbers] == fold
        svm = fit(np.flatnonzero(~held))
        for matrix, margin in zip(matrices, margins, strict=True):
            margin[np.ix_(held, svm.classes_)] = _margins(svm, matrix[held])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more iterations change nothing that can be seen
        calibrator = LogisticRegression(C=1.0, max_iter=500).fit(
            np.vstack(margins), np.tile(target, len(views))
        )
    kinds = [steps(report) for view in views for report in _reports(view)]
    transitions = learn_transitions(
        [target[numbers == i] for _ in views for i in range(len(reports))], kinds, len(labels)
    )
    svm = fit(np.arange(len(paragraphs)))
    svm.coef_ = svm.coef_.astype(np.float32)
    meta = {
        "kind": "sections",
        "labels": labels,
        "reports": len(reports),
        "paragraphs": len(paragraphs),
        "ngrams": len(vocabulary),
        "seed": seed,
        "config": msgspec.to_builtins(config),
        "scikit-learn": sklearn.__version__,
    }
    header = {"format": FORMAT, "labels": labels, "config": msgspec.to_builtins(config), "meta": meta}
    arrays = {
        "hashes": vocabulary.hashes,
        "idf": vocabulary.idf,
        "svm_weights": svm.coef_,
        "svm_bias": svm.intercept_,
        "calibrator_weights": calibrator.coef_,
        "calibrator_bias": calibrator.intercept_,
        "transitions": transitions,
    }
    return SectionModel(pack(header, arrays, {"svm": svm, "calibrator": calibrator}))


def _margins(svm: Any, rows: sp.csr_matrix) -> np.ndarray:
    """A margin a class: scikit-learn gives only one for two classes."""
    margins = svm.decision_function(rows)
    return np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins


def _each_class(weights: np.ndarray, count: int, spread: float = 1.0) -> np.ndarray:
    """A row a class: of two classes scikit-learn keeps only the second one's."""
    return np.concatenate([-weights, weights]) * spread if count == 2 and len(weights) == 1 else weights


def _fields(paragraphs: Sequence[Block], config: SectionsConfig) -> list[tuple[list[str], float]]:
    """What is read of paragraphs, and how much an n-gram counts there."""
    return [
        ([block.text for block in paragraphs], 1.0),
        ([block.lead or "" for block in paragraphs], config.lead_weight),
        ([block.path[-1] if block.path else "" for block in paragraphs], config.heading_weight),
        (["\n".join(block.path[:-1]) for block in paragraphs], config.upper_weight),
    ]


def _rows(paragraphs: Sequence[Block], vocabulary: Vocabulary, config: SectionsConfig) -> sp.csr_matrix:
    """The same as sparse rows, to train on."""
    import scipy.sparse as sp

    total = sp.csr_matrix((len(paragraphs), len(vocabulary)), dtype=np.float32)
    squares = np.zeros(len(paragraphs))
    for texts, weight in _fields(paragraphs, config):
        rows = vocabulary.transform(texts)
        total += np.float32(weight) * rows
        squares += weight * (rows @ vocabulary.idf)
    return (sp.diags(1 / np.sqrt(np.maximum(squares, 1e-9))).astype(np.float32) @ total).tocsr()


def _without_headings(block: Block) -> Block:
    """The paragraph as it looks on a page that lost its headings."""
    return msgspec.structs.replace(block, path=[], lead=None, level=None, number=None)


def _reports(paragraphs: Sequence[Block]) -> list[Sequence[Block]]:
    """Paragraphs cut where the report changes."""
    cuts = [i for i in range(1, len(paragraphs)) if paragraphs[i].report != paragraphs[i - 1].report]
    return [paragraphs[a:b] for a, b in zip([0, *cuts], [*cuts, len(paragraphs)], strict=True) if b > a]
