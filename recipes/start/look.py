"""What a data set holds, as far as the choice of a training depends on it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from recipes.baseline.beside import CLASSES, LABEL_SETS, LANGUAGE_MODELING, NUMBERS, kind_of
from recipes.baseline.fit import PAIR, inputs_of
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

SAMPLES = 200  # examples that are read to see how large or long they are
_OF_CLASSES = {
    "image": "image_classification",
    "text": "text_classification",
    "speech": "keyword_spotting",
}
_OF_PAIRS = {CLASSES: "sentence_pairs", NUMBERS: "sentence_similarity"}
_TASKS = {
    LABEL_SETS: "multilabel_classification",
    NUMBERS: "regression",
    LANGUAGE_MODELING: "language_modeling",
}


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a data set holds.

    Attributes:
        modality: "image", "text" or "speech".
        task: that its targets ask for.
        train, test: number of examples; train is without a validation split.
        outputs: classes, labels or numbers to predict; 0 of texts alone.
        fewest: training examples of the rarest class; 0 where there are no classes.
        side: pixels of the longer side of a typical image; 0 of others.
        colour: an image has colours.
        length: that 95 % of the examples do not exceed: words, or seconds; 0 of images.
    """

    modality: str
    task: str
    train: int
    test: int
    outputs: int
    fewest: int = 0
    side: int = 0
    colour: bool = False
    length: float = 0.0


def look_at(dataset: Dataset) -> Look:
    """Look at a data set with its validation split; some examples are read.

    Raises:
        DataError: it has no single input of images, texts or sounds, or nothing to predict.
    """
    inputs = {name: column for name, column in dataset.features.items() if column.modality}
    kind = kind_of(dataset)
    pair = inputs_of(dataset) == PAIR
    if not kind or (pair and kind not in _OF_PAIRS):
        raise _unsuited(dataset, inputs)
    name, column = next(iter(inputs.items()))
    train = dataset.splits["train"]
    targets = [kind for kind in dataset.features.values() if kind.kind == "number"]
    labels = [kind for kind in dataset.features.values() if kind.kind == "labels"]
    outputs = {
        CLASSES: len(dataset.classes),
        LABEL_SETS: len(labels[0].classes) if labels else 0,
        NUMBERS: len(targets),
    }
    counts = np.bincount(train.labels, minlength=len(dataset.classes)) if kind == CLASSES else [0]
    return Look(
        modality=column.modality,
        task=_OF_PAIRS[kind] if pair else _task(kind, column.modality),
        train=len(train),
        test=len(dataset.splits["test"]),
        outputs=outputs.get(kind, 0),
        fewest=int(min(counts)),
        **_extent(train, name, column),
    )


def _unsuited(dataset: Dataset, inputs: Collection[str]) -> DataError:
    """Make the error for columns of which `zoo start` makes nothing, several inputs among them."""
    held = ", ".join(f"{name} ({column.word})" for name, column in dataset.features.items())
    return DataError(
        f"{dataset.name} holds {held}.",
        expected="one column of images, texts or sounds, or two of texts, and classes, labels or "
        "numbers",
        fix="zoo start takes one input; docs/tasks/several_inputs.md says how several are trained on"
        if len(inputs) > 1
        else "zoo data shows the columns of data; docs/own_data.md says how tables name them",
    )


def _task(kind: str, modality: str) -> str:
    return _OF_CLASSES[modality] if kind == CLASSES else _TASKS[kind]


def _extent(train: Split, name: str, column: Any) -> dict[str, Any]:
    """Return how large or long the examples are, by a sample spread over the split."""
    places = np.unique(np.linspace(0, len(train) - 1, SAMPLES).astype(int))
    values = [value for place in places if (value := train[int(place)][name]) is not None]
    if column.modality == "image":
        shapes = np.array([np.shape(value) for value in values])
        return {
            "side": int(np.median(shapes[:, :2].max(axis=1))),
            "colour": bool(shapes[0, 2] > 1),
        }
    if column.modality == "speech":
        lengths = [len(value) / column.sample_rate_hz for value in values]
    else:
        lengths = [len(str(value).split()) for value in values]
    return {"length": float(np.quantile(lengths, 0.95))}


def in_words(look: Look) -> str:
    """Say what was seen, in one sentence.

    >>> in_words(Look(modality="image", task="image_classification", train=90, test=10, outputs=2,
    ...     fewest=40, side=28))
    '90 training images of about 28 pixels, 2 classes (40 examples of the rarest), 10 to test on'
    """
    things = {"image": "images", "text": "texts", "speech": "sounds"}[look.modality]
    things = "pairs of texts" if look.task in _OF_PAIRS.values() else things
    extent = {
        "image": f"of about {look.side} pixels",
        "text": f"of up to {look.length:.0f} words",
        "speech": f"of up to {look.length:.1f} s",
    }[look.modality]
    numbers = f"{look.outputs} number{'s' * (look.outputs != 1)} to predict"
    targets = {
        "multilabel_classification": f"{look.outputs} labels, several at once",
        "regression": numbers,
        "sentence_similarity": numbers,
        "language_modeling": "nothing to predict but the next token",
    }
    of_classes = f"{look.outputs} classes ({look.fewest:,} examples of the rarest)"
    target = targets.get(look.task, of_classes)
    return f"{look.train:,} training {things} {extent}, {target}, {look.test:,} to test on"
