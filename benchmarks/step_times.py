"""Time a training step of each family's smallest image model against its multiply-adds.

    python benchmarks/step_times.py --rounds 5 --write benchmarks/step_times.md

A model that takes far longer than others of as many multiply-adds hides a slow layer, or has many small
ones. So the times are also fitted by a sum of three parts: so much for each multiply-add, each layer and
each parameter. What that leaves unexplained is what to look into. All models live in one process; each
is timed for as many steps as rounds, after it was compiled. The reference is a chain of dense 3 x 3
convolutions, timed beside every model.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from rounds import cell, machine, machine_lines, parser, positive, publish, summary

from zoo import registry
from zoo.complexity import count_params, leaf_layers, multiply_adds
from zoo.composition import build
from zoo.errors import ZooError

REFERENCE = {"filters": 64, "layers": 6, "side": 32}
PARTS = ("multiply-adds", "layers", "parameters")
UNITS = (1e9, 1e2, 1e6)  # of each part, in which its cost is given


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--size", type=positive, default=96, help="side of photographs")
    options.add_argument("--batch", type=positive, default=4, help="images per step")
    options.add_argument("--models", nargs="*", help="instead of the smallest of each family")
    options = options.parse_args(arguments)
    facts, rows = machine(), []
    base = _reference(options)
    for name in options.models or smallest():
        row = _model(name, base, options)
        rows.append(row)
        print(name, cell(row["milliseconds"], 0), cell(row["relative"], 2), flush=True)
    result = {"machine": facts, "settings": vars(options) | {"write": None}, "rows": rows}
    publish(result, to_markdown(result, options), options)


def smallest() -> list[str]:
    """Return the image model with the fewest multiply-adds of each family, by name."""
    cards = [card for card in registry.MODELS.values() if card.modality == "image"]
    counts = {card.name: registry.measured()[card.name]["macs"] for card in cards}
    best: dict[str, str] = {}
    for card in cards:
        held = best.get(card.family)
        if held is None or counts[card.name] < counts[held]:
            best[card.family] = card.name
    return sorted(best.values(), key=counts.__getitem__)


def _model(name: str, base: Callable[[], float], options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds a step, and time a multiply-add relative to the reference's."""
    keras.utils.clear_session()
    model, side = _built(name, options.size)
    adds = multiply_adds(model, input_shape=model.input_shape[1:])
    step = _step(model, options.batch)
    step()
    times, ratios = [], []
    for _ in range(options.rounds):
        reference = base()
        times.append(step())
        ratios.append(times[-1] / (adds * options.batch) / reference)
    facts = {"layers": len(leaf_layers(model)), "parameters": count_params(model)}
    del model
    gc.collect()
    milliseconds = summary([1000 * value for value in times])
    return {"name": name, "side": side, "adds": adds, **facts} | {
        "milliseconds": milliseconds, "relative": summary(ratios),
    }  # fmt: skip


def fitted(rows: list[dict[str, Any]], batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the milliseconds that each of `PARTS` costs, all >= 0, and their sum for each model.

    Relative errors are made least, so that a slow model does not decide alone.
    """
    from scipy.optimize import nnls

    counts = [[row["adds"] * batch, row["layers"], row["parameters"]] for row in rows]
    scaled = np.array(counts) / UNITS  # (N, 3)
    times = np.array([row["milliseconds"]["median"] for row in rows])
    costs, _ = nnls(scaled / times[:, None], np.ones(len(rows)))
    return costs, scaled @ costs


def _built(name: str, side: int) -> tuple[keras.Model, int]:
    """Build a model at the side asked for, or at its own where it takes no other or has a smaller."""
    own = registry.model_card(name).input_shape
    side = min(side, own[0])
    try:
        return build(name, input_shape=(side, side, own[2]), num_classes=10), side
    except ZooError:
        return build(name, num_classes=10), own[0]


def _step(model: keras.Model, batch: int) -> Callable[[], float]:
    """Return a function that makes a training step and returns its seconds."""
    generator = np.random.default_rng(0)
    x = generator.uniform(0, 255, (batch, *model.input_shape[1:])).astype("float32")
    y = generator.integers(0, 10, batch)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-4), loss, jit_compile=False)

    def step() -> float:
        began = time.perf_counter()
        model.train_on_batch(x, y)
        return time.perf_counter() - began

    return step


def _reference(options: argparse.Namespace) -> Callable[[], float]:
    """Return a function that gives the seconds a multiply-add of a chain of convolutions."""
    side, filters = REFERENCE["side"], REFERENCE["filters"]
    image = keras.Input((side, side, filters))
    x = image
    for _ in range(REFERENCE["layers"]):
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(10)(x))
    step = _step(model, options.batch)
    step()
    adds = multiply_adds(model, input_shape=(side, side, filters)) * options.batch
    return lambda: step() / adds


def to_markdown(result: dict[str, Any], options: argparse.Namespace) -> str:
    """Return the page."""
    costs, sums = fitted(result["rows"], options.batch)
    rows = [row | {"fit": total} for row, total in zip(result["rows"], sums, strict=True)]
    rows.sort(key=lambda row: -row["milliseconds"]["median"] / row["fit"])
    middle = statistics.median(row["relative"]["median"] for row in rows)
    adds, layers, parameters = costs
    lines = [
        "# Training steps against multiply-adds",
        "",
        f"The smallest image model of each family, batches of {options.batch}, photographs at "
        f"{options.size} px where the model takes them. *Relative*: time of a training step for each "
        "multiply-add of the forward pass, where that of dense 3 × 3 convolutions is 1; the median of "
        f"all models is {middle:.1f}. Median (lowest–highest) of {options.rounds} steps.",
        "",
        f"The times fit {adds:.0f} ms for each billion multiply-adds of the batch, {layers:.1f} ms for "
        f"100 layers and {parameters:.1f} ms for a million parameters; *of the fit* is the measured "
        "time as a share of that sum. The table is sorted by it: what is far above 1 has a layer that "
        "is slower than its size says.",
        "",
        "| model | side | multiply-adds (M) | layers | parameters (M) | step (ms) | relative "
        "| of the fit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row['name']}` | {row['side']} | {row['adds'] / 1e6:,.1f} | {row['layers']} | "
        f"{row['parameters'] / 1e6:,.2f} | {cell(row['milliseconds'], 0)} | "
        f"{cell(row['relative'], 1)} | {row['milliseconds']['median'] / row['fit']:.2f} |"
        for row in rows
    ]
    size = f"--size {options.size} --batch {options.batch} --rounds {options.rounds}"
    command = f"python benchmarks/step_times.py {size} --write benchmarks/step_times.md"
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


if __name__ == "__main__":
    main()
