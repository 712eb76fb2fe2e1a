"""Parameters and multiply-adds are those that papers count."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from zoo import registry
from zoo.complexity import count_params, leaf_layers, multiply_adds, shapes_only
from zoo.composition import build

# At 32 x 32 x 3 with 10 classes, convolutions and dense layers only (1512.03385 §4.2).
PUBLISHED = {
    "resnet20": 40_551_040,
    "resnet32": 68_862_592,
    "resnet44": 97_174_144,
    "resnet56": 125_485_696,
    "resnet110": 252_887_680,
}


def model_of(*layers: keras.layers.Layer, shape: tuple[int, ...]) -> keras.Model:
    """Return a functional model of one layer after the other."""
    x = inputs = keras.Input(shape)
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("name", PUBLISHED)
def test_multiply_adds_are_the_published_ones(name):
    assert registry.measured()[name]["macs"] == PUBLISHED[name]


def test_a_model_is_counted_from_shapes_alone():
    whole = build("resnet20", num_blocks=1, input_shape=(16, 16, 1))
    with shapes_only():
        counted = build("resnet20", num_blocks=1, input_shape=(16, 16, 1))
    assert count_params(counted) == count_params(whole)
    assert multiply_adds(counted) == multiply_adds(whole)


def test_what_no_memory_holds_is_counted():
    with shapes_only():
        model = model_of(keras.layers.Dense(10**7), shape=(10**7,))  # 400 TB of weights
        assert count_params(model) == 10**14 + 10**7
        assert multiply_adds(model) == 10**14
    assert np.asarray(model_of(keras.layers.Dense(2), shape=(3,))(np.ones((1, 3)))).shape == (1, 2)


def test_an_error_while_counting_leaves_other_models_whole():
    with pytest.raises(RuntimeError), shapes_only():
        build("mlp")
        raise RuntimeError
    assert np.isfinite(np.asarray(build("mlp", hidden_dims=(4,))(np.zeros((1, 28, 28, 1))))).all()


@pytest.mark.parametrize(
    "layer, shape, expected",
    [
        (keras.layers.Dense(5), (3,), 3 * 5),
        (keras.layers.Dense(5), (7, 3), 7 * 3 * 5),  # once a position
        (keras.layers.Conv1D(4, 3), (10, 2), 8 * 3 * 2 * 4),
        (keras.layers.Conv2D(4, 3), (8, 8, 2), 6 * 6 * 9 * 2 * 4),
        (keras.layers.Conv2D(4, 3, padding="same"), (8, 8, 2), 8 * 8 * 9 * 2 * 4),
        (keras.layers.Conv2D(4, 3, strides=2, padding="same"), (8, 8, 2), 4 * 4 * 9 * 2 * 4),
        (keras.layers.Conv2D(4, 3, groups=2), (8, 8, 2), 6 * 6 * 9 * 1 * 4),
        (keras.layers.DepthwiseConv2D(3), (8, 8, 2), 6 * 6 * 9 * 2),
        (keras.layers.DepthwiseConv2D(3, depth_multiplier=3), (8, 8, 2), 6 * 6 * 9 * 2 * 3),
        (keras.layers.BatchNormalization(), (8, 8, 2), 0),
        (keras.layers.MaxPooling2D(), (8, 8, 2), 0),
    ],
)
def test_multiply_adds_of_a_layer(layer, shape, expected):
    assert multiply_adds(model_of(layer, shape=shape)) == expected


def test_biases_and_batch_size_do_not_count():
    with_bias, without = (
        model_of(keras.layers.Conv2D(4, 3, use_bias=bias), shape=(8, 8, 2))
        for bias in (True, False)
    )
    assert multiply_adds(with_bias) == multiply_adds(without)


def test_a_larger_image_costs_in_proportion_to_its_area():
    small, large = (
        multiply_adds(build("resnet20", num_blocks=1, input_shape=(size, size, 3), num_classes=0))
        for size in (16, 32)
    )
    assert large == 4 * small


def test_nested_models_are_entered():
    inner = model_of(keras.layers.Dense(5, name="inside"), shape=(3,))
    outer = model_of(inner, keras.layers.Dense(2, name="outside"), shape=(3,))
    assert [layer.name for layer in leaf_layers(outer) if layer.weights] == ["inside", "outside"]
    assert multiply_adds(outer) == 3 * 5 + 5 * 2


def test_parameters_leave_normalization_statistics_out():
    model = model_of(keras.layers.Dense(4), keras.layers.BatchNormalization(), shape=(3,))
    assert model.count_params() == 3 * 4 + 4 + 4 * 4
    assert count_params(model) == 3 * 4 + 4 + 2 * 4


def test_frozen_weights_are_parameters():
    model = model_of(keras.layers.Dense(4, trainable=False), shape=(3,))
    assert count_params(model) == 3 * 4 + 4


def operations(profile) -> Iterator[tuple[str, int]]:
    """Yield each kind of operation with its floating-point operations, a multiply-add being two.

    The profile is a chain of kinds, each with the sum of its own and all that follow.
    """
    for node in profile.children:
        yield node.name, node.total_float_ops - sum(n.total_float_ops for n in node.children)
        yield from operations(node)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "cnn_small", "resnet20"])
def test_multiply_adds_are_half_of_what_tensorflow_counts(name):
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import (
        convert_variables_to_constants_v2,
    )

    model = build(name)
    graph_of = tf.function(model).get_concrete_function(
        tf.TensorSpec((1, *model.input_shape[1:]), "float32")
    )
    frozen = convert_variables_to_constants_v2(graph_of).graph.as_graph_def()
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(frozen, name="")
        builder = tf.compat.v1.profiler.ProfileOptionBuilder
        options = builder(builder.float_operation()).with_empty_output().build()
        profile = tf.compat.v1.profiler.profile(graph, cmd="op", options=options)
    heavy = sum(own for kind, own in operations(profile) if kind in ("Conv2D", "MatMul"))
    assert heavy == 2 * multiply_adds(model)
