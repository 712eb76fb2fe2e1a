"""Sums over long axes: the mean of ones is 1, also where numbers have 8 or 11 bits."""

import keras
import numpy as np
import pytest
from keras import ops

from zoo.heads.classification import classification_head
from zoo.layers.attention import CausalSelfAttention
from zoo.layers.log_mel import LogMel
from zoo.layers.masked_mean import MaskedMean
from zoo.layers.normalization import normalization_layer
from zoo.layers.spec_augment import SpecAugment
from zoo.models.text.rnn import MaskedMax
from zoo.models.text.textcnn import MaxOverTime
from zoo.models.text.transformer_encoder import transformer_encoder
from zoo.task_model import divergence

LONG = 20_000  # beyond 2048 and 256, where half precision stops counting
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
TOLERANCE = {"float32": 1e-4, "mixed_bfloat16": 0.01, "mixed_float16": 0.002}


@pytest.fixture(params=PRECISIONS)
def precision(request):
    """A dtype policy in force."""
    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(old)


def ones(*shape):
    return ops.ones(shape, keras.config.dtype_policy().compute_dtype)


def pooled(*shape):
    """What the classification head makes of features of ones."""
    inputs = keras.Input(shape[1:])
    return keras.Model(inputs, classification_head({"deepest": inputs}, 0))(ones(*shape))


MEANS = {
    "tokens that are text": lambda: MaskedMean()(ones(1, LONG, 4), np.ones((1, LONG), bool)),
    "one padded text": lambda: MaskedMean()(ones(1, LONG, 4), np.arange(LONG)[None] < 5001),
    "frames": lambda: pooled(1, LONG, 4),
    "pixels": lambda: pooled(1, 150, 150, 4),
    "attention over a long text": lambda: CausalSelfAttention(1)(ones(1, 3000, 12)),
    "masked spectrogram": lambda: SpecAugment(1, 20, 1, 100, seed=1)(
        ones(1, LONG // 10, 80), training=True
    ),
    "maximum of states": lambda: MaskedMax()(ones(1, LONG, 4), np.ones((1, LONG), bool)),
    "maximum over windows": lambda: MaxOverTime(3)(ones(1, LONG + 2, 4), np.ones((1, LONG), bool)),
}


@pytest.mark.parametrize("name", MEANS)
def test_the_mean_of_ones_is_one(name, precision):
    found = np.asarray(ops.cast(MEANS[name](), "float32"))
    np.testing.assert_allclose(found, 1, atol=TOLERANCE[precision])


@pytest.mark.parametrize("kind", ["batch", "batch_stock", "layer", "group"])
def test_normalized_maps_have_mean_zero_and_deviation_one(kind, precision):
    maps = np.random.default_rng(0).normal(5, 1, (1, 150, 150, 16))
    layer = normalization_layer(kind, name="norm")
    found = layer(ops.cast(maps, layer.compute_dtype), training=True)
    found = np.asarray(ops.cast(found, "float32"), dtype="float64")
    tolerance = 10 * TOLERANCE[precision]
    assert found.mean() == pytest.approx(0, abs=tolerance)
    assert found.std() == pytest.approx(1, abs=tolerance)


@pytest.mark.parametrize("kind", ["batch", "batch_stock"])
def test_batch_statistics_of_a_large_map_are_those_of_float32(kind, precision):
    layer = normalization_layer(kind, name="norm")
    layer.momentum = 0.0
    layer(3 * ones(1, 150, 150, 16), training=True)
    np.testing.assert_allclose(layer.moving_mean, 3, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, 0, atol=1e-4)


def test_a_long_sound_is_normalized_over_all_its_frames(precision):
    layer = LogMel(8000, hop_ms=5, num_mels=20, normalization="clip")
    audio = np.random.default_rng(0).normal(0, 0.1, (1, 8000 * 30)).astype("float32")
    found = np.asarray(ops.cast(layer(audio), "float32"), dtype="float64")
    assert found.shape[1] > 5000
    assert found.mean() == pytest.approx(0, abs=TOLERANCE[precision])
    assert found.std() == pytest.approx(1, abs=TOLERANCE[precision])


def test_an_encoder_pools_a_long_text_as_a_short_one(precision):
    """The same token at every place, no positions, no attention: every mean is that of one token.

    Processors without bfloat16 instructions sum the values of attention in bfloat16.
    """
    keras.utils.set_random_seed(0)
    model = transformer_encoder(vocabulary_size=5, context_length=2500, num_layers=1, hidden_dim=8)
    for name in ("positions", "block1_attention"):
        layer = model.get_layer(name)
        layer.set_weights([0 * weight for weight in layer.get_weights()])
    short, long = (
        np.asarray(ops.cast(model(np.full((1, length), 3))["pooled"], "float32"))
        for length in (2, 2500)
    )
    np.testing.assert_allclose(long, short, atol=10 * TOLERANCE[precision])


def test_the_divergence_of_half_logits_is_that_of_float32(precision):
    generator = np.random.default_rng(0)
    one, other = (generator.normal(size=(4, 5000)) for _ in range(2))
    dtype = keras.config.dtype_policy().compute_dtype
    half = float(divergence(ops.cast(one, dtype), ops.cast(other, dtype)))
    whole = float(divergence(ops.cast(one, "float32"), ops.cast(other, "float32")))
    assert half == pytest.approx(whole, rel=10 * TOLERANCE[precision])


def test_in_float32_the_masked_mean_is_the_plain_formula_to_the_bit():
    generator = np.random.default_rng(0)
    x = ops.cast(generator.normal(size=(3, 700, 16)), "float32")
    keep = ops.cast(np.arange(700)[None] < np.array([[700], [31], [1]]), "float32")[..., None]
    plain = ops.sum(x * keep, axis=1) / ops.maximum(ops.sum(keep, axis=1), 1)
    np.testing.assert_array_equal(MaskedMean()(x, keep[..., 0] > 0), plain)
