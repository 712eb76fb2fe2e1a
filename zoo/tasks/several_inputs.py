"""Several inputs of one task: how each is read; every one of them may be absent."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

from zoo.columns import Column, Vector
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, DataError, unknown_name
from zoo.tasks.classification import Classification

if TYPE_CHECKING:
    from zoo.data.dataset import Split


KNOWN = "inputs"  # in the assets: all columns of the data that can be inputs


@final
class SeveralInputs:
    """Reads each input by its kind; every input may be absent.

    Args:
        readers: what reads a kind of column: the task of it alone.
        names: the data's columns to take, in their order; None takes all that can be.
    """

    def __init__(
        self,
        readers: Mapping[type[Column], Classification],
        names: Sequence[str] | None,
    ):
        if names is not None and (isinstance(names, str) or not names):
            raise ArgumentError(
                f"inputs={names!r} is not a list of columns.",
                expected='such as ["image", "audio"], or null for all',
                fix="set task.arguments.inputs",
            )
        self.readers, self.names = readers, names

    def known(self, features: Mapping[str, Column]) -> list[str]:
        """Return the data's columns that can be inputs."""
        kinds = (*self.readers, Vector)
        return [name for name, column in features.items() if isinstance(column, kinds)]

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        """Return the fitted column of each input, called as the data calls it.

        Raises:
            UnknownNameError: the data has no such column.
            DataError: none of its columns can be an input.
        """
        known = self.known(features)
        for name in self.names or ():
            if name not in known:
                raise unknown_name("input", name, known, fix="set task.arguments.inputs")
        if not known:
            held = ", ".join(f"{name} ({column.word})" for name, column in features.items())
            raise DataError(
                f"The data holds {held or 'nothing'}, which no encoder takes.",
                expected="columns of images, sounds, texts or arrays",
                fix="choose data with some of them",
            )
        return {name: self._input(name, features[name], train) for name in self.names or known}

    def _input(self, name: str, column: Column, train: "Split") -> Column:
        """Return a column, fitted on the examples of train that have it."""
        values = [value for value in train.columns[name] if value is not None]
        if not values:
            raise DataError(
                f"No example of train has {name}.",
                expected="a few at least",
                fix="leave it out: task.arguments.inputs",
            )
        if isinstance(column, Vector):
            return replace(column.fit(values), source=name, optional=True)
        reader = next(task for kind, task in self.readers.items() if isinstance(column, kind))
        there = type(train)({name: values})
        (fitted,) = reader.inputs(there, {name: column}).values()
        return replace(fitted, source=name, optional=True)

    def units(self, split: "Split", assets: Assets) -> "Split":
        """Return the split, its sounds at the rate of the model.

        Raises:
            DataError: an example has none of the inputs that the data of train had, taken or not.
        """
        names = assets.extra.get(KNOWN, [column.source for column in assets.x.values()])
        columns = [split.columns[name] for name in names if name in split.columns]
        for i in range(len(split)):
            if all(values[i] is None for values in columns):
                raise DataError(
                    f"Example {split.name_of(i)} has none of {', '.join(assets.x)}.",
                    expected="one input at least",
                    fix="leave it out of the data",
                )
        changes = {
            column.source: _or_none(change)
            for column in assets.x.values()
            if (change := column.adapter())
        }
        return split.changed(changes) if changes else split


def _or_none(change: Any) -> Any:
    return lambda value: None if value is None else change(value)
