"""`zoo train`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli import complete, options
from zoo.cli.output import show_json, show_metrics, show_run, show_verdict

_Recipe = Annotated[
    str,
    typer.Argument(
        help="A recipe's name or YAML file; with --continue the folder of a run.",
        autocompletion=complete.recipes,
    ),
]
_Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        help="Changes as key=value, such as optimizer.learning_rate=3e-4.",
        autocompletion=complete.overrides,
    ),
]
_RunDir = Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME-N by default.")]
_Continue = Annotated[
    bool, typer.Option("--continue", help="Train a run for more epochs, in a new folder.")
]


_Folds = Annotated[
    int | None,
    typer.Option(
        help="Train once per fold: all examples in so many parts, each the test split once."
    ),
]
_Seeds = Annotated[
    str | None, typer.Option(help="Train once per seed, such as 1,2,3, on the same splits.")
]


def train_command(
    recipe: _Recipe,
    overrides: _Overrides = None,
    run_dir: _RunDir = None,
    resume: options.Resume = False,
    continue_run: _Continue = False,
    folds: _Folds = None,
    seeds: _Seeds = None,
    smoke: options.Smoke = False,
    device: options.Device = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    skip_corrupt: options.SkipCorrupt = False,
    checkpoint_minutes: options.CheckpointMinutes = 10.0,
    json: options.Json = False,
) -> None:
    """Train a recipe; write weights, test metrics and a report.

    [bold]Examples[/bold]

    zoo train image/digits-cnn

    zoo train image/digits-cnn training.epochs=10 regularization.preset=none

    zoo train my.yaml --run-dir runs/mine --resume

    zoo train runs/mine --continue training.epochs=90

    zoo train image/digits-cnn --folds 5

    zoo train image/digits-cnn --seeds 1,2,3
    """
    how: dict[str, Any] = {
        "run_dir": run_dir,
        "resume": resume,
        "smoke": smoke,
        "device": device,
        "data_dir": data_dir,
        "download": download,
        "skip_corrupt": skip_corrupt,
        "checkpoint_minutes": checkpoint_minutes,
    }
    if folds is not None or seeds is not None:
        from zoo.cli.repeats import train_several

        train_several(
            recipe, overrides, folds=folds, seeds=seeds, json=json, alone=continue_run, **how
        )
        return
    from recipes.training.train import train

    run = train(recipe, *(overrides or []), continue_run=continue_run, **how)
    if json:
        beside = {"baselines": run.metrics.get("baselines", {})}
        show_json({"run": str(run.path), "metrics": run.metrics["metrics"], **beside})
        return
    show_metrics(run.metrics["metrics"], run.task.metrics)
    show_verdict(run)
    show_run(run)
