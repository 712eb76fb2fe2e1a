"""Weights of training examples that let groups count alike in the loss."""

from dataclasses import replace
from typing import Any

import numpy as np

from recipes.groups.attributes import Attributes
from recipes.training.balance import balanced_weights
from recipes.values.schema import Recipe
from zoo.columns import WEIGHT
from zoo.data.dataset import Dataset, Split

SHOWN = 12  # groups in a note


def with_group_weights(recipe: Recipe, dataset: Dataset, assets: Any) -> tuple[Dataset, Split]:
    """Return the data with a note, and its train split, whose examples weigh what their groups say.

    A group of n among N examples in G groups weighs N / (G n), so that all groups count alike
    (reweighting by inverse frequency). Weights follow from the data alone. The data keeps its columns,
    and with them its fingerprint.

    Args:
        recipe: names the groups, or none.
        dataset: whose train split is trained on.
        assets: of the task, which know how long an input is.

    Raises:
        UnknownNameError, ArgumentError: the examples have no such attribute, or it makes no groups.
    """
    name, train = recipe.training.group_weights, dataset.splits["train"]
    if name is None:
        return dataset, train
    group = dataset.features.get("group")
    attributes = Attributes.of(train, assets, recipe, noun=group.plural if group else "")
    codes, names = attributes.groups(name)
    counts = np.bincount(codes, minlength=len(names)).tolist()
    weights = np.array(balanced_weights(counts))
    note = _told(name, names, weights, counts)
    columns = {**train.columns, WEIGHT: weights[codes]}
    weighed = Split(columns, decode=train.decode, names=train.names)
    return replace(dataset, notes=(*dataset.notes, note)), weighed


def _told(name: str, names: list[str], weights: np.ndarray, counts: list[int]) -> str:
    order = np.argsort(-weights, kind="stable")
    listed = ", ".join(f"{names[k]} {weights[k]:.3g} ({counts[k]:,})" for k in order[:SHOWN])
    more = f" and {len(order) - SHOWN} groups with less" if len(order) > SHOWN else ""
    return f"Weights of groups by {name} in the loss, with their examples: {listed}{more}."
