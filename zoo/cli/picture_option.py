"""`--picture` of `zoo evaluate`, which several of its tables share."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.errors import ArgumentError, RunError

Picture = Annotated[
    Path | None,
    typer.Option(help="With --shift, --by or --against: draw it into a new .png file."),
]


def check_picture(picture: Path | None, *, of: int) -> None:
    """Check that a picture can be drawn.

    Args:
        picture: its file; None for none.
        of: number of tables that were asked for and have a picture.

    Raises:
        ArgumentError: there is nothing to draw, or more than one thing; or the name ends in another way.
        RunError: the file exists.
    """
    if picture is None:
        return
    if of != 1:
        raise ArgumentError(
            "--picture belongs to --shift, --by or --against, which is not given."
            if not of
            else "--picture draws one figure, of --shift, of --by or of --against.",
            expected="one of the three beside --picture",
            fix="run the command once for each" if of else "add one, or leave --picture out",
        )
    check_new_png(picture)


def check_new_png(picture: Path) -> None:
    """Check that a picture has the name of one, and does not exist yet.

    Raises:
        ArgumentError: the name ends in another way.
        RunError: the file exists.
    """
    if picture.suffix.lower() != ".png":
        raise ArgumentError(
            f"{picture} is not the name of a picture.",
            expected="a name that ends in .png",
            fix="give another --picture",
        )
    if picture.exists():
        raise RunError(f"{picture} already exists; it was not changed.", fix="give another name")
