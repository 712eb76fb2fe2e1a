"""`zoo verify`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from zoo.cli import complete, options
from zoo.cli.output import console, show_json, show_table
from zoo.errors import ArgumentError

GOOD = ("equal", "within the interval")
VALUES = ("value", "recorded", "low", "high")  # of the metric; all digits decide
EXCUSED = ("not verified", "data differs")  # says nothing about the recipe


def verify_command(
    recipe: Annotated[
        str | None,
        typer.Argument(help="A recipe's name or YAML file.", autocompletion=complete.recipes),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Verify every shipped recipe, one after another.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(help="One of the recorded seeds; the first by default.")
    ] = None,
    data_dir: options.DataDir = None,
    json: options.Json = False,
) -> None:
    """Train a recipe again and compare the result with its record.

    On the machine that made the record, the value must be equal; elsewhere it must lie within the 95 %
    interval. The exit code is 1 if it does not.

    [bold]Examples[/bold]

    zoo verify image/digits-cnn

    zoo verify --all
    """
    if every == (recipe is not None):
        raise ArgumentError(
            "Name one recipe, or give --all.", fix="zoo recipes list shows the names"
        )
    if every:
        _verify_all(seed, data_dir=data_dir, json=json)
        return
    from recipes.records.verify import verify
    from recipes.values.load import load_recipe

    result = verify(recipe, seed=seed, data_dir=data_dir)
    if json:
        show_json(result)
    else:
        text = load_recipe(recipe).expected_metric.text
        rows = [
            (key, f"{text(value)} ({value})" if key in VALUES else str(value))
            for key, value in result.items()
        ]
        show_table(f"{result['recipe']}: {result['verdict']}", ("", ""), rows)
    if result["verdict"] not in GOOD:
        raise typer.Exit(1)


def _verify_all(seed: int | None, *, data_dir: str | None, json: bool) -> None:
    """Print one table of all recipes; a bad verdict exits with 1, a missing one does not."""
    from recipes.records.verify import verify_all
    from recipes.values.load import recipe_names

    if seed is not None:
        raise ArgumentError("--seed applies to one recipe.", fix="leave --all or --seed out")
    said = None if json else lambda item: console.print(f"{item['recipe']}: {item['verdict']}")
    results = verify_all(recipe_names(), data_dir=data_dir, told=said)
    if json:
        show_json(results)
    else:
        columns = ("recipe", "metric", "seed", "recorded", "value", "minutes", "verdict")
        rows = [[_cell(result, column) for column in columns] for result in results]
        show_table(f"{len(results)} recipes", columns, rows)
    if any(
        result["verdict"] not in GOOD and not result["verdict"].startswith(EXCUSED)
        for result in results
    ):
        raise typer.Exit(1)


def _cell(result: Mapping[str, Any], column: str) -> str:
    from recipes.values.load import load_recipe

    value = result.get(column, "–")
    if column in VALUES and column in result:
        return load_recipe(result["recipe"]).expected_metric.text(value)
    return str(value)
