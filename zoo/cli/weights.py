"""`zoo weights list|pull|add|path|check|remove`: weights that others trained."""

from pathlib import Path
from typing import Annotated

import typer

from zoo import devices, registry
from zoo.cli import complete, options
from zoo.cli.output import console, show_json
from zoo.cli.weights_view import names, pulled, show_checked, show_facts, show_list, sources_of

app = typer.Typer(help="Fetch and keep weights that others trained.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Its name.", autocompletion=complete.pretrained)]


@app.command("list")
def list_command(
    pattern: Annotated[str, typer.Argument(help="A pattern, or a part of a name.")] = "*",
    json: options.Json = False,
) -> None:
    """List the weights with their licences, and which of them are in the cache.

    [bold]Example[/bold]

    zoo weights list 'resnet*'
    """
    show_list([name for name in names() if registry.fits_pattern(pattern, name)], json=json)


@app.command("pull")
def pull_command(
    name: Name,
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False,
    json: options.Json = False,
) -> None:
    """Fetch a weight into the cache, and print its licence and who trained it.

    [bold]Example[/bold]

    zoo weights pull resnet50.a1_in1k
    """
    show_facts(name, pulled(name, offline=offline), json=json)


@app.command("add")
def add_command(
    name: Name,
    file: Annotated[Path, typer.Argument(help="safetensors, .pt, .pth, .h5, or a folder.")],
    json: options.Json = False,
) -> None:
    """Copy a file that you have, or the only weight file of a folder, into the cache.

    For a model of texts, the tokenizer in the same folder comes with it.

    [bold]Examples[/bold]

    zoo weights add resnet50.a1_in1k model.safetensors

    zoo weights add minilm_l6.all_v2 all-MiniLM-L6-v2/
    """
    devices.load_tensorflow()  # quietly
    from zoo.weight_conversion import added

    sources_of(name)  # refuses a name that nothing could use
    show_facts(name, added(name, file), json=json)


@app.command("path")
def path_command(name: Name, json: options.Json = False) -> None:
    """Print where the file of a weight is in the cache.

    [bold]Example[/bold]

    zoo weights path resnet50.a1_in1k
    """
    from zoo.pretrained import cache

    path = str(cache.path(name))
    if json:
        show_json({"name": name, "path": path})
    else:
        console.print(path, soft_wrap=True)


@app.command("check")
def check_command(
    name: Annotated[
        str | None, typer.Argument(help="All by default.", autocompletion=complete.pretrained)
    ] = None,
    json: options.Json = False,
) -> None:
    """Compare files in the cache with their digests; the exit code is 1 if one is damaged.

    [bold]Example[/bold]

    zoo weights check
    """
    if not show_checked(name, json=json):
        raise typer.Exit(1)


@app.command("remove")
def remove_command(
    name: Name,
    forget: Annotated[bool, typer.Option("--forget", help="Its recorded digest too.")] = False,
    json: options.Json = False,
) -> None:
    """Remove the files of a weight from the cache.

    [bold]Example[/bold]

    zoo weights remove resnet50.a1_in1k
    """
    from zoo.pretrained import cache

    freed = sum(cache.remove(one, forget=forget) for one in (name, f"{name}.tokenizer"))
    told = {"name": name, "freed_bytes": freed}
    show_json(told) if json else console.print(f"freed {freed / 1e6:.1f} MB")
