"""A trained model goes on to other classes: what is kept, what is frozen, and that it helps."""

import shutil
from dataclasses import replace
from types import SimpleNamespace as Named

import keras
import numpy as np
import pytest

import recipes.training.callbacks
from recipes.objects import precision
from recipes.runs.evaluate import predictions_of
from recipes.runs.run import load, source_of
from recipes.training.finetune import _chosen, finetune, finetuning_recipe
from recipes.training.history import WALL_TIMES
from recipes.training.initialization import Release, inherited
from recipes.training.setup import prepare
from recipes.training.train import fit
from recipes.values.load import load_recipe
from zoo.columns import Audio, Image, Label, Text
from zoo.columns.assets import Assets
from zoo.columns.readers.images import write_png
from zoo.data.dataset import Dataset, Split
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


def slots(setup):
    """Optimizer variables that have the shape of a weight, by shape."""
    return sorted(tuple(v.shape) for v in setup.model.optimizer.variables if len(v.shape))


def shapes(variables, times=2):
    return sorted(tuple(v.shape) for v in variables for _ in range(times))


def test_a_frozen_backbone_takes_no_memory_of_the_optimizer(parity):
    setup = prepare(recipe_of(parity, **SMALL))  # adamw: two slots a weight
    head = [v for key, v in tensor_keys(setup.model).items() if key.startswith("head_")]
    assert slots(setup) == shapes(head)
    setup.enter(1)
    assert slots(setup) == shapes(head)
    setup.enter(2)
    assert slots(setup) == shapes(setup.model.trainable_variables)
    assert len(setup.model.trainable_variables) > len(head)


def test_a_frozen_backbone_is_not_trainable_and_its_statistics_stand_still(parity):
    setup = prepare(recipe_of(parity, **SMALL))
    backbone = setup.model.get_layer("backbone")
    images = np.random.default_rng(0).uniform(0, 255, (64, 8, 8, 1)).astype("float32")

    def moved():
        before = [v.numpy() for v in backbone.non_trainable_variables if "moving" in v.path]
        backbone(images, training=True)
        after = [v.numpy() for v in backbone.non_trainable_variables if "moving" in v.path]
        assert after
        return any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))

    assert not backbone.trainable_variables
    assert not moved()
    setup.enter(2)
    assert backbone.trainable_variables
    assert moved()


def test_a_layer_that_was_fixed_before_stays_so_after_the_release(parity, monkeypatch):
    import recipes.training.setup as module

    made = module.make_model

    def with_a_fixed_layer(*arguments):
        model = made(*arguments)
        fixed.append(next(x for x in model.get_layer("backbone").layers if x.trainable_weights))
        fixed[0].trainable = False
        return model

    fixed = []
    monkeypatch.setattr(module, "make_model", with_a_fixed_layer)
    setup = prepare(recipe_of(parity, **SMALL))
    setup.enter(2)
    assert not fixed[0].trainable
    assert setup.model.get_layer("backbone").trainable_variables


def test_the_release_keeps_the_head_s_slots_and_the_count_of_updates(parity):
    setup = prepare(recipe_of(parity, **SMALL))
    first = setup.model.optimizer
    generator = np.random.default_rng(0)
    for _ in range(3):
        first.apply(
            [generator.normal(size=v.shape).astype("float32") for v in first._trainable_variables]
        )
    held = [v.numpy() for v in (*first._momentums, *first._velocities)]
    names = [id(v) for v in first._trainable_variables]
    setup.enter(2)
    new = setup.model.optimizer
    assert int(new.iterations) == 3
    places = [i for i, v in enumerate(new._trainable_variables) if id(v) in names]
    kept = [new._momentums[i] for i in places] + [new._velocities[i] for i in places]
    for mine, theirs in zip(kept, held, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs)
    for i in set(range(len(new._momentums))) - set(places):
        assert not new._momentums[i].numpy().any()


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
    assert_same_state(resumed, whole[0])
    assert without_times(again.history) == without_times(whole[1].history)


def without_times(history):
    return [{k: v for k, v in entry.items() if k not in WALL_TIMES} for entry in history]


AVERAGED = {"regularization.averaging_decay": 0.5, "training.epochs": 5}


@pytest.mark.parametrize(
    ("values", "stop"),
    [
        (AVERAGED, (2, 1)),
        *(
            pytest.param(values, stop, marks=pytest.mark.slow)
            for values in (
                AVERAGED,
                {"regularization.max_norm": 0.5, "optimizer.name": "schedule_free_adamw"},
                {"training.precision": "mixed_float16"},
            )
            for stop in ((1, 0), (1, 1), (2, 0), (3, 0))
        ),
    ],
)
def test_every_phase_resumes_from_its_last_checkpoint(parity, tmp_path, monkeypatch, values, stop):
    """While frozen, at the release and after it; `stop` is epochs and steps of the next."""
    recipe = recipe_of(parity, **SMALL | {"training.steps_per_epoch": 2} | values)
    with precision(recipe):
        whole, _ = trained(recipe, tmp_path / "whole")
        monkeypatch.setattr(recipes.training.callbacks, "CHECKPOINT_SECONDS", 0)
        with monkeypatch.context() as patch:
            save = recipes.training.callbacks.save_checkpoint
            patch.setattr(recipes.training.callbacks, "save_checkpoint", stop_at(stop, save))
            with pytest.raises(KeyError, match="crash"):
                fit(prepare(recipe), tmp_path / "run", checkpoint_minutes=1e-9, **FRESHLY)
        resumed, _ = trained(recipe, tmp_path / "run", resume=True)
    assert_same_state(resumed, whole)


FRESHLY = {"resume": False, "progress": False}


def stop_at(stop, save):
    def save_and_crash(path, model, state, **midway):
        save(path, model, state, **midway)
        if (state["epoch"], state.get("step", 0)) == stop:
            raise KeyError("crash")

    return save_and_crash


def assert_same_state(one, other):
    for mine, theirs in (
        (one.model.variables, other.model.variables),
        (one.model.optimizer.variables, other.model.optimizer.variables),
    ):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_averages_begin_at_the_weights_that_are_released(parity, tmp_path):
    values = {"regularization.averaging_decay": 0.5, "training.epochs": 5}
    setup = prepare(recipe_of(parity, **SMALL | values))
    raw = {key: v.numpy() for key, v in tensor_keys(setup.model).items()}
    setup.enter(2)
    with recipes.training.callbacks.averaged_weights(setup.model):
        for key, variable in tensor_keys(setup.model).items():
            if key.startswith("backbone/"):
                np.testing.assert_array_equal(variable.numpy(), raw[key])


def test_a_largest_norm_leaves_frozen_weights_alone(parity, tmp_path):
    values = SMALL | {"regularization.max_norm": 0.01, "training.epochs": 2}
    setup, _ = trained(recipe_of(parity, **values), tmp_path)
    tensors, _ = read_tensors(load(SOURCE).weights_path)
    for key, variable in tensor_keys(setup.model).items():
        if key.startswith("backbone/"):
            np.testing.assert_array_equal(variable.numpy(), tensors[key].astype("float32"))


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
    with pytest.raises(DataError, match="was already trained on digits"):
        finetune(SOURCE, "digits")


def test_a_model_that_no_recipe_trains_is_refused(monkeypatch):
    source = Named(name="whisper", recipe=Named(task=Named(name="speech_to_text")))
    monkeypatch.setattr("recipes.training.finetune.load_run", lambda target: source)
    with pytest.raises(ArgumentError, match="does not fine-tune such models yet"):
        finetune("whisper", "said.csv")


def test_a_foreign_file_is_refused(parity):
    with pytest.raises(WeightsError, match="foreign model file"):
        finetune("mine.keras", parity)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"optimizer.name": "ftrl"}, "trained weights would be lost at its first update"),
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


def test_a_model_without_a_head_cannot_be_frozen_whole():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2, name="all")(inputs), name="language_model")
    with pytest.raises(RecipeError, match="language_model has no head"):
        Release(model, frozen_epochs=1, compile_again=lambda: None)


def test_a_largest_norm_stays_that_of_the_source():
    recipe = load_recipe("text/trec-textcnn").with_values({"regularization.max_norm": 3.0})
    assets = Assets(x={"ids": Text()}, y={"label": Label(("a", "b"))})
    source = Named(recipe=recipe, assets=assets, name="textcnn", path=None, sha256="0")
    made = finetuning_recipe(source, "sst2").regularization_values()
    assert (made.max_norm, made.averaging_decay) == (3.0, 0.0)


def test_a_smoke_run_freezes_and_releases(parity):
    recipe = recipe_of(parity).smoke()
    assert (recipe.initialization.frozen_epochs, recipe.training.epochs) == (1, 2)
    assert recipe_of(parity, initialization=None).smoke().initialization is None


# --- block by block


def trainable_blocks(setup):
    """Names of the layers of the backbone that are trained now, in order."""
    backbone = setup.model.get_layer("backbone")
    return [layer.name for layer in backbone.layers if layer.trainable_weights]


def test_blocks_are_released_from_the_last_to_the_first(parity):
    values = SMALL | {"initialization.unfreeze_epochs": 2, "training.epochs": 5}
    setup = prepare(recipe_of(parity, **values))
    found = []
    for epoch in range(6):
        setup.enter(epoch)
        found.append(trainable_blocks(setup))
    assert found[0] == found[1] == []
    assert 0 < len(found[2]) <= len(found[3]) < len(found[4])
    whole = found[4]
    assert found[5] == whole
    assert whole[-len(found[2]) :] == found[2]
    assert whole[-len(found[3]) :] == found[3]


def test_moments_of_slow_weights_start_afresh_at_each_release(parity):
    values = SMALL | {"initialization.unfreeze_epochs": 1, "initialization.frozen_epochs": 0}
    setup = prepare(recipe_of(parity, **values))
    generator = np.random.default_rng(0)
    first = setup.model.optimizer
    first.apply(
        [generator.normal(size=v.shape).astype("float32") for v in first._trainable_variables]
    )
    setup.enter(1)
    new = setup.model.optimizer
    assert (int(new.iterations), int(new.slow_since)) == (1, 1)
    keys = {id(v): key for key, v in tensor_keys(setup.model).items()}
    for variable, moment in zip(new._trainable_variables, new._momentums, strict=True):
        assert moment.numpy().any() == keys[id(variable)].startswith("head_")


def test_a_run_resumes_exactly_between_two_releases(parity, tmp_path, monkeypatch):
    monkeypatch.setattr(recipes.training.callbacks, "CHECKPOINT_SECONDS", 0)
    values = {"initialization.unfreeze_epochs": 1, "initialization.frozen_epochs": 1}
    recipe, seen = recipe_of(parity, **SMALL | values), []
    complete = trained(recipe, tmp_path / "whole")

    def crash(self, batch, logs=None):
        seen.append(batch)
        if len(seen) == 5:
            raise KeyError("crash")

    with monkeypatch.context() as patch:
        patch.setattr(recipes.training.callbacks.Recorder, "on_train_batch_end", crash)
        with pytest.raises(KeyError, match="crash"):
            trained(recipe, tmp_path / "run")
    resumed, again = trained(recipe, tmp_path / "run", resume=True)
    assert_same_state(resumed, complete[0])
    assert without_times(again.history) == without_times(complete[1].history)


def test_batch_normalization_can_be_kept_as_it_is(parity, tmp_path):
    tensors, _ = read_tensors(load(SOURCE).weights_path)
    setup, _ = trained(recipe_of(parity, **SMALL | {"initialization.batch_norm": False}), tmp_path)
    kept = 0
    for layer in setup.model.get_layer("backbone").layers:
        for key, variable in tensor_keys(setup.model).items():
            if f"/{layer.name}/" in key:
                same = np.array_equal(variable.numpy(), tensors[key].astype("float32"))
                assert same == isinstance(layer, keras.layers.BatchNormalization), key
                kept += same
    assert kept


def test_more_epochs_of_release_than_there_are_left_are_refused(parity):
    with pytest.raises(RecipeError, match=r"unfreeze_epochs=2 is more than the 1 epochs after"):
        recipe_of(parity, **SMALL | {"initialization.unfreeze_epochs": 2})


def test_images_of_a_size_of_one_s_own_can_be_asked_for(parity):
    setup = prepare(recipe_of(parity, **SMALL | {"task.arguments.image_size": 12}))
    assert setup.train.batch(np.arange(3))[0]["image"].shape == (3, 12, 12, 1)


def test_what_was_chosen_for_sounds_says_nothing_of_pixels():
    told = _chosen(load_recipe("speech/an4_speakers-xvector"))
    assert told.startswith("fine-tuned with batches of 32, learning rate")
    assert "224 × 224 pixels" in _chosen(
        load_recipe("image/digits-cnn").with_values({"task.arguments": {"image_size": 224}})
    )
