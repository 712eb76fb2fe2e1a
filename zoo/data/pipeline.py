"""Turn examples into batches: encoded once, in an order that is a function of (seed, step)."""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from zoo.columns import Spec
from zoo.data.examples import Examples
from zoo.data.sampling import ClassSampling, GroupSampling
from zoo.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf


MEMORY_LIMIT_BYTES = 2**31  # encoded examples beyond this are encoded again at every pass
GROUPED_BATCHES = 16  # among so many, examples of similar length are put into one batch
Arrays = dict[str, np.ndarray]


class Encoder(Protocol):
    """The part of a task that the pipeline needs."""

    random_encoding: bool

    def units(self, split: Examples, assets: Any, *, training: bool) -> Examples:
        """Return what is encoded one by one."""

    def together(self, assets: Any) -> tuple[str, int] | None:
        """Return which examples follow one another in training, and how many at a time."""

    def encode(
        self, example: Mapping[str, Any], assets: Any, seed: int | None
    ) -> tuple[Arrays, Arrays]:
        """Return `(x, y)` of one example."""


class Sampling(Protocol):
    """An order of training examples; `zoo.data.sampling` has two."""

    def order(self, seed: int, number: int) -> np.ndarray:
        """Return the examples of pass `number` in their order, (N,)."""


class Encoded:
    """A split as the model takes it: `(x, y)` by position.

    Examples are encoded once and kept where they fit in memory, and at every access where not, or
    where training wants each visit encoded at random.

    Args:
        split: examples, of which the task makes the units that are encoded.
        task: encodes them.
        assets: declares shapes.
        training: the examples are trained on; a task whose encoding is random gets seeds.
        memory_limit_bytes: above it nothing is kept.
        transforms: `(example, seed) -> example`, changes each example at each visit; nothing is kept.
        sampling: how often training draws each class, "balanced" or "sqrt"; None shows every example
            equally often.
    """

    def __init__(
        self,
        split: Examples,
        task: Encoder,
        assets: Any,
        *,
        training: bool = False,
        memory_limit_bytes: int = MEMORY_LIMIT_BYTES,
        transforms: Callable[[Mapping[str, Any], int], Mapping[str, Any]] | None = None,
        sampling: str | None = None,
    ):
        self.split = task.units(split, assets, training=training)
        self.task, self.assets, self.transforms = task, assets, transforms
        self.sampling = ClassSampling(self.split.labels, sampling) if sampling else None
        if training and self.sampling is None:
            together = task.together(assets)
            self.sampling = together and GroupSampling(self.split.columns[together[0]], together[1])
        self.specs: tuple[dict[str, Spec], dict[str, Spec]] = assets.specs()
        size = len(self.split) * sum(_bytes(spec) for part in self.specs for spec in part.values())
        changing = transforms is not None or (training and task.random_encoding)
        keep = size <= memory_limit_bytes and not changing
        self._kept = self._encode_all() if keep else None

    def __len__(self) -> int:
        return len(self.split)

    @functools.cached_property
    def buckets(self) -> np.ndarray | None:
        """Bucket of each example's longest axis that varies, (N,); None where none is known."""
        if self._kept is None:
            return None
        edges = {
            name: (axis, spec.buckets)
            for name, spec in self.specs[0].items()
            for axis, size in enumerate(spec.shape)
            if size is None and spec.buckets
        }
        found = [
            np.searchsorted(edge, [np.shape(value)[axis] for value in self._kept[0][name]])
            for name, (axis, edge) in edges.items()
        ]
        return np.max(found, axis=0) if found else None

    def batch(self, indices: np.ndarray, seeds: np.ndarray | None = None) -> tuple[Arrays, Arrays]:
        """Return the examples at `indices`, stacked and padded: arrays (B, …) by name.

        Args:
            indices: positions, (B,).
            seeds: one for each example, for encodings with random parts; None for none.
        """
        if self._kept is not None:
            return tuple(
                {name: _pick(part[name], indices, specs[name]) for name in specs}
                for part, specs in zip(self._kept, self.specs, strict=True)
            )
        seeds = [None] * len(indices) if seeds is None else seeds.tolist()
        pairs = [self._encode(int(i), seed) for i, seed in zip(indices, seeds, strict=True)]
        return tuple(
            {name: stack([pair[k][name] for pair in pairs], specs[name]) for name in specs}
            for k, specs in enumerate(self.specs)
        )

    def batches(self, batch_size: int) -> Iterator[tuple[Arrays, Arrays]]:
        """Yield every example once, in order; the last batch may be shorter."""
        for start in range(0, len(self), batch_size):
            yield self.batch(np.arange(start, min(start + batch_size, len(self))))

    def _encode(self, index: int, seed: int | None) -> tuple[Arrays, Arrays]:
        """Encode one example; an error names it."""
        try:
            return self.task.encode(self._visited(index, seed), self.assets, seed)
        except DataError as error:
            raise error.about(self.split.name_of(index)) from error

    def _visited(self, index: int, seed: int | None) -> Mapping[str, Any]:
        example = self.split[index]
        if self.transforms is None or seed is None:
            return example
        return self.transforms(example, seed)

    def _encode_all(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Encode every example into arrays made beforehand, so that nothing is held twice."""
        count = len(self.split)
        kept: tuple[dict[str, Any], ...] = tuple(
            {
                name: [None] * count
                if None in spec.shape
                else np.empty((count, *spec.shape), spec.dtype)
                for name, spec in specs.items()
            }
            for specs in self.specs
        )
        for i in range(count):
            pair = self._encode(i, None)
            for columns, values in zip(kept, pair, strict=True):
                for name, column in columns.items():
                    column[i] = values[name]
        return kept


def _bytes(spec: Spec) -> int:
    length = max(spec.buckets, default=1024)
    count = np.prod([length if size is None else size for size in spec.shape], dtype="int64")
    return int(count) * np.dtype(spec.dtype).itemsize


def _pick(column: np.ndarray | list, indices: np.ndarray, spec: Spec) -> np.ndarray:
    if isinstance(column, np.ndarray):
        return column[indices]
    return stack([column[i] for i in indices], spec)


def stack(values: list, spec: Spec) -> np.ndarray:
    """Stack to (B, …), padding axes of `None` to the bucket's edge or the longest."""
    if None not in spec.shape:
        return np.asarray(values, dtype=spec.dtype).reshape(len(values), *spec.shape)
    shape = []
    for axis, size in enumerate(spec.shape):
        longest = max(np.shape(value)[axis] for value in values)
        edges = [edge for edge in spec.buckets if edge >= longest]
        shape.append(size if size is not None else min(edges, default=longest))
    out = np.full((len(values), *shape), spec.padding, dtype=spec.dtype)
    for row, value in zip(out, values, strict=True):
        row[tuple(slice(0, size) for size in np.shape(value))] = value
    return out


@functools.lru_cache(maxsize=4)
def _order(size: int, seed: int, number: int) -> np.ndarray:
    return np.random.default_rng([seed, number]).permutation(size)


def batch_positions(
    step: int,
    *,
    size: int,
    batch_size: int,
    seed: int,
    buckets: np.ndarray | None = None,
    sampling: Sampling | None = None,
) -> np.ndarray:
    """Return which examples make batch `step` of an endless, remainder-free stream.

    The stream is one shuffled pass after another; a batch may straddle two passes, so that every
    example is seen equally often. Any step can be asked for first: resuming needs no replay.

    Args:
        step: >= 0, counted from the start of training.
        size: examples in the split.
        batch_size: examples in a batch; may exceed `size`.
        seed: of the order.
        buckets: length bucket of each example, (size,). Among `GROUPED_BATCHES` consecutive batches
            examples of one bucket are put together, which saves padding. None leaves its pass, and
            a batch that straddles two passes stays as it is: an example is in a batch as often as
            without grouping.
        sampling: draws each pass of `size` examples; None shows each example once.

    Returns:
        Positions, (batch_size,).

    >>> sorted(batch_positions(0, size=4, batch_size=4, seed=1).tolist())
    [0, 1, 2, 3]
    """
    how = {"size": size, "seed": seed, "sampling": sampling}
    if buckets is None:
        return _positions(step * batch_size, (step + 1) * batch_size, **how)
    group, place = divmod(step, GROUPED_BATCHES)
    width = GROUPED_BATCHES * batch_size
    start, stop = group * width, (group + 1) * width
    batches = _positions(start, stop, **how).reshape(GROUPED_BATCHES, batch_size)
    passes = (np.arange(start, stop) // size).reshape(GROUPED_BATCHES, batch_size)
    order = np.random.default_rng([seed, group]).permutation(GROUPED_BATCHES)
    if buckets.min() < buckets.max():
        batches, order = _grouped(batches, passes, buckets=buckets, order=order)
    return batches[order[place]]


def _grouped(
    batches: np.ndarray, passes: np.ndarray, *, buckets: np.ndarray, order: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Put examples of one bucket together, and batches in a random order, inside each pass.

    Args:
        batches: positions in the split, (G, B).
        passes: of each of them, (G, B), ascending.
        buckets: of each example of the split.
        order: random permutation of the batches, (G,).

    Returns:
        The batches, and the order in which they come; those that straddle two passes are where and
        what they were.
    """
    batches, kept = batches.copy(), np.arange(len(order))
    first, last = passes[:, 0], passes[:, -1]
    for number in np.unique(first[first == last]):
        whole = np.flatnonzero((first == number) & (last == number))
        examples = batches[whole].ravel()
        by_length = examples[np.argsort(buckets[examples], kind="stable")]
        batches[whole] = by_length.reshape(len(whole), -1)
        kept[whole] = order[np.isin(order, whole)]
    return batches, kept


def _positions(
    start: int, stop: int, *, size: int, seed: int, sampling: Sampling | None
) -> np.ndarray:
    places = np.arange(start, stop)
    passes = places // size
    found = []
    for number in map(int, np.unique(passes)):
        order = sampling.order(seed, number) if sampling else _order(size, seed, number)
        found.append(order[places[passes == number] % size])
    return np.concatenate(found)


def training_stream(
    encoded: Encoded,
    *,
    batch_size: int,
    seed: int,
    first_step: int = 0,
    augment: Callable[..., Any] | None = None,
) -> "tf.data.Dataset":
    """Make the endless stream of training batches, from `first_step` on.

    Batch `step` is a function of only (seed, step), augmentation included, so that a resumed run sees
    what an uninterrupted one would have seen.

    Args:
        encoded: the train split.
        batch_size: examples in each batch.
        seed: of order and augmentation.
        first_step: steps already trained.
        augment: `(x, y, seed of shape (2,)) -> (x, y)` on whole batches, or None.

    Returns:
        tf.data dataset of `(x, y)` dictionaries, (B, …) each.
    """
    import tensorflow as tf

    names = [(k, name) for k, specs in enumerate(encoded.specs) for name in specs]
    dtypes = [encoded.specs[k][name].dtype for k, name in names]

    def fetch(step: np.ndarray) -> list[np.ndarray]:
        step = int(step)
        positions = batch_positions(
            step,
            size=len(encoded),
            batch_size=batch_size,
            seed=seed,
            buckets=encoded.buckets,
            sampling=encoded.sampling,
        )
        seeds = np.random.default_rng([seed, step]).integers(2**31, size=batch_size)
        parts = encoded.batch(positions, seeds)
        return [parts[k][name] for k, name in names]

    @tf.autograph.experimental.do_not_convert  # errors stay as they were raised
    def load(step):
        flat = tf.numpy_function(fetch, [step], [tf.as_dtype(dtype) for dtype in dtypes])
        parts = ({}, {})
        for tensor, (k, name) in zip(flat, names, strict=True):
            tensor.set_shape((batch_size, *encoded.specs[k][name].shape))
            parts[k][name] = tensor
        if augment is None:
            return parts
        return augment(*parts, tf.stack([tf.constant(seed, "int64"), step]))

    stream = tf.data.Dataset.range(first_step, np.iinfo("int64").max)
    options = tf.data.Options()
    options.autotune.enabled = False  # nothing is left to tune, and `fit` waits for its thread
    return (
        stream.map(load, num_parallel_calls=2, deterministic=True).prefetch(2).with_options(options)
    )
