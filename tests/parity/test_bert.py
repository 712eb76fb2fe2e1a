"""BERT and its descendants equal transformers' models with the same random numbers, padded or not."""

import numpy as np
import pytest

from tests.parity.timm_models import assert_close, ours_with_numbers_of, randomized, torch
from zoo.composition import build
from zoo.pretrained.conversion import placed
from zoo.pretrained.maps.bert import MAPS

transformers = pytest.importorskip(
    "transformers", reason="transformers is not installed: pip install .[parity]"
)
WORDS, PLACES = 23, 16
SIZES = {
    "vocab_size": WORDS,
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "intermediate_size": 40,
    "max_position_embeddings": PLACES,
}
OURS = {
    "vocabulary_size": WORDS,
    "context_length": PLACES,
    "num_layers": 2,
    "num_heads": 3,
    "hidden_dim": 24,
    "feed_forward_dim": 40,
}
DISTILBERT = transformers.DistilBertConfig(
    vocab_size=WORDS, max_position_embeddings=PLACES, dim=24, n_layers=2, n_heads=3, hidden_dim=40
)
ELECTRA = transformers.ElectraConfig(**SIZES, embedding_size=8)
ROBERTA = transformers.RobertaConfig(
    **SIZES | {"max_position_embeddings": PLACES + 2}, type_vocab_size=1, layer_norm_eps=1e-5
)


def networks():
    """Return a network of theirs for each of ours, and our arguments over `OURS`."""
    bert = transformers.BertModel(transformers.BertConfig(**SIZES))
    return {
        "bert_base": (bert, {}),
        "minilm_l6": (bert, {}),
        "roberta_base": (transformers.RobertaModel(ROBERTA, add_pooling_layer=False), {}),
        "distilbert_base": (transformers.DistilBertModel(DISTILBERT), {}),
        "electra_small": (transformers.ElectraModel(ELECTRA), {"embedding_dim": 8}),
    }


def drawn_ids(*lengths, padding_id):
    generator = np.random.default_rng(0)
    ids = np.full((len(lengths), max(lengths)), padding_id, "int32")
    for row, length in zip(ids, lengths, strict=True):
        row[:length] = generator.integers(2, WORDS, length)
    return ids


def their_outputs(network, ids, mask, **more):
    """Return tokens (B, T, D) and, where there is a pooler, its output (B, D)."""
    with torch.no_grad():
        found = network(torch.tensor(ids).long(), attention_mask=torch.tensor(mask), **more)
    pooled = getattr(found, "pooler_output", None)
    return found.last_hidden_state.numpy(), None if pooled is None else pooled.numpy()


@pytest.mark.parametrize("name", networks())
def test_tokens_and_pooled_vectors_equal_those_of_transformers(name):
    network, arguments = networks()[name]
    randomized(network, gain=1.0)
    arguments = OURS | arguments
    model = ours_with_numbers_of(name, network, num_classes=0, **arguments)
    padding_id = 1 if name == "roberta_base" else 0
    ids = drawn_ids(PLACES, 9, 1, padding_id=padding_id)
    mask = (ids != padding_id).astype("int64")
    tokens, pooled = their_outputs(network, ids, mask)
    found = model.get_layer("backbone")(ids)
    is_text = mask.astype(bool)
    assert_close(np.asarray(found["tokens"])[is_text], tokens[is_text], what=f"{name} tokens")
    if name == "minilm_l6":
        weights = mask[..., None]
        pooled = (tokens * weights).sum(1) / weights.sum(1)
    expected = tokens[:, 0] if pooled is None else pooled
    assert_close(found["pooled"], expected, what=f"{name} pooled")
    assert_close(model(ids), expected, what=f"{name} without a head")


def test_the_second_text_of_a_pair_has_the_second_type():
    network = randomized(transformers.BertModel(transformers.BertConfig(**SIZES)), gain=1.0)
    model = ours_with_numbers_of("bert_base", network, num_classes=0, **OURS, separator_id=3)
    ids = np.array([[2, 7, 9, 3, 8, 3], [2, 5, 3, 6, 3, 0]], "int32")
    types = torch.tensor([[0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]])
    tokens, pooled = their_outputs(network, ids, (ids != 0).astype("int64"), token_type_ids=types)
    found = model.get_layer("backbone")(ids)
    assert_close(np.asarray(found["tokens"])[ids != 0], tokens[ids != 0], what="tokens of pairs")
    assert_close(found["pooled"], pooled, what="pooled pairs")
    without = ours_with_numbers_of("bert_base", network, num_classes=0, **OURS)
    assert np.abs(np.asarray(without(ids)) - pooled).max() > 0.01


def test_a_normalized_vector_has_the_length_1():
    model = build("minilm_l6", num_classes=0, normalized=True, seed=1, **OURS)
    ids = drawn_ids(9, 4, padding_id=0)
    plain = build("minilm_l6", num_classes=0, seed=1, **OURS)(ids)
    found = np.asarray(model(ids))
    expected = plain / np.linalg.norm(plain, axis=1, keepdims=True)
    assert_close(found, expected, what="unit length")


@pytest.mark.parametrize(
    "name, network",
    [
        ("bert_base", transformers.BertForPreTraining(transformers.BertConfig(**SIZES))),
        ("minilm_l6", transformers.BertForPreTraining(transformers.BertConfig(**SIZES))),
        ("roberta_base", transformers.RobertaForMaskedLM(ROBERTA)),
        ("distilbert_base", transformers.DistilBertForMaskedLM(DISTILBERT)),
        ("electra_small", transformers.ElectraForPreTraining(ELECTRA)),
    ],
)
def test_files_with_the_head_of_pretraining_fit_too(name, network):
    more = {"embedding_dim": 8} if name == "electra_small" else {}
    model = build(name, num_classes=0, **OURS, **more)
    tensors = {key: tensor.numpy() for key, tensor in network.state_dict().items()}
    assert min(placed(model, tensors, one).faults for one in MAPS.values()) == 0


def test_a_classifier_keeps_its_head():
    network = transformers.BertForSequenceClassification(
        transformers.BertConfig(**SIZES, num_labels=3)
    )
    randomized(network, gain=1.0)
    model = ours_with_numbers_of("bert_base", network, num_classes=3, **OURS)
    ids = drawn_ids(9, 4, padding_id=0)
    with torch.no_grad():
        mask = torch.tensor(ids != 0).long()
        expected = network(torch.tensor(ids).long(), attention_mask=mask).logits.numpy()
    assert_close(model(ids), expected, what="logits")
