"""Identities: whom an example is of, where those to be told apart later are not known in training."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, final

import numpy as np

from zoo.columns.base import Column, Parts, Spec

UNKNOWN = -1  # of a name that was not in train


@final
@dataclass(frozen=True)
class Identity(Column):
    """A name, as its position among those of train and as a number that any name has.

    Args:
        names: of train, sorted; a head may tell these apart.

    >>> {part: int(value) for part, value in Identity(names=("ann", "ben")).encode("ben").items()}
    {'': 1, 'person': 3711040096447472647}
    """

    kind: ClassVar[str] = "identity"
    word: ClassVar[str] = "identities"

    names: tuple[str, ...] = ()

    @property
    def value_shape(self) -> tuple[int | None, ...]:
        return ()

    def specs(self) -> dict[str, Spec]:
        return {"": Spec((), "int64"), "person": Spec((), "int64")}

    def fit(self, values: Iterable[str]) -> Self:
        return replace(self, names=tuple(sorted(set(map(str, values)))))

    def encode(self, value: Any) -> Parts:
        """Return the position, -1 for a name that is not in train, and the number."""
        name = str(value)
        position = self.names.index(name) if name in self.names else UNKNOWN
        return {"": np.int64(position), "person": np.int64(_number(name))}


def _number(name: str) -> int:
    """Return 63 bits of the SHA-256 of a name: the same for the same name, and for no other."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1
