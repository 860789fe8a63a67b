"""The section classifier: which of the workspace's sections a paragraph belongs to.

Two linear SVMs (scikit-learn) on character n-grams judge a paragraph: one reads its text, one the headings
above it. Their margins become probabilities by logistic regression on held-out folds, and the two are
multiplied (a product of experts, Hinton 2002); a report without headings has the first alone. Then the
paragraphs of a report are decoded together, with transitions learned from the order of sections in the
training reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from baogao.errors import InputError
from baogao.files import read_bytes, sha256, write_folder
from baogao.records import Block, LabelledBlock
from baogao.training.sections_archive import load_all, pack, unpack
from baogao.training.sections_decode import Step, learn_transitions, posteriors, steps
from baogao.training.sections_expert import Expert, Fields, fit_expert, to_rows
from baogao.training.sections_features import Vocabulary
from baogao.workspace import read_config

FORMAT = 3


class SectionsConfig(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """training/sections.toml, which says what each setting does."""

    longest_ngram: int = 4
    min_texts: int = 2
    text_c: float = 0.3
    headings_c: float = 0.1
    lead_weight: float = 1.0
    upper_weight: float = 0.5
    headings_share: float = 0.5
    order_weight: float = 0.2
    item_order_weight: float = 0.3
    folds: int = 5


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
        if hashes.dtype != np.uint32 or idf.dtype != np.float32 or hashes.shape != (len(idf),):
            raise ValueError("hashes and idf do not fit together")
        self.vocabulary = Vocabulary(hashes, idf, self.config.longest_ngram)
        self._experts = [
            Expert(self.vocabulary, {key: arrays[f"{name}_{key}"] for key in _EXPERT_ARRAYS}, count)
            for name in ("text", "headings")
        ]
        transitions = arrays["transitions"]
        if transitions.shape != (len(Step), count, count):
            raise ValueError(f"transitions of {transitions.shape}")
        weights = np.full(len(Step), self.config.order_weight)
        weights[[Step.NEW_ITEM, Step.UNKNOWN]] = self.config.item_order_weight
        self._transitions = transitions ** weights[:, None, None]

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
        text, headings = self._experts
        reports = _reports(paragraphs)
        logs = text.log_probabilities(_text_fields(paragraphs))
        with_headings = np.array([has for report in reports for has in [_has_headings(report)] * len(report)])
        if with_headings.any():
            some = [block for block, has in zip(paragraphs, with_headings, strict=True) if has]
            share = self.config.headings_share
            theirs = headings.log_probabilities(_heading_fields(some, self.config))
            logs[with_headings] = (1 - share) * logs[with_headings] + share * theirs
        emissions = np.exp(np.maximum(logs - logs.max(axis=1, keepdims=True), -50))
        kinds = np.array([step for report in reports for step in steps(report)])
        return posteriors(emissions, kinds, self._transitions)

    def estimators(self) -> dict[str, Any]:
        """The fitted scikit-learn estimators, text_svm, text_calibrator and the same for headings, loaded by
        skops with the types it trusts."""
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
    import sklearn

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
    numbers = np.repeat(np.arange(len(reports)), [len(report) for report in reports])
    fold_of = np.random.default_rng(seed).permutation(len(reports)) % min(config.folds, len(reports))
    vocabulary = Vocabulary.fit(
        [*(block.text for block in paragraphs), *{heading for b in paragraphs for heading in b.path}],
        config.longest_ngram,
        config.min_texts,
    )
    arrays = {"hashes": vocabulary.hashes, "idf": vocabulary.idf}
    estimators: dict[str, Any] = {}
    for name, fields, c in (
        ("text", _text_fields(paragraphs), config.text_c),
        ("headings", _heading_fields(paragraphs, config), config.headings_c),
    ):
        fitted = fit_expert(to_rows(fields, vocabulary), target, fold_of[numbers], c=c, seed=seed)
        arrays |= {f"{name}_{key}": array for key, array in fitted.arrays().items()}
        estimators |= {f"{name}_svm": fitted.svm, f"{name}_calibrator": fitted.calibrator}
    bare = [_without_headings(block) for block in paragraphs]
    arrays["transitions"] = learn_transitions(
        [target[numbers == i] for i in range(len(reports))] * 2,
        [steps(report) for view in (paragraphs, bare) for report in _reports(view)],
        len(labels),
    )
    meta = {
        "kind": "sections",
        "labels": labels,
        "reports": len(reports),
        "paragraphs": len(paragraphs),
        "data": sha256(msgspec.json.encode(paragraphs)),
        "ngrams": len(vocabulary),
        "seed": seed,
        "config": msgspec.to_builtins(config),
        "scikit-learn": sklearn.__version__,
    }
    header = {"format": FORMAT, "labels": labels, "config": msgspec.to_builtins(config), "meta": meta}
    return SectionModel(pack(header, arrays, estimators))


_EXPERT_ARRAYS = ("svm_weights", "svm_bias", "calibrator_weights", "calibrator_bias")


def _text_fields(paragraphs: Sequence[Block]) -> Fields:
    return [([block.text for block in paragraphs], 1.0)]


def _heading_fields(paragraphs: Sequence[Block], config: SectionsConfig) -> Fields:
    return [
        ([block.path[-1] if block.path else "" for block in paragraphs], 1.0),
        ([block.lead or "" for block in paragraphs], config.lead_weight),
        (["\n".join(block.path[:-1]) for block in paragraphs], config.upper_weight),
    ]


def _has_headings(report: Sequence[Block]) -> bool:
    return any(block.path or block.lead for block in report)


def _without_headings(block: Block) -> Block:
    """The paragraph as it looks on a page that lost its headings."""
    return msgspec.structs.replace(block, path=[], lead=None, level=None, number=None)


def _reports(paragraphs: Sequence[Block]) -> list[Sequence[Block]]:
    """Paragraphs cut where the report changes."""
    cuts = [i for i in range(1, len(paragraphs)) if paragraphs[i].report != paragraphs[i - 1].report]
    return [paragraphs[a:b] for a, b in zip([0, *cuts], [*cuts, len(paragraphs)], strict=True) if b > a]
