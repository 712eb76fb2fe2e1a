"""Time training through a recipe against the plain `model.fit` that does the same work.

Both train the same layers from the same initial weights, with the same optimizer, schedule, batch
size and augmentation, and score validation after every epoch. The recipe adds what a run needs to be
reproducible: a stream that can be resumed at any step, checkpoints, diagnostics and logs. They take
turns, so that whatever else the machine does hits both:

    python benchmarks/recipe_overhead.py --rounds 5 --write benchmarks/recipe_overhead.md

Each turn is a `fit` from the beginning. Its first epoch, which compiles, is reported apart.
"""

import argparse
import gc
import tempfile
import time
from pathlib import Path
from typing import Any

from rounds import cell, machine, machine_lines, orders, parser, positive, publish, summary

from zoo import devices

devices.load_tensorflow()  # before anything else loads Keras, so that it starts quietly

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from recipes.objects import precision  # noqa: E402
from recipes.runs.evaluate import BATCH_SIZE  # noqa: E402
from recipes.training.optimizer import make_optimizer, steps_per_epoch  # noqa: E402
from recipes.training.setup import Setup, prepare  # noqa: E402
from recipes.training.train import fit as fit_recipe  # noqa: E402
from recipes.values.load import load_recipe  # noqa: E402
from recipes.values.schema import Recipe  # noqa: E402

# What is changed so that a turn takes half a minute. The digits train as the recipe says.
SHORTENED: dict[str, dict[str, Any]] = {
    "image/digits-cnn": {},
    "image/fashion_mnist-resnet20": {"training.epochs": 3, "training.steps_per_epoch": 100},
}
ROWS = {
    "first": "first epoch, compilation included",
    "epoch": "a later epoch",
    "steps": "— of it, training steps",
    "end": "— of it, validation and all that follows",
}


class Clock(keras.callbacks.Callback):
    """Note when each epoch begins, when its last step is done, and when all is over.

    Must come first among the callbacks: an epoch ends where the next one begins, so that all of
    theirs counts.
    """

    def __init__(self):
        super().__init__()
        self.began: list[float] = []
        self.trained: list[float] = []
        self.ended = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began.append(time.perf_counter())

    def on_test_begin(self, logs: Any = None) -> None:
        self._steps_are_done()  # plain fit validates before it calls on_epoch_end

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._steps_are_done()

    def on_train_end(self, logs: Any = None) -> None:
        self.ended = time.perf_counter()

    def _steps_are_done(self) -> None:
        if len(self.trained) < len(self.began):
            self.trained.append(time.perf_counter())

    def seconds(self) -> dict[str, float]:
        """Return the first epoch's time, and the mean of the later ones with its two parts."""
        edges = np.array([*self.began, self.ended])
        epochs, steps = np.diff(edges), np.array(self.trained) - edges[:-1]
        return {
            "first": float(epochs[0]),
            "epoch": float(epochs[1:].mean()),
            "steps": float(steps[1:].mean()),
            "end": float((epochs - steps)[1:].mean()),
        }


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = _parse(arguments)
    result = {
        "machine": machine(),
        "settings": {name: getattr(options, name) for name in ("rounds", "epochs", "steps")},
        "recipes": {name: measure(name, options) for name in options.recipes},
    }
    publish(result, to_markdown(result), options)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--recipes", nargs="+", default=list(SHORTENED), metavar="RECIPE")
    options.add_argument("--epochs", type=positive, help="of a turn, 2 or more")
    options.add_argument("--steps", type=positive, help="of an epoch")
    options.add_argument("--data-dir", help="where TFDS data lies; TFDS_DATA_DIR otherwise")
    made = options.parse_args(arguments)
    if made.epochs == 1:
        options.error("--epochs must be 2 or more: the first epoch compiles")
    return made


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the seconds of both ways, a value a round, and their ratios within a round."""
    whole = load_recipe(name)
    asked = {"training.epochs": options.epochs, "training.steps_per_epoch": options.steps}
    values = SHORTENED.get(name, {}) | {key: value for key, value in asked.items() if value}
    recipe = whole.with_values(values) if values else whole
    brief = recipe.with_values({"training.epochs": 2, "training.steps_per_epoch": 1})
    for way in WAYS:  # libraries, threads and file caches warm up
        _turn(way, brief, options.data_dir)
    times: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for order in orders(WAYS, options.rounds):
        for way in order:
            seconds, examples = _turn(way, recipe, options.data_dir)
            times[way].append(seconds)
    steps, own = (steps_per_epoch(r, examples=examples) for r in (recipe, whole))
    pairs = list(zip(times["recipe"], times["plain"], strict=True))

    def at_own_length(seconds: dict[str, float]) -> float:
        return seconds["steps"] * own / steps + seconds["end"]

    return {
        "epochs": recipe.training.epochs,
        "steps": steps,
        "own_steps": own,
        "batch": recipe.training.batch_size,
        "seconds": {
            row: {way: summary([each[row] for each in times[way]]) for way in WAYS}
            | {"ratio": summary([ours[row] / theirs[row] for ours, theirs in pairs])}
            for row in ROWS
        },
        "ratio_at_own_length": summary(
            [at_own_length(ours) / at_own_length(theirs) for ours, theirs in pairs]
        ),
    }


def _turn(way: str, recipe: Recipe, data_dir: str | None) -> tuple[dict[str, float], int]:
    """Train once from the beginning; return the seconds and the number of training examples."""
    keras.backend.clear_session()
    gc.collect()
    clock = Clock()
    with precision(recipe):
        setup = prepare(recipe, data_dir=data_dir)
        WAYS[way](setup, clock)
    return clock.seconds(), len(setup.train)


def through_recipe(setup: Setup, clock: Clock) -> None:
    """Train as `zoo.train` does, up to where it would test and write the report."""
    fit = setup.model.fit

    def fit_with_clock(*args: Any, callbacks: list[keras.callbacks.Callback], **kwargs: Any) -> Any:
        return fit(*args, callbacks=[clock, *callbacks], **kwargs)

    setup.model.fit = fit_with_clock  # a recipe takes no callbacks from outside
    with tempfile.TemporaryDirectory(prefix="zoo-overhead-") as folder:
        fit_recipe(setup, Path(folder), resume=False, progress=False)


def plainly(setup: Setup, clock: Clock) -> None:
    """Train the same layers as one would without a recipe: compile, tf.data, fit."""
    training, values = setup.recipe.training, setup.recipe.regularization_values()
    num_classes = len(setup.assets.classes)
    mixes = bool(values.mixup_alpha or values.cutmix_alpha)
    soft = mixes or bool(values.label_smoothing)
    losses = keras.losses
    loss = (
        losses.CategoricalCrossentropy(from_logits=True, label_smoothing=values.label_smoothing)
        if soft
        else losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model = keras.Model(setup.model.input["image"], setup.model.output["logits"])
    optimizer = make_optimizer(setup.recipe, model, values, steps_per_epoch=setup.steps)
    model.compile(optimizer, loss, metrics=["accuracy"])

    def targets(label: tf.Tensor) -> tf.Tensor:
        return tf.one_hot(label, num_classes) if soft and label.shape.rank == 1 else label

    def change(step: tf.Tensor, batch: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        x, y = {"image": batch[0]}, {"label": batch[1]}
        if setup.augment is not None:
            x, y = setup.augment(x, y, tf.stack([tf.constant(training.seed, "int64"), step]))
        return x["image"], targets(y["label"])

    def unchanged(image: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return image, targets(label)

    automatic = tf.data.AUTOTUNE
    images, labels = _arrays(setup.train)
    train = tf.data.Dataset.from_tensor_slices((images, labels))
    train = train.shuffle(len(labels), seed=training.seed).repeat()
    train = train.batch(training.batch_size, drop_remainder=True).enumerate()
    train = train.map(change, num_parallel_calls=automatic).prefetch(automatic)
    validation = tf.data.Dataset.from_tensor_slices(_arrays(setup.validation))
    validation = validation.batch(BATCH_SIZE).map(unchanged).prefetch(automatic)
    model.fit(
        train,
        epochs=training.epochs,
        steps_per_epoch=setup.steps,
        validation_data=validation,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )


def _arrays(encoded: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = encoded.batch(np.arange(len(encoded)))
    return x["image"], y["label"]


WAYS = {"recipe": through_recipe, "plain": plainly}


def to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    settings = result["settings"]
    lines = [
        "# What a recipe costs",
        "",
        "Seconds an epoch of training through a recipe and through a plain `model.fit` of the same "
        "layers with the same optimizer, schedule, augmentation and validation. Median of "
        f"{settings['rounds']} interleaved rounds, lowest and highest round in brackets; ratios are "
        "recipe / plain within a round. Later epochs are averaged within a round.",
    ]
    for name, found in result["recipes"].items():
        lines += ["", f"## {name}", ""]
        lines.append(f"{found['epochs']} epochs of {found['steps']} steps, batch {found['batch']}.")
        lines += ["", "| | recipe (s) | plain (s) | ratio |", "|---|---|---|---|"]
        for row, title in ROWS.items():
            seconds = found["seconds"][row]
            cells = [cell(seconds[key], 3) for key in ("recipe", "plain", "ratio")]
            lines.append(f"| {title} | {' | '.join(cells)} |")
        if found["own_steps"] != found["steps"]:
            lines += [
                "",
                f"The recipe's own epoch has {found['own_steps']} steps. Steps stretched to that "
                "length, the end of an epoch as measured, the ratio of a later epoch is "
                f"{cell(found['ratio_at_own_length'], 3)} (computed, not measured).",
            ]
    command = f"python benchmarks/recipe_overhead.py --rounds {settings['rounds']}"
    command += "".join(f" --{key} {settings[key]}" for key in ("epochs", "steps") if settings[key])
    command += f" --recipes {' '.join(result['recipes'])}"
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


if __name__ == "__main__":
    main()
