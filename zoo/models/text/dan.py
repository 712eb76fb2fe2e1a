"""Deep averaging network (Iyyer et al. 2015): dense layers over the mean of a text's word vectors.

Input ids (B, T) of any T, 0 is padding -> {"pooled": (B, D)}. In training, whole words are left out of
the mean at random (§3.1). Departure: word vectors start from random numbers, not from GloVe.
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.masked_mean import MaskedMean
from zoo.layers.masking import PaddingMask


def dan(
    *,
    vocabulary_size: int = 20_000,
    embedding_dim: int = 300,
    hidden_dim: int = 300,
    num_layers: int = 3,
    token_dropout_rate: float = 0.3,
    embedding_dropout_rate: float = 0.0,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are the paper's for sentiment (§4).

    Args:
        vocabulary_size: ids that there are, padding included.
        embedding_dim: of each id's vector.
        hidden_dim: of the dense layers.
        num_layers: dense layers with a ReLU, one after another; 0 leaves the mean.
        token_dropout_rate: share of words that the mean leaves out in training, [0, 1).
        embedding_dropout_rate: of the embeddings' elements, [0, 1).
        layer_dropout_rate: of what each dense layer gives, [0, 1).

    Returns:
        Model from int32 (B, T) to {"pooled": (B, hidden_dim)}.

    >>> dan(vocabulary_size=9, embedding_dim=4, hidden_dim=5).output["pooled"].shape
    (None, 5)
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = PaddingMask(name="mask")(ids)  # (B, T)
    if token_dropout_rate:
        mask = TokenDropout(token_dropout_rate, name="token_dropout")(mask)
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(ids)  # (B, T, E)
    if embedding_dropout_rate:
        x = keras.layers.Dropout(embedding_dropout_rate, name="embedding_dropout")(x)
    x = MaskedMean(name="mean")(x, mask)  # (B, E)
    for i in range(1, num_layers + 1):
        x = keras.layers.Dense(hidden_dim, activation="relu", name=f"layer{i}")(x)  # (B, D)
        if layer_dropout_rate:
            x = keras.layers.Dropout(layer_dropout_rate, name=f"dropout{i}")(x)
    return keras.Model(ids, {"pooled": x}, name="backbone")


@keras.saving.register_keras_serializable(package="kerazoo")
class TokenDropout(keras.layers.Layer):
    """Leave out whole tokens of a mask at random while training.

    A text may lose all of its words, as in the paper; its mean is then zero.

    Args:
        rate: share of tokens that are left out, [0, 1).
        seed: of the layer's generator; None draws one from `keras.utils.set_random_seed`.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(self, rate: float, seed: int | None = None, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, is_text, training: bool = False):
        """Return `is_text` (B, T), in training with fewer places that are True."""
        if not training:
            return is_text
        draws = keras.random.uniform(
            ops.shape(is_text), dtype="float32", seed=self.seed_generator
        )  # (B, T)
        return ops.logical_and(is_text, draws >= self.rate)

    def compute_output_spec(self, is_text, training: bool = False):
        """Return booleans of the shape of `is_text`."""
        return keras.KerasTensor(is_text.shape, dtype="bool")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"rate": self.rate, "seed": self.seed}
