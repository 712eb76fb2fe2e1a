"""Several labels at once: any number of several classes."""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec
from zoo.columns.label import position
from zoo.errors import DataError


@final
@dataclass(frozen=True)
class Labels(Column):
    """Any number of `classes`, by name or position; encoded, 1 for each that applies, float32 (K,).

    Args:
        classes: K names by position.

    >>> Labels(("cat", "dog", "indoors")).encode(["dog", "indoors"])[""].tolist()
    [0.0, 1.0, 1.0]
    """

    kind: ClassVar[str] = "labels"
    word: ClassVar[str] = "sets of labels"

    classes: tuple[str, ...] = ()

    @property
    def value_shape(self) -> None:
        return None

    def specs(self) -> dict[str, Spec]:
        return {"": Spec((len(self.classes),), "float32")}

    def encode(self, value: Any) -> Parts:
        chosen = [position(item, self.classes) for item in value]
        wrong = [place for place in chosen if not 0 <= place < len(self.classes)]
        if wrong:
            raise DataError(
                f"There is no class at position {wrong[0]}.",
                expected=f"0 to {len(self.classes) - 1}",
                fix="give positions among the classes, or their names",
            )
        held = np.zeros(len(self.classes), "float32")
        held[chosen] = 1
        return {"": held}
