"""`zoo recipes list|show|copy`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli import complete, options
from zoo.cli.output import console, counted, show_json, show_table
from zoo.cli.packages import with_packages
from zoo.errors import RunError, command

app = typer.Typer(help="List, show and copy reference recipes.", no_args_is_help=True)


@app.command("list")
def list_command(json: options.Json = False) -> None:
    """List the recipes with their results.

    [bold]Example[/bold]

    zoo recipes list --json
    """
    from recipes.values.load import load_recipe
    from recipes.values.places import package_of, recipe_files

    files = recipe_files()
    found, packages = map(load_recipe, files), [package_of(path) for path in files.values()]
    if json:
        show_json([_facts(r) | {"package": p} for r, p in zip(found, packages, strict=True)])
        return
    columns = ("recipe", "test", "a further run, 95 %", "minutes", "seeds")
    columns, rows = with_packages(columns, [(r.name, *_expected(r)) for r in found], packages)
    show_table(counted(len(rows), "recipe"), columns, rows, spare=3)


def _facts(recipe: Any) -> dict[str, Any]:
    return {
        "name": recipe.name,
        "summary": recipe.summary,
        "task": recipe.task.name,
        "dataset": recipe.data.name,
        "model": recipe.model.name,
        "expects": recipe.model_dump()["expects"],
    }


def _expected(recipe: Any) -> tuple[str, str, str, str]:
    expects, metric = recipe.expects, recipe.expected_metric
    if expects == "unmeasured":
        return "unmeasured", "–", "–", "–"
    note = " (unstable)" if recipe.unstable else ""
    return (
        f"{expects.metric} {metric.text(expects.mean)}",
        metric.span(expects.model_dump()) + note,
        f"{expects.minutes:.1f}",
        str(len(expects.values)),
    )


@app.command("show")
def show_command(
    name: Annotated[
        str,
        typer.Argument(help="A recipe's name or YAML file.", autocompletion=complete.recipes),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="Changes as key=value.", autocompletion=complete.overrides),
    ] = None,
    json: options.Json = False,
) -> None:
    """Print every value of a recipe, with the regularization preset expanded, unless it is auto.

    [bold]Example[/bold]

    zoo recipes show image/digits-cnn regularization.preset=medium
    """
    from recipes.values.load import dump_yaml, load_recipe

    recipe = load_recipe(name, *(overrides or []))
    if json:
        return show_json(recipe.resolved())
    told = "" if not recipe.automatic else "# auto is chosen when training begins\n"
    console.out(dump_yaml(recipe.resolved()) + told, end="")


@app.command("copy")
def copy_command(
    name: Annotated[str, typer.Argument(help="A recipe's name.", autocompletion=complete.recipes)],
    target: Annotated[Path | None, typer.Argument(help="New file; NAME.yaml by default.")] = None,
) -> None:
    """Copy a recipe to a file that you can edit and train.

    [bold]Example[/bold]

    zoo recipes copy image/digits-cnn my.yaml
    """
    from recipes.values.load import recipe_path
    from zoo.files import write_text

    source = recipe_path(name)
    target = target or Path(source.name)
    if target.suffix not in (".yaml", ".yml"):
        raise RunError(
            f"{target} is not a file name for a recipe; nothing was written.",
            expected="a file that ends in .yaml",
            fix=command(
                *("zoo", "recipes", "copy", name),
                target / source.name if target.is_dir() else f"{target}.yaml",
            ),
        )
    if target.exists():
        raise RunError(
            f"{target} exists already; nothing was written.", fix="give another file name"
        )
    write_text(target, source.read_text(encoding="utf-8"))
    console.print(
        f"Wrote {target}. Edit it, then: {command('zoo', 'train', target)}", soft_wrap=True
    )
