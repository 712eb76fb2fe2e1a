"""One example and its network, as methods of explanation take them, whatever the modality."""

import abc
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from recipes.explanations.explanation import Explanation, Scores
from zoo.columns import Column

if TYPE_CHECKING:
    from recipes.explanations.network import Network


EMBEDDING, LOG_MEL = "embedding", "log-mel"  # layers that a point may be the output of


class Subject(abc.ABC):
    """An example; abstract, because subclasses say what its places are.

    Places are what a map has numbers for: pixels (H, W), tokens (T,) or samples (S,).

    Args:
        network: the logit of the class that is explained.
        encoded: the example as the model takes it, (…).
        column: of the input.

    Attributes:
        baselines: names of what stands for "nothing there"; the first is the default.
        positions: ranks that a feature with positions may have, without the batch; none where features
            have no places on a map.
        power: of `integrated_gradients`.
        front: EMBEDDING or LOG_MEL, the layer whose output is the point; "" for the input itself.
        point: float32; what gradients are taken at. Its first axes are the places, except those of
            log-mel features.
    """

    baselines: ClassVar[tuple[str, ...]]
    positions: ClassVar[tuple[int, ...]] = ()
    power: int = 1
    front: ClassVar[str] = ""
    point: np.ndarray

    def __init__(self, network: "Network", encoded: np.ndarray, column: Column):
        self.network, self.encoded, self.column = network, encoded, column

    @property
    @abc.abstractmethod
    def places(self) -> tuple[int, ...]:
        """Shape of a map."""

    @property
    @abc.abstractmethod
    def cells(self) -> tuple[int, ...]:
        """Cells of a coarse map, along each axis."""

    @property
    def tokens(self) -> tuple[str, ...] | None:
        """Words for the places, where they have any."""
        return None

    @abc.abstractmethod
    def baseline(self, name: str) -> np.ndarray:
        """Return the point that stands for "nothing there", of the point's shape."""

    @abc.abstractmethod
    def patches(self) -> np.ndarray:
        """Return what occlusion hides at once, bool (P, *places)."""

    @abc.abstractmethod
    def grown(self, coarse: np.ndarray) -> np.ndarray:
        """Return a map of a feature's positions at the size that is shown."""

    @abc.abstractmethod
    def write(self, found: Explanation, folder: Path, stem: str) -> list[Path]:
        """Draw an explanation into new files FOLDER/STEM…, and return them."""

    @abc.abstractmethod
    def attended(self, rollout: np.ndarray, pooling: str) -> np.ndarray:
        """Return the map of a transformer's tokens (T, T): what reaches those that make its answer.

        Args:
            rollout: of `attention_rollout`.
            pooling: "first", of the class token before all places, or "mean", of all tokens.
        """

    def parts(self) -> np.ndarray:
        """Return the part of each place that is kept or replaced as a whole, int (*places): 0, 1, …"""
        axes = [
            np.arange(size) * number // size
            for size, number in zip(self.places, self.cells, strict=True)
        ]
        return np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), self.cells)

    def removed_parts(self) -> np.ndarray:
        """Return the part of each place as `parts`; deletion and insertion remove one after another."""
        return self.parts()

    def by_part(self, attribution: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """Return the sum of a map over each part, (P,)."""
        return np.bincount(parts.ravel(), weights=(self.changeable * attribution).ravel())

    @property
    def input(self) -> np.ndarray:
        """The numbers that noise is added to, of the example or of its tokens' vectors."""
        return self.point

    def at(self, numbers: np.ndarray) -> "Subject":
        """Return the example with other numbers in place of `input`."""
        return type(self)(self.network.of(numbers[None]), numbers, self.column)

    def compared(self, attribution: np.ndarray, baseline: str) -> np.ndarray:
        """Return the numbers of a map (N,) where the input differs from a baseline.

        Elsewhere many methods give 0 by definition, with any weights.
        """
        differs = np.abs(self.point - self.baseline(baseline)).reshape(*self.places, -1) > 0
        return attribution[differs.any(axis=-1) & self.changeable]

    def masked(self, baseline: str) -> Scores:
        """Return the score where masks (N, *places) are 1, with the baseline where they are 0."""
        nothing = self.baseline(baseline)
        trailing = (1,) * (self.point.ndim - len(self.places))

        def scores(keep: np.ndarray) -> np.ndarray:
            keep = keep.reshape(*keep.shape, *trailing)
            return self.network.scores((nothing + keep * (self.point - nothing)).astype("float32"))

        return scores

    @property
    def changeable(self) -> np.ndarray:
        """Which places a baseline may replace, bool (*places)."""
        return np.ones(self.places, bool)

    def shared(self, values: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """Return numbers of parts (P,) spread evenly over the places of each."""
        counts = np.bincount(parts.ravel(), weights=self.changeable.ravel())
        return self.changeable * (values / np.maximum(counts, 1))[parts]

    def summed(self, attribution: np.ndarray) -> np.ndarray:
        """Return numbers of the point's shape summed to one for each place."""
        axes = tuple(range(len(self.places), attribution.ndim))
        return attribution.sum(axis=axes)

    def sized(self, gradient: np.ndarray) -> np.ndarray:
        """Return the Euclidean norm of a gradient at each place."""
        axes = tuple(range(len(self.places), gradient.ndim))
        return np.sqrt((gradient**2).sum(axis=axes))


def windows(size: int, share: float) -> Sequence[slice]:
    """Return windows over an axis, each a share of it, half a window apart.

    >>> windows(8, 0.5)
    [slice(0, 4, None), slice(2, 6, None), slice(4, 8, None)]
    """
    length = max(1, round(size * share))
    step = max(1, length // 2)
    starts = [*range(0, size - length, step), size - length]
    return [slice(start, start + length) for start in starts]


def reaching(rollout: np.ndarray, pooling: str) -> np.ndarray:
    """Return what of each place reaches the answer, (T,); a class token is not a place.

    >>> reaching(np.array([[0.5, 0.2, 0.3], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]]), "first").tolist()
    [0.2, 0.3]
    """
    return rollout[0, 1:] if pooling == "first" else rollout.mean(axis=0)
