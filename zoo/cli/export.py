"""`zoo export`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import answer_options as answers
from zoo.cli import complete, options
from zoo.cli.output import console, show_json, show_table

FEWEST_EQUAL = 0.99  # of the labels; rounding alone changes fewer


def export_command(
    target: Annotated[
        str,
        typer.Argument(
            help="A run directory, weight or recipe name.", autocompletion=complete.targets
        ),
    ],
    format: Annotated[
        str,
        typer.Option(
            help="saved_model (TensorFlow), onnx or litert (TensorFlow Lite).",
            autocompletion=complete.formats,
        ),
    ] = "saved_model",
    output: Annotated[
        Path | None,
        typer.Option("--output", "--out", help="A new folder; ./NAME-FORMAT by default."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Compare the file with the model.")
    ] = True,
    examples: Annotated[int, typer.Option(help="Most examples to compare.", min=1)] = 256,
    data_dir: options.DataDir = None,
    calibrated: answers.Calibrated = False,
    temperature: answers.Temperature = None,
    json: options.Json = False,
) -> None:
    """Export a trained model to another runtime, with its labels and usage.

    The file is run in its own runtime and compared with the model; the exit code is 1 if more than one
    label in a hundred (of voices and without a head: vectors) differs.

    [bold]Examples[/bold]

    zoo export cnn_small.digits --format onnx

    zoo export runs/image-digits-cnn-1 --format litert --output phone

    zoo export cnn_small.digits --calibrated
    """
    from recipes.export.export import export

    result = export(
        target,
        format=format,
        output=output,
        check=check,
        examples=examples,
        data_dir=data_dir,
        calibrated=answers.temperature_asked(calibrated, temperature),
    )
    if json:
        show_json(result)
    else:
        _show(result)
    parity = result["parity"]
    if parity and parity["equal"] < FEWEST_EQUAL * parity["of"]:
        raise typer.Exit(1)


def _show(result: dict) -> None:
    from recipes.export.usage import compared

    rows = [
        (
            way,
            name,
            " × ".join("?" if n is None else str(n) for n in value["shape"]),
            value["dtype"],
        )
        for way, values in (("in", result["inputs"]), ("out", result["outputs"]))
        for name, value in values.items()
    ]
    title = f"{result['name']} as {result['format']}, {result['size_bytes'] / 1e6:.2f} MB"
    show_table(title, ("", "name", "shape", "type"), rows)
    if result["parity"]:
        console.print(f"\n{compared(result['parity'])}", soft_wrap=True)
    if result["temperature"] is not None:
        console.print(f"logits are divided by the temperature {result['temperature']:.4g}")
    console.print(f"\nmodel    {Path(result['path']) / result['file']}", soft_wrap=True)
    console.print(f"usage    {Path(result['path']) / 'README.md'}", soft_wrap=True)
