"""Optimizers and losses of Keras that do something else than one would think.

Every test shows a naive way that still fails. One that turns red means that a release has fixed
the fault: the module named in its docstring may go.
"""

import keras
import numpy as np
import pytest

pytestmark = pytest.mark.upstream

X, Y = np.linspace(-1, 1, 96, dtype="float32").reshape(24, 4), np.ones((24, 1), "float32")


def line(optimizer):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model


def fit(model, *, epochs=1, callbacks=(), batch_size=8):
    model.fit(X, Y, epochs=epochs, batch_size=batch_size, callbacks=list(callbacks), verbose=0)
    return model


def decays(optimizer, name):
    return optimizer._use_weight_decay(keras.Variable(np.ones(2, "float32"), name=name))


def test_exclusions_from_weight_decay_are_lost_in_the_config():
    """Trap: a saved and loaded AdamW decays biases. Stepped round by recipes.training.optimizer."""
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert not decays(optimizer, "bias")
    assert decays(keras.optimizers.AdamW.from_config(optimizer.get_config()), "bias")


def test_exclusions_from_weight_decay_match_by_search():
    """Trap: "bias" also excludes "unbiased_kernel". Stepped round by recipes.training.optimizer."""
    optimizer = keras.optimizers.AdamW(weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    assert decays(optimizer, "kernel")
    assert not decays(optimizer, "unbiased_kernel")


def test_averaged_weights_replace_the_trained_ones_at_the_end_of_fit():
    """Trap: with `use_ema` two fits of one epoch are not one fit of two.

    Stepped round by recipes.training.callbacks, which keeps both sets.
    """
    trained = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: trained.append(model.get_weights()[0])
    )
    model = line(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
    fit(model, callbacks=[keep])
    assert np.abs(model.get_weights()[0] - trained[-1]).max() > 1e-3

    def weights_after(*fits):
        model = line(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9))
        for epochs in fits:
            # The whole set in one batch: the order of examples plays no part.
            fit(model, epochs=epochs, batch_size=24)
        return model.get_weights()[0]

    assert np.abs(weights_after(8) - weights_after(4, 4)).max() > 1e-3
    np.testing.assert_array_equal(weights_after(8), weights_after(8))


def test_muon_has_a_second_decay_with_a_default_of_its_own():
    """Trap: with `weight_decay=0` Muon still decays what it gives to AdamW.

    Stepped round by zoo.regularization (decay_arguments).
    """
    optimizer = keras.optimizers.Muon(1.0, weight_decay=0.0)
    bias = keras.Variable(np.ones(2, "float32"), name="bias")
    optimizer.build([bias])
    optimizer.apply([keras.ops.zeros_like(bias)])
    assert bias.numpy() == pytest.approx(0.996)


def test_a_piecewise_schedule_drops_one_update_late():
    """Trap: at a boundary the old rate still holds.

    Stepped round by recipes.training.schedule (learning_rate).
    """
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([2], [1.0, 0.1])
    assert [float(schedule(step)) for step in range(4)] == pytest.approx([1.0, 1.0, 1.0, 0.1])


# What recipes.training.optimizer overrides, or reads, of Keras' own methods and attributes.

EVERY = sorted(
    name
    for name, value in vars(keras.optimizers).items()
    if isinstance(value, type)
    and issubclass(value, keras.optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
)


@pytest.mark.parametrize("name", EVERY)
def test_decay_and_update_ask_where_the_adapter_answers(name):
    """Trap: only private methods tell decay and update of some weights another rate and count.

    Stepped round by recipes.training.optimizer (adapted): red means that it must be adapted anew.
    """
    asked = []

    class Watched(getattr(keras.optimizers, name)):
        @property
        def iterations(self):
            asked.append("iterations")
            return super().iterations

        def _get_current_learning_rate(self):
            asked.append("rate")
            return super()._get_current_learning_rate()

        def _apply_weight_decay(self, variables):
            asked.clear()
            super()._apply_weight_decay(variables)
            assert "rate" in asked

        def update_step(self, gradient, variable, learning_rate):
            asked.clear()
            index = self._get_variable_index(variable)
            assert self._trainable_variables[index].shape == variable.shape
            super().update_step(gradient, variable, learning_rate)
            assert "rate" not in asked  # it takes the one that it is given

    optimizer = Watched(learning_rate=0.1, weight_decay=0.1)
    variables = [keras.Variable(np.ones((2, 3), "float32")), keras.Variable(np.ones(2, "float32"))]
    optimizer.build(variables)
    optimizer.apply([keras.ops.ones_like(v) for v in variables])
    assert int(optimizer.iterations) == 1


@pytest.mark.parametrize("name", EVERY)
def test_slots_lie_in_lists_by_the_position_of_their_weight(name):
    """Trap: no method tells which slots belong to a weight, so they are found where they lie.

    Stepped round by recipes.training.optimizer (carry_over): red means that it misses some.
    """
    optimizer = getattr(keras.optimizers, name)(learning_rate=0.1, use_ema=True)
    weights = [keras.Variable(np.ones((2, 3), "float32")), keras.Variable(np.ones(4, "float32"))]
    optimizer.build(weights)
    listed = {
        id(slot)
        for key, value in vars(optimizer).items()
        if isinstance(value, list) and len(value) == 2 and key != "_variables"
        for slot in value
    }
    alone = {id(value) for value in vars(optimizer).values() if isinstance(value, keras.Variable)}
    assert {id(variable) for variable in optimizer.variables} <= listed | alone
    assert len(optimizer._model_variables_moving_average) == 2


def test_schedules_run_on_micro_steps_under_gradient_accumulation():
    """Trap: 12 micro-steps make 3 updates, yet a decay over 12 updates has ended.

    Stepped round by recipes.training.accumulation.
    """
    schedule = keras.optimizers.schedules.PolynomialDecay(0.1, 12)
    model = line(keras.optimizers.SGD(schedule, gradient_accumulation_steps=4))
    fit(model, batch_size=2)
    assert int(model.optimizer.iterations) == 3
    assert float(model.optimizer.learning_rate) == pytest.approx(1e-4)


def test_averages_move_at_micro_steps_under_gradient_accumulation():
    """Trap: an average of weights moves 4 times for 1 update, so that it forgets 4 times as fast.

    Stepped round by recipes.training.accumulation.
    """
    how = {"use_ema": True, "ema_momentum": 0.5}
    optimizer = keras.optimizers.SGD(0.1, gradient_accumulation_steps=4, **how)
    weight = keras.Variable(np.ones(1, "float32"))
    optimizer.build([weight])
    found = []
    for _ in range(11):
        optimizer.apply([keras.ops.ones_like(weight)])
        average = optimizer._model_variables_moving_average[0]
        found.append((float(weight.numpy()[0]), float(average.numpy()[0])))
    weights, averages = np.array(found[7:]).T  # from the second update on, before the third
    np.testing.assert_allclose(weights, 0.8, rtol=1e-6)
    np.testing.assert_allclose(averages, 0.8 + 0.1 / 2 ** np.arange(1, 5), rtol=1e-6)


def test_a_remainder_of_gradient_accumulation_is_not_applied():
    """Trap: of 6 micro-steps with accumulation 4, the last 2 change nothing.

    Stepped round by recipes.training.optimizer (steps_per_epoch), whose epochs hold whole updates.
    """
    model = line(keras.optimizers.SGD(0.1, gradient_accumulation_steps=4))
    seen = []
    keep = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(model.get_weights()[0])
    )
    fit(model, batch_size=4, callbacks=[keep])
    assert np.abs(seen[3] - seen[2]).max() > 0
    np.testing.assert_array_equal(seen[5], seen[3])


def test_the_sparse_loss_has_no_label_smoothing():
    """Trap: only one-hot losses smooth labels. Stepped round by zoo.tasks.image_classification."""
    keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    with pytest.raises(TypeError, match="label_smoothing"):
        keras.losses.SparseCategoricalCrossentropy(label_smoothing=0.1)
