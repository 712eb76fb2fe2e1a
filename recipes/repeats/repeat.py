"""Train a recipe several times, by folds or seeds, and say what the runs have in common."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from recipes.ensembles.ensemble import Ensemble
from recipes.ensembles.entry import FOLDS, write_entry
from recipes.objects import check_folds
from recipes.repeats.plan import Plan, claimed_set, finished, plan_in, plan_of
from recipes.repeats.report import write_report
from recipes.repeats.summary import SUMMARY, summarize
from recipes.runs.run import Run, load, load_run
from recipes.runs.trained import read_json
from recipes.training.train import CHECKPOINT_MINUTES, train
from recipes.values.load import load_recipe, with_keywords
from recipes.values.schema import Recipe
from zoo.data.load import folder_of
from zoo.errors import Interrupted, RunError
from zoo.files import write_text


@final
@dataclass(frozen=True)
class Repeats:
    """Several trained runs of one recipe.

    Attributes:
        path: the folder that holds them.
        kind: "folds" or "seeds".
        runs: one by one.
        summary: mean, spread and intervals of the test metrics, as in summary.json.
    """

    path: Path
    kind: str
    runs: tuple[Run, ...]
    summary: dict[str, Any]

    @property
    def ensemble(self) -> Ensemble:
        """The runs as one model; `zoo.load(path)` gives the same."""
        return load(self.path)


def repeat(
    recipe: str | Path | Recipe,
    *overrides: str,
    folds: int | None = None,
    seeds: Sequence[int] | None = None,
    run_dir: str | Path | None = None,
    resume: bool = False,
    smoke: bool = False,
    device: str | None = None,
    data_dir: str | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    progress: bool = True,
    **values: Any,
) -> Repeats:
    """Train a recipe once per fold, or once per seed, and write a summary of all runs.

    Args:
        recipe: name, YAML file, or recipe.
        *overrides: "key=value" texts.
        folds: parts that all examples of the data are divided into; each is the test split of one run.
        seeds: `training.seed` of each run; the test split is the same.
        run_dir: where the runs go; the next free "runs/NAME-folds-N" or "runs/NAME-seeds-N" by default.
        resume: continue in `run_dir`: finished runs are kept, the one that was stopped goes on from its
            last checkpoint.
        smoke, device, data_dir, download, skip_corrupt, checkpoint_minutes, progress: as `zoo.train`.
        **values: fields of the recipe by dotted path.

    Raises:
        ArgumentError, RecipeError, DataError, RunError, MachineError: the message says what to do.

    >>> zoo.repeat("image/digits-cnn", seeds=[1, 2, 3]).summary["metrics"]  # doctest: +SKIP
    """
    if resume and run_dir is None:
        raise RunError(
            "There are no runs to resume.", fix="name their folder: --run-dir FOLDER --resume"
        )
    recipe = with_keywords(load_recipe(recipe, *overrides), values, repeat)
    recipe = recipe.smoke() if smoke else recipe
    place = folder_of(recipe.data.name)  # kept in full, as that of a single run
    recipe = recipe.with_values({"data.name": str(place)}) if place else recipe
    plan = plan_of(recipe, folds=folds, seeds=seeds)
    where = {"data_dir": data_dir, "download": download, "skip_corrupt": skip_corrupt}
    how = {"device": device, "checkpoint_minutes": checkpoint_minutes, "progress": progress}
    how |= {"smoke": smoke}
    with claimed_set(plan, run_dir, resume=resume) as folder:
        if (folder / SUMMARY).exists():
            return load_repeats(folder)
        if plan.kind == FOLDS and not finished(folder, plan):
            check_folds(recipe, folds=len(plan.values), **where)  # all of them, before the first
        _train_all(plan, folder, **where, **how)
        return load_repeats(folder)


def _train_all(plan: Plan, folder: Path, **how: Any) -> None:
    """Train what is left of a plan and write what the runs say together.

    Raises:
        Interrupted: Ctrl-C; the message says how to continue.
    """
    try:
        runs = [_trained(plan, number, folder, **how) for number in range(len(plan.values))]
        _write(folder, plan, runs, data_dir=how["data_dir"])
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted(
            f"Stopped. {folder} holds {len(finished(folder, plan))} of {len(plan.values)} finished "
            "runs.",
            fix=f"continue with: {plan.resume_command(folder)}",
        ) from None


def _trained(plan: Plan, number: int, folder: Path, **how: Any) -> Run:
    """Train one run of a plan, counted from 0, or what is left of it."""
    from recipes.training.progress import show_notes

    name = plan.names[number]
    if how["progress"]:
        show_notes([f"{name.replace('-', ' ')} ({number + 1} of {len(plan.names)})"])
    begun = (folder / name).exists()
    return train(plan.recipe_of(plan.values[number]), run_dir=folder / name, resume=begun, **how)


def _write(folder: Path, plan: Plan, runs: Sequence[Run], *, data_dir: str | None) -> None:
    """Write the summary, the report and the file of the ensemble; the summary comes last."""
    summary = summarize(plan, runs, data_dir=data_dir)
    write_report(folder, plan, summary)
    write_entry(folder, runs, kind=plan.kind)
    write_text(folder / SUMMARY, json.dumps(summary, indent=1, allow_nan=False) + "\n")


def load_repeats(folder: Path) -> Repeats:
    """Read a folder of several runs that are all trained."""
    plan = plan_in(folder)
    runs = tuple(load_run(folder / name) for name in plan.names)
    return Repeats(folder, plan.kind, runs, read_json(folder / SUMMARY))
