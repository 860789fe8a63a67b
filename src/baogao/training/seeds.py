"""Several seeds of one recipe: each finished one is kept, the best on dev is the model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from baogao.errors import InputError
from baogao.files import refuse_foreign_folder, write_folder
from baogao.progress import track
from baogao.records import LabelledBlock
from baogao.training.ner import recipe_hash, train_ner


def train_seeds(
    train: Sequence[LabelledBlock],
    output: Path,
    *,
    config: Path,
    seeds: Sequence[int],
    segmenter: Path | None = None,
    overrides: dict[str, Any] | None = None,
    dev: Sequence[LabelledBlock] | None = None,
    **options: Any,
) -> list[tuple[int, float]]:
    """Train each of `seeds` as `train_ner` does and copy the one best on dev to `output`.

    Each finished seed stays in `output`-seeds/SEED; called again with the same data and settings, also
    after a kill, only the missing ones are trained. All share one dev set. Returns (seed, entity F1 on dev)
    in the order of `seeds`; ties go to the first. The best of several on dev flatters itself there: score
    it elsewhere.
    """
    if not seeds or len(set(seeds)) != len(seeds):
        raise InputError(f"the seeds {list(seeds)} are none or not all different", todo="name each once")
    refuse_foreign_folder(output, "config.cfg")
    kept = output.with_name(f"{output.name}-seeds")
    recipe = recipe_hash(train, config=config, segmenter=segmenter, overrides=overrides, dev=dev)
    scores = []
    # Where spaCy's table of steps is shown, a bar below it would only break it up.
    for seed in seeds if options.get("progress") else track(seeds, "seeds"):
        folder = kept / str(seed)
        if _meta(folder).get("baogao", {}).get("recipe") != recipe:
            train_ner(
                train, folder, config=config, segmenter=segmenter, seed=seed, overrides=overrides, dev=dev,
                **options,
            )  # fmt: skip
        scores.append((seed, dev_score(folder)))
    best = max(scores, key=lambda item: item[1])[0]
    with write_folder(output, known_by="config.cfg") as target:
        shutil.copytree(kept / str(best), target, dirs_exist_ok=True)
    return scores


def dev_score(model: Path) -> float:
    """Entity F1 (0 to 1) on dev that spaCy keeps in the meta of a model it trained."""
    return float(_meta(model).get("performance", {}).get("ents_f") or 0.0)


def _meta(folder: Path) -> dict[str, Any]:
    path = folder / "meta.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
