"""From files or arrays to what the model says of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import DataError

if TYPE_CHECKING:
    from recipes.run import Run


def predict(
    target: Any, inputs: Sequence[str | Path | np.ndarray], *, batch_size: int = 64
) -> list[dict[str, Any]]:
    """Predict with a run, a shipped weight or a recipe's weight.

    Args:
        target: run directory, weight name or recipe name.
        inputs: paths of files, or arrays as a dataset gives them.
        batch_size: of prediction.

    Returns:
        One {"file", "task", "predictions"} for each input; predictions are typed by the task.

    >>> zoo.predict("cnn_small.digits", ["seven.png"])[0]["predictions"][0]  # doctest: +SKIP
    {'label': '7', 'probability': 0.999}
    """
    from recipes.run import load

    return load(target).predict(inputs, batch_size=batch_size)


def predict_inputs(
    run: "Run", inputs: Sequence[str | Path | np.ndarray], *, batch_size: int
) -> list[dict[str, Any]]:
    """Encode inputs with the code that training used, run the model, and describe the outcome."""
    if isinstance(inputs, str | Path | np.ndarray):
        inputs = [inputs] if not isinstance(inputs, np.ndarray) or inputs.ndim < 4 else list(inputs)
    for item in inputs:  # at once, before Keras is loaded
        if isinstance(item, str | Path):
            _check_file(Path(item).expanduser())
    # All are read before anything is run; only what the model takes is kept of each.
    encoded = [run.task.encode(_example(run, item), run.assets, None)[0] for item in inputs]
    results = []
    for start in range(0, len(encoded), batch_size):
        chunk = encoded[start : start + batch_size]
        x = {name: np.stack([item[name] for item in chunk]) for name in run.assets.x}
        predictions = run.task.decode(run.model, x, run.assets)
        for item, prediction in zip(inputs[start : start + batch_size], predictions, strict=True):
            results.append(
                {
                    "file": str(item) if isinstance(item, str | Path) else None,
                    "task": run.task.name,
                    "predictions": run.task.describe(prediction, run.assets),
                }
            )
    return results


def _example(run: "Run", item: str | Path | np.ndarray) -> dict[str, Any]:
    (name,) = run.assets.x  # every task so far takes one input
    if isinstance(item, np.ndarray):
        return {name: item}
    from zoo.data.images import read_image

    return {name: read_image(Path(item).expanduser())}


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise DataError(
            f"{path} is no file.",
            expected="image files: png, jpg, webp, bmp, gif",
            fix="check the path; for a folder, give its files: FOLDER/*.png",
        )
