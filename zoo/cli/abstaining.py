"""`--abstain` of `zoo predict` and `zoo evaluate`: its value, and what it promises."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from zoo.cli.table import PLAIN
from zoo.errors import ArgumentError

Abstain = Annotated[
    str | None,
    typer.Option(
        metavar="ERROR",
        help="Accept only answers of which at most this share, such as 2%, is wrong with a "
        "probability of 90 %; the threshold is chosen on the run's validation examples.",
    ),
]


def asked(abstain: str | None, *, others: bool) -> dict[str, Any]:
    """Return the share that was given as an argument of prediction; nothing where none was.

    Args:
        abstain: of the command.
        others: what is predicted is not one answer of a run.

    Raises:
        ArgumentError: it is not a share, or does not suit what is predicted.
    """
    if abstain is None:
        return {}
    if others:
        raise ArgumentError(
            "--abstain is for answers of a run: not with --enrol, --among or --allow-keras-file.",
            fix="leave --abstain out",
        )
    return {"abstain": share(abstain)}


def share(text: str) -> float:
    """Read a share of answers that may be wrong.

    Raises:
        ArgumentError: it is not between 0 and 1.

    >>> share("2%"), share("1.1 %"), share("0.02")
    (0.02, 0.011, 0.02)
    """
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*(%?)\s*", text)
    value = round(float(match[1]) / (100 if match[2] else 1), 12) if match else 0.0
    if not 0 < value < 1:
        raise ArgumentError(
            f"--abstain {text} is not a share of answers that may be wrong.",
            expected="more than 0 % and less than 100 %, such as 2% or 0.02",
            fix="give another --abstain",
        )
    return value


def chosen(run: Any, how: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments of prediction with the threshold chosen, after saying what it promises."""
    if "abstain" not in how:
        return dict(how)
    found = abstention_of(run, how["abstain"], tta=how["tta"], calibrated=how["calibrated"])
    Console(stderr=True, **PLAIN).print(found.words(), soft_wrap=True)
    for note in found.notes:
        Console(stderr=True, **PLAIN).print(f"note: {note}", soft_wrap=True)
    return {**how, "abstain": found}


def abstention_of(run: Any, error: float, **how: Any) -> Any:
    """Choose the threshold, with a line on stderr meanwhile where that is a terminal."""
    from recipes.runs.abstention import Abstention, check_error

    check_error(run, error)
    with Console(stderr=True).status("validation examples, for --abstain"):
        return Abstention.of(run, error, **how)


def checked(run: Any, abstain: str | None) -> float | None:
    """Return the share that `zoo evaluate` was given, before anything is computed.

    Raises:
        ArgumentError: it is not a share, or the run does not choose one of several classes.
    """
    from recipes.runs.abstention import check_error

    if abstain is None:
        return None
    error = share(abstain)
    check_error(run, error)
    return error


def promised(
    run: Any,
    scored: Any,
    error: float | None,
    *,
    data: str | None,
    data_dir: str | None,
    how: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what the result of `zoo evaluate` says of a promise; nothing where none was asked for."""
    from recipes.runs.abstention import promised_on

    if error is None:
        return {}
    asked_for = {name: how[name] for name in ("tta", "calibrated")}
    with Console(stderr=True).status("validation examples, for --abstain"):
        found = promised_on(run, scored, error, data=data, data_dir=data_dir, **asked_for)
    return {"abstain": found}
