"""Groups: the speaker, writer or patient that an example belongs to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, final

from zoo.columns.base import Column, Parts, Spec


@final
@dataclass(frozen=True)
class Group(Column):
    """A name that examples share; it decides how splits are drawn, and no model sees it.

    Args:
        plural: what the groups are, such as "speakers"; empty where that is not known.
    """

    kind: ClassVar[str] = "group"
    word: ClassVar[str] = "groups"

    plural: str = ""

    @property
    def value_shape(self) -> tuple[int | None, ...]:
        return ()

    def specs(self) -> dict[str, Spec]:
        return {}

    def amount(self, values: Iterable[str]) -> tuple[str, float]:
        return "groups", len(set(values))

    def encode(self, value: Any) -> Parts:
        return {}
