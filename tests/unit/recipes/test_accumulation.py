"""Several small batches make the update of one large batch."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from recipes.diagnosis.probe import Probe
from recipes.objects import precision
from recipes.training.optimizer import make_optimizer, steps_per_epoch
from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from zoo import devices
from zoo.errors import RecipeError
from zoo.regularization import NONE, Regularization

N = 4  # steps of an update
UPDATES = 10  # in an epoch
X = np.random.default_rng(0).normal(size=(32 * UPDATES, 6)).astype("float32")


def recipe_with(**changes):
    values = {"training.epochs": 2, "optimizer.learning_rate": 0.05, "optimizer.arguments": {}}
    return load_recipe("image/digits-cnn").with_values(values | changes)


def two_layers():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(6, activation="tanh", name="hidden")(inputs)
    return keras.Model(inputs, keras.layers.Dense(6, name="head_logits")(hidden))


def trained(recipe, values=NONE, *, batch_size, updates=2 * UPDATES):
    """Train on 32 examples an update, in batches of this size; return weights and optimizer."""
    steps = 32 // batch_size
    model = two_layers()
    optimizer = make_optimizer(recipe, model, values, steps_per_epoch=UPDATES * steps)
    model.compile(optimizer, "mse")
    epochs = -(-updates // UPDATES)
    rows = 32 * updates // epochs
    how = {"shuffle": False, "verbose": 0, "batch_size": batch_size}
    model.fit(X[:rows], np.sin(3 * X[:rows]), epochs=epochs, **how)
    return model, optimizer


CASES = {
    "momentum": ({"optimizer.name": "sgd", "optimizer.arguments": {"momentum": 0.9}}, NONE),
    "adamw": (
        {"schedule.name": "cosine", "schedule.warmup_epochs": 0.5},
        Regularization(weight_decay=0.1, clip_norm=0.3, averaging_decay=0.8),
    ),
    "muon": ({"optimizer.name": "muon", "schedule.name": "linear"}, NONE),
    "schedule_free": ({"optimizer.name": "schedule_free_adamw", "schedule.name": "constant"}, NONE),
}


@pytest.mark.parametrize("case", CASES)
def test_small_batches_train_as_one_large_batch_does(case):
    changes, values = CASES[case]
    large, reference = trained(recipe_with(**changes), values, batch_size=32)
    changes = changes | {"training.accumulate_steps": N}
    small, optimizer = trained(recipe_with(**changes), values, batch_size=32 // N)
    assert int(optimizer.iterations) == int(reference.iterations) == 2 * UPDATES
    for mine, theirs in zip(small.weights, large.weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), atol=1e-5)
    for mine, theirs in zip(
        getattr(optimizer, "_model_variables_moving_average", []),
        getattr(reference, "_model_variables_moving_average", []),
        strict=True,
    ):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), atol=1e-5)
    assert np.abs(small.weights[0].numpy() - two_layers().weights[0].numpy()).max() > 1e-2


def test_the_summed_gradients_of_a_task_are_those_of_one_large_batch():
    """Without batch norm, for every tensor of a small transformer with the task's own loss."""
    tiny = {"patch_size": 4, "num_layers": 1, "hidden_dim": 16, "num_heads": 2}
    plain = {"optimizer.name": "sgd", "optimizer.learning_rate": 1.0, "schedule.name": "constant"}
    plain |= {"model.name": "vit_cifar_patch4", "model.arguments": tiny, "data.max_examples": 60}
    plain |= {"regularization": {"preset": "none"}, "schedule.warmup_epochs": 0.0}
    setup = prepare(
        recipe_with(**plain, **{"training.batch_size": 8, "training.accumulate_steps": N})
    )
    model, before = setup.model, [v.numpy() for v in setup.model.trainable_variables]
    x, y = setup.train.batch(np.arange(8 * N))
    with tf.GradientTape() as tape:
        loss = setup.task.loss(y, model(x, training=False))["loss"]
    large = tape.gradient(loss, [v.value for v in model.trainable_variables])
    for start in range(0, 8 * N, 8):
        part = [{name: v[start : start + 8] for name, v in side.items()} for side in (x, y)]
        model.train_on_batch(*part)
    assert max(np.abs(gradient).max() for gradient in large) > 0.01
    for variable, was, gradient in zip(model.trainable_variables, before, large, strict=True):
        np.testing.assert_allclose(was - variable.numpy(), gradient, atol=1e-5)


def test_it_agrees_with_pytorch():
    torch = pytest.importorskip("torch", reason="torch is not installed (extra parity)")
    changes = {"optimizer.name": "sgd", "optimizer.arguments": {"momentum": 0.9}}
    changes |= {"schedule.name": "constant", "schedule.warmup_epochs": 0.0}
    small, _ = trained(
        recipe_with(**changes, **{"training.accumulate_steps": N}), batch_size=32 // N
    )
    start = [torch.tensor(v.numpy(), requires_grad=True) for v in two_layers().weights]
    reference = torch.optim.SGD(start, lr=0.05, momentum=0.9)
    x = torch.tensor(X)
    for step in range(2 * UPDATES * N):
        batch = x[(part := step % (UPDATES * N)) * 8 : (part + 1) * 8]
        answers = torch.tanh(batch @ start[0] + start[1]) @ start[2] + start[3]
        (((answers - torch.sin(3 * batch)) ** 2).mean() / N).backward()
        if step % N == N - 1:
            reference.step()
            reference.zero_grad()
    for mine, theirs in zip(small.weights, start, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.detach().numpy(), atol=1e-5)


def test_between_two_updates_only_the_sums_change():
    recipe = recipe_with(
        **{"training.accumulate_steps": N, "schedule.name": "linear", "schedule.warmup_epochs": 0.0}
    )
    model = two_layers()
    values = Regularization(weight_decay=0.1, averaging_decay=0.8)
    optimizer = make_optimizer(recipe, model, values, steps_per_epoch=UPDATES * N)
    gradients = [keras.ops.ones_like(v) for v in model.weights]
    seen = []
    for _ in range(2 * N):
        before = [v.numpy() for v in (*model.weights, *optimizer._model_variables_moving_average)]
        optimizer.apply(gradients)
        after = [v.numpy() for v in (*model.weights, *optimizer._model_variables_moving_average)]
        moved = any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        seen.append((moved, int(optimizer.iterations), float(optimizer.learning_rate)))
    rate = 0.05 * (1 - np.arange(3) / (2 * UPDATES))
    expected = [(step % N == N - 1, (step + 1) // N) for step in range(2 * N)]
    assert [entry[:2] for entry in seen] == expected
    assert [entry[2] for entry in seen] == pytest.approx([rate[count] for _, count in expected])


def test_one_step_an_update_is_the_plain_optimizer():
    recipe = recipe_with()
    plain = make_optimizer(recipe, two_layers(), NONE, steps_per_epoch=UPDATES)
    assert not hasattr(plain, "accumulate_steps")
    assert len(plain.variables) == 1 + 2 * len(two_layers().weights)  # a count, two moments each


@pytest.mark.parametrize(
    ("values", "examples", "steps"),
    [
        ({}, 1000, 15),
        ({"training.accumulate_steps": 4}, 1000, 12),  # three updates of 256
        ({"training.accumulate_steps": 4}, 100, 4),  # one at least
        ({"training.accumulate_steps": 4, "training.steps_per_epoch": 8}, 1000, 8),
    ],
)
def test_an_epoch_holds_whole_updates(values, examples, steps):
    recipe = recipe_with(**{"training.batch_size": 64} | values)
    assert steps_per_epoch(recipe, examples=examples) == steps


def test_an_epoch_that_ends_inside_an_update_is_refused():
    with pytest.raises(RecipeError, match=r"whole updates of 4 steps.* such as 8"):
        recipe_with(**{"training.accumulate_steps": 4, "training.steps_per_epoch": 9})
    assert recipe_with(**{"training.accumulate_steps": 8}).smoke().training.accumulate_steps == 2


def test_an_update_of_far_more_examples_than_there_are_is_refused():
    few = {"data.max_examples": 60, "model.arguments": {"widths": [4]}}
    more = {"training.batch_size": 20, "training.accumulate_steps": 4}
    notes = prepare(recipe_with(**few, **more)).dataset.notes
    assert any("so an update holds some of them several times" in note for note in notes)
    more = {"training.batch_size": 60, "training.accumulate_steps": 40}
    with pytest.raises(RecipeError, match=r"accumulate_steps=40.*an update would hold each"):
        prepare(recipe_with(**few, **more))


def test_it_is_refused_on_several_replicas_before_anything_is_read(monkeypatch):
    monkeypatch.setattr(devices, "replicas", lambda: 2)
    recipe = recipe_with(**{"training.batch_size": 16, "training.accumulate_steps": 4})
    with pytest.raises(RecipeError, match="strategy of 2 replicas") as caught:
        prepare(recipe, data_dir="/no/such/folder")
    assert "training.accumulate_steps=1 training.batch_size=64" in caught.value.fix


def test_replicas_are_those_of_the_strategy_in_force():
    assert devices.replicas() == 1


def test_the_probe_counts_updates():
    recipe = recipe_with(**{"training.accumulate_steps": N})
    model = two_layers()
    model.compile(make_optimizer(recipe, model, NONE, steps_per_epoch=8), "mse")
    probe = Probe({"x": X[:4]}, {"y": X[:4]})
    probe.set_model(model)
    probe.set_params({"steps": 8})
    assert probe._updates() == 2


def test_half_precision_leaves_a_step_out_of_an_update_and_goes_on():
    recipe = recipe_with(**{"training.precision": "mixed_float16", "training.accumulate_steps": 2})
    with precision(recipe):
        model = two_layers()
        optimizer = make_optimizer(recipe, model, NONE, steps_per_epoch=4)
        scaled = keras.optimizers.LossScaleOptimizer(optimizer)
        scaled.build(model.trainable_variables)
    good = [keras.ops.ones_like(v) for v in model.weights]
    bad = [keras.ops.full(v.shape, np.inf) for v in model.weights]
    for gradients in (good, bad, good):
        scaled.apply(gradients)
    assert int(optimizer.iterations) == 1
    assert int(optimizer.steps_summed) == 0
    assert all(np.isfinite(v.numpy()).all() for v in (*model.weights, *optimizer.variables))


ON_TWO_REPLICAS = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import zoo
from zoo import devices
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    assert devices.replicas() == 2
    try:
        zoo.train("image/digits-cnn", "training.accumulate_steps=2", smoke=True, run_dir="run")
    except zoo.ZooError as error:
        print(error.problem)
assert devices.replicas() == 1
"""
ON_JAX = """
import keras, numpy as np
from recipes.training.accumulation import accumulating
x = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
found = []
for steps in (1, 4):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    optimizer = accumulating(keras.optimizers.AdamW, steps)(0.01, weight_decay=0.1, use_ema=True)
    model.compile(optimizer, "mse")
    model.fit(x, x[:, :2], epochs=2, batch_size=32 // steps, shuffle=False, verbose=0)
    found.append((int(optimizer.iterations), model.weights[0].numpy()))
assert [count for count, _ in found] == [4, 4], found
np.testing.assert_allclose(found[0][1], found[1][1], atol=1e-5)
"""


@pytest.mark.slow
def test_two_replicas_of_a_real_strategy_are_seen(tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", ON_TWO_REPLICAS],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(zoo.__file__).parents[1])},
        timeout=900,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert "accumulate_steps=2 does not work with a tf.distribute strategy of 2" in result.stdout


@pytest.mark.slow
def test_it_does_the_same_on_jax():
    pytest.importorskip("jax")
    result = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr[-2000:]
