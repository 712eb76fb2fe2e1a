"""`zoo evaluate --against`: other data beside the test examples, and the table of scores."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.output import console, show_table
from zoo.errors import ArgumentError

Against = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="How well scores tell the test examples from other data: data sets, folders or tables "
        "with commas between. Their classes do not matter.",
    ),
]


def check_against(run: Any, against: str | None, *, tta: int) -> None:
    """Check, before anything is computed, that a run can be compared with other data.

    Raises:
        ArgumentError: the run has several inputs or no classes, or an option does not suit.
        RunError: an ensemble.
    """
    if against is None:
        return
    from recipes.out_of_distribution.answers import check_model
    from recipes.out_of_distribution.measure import names_of
    from recipes.runs.run import load_run

    names_of(against)
    check_model(load_run(run))
    if tta:
        raise ArgumentError(
            "--against scores inputs as they are, without views.", fix="leave --tta out"
        )


def measured_against(
    run: Any, scored: Any, how: Mapping[str, Any], *, picture: Path | None
) -> dict[str, Any]:
    """Return "against", and "picture" where it is drawn; progress goes to stderr."""
    from rich.console import Console

    from recipes.out_of_distribution.measure import compared_with

    with Console(stderr=True).status("") as status:
        found, values = compared_with(run, scored, progress=status.update, **how)
    if picture is not None:
        from recipes.out_of_distribution.figure import scores_png
        from zoo.files import write_bytes

        write_bytes(picture, scores_png(found, values, name=run.name))
        return {"against": found, "picture": str(picture)}
    return {"against": found}


def show_against(found: Mapping[str, Any]) -> None:
    """Print a row for each set and score, and the notes."""
    rows = []
    for name, other in found["sets"].items():
        for score, told in other["scores"].items():
            auroc, aupr = told["auroc"], told["aupr"]
            span = "–" if auroc["low"] is None else f"{auroc['low']:.3f}–{auroc['high']:.3f}"
            rows.append(
                (
                    *(
                        (name, f"{other['examples']:,}")
                        if score == next(iter(other["scores"]))
                        else ("", "")
                    ),
                    score,
                    f"{auroc['value']:.3f}",
                    span,
                    f"{100 * told['fpr_at_95_tpr']['value']:.1f} %",
                    f"{aupr['value']:.3f}",
                    f"{aupr['chance']:.3f}",
                )
            )
    columns = ("other data", "examples", "score", "AUROC", "95 % interval", "FPR at 95 % TPR")
    title = f"\n{found['examples']:,} test examples (positives) against other data"
    show_table(title, (*columns, "AUPR", "by chance"), rows, spare=1)
    console.print("AUROC 0.5 is chance; 1 tells every example of the other data apart.")
    for note in found["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
