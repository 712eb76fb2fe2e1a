"""Compare trained models: paired tests on the examples that they were tested on."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from recipes.comparison.paired import better, difference, mcnemar
from recipes.ensembles.ensemble import Ensemble
from recipes.runs.run import Run, load
from recipes.runs.scored import Scored, example_keys, same_order
from zoo.errors import ArgumentError, RunError, command
from zoo.metrics.base import Metric
from zoo.metrics.estimators import applying, scores
from zoo.metrics.intervals import Sampling


def compare(
    *targets: str | Path | Run | Ensemble,
    data: str | Path | None = None,
    data_dir: str | None = None,
    batch_size: int = 256,
) -> dict[str, Any]:
    """Compare two or more trained models on the same test examples.

    Args:
        *targets: run directories, folders of ensembles, weight names or recipe names.
        data: other data to score them on; None takes the examples that they were tested on, which
            must be the same.
        data_dir: folder of TFDS data; TFDS_DATA_DIR by default.
        batch_size: examples per prediction step.

    Returns:
        {"models", "task", "examples", "drawn", "metrics", "pairs", "notes"}. "metrics" holds the values
        of each model by metric. A pair has "first", "second", "differences" (first minus second, with
        paired bootstrap intervals), "mcnemar" (the exact test; None for other tasks and for
        examples in groups), "better" (a name, or None) and "verdict", a sentence. Several pairs are
        corrected for their number.

    Raises:
        ArgumentError: fewer than two models.
        RunError: they have other tasks or classes, or were tested on different examples.

    >>> zoo.compare("runs/a", "cnn_small.digits")["pairs"][0]["verdict"]  # doctest: +SKIP
    """
    if len(targets) < 2:
        raise ArgumentError(
            "A comparison takes two models or more.",
            expected="run directories, folders of ensembles, weight names or recipe names",
            fix="zoo compare RUN RUN",
        )
    models = [load(target) for target in targets]
    _check_tasks(models)
    how = {"data": data, "data_dir": data_dir, "batch_size": batch_size}
    parts = _paired(models, [model.scored(**how) for model in models], data=data)
    return _compared(models[0].task, _labels(models), parts)


def _compared(task: Any, names: Sequence[str], parts: Sequence[Scored]) -> dict[str, Any]:
    """Return the comparison of what several models predict for the same examples."""
    first = parts[0]
    statistics = [task.statistics(part.predictions, part.truths) for part in parts]
    sampling = Sampling.of(len(first.predictions), first.groups, noun=first.found.noun)
    found = [scores(task.metrics, task.estimators, one) for one in statistics]
    pairs = list(itertools.combinations(range(len(parts)), 2))
    return {
        "models": list(names),
        "task": task.name,
        "examples": len(first.predictions),
        "drawn": sampling.what,
        "metrics": {name: [one[name] for one in found] for name in found[0]},
        "pairs": [
            _pair(
                task,
                (names[i], names[j]),
                (statistics[i], statistics[j]),
                sampling,
                comparisons=len(pairs),
            )
            for i, j in pairs
        ],
        "notes": _notes(parts, sampling, comparisons=len(pairs)),
    }


def _labels(models: Sequence[Run | Ensemble]) -> list[str]:
    """Return the models' names, numbered where two are the same."""
    names = [model.name for model in models]
    return [
        f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def _check_tasks(models: Sequence[Run | Ensemble]) -> None:
    """Raise RunError unless all models answer the same question."""
    first = models[0]
    for other in models[1:]:
        for what, ours, theirs in (
            ("task", first.task.name, other.task.name),
            ("targets", first.assets.outputs, other.assets.outputs),
        ):
            if ours != theirs:
                raise RunError(
                    f"{first.name} and {other.name} differ in their {what}: {_short(ours)}, and "
                    f"{_short(theirs)}.",
                    expected=f"models with the same {what}",
                    fix="compare models that were trained for the same question",
                )


def _short(value: str | Sequence[str]) -> str:
    if isinstance(value, str):
        return value
    return ", ".join(value[:6]) + (f" … ({len(value)})" if len(value) > 6 else "")


def _paired(
    models: Sequence[Run | Ensemble], parts: Sequence[Scored], *, data: str | Path | None
) -> list[Scored]:
    """Return what the models predict, in the order of the first one's examples.

    Raises:
        RunError: the examples are not the same.
    """
    first, keys = parts[0], example_keys(parts[0].found)
    found = [first]
    for model, part in zip(models[1:], parts[1:], strict=True):
        others = example_keys(part.found)
        order = same_order(keys, others)
        units = len(part.predictions) != len(others) or len(first.predictions) != len(keys)
        if order is None:
            shared = len(set(keys) & set(others))
            raise RunError(
                f"{models[0].name} and {model.name} were tested on different examples: "
                f"{len(keys):,} and {len(others):,}, of which {shared:,} are the same.",
                expected="models with the same test split: the same data, and the same fold if any",
                fix="score all of them on other data: "
                + command("zoo", "compare", *(one.name for one in models), "--data", "FOLDER"),
            )
        if units and (keys != others or not _same_truths(first, part)):
            raise RunError(
                f"{models[0].name} and {model.name} divide texts differently, so that their "
                "predictions are not those of the same parts.",
                expected="models with the same tokenizer and context length",
                fix="compare what zoo evaluate says of each",
            )
        found.append(part if units else part.take(order))
    return found


def _same_truths(one: Scored, other: Scored) -> bool:
    return all(np.array_equal(one.truths[name], other.truths[name]) for name in one.truths)


def _pair(
    task: Any,
    names: tuple[str, str],
    statistics: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]],
    sampling: Sampling,
    *,
    comparisons: int,
) -> dict[str, Any]:
    """Return the comparison of two models."""
    differences = {}
    for metric in applying(task.metrics, task.estimators, statistics[0]):
        estimator = task.estimators[metric.name]
        value, interval = difference(estimator, *statistics, sampling, comparisons=comparisons)
        differences[metric.name] = {"value": value, **asdict(interval)}
    test = None
    right = [one.get("right") for one in statistics]
    alone = sampling.codes is None
    if alone and all(r is not None and np.ndim(r) == 1 and np.isfinite(r).all() for r in right):
        test = mcnemar(*right, comparisons=comparisons)
    metric = task.metrics[0]
    who = better(metric, differences[metric.name], test)
    place = {"first": 0, "second": 1}
    return {
        "first": names[0],
        "second": names[1],
        "differences": differences,
        "mcnemar": test,
        "better": names[place[who]] if who else None,
        "verdict": _verdict(metric, names, differences[metric.name], test, who),
    }


def _verdict(
    metric: Metric,
    names: tuple[str, str],
    entry: Mapping[str, Any],
    test: Mapping[str, Any] | None,
    who: str | None,
) -> str:
    """Say in a sentence which model is better."""
    value = entry["value"]
    if not math.isfinite(value):
        return f"{metric.label} has no difference, as a model gives no finite numbers."
    p = f"; p = {test['p']:.2g}" if test else ""
    if who is None:
        span = metric.difference_span(entry)
        held = f" ({span}{p})" if span else ""
        what = f"{metric.label}: {names[0]} minus {names[1]} is {metric.difference(value)}{held}"
        return f"No clear difference. {what}."
    winner, loser = names if who == "first" else names[::-1]
    ends = sorted(abs(entry[end]) for end in ("low", "high"))
    span = metric.difference_span(dict(zip(("low", "high"), ends, strict=True)))
    lead = f"{metric.difference(abs(value))} ({span}{p})"
    return f"{metric.label}: {winner} is better than {loser} by {lead}."


def _notes(parts: Sequence[Scored], sampling: Sampling, *, comparisons: int) -> list[str]:
    notes = list(dict.fromkeys(note for part in parts for note in part.found.notes))
    if sampling.codes is not None:
        notes.append(
            f"Intervals resample {sampling.what}; McNemar's test, which takes examples to be "
            "independent, is left out."
        )
    if comparisons > 1:
        notes.append(
            f"Corrected for {comparisons} comparisons (Bonferroni): all intervals hold together with "
            "95 %."
        )
    return notes
