"""`zoo start`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli import options
from zoo.cli.output import console, show_json, show_metrics, show_run, show_verdict


def start_command(
    data: options.Data,
    arguments: options.LoaderArguments = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Train what was chosen.")] = False,
    minutes: Annotated[float, typer.Option(help="That the training may take.")] = 5.0,
    run_dir: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/NAME-N by default.")
    ] = None,
    data_dir: options.DataDir = None,
    download: options.Download = False,
    skip_corrupt: options.SkipCorrupt = False,
    json: options.Json = False,
) -> None:
    """Look at data, choose what to train on it, and say how long it takes; with --yes, train it.

    It says what the data holds, fits simple models, picks task, recipe or pretrained weights, size,
    batch and epochs by written rules, times some steps on this machine, and shows the command. Where
    a simple model is enough it says so. Without --yes nothing is written.

    [bold]Examples[/bold]

    zoo start ./photos

    zoo start ./reviews.csv --yes --run-dir runs/reviews

    zoo start ./cells.csv file_column=file target_column=cells --minutes 20
    """
    from rich.console import Console

    from recipes.start.start import start, trained

    given = options.loader_arguments(arguments or (), "start")
    how = {"run_dir": run_dir, "data_dir": data_dir, "download": download}
    with Console(stderr=True).status("") as status:
        how |= {"skip_corrupt": skip_corrupt, "tell": status.update}
        found = start(data, minutes=minutes, **how, **given)
    if not json:
        _show(found)
    if yes:
        found = trained(found)
    if json:
        show_json(found.to_dict())
    elif yes:
        console.print(f"\ntrained in {found.seconds / 60:.1f} minutes")
        show_metrics(found.run.metrics["metrics"], found.run.task.metrics)
        show_verdict(found.run)
        show_run(found.run)
    else:
        console.print("\nNothing was trained: --yes trains it now.")


def _show(found: Any) -> None:
    from recipes.start.look import in_words
    from zoo.cli.baseline import show_models

    console.print(f"{found.data}: {in_words(found.look)}.", soft_wrap=True)
    console.print()
    show_models(found.baselines)
    console.print()
    for reason in found.plan.reasons:
        console.print(f"- {reason}", soft_wrap=True)
    console.print(f"\nexpected  {found.minutes:.1f} minutes on this machine")
    console.print(f"command   {found.command}", soft_wrap=True)
    if found.advice:
        console.print(f"\nadvice: {found.advice}", soft_wrap=True)
