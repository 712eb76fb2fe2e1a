"""What a report shows of predicted numbers: predicted against true, and residuals."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from recipes.report.theme import FIRST, MUTED, SECOND, plain

MOST_POINTS = 2000  # drawn of a target; more are thinned evenly
BINS = 31  # of the histogram of residuals


@dataclass(frozen=True)
class Target:
    """The test answers of one target, in the unit of the data.

    Attributes:
        name: of the target.
        truth: (N,).
        guess: predictions, (N,).
        half_width: of prediction intervals; None where there are none.
        level: of coverage that the intervals are made for.
        calibrated_on: validation examples that they are made from.
        metrics: metric name to its entry with an interval; empty where it is the only target.
    """

    name: str
    truth: np.ndarray
    guess: np.ndarray
    half_width: float | None
    level: float
    calibrated_on: int
    metrics: dict[str, dict]

    @property
    def covered(self) -> float | None:
        """Share of the truths that lie in their prediction intervals; None without intervals."""
        if self.half_width is None:
            return None
        return float((np.abs(self.truth - self.guess) <= self.half_width).mean())


def worst(targets: list[Target], *, count: int) -> list[int]:
    """Return the examples with the largest errors, in deviations of each target, the worst first."""
    errors = [
        np.abs(target.truth - target.guess) / max(float(target.truth.std()), 1e-12)
        for target in targets
    ]
    return np.argsort(-np.max(errors, axis=0), kind="stable")[:count].tolist()


def agreement(axes: Axes, target: Target) -> None:
    """Predictions by truth; right ones lie on the diagonal, intervals within the dashed lines."""
    shown = _thinned(len(target.truth))
    plain(axes)
    low, high = (
        float(end(np.concatenate([target.truth, target.guess]))) for end in (np.min, np.max)
    )
    ends = np.array([low, high if high > low else low + 1])
    axes.plot(ends, ends, "-", color=MUTED, linewidth=1, label="right")
    if target.half_width is not None:
        label = f"{target.level:.0%} interval"
        for sign in (-1, 1):
            axes.plot(ends, ends + sign * target.half_width, "--", color=SECOND, lw=1, label=label)
            label = None
    axes.plot(*_points(target, shown), ".", color=FIRST, markersize=4, alpha=0.5)
    axes.set_title(f"{target.name}: predicted against true")
    axes.set(xlabel="true", ylabel="predicted")
    axes.legend(loc="upper left", fontsize=8)


def residuals(axes: Axes, target: Target) -> None:
    """Predicted minus true by prediction; a trend or a funnel says where the model errs."""
    shown = _thinned(len(target.truth))
    truth, guess = _points(target, shown)
    plain(axes)
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.plot(guess, guess - truth, ".", color=FIRST, markersize=4, alpha=0.5)
    axes.set_title(f"{target.name}: residuals")
    axes.set(xlabel="predicted", ylabel="predicted minus true")


def spread(axes: Axes, target: Target) -> None:
    """How often which residual occurs."""
    plain(axes)
    axes.hist(target.guess - target.truth, bins=BINS, color=FIRST, alpha=0.85)
    axes.axvline(0, color=MUTED, linewidth=1)
    axes.set_title(f"{target.name}: distribution of residuals")
    axes.set(xlabel="predicted minus true", ylabel="test examples")


def _points(target: Target, shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return target.truth[shown], target.guess[shown]


def _thinned(count: int) -> np.ndarray:
    return np.linspace(0, count - 1, min(count, MOST_POINTS)).astype(int)
