"""FusedBatchNormalization against Keras' own layer and a float64 reference."""

import keras
import numpy as np
import pytest

from zoo.layers.batch_norm import FusedBatchNormalization

tensorflow_only = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="the fused kernel is TensorFlow's"
)
STATISTICS = ("moving_mean", "moving_variance")


def relative(value, reference) -> float:
    """Return the largest difference as a share of the largest reference value."""
    value, reference = np.asarray(value, "float64"), np.asarray(reference, "float64")
    return float(np.abs(value - reference).max() / np.abs(reference).max())


def data(shape=(8, 7, 5, 16), *, seed=0, mean=0.7):
    """Return inputs and upstream gradients that bfloat16 holds exactly."""
    generator = np.random.default_rng(seed)
    x = generator.normal(mean, 1.5, shape)
    dy = generator.normal(0, 1, shape)
    return tuple(
        keras.ops.convert_to_numpy(keras.ops.cast(keras.ops.cast(a, "bfloat16"), "float32"))
        for a in (x, dy)
    )


def layer_pair(channels, **arguments):
    """Return the fused and the stock layer with the same, not neutral, weights."""
    generator = np.random.default_rng(1)
    pair = FusedBatchNormalization(**arguments), keras.layers.BatchNormalization(**arguments)
    for layer in pair:
        layer.build((None, None, None, channels))
    pair[0].set_weights([generator.uniform(0.5, 2, w.shape) for w in pair[0].weights])
    pair[1].set_weights(pair[0].get_weights())
    return pair


def train_step(layer, x, dy, **call_arguments):
    """Return outputs, input gradient, weight gradients and statistics of one training call."""
    import tensorflow as tf

    x = tf.constant(x, layer.compute_dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, training=True, **call_arguments)
    weights = [v.value for v in layer.trainable_variables]
    dx, *dw = tape.gradient(y, [x, *weights], output_gradients=tf.constant(dy, y.dtype))
    numbers = [np.asarray(tf.cast(a, "float32")) for a in (y, dx, *dw)]
    return numbers + [getattr(layer, name).numpy() for name in STATISTICS]


def operations(function, *arguments) -> set[str]:
    """Return the operation types in a traced tf.function, calls included."""
    graph = function.get_concrete_function(*arguments).graph.as_graph_def()
    nodes = list(graph.node) + [n for f in graph.library.function for n in f.node_def]
    return {node.op for node in nodes}


def is_fused(layer, shape, **call_arguments) -> bool:
    import tensorflow as tf

    function = tf.function(lambda x: layer(x, **call_arguments))
    return "FusedBatchNormV3" in operations(function, tf.TensorSpec(shape, "float32"))


@tensorflow_only
@pytest.mark.parametrize("epsilon", [1e-3, 1e-5])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("scale", [True, False])
def test_a_float32_step_equals_the_stock_layer(center, scale, epsilon):
    fused, stock = layer_pair(16, center=center, scale=scale, momentum=0.9, epsilon=epsilon)
    for seed in range(3):  # statistics add up over steps
        results = zip(
            train_step(fused, *data(seed=seed)), train_step(stock, *data(seed=seed)), strict=True
        )
        assert all(relative(ours, theirs) < 1e-5 for ours, theirs in results)


@tensorflow_only
@pytest.mark.parametrize("shape", [(1, 1, 1, 4), (2, 1, 1, 8), (3, 2, 2, 12), (64, 8, 8, 32)])
def test_moving_variance_is_that_of_the_batch_without_correction(shape):
    x, _ = data(shape)
    fused, stock = layer_pair(shape[-1], momentum=0.0)
    assert is_fused(fused, shape, training=True)
    for layer in (fused, stock):
        layer(x, training=True)
    np.testing.assert_allclose(fused.moving_mean, stock.moving_mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(fused.moving_variance, stock.moving_variance, rtol=1e-5, atol=0)
    np.testing.assert_allclose(
        fused.moving_variance, x.astype("float64").var((0, 1, 2)), rtol=1e-5, atol=0
    )


@tensorflow_only
def test_large_maps_keep_four_digits_of_the_exact_statistics():
    # 131 072 values a channel: float32 sums lose digits, in Keras' own layer as well.
    x = np.random.default_rng(0).normal(3, 1, (128, 32, 32, 16)).astype("float32")
    fused = layer_pair(16, momentum=0.0)[0]
    fused(x, training=True)
    assert relative(fused.moving_mean, x.mean((0, 1, 2), dtype="float64")) < 1e-4
    assert relative(fused.moving_variance, x.var((0, 1, 2), dtype="float64")) < 1e-4


@tensorflow_only
@pytest.mark.parametrize("channels", [16, 12])  # the kernel in bfloat16, and by way of float32
def test_a_bfloat16_step_is_as_exact_as_the_stock_layer(channels):
    x, dy = data((8, 7, 5, channels))
    fused, stock = layer_pair(channels, momentum=0.9, dtype="mixed_bfloat16")
    reference = keras.layers.BatchNormalization(momentum=0.9, dtype="float32")
    reference.build(x.shape)
    reference.set_weights(fused.get_weights())

    exact = train_step(reference, x, dy)
    ours, theirs = train_step(fused, x, dy), train_step(stock, x, dy)

    assert all(w.dtype == "float32" for w in fused.weights)
    for value, stocks, truth in list(zip(ours, theirs, exact, strict=True))[:2]:  # y and dx
        one_rounding = 2**-7 * np.abs(truth) + 1e-6 * np.abs(truth).max()
        assert (np.abs(value - truth) <= one_rounding).all()
        assert relative(value, truth) <= relative(stocks, truth) * 1.001
    for value, truth in list(zip(ours, exact, strict=True))[2:]:  # weight gradients, statistics
        assert relative(value, truth) < 1e-5


@tensorflow_only
def test_bfloat16_outputs_have_the_compute_dtype():
    for channels in (16, 12, 3):
        layer = FusedBatchNormalization(dtype="mixed_bfloat16")
        x = np.ones((2, 4, 4, channels), "float32")
        for training in (True, False):
            assert keras.backend.standardize_dtype(layer(x, training=training).dtype) == "bfloat16"


def test_inference_equals_the_stock_layer():
    x, _ = data()
    fused, stock = layer_pair(16)
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(fused(x, training=False)),
        keras.ops.convert_to_numpy(stock(x, training=False)),
    )


def test_frozen_layer_normalizes_as_in_inference_and_keeps_its_statistics():
    x, _ = data()
    fused, _ = layer_pair(16)
    expected = keras.ops.convert_to_numpy(fused(x, training=False))
    before = fused.get_weights()
    fused.trainable = False
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(fused(x, training=True)), expected)
    for old, new in zip(
        sorted(map(tuple, before)), sorted(map(tuple, fused.get_weights())), strict=True
    ):
        assert old == new


@tensorflow_only
def test_the_kernel_serves_training_and_nothing_else():
    shape = (None, 8, 8, 16)
    frozen = FusedBatchNormalization(trainable=False)
    assert is_fused(FusedBatchNormalization(), shape, training=True)
    assert is_fused(FusedBatchNormalization(axis=3), (None, None, None, 16), training=True)
    assert not is_fused(FusedBatchNormalization(), shape, training=False)
    assert not is_fused(FusedBatchNormalization(), shape)
    assert not is_fused(frozen, shape, training=True)
    assert not is_fused(FusedBatchNormalization(axis=1), (None, 16, 8, 8), training=True)
    assert not is_fused(FusedBatchNormalization(synchronized=True), shape, training=True)
    assert not is_fused(FusedBatchNormalization(renorm=True), shape, training=True)
    assert not is_fused(FusedBatchNormalization(), (None, 8, 8, 3), training=True)
    assert not is_fused(FusedBatchNormalization(), (None, 16), training=True)
    assert not is_fused(FusedBatchNormalization(), (None, 4, 4, 4, 16), training=True)
    assert not is_fused(FusedBatchNormalization(dtype="float64"), shape, training=True)


@tensorflow_only
def test_a_mask_is_honoured_as_by_the_stock_layer():
    x, dy = data()
    mask = np.random.default_rng(2).random(x.shape[:3]) < 0.5
    fused, stock = layer_pair(16, momentum=0.5)
    for ours, theirs in zip(
        train_step(fused, x, dy, mask=mask), train_step(stock, x, dy, mask=mask), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@tensorflow_only
@pytest.mark.parametrize("shape", [(32, 16), (6, 5, 16), (2, 3, 3, 3, 16), (4, 5, 5, 3)])
def test_other_ranks_and_odd_channels_equal_the_stock_layer(shape):
    x, dy = data(shape)
    pair = FusedBatchNormalization(), keras.layers.BatchNormalization()
    for layer in pair:
        layer.build(shape)
    for ours, theirs in zip(*(train_step(layer, x, dy) for layer in pair), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@tensorflow_only
def test_a_graph_of_unknown_shape_equals_eager():
    import tensorflow as tf

    x, dy = data()
    eager, traced = layer_pair(16)[0], layer_pair(16)[0]
    expected = train_step(eager, x, dy)

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 16), "float32")] * 2)
    def step(x, dy):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = traced(x, training=True)
        weights = [v.value for v in traced.trainable_variables]
        return y, *tape.gradient(y, [x, *weights], output_gradients=dy)

    results = [*step(x, dy), traced.moving_mean, traced.moving_variance]
    for ours, theirs in zip(results, expected, strict=True):
        assert relative(ours, theirs) < 1e-6


@tensorflow_only
def test_xla_takes_the_stock_path_and_keeps_a_variance_beside_a_large_mean():
    import tensorflow as tf

    x = np.random.default_rng(0).normal(300, 1, (16, 8, 8, 16)).astype("float32")
    layer = FusedBatchNormalization(momentum=0.0)
    layer.build(x.shape)
    compiled = tf.function(lambda x: layer(x, training=True), jit_compile=True)
    assert "FusedBatchNormV3" not in operations(compiled, tf.TensorSpec(x.shape, "float32"))
    compiled(tf.constant(x))
    assert relative(layer.moving_variance, x.var((0, 1, 2), dtype="float64")) < 1e-4


@tensorflow_only
@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_ends_with_the_weights_of_the_stock_layer(jit_compile):
    x, _ = data((32, 6, 6, 3))
    y = x.mean((1, 2, 3))
    models = []
    for make in (FusedBatchNormalization, keras.layers.BatchNormalization):
        keras.utils.set_random_seed(0)
        model = keras.Sequential(
            [
                keras.Input((6, 6, 3)),
                keras.layers.Conv2D(8, 3, use_bias=False),
                make(momentum=0.8),
                keras.layers.ReLU(),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Dense(1),
            ]
        )
        model.compile(keras.optimizers.SGD(0.05), "mse", jit_compile=jit_compile)
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        models.append(model)
    for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
        assert relative(ours, theirs) < 1e-5


@pytest.mark.parametrize(
    "arguments",
    [{}, {"momentum": 0.9, "epsilon": 1e-5, "center": False, "gamma_initializer": "zeros"}],
)
def test_config_and_weights_go_both_ways(arguments):
    stock = keras.layers.BatchNormalization(name="norm", **arguments)
    fused = FusedBatchNormalization(name="norm", **arguments)
    assert fused.get_config() == stock.get_config()

    for source, target in (
        (stock, FusedBatchNormalization),
        (fused, keras.layers.BatchNormalization),
    ):
        copy = target.from_config(source.get_config())
        for layer in (source, copy):
            layer.build((None, 4, 4, 8))
        source.set_weights([np.random.default_rng(3).random(w.shape) for w in source.weights])
        copy.set_weights(source.get_weights())
        assert [w.name for w in copy.weights] == [w.name for w in source.weights]
        for ours, theirs in zip(copy.get_weights(), source.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_saved_model_loads_without_custom_objects(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 8)), FusedBatchNormalization(name="norm")])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[0]) is FusedBatchNormalization
