"""Metric: the name, direction, unit and format of a number; standard library only."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from zoo.errors import ArgumentError

MODES = ("max", "min")
PERCENT = ("share", "error rate")  # shown in per cent
NOT_A_NUMBER = "not a number"
OLD_METHOD = "bootstrap over examples"  # of intervals from 0.1.0, which do not say


@dataclass(frozen=True)
class Metric:
    """The properties of a metric.

    Args:
        name: key in `Task.score`, `metrics.json` and the history.
        mode: "max" or "min": which way is better.
        unit: "share" is in [0, 1] and "error rate" is 0 or more; both are shown in per cent. Any
            other unit ("nats", "points", "m") is written behind the number, and its values have no
            bounds. An empty unit is not written.
        label: for people; made from the name where it is empty.
        digits: after the decimal point.

    Raises:
        ArgumentError: the mode is neither "max" nor "min".

    >>> Metric("bleu", unit="points", label="BLEU", digits=1).text(34.27)
    '34.3 points'
    """

    name: str
    mode: str = "max"
    unit: str = "share"
    label: str = ""
    digits: int = 2

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ArgumentError(
                f"mode={self.mode!r} of metric {self.name!r} is neither max nor min.",
                expected='"max" where larger values are better, "min" where smaller ones are',
                fix="set mode to one of them",
            )
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " ").capitalize())

    @property
    def in_percent(self) -> bool:
        """Whether values are shown in per cent."""
        return self.unit in PERCENT

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest value that the unit allows."""
        lowest = 0.0 if self.in_percent else -math.inf
        return lowest, 1.0 if self.unit == "share" else math.inf

    @property
    def sign(self) -> int:
        """1 where larger values are better, -1 where smaller ones are."""
        return 1 if self.mode == "max" else -1

    def clip(self, value: float) -> float:
        """Return the value, moved to the nearest bound where it lies outside."""
        lowest, highest = self.bounds
        return min(max(value, lowest), highest)

    def text(self, value: float | None) -> str:
        """Write a value with its unit.

        >>> Metric("accuracy").text(0.9214), Metric("loss", "min", "nats", digits=4).text(0.25)
        ('92.14 %', '0.2500 nats')
        """
        if value is None or not math.isfinite(value):
            return NOT_A_NUMBER
        return self._number(value) + self._suffix

    def span(self, entry: Mapping[str, Any]) -> str:
        """Write the interval of an entry with "low" and "high"; empty where it has none.

        >>> Metric("accuracy").span({"low": 0.91, "high": 0.93})
        '91.00–93.00 %'
        """
        ends = entry.get("low"), entry.get("high")
        if any(end is None or not math.isfinite(end) for end in ends):
            return ""
        dash = " – " if min(ends) < 0 else "–"
        return dash.join(map(self._number, ends)) + self._suffix

    def difference(self, value: float) -> str:
        """Write the difference of two values; those of shares are points, not per cent.

        >>> Metric("accuracy").difference(0.0123), Metric("mae", "min", "m").difference(-0.5)
        ('1.23 points', '-0.50 m')
        """
        return self._of_differences.text(self._scaled(value))

    def difference_span(self, entry: Mapping[str, Any]) -> str:
        """Write the interval of a difference; empty where it has none.

        >>> Metric("accuracy").difference_span({"low": -0.001, "high": 0.02})
        '-0.10 – 2.00 points'
        """
        ends = {end: entry.get(end) for end in ("low", "high")}
        scaled = {end: None if v is None else self._scaled(v) for end, v in ends.items()}
        return self._of_differences.span(scaled)

    def widest(self, mean: float) -> float:
        """Return the widest interval around `mean` that still says enough to verify a run by.

        3 points of a share, a rate or a score from 0 to 100; a tenth of the mean in other units.
        """
        if self.in_percent:
            return 0.03
        return 3.0 if self.unit == "points" else 0.1 * abs(mean)

    def _scaled(self, value: float) -> float:
        """Return a difference in its own unit, rounded so that no "-0.00" is written."""
        return round(100 * value if self.in_percent else value, self.digits) + 0.0

    @property
    def _of_differences(self) -> "Metric":
        return replace(self, unit="points" if self.in_percent else self.unit)

    def _number(self, value: float) -> str:
        return f"{100 * value if self.in_percent else value:.{self.digits}f}"

    @property
    def _suffix(self) -> str:
        unit = "%" if self.in_percent else self.unit
        return f" {unit}" if unit else ""


def metric_named(name: str, metrics: Iterable[Metric]) -> Metric:
    """Return the metric of that name; one without a unit where none is declared.

    >>> metric_named("wer", [Metric("wer", "min", "error rate")]).text(1.2)
    '120.00 %'
    """
    for metric in metrics:
        if metric.name == name:
            return metric
    return Metric(name, unit="", digits=4)
