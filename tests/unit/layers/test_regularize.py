"""regularize: a copy that computes the same, dropout in its place, and what goes beside it."""

import keras
import numpy as np
import pytest
from keras import layers

from zoo.errors import ArgumentError, UnknownNameError
from zoo.layers.regularize import apply_penalties, regularize
from zoo.regularization import Regularization


def small_net(*, dropout=None, name="net"):
    image = keras.Input((6, 6, 2), name="image")
    x = layers.Conv2D(4, 3, name="conv")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(name="act")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    if dropout is not None:
        x = layers.Dropout(dropout, name="drop")(x)
    return keras.Model(image, layers.Dense(3, name="head")(x), name=name)


def images(count=8):
    return np.random.default_rng(0).normal(size=(count, 6, 6, 2)).astype("float32")


def shake(model):
    """Give every weight, biases and statistics too, a value that is not its initial one."""
    generator = np.random.default_rng(1)
    model.set_weights([generator.uniform(0.1, 1, w.shape) for w in model.weights])
    return model


def assert_computes_the_same(copy, model, x):
    np.testing.assert_allclose(
        copy.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6, atol=1e-6
    )


def penalty(model) -> float:
    return float(sum(keras.ops.convert_to_numpy(loss) for loss in model.losses))


def dropout_rates(model) -> dict[str, float]:
    return {
        layer.name: layer.rate
        for layer in model._flatten_layers()
        if isinstance(layer, layers.Dropout)
    }


# --- the copy


def test_the_copy_has_the_same_weights_and_outputs_and_leaves_the_original_alone():
    model = shake(small_net())
    before = model.get_weights()
    result = regularize(model, "strong", optimizer="sgd", max_norm=1.0)
    for ours, theirs in zip(result.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert_computes_the_same(result.model, model, images())

    result.model.compile("sgd", "mse")
    result.model.fit(images(), np.ones((8, 3)), verbose=0)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert model.losses == []
    assert all(w.constraint is None for w in model.weights)


def test_dropout_is_inserted_before_the_final_dense_layer():
    result = regularize(small_net(), "none", dropout_rate=0.3)
    names = [layer.name for layer in result.model.layers]
    assert dropout_rates(result.model) == {"head_dropout": 0.3}
    assert names.index("head_dropout") == names.index("head") - 1
    assert type(result.model) is type(small_net())


def test_dropout_that_feeds_the_final_dense_layer_is_set():
    result = regularize(small_net(dropout=0.05), "none", dropout_rate=0.3)
    assert dropout_rates(result.model) == {"drop": 0.3}


def test_dropout_is_left_where_the_rate_is_off():
    result = regularize(small_net(dropout=0.05), "none")
    assert dropout_rates(result.model) == {"drop": 0.05}
    assert dropout_rates(regularize(small_net(), "none").model) == {}


def test_a_sequential_model_stays_one_and_keeps_its_input():
    model = shake(
        keras.Sequential(
            [
                keras.Input((4,), batch_size=8, dtype="float32", name="numbers"),
                layers.Dense(5, activation="relu"),
                layers.Dropout(0.1, name="early"),
                layers.Dense(5),
                layers.Dense(2, name="head"),
                layers.Softmax(),
            ],
            name="mine",
        )
    )
    copy = regularize(model, "medium").model
    assert type(copy) is keras.Sequential
    assert (copy.name, copy.inputs[0].name, copy.input_shape) == ("mine", "numbers", (8, 4))
    assert dropout_rates(copy) == {"early": 0.1, "head_dropout": 0.2}
    assert_computes_the_same(copy, model, np.ones((8, 4), "float32"))


def test_a_head_inside_a_nested_model_gets_its_dropout_there():
    image = keras.Input((6, 6, 2))
    x = layers.Rescaling(0.5)(image)
    model = shake(keras.Model(image, layers.Softmax()(small_net(name="classifier")(x))))
    copy = regularize(model, "none", dropout_rate=0.4).model
    assert dropout_rates(copy) == {"head_dropout": 0.4}
    assert "head_dropout" in [layer.name for layer in copy.get_layer("classifier").layers]
    assert_computes_the_same(copy, model, images())


def test_each_output_gets_its_dropout_and_weights_stay_with_their_layers():
    numbers = keras.Input((4,), name="numbers")
    shared = layers.Dense(4, name="trunk")(numbers)
    other = layers.Dense(4, name="side")(numbers)
    outputs = {
        "a": layers.Dense(4, name="a")(shared),
        "b": layers.Dense(4, name="b")(layers.Activation("tanh")(layers.Add()([shared, other]))),
    }
    model = shake(keras.Model({"numbers": numbers}, outputs))
    copy = regularize(model, "light").model
    assert dropout_rates(copy) == {"a_dropout": 0.1, "b_dropout": 0.1}
    x = {"numbers": np.random.default_rng(0).normal(size=(3, 4)).astype("float32")}
    ours, theirs = copy.predict(x, verbose=0), model.predict(x, verbose=0)
    for name in ("a", "b"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-6)


def test_layers_and_models_that_are_used_twice_stay_one():
    inner = small_net(name="twin")
    left, right = keras.Input((6, 6, 2)), keras.Input((6, 6, 2))
    head = layers.Dense(2, name="joint")
    model = shake(keras.Model([left, right], [head(inner(left)), head(inner(right))]))
    copy = regularize(model, "none", dropout_rate=0.5).model
    assert len(copy.weights) == len(model.weights)
    assert dropout_rates(copy) == {"joint_dropout": 0.5}
    x = images(2)
    for ours, theirs in zip(
        copy.predict([x, -x], verbose=0), model.predict([x, -x], verbose=0), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_adapted_layers_lambdas_and_plain_operations_are_kept():
    numbers = keras.Input((4,))
    normalize = layers.Normalization()
    normalize.adapt(np.random.default_rng(0).normal(5, 2, size=(50, 4)))
    x = layers.Lambda(lambda x: x * 2)(normalize(numbers))
    x = keras.ops.square(x) + 1.0
    model = shake(keras.Model(numbers, layers.Dense(2)(x)))
    copy = regularize(model, "light").model
    assert_computes_the_same(copy, model, np.full((3, 4), 5.0, "float32"))


def test_frozen_layers_stay_frozen():
    model = small_net()
    model.get_layer("conv").trainable = False
    copy = regularize(model, "light").model
    assert [w.name for w in copy.trainable_weights] == [w.name for w in model.trainable_weights]
    model.trainable = False
    assert regularize(model, "light").model.trainable_weights == []


def test_a_model_compiled_with_an_unregistered_loss_is_copied_uncompiled():
    model = small_net()
    model.compile("sgd", loss=lambda y, y_pred: keras.ops.mean(y_pred))
    assert not regularize(model, "light").model.compiled


def test_without_a_dense_output_all_dropouts_are_set():
    image = keras.Input((6, 6, 2))
    x = layers.Dropout(0.1, name="one")(image)
    x = layers.Dropout(0.2, name="two")(layers.Conv2D(4, 3)(x))
    model = keras.Model(image, layers.Conv2D(2, 1)(x))
    assert dropout_rates(regularize(model, "none", dropout_rate=0.5).model) == {
        "one": 0.5,
        "two": 0.5,
    }


def test_dropout_inside_a_layer_is_not_taken_for_one_of_the_graph():
    tokens = keras.Input((5, 8))
    model = keras.Model(tokens, layers.MultiHeadAttention(2, 4, dropout=0.1)(tokens, tokens))
    result = regularize(model, "none", dropout_rate=0.5)
    assert [line.partition("=")[0] for line in result.not_applied] == ["dropout_rate"]


def test_a_head_that_was_called_by_keyword_gets_its_dropout():
    numbers = keras.Input((4,))
    model = shake(keras.Model(numbers, layers.Dense(2, name="head")(inputs=numbers)))
    copy = regularize(model, "light").model
    assert dropout_rates(copy) == {"head_dropout": 0.1}
    assert_computes_the_same(copy, model, np.ones((3, 4), "float32"))


def test_a_sequential_model_that_was_built_by_a_call_is_copied():
    model = keras.Sequential([layers.Dense(4), layers.Dense(2, name="head")])
    x = np.ones((3, 5), "float32")
    model(x)
    shake(model)
    copy = regularize(model, "light").model
    assert_computes_the_same(copy, model, x)
    assert_computes_the_same(copy, model, np.ones((7, 5), "float32"))


# --- what goes beside the model


def test_medium_gives_decoupled_decay_clipping_averages_and_smoothing():
    result = regularize(small_net(), "medium", early_stopping_patience=3)
    assert result.optimizer_arguments == {
        "weight_decay": 0.05,
        "global_clipnorm": 1.0,
        "use_ema": True,
        "ema_momentum": 0.999,
    }
    assert result.loss_arguments == {"label_smoothing": 0.1}
    assert result.model.losses == []
    (stopping,) = result.callbacks
    assert (stopping.monitor, stopping.mode, stopping.patience) == ("val_loss", "min", 3)


def test_the_arguments_train_the_copy():
    result = regularize(small_net(), "medium", early_stopping_patience=1)
    optimizer = keras.optimizers.AdamW(1e-2, **result.optimizer_arguments)
    optimizer.exclude_from_weight_decay(var_list=result.exclude_from_weight_decay)
    result.model.compile(
        optimizer,
        keras.losses.CategoricalCrossentropy(from_logits=True, **result.loss_arguments),
    )
    history = result.model.fit(
        images(),
        np.eye(3)[np.arange(8) % 3],
        validation_split=0.25,
        callbacks=result.callbacks,
        verbose=0,
    )
    assert np.isfinite(history.history["val_loss"]).all()


def test_sgd_gets_a_penalty_and_no_decay_whatever_its_case():
    for name in ("sgd", "SGD"):
        result = regularize(small_net(), "light", optimizer=name)
        assert result.optimizer_arguments["weight_decay"] == 0
        assert len(result.model.losses) == 2


def test_preset_none_says_zero_decay_because_adamw_decays_by_default():
    result = regularize(small_net(), "none")
    assert result.optimizer_arguments == {"weight_decay": 0.0}
    assert (result.callbacks, result.loss_arguments, result.not_applied) == ([], {}, ())


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_muon_decays_both_its_halves_as_asked(weight_decay):
    """A convolution goes to Muon's AdamW, a dense kernel to Muon itself."""
    knobs = {"weight_decay": weight_decay, "optimizer": "Muon"}
    result = regularize(small_convolution(), "none", **knobs)
    optimizer = keras.optimizers.Muon(1.0, **result.optimizer_arguments)
    optimizer.exclude_from_weight_decay(var_list=result.exclude_from_weight_decay)
    variables = result.model.trainable_variables
    before = [v.numpy() for v in variables]
    optimizer.build(variables)
    optimizer.apply([keras.ops.zeros_like(v) for v in variables])
    assert {len(v.shape) for v in variables} == {1, 2, 4}
    for variable, old in zip(variables, before, strict=True):
        share = weight_decay if len(variable.shape) > 1 else 0
        np.testing.assert_allclose(variable.numpy(), old * (1 - share), rtol=1e-6)


def small_convolution():
    return keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            keras.layers.Conv2D(3, 2, bias_initializer="ones", name="convolution"),
            keras.layers.Flatten(),
            keras.layers.Dense(2, bias_initializer="ones", name="dense"),
        ]
    )


def test_weight_decay_spares_biases_and_norm_scales():
    result = regularize(small_net(), "light")
    excluded = {id(v) for v in result.exclude_from_weight_decay}
    decayed = [v.name for v in result.model.trainable_weights if id(v) not in excluded]
    assert decayed == ["kernel", "kernel"]

    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=result.exclude_from_weight_decay)
    shake(result.model)
    before = [v.numpy() for v in result.model.trainable_weights]
    optimizer.apply([keras.ops.zeros(v.shape) for v in before], result.model.trainable_weights)
    for variable, old in zip(result.model.trainable_weights, before, strict=True):
        factor = 0.95 if variable.name == "kernel" else 1.0
        np.testing.assert_allclose(variable.numpy(), old * factor, rtol=1e-5)


def test_knobs_that_a_finished_graph_cannot_take_are_named_with_a_reason():
    result = regularize(small_net(), "medium", batch_norm=False)
    named = {line.partition("=")[0] for line in result.not_applied}
    assert named == {
        "crop_min_scale",
        "flip",
        "auto_augment",
        "mixup_alpha",
        "cutmix_alpha",
        "erasing_probability",
        "stochastic_depth_rate",
        "batch_norm",
    }
    assert all(len(line.partition(": ")[2]) > 10 for line in result.not_applied)


def test_penalties_and_dropout_without_a_place_are_named():
    model = keras.Sequential([keras.Input((4, 4, 2)), layers.MaxPooling2D()])
    result = regularize(model, "none", modality="audio", l1=0.1, max_norm=2, dropout_rate=0.5)
    assert {line.partition("=")[0] for line in result.not_applied} == {
        "l1",
        "max_norm",
        "dropout_rate",
    }


# --- mistakes


def test_a_subclassed_model_is_refused_with_the_way_out():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2)

        def call(self, x):
            return self.head(x)

    model = Mine()
    model(np.ones((1, 3)))
    with pytest.raises(ArgumentError, match="subclassed model") as error:
        regularize(model)
    assert "apply_penalties" in error.value.fix
    apply_penalties(model, Regularization(l2=1.0))
    assert penalty(model) == pytest.approx(float((model.head.kernel.numpy() ** 2).sum()), rel=1e-5)


def test_a_functional_subclass_with_its_own_methods_is_refused():
    class Mine(keras.Model):
        def compute_loss(self, *args, **kwargs):
            return 0.0

    image = keras.Input((3,))
    with pytest.raises(ArgumentError, match="subclassed model"):
        regularize(Mine(image, layers.Dense(2)(image)))


def test_a_layer_without_a_config_is_named():
    class Odd(layers.Layer):
        def __init__(self, function, *, other):
            super().__init__(name="odd")
            self.function, self.other = function, other

        def call(self, x):
            return x

    image = keras.Input((3,))
    model = keras.Model(image, layers.Dense(2)(Odd(print, other=object())(image)))
    with pytest.raises(ArgumentError, match="'odd' \\(Odd\\) cannot be rebuilt"):
        regularize(model)


@pytest.mark.parametrize(
    "model, words",
    [
        (keras.Sequential([layers.Dense(2)], name="raw"), "'raw' is not built"),
        ("resnet20", "takes a keras.Model, not str"),
    ],
)
def test_what_has_no_weights_to_copy_is_refused(model, words):
    with pytest.raises(ArgumentError, match=words):
        regularize(model)


def test_unknown_presets_and_knobs_are_refused():
    with pytest.raises(UnknownNameError, match="heavy"):
        regularize(small_net(), "heavy")
    with pytest.raises(ArgumentError, match="dropout_rate"):
        regularize(small_net(), dropout=0.5)
