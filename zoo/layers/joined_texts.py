"""Two texts as one: the input of a cross-encoder, made inside the model."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerazoo")
class JoinedTexts(keras.layers.Layer):
    """Put the ids of a second text behind those of a first one, with the padding at the end.

    Too long a pair is cut from the end of its longer text until both have the same length, then from
    the ends of both, the second one first. The marks that end a text, such as [SEP], stay.

    Args:
        limit: ids that both have together at most; 0 for any number.
        between: ids that are put between the texts.
        marks_before: marks in front of each text, such as [CLS], that the second one loses.
        marks_behind: marks behind each text.
        padding_id: of no text.
        **layer_arguments: `name`, `dtype` and the like.

    >>> join = JoinedTexts(5, between=(9,))
    >>> join(ops.array([[4, 5, 6, 7]]), ops.array([[8, 0]])).tolist()  # doctest: +SKIP
    [[4, 5, 6, 9, 8]]
    """

    def __init__(
        self,
        limit: int = 0,
        *,
        between: Sequence[int] = (),
        marks_before: int = 0,
        marks_behind: int = 0,
        padding_id: int = 0,
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self.limit, self.between = limit, tuple(between)
        self.marks_before, self.marks_behind = marks_before, marks_behind
        self.padding_id = padding_id

    def call(self, first, second):
        """Return ids (B, S) for ids (B, T) and (B, U); S is T + U + separators, at most `limit`."""
        in_first, in_second = (ops.not_equal(ids, self.padding_id) for ids in (first, second))
        place_first, place_second = _places(in_first), _places(in_second) - self.marks_before
        in_second = ops.logical_and(in_second, ops.greater_equal(place_second, 0))
        sizes = _count(in_first), _count(in_second)  # (B, 1) each
        kept = self._kept(*sizes) if self.limit else sizes
        in_first = ops.logical_and(in_first, self._within(place_first, sizes[0], kept[0]))
        in_second = ops.logical_and(in_second, self._within(place_second, sizes[1], kept[1]))
        ids, is_text = [first, second], [in_first, in_second]
        if self.between:
            marks = ops.zeros_like(first[:, :1]) + ops.array(self.between, first.dtype)
            ids.insert(1, marks)
            is_text.insert(1, ops.ones_like(marks, dtype="bool"))
        ids, is_text = ops.concatenate(ids, axis=1), ops.concatenate(is_text, axis=1)
        place, behind = ops.cumsum(ops.ones_like(ids), axis=1), ops.shape(ids)[1]
        order = ops.argsort(ops.where(is_text, place, place + behind), axis=1)
        joined = ops.where(is_text, ids, ops.full_like(ids, self.padding_id))
        joined = ops.take_along_axis(joined, order, axis=1)
        return joined[:, : self.limit] if self.limit else joined

    def _kept(self, first, second):
        """Return how many ids of each text are kept, (B, 1) each."""
        room = self.limit - len(self.between)
        kept = ops.minimum(first, ops.maximum(room - second, room - room // 2))
        return kept, ops.minimum(second, room - kept)

    def _within(self, place, size, kept):
        """Tell which places of a text are kept: its beginning, and the marks behind it."""
        begins = ops.less(place, kept - self.marks_behind)
        return ops.logical_or(begins, ops.greater_equal(place, size - self.marks_behind))

    def compute_output_spec(self, first, second):
        """Return ids (B, S) of a length that varies."""
        return keras.KerasTensor((first.shape[0], None), dtype=first.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {
            "limit": self.limit,
            "between": list(self.between),
            "marks_before": self.marks_before,
            "marks_behind": self.marks_behind,
            "padding_id": self.padding_id,
        }


def _count(is_text: Any) -> Any:
    return ops.sum(ops.cast(is_text, "int32"), axis=1, keepdims=True)


def _places(is_text: Any) -> Any:
    """Return the place of each id among those that are not padding, (B, T)."""
    return ops.cumsum(ops.cast(is_text, "int32"), axis=1) - 1
