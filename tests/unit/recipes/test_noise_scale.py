"""The gradient noise scale is that of a problem whose covariance is known, and changes nothing."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import recipes.training.callbacks
import recipes.training.observers
from recipes.diagnosis.noise_scale import (
    MICRO_BATCHES,
    NoiseScale,
    epochs_between,
    estimates,
    noise_scale,
    told,
)
from recipes.training.setup import prepare
from recipes.training.train import fit, train
from recipes.values.load import load_recipe
from zoo.errors import RecipeError

DIM, EXAMPLES, NOISE = 4, 20_000, 2.0  # standard deviation of what the inputs do not explain


class Regression:
    """Half the squared error of a linear regression: as much of a task as the callback needs."""

    contrastive = False

    def loss(self, y, y_pred):
        return {"loss": keras.ops.mean(keras.ops.square(y_pred[:, 0] - y["y"])) / 2}


class Drawn:
    """Inputs of a standard normal distribution; their weights are those of the model plus (1, 0, …)."""

    def __init__(self, sampling=None):
        random = np.random.default_rng(3)
        self.x = random.normal(size=(EXAMPLES, DIM)).astype("float32")
        noise = NOISE * random.normal(size=EXAMPLES)
        self.y = (self.x[:, 0] + noise).astype("float32")
        self.task, self.assets, self.sampling = Regression(), None, sampling

    def __len__(self):
        return EXAMPLES

    def batch(self, positions):
        return {"x": self.x[positions]}, {"y": self.y[positions]}


def linear():
    x = keras.Input((DIM,), name="x")
    out = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros", name="out")(x)
    model = keras.Model({"x": x}, out)
    model.task = Regression()
    return model


def measured(encoded, model, *, epochs, batch_size=32, **how):
    records = []
    callback = NoiseScale(encoded, records, batch_size=batch_size, seed=1, **how)
    callback.set_model(model)
    for epoch in range(epochs):
        records.append({"epoch": epoch + 1})
        callback.on_epoch_end(epoch)
    return records


def test_it_is_that_of_a_known_covariance():
    data = Drawn()
    found = noise_scale(measured(data, linear(), epochs=100), batch_size=32)["noise_scale"]
    # The gradient of an example is (x·d - e) x with d = (1, 0, …): its mean is d, its mean square
    # is (DIM + 2) |d|² + DIM NOISE².
    trace = DIM + 1 + DIM * NOISE**2
    assert found["measurements"] == 50
    assert found["gradient_squared"] == pytest.approx(1, rel=0.1)
    assert found["covariance_trace"] == pytest.approx(trace, rel=0.1)
    assert found["value"] == pytest.approx(trace, rel=0.1)
    gradients = -data.y[:, None] * data.x  # of every example, in NumPy
    mean = gradients.mean(0)
    exact = gradients.var(0).sum() / (mean @ mean)
    assert found["value"] == pytest.approx(exact, rel=0.1)


def test_a_class_that_is_drawn_more_often_counts_more_often():
    class OnlyOne:
        def order(self, seed, number):
            return np.full(EXAMPLES, 5)

    data = Drawn(OnlyOne())
    (record,) = measured(data, linear(), epochs=1)
    square = float(np.sum((data.y[5] * data.x[5]) ** 2))
    assert record["noise"]["gradient_squared"] == pytest.approx(square, rel=1e-4)
    assert abs(record["noise"]["covariance_trace"]) < 1e-4 * square


def test_the_estimates_are_those_of_two_batch_sizes():
    random = np.random.default_rng(0)
    gradients = random.normal(size=(MICRO_BATCHES, 50)) + 0.3
    squares, square = (gradients**2).sum(1).mean(), (gradients.mean(0) ** 2).sum()
    small, large = 16, 16 * MICRO_BATCHES
    size = (large * square - small * squares) / (large - small)
    trace = (squares - square) / (1 / small - 1 / large)
    assert estimates(squares, square, MICRO_BATCHES, small) == pytest.approx((size, trace))


def test_it_costs_at_most_a_twentieth_of_the_steps():
    for steps in (1, 7, 19, 159, 160, 161, 5000):
        every = epochs_between(steps)
        assert 0.05 * steps * every + 1e-9 >= MICRO_BATCHES
        assert every == 1 or 0.05 * steps * (every - 1) < MICRO_BATCHES
    records = measured(Drawn(), linear(), epochs=5, every=2)
    assert [record["epoch"] for record in records if "noise" in record] == [2, 4]


def test_only_the_later_half_counts_and_parts_are_averaged_before_dividing():
    records = [
        {
            "epoch": i + 1,
            "noise": dict(examples=8, batches=8, gradient_squared=g, covariance_trace=t),
        }
        for i, (g, t) in enumerate([(100.0, 1.0), (100.0, 1.0), (1.0, 30.0), (3.0, 10.0)])
    ]
    found = noise_scale(records, batch_size=8)["noise_scale"]
    assert (found["value"], found["measurements"]) == (10, 2)
    assert noise_scale([{"epoch": 1}], batch_size=8) == noise_scale([], batch_size=8) == {}
    records[2]["noise"]["gradient_squared"] = -5.0
    lost = noise_scale(records, batch_size=8)["noise_scale"]
    assert lost["value"] is None
    assert "in 64 examples the gradient is lost" in lost["told"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (310.0, "is 310: batches up to about that size save steps almost in proportion. With"),
        (70.0, "is 70: this batch is near it"),
        (4.25, "is 4.2: larger batches hardly save steps, and smaller ones save examples. With"),
    ],
)
def test_a_sentence_says_what_it_means(value, said):
    sentence = told(value, batch_size=64, seen=512)
    assert said in sentence
    assert f"{1 + value / 64:.1f} times the fewest steps" in sentence
    assert f"{1 + 64 / value:.1f} times the fewest examples" in sentence


def test_a_loss_that_compares_examples_is_refused():
    encoded = SimpleNamespace(task=SimpleNamespace(contrastive=True), assets=None)
    with pytest.raises(RecipeError, match="compares the examples") as caught:
        NoiseScale(encoded, [], batch_size=8, seed=1)
    assert "training.noise_scale=false" in caught.value.fix


SMALL = {
    "data.max_examples": 160,
    "model.arguments": {"widths": [4], "dropout_rate": 0.2},
    "training.epochs": 2,
    "training.batch_size": 4,
}


class Crash(Exception):
    """Stands for any sudden end."""


def trained(folder, *, resume=False, measure=True):
    few = {"training.steps_per_epoch": 5}
    recipe = load_recipe("image/digits-cnn").with_values(SMALL | few)
    setup = prepare(recipe.with_values({"training.noise_scale": measure}))
    _, probe, _ = fit(setup, folder, resume=resume, progress=False, checkpoint_minutes=1e-9)
    return [variable.numpy() for variable in setup.model.variables], probe.records


def test_a_stopped_run_has_the_same_records_and_an_unmeasured_one_the_same_weights(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(recipes.training.observers, "epochs_between", lambda steps: 1)
    weights, records = trained(tmp_path / "whole")
    assert all(record["noise"]["covariance_trace"] > 0 for record in records)
    assert records[0]["noise"] != records[1]["noise"]
    save = recipes.training.callbacks.save_checkpoint

    def save_and_crash(path, model, state, **midway):
        save(path, model, state, **midway)
        if (state["epoch"], state.get("step", 0)) == (1, 3):
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(recipes.training.callbacks, "save_checkpoint", save_and_crash)
        with pytest.raises(Crash):
            trained(tmp_path / "run")
    again, found = trained(tmp_path / "run", resume=True)
    assert found == records
    plain, without = trained(tmp_path / "plain", measure=False)
    assert not any("noise" in record for record in without)
    for one, other, third in zip(weights, again, plain, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, third)


def test_measuring_leaves_what_a_recipe_expects():
    recipe = load_recipe("image/digits-cnn")
    assert recipe.with_values({"training.noise_scale": True}).expects == recipe.expects
    assert recipe.with_values({"training.batch_size": 16}).expects == "unmeasured"


@pytest.mark.slow
def test_a_run_says_it_in_metrics_and_report(tmp_path):
    often = {"training.steps_per_epoch": 160}  # a measurement at each epoch
    values = SMALL | often | {"training.noise_scale": True}
    run = train("image/digits-cnn", run_dir=tmp_path / "run", progress=False, **values)
    found = run.metrics["noise_scale"]
    assert found["batch_size"] == 4
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Gradient noise scale" in page
    assert found["told"] in page


ON_JAX = """
import sys
sys.path.insert(0, {folder!r})
from test_noise_scale import Drawn, linear, measured
print(measured(Drawn(), linear(), epochs=1)[0]["noise"]["covariance_trace"])
"""


@pytest.mark.slow
def test_it_measures_the_same_on_jax():
    pytest.importorskip("jax")
    (record,) = measured(Drawn(), linear(), epochs=1)
    result = subprocess.run(
        [sys.executable, "-c", ON_JAX.format(folder=str(Path(__file__).parent))],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    trace = record["noise"]["covariance_trace"]
    assert float(result.stdout.split()[-1]) == pytest.approx(trace, rel=1e-4)
