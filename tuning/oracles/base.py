"""The proposals of an oracle, and the list of oracles."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuning.space import Space
from zoo.errors import RecipeError, unknown_name

ORACLES = {
    "random": "values drawn independently of one another",
    "bayesian": "values where a Gaussian process over the trials so far expects most",
    "hyperband": "many short trials, of which the best go on",
    "grid": "every combination, one after another",
}


@dataclass(frozen=True)
class Proposal:
    """The next values to try.

    Attributes:
        drawn: values by field, as the oracle draws them, with its own notes ("tuner/…").
        epochs: how long to train; None means as long as the recipe says.
        goes_on_from: the earlier proposal (counted from 0) whose training is continued, or None.
    """

    drawn: Mapping[str, Any]
    epochs: int | None
    goes_on_from: int | None


def check_oracle(name: str, space: Space) -> str:
    """Return the oracle's name if it exists and can search the space.

    Raises:
        UnknownNameError: no such oracle; names the nearest.
        RecipeError: the grid has no end, or hyperband's own field is searched.
    """
    if name not in ORACLES:
        raise unknown_name("oracle", name, ORACLES, fix="zoo tune --help says what each does")
    endless = [field.path for field in space.fields if not field.countable]
    if name == "grid" and endless:
        raise RecipeError(
            f"A grid needs steps, and {endless[0]} is a range without any.",
            expected="step: NUMBER, or choices: [a, b, c], for each field",
            fix="add steps to the space, or search with --oracle random",
        )
    paths = [field.path for field in space.fields]
    if name == "hyperband" and "training.epochs" in paths:
        raise RecipeError(
            "hyperband decides training.epochs itself.",
            expected="a space without training.epochs",
            fix="leave that field out, or search with --oracle random",
        )
    return name
