"""`zoo predict --masks`: the class of each pixel as files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

Masks = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Of a segmentation: write the class of each pixel, and the picture with the classes over "
        "it, to a new or empty folder.",
    ),
]


def method(run: Any, folder: Path | None, usual: Callable[..., Any]) -> Callable[..., Any]:
    """Return what gives the results of a run: the usual method, or one that also writes masks.

    Raises:
        ArgumentError, RunError: the run gives no masks, or the folder is not empty.
    """
    if folder is None:
        return usual
    from recipes.runs.masks import check_masks

    check_masks(run, folder)
    return partial(_masked, run, folder)


def _masked(
    run: Any,
    folder: Path,
    inputs: list[Any],
    *,
    keep_going: bool,
    batch_size: int,
    column: str | None,
    **others: Any,
) -> Any:
    from recipes.runs.masks import predict_masks
    from recipes.runs.predict import Reading
    from zoo.errors import ArgumentError

    given = [name for name, value in others.items() if value not in (None, False, 0)]
    if given:
        raise ArgumentError(
            f"--{given[0]} does not go with --masks.", fix=f"leave --{given[0]} out"
        )
    return predict_masks(run, inputs, folder, reading=Reading(batch_size, column, keep_going))
