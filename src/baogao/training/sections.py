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
from typing import Any

import msgspec
import numpy as np
import scipy.sparse as sp

from baogao.errors import InputError
from baogao.files import read_bytes, sha256, write_folder
from baogao.records import Block, LabelledBlock
from baogao.training.sections_decode import Step, learn_transitions, posteriors, steps
from baogao.training.sections_features import Vocabulary, unit_rows
from baogao.workspace import read_config

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
    """A trained section classifier; made by train_sections or load_sections."""

    def __init__(self, *, labels: list[str], config: SectionsConfig, vocabulary: Vocabulary, svm: Any,
                 calibrator: Any, transitions: np.ndarray, meta: dict[str, Any]) -> None:  # fmt: skip
        self.labels = labels
        self.config = config
        self.vocabulary = vocabulary
        self.svm = svm
        self.calibrator = calibrator
        self.transitions = transitions
        self.meta = meta

    def predict(self, blocks: Sequence[Block]) -> list[tuple[str | None, float]]:
        """Label and probability of every block; headings and closings get (None, 0.0).

        `blocks` are whole reports one after another, in their order: each report is decoded as a whole.
        """
        where = [i for i, block in enumerate(blocks) if block.kind == "paragraph"]
        found: list[tuple[str | None, float]] = [(None, 0.0)] * len(blocks)
        table = self.probabilities([blocks[i] for i in where])
        best = table.argmax(axis=1)
        for i, label, score in zip(where, best, table[np.arange(len(best)), best], strict=True):
            found[i] = (self.labels[label], float(score))
        return found

    def probabilities(self, paragraphs: Sequence[Block]) -> np.ndarray:
        """Probability of each of `labels` for paragraphs of whole reports: (n, labels), rows sum to 1."""
        if not paragraphs:
            return np.zeros((0, len(self.labels)))
        margins = _margins(self.svm, _rows(paragraphs, self.vocabulary, self.config))
        emissions = self.calibrator.predict_log_proba(margins)
        kinds = np.concatenate([steps(report) for report in _reports(paragraphs)])
        return posteriors(emissions, kinds, self.transitions * self.config.order_weight)

    def to_bytes(self) -> bytes:
        """The model as one skops archive."""
        import skops.io

        return skops.io.dumps(
            {
                "format": FORMAT,
                "labels": list(self.labels),
                "config": msgspec.to_builtins(self.config),
                "hashes": self.vocabulary.hashes,
                "idf": self.vocabulary.idf,
                "svm": self.svm,
                "calibrator": self.calibrator,
                "transitions": self.transitions,
                "meta": self.meta,
            },
            compression=8,  # ZIP_DEFLATED
        )

    @classmethod
    def from_bytes(cls, data: bytes, *, file: str | Path | None = None) -> SectionModel:
        """The model in a skops archive. Raises InputError for anything else, and for an archive that holds
        types other than those skops trusts (numbers, arrays, scikit-learn's own estimators)."""
        import skops.io

        try:
            foreign = skops.io.get_untrusted_types(data=data)
            if foreign:
                raise InputError(
                    f"holds types that are not trusted: {', '.join(sorted(foreign)[:3])}", file=file,
                    todo="do not use it; train again: baogao training sections",
                )  # fmt: skip
            parts = skops.io.loads(data, trusted=[])
            return cls._from_parts(parts)
        except InputError:
            raise
        except Exception as error:  # a foreign archive fails in as many ways as there are foreign archives
            raise InputError(
                f"is not a section model of baogao ({type(error).__name__}: {error})", file=file,
                todo="train again: baogao training sections",
            ) from error  # fmt: skip

    @classmethod
    def _from_parts(cls, parts: Any) -> SectionModel:
        from sklearn.linear_model import LogisticRegression
        from sklearn.svm import LinearSVC

        if parts["format"] != FORMAT:
            raise ValueError(f"format {parts['format']}, this version reads {FORMAT}")
        labels = list(parts["labels"])
        config = msgspec.convert(parts["config"], SectionsConfig)
        hashes, idf = np.asarray(parts["hashes"]), np.asarray(parts["idf"])
        svm, calibrator, transitions = parts["svm"], parts["calibrator"], np.asarray(parts["transitions"])
        count = len(labels)
        if not isinstance(svm, LinearSVC) or not isinstance(calibrator, LogisticRegression):
            raise ValueError("other estimators than a linear SVM and a logistic regression")
        if (
            hashes.dtype != np.uint32
            or hashes.shape != idf.shape
            or svm.coef_.shape != (1 if count == 2 else count, len(hashes))
            or transitions.shape != (len(Step), count, count)
        ):
            raise ValueError("arrays do not fit together")
        return cls(
            labels=labels, config=config, vocabulary=Vocabulary(hashes, idf, config.longest_ngram), svm=svm,
            calibrator=calibrator, transitions=transitions, meta=dict(parts["meta"]),
        )  # fmt: skip


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
    return SectionModel.from_bytes(data, file=file)


def fit_sections(train: Sequence[LabelledBlock], config: SectionsConfig, *, seed: int = 0) -> SectionModel:
    """Train in memory; see train_sections."""
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
    return SectionModel(
        labels=labels, config=config, vocabulary=vocabulary, svm=svm, calibrator=calibrator,
        transitions=transitions, meta=meta,
    )  # fmt: skip


def _margins(svm: Any, rows: sp.csr_matrix) -> np.ndarray:
    """A margin a class: scikit-learn gives only one for two classes."""
    margins = svm.decision_function(rows)
    return np.stack([-margins, margins], axis=1) if margins.ndim == 1 else margins


def _rows(paragraphs: Sequence[Block], vocabulary: Vocabulary, config: SectionsConfig) -> sp.csr_matrix:
    """Features of paragraphs: n-grams of the text and, with their weights, of the headings above it."""
    fields = [
        ([block.text for block in paragraphs], 1.0),
        ([block.lead or "" for block in paragraphs], config.lead_weight),
        ([block.path[-1] if block.path else "" for block in paragraphs], config.heading_weight),
        (["\n".join(block.path[:-1]) for block in paragraphs], config.upper_weight),
    ]
    total = sum(vocabulary.transform(texts) * np.float32(weight) for texts, weight in fields)
    return unit_rows(total)


def _without_headings(block: Block) -> Block:
    """The paragraph as it looks on a page that lost its headings."""
    return msgspec.structs.replace(block, path=[], lead=None, level=None, number=None)


def _reports(paragraphs: Sequence[Block]) -> list[Sequence[Block]]:
    """Paragraphs cut where the report changes."""
    cuts = [i for i in range(1, len(paragraphs)) if paragraphs[i].report != paragraphs[i - 1].report]
    return [paragraphs[a:b] for a, b in zip([0, *cuts], [*cuts, len(paragraphs)], strict=True) if b > a]
