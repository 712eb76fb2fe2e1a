"""Deep pyramid CNN (Johnson, Zhang 2017): pairs of convolutions, the text halved before each pair.

Input ids (B, T) of any T, 0 is padding -> {"pooled": (B, D)}. As in Figure 1a: a linear embedding of
regions of three words; activations before convolutions, identities around each pair; the number of
feature maps never changes; maximum over time at the end. Departures: word vectors take the place of
one-hot words, there are no unsupervised embeddings, and padding is masked, so that what a text is
batched with makes no difference.
"""

import keras
from keras import ops

from zoo.layers.masked_max import LOWEST, MaskedMax
from zoo.layers.masking import PaddingMask
from zoo.layers.zero_padded import ZeroPadded

REGION = 3  # words of a region, and of each filter


def dpcnn(
    *,
    vocabulary_size: int = 20_000,
    embedding_dim: int = 300,
    num_filters: int = 250,
    num_blocks: int = 7,
    embedding_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are the paper's depth of 15 weight layers (§3.1).

    Args:
        vocabulary_size: ids that there are, padding included.
        embedding_dim: of each id's vector.
        num_filters: feature maps of every layer.
        num_blocks: pairs of convolutions; the text is halved before each but the first.
        embedding_dropout_rate: of the embeddings' elements, [0, 1).

    Returns:
        Model from int32 (B, T) to {"pooled": (B, num_filters)}.

    >>> dpcnn(vocabulary_size=9, embedding_dim=2, num_filters=4).output["pooled"].shape
    (None, 4)
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = PaddingMask(name="mask")(ids)  # (B, T)
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(ids)  # (B, T, E)
    if embedding_dropout_rate:
        x = keras.layers.Dropout(embedding_dropout_rate, name="embedding_dropout")(x)
    x = ZeroPadded(name="embedding_mask")(x, mask)
    x = _convolution(num_filters, name="region")(x)  # (B, T, D)
    for i in range(1, num_blocks + 1):
        name = f"block{i}"
        if i > 1:
            x, mask = HalvingMax(name=f"{name}_pool")(x, mask)  # (B, ceil(T / 2), D)
        y = x
        for j in (1, 2):
            y = keras.layers.Activation("relu", name=f"{name}_{j}_act")(y)
            y = ZeroPadded(name=f"{name}_{j}_mask")(y, mask)
            y = _convolution(num_filters, name=f"{name}_{j}_conv")(y)
        x = keras.layers.Add(name=f"{name}_add")([x, y])
    pooled = MaskedMax(name="pooled")(x, mask)  # (B, D)
    return keras.Model(ids, {"pooled": pooled}, name="backbone")


def _convolution(num_filters: int, *, name: str) -> keras.layers.Layer:
    return keras.layers.Conv1D(
        num_filters, REGION, padding="same", kernel_initializer="he_normal", name=name
    )


@keras.saving.register_keras_serializable(package="kerazoo")
class HalvingMax(keras.layers.Layer):
    """Maximum over windows of three words, at every second word.

    The first window begins at the first word, so that padding behind a text moves none of them.
    """

    def call(self, x, is_text):
        """Return (B, ceil(T / 2), D) of `x` (B, T, D), and which of them begin at text."""
        x = ops.where(is_text[..., None], x, ops.cast(LOWEST, x.dtype))
        x = ops.pad(x, ((0, 0), (0, REGION - 1), (0, 0)), constant_values=LOWEST)
        return ops.max_pool(x, REGION, strides=2, padding="valid"), is_text[:, ::2]

    def compute_output_spec(self, x, is_text):
        """Return both, with half of the words."""
        batch, tokens, width = x.shape
        tokens = tokens if tokens is None else -(-tokens // 2)
        halved = keras.KerasTensor((batch, tokens, width), dtype=x.dtype)
        return halved, keras.KerasTensor((batch, tokens), dtype="bool")
