"""Optimizers and schedules do what their names say."""

import keras
import numpy as np
import pytest

from recipes.training.optimizer import make_optimizer
from recipes.training.schedule import learning_rate
from recipes.values.load import load_recipe
from recipes.values.schema import OPTIMIZERS, SCHEDULES
from zoo.errors import RecipeError
from zoo.regularization import NONE, Regularization

STEPS = 10


def recipe_with(**changes):
    values = {"training.epochs": 10, "optimizer.learning_rate": 0.1, "schedule.warmup_epochs": 0.0}
    return load_recipe("image/digits-cnn").with_values(values | changes)


def rates(**changes):
    schedule = learning_rate(recipe_with(**changes), steps_per_epoch=STEPS)
    return np.array([float(schedule(step)) for step in range(100)])


def test_warm_up_is_linear_and_ends_at_the_peak():
    values = rates(**{"schedule.warmup_epochs": 2.0})
    assert values[:20] == pytest.approx(0.1 * np.arange(1, 21) / 20, abs=1e-7)
    assert values[20] == pytest.approx(0.1)


def test_cosine_follows_its_equation_after_the_warm_up():
    t = np.arange(80)
    values = rates(**{"schedule.warmup_epochs": 2.0, "schedule.final_fraction": 0.2})
    expected = 0.02 + (0.1 - 0.02) / 2 * (1 + np.cos(np.pi * t / 80))
    assert values[20:] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("constant", lambda t: np.full(100, 0.1)),
        ("cosine", lambda t: 0.05 * (1 + np.cos(np.pi * t / 100))),
        ("linear", lambda t: 0.1 * (1 - t / 100)),
        ("exponential", lambda t: 0.1 * 1e-4 ** (t / 100)),
        ("inverse_sqrt", lambda t: 0.1 / np.sqrt(1 + t)),
        (
            "one_cycle",
            lambda t: np.where(
                t < 30,
                0.1 * (1 / 25 + (1 - 1 / 25) * t / 30),
                0.05 * (1 + np.cos(np.pi * (t - 30) / 70)),
            ),
        ),
    ],
)
def test_every_schedule_follows_its_closed_form(name, expected):
    values = rates(**{"schedule.name": name})
    assert values == pytest.approx(expected(np.arange(100)), rel=1e-4, abs=1e-7)


def test_inverse_sqrt_goes_on_from_the_warm_up():
    values = rates(**{"schedule.name": "inverse_sqrt", "schedule.warmup_epochs": 2.0})
    assert values[20:] == pytest.approx(0.1 * np.sqrt(20 / np.arange(20, 100)), rel=1e-5)


def test_final_fraction_is_where_linear_ends():
    values = rates(**{"schedule.name": "linear", "schedule.final_fraction": 0.2})
    assert values[-1] == pytest.approx(0.02 + 0.08 / 100, rel=1e-3)


STEPPED = [  # warm-up and drops in epochs
    (0.0, [2.0, 4.0]),
    (0.0, [5.0, 7.5]),
    (2.0, [2.0, 2.1, 9.9]),
    (0.0, [0.01, 3.0, 3.0]),
    (1.0, []),
]


@pytest.mark.parametrize(("warmup", "epochs"), STEPPED)
def test_step_drops_with_the_first_update_of_the_given_epoch(warmup, epochs):
    values = rates(
        **{
            "schedule.name": "step",
            "schedule.step_epochs": epochs,
            "schedule.warmup_epochs": warmup,
        }
    )
    t, start = np.arange(100), int(warmup * STEPS)
    drops = sum((t >= round(epoch * STEPS)).astype(int) for epoch in epochs)
    expected = 0.1 * 0.1**drops * np.ones(100)
    assert values[start:] == pytest.approx(expected[start:], rel=1e-5)


@pytest.mark.parametrize("epochs", [[2, 4], [1], [1, 9]])
def test_step_drops_where_pytorch_does(epochs):
    torch = pytest.importorskip("torch", reason="torch is not installed (extra parity)")
    reference = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    steps = torch.optim.lr_scheduler.MultiStepLR(reference, [epoch * STEPS for epoch in epochs])
    expected = []
    for _ in range(100):
        expected.append(reference.param_groups[0]["lr"])
        reference.step()
        steps.step()
    found = rates(**{"schedule.name": "step", "schedule.step_epochs": [float(e) for e in epochs]})
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_drop_inside_the_warm_up_is_refused():
    values = {"schedule.name": "step", "schedule.step_epochs": [1.0, 6.0]}
    with pytest.raises(RecipeError, match=r"drop at epoch 1, inside the warm-up of 2 epochs"):
        recipe_with(**values, **{"schedule.warmup_epochs": 2.0})
    recipe_with(**values, **{"schedule.warmup_epochs": 1.0})


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_stays_between_zero_and_the_peak(name):
    warmup = 0.0 if name == "one_cycle" else 1.0  # it has a rise of its own
    values = rates(**{"schedule.name": name, "schedule.warmup_epochs": warmup})
    assert (values >= 0).all()
    assert values.max() <= 0.1 + 1e-6


def test_arguments_that_keras_refuses_are_a_recipe_error():
    recipe = recipe_with(**{"optimizer.name": "lion", "optimizer.arguments": {"beta_1": 7.0}})
    with pytest.raises(RecipeError, match="beta_1"):
        make_optimizer(recipe, tiny_model(), NONE, steps_per_epoch=STEPS)


def tiny_model():
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="dense")])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_lowers_a_loss(name):
    model = tiny_model()
    recipe = recipe_with(
        **{"optimizer.name": name, "optimizer.arguments": {}, "optimizer.learning_rate": 0.05}
    )
    model.compile(make_optimizer(recipe, model, NONE, steps_per_epoch=STEPS), "mse")
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = x[:, :2]
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=5, batch_size=16, verbose=0)
    assert model.evaluate(x, y, verbose=0) < before


def test_weight_decay_leaves_biases_alone():
    model = tiny_model()
    recipe = recipe_with(**{"optimizer.name": "adamw", "optimizer.arguments": {}})
    model.compile(
        make_optimizer(recipe, model, Regularization(weight_decay=0.5), steps_per_epoch=STEPS),
        "mse",
    )
    dense = model.layers[0]
    dense.bias.assign([1.0, 1.0])
    kernel = dense.kernel.numpy()
    optimizer = model.optimizer
    optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables])
    assert dense.bias.numpy() == pytest.approx([1.0, 1.0])
    assert dense.kernel.numpy() == pytest.approx(kernel * (1 - 0.1 * 0.5), rel=1e-5)


def test_adamw_without_decay_does_not_decay():
    model = tiny_model()
    recipe = recipe_with(**{"optimizer.name": "adamw", "optimizer.arguments": {}})
    optimizer = make_optimizer(recipe, model, NONE, steps_per_epoch=STEPS)
    kernel = model.layers[0].kernel.numpy()
    optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables])
    assert np.array_equal(model.layers[0].kernel.numpy(), kernel)


@pytest.mark.parametrize(
    ("decay", "epochs", "expected"),
    [(0.98, 100, 0.98), (0.9999, 100, 0.99), (0.9999, 10, 0.9), (0.5, 1, 0.0), (0.0, 100, None)],
)
def test_an_average_reaches_back_a_tenth_of_the_training_at_most(decay, epochs, expected):
    recipe = recipe_with(**{"training.epochs": epochs, "regularization.averaging_decay": decay})
    values = recipe.regularization_values()
    optimizer = make_optimizer(recipe, tiny_model(), values, steps_per_epoch=STEPS)
    assert optimizer.use_ema == bool(expected)
    if expected:
        assert optimizer.ema_momentum == pytest.approx(expected)
