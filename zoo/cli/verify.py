"""`zoo verify`."""

from typing import Annotated

import typer

from zoo.cli import complete
from zoo.cli.output import show_json, show_table


def verify_command(
    recipe: Annotated[
        str,
        typer.Argument(help="A recipe's name or YAML file.", autocompletion=complete.recipes),
    ],
    seed: Annotated[
        int | None, typer.Option(help="One of the recorded seeds; the first by default.")
    ] = None,
    data_dir: Annotated[
        str | None, typer.Option(help="Where TFDS data lies; TFDS_DATA_DIR otherwise.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Train a recipe again and compare with what it says it reaches.

    On the machine that made the record the value must be equal; elsewhere it must lie within the
    95 % interval. The exit code is 1 where it does not.

    [bold]Example[/bold]

    zoo verify image/digits-cnn
    """
    from recipes.verify import verify

    result = verify(recipe, seed=seed, data_dir=data_dir)
    if json:
        show_json(result)
    else:
        rows = [(key, str(value)) for key, value in result.items()]
        show_table(f"{result['recipe']}: {result['verdict']}", ("", ""), rows)
    if result["verdict"] not in ("equal", "within the interval"):
        raise typer.Exit(1)
