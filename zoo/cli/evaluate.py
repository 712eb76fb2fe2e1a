"""`zoo evaluate`."""

from typing import Annotated

import typer

from zoo.cli import complete, options
from zoo.cli.output import console, show_json, show_metrics


def evaluate_command(
    target: Annotated[
        str,
        typer.Argument(
            help="A run directory, weight or recipe name.", autocompletion=complete.targets
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="Where the run's data is now, or other data with the same classes."),
    ] = None,
    data_dir: options.DataDir = None,
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 256,
    json: options.Json = False,
) -> None:
    """Score a trained model on its whole test split, with intervals.

    The test split is the one that the run was tested on, even if the data has grown since. With --data
    it is looked up there; data without it is scored as other data.

    [bold]Examples[/bold]

    zoo evaluate runs/image-digits-cnn-1

    zoo evaluate runs/pets-1 --data /mnt/pets

    zoo evaluate cnn_small.digits --json
    """
    from recipes.runs.run import load

    run = load(target)
    result = run.evaluate(data=data, data_dir=data_dir, batch_size=batch_size)
    if json:
        show_json(result)
        return
    console.print(f"{result['name']}: {result['examples']:,} test examples")
    for note in result["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
    show_metrics(result["metrics"], run.task.metrics)
