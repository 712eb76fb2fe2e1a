"""A folder with a tiny text encoder, its tokenizer and its configuration, and a card of it."""

import json
from dataclasses import replace

import numpy as np
from safetensors.numpy import save_file

from zoo import registry
from zoo.cards import FileSource, PublishedTexts
from zoo.composition import build
from zoo.published_tokenizer import wordpiece
from zoo.weights import tensor_keys

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "a",
    "fine",
    "##r",
    "film",
    "!",
    "bad",
    "good",
]
SIZES = {"vocabulary_size": len(WORDS), "context_length": 16, "hidden_dim": 8, "num_heads": 2}
SIZES |= {"num_layers": 1}
NAME = "minilm_l6.made"


def made_weights(tmp_path, monkeypatch):
    """Write the folder, put the card into the catalog, and return the folder."""
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("ZOO_FEATURES_DIR", str(tmp_path / "features"))
    place = tmp_path / "made"
    place.mkdir()
    model = build("minilm_l6", num_classes=0, seed=1, **SIZES)
    tensors = {key: np.array(variable) for key, variable in tensor_keys(model).items()}
    save_file(tensors, place / "model.safetensors")
    (place / "tokenizer.json").write_text(wordpiece(WORDS), encoding="utf-8")
    configuration = {"hidden_size": 8, "num_attention_heads": 2, "num_hidden_layers": 1}
    configuration |= {"hidden_act": "gelu", "layer_norm_eps": 1e-12}
    (place / "config.json").write_text(json.dumps(configuration), encoding="utf-8")
    card = replace(
        registry.pretrained_card("minilm_l6.all_v2"),
        name=NAME,
        arguments=SIZES | {"normalized": True},
        sources=(FileSource(str(place / "model.safetensors")),),
        texts=PublishedTexts(tokenizer=(FileSource(str(place / "tokenizer.json")),), max_tokens=6),
    )
    monkeypatch.setitem(registry.SHELVES[type(card)], NAME, card)
    return place
