"""`zoo predict --enrol`: recordings compared with those of one person."""

from collections.abc import Sequence
from typing import Any, final

import typer
from typer.core import TyperCommand

ENROL, TEST = "--enrol", "--test"


@final
class Enrolling(TyperCommand):
    """`zoo predict`, where --enrol A B --test C means --enrol A --enrol B C."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, spread(args))
        except typer.BadParameter as error:
            if ENROL not in args or TEST in args:
                raise
            told = "--enrol needs recordings to compare with those of one person: --test FILE…"
            raise typer.BadParameter(told, ctx) from error


def spread(words: Sequence[str]) -> list[str]:
    """Return words with --enrol before each word up to the next option, and without --test.

    >>> spread(["RUN", "--enrol", "a.wav", "b.wav", "--test", "c.wav", "--json"])
    ['RUN', '--enrol', 'a.wav', '--enrol', 'b.wav', 'c.wav', '--json']
    """
    if ENROL not in words:
        return list(words)
    found: list[str] = []
    enrolling = False
    for position, word in enumerate(words):
        if word.startswith("-") and word != "-":
            enrolling = word == ENROL
            bare = enrolling and words[position + 1 : position + 2] not in ([], [TEST])
            found += [] if bare or word == TEST else [word]
        else:
            found += [ENROL, word] if enrolling else [word]
    return found


def compared(
    target: str,
    enrol: list[str],
    inputs: list[str],
    *,
    top: int | None,
    tta: int,
    calibrated: bool | float,
    **how: Any,
) -> list[dict[str, Any]]:
    """Return the results of `zoo.same_speaker`.

    Args:
        target, enrol, inputs: of the command; inputs are what is compared.
        top, tta, calibrated: of other predictions; refused here.
        how: further arguments of `zoo.same_speaker`.

    Raises:
        ArgumentError: one of those was given.
    """
    from recipes.runs.speakers import same_speaker
    from zoo.cli.inputs import inputs_of
    from zoo.errors import ArgumentError

    if top is not None or tta or calibrated is not False:
        raise ArgumentError(
            "--enrol compares voices: there is no --top, --tta, --calibrated or --temperature.",
            fix="leave them out",
        )
    both = {"enrol": inputs_of(enrol, texts=False), "test": inputs_of(inputs, texts=False)}
    return same_speaker(target, **both, **how)
