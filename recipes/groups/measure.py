"""Score a model in each group of the examples that it is scored on."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from recipes.groups.attributes import CROSS, RESERVED, Attributes, lengths, unknown_attribute
from recipes.runs.scored import Scored
from zoo.data.load import folder_of
from zoo.data.table_rows import table_columns
from zoo.errors import ArgumentError
from zoo.metrics.base import Metric
from zoo.metrics.comparisons import difference, simultaneous
from zoo.metrics.estimators import Estimator, Statistics, applying
from zoo.metrics.intervals import Sampling

FEWEST = 10  # examples of a group that may be called the worst


def attribute_names(by: str | Sequence[str]) -> list[str]:
    """Return the names of attributes that were asked for: one, several with commas between, or a list.

    Raises:
        ArgumentError: there is none, or one twice.

    >>> attribute_names("speaker,length")
    ['speaker', 'length']
    """
    listed = [by] if isinstance(by, str) else list(by)
    names = [name.strip() for each in listed for name in each.split(",")]
    if not names or "" in names or len(set(names)) < len(names):
        raise ArgumentError(
            f"by={','.join(listed)!r} is not a list of different attributes.",
            expected="names of columns of a table, or label, group or length, each once",
            fix="write them with commas between",
        )
    return names


def check_attributes(model: Any, by: str | Sequence[str], *, data: str | None = None) -> None:
    """Refuse a name that no column of a table has, before anything is computed.

    Of data that is not a table, `by_group` finds out.

    Args:
        model, by, data: as `by_group`.

    Raises:
        UnknownNameError, ArgumentError: as `by_group`.
    """
    names, recipe = attribute_names(by), _recipe(model, data)
    columns = table_columns(folder_of(recipe.data.name), recipe.data.arguments)
    if not columns:
        return
    known = list(dict.fromkeys([*columns, *RESERVED, *model.assets.y, *lengths(model.assets.x)]))
    for name in names:
        parts = [name] if name in known else [part.strip() for part in name.split(CROSS)]
        for part in parts:
            if part not in known:
                raise unknown_attribute(part, known)


def _recipe(model: Any, data: str | None) -> Any:
    return model.recipe if data is None else model.recipe.with_values({"data.name": data})


def by_group(
    model: Any, scored: Scored, by: str | Sequence[str], *, data: str | None = None
) -> dict[str, Any]:
    """Score the groups of one attribute or several, with 95 % intervals.

    Args:
        model: run or ensemble that was scored.
        scored: its answers.
        by: names of attributes, in a list or with commas between. "a+b" makes groups of combinations.
            An attribute is a column of the table that the data came from, "label", "group" (speakers,
            say) or "length" of the input. Numbers are cut at their quartiles.
        data: other data that was scored; None for the run's own.

    Returns:
        Attribute to {"metric", "value", "groups": [{"group", "examples", "value", "low", "high",
        "method", "metrics"}, …], "worst": {"group", "examples", "value", "low", "high", "method", "of",
        "gap", "from_others": entry}}. "metrics" holds the values of all metrics. The interval of the
        worst holds although it was picked among "of" groups; "gap" is its value less that of all
        examples, "from_others" the difference from all other groups together.

    Raises:
        UnknownNameError: there is no such attribute; names the nearest.
        ArgumentError: an attribute does not divide the examples into groups.
    """
    names, split = attribute_names(by), scored.found.split
    if len(split) != len(scored.predictions):
        raise ArgumentError(
            f"{model.name} is scored on pieces of its examples, which have no attributes.",
            expected="a model that answers once for each example, such as a classifier",
            fix="leave --by (by=) out",
        )
    attributes = Attributes.of(split, model.assets, _recipe(model, data), noun=scored.found.noun)
    # All are looked up before any is scored, so that a wrong name costs no time.
    divided = {name: attributes.groups(name) for name in names}
    scorer = _Scorer(model.task, scored)
    return {name: scorer.table(*groups) for name, groups in divided.items()}


class _Scorer:
    """Scores parts of what was scored."""

    def __init__(self, task: Any, scored: Scored):
        self.task, self.scored = task, scored
        self.statistics: Statistics = task.statistics(scored.predictions, scored.truths)
        self.metrics: list[Metric] = applying(task.metrics, task.estimators, self.statistics)
        self.metric = self.metrics[0]
        self.estimator: Estimator = task.estimators[self.metric.name]
        groups = scored.groups
        self.owners = None if groups is None else np.asarray(groups)

    def table(self, codes: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
        """Return the scores of all groups, and which is the worst."""
        rows = [self._row(codes == code, name) for code, name in enumerate(names)]
        return {
            "metric": self.metric.name,
            "value": float(self.estimator(self.statistics)),
            "groups": rows,
            "worst": self._worst(rows, codes),
        }

    def _part(self, own: np.ndarray) -> tuple[Statistics, Sampling]:
        part = {name: values[own] for name, values in self.statistics.items()}
        owners = None if self.owners is None else self.owners[own]
        return part, Sampling.of(int(own.sum()), owners, noun=self.scored.found.noun)

    def _row(self, own: np.ndarray, name: str) -> dict[str, Any]:
        part, sampling = self._part(own)
        values = {
            metric.name: _finite(float(self.task.estimators[metric.name](part)))
            for metric in applying(self.metrics, self.task.estimators, part)
        }
        entry = self._entry(float(self.estimator(part)), self.estimator.interval(part, sampling))
        return {"group": name, "examples": int(own.sum()), **entry, "metrics": values}

    def _entry(self, value: float, interval: Any) -> dict[str, Any]:
        entry = {"value": _finite(value)} | asdict(interval)
        for end in ("low", "high"):
            entry[end] = None if entry[end] is None else float(self.metric.clip(entry[end]))
        return entry

    def _worst(self, rows: Sequence[dict[str, Any]], codes: np.ndarray) -> dict[str, Any] | None:
        """Return the worst of the groups with enough examples, or of all where few have; or None."""
        valued = [code for code, row in enumerate(rows) if row["value"] is not None]
        enough = [code for code in valued if rows[code]["examples"] >= FEWEST]
        considered = enough if len(enough) > 1 else valued
        if len(considered) < 2:
            return None
        worst = min(considered, key=lambda code: self.metric.sign * rows[code]["value"])
        own, other = self._at_once(codes == worst, considered), codes != worst
        others = self._at_once(other, considered)
        whole = float(self.estimator(self.statistics))
        return {
            "group": rows[worst]["group"],
            "examples": rows[worst]["examples"],
            **own,
            "of": len(considered),
            "gap": _finite(own["value"] - whole),
            "from_others": difference(own, others),
        }

    def _at_once(self, own: np.ndarray, considered: Sequence[int]) -> dict[str, Any]:
        part, sampling = self._part(own)
        interval = simultaneous(self.estimator, part, sampling, of=len(considered))
        return self._entry(float(self.estimator(part)), interval)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
