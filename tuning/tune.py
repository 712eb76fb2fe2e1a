"""Tune a recipe: start a study, or continue it after an interruption."""

import contextlib
import time
from pathlib import Path
from typing import Any

from recipes.runs.folder import stopping_hint
from recipes.runs.trained import read_json
from recipes.values.load import load_recipe, with_keywords
from recipes.values.schema import Recipe
from tuning.plan import STUDY, Plan, check_study, make_plan, resume_command, write_plan
from tuning.session import Session
from tuning.study import Study
from tuning.workers.process import Executor
from zoo import devices
from zoo.errors import ArgumentError, RunError
from zoo.files import locked, reserve

_KEPT = "all trials so far, and the last checkpoint of this one"


def tune(
    recipe: str | Path | Recipe,
    *overrides: str,
    oracle: str | None = None,
    max_trials: int | None = None,
    max_minutes: float | None = None,
    space: str | Path | None = None,
    study: str | Path | None = None,
    resume: bool = False,
    seed: int | None = None,
    data_dir: str | None = None,
    progress: bool = True,
    **values: Any,
) -> Study:
    """Search for better values of a recipe's fields; validation decides, test is scored at the end.

    Each trial is a training run of the recipe with other values; the first is the unchanged recipe. The
    best trial's run is then completed, which scores the test split once.

    Args:
        recipe: name, YAML file, or recipe.
        *overrides: "key=value" texts, for every trial.
        oracle: "random", "bayesian", "hyperband" or "grid".
        max_trials: with the recipe itself; 20 by default, no limit for hyperband and grid.
        max_minutes: time limit; a trial that would end later is not started.
        space: YAML file of fields and ranges; the task's own by default.
        study: the folder; the next free "studies/NAME-N" by default.
        resume: continue the study in that folder, and its unfinished trial.
        seed: of the search, 0 by default; the same seed proposes the same trials.
        data_dir: folder of TFDS data; TFDS_DATA_DIR by default.
        progress: show the progress on stderr.
        **values: fields of the recipe by dotted path, for every trial.

    Raises:
        ZooError: an argument does not fit, or three trials failed in a row.

    >>> found = zoo.tune("image/digits-cnn", max_trials=8)  # doctest: +SKIP
    >>> zoo.train(found.recipe)  # doctest: +SKIP
    """
    deadline = _deadline(max_minutes)
    place = check_study(study, resume=resume)
    base = with_keywords(load_recipe(recipe, *overrides), values, tune)
    how = {"space": space, "oracle": oracle, "max_trials": max_trials, "seed": seed}
    plan = make_plan(base, folder=place, resume=resume, **how)
    with contextlib.closing(Executor()) as executor:
        executor.start()  # it loads TensorFlow while we do
        devices.load_tensorflow()  # Keras Tuner needs it: load it quietly
        facts = _describe(executor, plan, place, data_dir=data_dir, resume=resume)
        place = place or reserve(Path("studies"), plan.recipe.name.replace("/", "-"))
        with stopping_hint(place, holds=_KEPT, again=resume_command(place)), locked(place):
            write_plan(place, plan, facts=facts)
            session = Session(place, plan, executor, facts=facts, data_dir=data_dir, shown=progress)
            with contextlib.closing(session):
                ended = session.search(deadline)
                return session.finish(ended)


def _deadline(max_minutes: float | None) -> float:
    """Return the monotonic time after which no trial may run."""
    if max_minutes is not None and not max_minutes > 0:
        raise ArgumentError(
            f"max_minutes={max_minutes} is not a length of time.",
            expected="a number of minutes above 0",
            fix="give a larger --max-minutes, or leave it out",
        )
    return time.monotonic() + 60 * (max_minutes or float("inf"))


def _describe(
    executor: Executor, plan: Plan, folder: Path | None, *, data_dir: str | None, resume: bool
) -> dict[str, Any]:
    """Return metric, direction and data fingerprint; on resuming they must be as they were.

    This happens before anything is written: missing data leaves no empty study behind.
    """
    values = plan.recipe.model_dump(mode="json", exclude={"expects"})
    facts = executor.ask("describe", waiting=lambda: None, values=values, data_dir=data_dir)
    if not resume:
        return facts
    begun = read_json(folder / STUDY)
    if begun.get("fingerprint") != facts["fingerprint"]:
        raise RunError(
            f"The data of {plan.recipe.data.name} has changed since the study in {folder} began.",
            expected=f"fingerprint {begun.get('fingerprint')}, not {facts['fingerprint']}",
            fix="restore the data, or start another study",
        )
    return facts
