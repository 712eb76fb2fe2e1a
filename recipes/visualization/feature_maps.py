"""What a layer gives for one input: its channels as pictures, the strongest first."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recipes.report.examples import Part, shown_input
from recipes.report.theme import INK, MUTED, style, to_png
from recipes.runs.inputs import Input
from recipes.runs.predict import Reading, answers
from recipes.runs.run import Run
from recipes.visualization.layers import is_over_time, layer_named, layers_of, output_of
from recipes.visualization.picture import Picture
from zoo import registry
from zoo.errors import ArgumentError

MAPS, ACROSS = 32, 8  # channels that are drawn, and in a row
CURVES = 64  # channels of a layer over time
SIDE_INCHES = 1.1
BACKBONE = "backbone"


def feature_maps(run: Run, inputs: Sequence[Input], *, layer: str | None = None) -> Picture:
    """Return what a layer gives for an input: the channels with the largest mean magnitude.

    A layer with positions on a plane (h, w, channels) gives a picture for each channel, one over time or
    tokens (t, channels) a picture of all. Each is scaled by itself from its smallest to its largest
    number.

    Args:
        run: of one input.
        inputs: one, as `zoo.predict` takes it.
        layer: path; None takes the first feature with positions that the model's card declares.

    Raises:
        ArgumentError: not one input, or the layer has no positions.
        UnknownNameError: there is no such layer.
    """
    if len(inputs) != 1:
        raise ArgumentError(
            f"{len(inputs)} inputs were given.", expected="one: its features fill a picture"
        )
    path, chosen = layer_named(run, layer or first_declared(run))

    def decode(x: Any) -> list[tuple[Any, np.ndarray]]:
        return [(x, np.asarray(output_of(run, chosen, x))[0])]

    ((_, (x, output)),) = answers(run, inputs, reading=Reading(1), decode=decode)
    if output.ndim not in (2, 3):
        raise ArgumentError(
            f"The layer {path} gives {output.shape} numbers, which have no positions.",
            expected="a layer that gives (height, width, channels) or (time, channels)",
            fix=f"give another --layer, such as {first_declared(run)}",
        )
    strength = np.abs(output).reshape(-1, output.shape[-1]).mean(axis=0)
    order = np.argsort(-strength, kind="stable")
    dead = int((strength == 0).sum())
    size = " × ".join(map(str, output.shape[:-1]))
    everywhere = f"{dead} are" if dead > 1 else "1 is" if dead else "none is"
    words = f"{path}: {output.shape[-1]} channels of {size}, of which {everywhere} 0 everywhere"
    one = {name: value[0] for name, value in x.items()}
    example = shown_input(one, run.assets.x)
    numbers = {"layer": path, "features": output, "order": order, "dead": dead}
    with style():
        if output.ndim == 3:
            shown = output.swapaxes(0, 1)[::-1] if is_over_time(run) else output
            figure = _planes(shown, order, example)
        else:
            figure = _over_time(output, order, example)
        figure.suptitle(words, fontsize=9, color=INK, x=0.01, ha="left")
        return Picture("features", words, to_png(figure), numbers)


def first_declared(run: Run) -> str:
    """Return the path of the layer behind the first feature with positions of the model's card.

    Raises:
        ArgumentError: it declares none; the message names layers.
    """
    paths = [path for path, _ in layers_of(run.model)]
    backbone = {layer.name: layer for layer in run.model.layers}.get(BACKBONE)
    if backbone is not None and isinstance(backbone.output, dict):
        declared = registry.model_card(run.recipe.model.name).features
        for feature in declared:
            tensor = backbone.output.get(feature.name) if feature.stride is not None else None
            if tensor is not None:
                return f"{BACKBONE}/{tensor._keras_history.operation.name}"
    raise ArgumentError(
        f"The card of {run.recipe.model.name} declares no feature with positions.",
        expected=f"--layer with a path, such as {', '.join(paths[:3])} or {paths[-1]}",
        fix="give --layer",
    )


def _planes(output: np.ndarray, order: np.ndarray, example: Part) -> Figure:
    """Draw the input, and the strongest channels (h, w) beside it."""
    chosen = order[:MAPS]
    rows = -(-len(chosen) // ACROSS)
    width = SIDE_INCHES * (ACROSS + 2.2)
    figure = Figure(figsize=(width, SIDE_INCHES * 1.15 * max(rows, 2) + 0.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(2.2, ACROSS))
    _example(left.subplots(), example)
    panels = right.subplots(rows, ACROSS, squeeze=False).flat
    for axes in panels:
        axes.set_axis_off()
    for axes, channel in zip(right.axes, chosen, strict=False):
        axes.imshow(output[..., channel], cmap="magma", interpolation="nearest")
        axes.set_title(str(channel), fontsize=6, color=MUTED, pad=2, fontweight="normal")
    return figure


def _over_time(output: np.ndarray, order: np.ndarray, example: Part) -> Figure:
    """Draw the input, and below it the strongest channels over time."""
    chosen = order[:CURVES]
    figure = Figure(figsize=(8, 6), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=(1, 3))
    _example(above, example)
    low, high = output.min(axis=0), output.max(axis=0)
    scaled = (output - low) / np.where(high > low, high - low, 1)
    below.imshow(scaled[:, chosen].T, aspect="auto", cmap="magma", interpolation="nearest")
    below.set(xlabel="position", ylabel="channels, the strongest above", yticks=[])
    return figure


def _example(axes: Axes, example: Part) -> None:
    """Draw an image or a sound, or write a text."""
    axes.set_axis_off()
    if isinstance(example, str):
        axes.text(0, 0.5, example, wrap=True, va="center", color=INK, fontsize=8)
        return
    gray = example.ndim == 2 or example.shape[-1] == 1
    axes.imshow(example.squeeze(-1) if gray else example, cmap="gray" if gray else None)
