"""Which task a fine-tune takes where the data has a second text and the model was made for one."""

from collections.abc import Mapping
from typing import Any

from recipes.runs.run import Run
from zoo import registry
from zoo.columns import Text
from zoo.data.load import load_dataset

PAIR_TASKS = ("sentence_pairs", SIMILARITY := "sentence_similarity")
TWO_TOWER = "two_tower"
_NAME, _ENCODER, _ARGUMENTS = "task.name", "task.arguments.encoder", "data.arguments"


def with_pair_task(
    source: Run,
    data: str,
    changes: Mapping[str, Any],
    values: Mapping[str, Any],
    where: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the changes of a recipe, with a task on pairs where the data asks for one.

    Args:
        source: a run or weight.
        data: a folder, a table, or a data set's name.
        changes, values: fields of the recipe by dotted path, as given; a task among them stays.
        where: arguments of `load_dataset`.
    """
    asked = {**changes, **values}
    columns = list(source.assets.x.values())
    one_text = len(columns) == 1 and isinstance(columns[0], Text)
    if not one_text or _NAME in asked or source.recipe.task.name == "language_modeling":
        return dict(changes)
    card = next((card for card in registry.list_datasets() if card.name == data), None)
    task = card.task if card else _task_of(data, _arguments(asked), where)
    if task not in PAIR_TASKS:
        return dict(changes)
    return {**_towers(source, task, asked), **changes, _NAME: task}


def _towers(source: Run, task: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what lets a published encoder of sentences keep what it knows of their similarity.

    Its vectors of two texts are compared, and the head begins as the best linear one on that: on STS-B
    better than reading both texts as one (benchmarks/minilm.md).
    """
    published = registry.pretrained_cards().get(source.name)
    alike = task == SIMILARITY and published is not None and published.classes == "none"
    if not alike or asked.get(_ENCODER, TWO_TOWER) != TWO_TOWER:
        return {}
    rate = registry.model_card(published.model).finetuning.learning_rate
    how = {"initialization.head": "probe", "initialization.backbone_rate": 1.0}
    return {_ENCODER: TWO_TOWER, **how, "optimizer.learning_rate": rate}


def _task_of(data: str, arguments: Mapping[str, Any], where: Mapping[str, Any]) -> str:
    """Return the task on pairs that suits a table or folder; empty where it holds single texts."""
    features = load_dataset(data, **where, **arguments).features
    texts = [name for name, column in features.items() if isinstance(column, Text)]
    if len(texts) != len(features.keys() & {"text", "pair"}) or "pair" not in texts:
        return ""
    pairs, similarity = PAIR_TASKS
    return pairs if "label" in features else similarity


def _arguments(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of the loader among fields by dotted path."""
    inside = {
        key.removeprefix(f"{_ARGUMENTS}."): value
        for key, value in asked.items()
        if key.startswith(f"{_ARGUMENTS}.")
    }
    return {**(asked.get(_ARGUMENTS) or {}), **inside}
