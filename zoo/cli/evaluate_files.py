"""The files that `zoo evaluate` writes: every answer, and the examples that were answered wrongly."""

from pathlib import Path
from typing import Any


def check_files(run: Any, *, predictions: Path | None, mistakes: Path | None) -> None:
    """Check, before anything is computed, that the files can be written.

    Raises:
        RunError, ArgumentError: one exists, or the model has no such file.
    """
    from recipes.runs.mistakes import check_mistakes
    from recipes.runs.predictions import check_predictions

    if predictions is not None:
        check_predictions(predictions, run.assets)
    if mistakes is not None:
        check_mistakes(mistakes, run.assets)


def written_files(
    found: Any, run: Any, *, predictions: Path | None, mistakes: Path | None, most: int
) -> dict[str, Any]:
    """Write the files that were asked for, and return what a reader must know of them."""
    from recipes.runs.mistakes import save_mistakes
    from recipes.runs.predictions import write_predictions

    told: dict[str, Any] = {}
    if predictions is not None:
        write_predictions(predictions, found, run.assets)
        told["predictions"] = str(predictions)
    if mistakes is not None:
        wrong = save_mistakes(mistakes, found, run.assets, most=most)
        told["mistakes"] = {"folder": str(mistakes), "wrong": wrong}
    return told
