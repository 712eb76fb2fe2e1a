"""apply_penalties: exact penalties on kernels alone, norms that hold, both kept in a file."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.layers.regularize import apply_penalties
from zoo.regularization import Regularization


def small_net():
    image = keras.Input((6, 6, 2), name="image")
    x = layers.Conv2D(4, 3, name="conv")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(name="act")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(3, name="head")(x))


def images(count=8):
    return np.random.default_rng(0).normal(size=(count, 6, 6, 2)).astype("float32")


def shake(model):
    """Give every weight, biases and statistics too, a value that is not its initial one."""
    generator = np.random.default_rng(1)
    model.set_weights([generator.uniform(0.1, 1, w.shape) for w in model.weights])
    return model


def penalty(model) -> float:
    return float(sum(keras.ops.convert_to_numpy(loss) for loss in model.losses))


def test_the_penalty_in_losses_is_that_of_the_kernels_alone():
    model = shake(small_net())
    apply_penalties(model, Regularization(l1=0.01, l2=0.003))
    kernels = [model.get_layer("conv").kernel.numpy(), model.get_layer("head").kernel.numpy()]
    expected = sum(0.01 * np.abs(k).sum() + 0.003 * (k**2).sum() for k in kernels)
    assert len(model.losses) == 2
    assert penalty(model) == pytest.approx(expected, rel=1e-5)


def test_the_penalty_acts_in_fit():
    model = small_net()
    apply_penalties(model, Regularization(l2=0.5))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    x, y = images(), np.zeros((8, 3))
    loss = model.fit(x, y, batch_size=8, verbose=0).history["loss"][0]
    data_loss = float(np.mean(np.square(model(x, training=True))))
    assert loss == pytest.approx(data_loss + penalty(model), rel=1e-4)


def test_kernels_inside_nested_models_attention_and_recurrent_layers_are_reached_once():
    tokens = keras.Input((5, 8))
    attended = layers.MultiHeadAttention(2, 4, name="attention")(tokens, tokens)
    inner = keras.Model(tokens, layers.LayerNormalization()(attended), name="inner")
    whole = keras.Input((5, 8))
    x = layers.Bidirectional(layers.LSTM(3), name="both")(inner(whole))
    model = shake(keras.Model(whole, layers.Dense(2, name="head")(x)))
    apply_penalties(model, Regularization(l2=1.0))
    kernels = [w for w in model.weights if w.name.endswith("kernel")]
    assert len(kernels) == 4 + 4 + 1  # query, key, value, output; two of each LSTM; head
    assert penalty(model) == pytest.approx(sum((w.numpy() ** 2).sum() for w in kernels), rel=1e-5)


def test_attention_biases_and_embeddings_are_no_kernels():
    ids = keras.Input((5,), dtype="int32")
    x = layers.Embedding(7, 8)(ids)
    model = keras.Model(ids, layers.MultiHeadAttention(2, 4)(x, x))
    apply_penalties(model, Regularization(l2=1.0))
    with_penalty = [w for w in model.weights if w.regularizer is not None]
    assert any(len(w.shape) == 2 and w.name == "bias" for w in model.weights)
    assert {w.name for w in with_penalty} == {"kernel"}


def test_values_that_are_off_leave_the_models_own_penalties():
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(2, kernel_regularizer="l2", kernel_constraint="non_neg")]
    )
    own = model.layers[0].kernel.regularizer, model.layers[0].kernel.constraint
    apply_penalties(model, Regularization())
    assert (model.layers[0].kernel.regularizer, model.layers[0].kernel.constraint) == own


@pytest.mark.parametrize(
    "layer, shape, axes",
    [
        (layers.Dense(4), (3,), (0,)),
        (layers.Conv2D(4, 3), (6, 6, 2), (0, 1, 2)),
        (layers.Conv2DTranspose(4, 3), (6, 6, 2), (0, 1, 3)),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 2), (0, 1)),
        (layers.EinsumDense("abc,cde->abde", (5, 2, 4)), (5, 3), (0,)),
        (layers.EinsumDense("abde,dec->abc", (5, 3)), (5, 2, 4), (0, 1)),
        (layers.EinsumDense("...x,xy->...y", 4), (5, 3), (0,)),
    ],
)
def test_max_norm_bounds_the_incoming_weights_of_each_unit(layer, shape, axes):
    layer = type(layer).from_config(layer.get_config())
    model = shake(keras.Sequential([keras.Input(shape), layer]))
    apply_penalties(model, Regularization(max_norm=0.3))
    kernel = layer.kernel.numpy()
    norms = np.sqrt((kernel**2).sum(axis=axes, keepdims=True))
    assert (norms > 0.3).all()
    np.testing.assert_allclose(layer.kernel.constraint(kernel), kernel * 0.3 / norms, rtol=1e-4)


def test_max_norm_holds_after_training_steps():
    model = small_net()
    apply_penalties(model, Regularization(max_norm=0.2))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.fit(images(), 10 * np.ones((8, 3)), batch_size=4, epochs=2, verbose=0)
    for name, axes in (("conv", (0, 1, 2)), ("head", 0)):
        norms = np.sqrt((model.get_layer(name).kernel.numpy() ** 2).sum(axis=axes))
        assert norms.max() <= 0.2 * (1 + 1e-5)
    assert np.abs(model.get_layer("head").bias.numpy()).max() > 0.2  # biases are free


def test_penalties_and_constraints_survive_saving(tmp_path):
    image = keras.Input((6, 6, 2))
    x = layers.Conv2D(4, 1)(image)
    x = layers.DepthwiseConv2D(3)(x)
    x = layers.SeparableConv2D(4, 3)(x)
    x = layers.Reshape((4, 4))(x)
    x = layers.Bidirectional(layers.GRU(2))(x)
    model = shake(keras.Model(image, layers.Dense(2)(x)))
    apply_penalties(model, Regularization(l1=0.1, l2=0.2, max_norm=1.0))
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras")
    assert penalty(loaded) == pytest.approx(penalty(model), rel=1e-6)
    constrained = [w.constraint.axis for w in loaded.weights if w.constraint is not None]
    assert constrained == [w.constraint.axis for w in model.weights if w.constraint is not None]
    assert len(constrained) == 9
