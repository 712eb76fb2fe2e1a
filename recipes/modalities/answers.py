"""Answers of a model to a split of which some inputs are taken away, or exchanged between examples."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, final

import numpy as np
from scipy.special import softmax

from recipes.runs.evaluate import BATCH_SIZE, decoded
from zoo.columns import is_presence
from zoo.data.pipeline import Encoded
from zoo.metrics.classification import ESTIMATORS
from zoo.metrics.reliance import additive

ABSENT, SHUFFLED = "absent", "shuffled"
Decode = Callable[[Mapping[str, np.ndarray]], np.ndarray]


@final
class Changed:
    """An encoded split with some inputs changed; it gives batches as `Encoded` does.

    Args:
        encoded: the split.
        names: of the inputs that are changed.
        order: of the examples whose values these inputs get instead, (N,); None takes them away.
    """

    def __init__(self, encoded: Encoded, names: tuple[str, ...], order: np.ndarray | None = None):
        self.encoded, self.order = encoded, order
        parts = encoded.assets.specs()[0]
        self.changed = [part for part in parts if part.partition(".")[0] in names]

    def __len__(self) -> int:
        return len(self.encoded)

    def batches(self, batch_size: int) -> Iterator[tuple[dict, dict]]:
        """Yield every example once, in order."""
        for start in range(0, len(self), batch_size):
            places = np.arange(start, min(start + batch_size, len(self)))
            x, y = self.encoded.batch(places)
            if self.order is None:
                gone = {part: np.zeros_like(x[part]) for part in self.changed if is_presence(part)}
                yield {**x, **gone}, y
            elif self.changed:
                others, _ = self.encoded.batch(self.order[places])
                yield {**x, **{part: others[part] for part in self.changed}}, y
            else:
                yield x, y


def right_by_subset(
    decode: Decode, encoded: Encoded, *, how: str, repeats: int = 3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each example's class is found with each subset of the inputs, (2 ** M, N).

    Args:
        decode: from a batch of inputs to logits (B, K).
        encoded: the split.
        how: "absent" takes the other inputs away, "shuffled" gives them values of other examples.
        repeats: of shuffling, whose mean is returned.
        seed: of shuffling.

    Returns:
        That, and the gap between confidence and accuracy with each subset (ECE), (2 ** M,).
    """
    names = tuple(encoded.assets.x)
    rows, gaps = [], []
    for subset in range(2 ** len(names)):
        gone = tuple(name for m, name in enumerate(names) if not subset >> m & 1)
        if how == ABSENT or not gone:
            orders = [None]
        else:
            draws = np.random.default_rng([seed, subset])
            orders = [draws.permutation(len(encoded)) for _ in range(repeats)]
        found = [_right(decode, Changed(encoded, gone, order)) for order in orders]
        rows.append(np.mean([one["right"] for one in found], axis=0))
        gaps.append(np.mean([ESTIMATORS["ece"](one) for one in found]))
    return np.stack(rows), np.array(gaps)


def _right(decode: Decode, changed: Changed) -> dict[str, np.ndarray]:
    """Return whether each answer is right, and its confidence, (N,)."""
    found, truths = decoded(decode, changed, batch_size=BATCH_SIZE)
    probabilities = softmax(np.asarray(found), axis=-1)
    right = probabilities.argmax(axis=-1) == truths["label"]
    return {"right": right.astype("float64"), "confidence": probabilities.max(axis=-1)}


def additive_answers(
    logits: Decode, encoded: Encoded, places: np.ndarray, *, draws: int = 0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits, the best additive ones (EMAP, 2010.06572 §3), and labels, of some examples.

    With two inputs and no `draws` each of the n examples' inputs meets each of the others', n² times.

    Args:
        logits: from a batch of inputs to logits (B, K).
        encoded: the split.
        places: of the n examples.
        draws: of other inputs that each input of each example meets, in place of all; needed for
            three inputs or more.
        seed: of the draws.

    Returns:
        (n, K), (n, K), (n,).
    """
    names, count = tuple(encoded.assets.x), len(places)
    x, y = encoded.batch(places)
    own = _in_batches(logits, x)
    if not draws and len(names) == 2:
        return own, additive(_product(logits, x, names)), y["label"]
    generator = np.random.default_rng(seed)
    total, everything = np.zeros_like(own), np.zeros(own.shape[1:])
    for _ in range(draws):  # the same for all examples: what does not interact then cancels exactly
        drawn = {name: np.full(count, generator.integers(count)) for name in names}
        everything += _mixed(logits, x, {n: d[:1] for n, d in drawn.items()})[0] / draws
        for name in names:
            total += _mixed(logits, x, {**drawn, name: np.arange(count)}) / draws
    return own, total - (len(names) - 1) * everything, y["label"]


def _product(logits: Decode, x: Mapping[str, Any], names: tuple[str, ...]) -> np.ndarray:
    """Return logits for the first input of example i with the second of example j, (n, n, K)."""
    first, second = names
    count = len(next(iter(x.values())))
    every = np.arange(count)
    return np.stack([_mixed(logits, x, {first: np.full(count, i), second: every}) for i in every])


def _mixed(logits: Decode, x: Mapping[str, Any], orders: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return logits for examples whose inputs are those of other examples, by input."""
    return _in_batches(logits, {part: v[orders[part.partition(".")[0]]] for part, v in x.items()})


def _in_batches(logits: Decode, x: Mapping[str, Any]) -> np.ndarray:
    count = len(next(iter(x.values())))
    parts = [
        logits({part: v[start : start + BATCH_SIZE] for part, v in x.items()})
        for start in range(0, count, BATCH_SIZE)
    ]
    return np.concatenate(parts).astype("float64")
