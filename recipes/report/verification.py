"""What a report shows of pairs that are of one person or of two: errors by threshold, and scores."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from recipes.report.theme import FIRST, MUTED, SECOND, plain
from zoo.metrics.verification import eer, error_rates

TICKS = (0.001, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
HIGHEST, POOR = (0.5, 0.9), 0.35  # rate that is drawn, and of equal errors, where it is the second
LEAST = 5e-4  # of a rate that is drawn: the scale has no place for 0
BINS = 41


@dataclass(frozen=True)
class Pairs:
    """The trials of the test split.

    Attributes:
        scores: cosines, (P,).
        same: whether of one person, (P,).
        threshold: that validation chose.
    """

    scores: np.ndarray
    same: np.ndarray
    threshold: float

    @property
    def alarms(self) -> float:
        """Share of the pairs of two people that are accepted at the threshold."""
        return float((self.scores[~self.same] > self.threshold).mean())

    @property
    def misses(self) -> float:
        """Share of the pairs of one person that are refused at the threshold."""
        return float((self.scores[self.same] <= self.threshold).mean())

    @property
    def told(self) -> str:
        """The rates at the threshold, in a sentence."""
        of_one, of_two = int(self.same.sum()), int((~self.same).sum())
        return (
            f"At the threshold of validation, {self.threshold:.3f}, {100 * self.misses:.1f} % of "
            f"the {of_one:,} pairs of one person are refused, and {100 * self.alarms:.1f} % of the "
            f"{of_two:,} pairs of two people are accepted."
        )


def detection_errors(axes: Axes, pairs: Pairs) -> None:
    """The DET curve (Martin et al. 1997): both errors as the threshold moves, on normal scales."""
    from scipy.stats import norm

    alarms, misses = error_rates(pairs.scores, pairs.same)
    rate = eer(pairs.scores, pairs.same)
    plain(axes)
    ends = norm.ppf([LEAST, HIGHEST[rate > POOR]])
    axes.plot(ends, ends, "-", color=MUTED, linewidth=1)
    axes.plot(*(norm.ppf(np.clip(r, LEAST, 1 - LEAST)) for r in (alarms, misses)), color=FIRST)
    axes.plot(
        *[norm.ppf(max(rate, LEAST))] * 2,
        "o",
        color=FIRST,
        label=f"equal errors {100 * rate:.1f} %",
    )
    chosen = [norm.ppf(np.clip(r, LEAST, 1 - LEAST)) for r in (pairs.alarms, pairs.misses)]
    axes.plot(*chosen, "x", color=SECOND, label="threshold of validation")
    places, names = norm.ppf(TICKS), [f"{100 * tick:g}" for tick in TICKS]
    axes.set_xticks(places, names)
    axes.set_yticks(places, names)
    axes.set(xlim=ends, ylim=ends, xlabel="false acceptances, %", ylabel="false rejections, %")
    axes.set_title("Errors by threshold")
    axes.legend(loc="upper right", fontsize=8)


def pair_scores(axes: Axes, pairs: Pairs) -> None:
    """How often which score occurs among pairs of one person and of two."""
    plain(axes)
    edges = np.linspace(pairs.scores.min(), pairs.scores.max() + 1e-9, BINS)
    how = {"bins": edges, "density": True, "alpha": 0.6}
    axes.hist(pairs.scores[pairs.same], color=FIRST, label="one person", **how)
    axes.hist(pairs.scores[~pairs.same], color=SECOND, label="two people", **how)
    axes.axvline(pairs.threshold, color=MUTED, linewidth=1)
    axes.set_title("Scores")
    axes.set(xlabel="cosine", ylabel="density")
    axes.legend(loc="upper left", fontsize=8)
