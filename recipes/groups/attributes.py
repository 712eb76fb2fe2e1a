"""Attributes of examples: their class, their group, how long they are, and other columns of a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.columns import Column
from zoo.data.dataset import Split
from zoo.data.load import folder_of
from zoo.data.table_rows import cells, table_columns
from zoo.errors import ArgumentError, UnknownNameError, unknown_name

RESERVED = LABEL, GROUP = "label", "group"  # columns of a data set
LENGTH = "length"  # of an input
CROSS = "+"  # between attributes whose combinations are the groups
MISSING = "missing"
BINS = 4
_FEW_VALUES = 10  # so many different numbers are not cut into bins
_MOST = 200  # groups


@dataclass(frozen=True)
class Attributes:
    """Reads attributes of the examples of a split.

    Attributes:
        split: the examples.
        inputs: columns of a model's inputs by name, which know how long a value is.
        classes: names by label; empty where there are none.
        noun: plural name of the data's own groups ("speakers").
        place: table or folder that the examples come from; None for data of another kind.
        arguments: of the data's loader.
    """

    split: Split
    inputs: Mapping[str, Column]
    classes: Sequence[str] = ()
    noun: str = ""
    place: Path | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, split: Split, assets: Any, recipe: Any, *, noun: str = "") -> "Attributes":
        """Return the attributes of examples that a recipe's data names.

        Args:
            split: the examples.
            assets: columns that a task was fitted to.
            recipe: whose section `data` says where the examples are.
            noun: plural name of the data's own groups.
        """
        data = recipe.data
        return cls(split, assets.x, assets.classes, noun, folder_of(data.name), data.arguments)

    def known(self) -> list[str]:
        """Return the names of all attributes, those of the data first."""
        held = [name for name in RESERVED if name in self.split.columns]
        held += [self.noun.removesuffix("s")] if self.noun else []
        held += [name for name, column in self.split.columns.items() if _is_plain(column)]
        held += list(table_columns(self.place, self.arguments))
        return list(dict.fromkeys([*held, *lengths(self.inputs)]))

    def groups(self, name: str) -> tuple[np.ndarray, list[str]]:
        """Return the group of each example by an attribute, and the groups' names.

        Args:
            name: of an attribute, or of several with "+" between: their combinations are the groups.

        Returns:
            Positions in the list of names, int64 (N,); names of numbers in bins ascend.

        Raises:
            UnknownNameError: there is no such attribute; names the nearest.
            ArgumentError: all examples are alike in it, or nearly all differ.
        """
        known = self.known()
        parts = [name] if name in known or CROSS not in name else name.split(CROSS)
        codes, names = self._single(parts[0].strip(), known)
        for part in parts[1:]:
            others, more = self._single(part.strip(), known)
            codes = codes * len(more) + others
            names = [f"{a}, {b}" for a in names for b in more]
        held, codes = np.unique(codes, return_inverse=True)
        names = [names[place] for place in held]
        _check(name, names, len(codes))
        return codes, names

    def _single(self, name: str, known: Sequence[str]) -> tuple[np.ndarray, list[str]]:
        values, unit = self._values(name, known)
        values = [None if _is_missing(value) else value for value in values]
        numbers = _numbers(values)
        if numbers is not None:
            return _binned(numbers, unit)
        texts = [MISSING if value is None else _text(value) for value in values]
        names, codes = np.unique(np.asarray(texts), return_inverse=True)
        return codes, [f"{each} {unit}".strip() for each in names.tolist()]

    def _values(self, name: str, known: Sequence[str]) -> tuple[Sequence[Any], str]:
        """Return the value of each example, and its unit."""
        columns = self.split.columns
        if name == LABEL and self.classes and LABEL in columns:
            return [self.classes[label] for label in self.split.labels], ""
        if name in (GROUP, self.noun, self.noun.removesuffix("s")) and GROUP in columns:
            return columns[GROUP], ""
        if name in columns and _is_plain(columns[name]):
            return columns[name], ""
        names = [self.split.name_of(i) for i in range(len(self.split))]
        found = cells(self.place, self.arguments, name, names)
        if found is not None:
            return found, ""
        inputs = dict(zip(lengths(self.inputs), self.inputs, strict=True))
        if name not in inputs:
            raise unknown_attribute(name, known)
        return self._lengths(inputs[name])

    def _lengths(self, name: str) -> tuple[list[float | None], str]:
        column, found, unit = self.inputs[name], [], ""
        source = column.source or name
        decode = self.split.decode.get(source)
        for stored in self.split.columns[source]:
            value = stored if decode is None or stored is None else decode(stored)
            told = None if value is None else column.length(value)
            if value is not None and told is None:
                raise ArgumentError(
                    f"{name} has no length: it holds {column.word}.",
                    expected="images, sounds or texts",
                    fix="choose another attribute",
                )
            found.append(told and told[1])
            unit = told[0] if told else unit
        return found, unit


def lengths(inputs: Mapping[str, Column]) -> list[str]:
    """Return the name of the length of each input: "length" of a single one.

    >>> from zoo.columns import Text
    >>> lengths({"text": Text()}), lengths({"question": Text(), "answer": Text()})
    (['length'], ['question.length', 'answer.length'])
    """
    return [LENGTH] if len(inputs) == 1 else [f"{name}.{LENGTH}" for name in inputs]


def unknown_attribute(name: str, known: Sequence[str]) -> UnknownNameError:
    """Return the error on an attribute that examples do not have."""
    return unknown_name("attribute", name, known, fix=f"choose from {', '.join(known)}")


def _is_plain(column: Sequence[Any]) -> bool:
    """Tell whether a column of a split holds numbers that attributes can be."""
    return isinstance(column, np.ndarray) and column.ndim == 1 and column.dtype.kind == "f"


def _is_missing(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _text(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else str(value).strip()


def _numbers(values: Sequence[Any]) -> np.ndarray | None:
    """Return many different numbers as float64 (N,), NaN where one is missing; None of other values."""
    found = np.full(len(values), math.nan)
    for place, value in enumerate(values):
        if value is None:
            continue
        text = str(value).strip()
        padded = len(text) > 1 and text[0] == "0" and text[1] not in ".eE"  # 007 is a name
        try:
            found[place] = float(text)
        except ValueError:
            return None
        if padded or isinstance(value, bool) or not math.isfinite(found[place]):
            return None
    return found if len(np.unique(found[np.isfinite(found)])) > _FEW_VALUES else None


def _binned(values: np.ndarray, unit: str) -> tuple[np.ndarray, list[str]]:
    """Cut numbers at their quartiles; equal numbers stay together, and missing ones come last."""
    held = values[np.isfinite(values)]
    edges = np.unique(np.quantile(held, np.arange(1, BINS) / BINS))
    raw = np.where(np.isfinite(values), np.searchsorted(edges, values), BINS)
    kept, codes = np.unique(raw, return_inverse=True)
    spans = [(values[raw == k].min(), values[raw == k].max()) for k in kept if k < BINS]
    for digits in range(3, 17):
        names = [
            f"{low:.{digits}g}" + (f" to {high:.{digits}g}" if low != high else "")
            for low, high in spans
        ]
        if len(set(names)) == len(names):
            break
    names = [f"{each} {unit}".strip() for each in names]
    return codes, names + [MISSING] * (BINS in kept)


def _check(name: str, names: Sequence[str], count: int) -> None:
    if len(names) < 2:
        raise ArgumentError(
            f"All {count:,} examples are alike in {name}: {names[0]}.",
            expected="two groups or more",
            fix="choose another attribute",
        )
    if len(names) > min(_MOST, count / 2):
        raise ArgumentError(
            f"{name} divides {count:,} examples into {len(names):,} groups.",
            expected=f"at most {int(min(_MOST, count / 2))}, so that each has some examples",
            fix="choose another attribute, or put its values together in the table",
        )
