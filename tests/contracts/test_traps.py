"""What the package steps round stays guarded: the table in traps.py is true, and its gaps are filled.

A trap whose guard is renamed or removed fails here, and so does an upstream test that no trap lists.
"""

import ast
import functools
import importlib.util
import re
import sys
import tomllib
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from traps import TRAPS

import recipes.runs.run
from recipes.objects import precision
from recipes.training.checkpoint import load_checkpoint, save_checkpoint
from recipes.training.optimizer import make_optimizer
from recipes.training.setup import prepare
from recipes.training.train import fit
from recipes.values.load import load_recipe
from zoo.data.pipeline import training_stream
from zoo.errors import ArgumentError, WeightsError
from zoo.regularization import Regularization
from zoo.weights import load_model_weights, read_tensors, save_model_weights

ROOT = Path(__file__).resolve().parents[2]
UPSTREAM = ROOT / "tests" / "upstream"
TINY = {
    "data.max_examples": 64,
    "model.arguments": {"widths": [4], "dropout_rate": 0.2},
    "training.batch_size": 8,
    "training.steps_per_epoch": 8,
    "training.epochs": 3,
}


# --- the table


@functools.cache
def names_of_tests(path: Path) -> frozenset[str]:
    """Names of the test functions of a file, read without running it; none where it is gone."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(node.name for node in found if node.name.startswith("test_"))


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.what)
def test_every_trap_is_guarded_by_tests_that_exist(trap):
    assert trap.guarded_by
    for node in (*trap.guarded_by, *trap.shown_by):
        file, _, name = node.partition("::")
        assert name in names_of_tests(ROOT / file), f"{node} is gone; what guards the trap now?"


def test_every_upstream_test_has_its_trap():
    listed = {node for trap in TRAPS for node in trap.shown_by}
    existing = {
        f"{path.relative_to(ROOT).as_posix()}::{name}"
        for path in UPSTREAM.glob("test_*.py")
        for name in names_of_tests(path)
    }
    assert existing == listed


def docstrings():
    for path in sorted(UPSTREAM.glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield pytest.param(" ".join((ast.get_docstring(node) or "").split()), id=node.name)


@pytest.mark.parametrize("docstring", docstrings())
def test_every_upstream_test_names_what_steps_round_it(docstring):
    assert docstring.startswith("Trap: ")
    match = re.search(r"Stepped round by ([\w.]+\w)(?: \((\w+)\))?", docstring)
    assert match, "the docstring names no module"
    place, function = match.groups()
    if place == "pyproject.toml":
        assert (ROOT / place).is_file()
        return
    spec = importlib.util.find_spec(place)
    assert spec is not None, f"there is no module {place}"
    assert function is None or f"def {function}(" in Path(spec.origin).read_text(encoding="utf-8")


# --- right behaviour that no other test shows


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny recipe after three epochs of eight steps, and what it warned of."""
    setup = prepare(load_recipe("image/digits-cnn").with_values(TINY))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit(setup, tmp_path_factory.mktemp("run"), resume=False, progress=False)
    return setup, [str(item.message) for item in caught]


def seed_counters(model):
    return [int(v.numpy()[1]) for v in model.variables if "seed" in v.path]


def test_optimizer_counts_exactly_the_steps_that_were_trained(trained):
    setup, _ = trained
    assert int(setup.model.optimizer.iterations) == 24
    counters = seed_counters(setup.model)
    assert counters
    assert counters == [counters[0]] * len(counters)
    assert counters[0] % 24 == 0  # a dropout draws as often in every step


def test_training_warns_of_nothing(trained):
    _, caught = trained
    assert not [text for text in caught if "shuffle" in text or "ran out of data" in text]


def test_every_training_batch_has_the_full_size(trained):
    setup, _ = trained
    x, y = training_stream(setup.train, batch_size=8, seed=1, augment=setup.augment).element_spec
    assert {spec.shape[0] for spec in (*x.values(), *y.values())} == {8}


def test_a_checkpoint_holds_optimizer_and_seed_generators(trained, tmp_path):
    setup, _ = trained
    save_checkpoint(tmp_path / "a.safetensors", setup.model, {"epoch": 3})
    other = prepare(setup.recipe).model
    assert load_checkpoint(tmp_path / "a.safetensors", other) == ({"epoch": 3}, None)
    assert int(other.optimizer.iterations) == 24
    assert seed_counters(other) == seed_counters(setup.model)
    for mine, theirs in (
        (other.variables, setup.model.variables),
        (other.optimizer.variables, setup.model.optimizer.variables),
    ):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_loading_weights_leaves_the_optimizer_alone(trained, tmp_path):
    setup, _ = trained
    before = [variable.numpy() for variable in setup.model.optimizer.variables]
    save_model_weights(tmp_path / "a.safetensors", setup.model)
    load_model_weights(tmp_path / "a.safetensors", setup.model)
    assert int(setup.model.optimizer.iterations) == 24
    for old, new in zip(before, setup.model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_a_run_keeps_raw_and_averaged_weights_apart(tmp_path):
    """`best` holds averages; `last` holds the raw weights, with which training goes on."""
    values = {"regularization.averaging_decay": 0.9, "training.epochs": 12}
    setup = prepare(load_recipe("image/digits-cnn").with_values(TINY | values))
    fit(setup, tmp_path, resume=False, progress=False)
    raw, _ = read_tensors(tmp_path / "checkpoints" / "last.safetensors")
    averaged, _ = read_tensors(tmp_path / "checkpoints" / "best.safetensors")
    kernels = [name for name in averaged if name.endswith("kernel")]
    assert kernels
    for name in kernels:
        assert np.abs(raw[f"model/{name}"] - averaged[name]).max() > 1e-5


def test_a_checkpoint_of_float16_fits_before_the_first_step(tmp_path):
    recipe = load_recipe("image/digits-cnn").with_values(
        TINY | {"training.precision": "mixed_float16"}
    )
    with precision(recipe):
        used, fresh = prepare(recipe), prepare(recipe)
    used.model.train_on_batch(*used.train.batch(np.arange(8)))
    save_checkpoint(tmp_path / "a.safetensors", used.model, {"epoch": 1})
    load_checkpoint(tmp_path / "a.safetensors", fresh.model)
    assert int(fresh.model.optimizer.step_counter) == int(used.model.optimizer.step_counter)


def test_means_go_on_counting_under_bfloat16():
    recipe = load_recipe("image/digits-cnn").with_values(
        TINY | {"training.precision": "mixed_bfloat16"}
    )
    with precision(recipe):
        model = prepare(recipe).model
        (accuracy,) = model.shown
        assert all(v.dtype == "float32" for v in accuracy.variables)
        for _ in range(600):
            accuracy.update_state(keras.ops.ones((), "bfloat16"))
    assert float(accuracy.count) == 600
    assert model.output["logits"].dtype == "float32"


def test_gradients_are_clipped_by_their_joint_norm():
    recipe = load_recipe("image/digits-cnn").with_values(
        {"optimizer.name": "sgd", "optimizer.arguments": {}, "optimizer.learning_rate": 1.0}
        | {"schedule.name": "constant", "schedule.warmup_epochs": 0.0}
    )
    value = keras.Input((1,), name="value")
    model = keras.Model(value, keras.layers.Dense(1, name="dense")(value))
    knobs = Regularization(clip_norm=1.0)
    optimizer = make_optimizer(recipe, model, knobs, steps_per_epoch=10)
    before = model.get_weights()
    optimizer.apply([np.full(v.shape, 10.0, "float32") for v in model.trainable_variables])
    steps = [old - new for old, new in zip(before, model.get_weights(), strict=True)]
    assert [step.item() for step in steps] == pytest.approx([0.7071] * 2, abs=1e-3)


def test_gradient_accumulation_cannot_be_asked_for():
    with pytest.raises(ArgumentError, match="gradient_accumulation_steps"):
        load_recipe("image/digits-cnn", "optimizer.arguments.gradient_accumulation_steps=4")


def test_a_keras_file_is_not_opened_unasked(tmp_path, monkeypatch):
    path = tmp_path / "stranger.keras"
    path.write_bytes(b"whatever")

    def refuse(*args, **kwargs):
        raise AssertionError("the file was handed to Keras")

    monkeypatch.setattr(keras.saving, "load_model", refuse)
    with pytest.raises(WeightsError, match="can run code"):
        recipes.runs.run.load(path)


def test_undeclared_dependencies_of_others_are_declared_by_us():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.match(r"[\w.-]+", entry).group().lower() for entry in project["dependencies"]}
    assert {"tensorboard", "importlib_resources"} <= {name.replace("-", "_") for name in names}
