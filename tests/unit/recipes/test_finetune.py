"""A trained model goes on to other classes: what is kept, what is frozen, and that it helps."""

import shutil
from dataclasses import replace
from types import SimpleNamespace as Named

import keras
import numpy as np
import pytest

import recipes.training.callbacks
import recipes.training.optimizer
from recipes.runs.evaluate import predictions_of
from recipes.runs.run import load
from recipes.training.finetune import finetune, finetuning_recipe
from recipes.training.history import WALL_TIMES
from recipes.training.initialization import gentle, inherited, source_of
from recipes.training.setup import prepare
from recipes.training.train import fit
from recipes.values.load import load_recipe
from recipes.values.schema import UNSCALED_OPTIMIZERS
from zoo.columns import Audio, Image, Label, Text
from zoo.columns.assets import Assets
from zoo.data.dataset import Dataset, Split
from zoo.data.images import write_png
from zoo.data.load import load_dataset
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, DataError, RecipeError, WeightsError
from zoo.weights import read_tensors, tensor_keys

SOURCE = "cnn_small.digits"
SMALL = {
    "training.epochs": 3,
    "training.steps_per_epoch": 3,
    "initialization.frozen_epochs": 2,
    "regularization.auto_augment": "",
    "regularization.crop_padding": 0,
    "regularization.dropout_rate": 0.3,
    "regularization.l2": 1e-3,
    "regularization.weight_decay": 0.1,
}


@pytest.fixture(scope="module")
def parity(tmp_path_factory):
    """Digits as even and odd: 20 of each to learn from, 100 of each, not seen by the source."""
    folder = tmp_path_factory.mktemp("data") / "parity"
    for part, most in (("train", 20), ("test", 100)):
        written = {"even": 0, "odd": 0}
        for example in load_dataset("digits").splits[part]:
            name = ("even", "odd")[int(example["label"]) % 2]
            if written[name] < most:
                write_png(folder / part / name / f"{written[name]}.png", example["image"])
                written[name] += 1
    return folder


def recipe_of(data, **values):
    return finetuning_recipe(load(SOURCE), str(data)).with_values(values)


def trained(recipe, folder, *, resume=False):
    setup = prepare(recipe)
    recorder, _, _ = fit(setup, folder, resume=resume, progress=False)
    return setup, recorder


def accuracy(setup):
    encoded = Encoded(setup.dataset.splits["test"], setup.task, setup.assets)
    found = predictions_of(setup.model, setup.task, setup.assets, encoded, batch_size=256)
    return setup.task.score(*found)["accuracy"]


# --- what comes of it


@pytest.fixture(scope="module")
def run(parity, tmp_path_factory):
    folder = tmp_path_factory.mktemp("finetuned") / "run"
    overrides = ("training.steps_per_epoch=10", "regularization.auto_augment=''")
    return finetune(
        SOURCE, parity, *overrides, epochs=4, frozen_epochs=2, run_dir=folder, progress=False
    )


def test_forty_images_teach_more_than_they_do_from_scratch(run, parity, tmp_path):
    scratch = run.recipe.with_values({"initialization": None})
    alone, _ = trained(scratch, tmp_path)
    value = run.metrics["metrics"]["accuracy"]["value"]
    assert value > 0.95
    assert value > accuracy(alone) + 0.05


def test_the_run_loads_predicts_and_evaluates_like_any_other(run, parity):
    again = load(run.path)
    assert again.assets.classes == ("even", "odd")
    assert again.evaluate()["metrics"] == run.metrics["metrics"]
    images = [load_dataset("digits").splits["test"][i]["image"] for i in range(9)]
    assert again.predict(images) == run.predict(images)


def test_a_finetune_can_be_finetuned_and_its_own_run_needs_no_source(run, parity, tmp_path):
    shutil.copytree(run.path, tmp_path / "first")
    shutil.copytree(parity, tmp_path / "data")
    recipe = finetuning_recipe(load(tmp_path / "first"), str(tmp_path / "data"))
    second = prepare(recipe.with_values(SMALL))
    assert recipe.initialization.weights == str(tmp_path / "first")
    ours, theirs = tensor_keys(second.model), tensor_keys(run.model)
    for key in theirs:  # the classes are the same, and so is the head
        np.testing.assert_array_equal(ours[key].numpy(), theirs[key].numpy())


def test_images_of_another_size_are_brought_to_the_size_of_the_source(tmp_path):
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        for i in range(12):
            image = generator.integers(0, 256, (11, 17, 3), dtype="uint8")
            write_png(tmp_path / "pets" / name / f"{i}.png", image)
    setup = prepare(recipe_of(tmp_path / "pets", **SMALL))
    assert setup.assets.x == load(SOURCE).assets.x
    assert setup.train.batch(np.arange(3))[0]["image"].shape == (3, 8, 8, 1)


def test_few_examples_make_epochs_of_twenty_updates(parity, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr("recipes.training.finetune.train", lambda recipe, **_: made.append(recipe))
    finetune(SOURCE, parity)
    finetune(SOURCE, parity, "training.steps_per_epoch=7", epochs=8, seed=3, learning_rate=0.1)
    finetune(SOURCE, parity, "training.batch_size=1")
    assert [recipe.training.steps_per_epoch for recipe in made] == [20, 7, None]
    assert made[1].training.epochs == 8
    assert made[1].initialization.frozen_epochs == 2
    assert made[1].training.seed == 3
    assert made[1].optimizer.learning_rate == 0.1


def test_tokenizer_and_front_end_stay_and_the_rate_of_the_clips_is_the_data_s():
    ids, label = Text({"kind": "word"}, 9, source="text"), Label(("a", "b"))
    text = Assets(x={"ids": ids}, y={"label": label})
    found = inherited(Named(assets=text), dataset(("text", "label"), classes=("c", "d", "e")))
    assert (found.x, found.classes) == ({"ids": ids}, ("c", "d", "e"))
    audio = Audio(8000, 9, 8000, {"log_mel": {}}, source="audio")
    sound = Assets(x={"audio": audio}, y={"label": label})
    clips = dataset(("audio", "label"), sample_rate_hz=16_000)
    assert inherited(Named(assets=sound), clips).x == {"audio": replace(audio, data_rate_hz=16_000)}


# --- frozen, then released


@pytest.fixture(scope="module")
def whole(parity, tmp_path_factory):
    """A run of two frozen epochs and a released one, and its callback that kept the history."""
    return trained(recipe_of(parity, **SMALL), tmp_path_factory.mktemp("whole"))


def test_the_backbone_is_bit_equal_while_frozen_and_moves_once_released(parity, whole, tmp_path):
    tensors, _ = read_tensors(load(SOURCE).weights_path)
    frozen, _ = trained(recipe_of(parity, **SMALL | {"training.epochs": 2}), tmp_path)
    released, statistics = tensor_keys(whole[0].model), 0
    for key, variable in tensor_keys(frozen.model).items():
        same = key in tensors and np.array_equal(
            variable.numpy(), tensors[key].astype(variable.numpy().dtype)
        )
        assert same != key.startswith("head_"), key
        assert not np.array_equal(released[key].numpy(), variable.numpy()), key
        statistics += "moving_" in key
    assert statistics > 0


def test_a_frozen_backbone_runs_without_dropout_and_a_released_one_with_it(parity):
    setup = prepare(recipe_of(parity, **SMALL))
    (release,), x = setup.releases, {"image": np.full((64, 8, 8, 1), 100, "float32")}
    release.set_model(setup.model)
    backbone = setup.model.get_layer("backbone")

    def spread():
        features = list(backbone(x["image"], training=True).values())[-1]
        return float(np.ptp(np.asarray(features), axis=0).max())

    release.on_epoch_begin(1)
    assert spread() < 1e-5
    release.on_epoch_begin(2)
    assert spread() > 1e-3


@pytest.mark.parametrize(  # after the release, and while frozen
    "stop", [8, pytest.param(4, marks=pytest.mark.slow)]
)
def test_a_run_that_is_stopped_resumes_exactly_across_the_release(
    parity, whole, tmp_path, monkeypatch, stop
):
    monkeypatch.setattr(recipes.training.callbacks, "CHECKPOINT_SECONDS", 0)
    recipe, seen = recipe_of(parity, **SMALL), []

    def crash(self, batch, logs=None):
        seen.append(batch)
        if len(seen) == stop:
            raise KeyError("crash")

    with monkeypatch.context() as patch:
        patch.setattr(recipes.training.callbacks.Recorder, "on_train_batch_end", crash)
        with pytest.raises(KeyError, match="crash"):
            trained(recipe, tmp_path / "run")
    resumed, again = trained(recipe, tmp_path / "run", resume=True)
    for mine, theirs in (
        (resumed.model.variables, whole[0].model.variables),
        (resumed.model.optimizer.variables, whole[0].model.optimizer.variables),
    ):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert without_times(again.history) == without_times(whole[1].history)


def without_times(history):
    return [{k: v for k, v in entry.items() if k not in WALL_TIMES} for entry in history]


SCALED = sorted(set(recipes.training.optimizer._CLASSES) - set(UNSCALED_OPTIMIZERS))


def updated(name, *, wrapped, steps, rate):
    """Kernel of backbone and head after updates by a fixed gradient, with weight decay."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(6, name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(6, name="head_logits")(hidden))
    base = getattr(keras.optimizers, recipes.training.optimizer._CLASSES[name])
    made = gentle(base, model, frozen_steps=2, rate=0.1) if wrapped else base
    optimizer = made(learning_rate=rate, weight_decay=0.1)
    optimizer.build(model.trainable_variables)
    before = [variable.numpy() for variable in model.trainable_variables]
    generator = np.random.default_rng(0)
    for _ in range(steps):
        optimizer.apply(
            [generator.normal(size=v.shape).astype("float32") for v in model.trainable_variables]
        )
    after = [variable.numpy() for variable in model.trainable_variables]
    return before, after


@pytest.mark.parametrize("name", SCALED)
def test_every_optimizer_holds_the_backbone_still_and_trains_the_head_as_ever(name):
    before, after = updated(name, wrapped=True, steps=2, rate=0.05)
    _, plain = updated(name, wrapped=False, steps=2, rate=0.05)
    np.testing.assert_array_equal(after[0], before[0])
    np.testing.assert_array_equal(after[1], before[1])
    np.testing.assert_allclose(after[2], plain[2], rtol=1e-6)
    _, released = updated(name, wrapped=True, steps=3, rate=0.05)
    assert not np.array_equal(released[0], before[0])


def test_a_released_backbone_moves_at_its_share_of_the_rate():
    before, after = updated("sgd", wrapped=True, steps=3, rate=0.05)
    _, last = updated("sgd", wrapped=False, steps=3, rate=0.05)
    generator = np.random.default_rng(0)
    gradients = [generator.normal(size=v.shape) for _ in range(3) for v in before]
    step = 0.05 * 0.1
    expected = before[0] * (1 - step * 0.1) - step * gradients[8]
    np.testing.assert_allclose(after[0], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(after[2], last[2], rtol=1e-6)


# --- mistakes


def dataset(features, classes=("a", "b"), sample_rate_hz=0):
    columns = {name: np.zeros(2, "int64") for name in features}
    kinds = {"image": Image(), "audio": Audio(sample_rate_hz), "text": Text(), "label": Label()}
    return Dataset(
        name="other",
        splits={"train": Split(columns)},
        features={name: kinds[name] for name in features},
        classes=classes,
        licence="",
        source="folder",
    )


def test_data_of_another_kind_is_refused(tmp_path):
    with pytest.raises(
        DataError, match=r"takes images, and docstrings holds texts|data set of text"
    ):
        finetune(SOURCE, "docstrings")


def test_one_class_is_refused():
    with pytest.raises(DataError, match="1 class"):
        inherited(load(SOURCE), dataset(("image", "label"), classes=("a",)))


def test_the_data_that_it_was_trained_on_is_refused():
    with pytest.raises(DataError, match="was trained on digits already"):
        finetune(SOURCE, "digits")


def test_a_foreign_file_is_refused(parity):
    with pytest.raises(WeightsError, match="foreign model file"):
        finetune("mine.keras", parity)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"optimizer.name": "ftrl"}, "ftrl cannot hold a backbone still"),
        ({"regularization.max_norm": 3.0}, "max_norm acts on frozen weights"),
        ({"training.epochs": 1}, r"frozen_epochs=5 is more than training\.epochs=1"),
        ({"initialization.backbone_rate": 0.0}, "backbone_rate"),
        ({"initialization.weights": None}, "weights"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(parity, values, words):
    with pytest.raises(RecipeError, match=words):
        recipe_of(parity, **values)


def test_weights_that_have_changed_are_refused(parity):
    recipe = recipe_of(parity, **{"initialization.sha256": "0" * 64})
    with pytest.raises(WeightsError, match="has changed since"):
        source_of(recipe)


def test_a_backbone_that_does_not_fit_is_refused(parity):
    recipe = recipe_of(parity, **SMALL, **{"model.arguments": {"widths": [8, 16]}})
    with pytest.raises(WeightsError, match="not those of the model"):
        prepare(recipe)


def test_a_language_model_has_no_head_to_train_alone():
    recipe = load_recipe("text/pydoc-gpt")
    assets = Assets(x={"ids": Text()}, y={})
    source = Named(recipe=recipe, assets=assets, name="gpt", path=None, sha256="0")
    made = finetuning_recipe(source, "shakespeare")
    assert (made.initialization.frozen_epochs, made.initialization.backbone_rate) == (0, 1.0)
    assert made.optimizer.learning_rate == pytest.approx(1e-3)
    assert made.smoke().initialization.frozen_epochs == 0
    with pytest.raises(ArgumentError, match="no head to train alone"):
        finetuning_recipe(source, "shakespeare", frozen_epochs=3)


def test_a_smoke_run_freezes_and_releases(parity):
    recipe = recipe_of(parity).smoke()
    assert (recipe.initialization.frozen_epochs, recipe.training.epochs) == (1, 2)
    assert recipe_of(parity, initialization=None).smoke().initialization is None
