"""The plan of a study and its folder, checked before anything is written or trained."""

import hashlib
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.runs.folder import check_free
from recipes.runs.trained import RECIPE, read_json
from recipes.values.load import dump_yaml, load_recipe
from recipes.values.schema import Recipe
from tuning.oracles.base import check_oracle
from tuning.space import Space, default_space, load_space
from tuning.trials import FOLDER, Trial
from zoo.data.load import folder_of
from zoo.errors import ArgumentError, RunError, ZooError, command
from zoo.files import as_path, write_text

STUDY, SPACE, BEST = "study.json", "space.yaml", "best_recipe.yaml"
MAX_TRIALS = 20  # where the oracle itself has no end
_PACKAGES = ("kerazoo", "keras-tuner", "keras", "tensorflow")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The plan of a study.

    Attributes:
        recipe: the starting point of the search.
        space: the fields that vary.
        oracle: name of the oracle that proposes values.
        seed: of the proposals; every trial trains with the recipe's own seed.
        max_trials: with the recipe itself; None lets the oracle end the search.
    """

    recipe: Recipe
    space: Space
    oracle: str
    seed: int
    max_trials: int | None

    def recipe_of(self, trial: Trial) -> Recipe:
        """Return the recipe of a trial; the first is the recipe as it is."""
        return self.recipe if trial.number == 1 else self.recipe.with_values(trial.values)


def make_plan(
    recipe: str | Path | Recipe,
    *overrides: str,
    folder: Path | None,
    resume: bool,
    space: str | Path | None,
    oracle: str | None,
    max_trials: int | None,
    seed: int | None,
) -> Plan:
    """Check all arguments; when resuming, against those that the study began with.

    Arguments left out keep, when resuming, their earlier values; otherwise they are the task's default
    space, "random", seed 0 and `MAX_TRIALS` (no limit for hyperband and grid, which end by themselves).

    Raises:
        ZooError: something does not fit; says what.
    """
    _check_numbers(max_trials, seed)
    base = load_recipe(recipe, *overrides)
    place = folder_of(base.data.name)  # kept in full: a study may be resumed from anywhere
    base = base.with_values({"data.name": str(place)}) if place else base
    old = read_plan(folder) if resume and folder else None
    if old:
        _check_same("recipe", _comparable(base), _comparable(old.recipe), folder)
        base = old.recipe
    if space is None and old:
        found = old.space
    else:
        found = load_space(default_space(base.task.name) if space is None else space, base)
    oracle = oracle or (old.oracle if old else "random")
    check_oracle(oracle, found)
    seed = seed if seed is not None else (old.seed if old else 0)
    if old:
        _check_same("space", found, old.space, folder)
        _check_same("oracle", oracle, old.oracle, folder)
        _check_same("seed", seed, old.seed, folder)
    if max_trials is None:
        endless = oracle in ("random", "bayesian")
        max_trials = old.max_trials if old else MAX_TRIALS if endless else None
    return Plan(recipe=base, space=found, oracle=oracle, seed=seed, max_trials=max_trials)


def check_study(folder: str | Path | None, *, resume: bool) -> Path | None:
    """Check that a folder is free for a study, or holds one that is to be resumed; write nothing.

    Returns:
        The folder; None where none was given.

    Raises:
        RunError: the folder is taken, or there is nothing to resume.
    """
    if folder is None:
        if resume:
            raise RunError(
                "There is no study to resume.", fix="name its folder: --study FOLDER --resume"
            )
        return None
    folder = as_path(folder)
    begun = (folder / STUDY).exists()
    if resume and not begun and not folder.is_file():
        raise RunError(
            f"{folder} holds no study to resume.",
            expected=f"a folder with {STUDY} in it",
            fix="give the folder that `zoo tune` named, or leave --resume out",
        )
    check_free(folder, begun=begun, resume=resume, what="study", option="--study")
    return folder


def write_plan(folder: Path, plan: Plan, *, facts: dict[str, Any]) -> None:
    """Write the plan of a study, and the `facts` found at its start (metric, mode, fingerprint)."""
    files = {RECIPE: plain_values(plan.recipe), SPACE: plan.space.to_dict()}
    texts = {name: dump_yaml(values) for name, values in files.items()}
    values = {
        "oracle": plan.oracle,
        "seed": plan.seed,
        "max_trials": plan.max_trials,
        **facts,
        "sha256": {name: _sha256(text.encode()) for name, text in texts.items()},
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES},
    }
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text(folder / name, text)
    write_text(folder / STUDY, json.dumps(values, indent=1))  # last: it makes the folder a study


def read_plan(folder: Path) -> Plan:
    """Read the plan of a study.

    Raises:
        RunError: one of its files was damaged or changed.
    """
    values = read_json(folder / STUDY)
    try:
        for name, digest in values["sha256"].items():
            if _sha256((folder / name).read_bytes()) != digest:
                raise ValueError(f"{name} is not the file that the study began with")
        recipe = load_recipe(folder / RECIPE)
        return Plan(
            recipe=recipe,
            space=load_space(folder / SPACE, recipe),
            oracle=values["oracle"],
            seed=values["seed"],
            max_trials=values["max_trials"],
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, ZooError) as error:
        raise RunError(
            f"{folder} was changed: {error}",
            expected=f"{STUDY}, {RECIPE} and {SPACE} as `zoo tune` wrote them",
            fix="restore them, or start another study",
        ) from error


def resume_command(folder: Path) -> str:
    """Return the command that continues a study."""
    return command("zoo", "tune", folder / RECIPE, "--study", folder, "--resume")


def plain_values(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe's values as a person would write them, without expanded presets or unset fields.

    The recorded result is left out: it is not part of the plan.
    """
    values = recipe.model_dump(exclude={"expects"})
    return {
        name: {key: item for key, item in value.items() if item is not None}
        if isinstance(value, dict)
        else value
        for name, value in values.items()
        if value is not None
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _comparable(recipe: Recipe) -> dict[str, Any]:
    return recipe.model_dump(exclude={"expects"})


def _check_same(what: str, given: Any, begun: Any, folder: Path) -> None:
    if given != begun:
        raise RunError(
            f"{folder} holds a study with a different {what} from the one given now.",
            expected=f"the {what} that it began with"
            + (f": {begun}" if isinstance(begun, str | int) else ""),
            fix=resume_command(folder),
        )


def _check_numbers(max_trials: int | None, seed: int | None) -> None:
    if max_trials is not None and max_trials < 1:
        raise ArgumentError(
            f"max_trials={max_trials} leaves nothing to try.",
            expected="1 or more; the first trial is the recipe as it is",
            fix="leave --max-trials out, or give a larger number",
        )
    if seed is not None and seed < 0:
        raise ArgumentError(
            f"seed={seed} is not a valid seed.", expected="0 or more", fix="give another --seed"
        )
