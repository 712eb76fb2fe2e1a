"""Assets: the fitted columns of a task, as JSON values and back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from zoo.cards import WeightCard
from zoo.columns.base import Column, Spec
from zoo.columns.label import Label
from zoo.columns.labels import Labels
from zoo.columns.number import Number
from zoo.columns.vector import Vector
from zoo.errors import DataError, check_format

VERSION = 2  # of the values that `Assets.to_dict` gives; 1 is that of kerazoo 0.1.0


@dataclass(frozen=True)
class Assets:
    """Values that were fitted on train and that the model needs; JSON in, JSON out.

    Attributes:
        x: input name to its fitted column. A `Spec` describes an array of that shape.
        y: target name to its fitted column, likewise.
        extra: further values that a task needs, as JSON values.
    """

    x: Mapping[str, Column]
    y: Mapping[str, Column]
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in ("x", "y"):
            columns = {
                name: Vector.of(column) if isinstance(column, Spec) else column
                for name, column in getattr(self, part).items()
            }
            object.__setattr__(self, part, columns)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """Targets and inputs by the names that examples have for them."""
        both = (*self.y.items(), *self.x.items())
        return {column.source or name: column for name, column in both}

    @cached_property
    def spaces(self) -> frozenset[str]:
        """Names of the image columns that others lie in, as boxes and masks do."""
        return frozenset(column.space for column in self.columns.values() if column.space)

    @property
    def label(self) -> str:
        """Name of the target that is one of several classes; empty where there is none."""
        return next((name for name, column in self.y.items() if isinstance(column, Label)), "")

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of that target, by label; empty where there is none."""
        return self.y[self.label].classes if self.label else ()

    @property
    def numbers(self) -> dict[str, Number]:
        """Targets that are numbers to predict, by name, in their order; not those that only count."""
        found = {n: self.y[n] for n in sorted(self.y) if isinstance(self.y[n], Number)}
        return {name: column for name, column in found.items() if column.mean is not None}

    @property
    def label_sets(self) -> str:
        """Name of the target that is any number of several classes; empty where there is none."""
        return next((name for name, column in self.y.items() if isinstance(column, Labels)), "")

    @property
    def outputs(self) -> tuple[str, ...]:
        """What each output of a head stands for: classes, or targets; empty for other tasks."""
        if self.label_sets:
            return self.y[self.label_sets].classes
        return self.classes or tuple(self.numbers)

    @property
    def sizes(self) -> dict[str, int]:
        """Numbers that a builder gets besides the input's shape ("vocabulary_size")."""
        return {name: size for column in self.x.values() for name, size in column.sizes.items()}

    def specs(self) -> tuple[dict[str, Spec], dict[str, Spec]]:
        """Return the tensors of inputs and of targets by name: NAME, NAME.PART, NAME.present."""
        return tuple(
            {k: spec for name, column in part.items() for k, spec in column.tensors(name).items()}
            for part in (self.x, self.y)
        )

    def with_classes(self, classes: tuple[str, ...]) -> Self:
        """Return the same assets with other classes of that target."""
        if not self.label:
            return self
        label = replace(self.y[self.label], classes=tuple(classes))
        return replace(self, y={**self.y, self.label: label})

    def placed(self, spaces: Collection[str]) -> Self:
        """Return the assets for examples whose images a geometry has brought to their size.

        Args:
            spaces: names of image columns in the data.
        """
        x = {
            name: column.placed() if (column.source or name) in spaces else column
            for name, column in self.x.items()
        }
        return replace(self, x=x)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "version": VERSION,
            "x": {name: column.to_dict() for name, column in self.x.items()},
            "y": {name: column.to_dict() for name, column in self.y.items()},
            "extra": dict(self.extra),
        }

    @classmethod
    def from_weight(cls, card: WeightCard) -> Self:
        """Return the assets of a shipped weight, with its own preprocessing in the columns."""
        assets = cls.from_dict(card.assets)
        x = {name: column.preprocessed(card.preprocessing) for name, column in assets.x.items()}
        return replace(assets, x=x)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild from `to_dict`, also after a trip through JSON, and from what 0.1.0 wrote.

        Raises:
            RunError: a later version of kerazoo wrote these values.
            DataError: they name a kind of column that is not known.
        """
        version = values.get("version", 1)
        if version == 1:
            from zoo.columns.assets_v1 import converted

            return cls(*converted(values))
        check_format("What was fitted on train", version, known=VERSION)
        x, y = (
            {name: Column.from_dict(column) for name, column in values[part].items()}
            for part in ("x", "y")
        )
        return cls(x, y, dict(values["extra"]))


def column_of(features: Mapping[str, Column], kind: type[Column], name: str) -> Column:
    """Return the data's column of a kind, with the name by which examples hold it as its `source`.

    Args:
        features: the columns of a data set.
        kind: class of column.
        name: taken where several are of that kind.

    Raises:
        DataError: there is none, or there are several and none of that name.
    """
    found = [key for key, column in features.items() if isinstance(column, kind)]
    if name in found or len(found) == 1:
        source = name if name in found else found[0]
        return replace(features[source], source=source)
    held = ", ".join(f"{key} ({column.word})" for key, column in features.items()) or "nothing"
    if found:
        raise DataError(
            f"This task takes one column of {kind.word}; the data has {', '.join(found)}.",
            expected=f"one of them, or one named {name}",
            fix="leave the others out, or choose a task of several inputs",
        )
    raise DataError(
        f"This task takes {kind.word}; the data holds {held}.",
        expected=f"a column of {kind.word}",
        fix=f"choose a data set of {kind.word}, or another task",
    )
