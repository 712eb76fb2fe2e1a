"""What a recipe says about rare classes reaches training, or is refused with what would fit."""

import dataclasses

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from recipes.objects import make_dataset, make_task
from recipes.records.publish import validation_of
from recipes.training.balance import balanced_weights, head_weights, weights_of, with_balance
from recipes.training.linear_heads import class_head
from recipes.training.setup import prepare
from recipes.values.load import dump_yaml, load_recipe, parse_yaml
from recipes.values.schema import Recipe
from zoo.errors import DataError, RecipeError

DIGITS = "image/digits-cnn"
CLASSES = tuple("0123456789")


def recipe_with(**values):
    return load_recipe(DIGITS).with_values({"data.max_examples": 200} | values)


def balanced(recipe):
    """The task for the recipe's data, and the notes that were added to the data's own."""
    dataset = make_dataset(recipe)
    task, noted = with_balance(make_task(recipe), recipe, dataset, dataset.classes)
    return task, noted.notes[len(dataset.notes) :]


# --- weights


@pytest.mark.parametrize("counts", [[30, 10], [7, 1, 100], [5, 5, 5]])
def test_balanced_weights_are_scikit_learns(counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    theirs = compute_class_weight("balanced", classes=np.arange(len(counts)), y=labels)
    assert balanced_weights(counts) == pytest.approx(theirs)


def test_a_class_without_examples_weighs_one_and_changes_no_other():
    assert balanced_weights([30, 0, 10]) == [*balanced_weights([30, 10])[:1], 1.0, 2.0]


def test_weights_follow_the_train_split_and_reach_the_loss():
    recipe = recipe_with(**{"training.class_weights": "balanced"})
    task, notes = balanced(recipe)
    counts = np.bincount(make_dataset(recipe).splits["train"].labels, minlength=10)
    assert task.class_loss.weights == pytest.approx(balanced_weights(counts))
    assert list(weights_of(task, CLASSES)) == list(CLASSES)
    (note,) = notes
    rarest = CLASSES[int(counts.argmin())]
    assert note.startswith(f"Weights of classes in the loss: {rarest} ")
    assert prepare(recipe).task.class_loss.weights == task.class_loss.weights


def test_stated_weights_keep_their_class_whatever_their_order():
    weights = {
        int(name): 1.0 + int(name) for name in reversed(CLASSES)
    }  # YAML reads digits as numbers
    recipe = recipe_with(**{"training.class_weights": weights})
    assert balanced(recipe)[0].class_loss.weights == tuple(1.0 + k for k in range(10))
    again = Recipe.parse(parse_yaml(dump_yaml(recipe.resolved()), source="t"), source="t")
    assert again.training.class_weights == recipe.training.class_weights


def test_without_any_of_it_nothing_is_weighed():
    task, notes = balanced(recipe_with())
    assert task.class_loss.weights is None and notes == () and weights_of(task, CLASSES) == {}
    assert head_weights(task, recipe_with(), None) is None


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"0": -1.0}, "not above 0: 0: -1"),
        ({name: float(name) for name in CLASSES}, "not above 0: 0: 0"),
        ({}, "is empty"),
        ({"0": "much"}, "class_weights.0: should be a valid number"),
        ("balansed", "nearest: balanced"),
    ],
)
def test_weights_that_cannot_be_right_are_refused_without_data(weights, words):
    with pytest.raises(RecipeError) as refused:
        recipe_with(**{"training.class_weights": weights})
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) < 8


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (dict.fromkeys(CLASSES[:-1], 1.0), "no weight for 9"),
        ({"0": 1.0}, "no weight for 1, 2, 3, 4, 5 and 4 more"),
        ({"11": 1.0, **dict.fromkeys(CLASSES, 1.0)}, "names '11'"),
    ],
)
def test_weights_that_do_not_fit_the_classes_are_refused(weights, words):
    with pytest.raises(RecipeError) as refused:
        balanced(recipe_with(**{"training.class_weights": weights}))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"training.class_weights": "balanced", "data.sampling": "sqrt"},
        {"training.class_weights": "balanced", "task.arguments.loss": "logit_adjusted"},
        {"data.sampling": "balanced", "task.arguments.loss": "logit_adjusted"},
    ],
)
def test_one_imbalance_is_not_corrected_twice(values):
    with pytest.raises(RecipeError, match="correct the same imbalance twice"):
        recipe_with(**values)


def test_stated_weights_go_with_sampling():
    weights = dict.fromkeys(CLASSES, 1.0)
    recipe_with(**{"training.class_weights": weights, "data.sampling": "balanced"})


@pytest.mark.parametrize("field", ["training.class_weights", "data.sampling"])
def test_tasks_without_one_class_for_each_example_are_refused(field):
    recipe = load_recipe("image/digit_pairs-cnn", f"{field}=balanced", "data.max_examples=60")
    with pytest.raises(RecipeError, match="=balanced needs one class"):
        prepare(recipe)


def test_a_threshold_needs_two_classes():
    goal = {"task.arguments.threshold_goal": "f1", "task.arguments.positive_class": "1"}
    with pytest.raises(DataError, match="two classes; the data has 10"):
        balanced(recipe_with(**goal))


# --- sampling


def test_sampling_reaches_the_stream_and_is_told():
    setup = prepare(recipe_with(**{"data.sampling": "balanced"}))
    assert setup.train.sampling.quotas == [len(setup.train) // 10] * 10
    assert setup.validation.sampling is None
    assert any("Times that an epoch shows an example" in note for note in setup.dataset.notes)


# --- a head that is fitted


def test_a_fitted_head_weighs_classes_as_training_would():
    recipe = recipe_with(**{"data.sampling": "balanced"})
    task, _ = balanced(recipe)
    train = make_dataset(recipe).splits["train"]
    counts = np.bincount(train.labels)
    own = np.array(head_weights(task, recipe, train))
    assert own * counts == pytest.approx(np.full(10, len(train) / 10))


def test_a_weighted_head_finds_more_of_the_rare_class():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 15])
    features = (generator.normal(size=(315, 2)) + labels[:, None]).astype("float32")
    found = {}
    for weights in (None, (1.0, 20.0)):
        head = class_head(features, labels, classes=2, weights=weights)
        answers = (features @ head.kernel + head.bias).argmax(axis=1)
        found[weights] = (answers[labels == 1] == 1).mean()
    assert found[1.0, 20.0] > found[None] + 0.3


def test_a_loss_that_has_no_part_in_a_fitted_head_is_refused():
    head = {"weights": "cnn_small.digits", "sha256": "0" * 64, "head": "probe", "frozen_epochs": 0}
    values = {"initialization": head, "training.epochs": 0, "schedule.warmup_epochs": 0.0}
    with pytest.raises(RecipeError, match=r"has no part in training\.epochs=0"):
        recipe_with(**values, **{"task.arguments.loss": "focal"})


# --- monitor


@pytest.mark.parametrize(("name", "mode"), [("macro_f1", "max"), ("loss", "min")])
def test_the_monitored_metric_is_one_of_the_tasks(name, mode):
    metric = recipe_with(**{"training.monitor": name}).monitored_metric
    assert (metric.name, metric.mode) == (name, mode)
    assert recipe_with().monitored_metric.name == "accuracy"


def test_a_metric_that_the_task_does_not_have_is_refused():
    with pytest.raises(RecipeError, match="nearest: balanced_accuracy"):
        recipe_with(**{"training.monitor": "balanced_acuracy"})
    with pytest.raises(RecipeError, match=r"training\.monitor=map is not a metric"):
        recipe_with(**{"training.monitor": "map"})


def test_runs_are_compared_by_the_metric_that_chose_their_epoch():
    @dataclasses.dataclass
    class Finished:
        recipe: Recipe
        history: list
        metrics: dict

    recipe = recipe_with(**{"training.monitor": "loss", "training.select": "last"})
    run = Finished(recipe, [{"val_accuracy": 0.9, "val_loss": 0.25}], {})
    assert validation_of(run) == 0.25
