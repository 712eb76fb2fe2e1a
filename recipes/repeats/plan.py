"""Which runs of one recipe are trained, and the folder that holds them."""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.ensembles.entry import FOLDS, REPEATS, resume_repeats
from recipes.runs.folder import check_free
from recipes.runs.splits import METRICS
from recipes.runs.trained import RECIPE, read_json
from recipes.values.load import dump_yaml, load_recipe
from recipes.values.schema import Recipe
from zoo.errors import ArgumentError, RunError, check_format
from zoo.files import as_path, locked, make_folder, reserve, write_text

FORMAT = 1
SEEDS = "seeds"
_WORDS = {FOLDS: "fold", SEEDS: "seed"}  # a run's folder is named after one of them


@dataclass(frozen=True)
class Plan:
    """Several runs of one recipe.

    Attributes:
        recipe: what they have in common.
        kind: "folds" or "seeds".
        values: the number of each run's fold, or its seed.
    """

    recipe: Recipe
    kind: str
    values: tuple[int, ...]

    @property
    def names(self) -> list[str]:
        """Names of the runs, which are those of their folders: "fold-1", "seed-7"."""
        return [f"{_WORDS[self.kind]}-{value}" for value in self.values]

    @property
    def given(self) -> str:
        """What the option on the command line takes."""
        return str(len(self.values)) if self.kind == FOLDS else ",".join(map(str, self.values))

    def recipe_of(self, value: int) -> Recipe:
        """Return the recipe of one run."""
        if self.kind == SEEDS:
            return self.recipe.with_values({"training.seed": value})
        return self.recipe.with_values({"data.folds": len(self.values), "data.test_fold": value})

    def resume_command(self, folder: Path) -> str:
        """Return the command that trains what is left."""
        return resume_repeats(folder, kind=self.kind, given=self.given)


def plan_of(recipe: Recipe, *, folds: int | None, seeds: Sequence[int] | None) -> Plan:
    """Return the plan that a user asks for.

    Raises:
        ArgumentError: both or neither are given, or a number is out of range.
        RecipeError: a seed is out of range.
    """
    if (folds is None) == (seeds is None):
        raise ArgumentError(
            "Several runs differ either in their fold or in their seed.",
            expected="one of folds and seeds",
            fix="to have both, divide by folds and choose the seed with training.seed=2",
        )
    if folds is not None:
        if recipe.data.folds:
            raise ArgumentError(
                f"The recipe already chooses fold {recipe.data.test_fold} of {recipe.data.folds}.",
                fix="set data.folds=null data.test_fold=null, or leave --folds out",
            )
        if not isinstance(folds, int) or isinstance(folds, bool) or folds < 2:
            raise ArgumentError(
                f"folds={folds!r} is out of range.",
                expected="a whole number from 2",
                fix="take 5 or 10",
            )
        plan = Plan(recipe, FOLDS, tuple(range(1, folds + 1)))
    else:
        plan = Plan(recipe, SEEDS, _checked_seeds(seeds))
    for value in plan.values:
        plan.recipe_of(value)  # raises where a number is out of range
    return plan


def _checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    whole = [isinstance(seed, int) and not isinstance(seed, bool) for seed in seeds]
    if not all(whole) or len(set(seeds)) < 2 or len(set(seeds)) < len(seeds):
        raise ArgumentError(
            f"The seeds {', '.join(map(str, seeds)) or '(none)'} are not several different ones.",
            expected="two whole numbers or more, each of them once",
            fix="give them as --seeds 1,2,3, or seeds=[1, 2, 3] in Python",
        )
    return tuple(seeds)


@contextlib.contextmanager
def claimed_set(plan: Plan, run_dir: str | Path | None, *, resume: bool) -> Iterator[Path]:
    """Lock the folder of several runs; one in which no run has begun is removed again.

    Args:
        plan: what is trained in it.
        run_dir: the folder; None reserves the next free "runs/NAME-KIND-N".
        resume: the folder may already hold these runs.

    Raises:
        RunError: other files are in it, other runs, or another process works in it.
        MachineError: the folder cannot be made or locked.
    """
    parent, made = Path("runs"), []
    if run_dir is None:
        made += make_folder(parent)
        folder = reserve(parent, f"{plan.recipe.name.replace('/', '-')}-{plan.kind}")
        made.insert(0, folder)
    else:
        folder = as_path(run_dir)
        _check(folder, plan, resume=resume)  # it may be a file
        made += make_folder(folder)
    try:
        with locked(folder):
            _check(folder, plan, resume=resume)
            try:
                _write(folder, plan)
                yield folder
            finally:
                if not any((folder / name).exists() for name in plan.names):
                    for name in (REPEATS, RECIPE):
                        (folder / name).unlink(missing_ok=True)
    finally:
        for path in made:
            with contextlib.suppress(OSError):  # it holds runs now
                path.rmdir()


def _check(folder: Path, plan: Plan, *, resume: bool) -> None:
    begun = (folder / REPEATS).is_file()
    check_free(folder, begun=begun, resume=resume, what="set of runs", option="--run-dir")
    if not begun:
        return
    there = plan_in(folder)
    before, now = (one.recipe.resolved() | {"expects": None} for one in (there, plan))
    if (there.kind, there.values) != (plan.kind, plan.values) or before != now:
        raise RunError(
            f"{folder} holds runs with values other than those given now.",
            expected="the recipe, the overrides and the folds or seeds that they were started with",
            fix=there.resume_command(folder),
        )


def _write(folder: Path, plan: Plan) -> None:
    if (folder / REPEATS).is_file():
        return
    write_text(folder / RECIPE, dump_yaml(plan.recipe.resolved()))
    values: dict[str, Any] = {"format": FORMAT, "kind": plan.kind, "values": list(plan.values)}
    write_text(folder / REPEATS, json.dumps(values, indent=1) + "\n")


def plan_in(folder: Path) -> Plan:
    """Read the plan of a folder of several runs.

    Raises:
        RunError: the folder holds none, or its files were changed.
    """
    values = read_json(folder / REPEATS)
    try:
        check_format(str(folder / REPEATS), values["format"], known=FORMAT)
        kind, numbers = values["kind"], tuple(int(value) for value in values["values"])
        return Plan(load_recipe(folder / RECIPE), {k: k for k in _WORDS}[kind], numbers)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"{folder / REPEATS} was changed: {error!r}",
            expected="a file as `zoo train --folds` wrote it",
            fix="copy the whole folder again, or train again in another folder",
        ) from error


def finished(folder: Path, plan: Plan) -> list[str]:
    """Return the names of the runs that are trained."""
    return [name for name in plan.names if (folder / name / METRICS).exists()]
