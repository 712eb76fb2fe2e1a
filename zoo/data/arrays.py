"""Splits for other libraries: NumPy arrays, tf.data, pandas."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.examples import Examples, ExamplesBySplit
from zoo.errors import ArgumentError, DataError, MachineError, unknown_name

if TYPE_CHECKING:
    import pandas as pd
    import tensorflow as tf


def split_arrays(split: Examples) -> dict[str, np.ndarray]:
    """Decode every example; see `Split.as_arrays`."""
    return {name: _stacked(name, *_values(split, name)) for name in split.columns}


def split_frame(split: Examples) -> "pd.DataFrame":
    """Make a pandas frame; see `Split.to_frame`."""
    try:
        import pandas as pd
    except ImportError as error:
        raise MachineError(
            "pandas is not installed.",
            expected="pandas, which kerazoo itself does not need",
            fix="pip install pandas, or use as_arrays()",
        ) from error
    columns = {}
    for name in split.columns:
        values, decode = _values(split, name)
        columns[name] = [decode(value) if decode else value for value in values]
    return pd.DataFrame(columns, index=[split.name_of(i) for i in range(len(split))])


def dataset_batches(
    dataset: ExamplesBySplit, task: Any, *, split: str, batch_size: int | None, seed: int | None
) -> "tf.data.Dataset":
    """Make a tf.data set; see `Dataset.as_tf_data`."""
    if split not in dataset.splits:
        raise unknown_name("split", split, dataset.splits, fix=f"take one of {dataset.name}'s")
    if batch_size is not None and (not isinstance(batch_size, int) or batch_size < 1):
        raise ArgumentError(f"batch_size={batch_size!r} is not a valid batch size.", fix="try 32")
    if task is None:
        return _stream(*_columns(dataset, split, batch_size), batch_size=batch_size, seed=seed)
    from zoo.data.pipeline import Encoded

    train = dataset.train
    assets = task.fit(train, features=dataset.features, classes=dataset.classes)
    encoded = Encoded(dataset.splits[split], task, assets, training=split == "train")
    specs = [(part, name) for part in (0, 1) for name in encoded.specs[part]]

    def fetch(positions: np.ndarray) -> list[np.ndarray]:
        parts = encoded.batch(positions)
        return [parts[part][name] for part, name in specs]

    def arranged(*tensors: Any) -> tuple[dict, dict]:
        parts: tuple[dict, dict] = ({}, {})
        for (part, name), tensor in zip(specs, tensors, strict=True):
            parts[part][name] = tensor
        return parts

    found = [encoded.specs[part][name] for part, name in specs]
    kinds = [(spec.dtype, spec.shape) for spec in found]
    return _stream(len(encoded), fetch, kinds, arranged, batch_size=batch_size, seed=seed)


def _columns(dataset: ExamplesBySplit, split: str, batch_size: int | None) -> tuple[Any, ...]:
    """Return what `_stream` needs for the columns as they are."""
    examples = dataset.splits[split]
    kinds = []
    for name, feature in dataset.features.items():
        varies = None in feature.value_shape and not isinstance(examples.columns[name], np.ndarray)
        if varies and batch_size is not None:
            raise DataError(
                f"The shape of {name} differs between examples, so {dataset.name} has no batches.",
                expected="examples of one shape, or a task that gives them one",
                fix="give a task: as_tf_data(task); or take single examples: batch_size=None",
            )
        value = np.asarray(examples[0][name])
        is_text = value.dtype.kind in "US"
        shape = feature.value_shape if varies else value.shape
        kinds.append(("string" if is_text else value.dtype.name, shape))

    def fetch(positions: np.ndarray) -> list[np.ndarray]:
        rows = [examples[int(position)] for position in positions]
        return [
            np.array([row[name].encode() for row in rows], dtype=object)
            if dtype == "string"
            else np.stack([np.asarray(row[name], dtype=dtype) for row in rows])
            for name, (dtype, _) in zip(dataset.features, kinds, strict=True)
        ]

    def arranged(*tensors: Any) -> dict[str, Any]:
        return dict(zip(dataset.features, tensors, strict=True))

    return len(examples), fetch, kinds, arranged


def _stream(
    count: int,
    fetch: Callable[[np.ndarray], list[np.ndarray]],
    kinds: list[tuple[str, tuple[int | None, ...]]],
    arranged: Callable[..., Any],
    *,
    batch_size: int | None,
    seed: int | None,
) -> "tf.data.Dataset":
    import tensorflow as tf

    @tf.autograph.experimental.do_not_convert  # errors stay as they were raised
    def load(positions: Any) -> Any:
        dtypes = [tf.as_dtype(dtype) for dtype, _ in kinds]
        tensors = tf.numpy_function(fetch, [positions], dtypes)
        for tensor, (_, shape) in zip(tensors, kinds, strict=True):
            tensor.set_shape((None, *shape))
        return arranged(*tensors)

    positions = tf.data.Dataset.range(count)
    if seed is not None:
        positions = positions.shuffle(count, seed=seed)
    batches = positions.batch(batch_size or 1).map(load)
    return (batches if batch_size else batches.unbatch()).prefetch(2)


def _values(split: Examples, name: str) -> tuple[Any, Callable[[Any], Any] | None]:
    return split.columns[name], split.decode.get(name)


def _stacked(name: str, column: Any, decode: Callable[[Any], Any] | None) -> np.ndarray:
    if decode is None and isinstance(column, np.ndarray):
        return column
    out = None
    for position, stored in enumerate(column):
        value = stored if decode is None else decode(stored)
        if out is None:
            dtype = object if isinstance(value, str) else np.asarray(value).dtype
            out = np.empty((len(column), *np.shape(value)), dtype)
        if np.shape(value) != out.shape[1:]:
            raise DataError(
                f"The examples of the column {name} have different shapes, such as "
                f"{out.shape[1:]} and {np.shape(value)}: they do not fit into one array.",
                expected="examples of one shape",
                fix="Dataset.as_tf_data(task) resizes or pads them; split[i] gives one example",
            )
        out[position] = value
    return np.empty(0) if out is None else out
