"""`zoo convert`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo import devices
from zoo.cli import complete, options
from zoo.cli.output import console, counted, show_json, show_table

File = Annotated[
    Path,
    typer.Argument(help="Weights of another project: safetensors, .pt, .pth, .th, .bin or .h5."),
]
To = Annotated[
    str,
    typer.Option(
        "--to",
        help="A model, or published weights, whose arguments then hold.",
        autocompletion=complete.models_and_pretrained,
    ),
]
Out = Annotated[Path, typer.Option("--out", "--output", help="A new .safetensors file.")]
Classes = Annotated[
    int | None,
    typer.Option(help="Of the file's head; by default the model's. 0 leaves the head out.", min=0),
]


def convert_command(
    file: File,
    to: To = ...,
    out: Out = ...,
    num_classes: Classes = None,
    json: options.Json = False,
) -> None:
    """Convert weights that another project wrote, and show which tensor went where.

    The names of the tensors say what goes where. Every tensor of the file and every weight of the model
    is used exactly once, or nothing is written and the error lists what is left on both sides. The new
    file has kerazoo's own names, and is loaded by zoo.build(NAME, weights=FILE).

    [bold]Examples[/bold]

    zoo convert resnet20-12fca82f.th --to resnet20 --out resnet20.safetensors

    zoo convert mine.pth --to resnet50 --num-classes 5 --out mine.safetensors

    zoo convert model.safetensors --to efficientnet_lite0.in1k --num-classes 0 --out backbone.safetensors
    """
    devices.load_tensorflow()
    from zoo.weight_conversion import convert

    result = convert(file, to=to, out=out, num_classes=num_classes)
    if json:
        show_json(result)
    else:
        _show(result)


def _show(result: dict[str, Any]) -> None:
    rows = [
        (one["from"], one["to"], _sizes(one["shape"]), _sizes(one["becomes"]), one["done"])
        for one in result["tensors"]
    ]
    columns = ("tensor of the file", "weight of the model", "shape", "becomes", "done")
    show_table(f"{result['file']} as {result['model']}", columns, rows, whole=2, spare=3)
    by_reason: dict[str, list[str]] = {}
    for one in result["left_out"]:
        by_reason.setdefault(one["why"], []).append(one["from"])
    for why, names in by_reason.items():
        shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        console.print(f"\n{counted(len(names), 'tensor')} left out, {why}: {shown}", soft_wrap=True)
    size = f"{counted(len(rows), 'tensor')}, {result['size_bytes'] / 1e6:.2f} MB"
    console.print(f"\nfile     {result['out']}, {size}", soft_wrap=True)
    console.print(f"sha256   {result['sha256']}", soft_wrap=True)
    console.print(f"python   {result['python']}", soft_wrap=True)
    if "preprocessing" not in result["python"]:
        console.print(
            f"pixels   scaled as {result['model']} does by itself; if the file was trained on others, "
            "give preprocessing={…}",
            soft_wrap=True,
            markup=False,
        )


def _sizes(shape: list[int]) -> str:
    return " × ".join(map(str, shape)) or "one number"
