"""`zoo tune`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.cli import complete, options
from zoo.cli.output import console, show_json, show_metrics, show_table
from zoo.errors import command

if TYPE_CHECKING:
    from tuning.study import Study


def _oracles(incomplete: str) -> list[str]:
    from tuning.oracles.base import ORACLES

    return [name for name in ORACLES if name.startswith(incomplete)]


Oracle = Annotated[
    str | None,
    typer.Option(
        help="How values are proposed: random (the default), bayesian, hyperband or grid.",
        autocompletion=_oracles,
    ),
]
MaxTrials = Annotated[
    int | None,
    typer.Option(help="Limit, with the unchanged recipe; 20, or none for hyperband and grid."),
]
MaxMinutes = Annotated[
    float | None, typer.Option(help="Start no trial that would end after this many minutes.")
]
Space = Annotated[
    Path | None, typer.Option(help="YAML file of fields and ranges; the task's own by default.")
]


def tune_command(
    recipe: Annotated[
        str,
        typer.Argument(help="A recipe's name or YAML file.", autocompletion=complete.recipes),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(
            help="Changes of every trial as key=value, such as training.epochs=15.",
            autocompletion=complete.overrides,
        ),
    ] = None,
    oracle: Oracle = None,
    max_trials: MaxTrials = None,
    max_minutes: MaxMinutes = None,
    space: Space = None,
    study: Annotated[
        Path | None, typer.Option(help="Folder of the study; studies/NAME-N by default.")
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Continue the study in --study without repeating trials."),
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Seed of the search; 0 by default.")] = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Search for better values of a recipe; write the best recipe and a report.

    Each trial trains the recipe with other values; the first is the unchanged recipe. Validation
    decides; the test split is scored once, for the best trial, at the end. A space is a YAML file of
    fields and ranges:

    optimizer.learning_rate: {low: 1e-4, high: 1e-2, sampling: log}
    training.batch_size: {choices: \\[32, 64, 128]}

    [bold]Examples[/bold]

    zoo tune image/digits-cnn --max-trials 8

    zoo tune my.yaml training.epochs=15 --oracle bayesian --space mine.yaml

    zoo tune STUDY/recipe.yaml --study STUDY --resume
    """
    from tuning.tune import tune

    options = {"oracle": oracle, "max_trials": max_trials, "max_minutes": max_minutes}
    place = {"space": space, "study": study, "resume": resume, "data_dir": data_dir}
    found = tune(recipe, *(overrides or []), **options, **place, seed=seed)
    if json:
        show_json(found.to_dict())
    else:
        _show(found)


def _show(found: "Study") -> None:
    from tuning.plan import BEST
    from tuning.report.html import REPORT

    first, best = found.trials[0], found.best
    own = found.plan.space.own_values(found.plan.recipe)
    rows = [(path, own[path], best.values[path]) for path in own]
    text = found.metrics[0].text
    before = text(first.value) if first.completed else "failed"
    rows.append((f"validation {found.metric}", before, text(best.value)))
    show_table(f"trial {best.number} of {len(found.trials)}", ("", "the recipe", "best"), rows)
    console.print()
    show_metrics(found.test, found.metrics)
    console.print(f"\nrecipe  {command('zoo', 'train', found.path / BEST)}", soft_wrap=True)
    console.print(f"report  {found.path / REPORT}", soft_wrap=True)
