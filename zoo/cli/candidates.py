"""`zoo predict --among`: which of several candidates belongs to an input."""

from typing import Annotated, Any

import typer

from zoo.errors import ArgumentError

Among = Annotated[
    list[str] | None,
    typer.Option(
        help="Candidates for another input, such as 'cat,dog' or texts.csv; text='cat,dog' names the "
        "input. For models of contrastive_pairs.",
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
    return zero_shot(target, inputs_of(inputs, texts=True), among=candidates, **how)


def named(among: list[str]) -> tuple[str, list[str]]:
    """Return the input that candidates are for, empty where none is named, and the candidates.

    >>> named(["text=cat,dog"]), named(["cat, dog", "house"])
    (('text', ['cat', 'dog']), ('', ['cat', 'dog', 'house']))
    """
    first, equals, rest = among[0].partition("=")
    name = first.strip() if equals and first.strip().isidentifier() else ""
    parts = [rest if name else among[0], *among[1:]]
    return name, [word.strip() for part in parts for word in part.split(",") if word.strip()]


def alone(others: tuple[list[str] | None, list[str] | None]) -> bool:
    """Return True where one of --enrol and --among was given.

    Raises:
        ArgumentError: both were.
    """
    if all(others):
        raise ArgumentError("--enrol and --among were both given.", fix="give one of them")
    return any(others)
