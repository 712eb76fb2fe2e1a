"""Which searched field the metric depends on, as far as the trials can tell."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuning.space import Field
from tuning.trials import Trial

FEWEST = 8  # completed trials; of fewer a forest says nothing
CREDIBLE = 0.1  # share of the variance explained out of bag, below which nothing is claimed
_TREES, _REPEATS = 300, 20


@dataclass(frozen=True)
class Importance:
    """What a random forest found in the trials.

    Attributes:
        shares: by field path, 0 or more, together 1 (all 0 where nothing matters).
        explained: share of the variance that the forest explains in trials that it has not seen
            (out of bag); 0 or less means that it has found nothing.
    """

    shares: dict[str, float]
    explained: float

    @property
    def credible(self) -> bool:
        """Whether the forest explains enough for its shares to be read."""
        return self.explained >= CREDIBLE


def importance(fields: Sequence[Field], trials: Sequence[Trial]) -> Importance | None:
    """Estimate how much each field matters: permutation importance in a random forest.

    The forest (2001, Breiman, doi 10.1023/A:1010933404324) predicts the rank of a trial's metric, so
    that a single trial that learnt nothing does not dominate. A field's share is how much of the
    explained variance is lost when its values are shuffled among the trials.

    Args:
        fields: searched; the trained epochs count as one more where they differ.
        trials: of a study; those that failed are left out.

    Returns:
        None with fewer than `FEWEST` completed trials, or where all have the same metric.
    """
    from scipy.stats import rankdata
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.inspection import permutation_importance

    done = [trial for trial in trials if trial.completed]
    metric = np.array([trial.value for trial in done])
    if len(done) < FEWEST or np.ptp(metric) == 0:
        return None
    columns = {field.path: codes(field, done) for field in fields}
    if len({trial.epochs for trial in done}) > 1:
        columns["training.epochs"] = np.array([trial.epochs for trial in done], dtype="float64")
    x, y = np.column_stack([*columns.values()]), rankdata(metric)
    forest = RandomForestRegressor(_TREES, oob_score=True, random_state=0).fit(x, y)
    found = permutation_importance(forest, x, y, n_repeats=_REPEATS, random_state=0)
    shares = np.maximum(found.importances_mean, 0)
    shares = shares / shares.sum() if shares.sum() else shares
    return Importance(dict(zip(columns, map(float, shares), strict=True)), float(forest.oob_score_))


def codes(field: Field, trials: Sequence[Trial]) -> np.ndarray:
    """Return a field's value in each trial as a number: places in a list for choices, logs for log."""
    values = [trial.values[field.path] for trial in trials]
    if field.choices:
        names = categories(field, values)
        return np.array([names.index(_text(value)) for value in values], dtype="float64")
    numbers = np.array([np.nan if v is None else v for v in values], dtype="float64")
    numbers = np.where(np.isnan(numbers), 0.0, numbers)  # the recipe had nothing there: off
    if field.sampling == "log":
        return np.log(np.maximum(numbers, field.low / 10))  # 0 is left of the range, not infinitely
    return numbers


def categories(field: Field, values: Sequence[Any]) -> list[str]:
    """Return the choices as text, and then the recipe's own value where it is not one of them."""
    names = [_text(choice) for choice in field.choices]
    return [*names, *dict.fromkeys(_text(v) for v in values if _text(v) not in names)]


def _text(value: Any) -> str:
    return json.dumps(value, default=str)
