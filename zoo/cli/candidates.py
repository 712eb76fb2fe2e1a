"""`zoo predict --among`: which of several candidates belongs to an input."""

from typing import Annotated, Any

import typer

from zoo.errors import ArgumentError, nearest, unknown_name

MISSPELT = 0.7  # how close the name before = must be to that of an input to be taken for it

Among = Annotated[
    list[str] | None,
    typer.Option(
        help="Candidates for another input, such as 'cat,dog' or texts.csv; text='cat,dog' names the "
        "input, as image=pet.jpg does for INPUTS. For models of contrastive_pairs.",
    ),
]


def chosen(
    target: str,
    among: list[str],
    inputs: list[str],
    *,
    threshold: float | None,
    tta: int,
    calibrated: bool | float,
    **how: Any,
) -> list[dict[str, Any]]:
    """Return the results of `zoo.zero_shot`.

    Args:
        target, among, inputs: of the command.
        threshold, tta, calibrated: of other predictions; refused here.
        how: further arguments of `zoo.zero_shot`.

    Raises:
        ArgumentError: one of those was given.
    """
    from recipes.runs.run import load_run
    from recipes.runs.zero_shot import zero_shot
    from zoo.cli.inputs import inputs_of

    if threshold is not None or tta or calibrated is not False:
        raise ArgumentError(
            "--among compares vectors: there is no --threshold, --tta, --calibrated or --temperature.",
            fix="leave them out",
        )
    name, words = named(among)
    candidates: Any = inputs_of(words, texts=True)
    candidates = {name: candidates} if name else candidates
    run = load_run(target)
    known = [column.source or key for key, column in run.assets.x.items()]
    queries: list[Any] = []
    for word in inputs:
        name, rest = query(word, known)
        values = inputs_of([rest], texts=True)
        queries += [{name: value} for value in values] if name else values
    return zero_shot(run, queries, among=candidates, **how)


def named(among: list[str]) -> tuple[str, list[str]]:
    """Return the input that candidates are for, empty where none is named, and the candidates.

    >>> named(["text=cat,dog"]), named(["cat, dog", "house"])
    (('text', ['cat', 'dog']), ('', ['cat', 'dog', 'house']))
    """
    first, equals, rest = among[0].partition("=")
    name = first.strip() if equals and first.strip().isidentifier() else ""
    parts = [rest if name else among[0], *among[1:]]
    return name, [word.strip() for part in parts for word in part.split(",") if word.strip()]


def query(word: str, known: list[str]) -> tuple[str, str]:
    """Return the input that a query names, empty where it names none, and its value.

    Args:
        word: of the command line.
        known: the inputs of the model.

    Raises:
        UnknownNameError: the name resembles that of an input.

    >>> query("text=a cat, asleep", ["image", "text"]), query("1 + 1 = 2", ["image", "text"])
    (('text', 'a cat, asleep'), ('', '1 + 1 = 2'))
    """
    first, equals, rest = word.partition("=")
    name = first.strip()
    if equals and name in known:
        return name, rest.strip()
    if equals and name.isidentifier() and nearest(name, known, count=1, cutoff=MISSPELT):
        raise unknown_name("input", name, known, fix="name one of the model's inputs, or none")
    return "", word


def alone(others: tuple[list[str] | None, list[str] | None]) -> bool:
    """Return True where one of --enrol and --among was given.

    Raises:
        ArgumentError: both were.
    """
    if all(others):
        raise ArgumentError("--enrol and --among were both given.", fix="give one of them")
    return any(others)
