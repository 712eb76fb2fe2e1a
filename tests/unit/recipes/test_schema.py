"""A recipe is values; what does not fit is refused with the nearest that would."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zoo
from recipes.values.load import dump_yaml, load_recipe, parse_overrides, parse_yaml, recipe_names
from recipes.values.schema import Recipe
from recipes.values.sections import OPTIMIZERS
from zoo import registry
from zoo.catalog.metrics import ACCURACY, LOSS
from zoo.errors import ArgumentError, RecipeError, UnknownNameError
from zoo.metrics.base import Metric
from zoo.metrics.intervals import prediction_interval

DIGITS = "image/digits-cnn"


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_valid_and_carries_its_own_name(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.summary


@pytest.mark.parametrize("name", recipe_names())
def test_resolved_recipe_is_a_recipe_that_resolves_to_itself(name):
    recipe = load_recipe(name)
    again = Recipe.parse(parse_yaml(dump_yaml(recipe.resolved()), source="text"), source="text")
    assert again.resolved() == recipe.resolved()


def test_resolved_recipe_shows_the_preset_and_its_expansion():
    values = load_recipe(DIGITS, "regularization.preset=medium").resolved()["regularization"]
    assert values["preset"] == "medium"
    assert values["cutmix_alpha"] == 1.0  # from the preset
    assert values["flip"] is False  # the knob wins


def test_override_reaches_its_field():
    recipe = load_recipe(DIGITS, "optimizer.learning_rate=3e-4", "model.arguments.widths=[4, 8]")
    assert recipe.optimizer.learning_rate == 3e-4
    assert recipe.model.arguments["widths"] == [4, 8]


def test_misspelt_field_names_the_nearest():
    with pytest.raises(RecipeError, match=r"nearest: optimizer\.learning_rate"):
        load_recipe(DIGITS, "optimizer.learning_rte=0.1")


def test_misspelt_section_names_the_nearest():
    with pytest.raises(RecipeError, match="nearest: optimizer"):
        load_recipe(DIGITS, "optimiser.learning_rate=0.1")


def test_arguments_of_a_task_are_those_of_its_card():
    with pytest.raises(ArgumentError, match="nearest: image_size"):
        load_recipe(DIGITS, "task.arguments.imagesize=32")


def test_a_model_that_does_not_do_the_task_is_refused():
    with pytest.raises(RecipeError, match="resnet20 does not support the task text_classification"):
        load_recipe(DIGITS, "model.name=resnet20", "model.arguments={}").with_values(
            {"task": {"name": "text_classification"}}
        )


def test_what_is_said_when_a_recipe_runs_is_no_argument_of_its_data():
    with pytest.raises(RecipeError, match=r"data\.arguments\.download is not an argument"):
        load_recipe(DIGITS, "data.arguments.download=true")


def test_path_through_a_value_is_refused():
    with pytest.raises(RecipeError, match="epochs is a value"):
        load_recipe(DIGITS, "training.epochs.more=1")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("training.epochs=-1", "greater than or equal to 0"),
        ("training.epochs=three", "valid integer"),
        ("optimizer.learning_rate=-1", "greater than 0"),
        ("optimizer.name=sdg", "'sgd'"),
        ("training.precision=float8", "mixed_bfloat16"),
        ("training.epochs=true", "valid integer"),
        ("training.seed=5000000000", "less than 4294967296"),
        ("optimizer.learning_rate=.inf", "finite"),
        ("schedule={name: step, step_epochs: [30, 10]}", "ascending order"),
        ("schedule={name: one_cycle, warmup_epochs: 2}", "includes a warm-up"),
        ("optimizer.rate_scaling=linaer", "'linear'"),
        ("optimizer.rate_scaling=linear", "needs rate_batch_size"),
        ("optimizer.rate_batch_size=64", "no effect with rate_scaling=none"),
        ("optimizer={rate_scaling: sqrt, rate_batch_size: 0}", "greater than or equal to 1"),
    ],
)
def test_value_out_of_range_says_what_would_fit(override, words):
    with pytest.raises(RecipeError) as caught:
        load_recipe(DIGITS, override)
    assert words in str(caught.value)
    assert override.partition("=")[0] in str(caught.value)


def test_unknown_model_names_the_nearest():
    with pytest.raises(UnknownNameError, match="resnet20"):
        load_recipe(DIGITS, "model.name=resnet2", "model.arguments={}")


def test_unknown_builder_argument_names_the_nearest():
    with pytest.raises(ArgumentError, match="nearest: widths"):
        load_recipe(DIGITS, "model.arguments.width=[4]")


def test_unknown_optimizer_argument_names_the_nearest():
    with pytest.raises(ArgumentError, match="nearest: beta_1"):
        load_recipe(DIGITS, "optimizer.arguments.beta1=0.9")


def test_changing_a_value_makes_the_result_unmeasured_but_another_seed_does_not():
    expects = {
        "metric": "accuracy",
        "values": {1: 0.9, 2: 0.91},
        "mean": 0.905,
        "low": 0.89,
        "high": 0.92,
        "minutes": 1.0,
        "hardware": "h",
        "data_fingerprint": "f",
    }
    recipe = load_recipe(DIGITS).with_values({"expects": expects})
    assert recipe.with_values({"training.seed": 7}).expects.mean == 0.905
    assert recipe.with_values({"training.epochs": 7}).expects == "unmeasured"


def test_recipe_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        load_recipe(DIGITS).training.epochs = 1


def test_unknown_recipe_names_the_nearest():
    with pytest.raises(UnknownNameError, match="image/digits-cnn"):
        load_recipe("digits-cnn")


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x",
        "a: !!python/object/apply:os.system [ls]",
        "a: [1, 2",
        "a: 1\na: 2",
        "? [a]: 1\n- b",
    ],
)
def test_yaml_that_is_not_plain_values_is_refused(text):
    with pytest.raises(RecipeError):
        parse_yaml(text, source="mine.yaml")


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_parses_or_is_refused_as_a_recipe_error(text):
    try:
        parse_overrides([text])
    except RecipeError as error:
        assert str(error)


@given(st.floats(1e-12, 1e12))
@settings(deadline=None)
def test_numbers_survive_an_override(value):
    assert parse_overrides([f"a={value!r}"]) == {"a": value}


def test_optimizer_table_is_that_of_keras():
    import inspect

    import keras

    from recipes.training.optimizer import _CLASSES

    common = {
        "self", "learning_rate", "weight_decay", "clipnorm", "clipvalue", "global_clipnorm",
        "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor",
        "gradient_accumulation_steps", "name", "kwargs",
    }  # fmt: skip
    for name, arguments in OPTIMIZERS.items():
        signature = inspect.signature(getattr(keras.optimizers, _CLASSES[name]).__init__)
        assert set(arguments) <= set(signature.parameters) - common, name
    every = {
        name
        for name, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, keras.optimizers.Optimizer)
    }
    wrappers = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer"}
    assert every - wrappers == set(_CLASSES.values())


def test_prediction_interval_is_the_textbook_one():
    low, high = prediction_interval([0.90, 0.92, 0.91], ACCURACY)
    half = 4.302653 * 0.01 * math.sqrt(1 + 1 / 3)  # t(0.975, 2) from a table
    assert low == pytest.approx(0.91 - half, abs=1e-6)
    assert high == pytest.approx(0.91 + half, abs=1e-6)


def test_a_prediction_interval_ends_where_the_unit_of_the_metric_does():
    near_one, points = [0.999, 0.99, 0.98], [34.0, 34.5, 33.5]
    assert prediction_interval(near_one, ACCURACY)[1] == 1
    low, high = prediction_interval(points, Metric("bleu", unit="points"))
    assert low < 34 < high and high - 34 == pytest.approx(34 - low)
    assert prediction_interval([0.01, 0.02, 1.9], Metric("wer", "min", "error rate"))[0] == 0
    assert prediction_interval([0.01, 0.02, 1.9], Metric("wer", "min", "error rate"))[1] > 1


def test_an_interval_is_too_wide_by_the_unit_of_its_metric(monkeypatch):
    expects = {
        "metric": "accuracy", "values": {1: 34.0}, "mean": 34.0, "low": 32.9, "high": 35.1,
        "minutes": 1.0, "hardware": "", "data_fingerprint": "",
    }  # fmt: skip
    recipe = load_recipe(DIGITS).with_values({"expects": expects})
    assert recipe.unstable  # 2.2 as a share
    card = dataclasses.replace(
        registry.task_card("image_classification"),
        metrics=(Metric("accuracy", unit="points", digits=1),),
    )
    monkeypatch.setattr(registry, "task_card", lambda name: card)
    assert not recipe.unstable  # 2.2 of 100
    assert recipe.expected_metric.text(34) == "34.0 points"


def test_prediction_interval_covers_one_further_run():
    import numpy as np

    generator = np.random.default_rng(0)
    hits = 0
    for _ in range(2000):
        *seen, further = generator.normal(0.5, 0.01, 6)
        low, high = prediction_interval(seen, LOSS)
        hits += low <= further <= high
    assert 0.935 < hits / 2000 < 0.965


@pytest.mark.parametrize(
    ("data", "name", "summary"),
    [
        ("./photos", "image/photos-cnn_small", "cnn_small on photos."),
        ("/data/my photos", "image/my_photos-cnn_small", "cnn_small on my_photos."),
        ("photos.v2", "image/photos.v2-cnn_small", "cnn_small on photos.v2."),
        ("./table.csv", "image/table-cnn_small", "cnn_small on table."),
        ("cifar10:3.0.2", "image/cifar10-cnn_small", "cnn_small on cifar10."),
        ("glue/sst2", "image/sst2-cnn_small", "cnn_small on sst2."),
    ],
)
def test_a_recipe_on_other_data_is_named_after_that_data(data, name, summary):
    recipe = load_recipe(DIGITS, f"data.name={data}")
    assert (recipe.name, recipe.summary) == (name, summary)
    again = recipe.with_values({"data.name": f"/absolute/{data}"})  # as a run keeps it
    assert (again.name, again.summary) == (name, summary)


def test_the_folder_itself_gives_its_name(in_tmp):
    (in_tmp / "photos").mkdir()
    name = f"{(in_tmp / 'photos').as_posix()}/."
    assert load_recipe(DIGITS, f"data.name={name}").name == "image/photos-cnn_small"
    assert load_recipe(DIGITS, "data.name=.").name == f"image/{in_tmp.name}-cnn_small"


def test_names_that_a_user_chose_stay():
    own = load_recipe(DIGITS, "name=mine", "data.name=./photos")
    assert (own.name, own.summary) == ("mine", "cnn_small on photos.")
    assert own.with_values({"data.name": "./others"}).name == "mine"
    own = load_recipe(DIGITS, "summary=My cats.", "data.name=./photos")
    assert (own.name, own.summary) == ("image/photos-cnn_small", "My cats.")
    same = load_recipe(DIGITS, "data.name=digits", "training.epochs=3")
    assert (same.name, same.summary) == (DIGITS, load_recipe(DIGITS).summary)


def test_a_recipe_never_takes_the_name_of_one_that_ships():
    changes = ("data.name=fashion_mnist", "model={name: resnet20}")
    assert load_recipe(DIGITS, *changes).name == "image/fashion_mnist-resnet20-as-digits-cnn"


@pytest.mark.parametrize("field", ["name", "summary"])
@pytest.mark.parametrize("text", ["a\nb: c", "", "  ", "a\x1b[2J", "a\u2028b", "a\x00"])
def test_name_and_summary_are_one_line(field, text):
    with pytest.raises(RecipeError, match=f"{field}: .*one line"):
        load_recipe(DIGITS).with_values({field: text})


def test_a_summary_may_be_a_block_of_yaml(in_tmp):
    text = dump_yaml(load_recipe(DIGITS).resolved() | {"expects": "unmeasured", "summary": "S"})
    (in_tmp / "my.yaml").write_text(text.replace("summary: S", "summary: >\n  Two\n  lines."))
    assert load_recipe("my.yaml").summary == "Two lines."


@pytest.mark.parametrize("function", ["train", "finetune", "tune"])
@pytest.mark.parametrize(
    ("name", "near"),
    [("data_dri", "data_dir"), ("resum", "resume"), ("batch_siz", "training.batch_size")],
)  # fmt: skip
def test_an_unknown_keyword_gets_the_nearest_argument_or_field(tmp_path, function, name, near):
    targets = (
        ("cnn_small.digits", "./elsewhere") if function == "finetune" else ("image/digits-cnn",)
    )
    with pytest.raises(ArgumentError, match=rf"(?s)has no argument '{name}'.*nearest: .*{near}"):
        getattr(zoo, function)(*targets, **{name: 1})


def test_tune_and_finetune_take_fields_as_keywords(tmp_path, monkeypatch):
    import recipes.training.finetune as finetuning
    import tuning.tune as tuning_

    seen = []
    monkeypatch.setattr(finetuning, "train", lambda recipe, **how: seen.append(recipe))
    fields = {"training.epochs": 3, "training.steps_per_epoch": 2}
    zoo.finetune("cnn_small.digits", "./elsewhere", **fields)

    def stop(recipe, **how):
        seen.append(recipe)
        raise InterruptedError

    monkeypatch.setattr(tuning_, "make_plan", stop)
    with pytest.raises(InterruptedError):
        zoo.tune("image/digits-cnn", "optimizer.learning_rate=0.5", **fields)
    assert [recipe.training.epochs for recipe in seen] == [3, 3]
    assert seen[1].optimizer.learning_rate == 0.5


# --- a preset that training chooses


def test_auto_stays_auto_beside_the_knobs_that_override_it():
    recipe = load_recipe(DIGITS, "regularization={preset: auto, flip: true}")
    assert recipe.resolved()["regularization"] == {"preset": "auto", "flip": True}
    again = Recipe.parse(parse_yaml(dump_yaml(recipe.resolved()), source="text"), source="text")
    assert again == recipe
    assert recipe.provisional().regularization_values().flip is True
    with pytest.raises(ArgumentError, match="depends on the data"):
        recipe.regularization_values()


def test_a_knob_beside_auto_is_checked():
    with pytest.raises(ArgumentError, match="dropout_rate=2"):
        load_recipe(DIGITS, "regularization={preset: auto, dropout_rate: 2.0}")


def test_a_recorded_recipe_states_its_preset():
    recorded = load_recipe(DIGITS)
    assert recorded.expects != "unmeasured"
    changes = {"regularization.preset": "auto", "expects": recorded.model_dump()["expects"]}
    with pytest.raises(RecipeError, match="has a recorded result and"):
        recorded.with_values(changes)
    assert recorded.with_values({"regularization.preset": "auto"}).expects == "unmeasured"


def test_an_unknown_preset_names_auto_among_the_others():
    with pytest.raises(RecipeError, match="'strong' or 'auto'"):
        load_recipe(DIGITS, "regularization.preset=automatic")
