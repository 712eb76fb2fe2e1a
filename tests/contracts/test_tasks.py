"""Every task of the catalog is what its card says."""

import inspect

import pytest

from zoo import registry
from zoo.catalog.tasks import TASKS
from zoo.tasks.base import Task

# What a trained model is given, where that is neither texts nor single files.
OF_TABLES = ("sentence_pairs", "sentence_similarity")
OF_TABLES += ("multimodal_classification", "multimodal_regression", "contrastive_pairs")
EXAMPLES = dict.fromkeys(OF_TABLES, "TABLE.csv")
EXAMPLES["speaker_verification"] = "--enrol A.wav B.wav --test FILE…"


@pytest.mark.parametrize("card", TASKS, ids=lambda card: card.name)
def test_card_and_class_agree(card):
    task_class = registry.resolve(card.task)
    assert issubclass(task_class, Task)
    task = task_class()
    assert (task.name, task.metrics) == (card.name, card.metrics)
    assert (task.metric, task.mode) == (card.metric, card.metrics[0].mode)
    assert list(task.estimators) == [metric.name for metric in card.metrics]
    parameters = inspect.signature(task_class).parameters
    defaults = {key: p.default for key, p in parameters.items() if key != "regularization"}
    assert defaults == dict(card.arguments)
    assert all(p.kind is p.KEYWORD_ONLY for p in parameters.values())


@pytest.mark.parametrize("card", TASKS, ids=lambda card: card.name)
def test_every_task_has_a_model_and_a_recipe_unless_its_card_says_that_none_trains(card):
    from recipes.values.load import load_recipe, recipe_names

    assert registry.list_models(task=card.name)
    trained = {load_recipe(name).task.name for name in recipe_names()}
    assert (card.name in trained) == card.trained


@pytest.mark.parametrize("card", TASKS, ids=lambda card: card.name)
def test_a_card_names_the_command_that_uses_a_trained_model(card):
    from zoo.cli.output import next_command

    assert card.command in {"predict", "generate"}
    line = next_command("my run", card.name)
    assert line.split() == [card.command, "zoo", card.command, "'my", "run'", *card.example.split()]
    if card.command == "predict":
        one_text = card.modality == "text" and "encoder" not in card.arguments
        usual = "TEXT…" if one_text else "FILE…"
        assert card.example == EXAMPLES.get(card.name, usual)
