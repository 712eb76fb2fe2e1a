"""`--picture` of `zoo evaluate`, which several of its tables share."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.errors import ArgumentError
from zoo.files import check_new_png

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
