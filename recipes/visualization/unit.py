"""What excites a unit: the examples that do it most, and for images one that is made for it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from recipes.report.examples import Part, stored_value
from recipes.report.pictures import grid
from recipes.report.theme import style, to_png
from recipes.runs.run import Run
from recipes.visualization.embedded import Tell, batches, some_examples
from recipes.visualization.layers import (
    layer_named,
    layers_of,
    mean_of_unit,
    output_of,
)
from recipes.visualization.picture import Picture
from zoo import registry
from zoo.data.dataset import Split
from zoo.errors import ArgumentError, unknown_name

BEST = 7  # examples in the picture
EXAMPLES = 2000
HEAD = "head_logits"
STEPS = 256
RATE = 0.05  # of Adam, on the coefficients
COLOURS = (1, 3)


def unit(
    run: Run,
    number: str | int,
    *,
    layer: str | None = None,
    data: str | None = None,
    split: str = "train",
    examples: int = EXAMPLES,
    steps: int = STEPS,
    tell: Tell = lambda words: None,
    seed: int = 1,
) -> Picture:
    """Return what excites one unit of a layer most.

    A unit is a channel; its activation is the mean over positions. The examples of a split with the
    largest activation are shown, and for models of images one that gradient ascent makes (activation
    maximisation, Erhan et al. 2009, on Fourier coefficients scaled by frequency and with jitter as in
    distill.pub/2017/feature-visualization). It shows what the unit answers to, not what it means: no
    camera takes such a picture.

    Args:
        run: of one input.
        number: of the channel, from 0; without a layer also the name of a class.
        layer: path; None takes the logits.
        data: another data set, folder or table; None takes the run's own, if it is at hand.
        split: of the data.
        examples: at most.
        steps: of the ascent; 0 leaves it out.
        tell: called with the progress.
        seed: of the choice of examples, and of the image.

    Raises:
        UnknownNameError: there is no such layer or class.
        ArgumentError: the layer has fewer channels, or there is nothing to show.
    """
    path, chosen = layer_named(run, layer or _logits(run))
    channel, name = _channel(run, number, chosen, path, is_logits=layer is None)

    def activation(x: Any) -> Any:
        return mean_of_unit(output_of(run, chosen, x), channel)

    parts: list[tuple[Part, str, str]] = []
    numbers: dict[str, Any] = {"layer": path, "unit": channel, "name": name}
    title = words = f"class {name}" if layer is None else f"unit {name} of {path}"
    made = _made(run, activation, steps, tell, seed)
    if made is not None:
        image, reached = made
        parts.append((np.round(image).astype("uint8"), "made", f"{reached:.3g}"))
        numbers |= {"image": image, "reached": reached}
        words += f": a made image reaches {reached:.3g}"
    if data is not None or run.name not in registry.pretrained_cards():
        found = some_examples(run, split, data=data, examples=examples, seed=seed)
        best = _best(run, activation, *found[:2], tell)
        parts += [(part, each["label"], f"{each['activation']:.3g}") for part, each in best]
        numbers["examples"] = [each for _, each in best]
        words += f"; the largest of {found[2]}: {best[0][1]['activation']:.3g}"
    if not parts:
        raise _without_examples(run)
    return Picture("unit", words, _png(parts, run.name, title), numbers)


def _without_examples(run: Run) -> ArgumentError:
    return ArgumentError(
        f"There is nothing to show for {run.name}: an image can be made for models of images alone, and "
        "the data it was trained on is not at hand.",
        fix="give --data with examples",
    )


def _png(parts: list[tuple[Part, str, str]], name: str, title: str) -> bytes:
    with style():
        if len(parts) == 1 and not isinstance(parts[0][0], str):
            return to_png(_large(parts[0][0], f"{name}\n{title}"))
        if not any(isinstance(part, str) for part, _, _ in parts):
            return to_png(grid(parts, title=f"{name}: {title}", empty="", columns=8))
        from recipes.visualization.neighbors import texts

        figure: Figure = texts([parts], title=f"{name}: {title}")
        return to_png(figure)


def _large(image: np.ndarray, title: str) -> Figure:
    figure = Figure(figsize=(4.5, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray")
    axes.set_title(title)
    axes.set_axis_off()
    return figure


def _logits(run: Run) -> str:
    """Return the path of the layer that gives the logits.

    Raises:
        ArgumentError: there is none.
    """
    found = [path for path, _ in layers_of(run.model) if path.rpartition("/")[2] == HEAD]
    if not found:
        raise ArgumentError(
            f"{run.name} has no logits of classes.",
            expected="--layer with a path, such as "
            + ", ".join(p for p, _ in [*layers_of(run.model)][-3:]),
            fix="give --layer",
        )
    return found[0]


def _channel(
    run: Run, number: str | int, layer: Any, path: str, *, is_logits: bool
) -> tuple[int, str]:
    """Return the position of a channel, and what it is called.

    Raises:
        ArgumentError: the layer has fewer channels.
        UnknownNameError: there is no such class.
    """
    names = run.assets.outputs if is_logits else ()
    if str(number) in names:
        return names.index(str(number)), str(number)
    count = layer.output.shape[-1]
    if str(number).isdecimal() and int(number) < count:
        return int(number), names[int(number)] if names else str(number)
    if names and not str(number).lstrip("-").isdecimal():
        raise unknown_name(f"class of {run.name}", str(number), names, fix="give one of these")
    raise ArgumentError(
        f"{path} has no unit {number}.", expected=f"0 to {count - 1}", fix="give another unit"
    )


def _best(
    run: Run, activation: Callable[[Any], Any], found: Split, classes: Sequence[str], tell: Tell
) -> list[tuple[Part, dict[str, Any]]]:
    """Return the examples with the largest activation, with name, label and activation."""
    values = np.concatenate([np.asarray(activation(x)) for x in batches(run, found, tell)])
    ((name, column),) = run.assets.x.items()
    labels = found.labels if "label" in found.columns else None
    best = []
    for index in map(int, np.argsort(-values, kind="stable")[:BEST]):
        label = "" if labels is None else classes[labels[index]]
        told = {"name": found.name_of(index), "label": label, "activation": float(values[index])}
        best.append((stored_value(column, found[index][column.source or name]), told))
    return best


def _made(
    run: Run, activation: Callable[[Any], Any], steps: int, tell: Tell, seed: int
) -> tuple[np.ndarray, float] | None:
    """Return an image (H, W, C) with a large activation, 0–255, and its activation; None for others."""
    ((name, spec),) = run.assets.specs()[0].items()
    is_image = len(spec.shape) == 3 and None not in spec.shape and spec.shape[-1] in COLOURS
    if not is_image or not steps:
        return None
    from recipes.visualization.ascent import ascend

    def score(images: Any) -> Any:
        return activation({name: images})

    return ascend(score, spec.shape, steps=steps, rate=RATE, tell=tell, seed=seed)
