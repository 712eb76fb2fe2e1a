"""`zoo evaluate --shift`: its options, and the table of corruptions."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.output import console, show_table
from zoo.errors import ArgumentError
from zoo.metrics.base import metric_named

Shift = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="Score corrupted copies of the test examples, too: all, or names of corruptions and of "
        "groups with commas between, such as noise,blur.",
    ),
]
ShiftExamples = Annotated[
    int | None,
    typer.Option("--examples", min=1, help="With --shift: so many examples, drawn at random."),
]


def check_shift(run: Any, shift: str | None, *, examples: int | None) -> None:
    """Check, before anything is computed, that a shift can be measured.

    Raises:
        ArgumentError: an option needs --shift, or the model has no corruptions.
        UnknownNameError: there is no corruption of that name.
        RunError: an ensemble.
    """
    if shift is None:
        if examples is not None:
            raise ArgumentError(
                "--examples belongs to --shift, which is not given.", fix="add --shift all"
            )
        return
    from recipes.runs.run import load_run
    from recipes.shift.measure import chosen_for

    chosen_for(load_run(run), shift)


def measured_shift(
    run: Any, scored: Any, how: Mapping[str, Any], *, picture: Path | None
) -> dict[str, Any]:
    """Return "shift", and "picture" where it is drawn; progress goes to stderr."""
    from rich.console import Console

    from recipes.shift.measure import shifted

    with Console(stderr=True).status("") as status:

        def tell(done: int, total: int, words: str) -> None:
            status.update(f"{done} of {total} scores; {words}")

        found = shifted(run, scored, progress=tell, **how)
    if picture is not None:
        from recipes.shift.figure import shift_png
        from zoo.files import write_bytes

        metric = metric_named(found["metric"], run.task.metrics)
        write_bytes(picture, shift_png(found, metric, name=run.name))
        return {"shift": found, "picture": str(picture)}
    return {"shift": found}


def show_shift(shift: Mapping[str, Any], run: Any) -> None:
    """Print a row for each corruption, the mean of all, and the hint."""
    name, metric = shift["metric"], metric_named(shift["metric"], run.task.metrics)
    calibrated = "ece" in shift["clean"]

    def end(mean: Mapping[str, float], difference: Mapping[str, Any]) -> tuple[str, ...]:
        told = metric.difference(difference["value"])
        ece = (f"{100 * mean['ece']:.1f} %",) if calibrated else ()
        return (metric.text(mean[name]), told, metric.difference_span(difference) or "–", *ece)

    rows = [
        (
            corruption,
            *(metric.text(cell[name]["value"]) for cell in found["severities"]),
            *end(found["mean"], found["difference"]),
        )
        for corruption, found in shift["corruptions"].items()
    ]
    rows.append(("mean of all", *[""] * 5, *end(shift["mean"], shift["difference"])))
    columns = ("corruption", *map(str, range(1, 6)), "mean", "from clean", "95 % interval")
    clean = {key: entry["value"] for key, entry in shift["clean"].items()}
    told = f", calibration error {100 * clean['ece']:.1f} %" if calibrated else ""
    title = (
        f"\n{name} of {shift['examples']:,} test examples by severity; "
        f"clean {metric.text(clean[name])}{told}"
    )
    show_table(title, (*columns, "mean ECE") if calibrated else columns, rows, spare=2)
    console.print(f"\n{shift['advice']}", soft_wrap=True)
