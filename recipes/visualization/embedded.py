"""Examples of a data set in the space of a network: what its head takes, for each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from recipes.runs.answering import decoder
from recipes.runs.predict import embedder
from recipes.runs.run import Run
from recipes.visualization.layers import encoded
from zoo import registry
from zoo.data.dataset import Split, joined
from zoo.data.load import load_dataset
from zoo.errors import DataError, unknown_name

BATCH = 64
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Embedded:
    """Some examples of a split.

    Attributes:
        split: these examples alone.
        vectors: float32 (N, D).
        labels: (N,); None where they have none.
        classes: names of the labels.
        answers: predicted labels, (N,); None where the model knows other classes.
        where: the data set and its split, in words.
    """

    split: Split
    vectors: np.ndarray
    labels: np.ndarray | None
    classes: tuple[str, ...]
    answers: np.ndarray | None
    where: str

    def named(self, index: int) -> str:
        """Return the class of an example; "" where it has none."""
        return "" if self.labels is None else self.classes[self.labels[index]]

    @property
    def wrong(self) -> np.ndarray:
        """Which examples are answered wrongly, bool (N,); none where that is not known."""
        if self.answers is None or self.labels is None:
            return np.zeros(len(self.vectors), bool)
        return self.answers != self.labels


def some_examples(
    run: Run, split: str, *, data: str | None, examples: int, seed: int = 1
) -> tuple[Split, tuple[str, ...], str]:
    """Return examples of a split, at most so many, drawn at random and kept in their order.

    Args:
        run: whose own data is taken where `data` is None.
        split: its name; of a folder without splits, everything is taken.
        data: another data set, folder or table with the same inputs.
        examples: at most.
        seed: of the draw.

    Returns:
        The examples, the names of their classes, and words for where they are from.

    Raises:
        DataError: published weights without data; or the data lacks a column.
        UnknownNameError: there is no such split.
    """
    if data is None and run.name in registry.pretrained_cards():
        raise DataError(
            f"The data that {run.name} was trained on is not at hand.",
            expected="a data set, folder or table of your own",
            fix="give it with --data",
        )
    dataset = run.dataset() if data is None else load_dataset(data)
    if split not in dataset.splits:
        raise unknown_name(
            f"split of {dataset.name}", split, [*dataset.splits], fix="choose one of these"
        )
    drawn = data is not None and dataset.source in ("folder", "table")
    found = joined(dataset.splits.values()) if drawn else dataset.splits[split]
    missing = [
        c.source or n for n, c in run.assets.x.items() if (c.source or n) not in found.columns
    ]
    if missing:
        raise DataError(
            f"{dataset.name} has no column {missing[0]}, which {run.name} takes.",
            expected=f"examples with {missing[0]}; there are {', '.join(found.columns)}",
            fix="give other data",
        )
    where = f"{dataset.name}" if drawn else f"{dataset.name}, {split}"
    if len(found) > examples:
        where = f"{examples:,} of {len(found):,} examples of {where}"
        places = np.sort(np.random.default_rng(seed).permutation(len(found))[:examples])
        names = [found.name_of(int(place)) for place in places]  # those of the whole split
        some = found.take(places)
        found = Split(some.columns, decode=some.decode, names=names)
    return found, dataset.classes, where


def embedded(
    run: Run, split: str, *, data: str | None, examples: int, tell: Tell, seed: int = 1
) -> Embedded:
    """Return examples with what the head takes for each; the arguments are those of `some_examples`.

    Raises:
        RunError: the model has no head that takes one vector for an example.
        DataError, UnknownNameError: as `some_examples`.
    """
    found, classes, where = some_examples(run, split, data=data, examples=examples, seed=seed)
    network = embedder(run.model, run.assets, name=run.name)
    labels = found.labels if "label" in found.columns else None
    decode = decoder(run) if labels is not None and classes == run.assets.classes else None
    vectors, answers = [], []
    for x in batches(run, found, tell):
        vectors.append(np.asarray(network.predict_on_batch(x), "float32"))
        if decode is not None:
            answers.append(_classes(decode(x)))
    return Embedded(
        found,
        np.concatenate(vectors),
        labels,
        classes,
        np.concatenate(answers) if answers else None,
        where,
    )


def batches(run: Run, split: Split, tell: Tell) -> Iterator[dict[str, np.ndarray]]:
    """Yield a split as the model takes it, batch by batch, and tell how far it is."""
    for start in range(0, len(split), BATCH):
        tell(f"{start:,} of {len(split):,} examples")
        chunk = (split[index] for index in range(start, min(start + BATCH, len(split))))
        yield encoded(run, chunk)


def _classes(predictions: np.ndarray) -> np.ndarray:
    """Return the predicted label of each example."""
    from zoo.tasks.decision import answers_of

    probabilities, decided = answers_of(predictions)
    return probabilities.argmax(axis=1) if decided is None else decided
