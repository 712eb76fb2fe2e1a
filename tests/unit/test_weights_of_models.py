"""Weights of models: keys that a rebuild repeats, and numbers that come back as they were."""

import numpy as np
import pytest

from zoo.errors import WeightsError
from zoo.weights import (
    load_into,
    load_model_weights,
    read_tensors,
    save_model_weights,
    seed_variables,
    tensor_keys,
)


def backbone(name):
    from keras import Input, Model, layers

    inputs = Input((6, 4), name="in")
    x = layers.Conv1D(3, 1, name="stage1_conv")(inputs)
    x = layers.BatchNormalization(name="stage1_norm")(x)
    x = layers.Dropout(0.5, name="stage1_drop", seed=3)(x)
    return Model(inputs, x, name=name)


def two_backbones(*, seed=0):
    """Two backbones with equal inner names, a Bidirectional, a layer with unnamed variables."""
    import keras
    from keras import Input, Model, layers

    class Unnamed(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")
            self.count = self.add_weight(shape=(), trainable=False)
            self.shift = self.add_weight(shape=(input_shape[-1],), initializer="zeros")

        def call(self, x):
            return x * self.scale + self.shift

    keras.utils.set_random_seed(seed)
    left, right = Input((6, 4), name="left"), Input((6, 4), name="right")
    x = layers.Concatenate(name="join")([backbone("image")(left), backbone("audio")(right)])
    x = layers.Bidirectional(layers.LSTM(2, dropout=0.1), name="both_ways")(x)
    x = Unnamed(name="unnamed")(x)
    return Model([left, right], layers.Dense(2, name="head")(x), name="fusion")


def values(model):
    return {key: variable.numpy() for key, variable in tensor_keys(model).items()}


def test_keys_are_layer_names_then_position_and_name_inside_the_leaf():
    model = two_backbones()
    keys = tensor_keys(model)
    assert {
        "image/stage1_conv/0.kernel",
        "audio/stage1_conv/0.kernel",
        "image/stage1_norm/2.moving_mean",
        "image/stage1_norm/3.moving_variance",
        "both_ways/0.kernel",
        "both_ways/3.kernel",
        "unnamed/0.variable",
        "unnamed/1.variable",
        "unnamed/2.variable",
        "head/1.bias",
    } <= set(keys)
    assert len(keys) == len(model.weights) == 23
    assert {id(variable) for variable in keys.values()} == {id(v) for v in model.weights}
    assert keys["image/stage1_conv/0.kernel"] is model.get_layer("image").layers[1].kernel
    assert keys["audio/stage1_conv/0.kernel"] is model.get_layer("audio").layers[1].kernel


def test_a_second_build_gives_the_same_keys_in_the_same_order():
    first, second = two_backbones(), two_backbones()
    assert list(tensor_keys(first)) == list(tensor_keys(second))
    assert list(seed_variables(first)) == list(seed_variables(second))


def test_freezing_changes_no_key():
    model = two_backbones()
    before = list(tensor_keys(model))
    model.get_layer("image").trainable = False
    assert list(tensor_keys(model)) == before


def test_seed_generators_are_keyed_apart_from_weights():
    model = two_backbones()
    seeds = seed_variables(model)
    assert {"image/stage1_drop/0.seed_generator_state"} <= set(seeds)
    assert {"audio/stage1_drop/0.seed_generator_state"} <= set(seeds)
    listed = {id(variable) for variable in [*seeds.values(), *tensor_keys(model).values()]}
    assert listed == {id(variable) for variable in model.variables}
    assert not set(seeds) & set(tensor_keys(model))


def test_seed_generators_advance_with_the_model():
    model = two_backbones()
    key = "image/stage1_drop/0.seed_generator_state"
    before = seed_variables(model)[key].numpy()
    model([np.zeros((1, 6, 4)), np.zeros((1, 6, 4))], training=True)
    assert (seed_variables(model)[key].numpy() != before).any()


def test_a_variable_reached_through_two_models_counts_once():
    from keras import Input, Model, Sequential, layers

    shared = layers.Dense(4, name="shared")
    first = Sequential([Input((4,)), shared], name="first")
    second = Sequential([Input((4,)), shared, layers.Dense(1, name="last")], name="second")
    inputs = Input((4,), name="in")
    model = Model(inputs, second(first(inputs)), name="twice")
    assert list(tensor_keys(model)) == [
        "first/shared/0.kernel",
        "first/shared/1.bias",
        "second/last/0.kernel",
        "second/last/1.bias",
    ]
    assert len(tensor_keys(model)) == len(model.weights)


def test_a_tied_variable_counts_once_and_positions_stay():
    from keras import Input, Model, layers

    class Tied(layers.Layer):
        def __init__(self, source, **options):
            super().__init__(**options)
            self.source = source
            self.scale = self.add_weight(shape=(), name="scale")

        def call(self, x):
            return x * self.scale + self.source.bias

    source = layers.Dense(4, name="source")
    inputs = Input((4,), name="in")
    x = source(inputs)
    model = Model(inputs, Tied(source, name="tied")(x), name="model")
    assert len(tensor_keys(model)) == len(model.weights) == 3
    assert list(tensor_keys(model)) == ["source/0.kernel", "source/1.bias", "tied/0.scale"]


def test_layers_of_one_name_in_one_model_are_refused():
    import keras

    class Twins(keras.Model):
        def __init__(self):
            super().__init__(name="twins")
            self.first = keras.layers.Dense(2, name="same")
            self.second = keras.layers.Dense(2, name="same")

        def call(self, x):
            return self.second(self.first(x))

    model = Twins()
    model(np.zeros((1, 2)))
    with pytest.raises(WeightsError, match=r"same key 'same/0\.kernel'"):
        tensor_keys(model)


def test_layers_that_are_not_the_models_own_are_refused():
    import keras

    class Hiding(keras.Model):
        def __init__(self):
            super().__init__(name="hiding")
            self.hidden = keras.layers.Dense(2, name="hidden")

        def call(self, x):
            return self.hidden(x)

        @property
        def layers(self):
            return [stranger]

    stranger = keras.layers.Dense(1, name="stranger")
    stranger.build((None, 2))
    model = Hiding()
    model(np.zeros((1, 2)))
    with pytest.raises(WeightsError, match="hold other variables"):
        tensor_keys(model)


def test_a_model_with_weights_of_its_own_keeps_them():
    import keras

    class Scaled(keras.Model):
        def __init__(self):
            super().__init__(name="scaled")
            self.scale = self.add_weight(shape=(), name="scale", initializer="ones")
            self.dense = keras.layers.Dense(2, name="dense")

        def call(self, x):
            return self.dense(x) * self.scale

    model = Scaled()
    model(np.zeros((1, 2)))
    assert list(tensor_keys(model)) == ["dense/0.kernel", "dense/1.bias", "0.scale"]


def test_an_unbuilt_model_is_refused(tmp_path):
    import keras

    model = keras.Sequential([keras.layers.Dense(2, name="dense")], name="unbuilt")
    for action in (tensor_keys, seed_variables):
        with pytest.raises(WeightsError, match="'unbuilt' is not built"):
            action(model)
    with pytest.raises(WeightsError, match="'unbuilt' is not built"):
        save_model_weights(tmp_path / "a.safetensors", model)


def test_another_build_takes_over_every_number(tmp_path):
    model, other = two_backbones(seed=1), two_backbones(seed=2)
    for number, variable in enumerate(tensor_keys(model).values()):
        variable.assign(np.full(variable.shape, number, "float32") + variable.numpy())
    digest = save_model_weights(tmp_path / "a.safetensors", model, metadata={"model": "fusion"})
    metadata = load_model_weights(tmp_path / "a.safetensors", other, sha256=digest)
    assert metadata == {"model": "fusion"}
    loaded = values(other)
    for key, value in values(model).items():
        np.testing.assert_array_equal(loaded[key], value)


def test_float16_halves_the_file_and_loads_as_float32(tmp_path):
    model, other = two_backbones(seed=1), two_backbones(seed=2)
    save_model_weights(tmp_path / "16", model, dtype="float16")
    stored, _ = read_tensors(tmp_path / "16")
    assert {array.dtype.name for array in stored.values()} == {"float16"}
    load_model_weights(tmp_path / "16", other)
    loaded = values(other)
    for key, value in values(model).items():
        assert loaded[key].dtype == np.float32
        np.testing.assert_array_equal(loaded[key], value.astype("float16").astype("float32"))


def test_numbers_too_large_for_float16_are_refused(tmp_path):
    model = backbone("image")
    tensor_keys(model)["stage1_norm/3.moving_variance"].assign([1.0, 1e5, 1.0])
    with pytest.raises(WeightsError, match=r"'stage1_norm/3\.moving_variance'.*float16"):
        save_model_weights(tmp_path / "16", model, dtype="float16")
    assert not list(tmp_path.iterdir())
    save_model_weights(tmp_path / "32", model)


def test_a_bfloat16_variable_goes_through_float32(tmp_path):
    import keras

    def build():
        dense = keras.layers.Dense(2, name="dense", dtype="bfloat16")
        return keras.Sequential([keras.Input((3,)), dense], name="model")

    model, other = build(), build()
    save_model_weights(tmp_path / "a", model)
    load_model_weights(tmp_path / "a", other)
    kernels = [tensor_keys(m)["dense/0.kernel"].numpy() for m in (model, other)]
    np.testing.assert_array_equal(*[kernel.astype("float32") for kernel in kernels])


def test_the_optimizer_stays_out_of_the_file(tmp_path):
    model = backbone("image")
    before = save_model_weights(tmp_path / "a", model)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    assert save_model_weights(tmp_path / "b", model) == before


@pytest.mark.parametrize(
    "key, value",
    [
        ("head/1.bias", np.zeros(3, "float32")),
        ("head/1.bias", np.zeros(2, "int64")),
        ("head/1.bias", np.array(["1", "2"])),
        ("head/1.bias", np.array([1e300, 0.0])),
        ("head/1.bias", None),
        ("more", np.zeros(2, "float32")),
    ],
)
def test_what_does_not_fit_leaves_the_model_as_it_was(key, value):
    model = two_backbones()
    before = values(model)
    tensors = {name: array + 1 for name, array in before.items()}
    if value is None:
        del tensors[key]
    else:
        tensors[key] = value
    with pytest.raises(WeightsError, match=key):
        load_into(model, tensors)
    for name, array in values(model).items():
        np.testing.assert_array_equal(array, before[name])


def test_a_file_of_another_model_is_refused_by_name(tmp_path):
    save_model_weights(tmp_path / "a.safetensors", backbone("image"))
    with pytest.raises(WeightsError, match=r"a\.safetensors.*19 missing|23 missing"):
        load_model_weights(tmp_path / "a.safetensors", two_backbones())


def test_weights_are_saved_as_float16_or_float32_only(tmp_path):
    with pytest.raises(WeightsError, match="int8"):
        save_model_weights(tmp_path / "a", backbone("image"), dtype="int8")
