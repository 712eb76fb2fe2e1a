"""`zoo embed`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import complete, options
from zoo.cli.output import counted, show_json
from zoo.errors import ArgumentError

Target = Annotated[
    str,
    typer.Argument(
        help="A run directory, or a weight's name: shipped, or published (zoo list --pretrained).",
        autocompletion=complete.targets,
    ),
]
Inputs = Annotated[list[str], typer.Argument(help="Files, folders of files, or tables of texts.")]
Output = Annotated[
    Path, typer.Option("--output", "--out", help="A new .npy file for the vectors, (N, D).")
]


def embed_command(
    target: Target,
    inputs: Inputs,
    output: Output = Path("vectors.npy"),
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 64,
    json: options.Json = False,
) -> None:
    """Turn images, sounds or texts into vectors: what the model's head takes.

    They serve search, clustering, and classifiers of other libraries. A list of the files, in the order
    of the vectors, is written beside them.

    [bold]Examples[/bold]

    zoo embed resnet50.a1_in1k photos/ --output photos.npy

    zoo embed cnn_small.digits seven.png four.png
    """
    import numpy as np

    from recipes.runs.inputs import items_of
    from recipes.runs.run import load_run
    from zoo.files import replacing, write_text

    if output.suffix != ".npy" or output.exists():
        raise ArgumentError(
            f"{output} {'exists already' if output.exists() else 'is not a .npy file'}.",
            expected="the path of a new .npy file",
            fix="give another --output",
        )
    run = load_run(target)
    columns = {column.source or name: column for name, column in run.assets.x.items()}
    paths = [Path(item) for item in inputs]
    items = items_of(paths, columns, model=run.name, text_column=None)
    vectors = run.embed(paths, batch_size=batch_size)
    names = [str(item.source.get("file", position)) for position, item in enumerate(items)]
    with replacing(output) as beside, beside.open("wb") as stream:
        np.save(stream, vectors)
    listing = output.with_suffix(".txt")
    write_text(listing, "".join(f"{name}\n" for name in names))
    if json:
        show_json({"vectors": str(output), "names": str(listing), "shape": list(vectors.shape)})
    else:
        typer.echo(
            f"{counted(len(vectors), 'vector')} of {vectors.shape[1]} numbers: {output}\n"
            f"names in the same order: {listing}"
        )
