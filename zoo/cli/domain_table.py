"""`zoo evaluate --beside-own`: its option, and the table of other data and the run's own."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from zoo.cli.output import console, show_table
from zoo.metrics.base import metric_named

BesideOwn = Annotated[
    bool,
    typer.Option(
        help="With --data: score the run's own test examples, too, and give the differences from them."
    ),
]


def show_domain(result: Mapping[str, Any], run: Any) -> None:
    """Print both scores of each metric, and their difference."""
    own, rows = result["domain"]["own"], []
    for name, found in result["domain"]["differences"].items():
        metric = metric_named(name, run.task.metrics)
        told = "–" if found["value"] is None else metric.difference(found["value"])
        values = (entry["metrics"][name]["value"] for entry in (own, result))
        rows.append((name, *map(metric.text, values), told, metric.difference_span(found) or "–"))
    title = (
        f"\n{result['examples']:,} examples of {result['data']} beside the {own['examples']:,} test "
        f"examples of {own['data']}"
    )
    columns = ("metric", "own test", "other data", "difference", "95 % interval")
    show_table(title, columns, rows, spare=4)
    for note in own["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
