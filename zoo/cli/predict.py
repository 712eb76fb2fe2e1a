"""`zoo predict`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import complete
from zoo.cli.output import show_json, show_table


def predict_command(
    target: Annotated[
        str,
        typer.Argument(
            help="A run directory, weight or recipe name.", autocompletion=complete.targets
        ),
    ],
    files: Annotated[list[Path], typer.Argument(help="Image files: png, jpg, webp, bmp, gif.")],
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
    """Say what a trained model sees in files.

    [bold]Examples[/bold]

    zoo predict runs/image-digits-cnn-1 seven.png

    zoo predict cnn_small.digits digits/*.png --json
    """
    from recipes.foreign import load_keras_file
    from recipes.run import load

    run = load_keras_file(target) if allow_keras_file else load(target)
    results = run.predict(files, batch_size=batch_size)
    if json:
        show_json(results)
        return
    rows = []
    for result in results:
        first, *others = result["predictions"]
        also = ", ".join(f"{o['label']} {o['probability']:.1%}" for o in others[:2])
        rows.append((result["file"], first["label"], f"{first['probability']:.1%}", also))
    show_table(f"{len(rows)} predictions", ("file", "label", "probability", "then"), rows)
