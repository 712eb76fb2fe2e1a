"""`zoo train`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import complete
from zoo.cli.output import show_json, show_metrics, show_run

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
_Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the run in --run-dir, bit for bit.")
]
_Continue = Annotated[
    bool, typer.Option("--continue", help="Train a run for more epochs, in a new folder.")
]
_Smoke = Annotated[
    bool, typer.Option("--smoke", help="Two short epochs on few examples, to test that all works.")
]
_Device = Annotated[str | None, typer.Option(help="cpu or gpu; a GPU if there is one.")]
_DataDir = Annotated[
    str | None, typer.Option(help="Folder of TFDS data; TFDS_DATA_DIR by default.")
]
_Download = Annotated[bool, typer.Option("--download", help="Let TFDS download missing data.")]
_SkipCorrupt = Annotated[
    bool, typer.Option("--skip-corrupt", help="Leave unreadable files out and count them.")
]
_Minutes = Annotated[
    float, typer.Option(help="Epochs that take longer have checkpoints inside them.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def train_command(
    recipe: _Recipe,
    overrides: _Overrides = None,
    run_dir: _RunDir = None,
    resume: _Resume = False,
    continue_run: _Continue = False,
    smoke: _Smoke = False,
    device: _Device = None,
    data_dir: _DataDir = None,
    download: _Download = False,
    skip_corrupt: _SkipCorrupt = False,
    checkpoint_minutes: _Minutes = 10.0,
    json: _Json = False,
) -> None:
    """Train a recipe; write weights, test metrics and a report.

    [bold]Examples[/bold]

    zoo train image/digits-cnn

    zoo train image/digits-cnn training.epochs=10 regularization.preset=none

    zoo train my.yaml --run-dir runs/mine --resume

    zoo train runs/mine --continue training.epochs=90
    """
    from recipes.training.train import train

    run = train(
        recipe,
        *(overrides or []),
        run_dir=run_dir,
        resume=resume,
        continue_run=continue_run,
        smoke=smoke,
        device=device,
        data_dir=data_dir,
        download=download,
        skip_corrupt=skip_corrupt,
        checkpoint_minutes=checkpoint_minutes,
    )
    if json:
        show_json({"run": str(run.path), "metrics": run.metrics["metrics"]})
        return
    show_metrics(run.metrics["metrics"], run.task.metrics)
    show_run(run)
