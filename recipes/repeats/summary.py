"""What several runs of one recipe say together: mean, spread, intervals."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from recipes.ensembles.ensemble import aligned, mean_of, out_of_fold
from recipes.ensembles.entry import FOLDS
from recipes.repeats.plan import Plan
from recipes.runs.run import Run
from recipes.runs.scored import Scored
from zoo.metrics.base import Metric
from zoo.metrics.estimators import applying
from zoo.metrics.intervals import Sampling, bootstrap, mean_interval

SUMMARY, FORMAT = "summary.json", 1


def summarize(plan: Plan, runs: Sequence[Run], *, data_dir: str | None = None) -> dict[str, Any]:
    """Return the test metrics of all runs and what they have in common, as JSON values.

    Args:
        plan: of the runs.
        runs: trained, in its order.
        data_dir: folder of TFDS data, from which the test examples are read again.

    Returns:
        {"format", "kind", "recipe", "task", "runs", "metrics", "examples", …}. "metrics" holds mean,
        standard deviation and the interval of the mean. Folds have "out_of_fold": the metrics of all
        predictions together, each by the model that had not seen the example. Seeds have "ensemble",
        the metrics of the mean prediction, and "gain": the ensemble's lead over a single run.
    """
    task = runs[0].task
    held = set.intersection(*(set(run.metrics["metrics"]) for run in runs))
    measures = {metric.name: metric for metric in task.metrics if metric.name in held}
    parts = [run.scored(data_dir=data_dir) for run in runs]
    overlap = 1 / (len(runs) - 1) if plan.kind == FOLDS else 0.0  # test over training examples
    return {
        "format": FORMAT,
        "kind": plan.kind,
        "recipe": plan.recipe.name,
        "task": task.name,
        "runs": [
            {
                "name": name,
                "value": value,
                "examples": run.metrics["examples"],
                "seconds": run.metrics["seconds"],
                "metrics": {k: entry["value"] for k, entry in run.metrics["metrics"].items()},
            }
            for name, value, run in zip(plan.names, plan.values, runs, strict=True)
        ],
        "metrics": {
            name: _spread([run.metrics["metrics"][name]["value"] for run in runs], metric, overlap)
            for name, metric in measures.items()
        },
        **(
            _of_folds(task, parts)
            if plan.kind == FOLDS
            else {"examples": len(parts[0].predictions)}
        ),
        **(_of_seeds(task, parts) if plan.kind != FOLDS and runs[0].assets.outputs else {}),
    }


def _spread(values: Sequence[float], metric: Metric, overlap: float) -> dict[str, Any]:
    """Return mean, standard deviation and the interval of the mean."""
    low, high = mean_interval(values, metric, overlap=overlap)
    method = f"Student's t over {len(values)} runs"
    return {
        "mean": math.fsum(values) / len(values),
        "deviation": float(np.std(values, ddof=1)),
        "low": low,
        "high": high,
        "method": method + (", corrected for shared training examples" if overlap else ""),
    }


def _of_folds(task: Any, parts: Sequence[Scored]) -> dict[str, Any]:
    whole = out_of_fold(parts)
    return {"examples": len(whole.predictions), "out_of_fold": whole.intervals(task)}


def _of_seeds(task: Any, parts: Sequence[Scored]) -> dict[str, Any]:
    """Return the metrics of the mean prediction, and its lead over a single run."""
    parts = aligned(parts)
    if parts is None:  # the data changed while the runs were trained
        return {}
    mean = mean_of(parts)
    return {"ensemble": mean.intervals(task), "gain": gains(task, mean, parts)}


def gains(task: Any, mean: Scored, parts: Sequence[Scored]) -> dict[str, dict[str, Any]]:
    """Return the ensemble's metrics minus the mean of its members', with paired intervals.

    The examples are resampled, the same for the ensemble and all members.

    Args:
        task: of the members.
        mean: of `mean_of`.
        parts: of `aligned`.
    """
    ours = task.statistics(mean.predictions, mean.truths)
    theirs = [task.statistics(part.predictions, part.truths) for part in parts]
    sampling = Sampling.of(len(mean.predictions), mean.groups, noun=mean.found.noun)
    found = {}
    for metric in applying(task.metrics, task.estimators, ours):
        estimator = task.estimators[metric.name]

        def lead(weights: np.ndarray | None, of: Any = estimator) -> np.ndarray:
            return of(ours, weights) - np.mean([of(one, weights) for one in theirs], axis=0)

        value = float(lead(None))
        ends = {"low": None, "high": None, "method": "none"}
        if estimator.resampled and math.isfinite(value):
            interval = bootstrap(lead, value, sampling)
            ends = {
                "low": interval.low,
                "high": interval.high,
                "method": f"paired {interval.method}",
            }
        found[metric.name] = {"value": value, **ends}
    return found
