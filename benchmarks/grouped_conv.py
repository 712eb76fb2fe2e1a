"""Time grouped convolutions against dense and against Keras' own, and ResNeXt-50 with both.

All variants live in one process and take turns:

    python benchmarks/grouped_conv.py --rounds 5 --write benchmarks/grouped_conv.md

A turn is one forward and backward pass of a layer, or one training step of the network; ratios are
formed within a round.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from rounds import cell, machine, machine_lines, orders, parser, positive, publish, summary

import zoo.layers.convolution as convolution
from zoo.composition import build
from zoo.layers.grouped_conv import GroupedConv2D

SHAPES = ((16, 32, 32, 64), (8, 28, 28, 256), (8, 14, 14, 512))
GROUPS = (2, 4, 8, 16, 32)
NETWORK = "resnext50_32x4d"


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--size", type=positive, default=96, help="side of the network's images")
    options.add_argument("--batch", type=positive, default=2, help="images per step")
    options = options.parse_args(arguments)
    result = {
        "machine": machine(),
        "settings": {name: getattr(options, name) for name in ("rounds", "size", "batch")},
        "layers": [_layers(shape, options) for shape in SHAPES],
        "network": _network(options),
    }
    publish(result, _to_markdown(result), options)


def _layers(shape: tuple[int, ...], options: argparse.Namespace) -> dict[str, Any]:
    """Return milliseconds of a dense layer, and the ratios of grouped ones to it."""
    image = tf.random.stateless_normal(shape, seed=(0, 1))
    channels = shape[-1]
    made = {"dense": keras.layers.Conv2D(channels, 3, padding="same")}
    for groups in GROUPS:
        made[f"ours {groups}"] = GroupedConv2D(channels, 3, padding="same", groups=groups)
    made["stock 8"] = keras.layers.Conv2D(channels, 3, padding="same", groups=8)
    steps = {name: _pass(layer, image) for name, layer in made.items()}
    times = _turns(steps, options.rounds)
    dense = times["dense"]
    ratios = {
        name: summary([one / base for one, base in zip(values, dense, strict=True)])
        for name, values in times.items()
        if name != "dense"
    }
    return {"shape": shape, "dense": summary(dense), "ratios": ratios}


def _pass(layer: keras.layers.Layer, image: tf.Tensor) -> Callable[[], Any]:
    layer(image)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            tape.watch(image)
            loss = tf.reduce_sum(tf.square(layer(image)))
        return tape.gradient(loss, [image, layer.kernel.value])

    return step


def _network(options: argparse.Namespace) -> dict[str, Any]:
    """Return seconds a training step of the network with our grouped layer and with Keras'."""
    generator = np.random.default_rng(0)
    shape = (options.batch, options.size, options.size, 3)
    x = generator.normal(size=shape).astype("float32")
    y = generator.integers(0, 10, options.batch)
    own, steps = convolution.GroupedConv2D, {}
    for name, layer in (("ours", own), ("stock", keras.layers.Conv2D)):
        convolution.GroupedConv2D = layer
        try:
            model = build(NETWORK, input_shape=shape[1:], num_classes=10, preprocessing=False)
        finally:
            convolution.GroupedConv2D = own
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.01), loss, jit_compile=False)
        steps[name] = lambda model=model: model.train_on_batch(x, y)
    times = _turns(steps, options.rounds)
    ratio = [a / b for a, b in zip(times["stock"], times["ours"], strict=True)]
    return {name: summary(values) for name, values in (times | {"ratio": ratio}).items()}


def _turns(steps: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    for step in steps.values():  # trace
        step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for order in orders(steps, rounds):
        for name in order:
            start = time.perf_counter()
            steps[name]()
            times[name].append(time.perf_counter() - start)
    return times


def _to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    settings = result["settings"]
    lines = [
        "# Grouped convolutions on a CPU",
        "",
        "A forward and a backward pass of a 3×3 convolution with as many filters as channels: its "
        "time over that of the dense layer of the same size. "
        f"Median of {settings['rounds']} interleaved rounds, lowest and highest in brackets.",
        "",
        "| input | dense (ms) | "
        + " | ".join(f"{g} groups" for g in GROUPS)
        + " | Keras' own, 8 |",
        "|---" * (3 + len(GROUPS)) + "|",
    ]
    for row in result["layers"]:
        dense = statistics.median(row["dense"]["rounds"]) * 1e3
        cells = [cell(row["ratios"][f"ours {g}"], 2) for g in GROUPS]
        stock = cell(row["ratios"]["stock 8"], 1)
        shape = "×".join(map(str, row["shape"]))
        lines.append(f"| {shape} | {dense:.1f} | {' | '.join(cells)} | {stock} |")
    network = result["network"]
    lines += [
        "",
        f"A training step of `{NETWORK}` ({settings['batch']} images of {settings['size']} pixels, "
        "SGD, no XLA):",
        "",
        "| grouped layer | seconds a step |",
        "|---|---|",
        f"| `zoo.layers.grouped_conv.GroupedConv2D` | {cell(network['ours'], 2)} |",
        f"| `keras.layers.Conv2D` | {cell(network['stock'], 2)} |",
        f"| ratio within a round | {cell(network['ratio'], 1)} |",
    ]
    options = f"--rounds {settings['rounds']} --size {settings['size']} --batch {settings['batch']}"
    command = f"python benchmarks/grouped_conv.py {options}"
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


if __name__ == "__main__":
    main()
