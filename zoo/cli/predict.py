"""`zoo predict`."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli import complete, options
from zoo.cli.output import show_json
from zoo.errors import DataError
from zoo.files import as_path

Target = Annotated[
    str,
    typer.Argument(help="A run directory, weight or recipe name.", autocompletion=complete.targets),
]
Inputs = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders of files, tables of texts (csv, tsv, jsonl), texts, or - for one text "
        "per line from standard input."
    ),
]
TextColumn = Annotated[str | None, typer.Option(help="The column of a table that holds the texts.")]
Csv = Annotated[Path | None, typer.Option(help="Write the first answers to a new CSV file.")]
AllowKerasFile = Annotated[
    bool,
    typer.Option(
        "--allow-keras-file",
        help="TARGET is a .keras image classifier that you trust; loading it can run code.",
    ),
]


def predict_command(
    target: Target,
    inputs: Inputs,
    text_column: TextColumn = None,
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 64,
    csv: Csv = None,
    json: options.Json = False,
    allow_keras_file: AllowKerasFile = False,
) -> None:
    """Predict images, sounds or texts with a trained model.

    Every file of a folder and every row of a table is predicted. For an input that cannot be read, the
    result is its error, and the exit code is 1.

    [bold]Examples[/bold]

    zoo predict runs/image-digits-cnn-1 seven.png

    zoo predict cnn_small.digits digits/ --json

    zoo predict textcnn.docstrings "Return the number of days in a month."

    zoo predict runs/text-trec-textcnn-1 questions.csv --text-column question

    cat questions.txt | zoo predict runs/text-trec-textcnn-1 -
    """
    from recipes.runs.foreign import load_keras_file
    from recipes.runs.run import load
    from zoo.cli.output import takes_words
    from zoo.cli.predict_table import check_new, show, write_csv

    if csv is not None:
        check_new(csv)
    how: dict[str, Any] = {"batch_size": batch_size, "keep_going": True}
    if allow_keras_file:
        run, texts = load_keras_file(target), False
    else:
        run = load(target)
        texts = takes_words(run)
        how["text_column"] = text_column
    results = run.predict(_inputs(inputs, texts=texts), **how)
    failed = [result["error"] for result in results if "error" in result]
    if failed and len(results) == 1:
        raise DataError(**failed[0])
    if csv is not None:
        write_csv(csv, results)
    if json:
        show_json(results)
    else:
        show(results, texts=texts)
    if failed:
        raise typer.Exit(1)


def _inputs(given: list[str], *, texts: bool) -> list[str | Path]:
    """Return paths; for text models, other words as texts, and - as the lines of standard input."""
    from recipes.runs.inputs import looks_like_a_path

    if not texts:
        return [as_path(item) for item in given]
    items: list[str | Path] = []
    for item in given:
        if item == "-":
            items += [line.rstrip("\n") for line in sys.stdin if line.strip()]
        else:
            items.append(Path(item) if _exists(item) or looks_like_a_path(item) else item)
    if not items:
        raise DataError("Standard input held no text.", fix="give one text per line")
    return items


def _exists(word: str) -> bool:
    try:
        return bool(word) and Path(word).expanduser().exists()
    except (OSError, ValueError):  # longer than a file's name may be, or with a NUL
        return False
