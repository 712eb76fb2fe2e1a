"""Attention rollout of BERT, MiniLM and ViT against the attentions that other projects' code gives."""

import keras
import numpy as np
import pytest

from recipes.explanations.attention_rollout import attention_rollout
from recipes.explanations.layers import first_embedding, pooling
from recipes.explanations.network import Compiled, Network
from tests.parity.timm_models import import_timm, ours_with_numbers_of, randomized, torch

WORDS, PLACES = 23, 12
SIZES = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 3}
OURS = {"num_layers": 3, "num_heads": 3, "hidden_dim": 24}


def rollout_in_pytorch(attentions):
    """Return the product over layers of (mean over heads + 1) / 2, from attentions (B, H, T, T)."""
    mixed = [(one.mean(dim=1) + torch.eye(one.shape[-1])) / 2 for one in attentions]
    return torch.linalg.multi_dot([one[0].double() for one in reversed(mixed)]).numpy()


def classifier(model):
    """Return a model with its logits under their name, as runs have them."""
    (given,) = model.inputs
    return keras.Model({given.name: given}, {"logits": model.output})


@pytest.mark.parametrize("name, way", [("bert_base", "first"), ("minilm_l6", "mean")])
def test_bert_equals_transformers(name, way):
    transformers = pytest.importorskip("transformers", reason="pip install .[parity]")
    more = {
        "intermediate_size": 40,
        "max_position_embeddings": PLACES,
        "vocab_size": WORDS,
        "num_labels": 3,
    }
    config = transformers.BertConfig(**SIZES, **more, attn_implementation="eager")
    network = randomized(transformers.BertForSequenceClassification(config), gain=1.0)
    ours = OURS | {"vocabulary_size": WORDS, "context_length": PLACES, "feed_forward_dim": 40}
    model = classifier(ours_with_numbers_of(name, network, num_classes=3, **ours))
    ids = np.random.default_rng(0).integers(2, WORDS, (1, PLACES)).astype("int32")
    ids[:, 9:] = 0  # padding
    with torch.no_grad():
        mask = torch.tensor(ids != 0).long()
        told = network(torch.tensor(ids).long(), attention_mask=mask, output_attentions=True)
    asked = Network(Compiled(model, front=first_embedding(model)), ids, label=0)
    assert pooling(model) == way
    found = attention_rollout(asked.attentions())
    np.testing.assert_allclose(found[:9], rollout_in_pytorch(told.attentions)[:9], atol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert found[:9, 9:].max() < 1e-9  # nothing of the padding reaches the text


def test_vit_equals_timm():
    timm = import_timm()
    made = timm.create_model("vit_tiny_patch16_224", img_size=64, depth=3, num_classes=10)
    network, weights = randomized(made), []
    for block in network.blocks:
        block.attn.fused_attn = False  # so that the weights pass the dropout layer
        block.attn.attn_drop.register_forward_hook(lambda _, given, out: weights.append(out))
    ours = {"input_shape": (64, 64, 3), "num_classes": 10, "num_layers": 3}
    model = classifier(ours_with_numbers_of("vit_tiny_patch16", network, **ours))
    image = np.random.default_rng(1).normal(size=(1, 64, 64, 3)).astype("float32")
    with torch.no_grad():
        network(torch.tensor(image.transpose(0, 3, 1, 2)))
    found = attention_rollout(Network(Compiled(model), image, label=0).attentions())
    assert pooling(model) == "first"
    np.testing.assert_allclose(found, rollout_in_pytorch(weights), atol=1e-5)
