"""`zoo data A --compare B`: do two data sets differ, and in what?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli.output import console, show_json, show_table
from zoo.cli.picture_option import check_picture
from zoo.errors import ArgumentError

Compare = Annotated[
    str | None,
    typer.Option(
        metavar="OTHER",
        help="Test whether another data set, folder or table differs from this one, and say in what.",
    ),
]


def show_comparison(
    name: str,
    other: str,
    *,
    refused: Mapping[str, Any],
    data_dir: str | None,
    picture: Path | None,
    json: bool,
) -> None:
    """Compare two data sets, and print or draw the result.

    Args:
        name, other: as `zoo.compare_data` takes them.
        refused: options that do not suit a comparison, by how they are written; given ones are an error.
        data_dir, picture, json: of the command.

    Raises:
        ArgumentError: one of `refused` was given, or `picture` is not the name of one.
    """
    given = [option for option, value in refused.items() if value]
    if given:
        raise ArgumentError(
            f"--compare does not go with {', '.join(given)}.",
            expected="two data sets, folders or tables, which are taken as they are",
            fix=f"leave {given[0]} out",
        )
    check_picture(picture, of=1)
    found = _compared(name, other, data_dir, picture)
    if json:
        show_json(found)
    else:
        _show(found)


def _compared(name: str, other: str, data_dir: str | None, picture: Path | None) -> dict[str, Any]:
    from rich.console import Console

    from recipes.drift.compare import compared

    with Console(stderr=True).status("") as status:
        found, columns = compared(name, other, data_dir=data_dir, progress=status.update)
    if picture is not None:
        from recipes.drift.figure import difference_png
        from zoo.files import write_bytes

        write_bytes(picture, difference_png(found, columns))
        found["picture"] = str(picture)
    return found


def _show(found: Mapping[str, Any]) -> None:
    """Print the verdict, a row for each column, and what changed in words."""
    first, second, test = found["first"], found["second"], found["test"]
    sizes = " and ".join(
        f"{one['name']} ({one['taken']:,} of {one['examples']:,} examples)"
        for one in (first, second)
    )
    verdict = "They differ" if found["differ"] else "No difference was found"
    console.print(f"{sizes}\n", soft_wrap=True)
    what = "AUROC" if test["name"] == "classifier" else test["name"]
    console.print(
        f"{verdict}. All columns together: {what} {test['statistic']:.3f}, p {_p(test['p_holm'])}.\n",
        soft_wrap=True,
    )
    rows = [
        (
            name,
            column["kind"],
            column["test"],
            f"{column['statistic']:.3f}",
            _p(column["p_holm"]),
            "yes" if column["changed"] else "no",
        )
        for name, column in found["columns"].items()
    ]
    columns = ("column", "holds", "test", "statistic", "p (Holm)", "changed")
    show_table("", columns, rows, spare=1)
    for name, column in found["columns"].items():
        for words in column["words"]:
            console.print(f"{name}: {words}", soft_wrap=True)
    for note in found["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
    if "picture" in found:
        console.print(f"\npicture      {found['picture']}", soft_wrap=True)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
