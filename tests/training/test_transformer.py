"""training/transformer.cfg with a tiny BERT made on the spot; only where PyTorch is installed."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from test_ner import CONFIG, corpus

from baogao.errors import InputError
from baogao.training.ner import train_ner

TRANSFORMER = CONFIG.with_name("transformer.cfg")
WIDTH = 16
SETTINGS = {
    "components.transformer.model.hidden_width": WIDTH,
    "components.transformer.model.intermediate_width": 32,
    "components.transformer.model.num_attention_heads": 2,
    "components.transformer.model.num_hidden_layers": 1,
    "components.transformer.model.model_max_length": 64,
    "components.transformer.model.with_spans.stride": 24,
    "components.transformer.model.with_spans.window": 32,
    "components.ner.model.hidden_width": 8,
    "system.gpu_allocator": None,
    "training.max_steps": 4,
    "training.eval_frequency": 2,
}


def checkpoint(folder: Path, characters: list[str]) -> dict[str, object]:
    """Weights under the names that published BERT checkpoints have, and their vocabulary."""
    import torch

    generator = torch.Generator().manual_seed(0)

    def weight(*shape: int):
        return torch.randn(*shape, generator=generator) * 0.02

    def norm(name: str):
        return {f"{name}.weight": torch.ones(WIDTH), f"{name}.bias": torch.zeros(WIDTH)}

    def dense(name: str, out: int, size: int):
        return {f"{name}.weight": weight(out, size), f"{name}.bias": torch.zeros(out)}

    layer, attention = "bert.encoder.layer.0", "bert.encoder.layer.0.attention"
    state = {
        "bert.embeddings.word_embeddings.weight": weight(len(characters), WIDTH),
        "bert.embeddings.position_embeddings.weight": weight(512, WIDTH),
        "bert.embeddings.token_type_embeddings.weight": weight(2, WIDTH),
        **norm("bert.embeddings.LayerNorm"),
        **{
            key: value
            for name in ("self.query", "self.key", "self.value", "output.dense")
            for key, value in dense(f"{attention}.{name}", WIDTH, WIDTH).items()
        },
        **norm(f"{attention}.output.LayerNorm"),
        **dense(f"{layer}.intermediate.dense", 32, WIDTH),
        **dense(f"{layer}.output.dense", WIDTH, 32),
        **norm(f"{layer}.output.LayerNorm"),
    }
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in characters), encoding="utf-8")
    return {
        "paths.weights": str(folder / "pytorch_model.bin"),
        "paths.vocab": str(folder / "vocab.txt"),
        "components.transformer.model.vocab_size": len(characters),
    }


def test_transformer_config_trains_on_a_tiny_bert_and_keeps_offsets(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs PyTorch: pip install torch 'baogao[transformer]'")
    pytest.importorskip("spacy_curated_transformers", reason="needs: pip install 'baogao[transformer]'")
    blocks = corpus()
    characters = sorted({character for block in blocks for character in block.text})
    files = checkpoint(tmp_path, ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *characters])
    model = train_ner(blocks, tmp_path / "m", config=TRANSFORMER, overrides={**SETTINGS, **files})
    nlp = spacy.load(model)
    text = "今年 区政府办理案件25件。🏛龘 " + "县委，" * 40
    doc = nlp(text)
    assert doc.text == text
    assert doc._.trf_data.last_hidden_layer_state.lengths.sum() >= len(text.replace(" ", ""))
    assert [t.text for t in nlp("")] == []


def test_without_weights_or_package_the_error_names_the_config(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="curated_transformer|models/bert") as error:
        train_ner(corpus(), tmp_path / "m", config=TRANSFORMER, overrides={"system.gpu_allocator": None})
    assert "\n" not in str(error.value)
    assert str(TRANSFORMER) in str(error.value)
