"""The section classifier: which of the workspace's sections a paragraph belongs to.

Two linear SVMs (scikit-learn) on character n-grams judge a paragraph: one reads its text, one the headings
above it. Their margins become probabilities by logistic regression on held-out folds; sections_judge joins
them and decodes a report as a whole, with transitions learned from the order of sections in the training
reports. This module is the model as a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from baogao.errors import InputError
from baogao.files import read_bytes, sha256, write_folder
from baogao.records import Block, LabelledBlock, read_json
from baogao.training.sections_archive import load_all, pack, unpack
from baogao.training.sections_decode import Step
from baogao.training.sections_expert import Expert
from baogao.training.sections_features import Vocabulary
from baogao.training.sections_fit import EXPERTS, Training
from baogao.training.sections_judge import Judge, SectionsConfig
from baogao.workspace import read_config

FORMAT = 3


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
        self.meta: dict[str, Any] = dict(header["meta"])
        self.labels: list[str] = [str(label) for label in header["labels"]]
        self.config = msgspec.convert(header["config"], SectionsConfig)
        count, hashes, idf = len(self.labels), arrays["hashes"], arrays["idf"]
        if hashes.dtype != np.uint32 or idf.dtype != np.float32 or hashes.shape != (len(idf),):
            raise ValueError("hashes and idf do not fit together")
        if arrays["transitions"].shape != (len(Step), count, count):
            raise ValueError(f"transitions of {arrays['transitions'].shape}")
        vocabulary = Vocabulary(hashes, idf, self.config.longest_ngram)
        text, headings = (
            Expert(vocabulary, {key: arrays[f"{name}_{key}"] for key in _EXPERT_ARRAYS}, count)
            for name in EXPERTS
        )
        self._judge = Judge(
            labels=self.labels,
            config=self.config,
            text=text,
            headings=headings,
            transitions=arrays["transitions"],
        )

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
        return self._judge.probabilities(paragraphs)

    def estimators(self) -> dict[str, Any]:
        """The fitted scikit-learn estimators, text_svm, text_calibrator and the same for headings, loaded by
        skops with the types it trusts."""
        return load_all(self._data)["estimators"]

    def to_bytes(self) -> bytes:
        """The model as one skops archive."""
        return self._data


def train_sections(
    train: Sequence[LabelledBlock],
    output: Path,
    *,
    config: Path | SectionsConfig | None = None,
    seed: int = 0,
) -> Path:
    """Train on labelled blocks of whole reports, in order, and write the folder `output` (sections.skops and
    meta.json), whole or not at all. `config`: settings, or the TOML file that holds them. Returns `output`.

    Raises InputError when there are fewer than two labels or reports to learn from.
    """
    settings = read_config(config, SectionsConfig) if isinstance(config, Path) else config or SectionsConfig()
    with write_folder(output, known_by="sections.skops") as folder:
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
    again = "train again: baogao training sections"
    meta = read_json(folder / "meta.json", dict[str, Any], "JSON", todo=again)
    if meta.get("sha256") != sha256(data):
        raise InputError(
            "was changed after training (meta.json has another sha256)", file=file,
            todo="train again: baogao training sections",
        )  # fmt: skip
    return SectionModel(data, file=file)


def fit_sections(train: Sequence[LabelledBlock], config: SectionsConfig, *, seed: int = 0) -> SectionModel:
    """Train in memory; see train_sections."""
    import sklearn

    training = Training(train, seed=seed)
    judge, fitted = training.fit(config)
    vocabulary = training.vocabulary(config)
    arrays = {"hashes": vocabulary.hashes, "idf": vocabulary.idf, "transitions": judge.transitions}
    estimators: dict[str, Any] = {}
    for name, fit in fitted.items():
        arrays |= {f"{name}_{key}": array for key, array in fit.arrays().items()}
        estimators |= {f"{name}_svm": fit.svm, f"{name}_calibrator": fit.calibrator}
    meta = {
        "kind": "sections",
        "labels": training.labels,
        "reports": len(training.reports),
        "paragraphs": len(training.paragraphs),
        "data": sha256(msgspec.json.encode(training.paragraphs)),
        "ngrams": len(vocabulary),
        "seed": seed,
        "config": msgspec.to_builtins(config),
        "scikit-learn": sklearn.__version__,
    }
    header = {
        "format": FORMAT,
        "labels": training.labels,
        "config": msgspec.to_builtins(config),
        "meta": meta,
    }
    return SectionModel(pack(header, arrays, estimators))


_EXPERT_ARRAYS = ("svm_weights", "svm_bias", "calibrator_weights", "calibrator_bias")
