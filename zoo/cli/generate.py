"""`zoo generate`."""

import sys
from typing import Annotated

import typer

from zoo.cli import complete, options
from zoo.cli.output import console, show_json


def generate_command(
    target: Annotated[
        str,
        typer.Argument(
            help="A run directory, weight or recipe name of a language model.",
            autocompletion=complete.targets,
        ),
    ],
    prompt: Annotated[
        str, typer.Option(help="Text to continue; - reads it from standard input.")
    ] = "",
    max_tokens: Annotated[
        int, typer.Option(help="Length to write, in characters or byte pairs.", min=0)
    ] = 500,
    temperature: Annotated[
        float, typer.Option(help="0 always takes the most likely token.", min=0)
    ] = 0.8,
    top_k: Annotated[
        int | None, typer.Option(help="Draw among this many of the most likely tokens.", min=1)
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Draw among the fewest tokens of this total probability.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.", min=0)] = 1,
    count: Annotated[int, typer.Option(help="Number of texts.", min=1)] = 1,
    json: options.Json = False,
) -> None:
    """Generate text with a language model, token by token.

    [bold]Examples[/bold]

    zoo generate runs/text-shakespeare-gpt-1 --prompt "ROMEO:"

    head notes.txt | zoo generate runs/text-pydoc-gpt-1 --prompt - --temperature 0.5 --json
    """
    from recipes.runs.generate import generate, stream
    from recipes.runs.run import load_run

    given = sys.stdin.read().removesuffix("\n") if prompt == "-" else prompt
    values = {
        "max_tokens": max_tokens,
        "temperature": temperature,
        "top_k": top_k,
        "top_p": top_p,
        "seed": seed,
    }
    run = load_run(target)
    if json or count > 1:
        texts = generate(run, given, count=count, **values)
        if json:
            show_json({"name": run.name, "prompt": given, **values, "texts": texts})
            return
        _show(texts, after=given)
        return
    for piece in stream(run, given, **values):
        sys.stdout.write(given + piece)
        sys.stdout.flush()
        given = ""  # once is enough
    sys.stdout.write(given + "\n")


def _show(texts: list[str], *, after: str) -> None:
    """Print several continuations of the same prompt."""
    for number, text in enumerate(texts, start=1):
        console.print(f"— {number} of {len(texts)} —", style="bold")
        sys.stdout.write(after + text + "\n\n")
