"""What the scripts that show how learning goes have in common: train a recipe, sum up, draw."""

import argparse
import io
import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter
from rounds import machine, machine_lines, positive
from scipy import stats

from recipes.objects import make_dataset
from recipes.report import theme
from recipes.runs.evaluate import predictions_of
from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo import devices
from zoo.data.pipeline import Encoded, training_stream
from zoo.files import write_text

ROOT = Path(__file__).parents[1]
MACHINE = machine()  # before it is put under load
# Digits without any regularization, for as many epochs as a script says.
BARE = {
    "regularization.preset": "none",
    "regularization.crop_padding": 0,
    "regularization.auto_augment": "",
    "regularization.averaging_decay": 0.0,
    "schedule.warmup_epochs": 0.0,
    "model.arguments": {"widths": [16, 32]},
}


def parser(description: str, *, seeds: int) -> argparse.ArgumentParser:
    """Return a parser with the options of every script here: --seeds and --write."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--seeds", type=positive, default=seeds, help="runs of each variant")
    made.add_argument("--write", action="store_true", help="write page and figure into the project")
    return made


def bare(**values: Any) -> Recipe:
    """Return image/digits-cnn without regularization, changed by dotted paths (`__` for a dot)."""
    changes = {key.replace("__", "."): value for key, value in values.items()}
    return load_recipe("image/digits-cnn").with_values(BARE | changes)


def learn(recipe: Recipe) -> dict[str, float]:
    """Train a recipe without a run folder; return the last weights' accuracy by split.

    "train" is what was trained on, as it is stored; "validation" and "test" are whole, also where
    `data.max_examples` cuts train. "loss" is that of the last epoch.
    """
    setup = prepare(recipe)
    values = recipe.training
    stream = training_stream(
        setup.train, batch_size=values.batch_size, seed=values.seed, augment=setup.augment
    )
    history = setup.model.fit(
        stream, epochs=values.epochs, steps_per_epoch=setup.steps, verbose=0, shuffle=False
    )
    whole = make_dataset(recipe.with_values({"data.max_examples": None})).splits
    splits = {"train": setup.dataset.splits["train"]} | {
        k: whole[k] for k in ("validation", "test")
    }
    return {"loss": history.history["loss"][-1]} | {
        name: _accuracy(setup, Encoded(split, setup.task, setup.assets))
        for name, split in splits.items()
    }


def _accuracy(setup: Any, encoded: Encoded) -> float:
    found = predictions_of(setup.model, setup.task, setup.assets, encoded, batch_size=2048)
    return setup.task.score(*found)["accuracy"]


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and half the width of its 95 % interval (Student t over seeds).

    >>> interval([1.0, 1.0])
    (1.0, 0.0)
    """
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, math.nan
    spread = statistics.stdev(values) / math.sqrt(len(values))
    return mean, float(stats.t.ppf(0.975, len(values) - 1)) * spread


def percent(values: Sequence[float], *, signed: bool = False) -> str:
    """Write shares as "mean ± half the interval", in points.

    >>> percent([0.5, 0.5])
    '50.0 ± 0.0'
    """
    mean, half = interval(values)
    return f"{100 * mean:{'+' if signed else ''}.1f} ± {100 * half:.1f}"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return the lines of a Markdown table."""
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
    return lines + [f"| {' | '.join(map(str, row))} |" for row in rows]


def panels(count: int, *, width: float = 3.2, height: float = 2.8) -> tuple[Figure, list[Axes]]:
    """Return a figure with `count` panels in a row, in the style of the reports."""
    figure = Figure(figsize=(width * count, height), layout="constrained")
    row = figure.subplots(1, count, squeeze=False)[0]
    return figure, [theme.plain(axes) for axes in row]


def plain_powers(axis: Axis) -> None:
    """Write the powers of ten of a logarithmic axis in plain figures: the style has no math."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())
    axis.set_tick_params(which="minor", length=0)


def measured(
    path: Path, cells: Iterable[tuple[Any, ...]], run: Callable[..., Any]
) -> dict[tuple[Any, ...], Any]:
    """Return what `run` gives for each cell; a file keeps it, and what that holds is not run again.

    Args:
        path: of the file of results, one JSON list a line: the cell, the result, the seconds.
        cells: arguments of `run`, which takes them in their order.
        run: returns what JSON can hold.
    """
    import keras

    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        *cell, value, _ = json.loads(line)
        found[tuple(cell)] = value
    for cell in cells:
        if cell in found:
            continue
        keras.utils.clear_session()  # else every network stays in memory
        began = time.perf_counter()
        found[cell] = run(*cell)
        seconds = round(time.perf_counter() - began, 1)
        print(*cell, found[cell], f"{seconds} s", flush=True)
        with path.open("a") as file:
            file.write(json.dumps([*cell, found[cell], seconds]) + "\n")
    return found


def publish(
    name: str,
    lines: Sequence[str],
    figure: Figure | Mapping[str, Figure] | None,
    options: argparse.Namespace,
) -> None:
    """Print a page; with --write put it beside the script, and its figure, if any, into docs/figures.

    Several figures come by name; the lines show them themselves.
    """
    arguments = "".join(
        f" --{key.replace('_', '-')} {value}"
        for key, value in vars(options).items()
        if key != "write"
    )
    command = f"python benchmarks/{name}.py{arguments} --write"
    several = figure if isinstance(figure, Mapping) else {}
    if figure and not several:
        several = {name: figure}
        lines = [*lines, "", f"![What the table shows, drawn](../docs/figures/{name}.svg)"]
    page = "\n".join([*lines, *machine_lines(MACHINE, command=command)])
    print(page)
    if options.write:
        write_text(ROOT / "benchmarks" / f"{name}.md", page)
        for key, one in several.items():
            write_text(ROOT / "docs" / "figures" / f"{key}.svg", _svg(one, key))


def _svg(figure: Figure, name: str) -> str:
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", facecolor=theme.PAPER, metadata={"Date": None})
    return buffer.getvalue()


def start() -> AbstractContextManager:
    """Load TensorFlow quietly; return the style to draw in, to be entered."""
    devices.load_tensorflow()
    return theme.style()
