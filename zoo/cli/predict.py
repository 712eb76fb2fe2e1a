"""`zoo predict`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import complete
from zoo.cli.output import show_json, show_table
from zoo.errors import DataError

LONGEST_TEXT = 60  # characters that the table shows


def predict_command(
    target: Annotated[
        str,
        typer.Argument(
            help="A run directory, weight or recipe name.", autocompletion=complete.targets
        ),
    ],
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Files (png, jpg, webp, bmp, gif; wav, flac, ogg; txt), texts, or - for one text "
            "a line from standard input."
        ),
    ],
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 64,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    allow_keras_file: Annotated[
        bool,
        typer.Option(
            "--allow-keras-file",
            help="TARGET is a .keras image classifier that you trust; loading it can run code.",
        ),
    ] = False,
) -> None:
    """Say what a trained model makes of images, sounds or texts.

    [bold]Examples[/bold]

    zoo predict runs/image-digits-cnn-1 seven.png

    zoo predict cnn_small.digits digits/*.png --json

    zoo predict runs/text-trec-textcnn-1 "Who wrote Hamlet?"

    cat questions.txt | zoo predict runs/text-trec-textcnn-1 -
    """
    from recipes.runs.foreign import load_keras_file
    from recipes.runs.run import load

    run = load_keras_file(target) if allow_keras_file else load(target)
    takes_text = not allow_keras_file and "ids" in run.assets.x
    results = run.predict(_inputs(inputs, texts=takes_text), batch_size=batch_size)
    if json:
        show_json(results)
        return
    rows = [
        (result["file"] or shortened(result.get("text", "")), *_cells(result["predictions"]))
        for result in results
    ]
    columns = ("label", "probability", "then") if _has_labels(results) else ("measured",)
    show_table(f"{len(rows)} predictions", ("text" if takes_text else "file", *columns), rows)


def _inputs(given: list[str], *, texts: bool) -> list[str | Path]:
    """Return files as paths; for text models the other words as texts, and - as lines of stdin."""
    if not texts:
        return [Path(item) for item in given]
    items: list[str | Path] = []
    for item in given:
        if item == "-":
            items += [line.rstrip("\n") for line in sys.stdin if line.strip()]
        else:
            items.append(Path(item) if _is_file(item) else item)
    if not items:
        raise DataError("Standard input held no text.", fix="give one text a line")
    return items


def _is_file(word: str) -> bool:
    try:
        return Path(word).is_file()
    except OSError:  # longer than any name of a file
        return False


def _has_labels(results: list[dict]) -> bool:
    return "label" in results[0]["predictions"][0]


def _cells(predictions: list[dict]) -> tuple[str, ...]:
    first, *others = predictions
    if "label" not in first:
        return (", ".join(f"{name} {value:.4g}" for name, value in first.items()),)
    also = ", ".join(f"{o['label']} {o['probability']:.1%}" for o in others[:2])
    return first["label"], f"{first['probability']:.1%}", also


def shortened(text: str) -> str:
    """Return the beginning of a text, for a table."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
