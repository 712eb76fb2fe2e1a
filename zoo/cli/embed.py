"""`zoo embed`."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import answer_options as answers
from zoo.cli import complete, options
from zoo.cli.output import counted, show_json

Target = Annotated[
    str,
    typer.Argument(
        help="A run directory, or a weight's name: shipped, or published (zoo list --pretrained).",
        autocompletion=complete.targets,
    ),
]
INPUTS_HELP = (
    "Files, folders, quoted patterns ('photos/**/*.jpg'), tables of texts or of file names, texts, or - "
    "for one text or path per line from standard input."
)
Inputs = Annotated[list[str], typer.Argument(help=INPUTS_HELP)]
Output = Annotated[
    Path,
    typer.Option(
        "--output", "--out", help="A new .npy, .npz or .parquet file for the vectors, (N, D)."
    ),
]


def embed_command(
    target: Target,
    inputs: Inputs,
    output: Output = Path("vectors.npy"),
    column: answers.Column = None,
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 64,
    json: options.Json = False,
) -> None:
    """Turn images, sounds or texts into vectors: what the model's head takes.

    They serve search, clustering, and classifiers of other libraries. An .npz file holds "vectors" and
    "names", a .parquet file the columns name and vector; beside an .npy file the names are written to a
    list, in the order of the vectors.

    [bold]Examples[/bold]

    zoo embed resnet50.a1_in1k photos/ --output photos.npz

    zoo embed cnn_small.digits seven.png four.png

    zoo embed ge2e.resemblyzer clips/ --output voices.npz
    """
    from recipes.runs.predict import Reading, embed_inputs
    from recipes.runs.run import load_run
    from recipes.runs.vectors import check_vectors, write_vectors
    from zoo.cli.inputs import inputs_of
    from zoo.cli.output import takes_words

    check_vectors(output)
    run = load_run(target)
    found = inputs_of(inputs, texts=takes_words(run))
    names, vectors = embed_inputs(run, found, reading=Reading(batch_size, column))
    listing = write_vectors(output, names, vectors)
    if json:
        show_json({"vectors": str(output), "names": str(listing), "shape": list(vectors.shape)})
        return
    typer.echo(f"{counted(len(vectors), 'vector')} of {vectors.shape[1]} numbers: {output}")
    if listing != output:
        typer.echo(f"names in the same order: {listing}")
