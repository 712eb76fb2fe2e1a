"""`zoo evaluate --by`: its option, and the table of groups."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.output import console, show_table
from zoo.metrics.base import metric_named

MOST_ROWS = 20

By = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Score each group of examples, too: by a column of the table, label, group or length; a+b "
        "for combinations. Give it several times, or names with commas between.",
    ),
]


def check_by(run: Any, by: list[str] | None, *, data: str | None) -> None:
    """Check, before anything is computed, that a table has the columns.

    Raises:
        ArgumentError, UnknownNameError: as `recipes.groups.measure.check_attributes`.
    """
    if by:
        from recipes.groups.measure import check_attributes

        check_attributes(run, by, data=data)


def measured_groups(
    run: Any, scored: Any, by: list[str], *, data: str | None, picture: Path | None
) -> dict[str, Any]:
    """Return "by", and "picture" where the groups are drawn."""
    from recipes.groups.measure import by_group

    found = by_group(run, scored, by, data=data)
    if picture is None:
        return {"by": found}
    from recipes.groups.figure import groups_png
    from zoo.files import write_bytes

    write_bytes(picture, groups_png(found, run.task.metrics, name=run.name))
    return {"by": found, "picture": str(picture)}


def show_groups(by: Mapping[str, Any], run: Any) -> None:
    """Print a table for each attribute, and its worst group."""
    for attribute, found in by.items():
        metric, rows = metric_named(found["metric"], run.task.metrics), found["groups"]
        shown = sorted(rows, key=lambda row: _rank(row, metric))[:MOST_ROWS]
        shown = [row for row in rows if row in shown]
        cells = [
            (
                row["group"],
                f"{row['examples']:,}",
                metric.text(row["value"]),
                metric.span(row) or "–",
                metric.difference(row["value"] - found["value"])
                if row["value"] is not None
                else "–",
            )
            for row in shown
        ]
        title = f"\n{metric.name} by {attribute}; of all {metric.text(found['value'])}"
        columns = (attribute, "examples", metric.name, "95 % interval", "from all")
        show_table(title, columns, cells, spare=1)
        if len(rows) > len(shown):
            more = len(rows) - len(shown)
            console.print(f"and {more:,} with better scores; --json lists them", soft_wrap=True)
        if found["worst"]:
            console.print(f"\n{worst_in_words(found['worst'], metric)}", soft_wrap=True)


def worst_in_words(worst: Mapping[str, Any], metric: Any) -> str:
    """Say which group is the worst, and how sure that is."""
    span = metric.span(worst)
    held = f" ({span}; it holds for all {worst['of']} groups at once)" if span else ""
    others = worst["from_others"]
    told = f"Worst: {worst['group']}, {metric.text(worst['value'])}{held}."
    if others["value"] is None:
        return told
    span = metric.difference_span(others)
    apart = metric.difference(others["value"]) + (f" ({span})" if span else "")
    ends = [others.get(end) for end in ("low", "high")]
    certain = None not in ends and max(metric.sign * end for end in ends) < 0
    unsure = "" if certain else " That may be chance."
    return f"{told} From the other groups: {apart}.{unsure}"


def _rank(row: Mapping[str, Any], metric: Any) -> tuple[bool, float]:
    return row["value"] is None, metric.sign * (row["value"] or 0.0)
