"""A Keras model of the user's own trains with all that a recipe has; its run loads without its code."""

import json
import shutil

import keras
import numpy as np
import pytest

import zoo
from recipes.own import model as own
from recipes.own.recipe import recipe_from
from recipes.training.setup import prepare
from recipes.values import architecture
from zoo import registry, shelves
from zoo.errors import ArgumentError, RunError, ZooError
from zoo.weights import read_tensors

TASK = {"data": "digits", "task": "image_classification"}
SMALL = {
    "data.max_examples": 120,
    "training.epochs": 3,
    "training.batch_size": 16,
    "training.steps_per_epoch": 4,
    "training.select": "last",
    "regularization.preset": "light",
    "regularization.averaging_decay": 0.9,
    "optimizer.learning_rate": 0.01,
}


@keras.saving.register_keras_serializable(package="tests_of_own_models")
class Doubled(keras.layers.Layer):
    """A layer that Keras does not have."""

    def call(self, inputs):
        return 2 * inputs


def net(*, classes=10, activation="softmax", shape=(8, 8, 1), extra=None, name="my_net"):
    """Build a small network, whose automatic names count on from one call to the next."""
    image = keras.Input(shape)
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    x = keras.layers.BatchNormalization()(x)
    x = extra(x) if extra else x
    x = x + keras.layers.Conv2D(4, 3, padding="same", name="side")(x)
    x = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(image, keras.layers.Dense(classes, activation=activation)(x), name=name)


def train(model, folder, **more):
    return zoo.train(model, run_dir=folder, progress=False, **TASK | SMALL | more)


@pytest.fixture
def forgetful():
    """Return a function that makes this process as if it knew nothing of any model of a user."""

    def forget():
        for name in list(architecture._KNOWN):
            shelves.take_away(registry.MODELS[name])
        architecture._KNOWN.clear()
        own._LIVE.clear()

    yield forget
    forget()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    keras.utils.set_random_seed(7)
    model = net()
    before = [v.copy() for v in model.get_weights()]
    run = train(model, tmp_path_factory.mktemp("own") / "run")
    after = model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    return run, model


def test_training_begins_with_what_the_model_computes(whole, forgetful):
    _, model = whole
    recipe = recipe_from(model, (), TASK | SMALL, zoo.train)
    setup = prepare(recipe, device="cpu")
    images = np.stack([setup.dataset.splits["test"][i]["image"] for i in range(5)])
    logits = setup.model.predict_on_batch({"image": images})["logits"]
    expected = model.predict_on_batch(images.astype("float32"))
    assert np.allclose(keras.ops.softmax(logits), expected, atol=1e-6)


def test_a_run_has_all_that_a_recipe_has(whole, forgetful):
    run = zoo.load(whole[0].path)
    assert run.recipe.name == "image/digits-my_net"
    assert run.recipe.regularization_values().crop_padding == 4  # of the preset for images
    assert len(run.history) == 3
    assert "baselines" in run.metrics
    for file in ("report.html", "README.md", "architecture.json", "initial.safetensors"):
        assert (run.path / file).stat().st_size > 0
    first, _ = read_tensors(run.path / "initial.safetensors")
    last, _ = read_tensors(run.path / "weights.safetensors")
    assert first.keys() == last.keys()
    assert not np.array_equal(first["head_logits/0.kernel"], last["head_logits/0.kernel"])


def test_a_run_loads_and_predicts_where_nothing_is_known_of_it(whole, forgetful, tmp_path):
    run = zoo.load(whole[0].path)
    image = run.dataset().splits["test"][0]["image"]
    expected = run.predict([image])
    moved = tmp_path / "elsewhere"
    shutil.copytree(run.path, moved)
    (moved / "initial.safetensors").unlink()  # only training begins with them
    forgetful()
    assert zoo.load(moved).predict([image]) == expected
    forgetful()
    again = zoo.load(moved)
    found = again.evaluate()["metrics"]
    assert found["accuracy"]["value"] == run.metrics["metrics"]["accuracy"]["value"]


def test_the_same_model_again_resumes_bit_for_bit(whole, forgetful, tmp_path, monkeypatch):
    from recipes.training.callbacks import Recorder

    run, model = whole
    recorded, done = Recorder.on_train_batch_end, []

    def stop(self, batch, logs=None):
        recorded(self, batch, logs)
        done.append(batch)
        if len(done) == 6:
            raise OSError("the machine stops")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="the machine stops"):
        patch.setattr(Recorder, "on_train_batch_end", stop)
        train(model, tmp_path / "run")
    forgetful()
    keras.utils.set_random_seed(8)
    resumed = train(
        net(), tmp_path / "run", resume=True
    )  # other numbers, and other automatic names
    for name in ("weights.safetensors", "checkpoints/last.safetensors"):
        mine, theirs = (read_tensors(one.path / name)[0] for one in (resumed, run))
        assert mine.keys() == theirs.keys()
        assert all(np.array_equal(mine[key], theirs[key]) for key in mine)
    with pytest.raises(RunError, match="values other than those given now"):
        train(net(classes=10, extra=keras.layers.ReLU()), tmp_path / "run", resume=True)


@pytest.mark.slow
def test_its_recipe_file_trains_the_same_run_again(whole, forgetful, tmp_path):
    run, _ = whole
    forgetful()
    again = zoo.train(run.path / "recipe.yaml", run_dir=tmp_path / "again", progress=False)
    mine, theirs = (read_tensors(one.path / "weights.safetensors")[0] for one in (again, run))
    assert all(np.array_equal(mine[key], theirs[key]) for key in theirs)


@pytest.mark.slow
def test_a_run_is_finetuned_to_other_data_and_another_task(whole, forgetful, tmp_path):
    run, _ = whole
    forgetful()
    tuned = zoo.finetune(
        run.path,
        data="digit_pairs",
        epochs=1,
        run_dir=tmp_path / "tuned",
        progress=False,
        **{"task.name": "multilabel_classification", "data.max_examples": 60},
    )
    forgetful()
    assert len(zoo.load(tuned.path).evaluate()["metrics"]) > 0


def test_features_by_name_get_the_head_of_the_task(forgetful):
    image = keras.Input((8, 16, 1), name="pixels")
    x = keras.layers.Conv2D(3, 3, strides=2, padding="same")(image)
    model = keras.Model(image, {"stride_2": x, "pooled": keras.layers.GlobalMaxPooling2D()(x)})
    values = SMALL | {"data": "digit_pairs", "task": "regression"}
    recipe = recipe_from(model, (), values, zoo.train)
    card = registry.model_card(recipe.model.name)
    assert [(f.name, f.stride, f.width) for f in card.features] == [
        ("stride_2", 2, 3),
        ("pooled", None, 3),
    ]
    setup = prepare(recipe, device="cpu")
    assert setup.model.output["logits"].shape == (None, 1)
    assert setup.model.get_layer("head_logits").input.shape == (None, 3)


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


def two_inputs():
    inputs = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    x = keras.layers.Flatten()(inputs[0] + inputs[1])
    return keras.Model(inputs, keras.layers.Dense(10)(x))


def without_dense():
    image = keras.Input((8, 8, 1))
    return keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Subclassed(name="mine"), "mine is a subclass of keras.Model, Subclassed"),
        (lambda: keras.Sequential([keras.layers.Dense(10)]), "says nothing about its input"),
        (two_inputs, "has 2 inputs"),
        (without_dense, "ends in GlobalAveragePooling2D"),
        (lambda: net(activation="relu"), "has the activation relu"),
        (lambda: net(classes=7), "has 7 outputs; the task needs 10 for this data"),
        (lambda: net(shape=(28, 28, 1)), r"takes inputs of the shape \(28, 28, 1\)"),
        (lambda: 3.5, "neither a recipe nor a Keras model"),
    ],
)
def test_a_model_that_cannot_be_trained_is_refused_before_anything_is_written(
    make, says, forgetful, tmp_path
):
    with pytest.raises(ArgumentError, match=says) as caught:
        train(make(), tmp_path / "run")
    assert caught.value.fix
    assert len(str(caught.value).splitlines()) <= 4
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("missing", ["data", "task"])
def test_data_and_task_must_be_given(missing, forgetful):
    values = {name: value for name, value in TASK.items() if name != missing}
    with pytest.raises(ArgumentError, match=f"{missing}=None does not say"):
        zoo.train(net(), **values)


def test_a_model_is_no_run_to_continue():
    with pytest.raises(ArgumentError, match="cannot be continued"):
        zoo.train(net(), continue_run=True, **TASK)


def test_fields_are_checked_as_those_of_every_recipe(forgetful):
    with pytest.raises(ZooError, match="epochz"):
        zoo.train(net(), **TASK, **{"training.epochz": 3})
    with pytest.raises(ZooError, match="image_clasification"):
        zoo.train(net(), data="digits", task="image_clasification")


def test_layers_of_other_classes_need_the_model(forgetful, tmp_path):
    run = train(net(extra=Doubled()), tmp_path / "run", smoke=True)
    assert json.loads((run.path / "architecture.json").read_text())["config"] is None
    image = run.dataset().splits["test"][0]["image"]
    expected = run.predict([image])
    forgetful()
    with pytest.raises(RunError, match="not Keras' own: Doubled") as caught:
        zoo.load(run.path).predict([image])
    assert "zoo.load(FOLDER, model=model)" in caught.value.fix
    assert zoo.load(run.path, model=net(extra=Doubled())).predict([image]) == expected
    with pytest.raises(ArgumentError, match="is not the model that"):
        zoo.load(run.path, model=net())


def test_a_model_is_given_only_to_runs_that_need_one(whole, tmp_path):
    with pytest.raises(ZooError):
        zoo.load(tmp_path, model=net())


def changed(folder, edit):
    values = json.loads((folder / "architecture.json").read_text())
    edit(values)
    (folder / "architecture.json").write_text(json.dumps(values))


LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"name": "evil", "function": {"class_name": "__lambda__", "config": {"value": "x"}}},
    "registered_name": None,
    "name": "evil",
    "inbound_nodes": [],
}


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (LAMBDA, "Lambda"),
        (LAMBDA | {"class_name": "TFSMLayer"}, "TFSMLayer"),
        (LAMBDA | {"class_name": "Popen", "module": "subprocess", "config": {}}, "Popen"),
        (
            LAMBDA | {"class_name": "StringLookup", "config": {"vocabulary": "/etc/x"}},
            "StringLookup",
        ),
    ],
)
def test_an_architecture_that_could_run_code_is_refused(whole, forgetful, tmp_path, layer, says):
    run, _ = whole
    shutil.copytree(run.path, tmp_path / "run")
    forgetful()

    def add(values):
        values["config"]["config"]["layers"].append(layer)

    changed(tmp_path / "run", add)
    with pytest.raises(RunError, match="was changed"):
        zoo.load(tmp_path / "run")

    def sign(values):
        values["digest"] = architecture.digest_of(values["config"], values["outputs"])

    changed(tmp_path / "run", sign)
    architecture.adopt(tmp_path / "run")
    (name,) = architecture._KNOWN
    with pytest.raises(RunError, match=f"{says}.*could run code"):
        own.build(input_shape=(8, 8, 1), own=name)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 99}', '{"format": 1, "name": 3}'])
def test_a_damaged_architecture_is_one_screen(whole, forgetful, tmp_path, text):
    run, _ = whole
    shutil.copytree(run.path, tmp_path / "run")
    forgetful()
    (tmp_path / "run" / "architecture.json").write_text(text)
    with pytest.raises(RunError):
        zoo.load(tmp_path / "run")


def test_precision_reaches_the_layers_of_keras(whole, forgetful):
    _, model = whole
    from recipes.objects import precision

    recipe = recipe_from(model, ("training.precision=mixed_bfloat16",), TASK | SMALL, zoo.train)
    with precision(recipe):
        setup = prepare(recipe, device="cpu")
    assert setup.model.get_layer("backbone").get_layer("side").compute_dtype == "bfloat16"


def test_sequential_models_with_kerazoo_layers_are_rebuilt(forgetful):
    from zoo.layers.stochastic_depth import StochasticDepth

    depth = StochasticDepth(0.1)
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), depth, keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    recipe = recipe_from(model, (), TASK | SMALL, zoo.train)
    assert recipe.model.name.startswith("sequential_")
    known = architecture.known(recipe.model.name)
    assert known.architecture.foreign == ()
    backbone = own.build(input_shape=(8, 8, 1), own=recipe.model.name)
    kinds = [type(layer).__name__ for layer in backbone.layers]
    assert kinds == ["InputLayer", "StochasticDepth", "Flatten"]
