"""One spaCy pipeline with entities and sections: `nlp = spacy.load("models/pipeline")`.

For a paragraph, `doc = nlp(text)` sets doc.ents, doc.cats (a probability a section) and doc._.section. A
whole report goes through baogao.models.predict, which decodes the sections of its paragraphs together.
"""

# No `from __future__ import annotations`: spaCy's config system reads the types of registered functions.

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from spacy.language import Language
from spacy.tokens import Doc

import baogao
from baogao.errors import InputError
from baogao.files import sha256_tree, write_folder
from baogao.records import Block
from baogao.workspace import Labels

if TYPE_CHECKING:
    from baogao.training.sections import SectionModel

SECTIONS = "baogao_sections"


@Language.factory(SECTIONS, assigns=["doc.cats", "doc._.section"])
def make_sections(nlp: Language, name: str) -> "SectionLabeller":
    """The factory spaCy finds by the entry point of this package."""
    return SectionLabeller(name)


class SectionLabeller:
    """The spaCy component around a section model."""

    def __init__(self, name: str = SECTIONS, model: "SectionModel | None" = None) -> None:
        self.name = name
        self._model = model
        if not Doc.has_extension("section"):
            Doc.set_extension("section", getter=_best_category)

    @property
    def classifier(self) -> "SectionModel":
        """The section model. Raises InputError before one is loaded. Not `model`: spaCy looks for that name
        on components that have none yet."""
        if self._model is None:
            raise InputError(
                f"the component {self.name!r} has no section model yet",
                todo="put one in with baogao.models.pipeline.assemble",
            )
        return self._model

    @property
    def labels(self) -> tuple[str, ...]:
        return () if self._model is None else tuple(self._model.labels)

    def __call__(self, doc: Doc) -> Doc:
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 256) -> Iterator[Doc]:
        """Set doc.cats of each text by itself, as a paragraph of a report that is not known."""
        from spacy.util import minibatch

        for docs in minibatch(stream, batch_size):
            alone = [
                Block(id=str(i), report=str(i), index=0, kind="paragraph", text=doc.text)
                for i, doc in enumerate(docs)
            ]
            for doc, row in zip(docs, self.classifier.probabilities(alone), strict=True):
                doc.cats = {label: float(p) for label, p in zip(self.classifier.labels, row, strict=True)}
                yield doc

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        return self.classifier.to_bytes()

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> "SectionLabeller":
        from baogao.training.sections import SectionModel

        self._model = SectionModel(data)
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        from baogao.training.sections import save_sections

        save_sections(self.classifier, Path(path))

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> "SectionLabeller":
        from baogao.training.sections import load_sections

        self._model = load_sections(path)
        return self


def _best_category(doc: Doc) -> str | None:
    return max(doc.cats, key=doc.cats.__getitem__) if doc.cats else None


def assemble(ner: Path, sections: Path, output: Path, *, labels: Labels | None = None) -> Path:
    """Write one pipeline folder from the entity pipeline in `ner` and the section model in `sections`.

    `labels` (colours, Chinese names, how values are read) go into its meta, so that a page or a table knows
    them where there is no workspace.

    Raises InputError when either cannot be loaded. Returns `output`.
    """
    from baogao.training.sections import load_sections

    model = load_sections(sections)
    nlp = load_pipeline(ner)
    if SECTIONS in nlp.pipe_names:
        nlp.remove_pipe(SECTIONS)
    nlp.add_pipe(SECTIONS)._model = model  # type: ignore[attr-defined]
    origin: dict[str, Any] = {"ner": sha256_tree(ner), "sections": sha256_tree(sections)}
    nlp.meta |= {
        "name": "baogao",
        "version": baogao.__version__,
        "description": "Entities and sections of Chinese government annual reports",
    }
    nlp.meta["baogao"] = {**nlp.meta.get("baogao", {}), "made_from": origin, "sections": model.meta}
    if labels is not None:
        nlp.meta["baogao"]["labels"] = msgspec.to_builtins(labels)
    with write_folder(output, known_by="config.cfg") as folder:
        nlp.to_disk(folder)
    return output


def load_pipeline(path: str | Path) -> Language:
    """spacy.load of a folder or an installed package, with what can go wrong said in a line (InputError)."""
    import spacy

    try:
        return spacy.load(path)
    except InputError:
        raise
    except Exception as error:  # spaCy, thinc and the file formats raise their own kinds
        said = " ".join(str(error).split())
        raise InputError(
            f"cannot be loaded as a spaCy pipeline ({type(error).__name__}: {said[:200]})", file=path,
            todo="name a trained pipeline, or train one: baogao run",
        ) from error  # fmt: skip
