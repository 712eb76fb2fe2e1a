"""The numbers of a run, as the checks read them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

WINDOW = 3  # number of last epochs whose median counts as "at the end"
ANNEALED = 0.1  # of the highest learning rate: below, small steps are meant


@dataclass(frozen=True)
class Measured:
    """The curves of a run, one entry per epoch, and what `Probe` measured."""

    history: Sequence[Mapping[str, Any]]
    records: Sequence[Mapping[str, Any]]
    metric: str
    mode: str
    rate_factor: float = 1.0  # peak learning rate over the recipe's field

    def column(self, name: str) -> np.ndarray:
        """One value per epoch; NaN where it is missing or isn't a number."""
        return np.array([number(entry.get(name)) for entry in self.history], dtype="float64")

    def kernel(self, name: str) -> np.ndarray:
        """(records, kernels) in depth order."""
        return np.array(
            [[number(row[name]) for row in record["kernels"]] for record in self.records],
            dtype="float64",
        )

    @property
    def learning_rate(self) -> float:
        """The highest of the run; NaN where it wasn't recorded."""
        values = self.column("learning_rate")
        return float(np.nanmax(values)) if np.isfinite(values).any() else math.nan

    @property
    def steps(self) -> int | None:
        """Updates in an epoch; None where they were not recorded."""
        return self.records[-1].get("steps") if self.records else None


def rate_advice(run: Measured, factor: float) -> str:
    """Return the override that sets the learning rate to `factor` times the highest of the run."""
    if math.isfinite(run.learning_rate) and run.learning_rate > 0:
        return f"optimizer.learning_rate={run.learning_rate * factor / run.rate_factor:.2g}"
    return f"optimizer.learning_rate={factor:g} times what it was"


def number(value: Any) -> float:
    """Return NaN for every value that is not finite, infinity included: neither can be judged."""
    return float(value) if value is not None and math.isfinite(value) else math.nan


def finite(values: np.ndarray) -> np.ndarray:
    """Return the finite values."""
    return values[np.isfinite(values)]
