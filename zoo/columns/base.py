"""Column: the type of one column of examples, and everything that depends on it."""

import abc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import numpy as np

from zoo.errors import ArgumentError, DataError, nearest

if TYPE_CHECKING:
    from zoo.columns.usage import Usage

PRESENT = "present"  # part of the tensor that says whether an optional column is there
UNBOUNDED = 32  # length that random values take along an axis that varies and has no buckets
Parts = dict[str, np.ndarray]


@dataclass(frozen=True)
class Spec:
    """Shape of one example's tensor, without the batch axis, and its dtype.

    An axis of `None` varies between examples: batches are padded along it with `padding`, up to the
    edge of a bucket in `buckets` (the longest of the batch where there are none).
    """

    shape: tuple[int | None, ...]
    dtype: str
    padding: float = 0
    buckets: tuple[int, ...] = ()


class GeometryLike(Protocol):
    """`zoo.transforms.geometry.Geometry`."""

    matrix: np.ndarray
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Column(abc.ABC):
    """The type of one column: how its values are read, checked, encoded and moved.

    The same class describes the column of a data set (what the data holds) and, once a task has
    fitted it, an input or target of a model (what the model takes). Nothing outside this package checks
    the type of a column: every difference is a method or an attribute here. Subclasses
    are final, frozen dataclasses of JSON values; defining one makes its `kind` known to
    `Column.from_dict`. A kind that another class has is refused with ArgumentError.

    Attributes:
        kind: name in JSON.
        word: what people call several values.
        modality: as on cards ("image", "text", "speech"); empty where no model starts from it.
        suffixes: of the files that hold one value each, in lower case.
        example: how a documentation page writes one value.
        has_pixels: its values are the pixels that other columns' coordinates refer to.
        preprocessing: values that belong to a model, of types that have any.
        source: the data's column that it reads; empty where that has the name of the input.
        optional: examples may lack it. Encoded, it is padding then, and "NAME.present" is 0.
        space: the column whose pixels its coordinates refer to; empty for none.
    """

    kind: ClassVar[str] = ""
    word: ClassVar[str] = "values"
    modality: ClassVar[str] = ""
    suffixes: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[str] = ""
    has_pixels: ClassVar[bool] = False
    # Without annotation, as they are fields of some types.
    preprocessing = MappingProxyType({})
    space = ""

    source: str = ""
    optional: bool = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        taken = _KINDS.get(cls.kind)
        if taken is not None and taken.__qualname__ != cls.__qualname__:
            raise ArgumentError(
                f"{cls.__qualname__} cannot be the kind {cls.kind!r}: that is {taken.__qualname__} of "
                f"{taken.__module__}.",
                expected="a kind that is free",
                fix="give the class another kind",
            )
        if cls.kind:
            _KINDS[cls.kind] = cls

    # --- what a model gets

    @abc.abstractmethod
    def specs(self) -> dict[str, Spec]:
        """Return the tensors of one value by part; the part "" carries the column's own name."""

    @abc.abstractmethod
    def encode(self, value: Any) -> Parts:
        """Return the arrays that `specs` declares, by part.

        Raises:
            DataError: this is not a value of the column.
        """

    def tensors(self, name: str) -> dict[str, Spec]:
        """Return the specs by the names of tensors: NAME, NAME.PART, NAME.present if optional."""
        found = {_joined(name, part): spec for part, spec in self.specs().items()}
        return found | ({_joined(name, PRESENT): Spec((), "float32")} if self.optional else {})

    def encoded(self, name: str, value: Any) -> dict[str, np.ndarray]:
        """Return `encode` by the names of tensors; None gives padding and a presence of 0.

        Raises:
            DataError: there is no value, and the column is not optional; or it is a wrong one.
        """
        if value is None and not self.optional:
            raise DataError(
                f"An example has no {self.source or name}.",
                expected=f"one of the {self.word} in each example",
                fix="leave the example out, or complete it",
            )
        parts = self.padding() if value is None else self.encode(value)
        found = {_joined(name, part): array for part, array in parts.items()}
        if self.optional:
            found[_joined(name, PRESENT)] = np.float32(value is not None)
        return found

    def padding(self) -> Parts:
        """Return the encoding of an absent value: padding, of length 1 along axes that vary."""
        return {
            part: np.full(
                [1 if size is None else size for size in spec.shape], spec.padding, spec.dtype
            )
            for part, spec in self.specs().items()
        }

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Shape of the only tensor, without the batch axis."""
        (spec,) = self.specs().values()
        return spec.shape

    @property
    def value_shape(self) -> tuple[int | None, ...] | None:
        """Shape of a value as examples hold it; None where that is not an array."""
        return self.shape

    def shaped(self, shape: tuple[int | None, ...]) -> Self:
        """Return the column of a model that takes values of another shape, where it can differ."""
        return self

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers that a builder gets besides the shape, such as "vocabulary_size"."""
        return {}

    # --- values

    def fit(self, values: Iterable[Any]) -> Self:
        """Return the column with what it must learn from the train split, such as a vocabulary."""
        return self

    def read(self, raw: Any) -> Any:
        """Return the value that a path, a cell or a value itself stands for.

        Raises:
            DataError: there is no such file, or it does not hold such a value.
        """
        return raw

    def is_file(self, raw: Any) -> bool:
        """Tell whether a raw value names a file."""
        return bool(self.suffixes) and isinstance(raw, str | Path)

    @property
    def expected(self) -> str:
        """What a person may give as a value."""
        listed = ", ".join(suffix.removeprefix(".") for suffix in self.suffixes)
        return f"files of {self.word}: {listed}" if listed else self.word

    def is_batch(self, raw: Any) -> bool:
        """Tell whether an array is a stack of values and not a single one."""
        return isinstance(raw, np.ndarray) and raw.ndim == len(self.shape) + 1

    def warp(self, value: Any, geometry: GeometryLike) -> Any:
        """Return the value as it is after a geometry of its space; most columns stay as they are."""
        return value

    def amount(self, values: Iterable[Any]) -> tuple[str, float] | None:
        """Return the total of decoded values, such as ("seconds", 12.5); None where there is none."""
        return None

    def length(self, value: Any) -> tuple[str, float] | None:
        """Return how long or large a decoded value is, such as ("seconds", 0.5); None where it isn't."""
        return None

    def told(self, value: Any) -> str:
        """Return a few words beside a picture of a value, such as its length; empty for none."""
        return ""

    def adapter(self) -> Callable[[Any], Any] | None:
        """Return a function from the data's values to what `encode` takes; None where they are the
        same."""
        return None

    def from_other(self, column: "Column") -> Callable[[Any], Any] | None:
        """Return a function from the values of other data to those of this column's own data; None where
        they are the same."""
        return None

    def for_data(self, column: "Column") -> Self:
        """Return this fitted column for a column of other data.

        Raises:
            DataError: that column is of another kind.
        """
        if column.kind != self.kind:
            raise DataError(
                f"The data holds {column.word}; this model takes {self.word}.",
                expected=f"a data set of {self.word}",
                fix="zoo data shows the data sets; zoo list --weights the trained models",
            )
        return self

    def preprocessed(self, values: Mapping[str, Any]) -> Self:
        """Return the column with preprocessing that belongs to a model, where the type has any."""
        return self

    def placed(self) -> Self:
        """Return the column for values that a geometry has already brought to their place."""
        return self

    def random(self, generator: np.random.Generator, count: int) -> Parts:
        """Return `count` encoded random values, (count, …) by part, for checks without data."""
        made = {}
        for part, spec in self.specs().items():
            length = max(spec.buckets, default=UNBOUNDED)
            shape = (count, *(length if size is None else size for size in spec.shape))
            if "int" in spec.dtype:
                made[part] = generator.integers(0, 2, shape, spec.dtype)
            else:
                made[part] = generator.normal(0, 0.1, shape).astype(spec.dtype)
        return made

    def usage(self, name: str) -> "Usage":
        """Return how a page beside an exported model explains and prepares this input."""
        from zoo.columns.usage import plain

        return plain(name, self.tensors(name))

    # --- JSON

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values, for `from_dict`."""
        return {"kind": self.kind} | {
            item.name: _json(getattr(self, item.name)) for item in fields(self)
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "Column":
        """Rebuild a column from `to_dict`, also after a trip through JSON.

        Raises:
            DataError: no type of that kind is defined, or it has no such field.
        """
        values = dict(values)
        kind = values.pop("kind", None)
        if kind not in _KINDS and isinstance(kind, str):
            _define(kind)
        if kind not in _KINDS:
            near = ", ".join(nearest(str(kind), _KINDS)) or ", ".join(sorted(_KINDS))
            raise DataError(
                f"There is no column of the kind {kind!r}.",
                expected=f"one of: {near}",
                fix="if a module of yours defines the kind, import it or register a ColumnCard first; "
                "if a package does, install it",
            )
        of_kind = _KINDS[kind]
        unknown = set(values) - {item.name for item in fields(of_kind)}
        if unknown:
            raise DataError(
                f"A column of the kind {kind!r} has no field {', '.join(sorted(unknown))}.",
                fix="install the kerazoo that wrote these values, or a newer one",
            )
        return of_kind(**{name: _tuple(value) for name, value in values.items()})


_KINDS: dict[str, type[Column]] = {}


def _define(kind: str) -> None:
    """Import the class of a kind from outside kerazoo, if a card says where it is."""
    from zoo import registry

    if kind in registry.COLUMNS:
        registry.resolve(registry.COLUMNS[kind].column)


def is_presence(tensor: str) -> bool:
    """Tell whether a tensor says that an optional column is there.

    >>> is_presence("text.present")
    True
    """
    return tensor.endswith(f".{PRESENT}")


def as_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they come back from JSON: lists for tuples."""
    return {name: _json(value) for name, value in values.items()}


def _joined(name: str, part: str) -> str:
    return f"{name}.{part}" if part else name


def _json(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
