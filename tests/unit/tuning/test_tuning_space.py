"""A search space is values; what does not fit the recipe is refused with the nearest that would."""

import json
import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recipes.values.load import dump_yaml, load_recipe, parse_yaml, recipe_names
from tuning.space import FOLDER, Field, default_space, load_space, make_space, value_at
from zoo.errors import RecipeError, UnknownNameError, ZooError

RATE = "optimizer.learning_rate"


def refused(values, base):
    """Return the message with which a space is refused."""
    with pytest.raises(ZooError) as caught:
        make_space(values, base, source="mine.yaml")
    assert "mine.yaml" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_has_a_default_space_that_fits_it(name):
    recipe = load_recipe(name)
    space = load_space(default_space(recipe.task.name), recipe)
    paths = [field.path for field in space.fields]
    assert RATE in paths
    assert len({"regularization.weight_decay", "regularization.l2"} & set(paths)) == 1
    (rate,) = [field for field in space.fields if field.path == RATE]
    assert rate.low < recipe.optimizer.learning_rate < rate.high


def test_every_task_that_recipes_train_has_a_default_space():
    from zoo.catalog.tasks import TASKS

    trained = {task.name for task in TASKS if task.trained}
    assert trained == {path.stem for path in FOLDER.glob("*.yaml")}


def test_a_task_without_a_space_is_told_which_have_one():
    with pytest.raises(UnknownNameError, match="image_classification"):
        default_space("image_clasification")


@pytest.mark.parametrize(
    ("path", "given", "near"),
    [
        ("optimizer.learning_rte", {"low": 1e-4, "high": 1e-2}, "optimizer.learning_rate"),
        ("regularization.dropuot_rate", {"low": 0.0, "high": 0.5}, "regularization.dropout_rate"),
        ("model.arguments.width", {"choices": [[4], [8]]}, "widths"),
        ("optimizer.name", {"choices": ["sgd", "adamm"]}, "adam"),
        ("model.name", {"choices": ["cnn_small", "resnet21"]}, "resnet20"),
        (RATE, {"low": 1e-4, "hihg": 1e-2}, "high"),
    ],
)
def test_unknown_names_get_the_nearest(base, path, given, near):
    message = refused({path: given}, base)
    assert path in message or str(given["choices"][-1]) in message
    assert near in message


@pytest.mark.parametrize(
    ("path", "given", "words"),
    [
        ("regularization.dropout_rate", {"low": 0.0, "high": 1.5}, "0 <= value < 1"),
        (RATE, {"low": -0.1, "high": 0.1}, "greater than 0"),
        ("training.batch_size", {"low": 0, "high": 64}, "greater than or equal to 1"),
        ("training.batch_size", {"low": 1.5, "high": 64.0}, "valid integer"),
        ("optimizer.learning_rate.more", {"low": 0.1, "high": 0.2}, "is a value"),
    ],
)
def test_ends_that_the_recipe_refuses(base, path, given, words):
    message = refused({path: given}, base)
    assert path.removesuffix(".more").rpartition(".")[2] in message
    assert words in message


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"low": 0.1, "high": 0.1}, "not below"),
        ({"low": 0.0, "high": 0.1, "sampling": "log"}, "above 0"),
        ({"low": 0.1, "high": 0.2, "step": 0.5}, "more than the range"),
        ({"low": 0.1, "high": 0.2, "step": 0.0}, "step: input should be greater than 0"),
        ({"low": 0.1, "high": 0.2, "step": 1.0, "sampling": "log"}, "a factor above 1"),
        ({"low": 0.1, "high": 0.2, "step": 1e-9}, "more than 1,000 steps"),
        ({"low": 0.1}, "needs low and high"),
        ({}, "needs low and high"),
        ({"choices": [0.1]}, "at least 2"),
        ({"choices": [0.1, 0.1]}, "names a choice twice"),
        ({"choices": [0.1, 0.2], "low": 0.1}, "one of them is enough"),
        ({"low": 0.1, "high": 0.2, "sampling": "cubic"}, "'linear' or 'log'"),
        ({"low": True, "high": 2.0}, "low"),
        ({"low": float("nan"), "high": 1.0}, "finite"),
        ([0.1, 0.2], "low: …"),
        (0.1, "low: …"),
        (None, "low: …"),
    ],
)
def test_ranges_that_are_none(base, given, words):
    message = refused({RATE: given}, base)
    assert RATE in message
    assert words in message


@pytest.mark.parametrize("values", [None, {}, [], "text", 3])
def test_a_space_without_fields_is_refused(base, values):
    assert "no field to search" in refused(values, base)


@pytest.mark.parametrize(
    "path", ["name", "expects", "data.name", "data.max_examples", "training.seed", "task.name"]
)
def test_fields_that_would_make_trials_incomparable_are_refused(base, path):
    assert "cannot be searched" in refused({path: {"choices": [1, 2]}}, base)


def test_a_file_that_is_not_there_or_no_yaml(base, tmp_path):
    with pytest.raises(RecipeError, match="nowhere"):
        load_space(tmp_path / "nowhere.yaml", base)
    (tmp_path / "space.yaml").write_text("a: [1,")
    with pytest.raises(RecipeError, match=r"space\.yaml, line"):
        load_space(tmp_path / "space.yaml", base)
    (tmp_path / "space.yaml").write_text("a: &x {low: 1}\nb: *x")
    with pytest.raises(RecipeError, match="aliases"):
        load_space(tmp_path / "space.yaml", base)


def test_relative_ends_are_multiples_of_the_recipes_value(base):
    given = {"low": 0.5, "high": 2.0, "relative": True, "sampling": "log"}
    (field,) = make_space({RATE: given}, base, source="s").fields
    assert (field.low, field.high) == (0.0015, 0.006)
    message = refused({"regularization.mixup_alpha": given}, base)  # 0 in this recipe
    assert "relative" in message


def test_when_reads_the_recipe(base):
    given = {"low": 1e-5, "high": 1e-3, "when": {"optimizer.name": ["sgd"]}}
    values = {RATE: {"low": 0.1, "high": 0.2}, "regularization.l2": given}
    assert len(make_space(values, base, source="s").fields) == 1
    sgd = base.with_values({"optimizer.name": "sgd"})
    assert len(make_space(values, sgd, source="s").fields) == 2
    assert "no field that is searched" in refused({"regularization.l2": given}, base)
    both = values | {"optimizer.name": {"choices": ["sgd", "adam"]}}
    assert "is searched itself" in refused(both, base)


def test_values_at_a_path_show_what_a_preset_brings(base):
    assert value_at(base, "regularization.clip_norm") == 1.0  # the preset's
    assert value_at(base, "model.arguments.no_such") is None


def test_a_space_survives_its_file(base, space):
    text = dump_yaml(space.to_dict())
    assert make_space(parse_yaml(text, source="s"), base, source="s") == space


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        (Field(path="p", low=0.0, high=0.3, step=0.1), (0.0, 0.1, 0.2, 0.3)),
        (Field(path="p", low=0.0, high=0.5, step=0.2), (0.0, 0.2, 0.4)),
        (Field(path="p", low=1e-4, high=1e-1, step=10.0, sampling="log"), (1e-4, 1e-3, 1e-2, 0.1)),
        (Field(path="p", low=0, high=3, step=1), ()),
        (Field(path="p", low=0.0, high=1.0), ()),
    ],
)
def test_steps_reach_both_ends(field, wanted):
    assert field.stepped == wanted


def test_choices_of_any_kind_become_scalars_of_one_type_and_back():
    for choices in ([[4, 8], [8]], [None, 1.0], [1, 0.5], ["", "rand"], [True, False], [2, 4]):
        field = Field(path="p", choices=tuple(choices))
        assert len({type(label) for label in field.labels}) == 1
        again = json.loads(json.dumps(field.labels))
        back = [field.value(label) for label in again]
        assert back == choices
        assert list(map(type, back)) == list(map(type, choices))


@given(st.floats(1e-9, 1e9), st.floats(1.0001, 1e6), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_drawn_numbers_are_short_and_stay_in_the_range(low, factor, place):
    field = Field(path="p", low=low, high=low * factor)
    drawn = low + place * (field.high - low)
    value = field.value(drawn)
    assert field.low <= value <= field.high
    assert math.isclose(value, drawn, rel_tol=1e-3)
    assert float(f"{value:.4g}") == value or value in (field.low, field.high)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["low", "high", "step", "choices", "sampling", "when", RATE, "x"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_values_make_a_space_or_are_refused_in_words(values):
    base = load_recipe("image/digits-cnn")
    for given_values in (values, {RATE: values}):
        try:
            space = make_space(given_values, base, source="mine")
        except ZooError as error:
            assert str(error)
        else:
            assert space.fields


def test_checking_a_space_loads_neither_keras_nor_tensorflow():
    code = """
import sys
from recipes.values.load import load_recipe
from tuning.oracles.base import check_oracle
from tuning.space import default_space, load_space
recipe = load_recipe("image/digits-cnn")
check_oracle("random", load_space(default_space(recipe.task.name), recipe))
sys.exit(f"loaded {found}" if (found := {"keras", "tensorflow", "sklearn"} & set(sys.modules)) else 0)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
