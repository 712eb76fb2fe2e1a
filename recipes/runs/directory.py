"""What a run directory holds, as the values of a `Run`."""

from pathlib import Path
from typing import Any

from recipes.runs.folder import resume_command
from recipes.runs.splits import METRICS
from recipes.runs.trained import RECIPE, check_unedited, read_json
from recipes.values.load import load_recipe
from zoo.columns.assets import Assets
from zoo.errors import RunError, check_format

ASSETS, WEIGHTS = "assets.json", "weights.safetensors"
FORMAT = 2  # of a run directory; 1, of 0.1.0, does not say so


def values_in_directory(path: Path) -> dict[str, Any]:
    """Return the arguments of `Run` for a folder that `zoo train` finished.

    Raises:
        RunError: it holds no finished run, or a file is missing or was changed.
    """
    if not (path / METRICS).exists():
        started = (path / RECIPE).exists()
        raise RunError(
            f"{path} holds {'an unfinished' if started else 'no'} run.",
            expected="a folder that `zoo train` finished",
            fix=resume_command(path)
            if started
            else "give the folder that `zoo train` named at its end",
        )
    metrics = read_json(path / METRICS)
    if isinstance(metrics, dict):
        check_format(str(path), metrics.get("format", 1), known=FORMAT)
    for name in (RECIPE, ASSETS, WEIGHTS):
        if not (path / name).is_file():
            raise RunError(
                f"{path} lacks {name}.",
                expected="a folder as `zoo train` left it",
                fix="copy the whole folder again, or train again",
            )
    assets = read_json(path / ASSETS)
    try:
        recipe = load_recipe(path / RECIPE)
        if "recipe_sha256" in metrics:
            check_unedited(path, sha256=metrics["recipe_sha256"])
        return {
            "name": str(path),
            "recipe": recipe,
            "assets": Assets.from_dict(assets),
            "metrics": metrics,
            "weights_path": path / WEIGHTS,
            "sha256": metrics["weights_sha256"],
            "path": path,
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{path / METRICS} or {ASSETS} beside it was changed: {error!r}",
            expected="files as `zoo train` wrote them",
            fix="copy the whole folder again, or train again",
        ) from error
