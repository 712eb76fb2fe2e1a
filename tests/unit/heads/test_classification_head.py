"""The head of classifiers: which feature it takes, and how it pools."""

import keras
import numpy as np
import pytest

from zoo.heads.classification import classification_head

SHAPES = {"map": (4, 6, 3), "tokens": (5, 2), "vector": (7,)}


def headed(num_classes, **arguments):
    inputs = {name: keras.Input(shape, name=name) for name, shape in SHAPES.items()}
    return keras.Model(inputs, classification_head(inputs, num_classes, **arguments))


def drawn():
    generator = np.random.default_rng(0)
    return {
        name: generator.normal(size=(2, *shape)).astype("float32") for name, shape in SHAPES.items()
    }


@pytest.mark.parametrize("feature, axes", [("map", (1, 2)), ("tokens", 1), ("vector", ())])
def test_the_named_feature_is_pooled_over_its_positions(feature, axes):
    pooled = headed(0, feature=feature)(drawn())
    np.testing.assert_allclose(pooled, drawn()[feature].mean(axes), atol=1e-6)


def test_without_a_name_the_deepest_feature_is_taken():
    np.testing.assert_array_equal(headed(0)(drawn()), drawn()["vector"])


def test_logits_are_float32_and_dropout_acts_in_training_only():
    model = headed(3, feature="tokens", dropout_rate=0.5)
    x = drawn()
    np.testing.assert_array_equal(model(x), model(x))
    assert model.output.dtype == "float32" and model.output_shape == (None, 3)
    keras.utils.set_random_seed(1)
    assert not np.allclose(model(x, training=True), model(x, training=True))
