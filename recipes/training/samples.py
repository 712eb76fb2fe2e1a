"""Training examples that a report shows: as they are stored, and as the model sees them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.report.examples import Shown, shown, shown_input
from zoo.data.pipeline import training_stream

if TYPE_CHECKING:
    from recipes.training.setup import Setup

SAMPLES = 24


def input_columns(setup: "Setup") -> dict[str, Any]:
    """Return the columns of the model's inputs by the names that examples have for them."""
    return {column.source or name: column for name, column in setup.assets.x.items()}


def train_samples(setup: "Setup") -> list[tuple[Shown, str]]:
    """Return training examples, evenly spread, with the names of their classes."""
    split, classes = setup.dataset.splits["train"], setup.assets.classes
    places = np.linspace(0, len(split) - 1, min(SAMPLES, len(split))).astype(int)
    columns = {name: setup.dataset.features[name] for name in input_columns(setup)}
    names = [classes[k] for k in split.labels[places]] if classes else [""] * len(places)
    return [(shown(split[i], columns), name) for i, name in zip(places, names, strict=True)]


def augmented_samples(setup: "Setup") -> list[tuple[Shown, str]]:
    """Return what the model was shown: the first batch of the stream."""
    stream = training_stream(
        setup.train, batch_size=SAMPLES, seed=setup.recipe.training.seed, augment=setup.augment
    )
    x, y = next(iter(stream))
    x = {name: np.asarray(value) for name, value in x.items()}
    examples = [{name: value[i] for name, value in x.items()} for i in range(SAMPLES)]
    names = [""] * SAMPLES
    if setup.assets.classes:
        labels = np.asarray(y[setup.assets.label])
        labels = labels.argmax(axis=-1) if labels.ndim == 2 else labels
        names = [setup.assets.classes[k] for k in labels]
    return [
        (shown_input(example, setup.assets.x), name)
        for example, name in zip(examples, names, strict=True)
    ]
