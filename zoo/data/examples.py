"""What is asked of a split and of a data set where `zoo.data.dataset` itself cannot be imported."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np


class Examples(Protocol):
    """Examples by position, with their columns: a `zoo.data.dataset.Split`."""

    columns: Mapping[str, Sequence | np.ndarray]
    decode: Mapping[str, Callable[[Any], np.ndarray]]
    names: Sequence[str] | None

    @property
    def labels(self) -> np.ndarray: ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> dict[str, Any]: ...

    def name_of(self, index: int) -> str: ...


class ExamplesBySplit(Protocol):
    """Examples by the name of their split: a `zoo.data.dataset.Dataset`."""

    name: str
    splits: Mapping[str, Examples]
