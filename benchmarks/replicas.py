"""What changes when a model is trained on several subsets at once: replicas, averaged weights, votes?

    python benchmarks/replicas.py --seeds 3 --write

Four subsets of the digits, at random or by class. All ways see as many examples: 96 steps with 64 of
all, or with 16 of each subset. The replicas are those of `tf.distribute.MirroredStrategy` on four
logical CPU devices. 28 trainings of 96 steps for each seed, 2 minutes of CPU time together.
"""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from looking import bare, interval, measured, panels, parser, publish, start, table
from scipy.special import softmax

from recipes.report import theme
from recipes.training.setup import Setup, prepare
from zoo import devices
from zoo.data.pipeline import Encoded, batch_positions

PARTS, BATCH, STEPS, FIRST = 4, 64, 96, 20
EACH = BATCH // PARTS
RATE = 6e-3
SPLITS = ("random", "class")
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


def prepared(seed: int, size: int = BATCH) -> Setup:
    """Return a model that is ready, and its data."""
    return prepare(
        bare(
            optimizer__learning_rate=RATE,
            model__arguments={"widths": [16, 32], "normalization": "group"},
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


def state_of(setup: Setup) -> list[np.ndarray]:
    """Return copies of weights and of the optimizer's variables, in this order."""
    return [np.array(v) for v in (*setup.model.weights, *setup.model.optimizer.variables)]


def put(setup: Setup, state: list[np.ndarray]) -> None:
    """Set weights, and variables of the optimizer where the state holds them."""
    variables = (*setup.model.weights, *setup.model.optimizer.variables)
    for variable, value in zip(variables, state, strict=False):
        variable.assign(value)


def mean(states: Sequence[list[np.ndarray]], count: int) -> list[np.ndarray]:
    """Return the means of the first `count` arrays of each state."""
    return [np.mean([state[i] for state in states], axis=0) for i in range(count)]


def farthest(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    """Return the largest difference between two states, over all that both hold."""
    return float(max(np.abs(a - b).max() for a, b in zip(one, other, strict=False)))


def probabilities_of(setup: Setup) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities on test, (N, K), and the labels, (N,)."""
    test = Encoded(setup.dataset.splits["test"], setup.task, setup.assets)
    x, y = test.batch(np.arange(len(test)))
    logits = setup.model.predict(x, batch_size=len(test), verbose=0)["logits"]
    return softmax(logits, axis=-1), next(iter(y.values()))


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of right answers."""
    return float((probabilities.argmax(-1) == np.ravel(labels)).mean())


def run(seed: int) -> dict[str, Any]:
    """Train in all ways; return test accuracies by split and way, and how far replicas are off."""
    one, each = prepared(seed), prepared(seed, EACH)
    with strategy().scope():
        replicas = prepared(seed)
    found, states = {}, {}
    begin = state_of(one)
    batches = order(np.arange(len(one.train)), BATCH, seed)
    for name, setup in (("one", one), ("replicas", replicas)):
        fit(setup, batches[:FIRST])
        states[name] = state_of(setup)[: len(one.model.weights)]
        fit(setup, batches[FIRST:])
        found[name] = accuracy(*probabilities_of(setup))
    found["off"] = farthest(states["one"], states["replicas"])
    found["moved"] = farthest(states["one"], begin)
    for split in SPLITS:
        parts = subsets(one.dataset.splits["train"].labels, split, seed)
        put(replicas, begin)
        fit(replicas, np.concatenate([order(part, EACH, seed) for part in parts], axis=1))
        batches = [order(part, EACH, seed) for part in parts]
        found[split] = {
            "gradients": accuracy(*probabilities_of(replicas)),
            "pass": averaged_often(each, begin, batches),
            **averaged_at_the_end(each, [begin] * PARTS, batches, ("weights",)),
            **averaged_at_the_end(
                each, starts(begin, seed), batches, ("own starts", "answers", "single")
            ),
        }
    return found


def starts(begin: list[np.ndarray], seed: int) -> list[list[np.ndarray]]:
    """Return a state of each model, all from different initializations."""
    others = [state_of(prepared(seed + 100 * number, EACH)) for number in range(1, PARTS)]
    return [begin, *others]


def averaged_often(setup: Setup, begin: list[np.ndarray], batches: list[np.ndarray]) -> float:
    """Train models that all take their mean weights after every pass; return test accuracy."""
    states, count = [begin] * PARTS, len(setup.model.weights)
    for step in range(0, STEPS, PER_PASS):
        for number, own in enumerate(batches):
            put(setup, states[number])
            fit(setup, own[step : step + PER_PASS])
            states[number] = state_of(setup)
        middle = mean(states, count)
        states = [[*middle, *state[count:]] for state in states]  # each keeps its own moments
    put(setup, middle)
    return accuracy(*probabilities_of(setup))


def averaged_at_the_end(
    setup: Setup, begins: list[list[np.ndarray]], batches: list[np.ndarray], names: tuple[str, ...]
) -> dict[str, float]:
    """Train models apart; return the accuracy of mean weights, of mean answers, and their own mean."""
    found, ends = [], []
    for begin, own in zip(begins, batches, strict=True):
        put(setup, begin)
        fit(setup, own)
        found.append(probabilities_of(setup))
        ends.append(state_of(setup))
    put(setup, mean(ends, len(setup.model.weights)))
    labels = found[0][1]
    values = (
        accuracy(*probabilities_of(setup)),
        accuracy(np.mean([one for one, _ in found], axis=0), labels),
        float(np.mean([accuracy(one, labels) for one, _ in found])),
    )
    return dict(zip(names, values, strict=False))


def by_way(found: Sequence[dict[str, Any]], split: str) -> dict[str, list[float]]:
    """Return test accuracies over seeds by way."""
    return {way: [one["one"] if way == "one" else one[split][way] for one in found] for way in WAYS}


def ranged(values: Sequence[float]) -> str:
    """Write shares as "mean (lowest–highest)" in percent.

    >>> ranged([0.5, 0.7])
    '60.0 (50.0–70.0)'
    """
    return f"{100 * np.mean(values):.1f} ({100 * min(values):.1f}–{100 * max(values):.1f})"


def to_lines(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return the page."""
    ways = {split: by_way(found, split) for split in SPLITS}
    rows = [(text, *(ranged(ways[split][way]) for split in SPLITS)) for way, text in WAYS.items()]
    off, moved = (max(one[name] for one in found) for name in ("off", "moved"))
    return [
        "# Several subsets at once",
        "",
        "A small convolutional network with group normalization on 1,004 digits, AdamW, cosine "
        f"schedule from {RATE:g}, no regularization, {STEPS} steps with {BATCH} examples, or with "
        f"{EACH} of each of {PARTS} subsets. Test accuracy in percent on 359 digits, mean of "
        f"{len(found)} seeds (lowest–highest).",
        "",
        f"The same batches on {PARTS} replicas (`tf.distribute.MirroredStrategy` on logical CPU "
        f"devices, {EACH} of each {BATCH} on each): after {FIRST} steps the weights differ from those "
        f"of one device by {off:.1g} at most, where one had moved by up to {moved:.1g}. Test accuracy "
        f"at the end: {ranged([one['replicas'] for one in found])}, on one device "
        f"{ranged([one['one'] for one in found])}.",
        "",
        "*Random*: the subsets are drawn at random. *By class*: each holds about two and a half of the "
        "ten classes. The last three rows are of the same models, from different initializations.",
        "",
        *table(("way", "random subsets", "subsets by class"), rows),
    ]


def draw(found: Sequence[dict[str, Any]]):
    """Draw test accuracy by way, for both kinds of subsets."""
    figure, row = panels(2, width=4.6, height=2.8)
    for axes, split in zip(row, SPLITS, strict=True):
        ways = by_way(found, split)
        for place, values in enumerate(reversed(ways.values())):
            axes.plot(
                [100 * v for v in values], [place] * len(values), "o", color=theme.MUTED, ms=3
            )
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
        cells = [(seed,) for seed in range(1, options.seeds + 1)]
        found = [*measured(options.results, cells, run).values()][: options.seeds]
        publish("replicas", to_lines(found), draw(found), options)


if __name__ == "__main__":
    main()
