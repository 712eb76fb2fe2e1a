"""TextCNN (1408.5882): filters of several widths over word embeddings, the maximum over time of each.

Input ids (B, T) of any T, 0 is padding -> {"pooled": (B, widths · filters)}. It is the paper's CNN-rand:
no pretrained vectors. Departures: none in the forward pass, but windows that hold only padding are
masked, so that what a text is batched with makes no difference.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.layers.masking import PaddingMask
from zoo.layers.zero_padded import ZeroPadded


def textcnn(
    *,
    vocabulary_size: int = 20_000,
    embedding_dim: int = 300,
    filter_widths: Sequence[int] = (3, 4, 5),
    num_filters: int = 100,
    embedding_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        vocabulary_size: ids that there are, padding included.
        embedding_dim: of each id's vector.
        filter_widths: in tokens; a text may be shorter than each of them.
        num_filters: feature maps of each width.
        embedding_dropout_rate: of the embeddings' elements, [0, 1).

    Returns:
        Model from int32 (B, T) to {"pooled": (B, len(filter_widths) · num_filters)}.

    >>> textcnn(vocabulary_size=9, embedding_dim=2, num_filters=4).output["pooled"].shape
    (None, 12)
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = PaddingMask(name="mask")(ids)  # (B, T)
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(ids)  # (B, T, D)
    if embedding_dropout_rate:
        x = keras.layers.Dropout(embedding_dropout_rate, name="embedding_dropout")(x)
    x = ZeroPadded(name="embedding_mask")(x, mask)
    maxima = []
    for width in filter_widths:
        name = f"width{width}"
        # Zeros on both sides, as in the paper's code: every token is seen by each filter position.
        padded = keras.layers.ZeroPadding1D(width - 1, name=f"{name}_pad")(x)
        maps = keras.layers.Conv1D(num_filters, width, activation="relu", name=f"{name}_conv")(
            padded
        )  # (B, T + width - 1, num_filters)
        maxima.append(MaxOverTime(width, name=f"{name}_max")(maps, mask))
    join = keras.layers.Concatenate(name="pooled")
    pooled = join(maxima) if len(maxima) > 1 else maxima[0]
    return keras.Model(ids, {"pooled": pooled}, name="backbone")


@keras.saving.register_keras_serializable(package="kerazoo")
class MaxOverTime(keras.layers.Layer):
    """Maximum over the windows that touch text, of maps that are not negative.

    Args:
        width: of the filter that made the maps, in tokens.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(self, width: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.width = width

    def call(self, maps, is_text):
        """Return (B, C): the maximum of `maps` (B, T + width - 1, C) under `is_text` (B, T).

        Window j covers the tokens j - width + 1 to j; a row of padding alone gives zeros.
        """
        side = self.width - 1
        touched = ops.pad(ops.cast(is_text, maps.dtype)[..., None], ((0, 0), (side, side), (0, 0)))
        touched = ops.max_pool(touched, self.width, strides=1, padding="valid")
        return ops.max(maps * touched, axis=1)

    def compute_output_spec(self, maps, is_text):
        """Return (B, C)."""
        return keras.KerasTensor((maps.shape[0], maps.shape[2]), dtype=maps.dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"width": self.width}
