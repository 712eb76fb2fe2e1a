"""Features of runs of words (1607.01759 §2.2): each run is hashed to one of a fixed number of ids."""

from typing import Any

import keras
from keras import ops

from zoo.errors import ArgumentError

MULTIPLIER = 116_049_371  # of fastText's own hash of words that follow each other


@keras.saving.register_keras_serializable(package="kerazoo")
class HashedNgrams(keras.layers.Layer):
    """Give the ids of a text, and those of its pairs, triples … of words behind them.

    A run of words has the id `vocabulary_size + hash % num_buckets`; different runs may share one.
    The hash is computed in 32 bits, where it wraps around. A run that touches padding has id 0, as
    padding has.

    Args:
        vocabulary_size: ids that words have, padding included.
        num_buckets: ids for runs of words, >= 1.
        longest: words of the longest runs, >= 1; 1 leaves only the words.
        **layer_arguments: `name`, `dtype` and the like.

    Raises:
        ArgumentError: `num_buckets` or `longest` is below 1.

    >>> HashedNgrams(10, 5, longest=2)(ops.array([[3, 4, 0]])).tolist()  # doctest: +SKIP
    [[3, 4, 0, 12, 0, 0]]
    """

    def __init__(
        self, vocabulary_size: int, num_buckets: int, *, longest: int = 2, **layer_arguments: Any
    ):
        super().__init__(**layer_arguments)
        for name, value in (("num_buckets", num_buckets), ("longest", longest)):
            if value < 1:
                raise ArgumentError(
                    f"Runs of words cannot be hashed with {name}={value!r}.",
                    expected="1 or more",
                    fix=f"set {name} to 1 or more",
                )
        self.vocabulary_size, self.num_buckets, self.longest = vocabulary_size, num_buckets, longest

    def call(self, ids):
        """Return int32 (B, longest · T) for ids (B, T): words, then runs by their first word."""
        tokens = ops.shape(ids)[1]
        padded = ops.pad(ids, ((0, 0), (0, self.longest - 1)))
        found, hashed, whole = [ids], ids, ops.not_equal(ids, 0)
        for ahead in range(1, self.longest):
            following = padded[:, ahead : ahead + tokens]  # (B, T)
            hashed = hashed * MULTIPLIER + following
            whole = ops.logical_and(whole, ops.not_equal(following, 0))
            bucket = self.vocabulary_size + ops.mod(hashed, self.num_buckets)
            found.append(ops.where(whole, bucket, 0))
        return ops.concatenate(found, axis=1)

    def compute_output_spec(self, ids):
        """Return int32 (B, longest · T)."""
        batch, tokens = ids.shape
        tokens = tokens if tokens is None else self.longest * tokens
        return keras.KerasTensor((batch, tokens), dtype="int32")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "vocabulary_size": self.vocabulary_size,
            "num_buckets": self.num_buckets,
            "longest": self.longest,
        }
        return super().get_config() | own
