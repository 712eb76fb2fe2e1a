"""Dataset: examples by split, from any source."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.columns import Column
from zoo.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import tensorflow as tf

Example = Mapping[str, Any]
NAMED = 10  # of the files that were left out


class Split(Sequence):
    """Random access to the examples of one split.

    Columns are NumPy arrays (equal shapes, kept decoded) or sequences read through `decode` when an
    example is asked for (files, encoded bytes). None marks a value that an example lacks.

    Args:
        columns: name to array or sequence, all of one length.
        decode: name to function from the stored value to the NumPy array of an example.
        names: a readable name of each example (a file path); by default its position.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence | np.ndarray],
        *,
        decode: Mapping[str, Callable[[Any], np.ndarray]] | None = None,
        names: Sequence[str] | None = None,
    ):
        lengths = {len(column) for column in columns.values()}
        if len(lengths) != 1:
            told = ", ".join(f"{name} {len(column):,}" for name, column in columns.items())
            raise DataError(
                f"The columns of a split have different lengths: {told or 'there are none'}.",
                expected="a value of each column for each example; None where one is absent",
                fix="check which examples the shorter column lacks",
            )
        self.columns = dict(columns)
        self.decode = dict(decode or {})
        self.names = names
        self._length = lengths.pop()

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not -self._length <= index < self._length:
            raise IndexError(index)
        example = {}
        for name, column in self.columns.items():
            value = column[index]
            decoded = name in self.decode and value is not None
            example[name] = self.decode[name](value) if decoded else value
        return example

    @property
    def labels(self) -> np.ndarray:
        """Integer labels, (N,), read without decoding anything else.

        Raises:
            DataError: the examples have no labels.
        """
        if "label" not in self.columns:
            raise DataError(
                "These examples have no labels.",
                expected=f"a column label beside {', '.join(self.columns)}",
                fix="choose a data set with classes, or a task that needs none",
            )
        return np.asarray(self.columns["label"], dtype="int64")

    def changed(self, changes: Mapping[str, Callable[[Any], Any]]) -> "Split":
        """Return the same examples, with values of some columns changed as they are read.

        Args:
            changes: column name to a function of the decoded value.
        """
        decode = dict(self.decode)
        for name, change in changes.items():
            decode[name] = partial(_one_after_the_other, self.decode.get(name), change)
        return Split(self.columns, decode=decode, names=self.names)

    def name_of(self, index: int) -> str:
        """Return the file name or, where there is none, the position of an example."""
        return str(self.names[index]) if self.names is not None else f"#{index}"

    def as_arrays(self) -> dict[str, np.ndarray]:
        """Return all examples, decoded, as one array for each column.

        Columns that are kept as arrays are returned without a copy; texts are an array of objects.

        Raises:
            DataError: the examples of a column have different shapes.

        >>> from zoo.data.embedded.digits import load
        >>> arrays = load().splits["test"].as_arrays()
        >>> arrays["image"].shape, arrays["label"].shape
        ((359, 8, 8, 1), (359,))
        """
        from zoo.data.arrays import split_arrays

        return split_arrays(self)

    def to_frame(self) -> "pd.DataFrame":
        """Return all examples, decoded, as a pandas frame with one row per example, indexed by its name.

        Raises:
            MachineError: pandas is not installed.

        >>> from zoo.data.embedded.digits import load
        >>> load().splits["test"].to_frame()["label"].value_counts()  # doctest: +SKIP
        """
        from zoo.data.arrays import split_frame

        return split_frame(self)

    def take(self, indices: np.ndarray | Sequence[int]) -> "Split":
        """Return a split of the given examples, in the given order."""
        indices = np.asarray(indices, dtype="int64")
        columns = {
            name: column[indices]
            if isinstance(column, np.ndarray)
            else [column[i] for i in indices]
            for name, column in self.columns.items()
        }
        names = None if self.names is None else [self.names[i] for i in indices]
        return Split(columns, decode=self.decode, names=names)


def joined(splits: Iterable[Split]) -> Split:
    """Return one split of all examples of several, which have the same columns.

    >>> len(joined([Split({"label": np.zeros(2)}), Split({"label": np.ones(3)})]))
    5
    """
    splits = list(splits)
    columns: dict[str, Any] = {}
    for name in splits[0].columns:
        parts = [split.columns[name] for split in splits]
        arrays = all(isinstance(part, np.ndarray) for part in parts)
        columns[name] = np.concatenate(parts) if arrays else [v for part in parts for v in part]
    named = any(split.names is not None for split in splits)
    names = [split.name_of(i) for split in splits for i in range(len(split))] if named else None
    return Split(columns, decode=splits[0].decode, names=names)


@dataclass(frozen=True)
class Dataset:
    """Examples by split ("train", "validation", "test") with what is known about them.

    Attributes:
        name: registry name, TFDS name or folder.
        splits: split name to `Split`.
        features: column name to its type, a `zoo.columns.Column`.
        classes: class names; the label is the position. Empty where examples have no labels.
        licence: as the source states it.
        source: "embedded", "tfds", "archive", "folder", "table" or "hub".
        skipped: files left out as unreadable, if that was requested.
        homepage: where the source describes itself.
        notes: facts for readers of a result: how splits were made, what was left out.
    """

    name: str
    splits: Mapping[str, Split]
    features: Mapping[str, Column]
    classes: tuple[str, ...]
    licence: str
    source: str
    skipped: tuple[str, ...] = ()
    homepage: str = ""
    notes: tuple[str, ...] = ()
    _memo: dict = field(default_factory=dict, repr=False, compare=False)

    @property
    def fingerprint(self) -> str:
        """First 16 hex digits of SHA-256 over every split's name, order, labels and values."""
        if "fingerprint" not in self._memo:
            digest = hashlib.sha256()
            for split_name in sorted(self.splits):
                split = self.splits[split_name]
                digest.update(f"{split_name}:{len(split)}:{self.classes}".encode())
                for column_name in sorted(split.columns):
                    _hash_column(digest, column_name, split)
            self._memo["fingerprint"] = digest.hexdigest()[:16]
        return self._memo["fingerprint"]

    @property
    def train(self) -> Split:
        """The examples to learn from.

        Raises:
            DataError: there are none, as the data was loaded to be scored only.
        """
        if "train" not in self.splits:
            raise DataError(
                f"{self.name} has no train split: all of it is the test split.",
                expected="examples to learn from",
                fix="leave test_fraction=1 out",
            )
        return self.splits["train"]

    def counts(self) -> dict[str, list[int]]:
        """Examples by split and class; one number per split where there are no classes."""
        if not self.classes:
            return {name: [len(split)] for name, split in self.splits.items()}
        return {
            name: np.bincount(split.labels, minlength=len(self.classes)).tolist()
            for name, split in self.splits.items()
        }

    def with_validation(self, *, fraction: float, seed: int) -> "Dataset":
        """Take a validation split from train, unless the source has one.

        It is stratified by class, or by each of several labels; if examples have groups, no group is in
        both splits.

        Args:
            fraction: share of train, 0 < fraction < 1.
            seed: of the draw; the same seed gives the same examples everywhere.

        Raises:
            DataError: there is no train, or it has too few examples.
        """
        if "validation" in self.splits:
            return self
        from zoo.data import splits as divide
        from zoo.data.label_sets import held_labels, label_set_indices

        train, shares = self.train, (1 - fraction, fraction)
        labels = train.labels if self.classes else np.zeros(len(train), dtype="int64")
        classes = self.classes or ("documents",)
        if "group" in train.columns:
            groups = train.columns["group"]
            parts = divide.grouped_indices(
                labels, groups, fractions=shares, seed=seed, classes=classes
            )
        elif not self.classes and (held := held_labels(train, self.features)) is not None:
            parts = label_set_indices(held, fractions=shares, seed=seed)
        else:
            parts = divide.stratified_indices(labels, fractions=shares, seed=seed, classes=classes)
        splits = dict(self.splits, train=train.take(parts[0]), validation=train.take(parts[1]))
        return replace(self, splits=splits, _memo={})

    def as_tf_data(
        self,
        task: Any = None,
        *,
        split: str = "train",
        batch_size: int | None = 32,
        seed: int | None = None,
    ) -> "tf.data.Dataset":
        """Return a split as tf.data: what `model.fit` takes.

        Args:
            task: a `zoo.tasks.base.Task` that encodes the examples, fitted on train; None gives the
                columns as they are.
            split: "train", "validation" or "test".
            batch_size: examples in a batch, the last of which may be smaller; None gives them singly.
            seed: of the order, which differs in each pass; None keeps the order of the split.

        Returns:
            `(x, y)`, two dictionaries of tensors (B, …) by name; without a task one dictionary of
            columns, texts as tf.string.

        Raises:
            UnknownNameError: no such split.
            DataError: without a task, and examples have different shapes.

        >>> from zoo.data.embedded.digits import load
        >>> from zoo.tasks.image_classification import ImageClassification
        >>> x, y = next(iter(load().as_tf_data(ImageClassification(image_size=16))))
        >>> x["image"].shape, y["label"].shape
        (TensorShape([32, 16, 16, 1]), TensorShape([32]))
        """
        from zoo.data.arrays import dataset_batches

        return dataset_batches(self, task, split=split, batch_size=batch_size, seed=seed)

    def remarks(self) -> list[str]:
        """Return the notes, and how many files were left out as unreadable, the first ten by name."""
        if not self.skipped:
            return list(self.notes)
        names = ", ".join(self.skipped[:NAMED])
        more = f" and {len(self.skipped) - NAMED} more" if len(self.skipped) > NAMED else ""
        what = f"{len(self.skipped)} file(s) or row(s) that cannot be used were left out"
        return [*self.notes, f"{what}: {names}{more}."]

    def limited(self, count: int) -> "Dataset":
        """Keep at most `count` examples of each split, spread evenly over it."""
        splits = {
            name: split.take(np.linspace(0, len(split) - 1, count).astype(int))
            if len(split) > count
            else split
            for name, split in self.splits.items()
        }
        return replace(self, splits=splits, _memo={})


def _one_after_the_other(
    decode: Callable[[Any], Any] | None, change: Callable[[Any], Any], value: Any
) -> Any:
    return change(value if decode is None else decode(value))


def _hash_column(digest: Any, name: str, split: Split) -> None:
    column = split.columns[name]
    digest.update(name.encode())
    if isinstance(column, np.ndarray):
        digest.update(f"{column.dtype}{column.shape}".encode())
        digest.update(np.ascontiguousarray(column).data)
        return
    for value in column:
        if isinstance(value, np.ndarray):
            digest.update(f"{value.dtype}{value.shape}".encode())
            raw = np.ascontiguousarray(value).tobytes()
        else:
            raw = value if isinstance(value, bytes) else _file_or_text(value)
        digest.update(len(raw).to_bytes(8, "little") + raw)


def _file_or_text(value: Any) -> bytes:
    if value is None:
        return b"\0absent"  # which no text begins with
    return file_bytes(value) if hasattr(value, "read_bytes") else str(value).encode()


def file_bytes(path: Any) -> bytes:
    """Return what a file of the data holds.

    Raises:
        DataError: it can no longer be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} can no longer be read ({error.strerror}).",
            fix="put the file back, or load the data set again",
        ) from error
