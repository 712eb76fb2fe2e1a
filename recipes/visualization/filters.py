"""What the first layer looks for: its filters, drawn, or the words that excite them most."""

from collections.abc import Callable

import keras
import numpy as np
from matplotlib.figure import Figure

from recipes.explanations.layers import first_embedding
from recipes.report.theme import FIRST, INK, MUTED, style, to_png
from recipes.runs.run import Run
from recipes.visualization.layers import is_over_time, layers_of
from recipes.visualization.picture import Picture
from zoo.columns import Text
from zoo.errors import ArgumentError

MOST = 64  # filters that are drawn
ACROSS, SIDE_INCHES = 16, 0.6  # filters in a row, and the side of one
COLOURS = (1, 3)  # channels that can be drawn as a picture
NEAREST, WORD_FILTERS = 3, 16  # words for each place, and filters that are listed
NORM, DEAD = "norm", 0.01  # a filter below this share of the median norm hardly does anything


def filters(run: Run) -> Picture:
    """Return the filters of the first layer that has any, the largest norm first.

    Each filter is scaled by its own largest weight: gray is 0, white positive, black negative. Filters
    over the vectors of tokens cannot be drawn; for each of their places the tokens are listed whose
    vectors they answer to most, as in 1809.08037.

    Raises:
        ArgumentError: the first layer has no filters over the input.
    """
    path, layer = _first(run)
    kernel = np.asarray(keras.ops.convert_to_numpy(layer.kernel), "float32")
    drawn = _drawn_as(run, path, layer, kernel)
    kernel = drawn.kernel
    norms = np.sqrt((kernel.reshape(-1, kernel.shape[-1]) ** 2).sum(axis=0))
    order = np.argsort(-norms, kind="stable")
    idle = int((norms < DEAD * np.median(norms)).sum())
    words = f"{len(norms)} filters of {path}, each {drawn.size}; {_idle_words(idle)}"
    numbers = {"layer": path, "kernel": kernel, NORM: norms, "idle": idle, "order": order}
    with style():
        figure = drawn.draw(kernel[..., order[:MOST]], numbers)
        figure.suptitle(words, fontsize=9, color=INK, x=0.01, ha="left")
        return Picture("filters", words, to_png(figure), numbers)


def _idle_words(idle: int) -> str:
    return f"{idle} with hardly any weight" if idle else "none without weight"


class _Drawn:
    """How a kernel is drawn: its axes as they are shown, the filter last."""

    def __init__(self, kernel: np.ndarray, size: str, draw: Callable[[np.ndarray, dict], Figure]):
        self.kernel, self.size, self.draw = kernel, size, draw


def _first(run: Run) -> tuple[str, keras.layers.Layer]:
    """Return the first layer after the embedding with a trained matrix, and its path."""
    for path, layer in layers_of(run.model):
        is_matrix = any(len(weight.shape) > 1 for weight in layer.trainable_weights)
        if is_matrix and not isinstance(layer, keras.layers.Embedding):
            if getattr(layer, "kernel", None) is None:
                raise _without_filters(run, path, f"is of type {type(layer).__name__}")
            return path, layer
    raise _without_filters(run, run.name, "has no trained matrix")


def _without_filters(run: Run, path: str, why: str) -> ArgumentError:
    return ArgumentError(
        f"The first layer of {run.name} has no filters that can be shown: {path} {why}.",
        expected="a convolution over pixels, sounds or tokens, or a dense layer over pixels",
        fix="zoo visualize features shows what a layer gives for an input",
    )


def _drawn_as(run: Run, path: str, layer: keras.layers.Layer, kernel: np.ndarray) -> _Drawn:
    """Return how the kernel of the first layer is drawn.

    Raises:
        ArgumentError: it cannot be.
    """
    shape = " × ".join(map(str, kernel.shape[:-1]))
    embedding = first_embedding(run.model)
    if embedding is not None and kernel.ndim == 3:
        vectors = np.asarray(keras.ops.convert_to_numpy(embedding.embeddings), "float32")
        if kernel.shape[1] == vectors.shape[1]:
            tokens = _tokens(run, len(vectors))
            return _Drawn(
                kernel,
                f"over {len(kernel)} tokens",
                lambda shown, numbers: _words(shown, numbers, vectors, tokens),
            )
    if embedding is None and kernel.ndim == 4 and kernel.shape[2] in COLOURS:
        pixels = kernel.swapaxes(0, 1)[::-1] if is_over_time(run) else kernel
        return _Drawn(pixels, f"{shape} weights", lambda shown, _: _pictures(shown))
    if embedding is None and kernel.ndim == 3 and kernel.shape[1] == 1:
        return _Drawn(kernel, f"{len(kernel)} samples", lambda shown, _: _lines(shown[:, 0]))
    if embedding is None and kernel.ndim == 3:  # (time, bands, filters)
        bands = kernel.swapaxes(0, 1)[::-1, :, None]
        return _Drawn(bands, f"{shape} weights", lambda shown, _: _pictures(shown))
    image = _flattened(run, kernel)
    if embedding is None and image is not None:
        return _Drawn(image, f"{shape} weights", lambda shown, _: _pictures(shown))
    raise _without_filters(run, path, f"has weights of {shape} × {kernel.shape[-1]}")


def _flattened(run: Run, kernel: np.ndarray) -> np.ndarray | None:
    """Return the kernel of a dense layer over all pixels as (H, W, C, filters)."""
    shape = next(iter(run.assets.specs()[0].values())).shape
    whole = kernel.ndim == 2 and len(shape) == 3 and None not in shape
    if not whole or np.prod(shape) != len(kernel) or shape[-1] not in COLOURS:
        return None
    return kernel.reshape(*shape, kernel.shape[-1])


def _pictures(kernel: np.ndarray) -> Figure:
    """Draw filters (H, W, C, N) in rows."""
    count = kernel.shape[-1]
    height, width = kernel.shape[:2]
    tall = min(4.0, max(1.0, height / width))
    rows, across = -(-count // ACROSS), min(ACROSS, max(count, 6))
    size = (SIDE_INCHES * across + 0.4, SIDE_INCHES * tall * rows + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    for axes, filter_ in _panels(figure, rows, across, np.moveaxis(kernel, -1, 0)):
        scaled = 0.5 + 0.5 * filter_ / (np.abs(filter_).max() or 1)
        gray = scaled.shape[-1] == 1
        axes.imshow(
            scaled[..., 0] if gray else scaled,
            cmap="gray" if gray else None,
            vmin=0,
            vmax=1,
            aspect="equal" if height == width else "auto",
        )
    return figure


def _lines(kernel: np.ndarray) -> Figure:
    """Draw filters over samples (T, N) as curves."""
    rows = -(-kernel.shape[-1] // ACROSS)
    size = (SIDE_INCHES * ACROSS + 0.4, SIDE_INCHES * rows + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    for axes, filter_ in _panels(figure, rows, ACROSS, kernel.T):
        axes.plot(filter_, color=FIRST, linewidth=1)
    return figure


def _panels(figure: Figure, rows: int, across: int, each: np.ndarray):
    panels = figure.subplots(rows, across, squeeze=False).flat
    for axes in panels:
        axes.set_axis_off()
    yield from zip(figure.axes, each, strict=False)


def _tokens(run: Run, count: int) -> list[str]:
    """Return the words of the first ids."""
    (column,) = run.assets.x.values()
    if not isinstance(column, Text):
        return [str(position) for position in range(count)]
    return [column.loaded.decode([position]).strip() for position in range(count)]


def _words(kernel: np.ndarray, numbers: dict, vectors: np.ndarray, tokens: list[str]) -> Figure:
    """List for each filter (T, D, N) and place the tokens with the largest products."""
    named = np.array([position for position, word in enumerate(tokens) if word.strip("�")])
    listed = []
    for filter_ in np.moveaxis(kernel, -1, 0)[:WORD_FILTERS]:
        products = vectors[named] @ filter_.T  # (words, T)
        best = np.argsort(-products, axis=0)[:NEAREST]
        listed.append([[tokens[named[row]] for row in column] for column in best.T])
    numbers["words"] = listed
    figure = Figure(figsize=(2.6 * len(kernel) + 0.4, 0.26 * len(listed) + 0.9))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, len(kernel)), ylim=(len(listed) + 0.2, -2))
    axes.set_axis_off()
    for place in range(len(kernel)):
        axes.text(place + 0.05, -0.4, f"token {place + 1}", color=MUTED, fontsize=8)
        for row, words in enumerate(listed):
            axes.text(place + 0.05, row + 0.5, ", ".join(words[place]), color=INK, fontsize=8)
    return figure
