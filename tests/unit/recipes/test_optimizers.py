"""Optimizers and schedules do what their names say."""

import keras
import numpy as np
import pytest

import zoo
from recipes.diagnosis.measured import Measured, rate_advice
from recipes.training.initialization import backbone_rates
from recipes.training.optimizer import _CLASSES, adapted, carry_over, make_optimizer
from recipes.training.schedule import learning_rate
from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from recipes.values.sections import OPTIMIZERS, SCHEDULES
from zoo.errors import RecipeError
from zoo.regularization import NONE, Regularization

STEPS = 10


def recipe_with(**changes):
    values = {"training.epochs": 10, "optimizer.learning_rate": 0.1, "schedule.warmup_epochs": 0.0}
    return load_recipe("image/digits-cnn").with_values(values | changes)


def rates(**changes):
    schedule = learning_rate(recipe_with(**changes), updates_per_epoch=STEPS)
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
    ("scaling", "batch_size", "peak"),
    [("none", 256, 0.1), ("linear", 256, 0.4), ("linear", 16, 0.025), ("sqrt", 256, 0.2)],
)
def test_the_peak_is_scaled_with_the_examples_of_an_update(scaling, batch_size, peak):
    meant = None if scaling == "none" else 64
    values = {"optimizer.rate_scaling": scaling, "optimizer.rate_batch_size": meant}
    whole = rates(**values, **{"training.batch_size": batch_size, "schedule.warmup_epochs": 2.0})
    assert whole.max() == pytest.approx(peak)
    assert whole[:20] == pytest.approx(peak * np.arange(1, 21) / 20)
    parts = {"training.batch_size": batch_size // 4, "training.accumulate_steps": 4}
    assert rates(**values, **parts, **{"schedule.warmup_epochs": 2.0}) == pytest.approx(whole)


def test_a_note_and_the_advice_know_the_scaling():
    values = {"optimizer.rate_scaling": "sqrt", "optimizer.rate_batch_size": 64}
    recipe = recipe_with(**values, **{"training.batch_size": 16, "data.max_examples": 60})
    setup = prepare(recipe.with_values({"model.arguments": {"widths": [4]}}))
    (note,) = [note for note in setup.dataset.notes if "peak" in note]
    assert note.startswith("The peak learning rate is 0.05: 0.1 times the square root of 16 / 64,")
    run = Measured([{"learning_rate": 0.05}], [], "accuracy", "max", recipe.rate_factor)
    assert rate_advice(run, 0.1) == "optimizer.learning_rate=0.01"


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


# --- weight decay


def every_kind_of_tensor():
    """A convolution, an embedding, norms and dense layers, whose weights are all 1 or more."""
    keras.utils.set_random_seed(1)
    layers, ones = keras.layers, keras.initializers.Constant(1.0)
    filled = {"kernel_initializer": ones, "bias_initializer": ones}
    image, ids = keras.Input((4, 4, 2)), keras.Input((5,), dtype="int32")
    x = layers.Conv2D(3, 2, name="convolution", **filled)(image)
    x = layers.BatchNormalization(beta_initializer=ones, name="norm")(x)
    x = layers.Flatten()(x)
    e = layers.Embedding(4, 3, embeddings_initializer=ones, name="embedding")(ids)
    e = layers.LayerNormalization(beta_initializer=ones, name="layer_norm")(e)
    e = layers.Dense(3, name="hidden", **filled)(e)
    x = layers.Concatenate()([x, layers.Flatten()(e)])
    return keras.Model([image, ids], layers.Dense(2, name="head_logits", **filled)(x))


def without_gradients(name, decay, *, updates):
    """What an optimizer leaves of weights that are 1, by key, after updates with no gradient."""
    model = every_kind_of_tensor()
    arguments = {"schedule.name": "constant", "optimizer.name": name, "optimizer.arguments": {}}
    recipe = recipe_with(**arguments)
    values = Regularization(weight_decay=decay)
    optimizer = make_optimizer(recipe, model, values, steps_per_epoch=STEPS)
    for _ in range(updates):
        optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables])
    return {v.path: (len(v.shape), v.numpy()) for v in model.trainable_variables}


# Weights are functions of what these two keep beside them, which Keras does not decay:
# ftrl sets a weight without gradients to 0, and a schedule-free average has moved by 1 - 1/t of it.
KEPT = {
    "ftrl": lambda decay: 0.0,
    "schedule_free_adamw": lambda decay: 1 - decay * 0.1 * 1 / 2,
}


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay_moves_matrices_by_what_was_asked_and_nothing_else(name, decay):
    left = without_gradients(name, decay, updates=2)
    assert {axes for axes, _ in left.values()} == {1, 2, 4}
    matrix = KEPT.get(name, lambda decay: (1 - 0.1 * decay) ** 2)(decay)
    other = 0.0 if name == "ftrl" else 1.0
    for path, (axes, values) in left.items():
        expected = matrix if axes >= 2 else other
        # schedule_free_adamw takes its average apart and puts it together again
        if (decay and axes >= 2) or name == "schedule_free_adamw":
            np.testing.assert_allclose(values, expected, rtol=1e-6, err_msg=path)
        else:
            np.testing.assert_array_equal(values, np.float32(expected), err_msg=path)


# --- the one optimizer


ARGUMENTS = {"learning_rate": 0.05, "weight_decay": 0.1, "global_clipnorm": 1.0}
AVERAGES = {"use_ema": True, "ema_momentum": 0.9}


def two_layers():
    """A backbone and a head, with a gradient for each of twenty updates."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(6, name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(6, name="head_logits")(hidden))


def gradients(model, number, part=slice(None)):
    generator = np.random.default_rng(number)
    every = [generator.normal(size=v.shape).astype("float32") for v in model.weights]
    return every[part]


def updated(optimizer, model, *, part=slice(None), first=0, updates=20):
    variables = model.weights[part]
    optimizer.build(variables)
    for number in range(first, first + updates):
        optimizer.apply(gradients(model, number, part), variables)
    return [v.numpy() for v in (*model.weights, *optimizer.variables)]


BACKBONE, HEAD = slice(0, 2), slice(2, 4)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weights_and_slots_are_bit_for_bit_those_of_keras(name):
    base = getattr(keras.optimizers, _CLASSES[name])
    plain = updated(base(**ARGUMENTS, **AVERAGES), two_layers())
    ours = updated(adapted(base)(**ARGUMENTS, **AVERAGES), two_layers())
    assert len(ours) == len(plain)
    for mine, theirs in zip(ours, plain, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", ["adamw", "sgd"])
def test_a_recipe_trains_bit_for_bit_as_the_plain_optimizer_does_in_fit(name):
    x = np.random.default_rng(0).normal(size=(80, 6)).astype("float32")
    recipe = recipe_with(**{"optimizer.name": name, "optimizer.arguments": {}})
    values = Regularization(weight_decay=0.1, clip_norm=0.5, averaging_decay=0.8)

    def fitted(model, optimizer):
        model.compile(optimizer, "mse")
        model.fit(x, 3 * x, epochs=2, batch_size=8, shuffle=False, verbose=0)  # 20 updates
        return [v.numpy() for v in (*model.weights, *optimizer.variables)]

    model = two_layers()
    ours = fitted(model, make_optimizer(recipe, model, values, steps_per_epoch=STEPS))
    model = two_layers()
    arguments = {"weight_decay": 0.1, "global_clipnorm": 0.5, "use_ema": True, "ema_momentum": 0.8}
    rate = learning_rate(recipe, updates_per_epoch=STEPS)
    optimizer = getattr(keras.optimizers, _CLASSES[name])(rate, **arguments)
    optimizer.exclude_from_weight_decay(var_list=[v for v in model.weights if len(v.shape) == 1])
    for mine, theirs in zip(ours, fitted(model, optimizer), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_slow_variables_move_as_at_their_share_of_the_rate(name):
    base, arguments = getattr(keras.optimizers, _CLASSES[name]), {"weight_decay": 0.1}
    model = two_layers()
    optimizer = adapted(base)(learning_rate=0.05, **arguments)
    optimizer.slow_down([(v, 0.1) for v in model.weights[BACKBONE]])
    ours = updated(optimizer, model, updates=5)
    fast = updated(base(learning_rate=0.05, **arguments), two_layers(), updates=5)
    slow = updated(base(learning_rate=0.005, **arguments), two_layers(), updates=5)
    for mine, theirs in zip(ours[:4], [*slow[BACKBONE], *fast[HEAD]], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


# Nadam multiplies its momenta up in one number for all weights.
@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"nadam"}))
def test_released_variables_begin_as_in_a_new_optimizer(name):
    """Moments that begin at 0 are corrected by the number of their own updates, not of all."""
    base = getattr(keras.optimizers, _CLASSES[name])
    model = two_layers()
    first = adapted(base)(learning_rate=0.05)
    updated(first, model, part=HEAD, updates=3)
    both = adapted(base)(learning_rate=0.05)
    both.slow_down([(v, 0.1) for v in model.weights[BACKBONE]])
    both.build(model.weights)
    carry_over(first, both)
    assert int(both.iterations) == 3
    ours = updated(both, model, first=3, updates=2)

    fresh = two_layers()
    expected = updated(base(learning_rate=0.005), fresh, part=BACKBONE, first=3, updates=2)
    head = two_layers()
    kept = updated(base(learning_rate=0.05), head, part=HEAD, updates=5)
    for mine, theirs in zip(ours[:4], [*expected[BACKBONE], *kept[HEAD]], strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_the_class_is_made_once_for_each_base():
    assert adapted(keras.optimizers.SGD) is adapted(keras.optimizers.SGD)


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


def test_layer_decay_slows_a_block_by_its_distance_from_the_head():
    model = zoo.build("resnet20", input_shape=(8, 8, 1), num_classes=3, num_blocks=1)
    rates = {v.path: rate for v, rate in backbone_rates(model, 0.5, 0.8)}
    blocks = {"stem": 4, "stage1_block1": 3, "stage2_block1": 2, "stage3_block1": 1}
    for path, rate in rates.items():
        (distance,) = (n for block, n in blocks.items() if f"{block}_" in path)
        assert rate == pytest.approx(0.5 * 0.8**distance), path
    head = {v.path for v in model.weights} - set(rates)
    assert all("head_" in path for path in head) and len(head) == 2


def test_shares_of_the_rate_may_differ_by_variable():
    one, two, three = (keras.Variable([1.0, 1.0]) for _ in range(3))
    optimizer = adapted(keras.optimizers.SGD)(0.1, weight_decay=0.5)
    optimizer.slow_down([(one, 0.1), (two, 0.5)])
    optimizer.build([one, two, three])
    optimizer.apply([keras.ops.ones(2)] * 3)
    moved = [1 - float(v.numpy()[0]) for v in (one, two, three)]
    assert moved == pytest.approx([0.1 * m for m in (0.15, 0.75, 1.5)])
