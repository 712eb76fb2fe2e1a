"""Arguments of tasks that are numbers in a range."""

from typing import Any

from zoo.errors import ArgumentError


def checked(argument: str, value: Any, low: float, high: float) -> float:
    """Return the value of an argument if it is a number from `low` to `high`.

    Raises:
        ArgumentError: it is not.

    >>> checked("margin", 0.2, 0, 1)
    0.2
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:
        raise ArgumentError(
            f"{argument}={value!r} is out of range.",
            expected=f"{low:,} to {high:,}",
            fix=f"set task.arguments.{argument} within that range",
        )
    return value
