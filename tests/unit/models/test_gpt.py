"""GPT: the published sizes, tied logits, the start that GPT-2 takes, and what dropout reaches."""

import keras
import numpy as np
import pytest

from zoo.complexity import count_params
from zoo.models.text.gpt import gpt

TINY = {"vocabulary_size": 11, "context_length": 8, "num_layers": 2, "hidden_dim": 8}


def logits_of(model, ids, **arguments):
    return keras.ops.convert_to_numpy(model(np.asarray(ids, "int32"), **arguments)["logits"])


def weight(model, layer, position=0):
    return keras.ops.convert_to_numpy(model.get_layer(layer).weights[position])


def test_biases_are_asked_for():
    with_biases = gpt(**TINY, num_heads=2, use_bias=True)
    without = gpt(**TINY, num_heads=2)
    # a block: 3 D + D + 4 D + D in dense layers, D in each of two norms; D in the last norm
    assert count_params(with_biases) - count_params(without) == 2 * 11 * 8 + 8


def test_logits_are_the_products_with_the_embeddings():
    model = gpt(**TINY, num_heads=2)
    features = model(np.array([[3, 1, 4, 1]], "int32"))
    tokens = keras.ops.convert_to_numpy(features["tokens"])
    expected = tokens @ weight(model, "embedding").T
    np.testing.assert_allclose(features["logits"], expected, atol=1e-6)
    assert features["logits"].shape == (1, 4, 11)


def test_padding_behind_a_text_changes_nothing_before_it():
    model = gpt(**TINY, num_heads=2)
    short, padded = logits_of(model, [[3, 1, 4]]), logits_of(model, [[3, 1, 4, 0, 0]])
    np.testing.assert_allclose(padded[:, :3], short, atol=1e-6)


def test_order_matters():
    model = gpt(**TINY, num_heads=2)
    last = [logits_of(model, [ids])[0, -1] for ids in ([1, 2, 3], [2, 1, 3])]
    assert not np.allclose(*last, atol=1e-6)


def test_it_starts_as_gpt2_does():
    keras.utils.set_random_seed(1)
    model = gpt(num_layers=4, num_heads=2, hidden_dim=32)
    for layer, deviation in (
        ("embedding", 0.02),
        ("position_embedding", 0.02),
        ("block1_attention_in", 0.02),
        ("block2_mlp_in", 0.02),
        ("block3_attention_out", 0.02 / np.sqrt(2 * 4)),
        ("block4_mlp_out", 0.02 / np.sqrt(2 * 4)),
    ):
        assert weight(model, layer).std() == pytest.approx(deviation, rel=0.05), layer


def test_an_untrained_model_knows_nothing():
    logits = logits_of(
        gpt(num_layers=1, num_heads=2, hidden_dim=16), np.arange(128).reshape(2, 64) % 65
    )
    shares = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    assert -np.log(shares).mean() == pytest.approx(np.log(65), rel=0.02)


@pytest.mark.parametrize("rate", ["embedding_dropout_rate", "layer_dropout_rate"])
def test_dropout_acts_in_training_only(rate):
    keras.utils.set_random_seed(1)
    model = gpt(**TINY, num_heads=2, **{rate: 0.5})
    ids = [[3, 1, 4, 1, 5]]
    np.testing.assert_array_equal(logits_of(model, ids), logits_of(model, ids))
    trained = [logits_of(model, ids, training=True) for _ in range(2)]
    assert not np.allclose(*trained)


def test_logits_are_float32_under_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = gpt(**TINY, num_heads=2)
    finally:
        keras.config.set_dtype_policy("float32")
    features = model(np.array([[3, 1]], "int32"))
    assert keras.backend.standardize_dtype(features["tokens"].dtype) == "bfloat16"
    assert keras.backend.standardize_dtype(features["logits"].dtype) == "float32"


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="num_heads=3 does not divide hidden_dim=8"):
        gpt(hidden_dim=8, num_heads=3)


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="activation='relu' is not one of gelu, gelu_tanh"):
        gpt(activation="relu")
