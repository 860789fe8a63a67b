"""A pipeline with both halves: patterns for entities, sections trained on a few practice reports."""

from __future__ import annotations

from pathlib import Path

import pytest

from baogao.models.pipeline import assemble
from baogao.training.sections import train_sections
from baogao.workspace import Workspace


@pytest.fixture(scope="session")
def pipeline(tiny_pipeline: Path, repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read it, never write to it. No gold report is in its training."""
    folder = tmp_path_factory.mktemp("models")
    practice = Workspace(repo).labelled("practice")
    blocks = [block for name in list(practice)[:10] for block in practice[name]]
    train_sections(blocks, folder / "sections", config=None)
    return assemble(tiny_pipeline, folder / "sections", folder / "pipeline")
