"""Time what comes after the last step of a `fit`, with and without tf.data's autotuning.

When `fit` ends, the iterator of the training stream is torn down, and waits for the thread that
autotuning runs in. A recipe's stream has a fixed parallelism, so there is nothing to tune. Both ways
train the same model on the same batches and take turns:

    python benchmarks/fit_end.py --rounds 15 --write benchmarks/fit_end.md

A turn is one `fit` of a model that is compiled already. `end` is the time from the end of the last
step to the return of `fit`; `step` is the time of a step between the first and the last, where
autotuning could pay.
"""

import argparse
import gc
import logging
import statistics
import time
from typing import Any

from rounds import cell, machine, machine_lines, orders, parser, positive, publish, summary

from zoo import devices

devices.load_tensorflow()  # before anything else loads Keras, so that it starts quietly

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from recipes.objects import precision  # noqa: E402
from recipes.training.setup import Setup, prepare  # noqa: E402
from recipes.values.load import load_recipe  # noqa: E402
from zoo.data.pipeline import training_stream  # noqa: E402

WAYS = {"off": False, "on": True}
RECIPES = ("image/digits-cnn", "text/trec-textcnn", "speech/spoken_digit-dscnn")


class Clock(keras.callbacks.Callback):
    """Note when the first and the last step were done."""

    def __init__(self):
        super().__init__()
        self.times: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.times.append(time.perf_counter())


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], rounds=15)
    options.add_argument("--recipes", nargs="+", default=list(RECIPES), metavar="RECIPE")
    options.add_argument("--steps", type=positive, default=20, help="of a fit")
    options.add_argument("--data-dir", help="where TFDS data lies; TFDS_DATA_DIR otherwise")
    made = options.parse_args(arguments)
    if made.steps < 2:
        options.error("--steps must be 2 or more: a step is timed from the one before")
    result = {
        "machine": machine(),
        "settings": {"rounds": made.rounds, "steps": made.steps},
        "recipes": {name: measure(name, made) for name in made.recipes},
    }
    publish(result, to_markdown(result), made)


def measure(name: str, options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return the milliseconds of a step and of the end, a value a round, for both ways."""
    recipe = load_recipe(name)
    times: dict[str, dict[str, list[float]]] = {way: {"step": [], "end": []} for way in WAYS}
    with precision(recipe):
        setup = prepare(recipe, data_dir=options.data_dir)
        for way in WAYS:  # compilation, threads and file caches
            turn(setup, way, options.steps)
        for order in orders(WAYS, options.rounds):
            for way in order:
                for row, milliseconds in turn(setup, way, options.steps).items():
                    times[way][row].append(milliseconds)
    return {
        way: {row: summary(values) for row, values in rows.items()} for way, rows in times.items()
    }


def turn(setup: Setup, way: str, steps: int) -> dict[str, float]:
    """Fit once; return the milliseconds of a step and of the end."""
    gc.collect()
    logging.getLogger("absl").setLevel(logging.ERROR)  # of the option that is set again
    clock, training = Clock(), setup.recipe.training
    stream = training_stream(
        setup.train, batch_size=training.batch_size, seed=training.seed, augment=setup.augment
    )
    options = tf.data.Options()
    options.autotune.enabled = WAYS[way]  # the later of two options holds
    setup.model.fit(
        stream.with_options(options),
        epochs=1,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    ended = time.perf_counter()
    between = [b - a for a, b in zip(clock.times, clock.times[1:], strict=False)]
    return {"step": 1e3 * statistics.mean(between), "end": 1e3 * (ended - clock.times[-1])}


def to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    rounds, steps = result["settings"]["rounds"], result["settings"]["steps"]
    lines = [
        "# What the end of a fit costs",
        "",
        f"Milliseconds of a `fit` of {steps} steps, with tf.data's autotuning off, as recipes train, "
        f"and on, as is its default. Median of {rounds} interleaved rounds, lowest and highest round "
        "in brackets. The end is what comes between the last step and the return of `fit`.",
        "",
        "| recipe | end, off (ms) | end, on (ms) | step, off (ms) | step, on (ms) |",
        "|---|---|---|---|---|",
    ]
    for name, found in result["recipes"].items():
        cells = [cell(found[way][row], 1) for row in ("end", "step") for way in WAYS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    command = f"python benchmarks/fit_end.py --rounds {rounds} --steps {steps}"
    command += f" --recipes {' '.join(result['recipes'])}"
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


if __name__ == "__main__":
    main()
