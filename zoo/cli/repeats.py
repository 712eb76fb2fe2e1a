"""`zoo train --folds` and `--seeds`."""

from collections.abc import Sequence
from typing import Any

from zoo import devices
from zoo.cli.output import console, show_json, show_metrics, show_table
from zoo.errors import ArgumentError, command


def train_several(
    recipe: str,
    overrides: Sequence[str] | None,
    *,
    folds: int | None,
    seeds: str | None,
    json: bool,
    alone: bool,
    **how: Any,
) -> None:
    """Train a recipe once per fold or seed, and print what the runs say together.

    Args:
        recipe, overrides: of `zoo train`.
        folds, seeds: as they were given.
        json: print the summary as one JSON document.
        alone: --continue was given, which is for a single run.
        **how: the other options.
    """
    if alone:
        raise ArgumentError(
            "--continue trains one run for more epochs.",
            expected="either --continue, or --folds or --seeds",
            fix="leave one of them out",
        )
    devices.load_tensorflow()  # quietly, before what follows loads Keras
    from recipes.repeats.repeat import repeat

    given = {"folds": folds, "seeds": None if seeds is None else _seeds(seeds)}
    found = repeat(recipe, *(overrides or []), **given, **how)
    if json:
        show_json({"path": str(found.path), **found.summary})
        return
    _show(found)


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError(
            f"--seeds {text!r} is not a list of whole numbers.",
            expected="numbers with commas between them",
            fix="write --seeds 1,2,3",
        ) from None


def _show(found: Any) -> None:
    from recipes.repeats.report import span_of_mean

    summary, metrics = found.summary, found.runs[0].task.metrics
    rows = [
        (run["name"], *(metric.text(run["metrics"][metric.name]) for metric in metrics))
        for run in summary["runs"]
    ]
    spread = [summary["metrics"][metric.name] for metric in metrics]
    both = list(zip(metrics, spread, strict=True))
    rows.append(("mean", *(metric.text(entry["mean"]) for metric, entry in both)))
    rows.append(("deviation", *(metric.difference(entry["deviation"]) for metric, entry in both)))
    rows.append(("95 % of mean", *(span_of_mean(entry, metric) for metric, entry in both)))
    title = f"{summary['recipe']}: {len(found.runs)} {found.kind}"
    show_table(title, ("run", *(metric.name for metric in metrics)), rows, spare=1)
    together = summary.get("out_of_fold") or summary.get("ensemble")
    if together:
        what = "all folds together" if "out_of_fold" in summary else "the mean of all runs"
        console.print(f"\n{what}, on {summary['examples']:,} test examples")
        show_metrics(together, metrics)
    if "gain" in summary:
        entry = summary["gain"][metrics[0].name]
        span = metrics[0].difference_span(entry)
        gain = metrics[0].difference(entry["value"]) + (f" ({span})" if span else "")
        console.print(f"\n{metrics[0].label}, gain over a single run: {gain}", soft_wrap=True)
    console.print(f"\nruns     {found.path}", soft_wrap=True)
    console.print(f"report   {found.path / 'report.html'}", soft_wrap=True)
    console.print(command("zoo", "evaluate", found.path), soft_wrap=True)
