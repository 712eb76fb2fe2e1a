"""Labels: one of several classes."""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.errors import DataError, nearest


@final
@dataclass(frozen=True)
class Label(Column):
    """One of `classes`: its position, int64, or its name.

    Args:
        classes: names by position; empty where only positions are known.

    >>> int(Label(("cat", "dog")).encode("dog")[""])
    1
    """

    kind: ClassVar[str] = "label"
    word: ClassVar[str] = "labels"

    classes: tuple[str, ...] = ()

    def specs(self) -> dict[str, Spec]:
        return {"": Spec((), "int64")}

    def encode(self, value: Any) -> Parts:
        return {"": np.int64(position(value, self.classes))}


def position(value: Any, classes: tuple[str, ...]) -> int:
    """Return the position of a class that is given by name or by position.

    Raises:
        DataError: there is no such class.
    """
    if isinstance(value, str):
        if value in classes:
            return classes.index(value)
        near = nearest(value, classes) or classes[:10]
        raise DataError(
            f"There is no class {value!r}.",
            expected=f"one of: {', '.join(near)}",
            fix="check the spelling, or leave the example out",
        )
    return int(value)
