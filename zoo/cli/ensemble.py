"""`zoo ensemble`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import complete, options
from zoo.cli.output import console, show_json
from zoo.errors import command


def ensemble_command(
    targets: Annotated[
        list[str],
        typer.Argument(
            help="Run directories, weight or recipe names.", autocompletion=complete.targets
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "--out", help="A new folder.")],
    json: options.Json = False,
) -> None:
    """Make one model of several, which predicts the mean of their answers.

    The folder is what predict, evaluate, compare and export take. It names its members, which stay where
    they are. The runs of `zoo train --folds` and `--seeds` are an ensemble already.

    [bold]Examples[/bold]

    zoo ensemble runs/image-digits-cnn-1 runs/image-digits-cnn-2 --output runs/both

    zoo predict runs/both seven.png
    """
    from recipes.ensembles.chosen import ensemble

    made = ensemble(*targets, output=output)
    members = [member.name for member in made.members]
    if json:
        show_json({"ensemble": str(made.path), "task": made.task.name, "members": members})
        return
    for name in members:
        console.print(f"member   {name}", soft_wrap=True)
    console.print(f"ensemble {made.path}", soft_wrap=True)
    console.print(command("zoo", "evaluate", made.path), soft_wrap=True)
