"""The values that a run was trained with, to compare with those that its recipe file holds now."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recipes.runs.splits import skip_flag
from recipes.values.architecture import keep
from recipes.values.load import dump_yaml, load_recipe, parse_yaml
from recipes.values.schema import Recipe
from zoo.errors import RunError, ZooError, command
from zoo.files import as_path, write_text
from zoo.tensor_files import read_metadata

RECIPE, CHECKPOINT = "recipe.yaml", Path("checkpoints") / "last.safetensors"
_WORDS = ("name", "summary", "expects", "format")  # change nothing in what is trained
_SHOWN = 5  # fields in a message
_JSON_LIMIT_BYTES = 50_000_000


def read_json(path: Path) -> Any:
    """Read a JSON file of a run, or raise RunError that names it."""
    try:
        if path.stat().st_size > _JSON_LIMIT_BYTES:
            raise ValueError("it is too large")
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(
            f"{path} cannot be read: {error}",
            expected="a file that `zoo train` wrote",
            fix="train again, or resume with --resume if the run was interrupted",
        ) from error


def trained_values(text: str, *, source: str) -> dict[str, Any]:
    """Return the values of a recipe's YAML that decide what is trained, by dotted path.

    They are compared as they were written, not as today's schema completes them: a field that a
    later version adds changes no old run.
    """
    values = parse_yaml(text, source=source)
    values = values if isinstance(values, dict) else {}
    return dict(_leaves({key: value for key, value in values.items() if key not in _WORDS}))


def as_begun(recipe: Recipe, folder: str | Path | None) -> Recipe:
    """Return the recipe with the values that a run took where they were left to kerazoo to choose.

    Args:
        recipe: that is trained.
        folder: of a run that may have begun; None where a new one is trained.
    """
    if folder is None or not recipe.automatic:
        return recipe
    file = as_path(folder) / RECIPE
    if not file.is_file():
        return recipe
    chosen = load_recipe(file)
    values = {
        "regularization.preset": chosen.regularization.preset,
        "training.batch_size": chosen.training.batch_size,
    }
    return recipe.with_values({path: values[path] for path in recipe.automatic})


def write_recipe(folder: Path, recipe: Recipe) -> None:
    """Write the recipe file of a run, and before it the model if that is not of the catalog."""
    keep(folder, recipe.model.name)
    write_text(folder / RECIPE, dump_yaml(recipe.resolved()))


def values_in(folder: Path) -> dict[str, Any] | None:
    """Return the values in the recipe file of a run; None where its folder keeps none."""
    path = folder / RECIPE
    if not path.exists():
        return None
    return trained_values(path.read_text(encoding="utf-8", errors="replace"), source=str(path))


def digest(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 of values in any order, 64 hex digits."""
    text = json.dumps(dict(values), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def checkpoint_state(folder: Path) -> dict[str, Any]:
    """Return what a run's last checkpoint holds besides numbers; empty where there is none."""
    if not (folder / CHECKPOINT).exists():
        return {}
    return json.loads(read_metadata(folder / CHECKPOINT).get("state", "{}"))


def check_unedited(folder: Path, *, sha256: str | None = None) -> None:
    """Check that a run's recipe file says what the run was trained with.

    Args:
        folder: of the run, begun or finished.
        sha256: digest of the values that a finished run was trained with, where it is known.

    Raises:
        RunError: it was edited; lists the fields, then and now.
    """
    now = values_in(folder)
    if now is None:
        return
    if sha256 is not None and digest(now) == sha256:
        return
    try:
        then = checkpoint_state(folder).get("recipe")  # 0.1.0 did not keep it
    except (ZooError, ValueError):  # a damaged checkpoint is for whoever reads its numbers
        then = None
    changed = _differences(then, now) if then else []
    if sha256 is None and not changed:
        return
    raise RunError(
        f"{folder / RECIPE} was edited after the run began"
        + (f": {'; '.join(changed)}." if changed else "."),
        expected="the values that the run was trained with",
        fix="put the old values back, or train the new ones in another folder: "
        + command("zoo", "train", folder / RECIPE, *skip_flag(folder)),
    )


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return one text for each field that differs, the first few where there are many."""
    missing = "not set"
    changed = [
        f"{field} was {then.get(field, missing)!s:.40} and is now {now.get(field, missing)!s:.40}"
        for field in dict.fromkeys([*then, *now])
        if then.get(field, missing) != now.get(field, missing)
    ]
    more = len(changed) - _SHOWN
    return changed[:_SHOWN] + ([f"and {more} more"] if more > 0 else [])


def _leaves(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            found += _leaves(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found
