"""Model randomisation (1810.03292 §3.1): a map that tells of a network depends on its weights."""

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from recipes.explanations.layers import every_layer

STAGES = 4  # at most: head, two of the layers between, first layer


def stages(model: keras.Model) -> list[list[keras.layers.Layer]]:
    """Return the layers with weights in groups, the top first: the head, others, the first layer.

    The first layer is alone, as what it sees, such as edges, may be all that a map shows.
    """
    head, *others = [layer for layer in every_layer(model) if layer.weights][::-1]
    between, first = others[:-1], others[-1:]
    cuts = np.linspace(0, len(between), min(STAGES - 2, len(between)) + 1).round().astype(int)
    parts = [between[start:stop] for start, stop in itertools.pairwise(cuts)]
    return [part for part in ([head], *parts, first) if part]


@contextlib.contextmanager
def kept(model: keras.Model) -> Iterator[None]:
    """Give a model its weights back at the end, whatever happens."""
    own = [(layer, layer.get_weights()) for layer in every_layer(model) if layer.weights]
    try:
        yield
    finally:
        for layer, weights in own:
            layer.set_weights(weights)


def randomise(layers: list[keras.layers.Layer], generator: np.random.Generator) -> None:
    """Shuffle the numbers of each tensor of some layers.

    Every layer can be treated so, whatever initializer it has, and signals keep about their size.
    """
    for layer in layers:
        layer.set_weights([_shuffled(one, generator) for one in layer.get_weights()])


def _shuffled(tensor: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return generator.permutation(tensor.ravel()).reshape(tensor.shape)


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Spearman's ρ of two maps; NaN where one is constant.

    >>> rank_correlation(np.array([1.0, -2.0, 3.0]), np.array([0.1, -0.2, 0.9]))
    1.0
    """
    from scipy.stats import rankdata

    ranks: list[Any] = [rankdata(found.ravel()) for found in (one, other)]
    if any(np.ptp(rank) == 0 for rank in ranks):
        return float("nan")
    return float(round(np.corrcoef(*ranks)[0, 1], 12))
