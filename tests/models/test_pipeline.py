"""One spaCy pipeline with entities and sections, from a paragraph to a report."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import spacy

from baogao.errors import InputError
from baogao.models.pipeline import SECTIONS, assemble, load_pipeline
from baogao.models.predict import label_blocks, predict_file
from baogao.records import check_labels
from baogao.training.sections import load_sections
from baogao.workspace import Labels, Workspace

TEXT = "区政府深入开展行政执法检查120次,严格规范公正文明执法,完善行政执法三项制度。"


def test_spacy_loads_it_by_its_folder_and_labels_a_paragraph(pipeline: Path) -> None:
    doc = spacy.load(pipeline)(TEXT)
    assert doc._.section == "ENFORCEMENT"
    assert max(doc.cats, key=lambda name: doc.cats[name]) == "ENFORCEMENT"
    assert sum(doc.cats.values()) == pytest.approx(1)
    assert ("区政府", "INST") in {(span.text, span.label_) for span in doc.ents}


def test_a_raw_report_becomes_labelled_blocks_in_order(pipeline: Path, repo: Path) -> None:
    blocks = predict_file(load_pipeline(pipeline), repo / "corpus/reports/linhe-2024.txt")
    assert [block.index for block in blocks] == list(range(len(blocks)))
    assert {block.kind for block in blocks} >= {"heading", "paragraph"}
    for block in blocks:
        check_labels(block)
        paragraph = block.kind == "paragraph"
        assert (block.section is not None) == paragraph
        assert (block.section_score is not msgspec.UNSET) == paragraph
        assert paragraph or not block.entities
        for span in block.entities:
            assert span.text == block.text[span.start : span.end]
    assert any(block.entities for block in blocks)


def test_the_sections_of_a_report_are_decoded_together(pipeline: Path, repo: Path) -> None:
    nlp = load_pipeline(pipeline)
    blocks = predict_file(nlp, repo / "corpus/reports/linhe-2024.txt")
    together = load_sections(pipeline / SECTIONS).predict(blocks)
    assert [block.section for block in blocks] == [section for section, _ in together]


def test_two_reports_at_once_are_labelled_as_each_by_itself(pipeline: Path, repo: Path) -> None:
    nlp = load_pipeline(pipeline)
    one, two = (
        predict_file(nlp, repo / f"corpus/reports/{name}.txt") for name in ("linhe-2024", "xishan-2018")
    )
    assert label_blocks(nlp, [*one, *two]) == [*one, *two]


def test_disk_and_bytes_keep_everything(pipeline: Path, tmp_path: Path) -> None:
    nlp = spacy.load(pipeline)
    nlp.to_disk(tmp_path / "again")
    again = spacy.load(tmp_path / "again")
    assert again(TEXT).cats == nlp(TEXT).cats
    from_bytes = spacy.util.load_model_from_config(nlp.config).from_bytes(nlp.to_bytes())
    assert from_bytes(TEXT).cats == nlp(TEXT).cats


def test_no_file_of_a_pipeline_is_a_pickle(pipeline: Path) -> None:
    for path in pipeline.rglob("*"):
        if path.is_file():
            assert path.suffix not in (".pkl", ".pickle", ".joblib")
            assert not path.read_bytes().startswith(b"\x80\x04")


def test_assembling_again_replaces_the_sections(pipeline: Path, repo: Path, tmp_path: Path) -> None:
    labels = Workspace(repo).labels()
    assemble(pipeline, pipeline / SECTIONS, tmp_path / "twice", labels=labels)
    nlp = spacy.load(tmp_path / "twice")
    assert nlp.pipe_names.count(SECTIONS) == 1
    assert msgspec.convert(nlp.meta["baogao"]["labels"], Labels) == labels


def test_a_component_without_a_model_says_so() -> None:
    nlp = spacy.blank("zh")
    nlp.add_pipe(SECTIONS)
    with pytest.raises(InputError, match="has no section model yet"):
        nlp(TEXT)


def test_a_folder_that_is_no_pipeline_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(InputError, match="cannot be loaded as a spaCy pipeline"):
        load_pipeline(tmp_path)
    with pytest.raises(InputError, match="cannot be loaded as a spaCy pipeline"):
        load_pipeline(tmp_path / "nowhere")


def test_a_tampered_section_model_inside_a_pipeline_is_refused(pipeline: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(pipeline, tmp_path / "copy")
    with open(copy / SECTIONS / "sections.skops", "ab") as handle:
        handle.write(b"more")
    with pytest.raises(InputError, match="was changed after training"):
        load_pipeline(copy)
