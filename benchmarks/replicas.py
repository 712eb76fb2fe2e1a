"""What changes when a model is trained on several subsets at once: replicas, averaged weights, votes?

    python benchmarks/replicas.py --seeds 3 --write

Four subsets of the digits, at random or by class. All ways see as many examples: 200 steps with 64 of
all, or with 16 of each subset. The replicas are those of `tf.distribute.MirroredStrategy` on four
logical CPU devices. About 90 trainings of 200 steps, 6 minutes of CPU time together.
"""

import contextlib
import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from looking import bare, interval, measured, panels, parser, percent, publish, start, table
from scipy.special import softmax

from recipes.report import theme
from recipes.training.setup import Setup, prepare
from zoo import devices
from zoo.data.pipeline import Encoded, batch_positions

PARTS, BATCH, STEPS, FIRST = 4, 64, 200, 20
EACH = BATCH // PARTS
RATE = 6e-3
SPLITS = ("random", "class")
NORMALIZATIONS = ("group", "batch")
PER_PASS = 16  # steps of one pass over a subset: 251 digits in batches of 16
WAYS = {
    "one": "one model, all digits",
    "gradients": "4 replicas, gradients averaged every step",
    "pass": "4 models, weights averaged every pass (16 steps)",
    "weights": "4 models, weights averaged at the end",
    "own starts": "the same from 4 different initializations",
    "answers": "4 models, answers averaged",
    "single": "one of the 4 models alone (mean)",
}


@functools.cache
def strategy() -> Any:
    """Return the only strategy of this process: a second one fails."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(PARTS)])


def logical_devices() -> None:
    """Divide the processor into logical devices, before TensorFlow begins to use it."""
    with devices.quiet_start():
        import tensorflow as tf

        parts = [tf.config.LogicalDeviceConfiguration()] * PARTS
        processor = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(processor, parts)


def made(seed: int, *, size: int = BATCH, normalization: str = "group") -> Setup:
    """Return a model that is ready, and its data."""
    return prepare(
        bare(
            optimizer__learning_rate=RATE,
            model__arguments={"widths": [16, 32], "normalization": normalization},
            data__validation_fraction=0.3,
            training__batch_size=size,
            training__epochs=1,
            training__steps_per_epoch=STEPS,
            training__seed=seed,
        )
    )


def subsets(labels: np.ndarray, split: str, seed: int) -> list[np.ndarray]:
    """Return the positions of each subset: drawn at random, or neighbours in the order of classes.

    >>> [part.tolist() for part in subsets(np.array([1, 0, 1, 0, 2, 2, 3, 3]), "class", 1)]
    [[1, 3], [0, 2], [4, 5], [6, 7]]
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    if split == "class":
        order = np.argsort(labels, kind="stable")
    return np.array_split(order, PARTS)


def order(positions: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Return what the batches of all steps hold, (STEPS, size), each pass in a new order."""
    how = {"size": len(positions), "batch_size": size, "seed": seed}
    return positions[np.stack([batch_positions(step, **how) for step in range(STEPS)])]


def fit(setup: Setup, batches: np.ndarray) -> None:
    """Train on these batches, (steps, B)."""
    import tensorflow as tf

    x, y = setup.train.batch(batches.ravel())
    stream = tf.data.Dataset.from_tensor_slices((x, y)).batch(batches.shape[1], drop_remainder=True)
    setup.model.fit(stream, steps_per_epoch=len(batches), shuffle=False, verbose=0)


def weights_of(setup: Setup) -> list[np.ndarray]:
    """Return copies of all weights."""
    return [np.array(value) for value in setup.model.get_weights()]


def farthest(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    """Return the largest difference of a weight."""
    return float(max(np.abs(a - b).max() for a, b in zip(one, other, strict=True)))


def probabilities_of(setup: Setup) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities on test, (N, K), and the labels, (N,)."""
    test = Encoded(setup.dataset.splits["test"], setup.task, setup.assets)
    x, y = test.batch(np.arange(len(test)))
    logits = setup.model.predict(x, batch_size=len(test), verbose=0)["logits"]
    return softmax(logits, axis=-1), next(iter(y.values()))


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of right answers."""
    return float((probabilities.argmax(-1) == np.ravel(labels)).mean())


def whole(normalization: str, seed: int) -> dict[str, float]:
    """Train on one device and on four, with the same batches; return accuracies and differences."""
    found, states = {}, []
    for name, scope in (("one", contextlib.nullcontext()), ("replicas", strategy().scope())):
        with scope:
            setup = made(seed, normalization=normalization)
            batches = order(np.arange(len(setup.train)), BATCH, seed)
            begin = weights_of(setup)
            fit(setup, batches[:FIRST])
            states.append(weights_of(setup))
            fit(setup, batches[FIRST:])
            states.append(weights_of(setup))
            found[name] = accuracy(*probabilities_of(setup))
    found["early"], found["late"] = (farthest(states[i], states[i + 2]) for i in (0, 1))
    return found | {"moved": farthest(begin, states[0])}


def gradients(split: str, seed: int) -> float:
    """Train replicas, each on its own subset; return test accuracy."""
    with strategy().scope():
        setup = made(seed)
        parts = subsets(setup.dataset.splits["train"].labels, split, seed)
        fit(setup, np.concatenate([order(part, EACH, seed) for part in parts], axis=1))
        return accuracy(*probabilities_of(setup))


def apart(split: str, start: str, seed: int) -> dict[str, float]:
    """Train models apart and average what they end with; `start` is of their weights, same or own."""
    found, ends, setup = [], [], None
    for number in range(PARTS):
        setup = made(seed + (100 * number if start == "own" else 0), size=EACH)
        part = subsets(setup.dataset.splits["train"].labels, split, seed)[number]
        fit(setup, order(part, EACH, seed))
        found.append(probabilities_of(setup))
        ends.append(weights_of(setup))
    setup.model.set_weights([np.mean(same, axis=0) for same in zip(*ends, strict=True)])
    labels = found[0][1]
    return {
        "weights": accuracy(*probabilities_of(setup)),
        "answers": accuracy(np.mean([one for one, _ in found], axis=0), labels),
        "single": float(np.mean([accuracy(one, labels) for one, _ in found])),
    }


def local(split: str, seed: int) -> float:
    """Train models on subsets that take their mean weights after every pass; return test accuracy."""
    setups = [made(seed, size=EACH) for _ in range(PARTS)]
    parts = subsets(setups[0].dataset.splits["train"].labels, split, seed)
    batches = [order(part, EACH, seed) for part in parts]
    for step in range(0, STEPS, PER_PASS):
        for setup, own in zip(setups, batches, strict=True):
            fit(setup, own[step : step + PER_PASS])
        ends = [weights_of(setup) for setup in setups]
        mean = [np.mean(same, axis=0) for same in zip(*ends, strict=True)]
        for setup in setups:
            setup.model.set_weights(mean)
    return accuracy(*probabilities_of(setups[0]))


KINDS = {"whole": whole, "gradients": gradients, "apart": apart, "local": local}


def cells(seeds: int) -> Iterator[tuple[Any, ...]]:
    """Yield what is trained."""
    for seed in range(1, seeds + 1):
        yield from (("whole", normalization, seed) for normalization in NORMALIZATIONS)
        for split in SPLITS:
            yield from (("gradients", split, seed), ("local", split, seed))
            yield from (("apart", split, start, seed) for start in ("same", "own"))


def by_way(found: dict[tuple[Any, ...], Any], split: str, seeds: int) -> dict[str, list[float]]:
    """Return test accuracies over seeds by way."""
    numbers = range(1, seeds + 1)
    same = [found["apart", split, "same", seed] for seed in numbers]
    own = [found["apart", split, "own", seed] for seed in numbers]
    return {
        "one": [found["whole", "group", seed]["one"] for seed in numbers],
        "gradients": [found["gradients", split, seed] for seed in numbers],
        "pass": [found["local", split, seed] for seed in numbers],
        "weights": [one["weights"] for one in same],
        "own starts": [one["weights"] for one in own],
        "answers": [one["answers"] for one in own],
        "single": [one["single"] for one in own],
    }


def to_lines(found: dict[tuple[Any, ...], Any], seeds: int) -> list[str]:
    """Return the page."""
    ways = {split: by_way(found, split, seeds) for split in SPLITS}
    rows = [(text, *(percent(ways[split][way]) for split in SPLITS)) for way, text in WAYS.items()]
    same = []
    for normalization in NORMALIZATIONS:
        some = [found["whole", normalization, seed] for seed in range(1, seeds + 1)]
        worst = [f"{max(one[name] for one in some):.1e}" for name in ("early", "late", "moved")]
        accuracies = [percent([one[name] for one in some]) for name in ("one", "replicas")]
        same.append((normalization, *worst, *accuracies))
    return [
        "# Several subsets at once",
        "",
        f"A small convolutional network on 1,004 digits, AdamW, cosine schedule from {RATE:g}, no "
        f"regularization, {STEPS} steps with {BATCH} examples, or with {EACH} of each of {PARTS} "
        f"subsets. Test accuracy in percent on 359 digits, mean of {seeds} seeds ± half its 95 % "
        "interval (Student t).",
        "",
        "## The same batches on four replicas",
        "",
        f"One device with batches of {BATCH}, and {PARTS} replicas (`tf.distribute.MirroredStrategy` on "
        f"logical CPU devices) that each take {EACH} of the same {BATCH}. Largest difference of a "
        f"weight, over all seeds, and beside it how far the farthest weight had moved in {FIRST} steps.",
        "",
        *table(
            (
                "normalization",
                f"after {FIRST} steps",
                f"after {STEPS}",
                f"moved in {FIRST}",
                "test, one device",
                "test, replicas",
            ),
            same,
        ),
        "",
        "## Each on its own subset",
        "",
        "*Random*: the subsets are drawn at random. *By class*: each holds about two and a half of the "
        "ten classes. The last three rows are of one set of models, from different initializations.",
        "",
        *table(("way", "random subsets", "subsets by class"), rows),
    ]


def draw(found: dict[tuple[Any, ...], Any], seeds: int):
    """Draw test accuracy by way, for both kinds of subsets."""
    figure, row = panels(2, width=4.6, height=2.8)
    for axes, split in zip(row, SPLITS, strict=True):
        ways = by_way(found, split, seeds)
        for place, values in enumerate(reversed(ways.values())):
            axes.plot([100 * v for v in values], [place] * seeds, "o", color=theme.MUTED, ms=3)
            axes.plot([100 * interval(values)[0]], [place], "o", color=theme.FIRST, ms=6)
        axes.set_yticks(range(len(ways)), [*reversed(ways)])
        axes.set(
            title=f"Test accuracy (%), subsets {'at random' if split == 'random' else 'by class'}"
        )
        axes.grid(axis="x", linewidth=0.8)
    return figure


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--results", type=Path, default=Path("replicas.jsonl"))
    options = options.parse_args(arguments)
    logical_devices()
    with start():
        found = measured(
            options.results, cells(options.seeds), lambda kind, *cell: KINDS[kind](*cell)
        )
        lines, figure = to_lines(found, options.seeds), draw(found, options.seeds)
        publish("replicas", lines, figure, options)


if __name__ == "__main__":
    main()
