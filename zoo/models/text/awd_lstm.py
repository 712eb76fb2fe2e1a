"""AWD-LSTM (1708.02182): a language model of LSTM layers that dropout of five kinds holds back.

Input ids (B, T) of any T -> {"tokens": (B, T, E), "logits": (B, T, V)}; the logits at a token are of the
one after it. The last layer is as wide as the embedding, whose matrix predicts (§4.5). Departures: each
window begins with states of zero, where the authors carry them on from the window before; one bias to
a layer, where PyTorch has two; activation regularization and averaged SGD belong to training.
"""

from typing import Any

import keras
from keras import ops

from zoo.layers.weight_dropped_lstm import WeightDroppedLSTM


def awd_lstm(
    *,
    vocabulary_size: int = 10_000,
    embedding_dim: int = 400,
    hidden_dim: int = 1150,
    num_layers: int = 3,
    weight_dropout_rate: float = 0.0,
    token_dropout_rate: float = 0.0,
    embedding_dropout_rate: float = 0.0,
    layer_dropout_rate: float = 0.0,
    output_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are the paper's size (§5), without dropout.

    Dropout of elements is locked (§4.2): the same elements at all tokens of a text.

    Args:
        vocabulary_size: ids that there are, padding included.
        embedding_dim: of each id's vector, and of the last layer's state.
        hidden_dim: of the states of the layers before it.
        num_layers: LSTM layers, 1 or more.
        weight_dropout_rate: of the layers' recurrent weights (§2), [0, 1).
        token_dropout_rate: of whole words of the vocabulary (§4.3), [0, 1).
        embedding_dropout_rate: of the embeddings' elements, [0, 1).
        layer_dropout_rate: of what each layer but the last gives, [0, 1).
        output_dropout_rate: of what the last layer gives, [0, 1).

    Returns:
        Model from int32 (B, T) to {"tokens": (B, T, embedding_dim), "logits": (B, T,
        vocabulary_size)}, the logits in float32.

    >>> awd_lstm(vocabulary_size=9, hidden_dim=8).output["logits"].shape
    (None, None, 9)
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    embedding = keras.layers.ReversibleEmbedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomUniform(-0.1, 0.1),
        reverse_dtype="float32",
        name="embedding",
    )
    x = embedding(ids)  # (B, T, E)
    if token_dropout_rate:
        x = VocabularyDropout(vocabulary_size, token_dropout_rate, name="token_dropout")(x, ids)
    x = _locked(x, embedding_dropout_rate, name="embedding_dropout")
    for i in range(1, num_layers + 1):
        width = embedding_dim if i == num_layers else hidden_dim
        x = WeightDroppedLSTM(width, weight_dropout_rate, name=f"layer{i}")(x)
        rate = output_dropout_rate if i == num_layers else layer_dropout_rate
        x = _locked(x, rate, name=f"dropout{i}")
    logits = LogitBias(dtype="float32", name="logits")(embedding(x, reverse=True))  # (B, T, V)
    return keras.Model(ids, {"tokens": x, "logits": logits}, name="backbone")


def _locked(x: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    return keras.layers.SpatialDropout1D(rate, name=name)(x) if rate else x


@keras.saving.register_keras_serializable(package="kerazoo")
class VocabularyDropout(keras.layers.Layer):
    """Set the vectors of some words to zero wherever they occur in a batch, while training.

    Args:
        vocabulary_size: ids that there are.
        rate: share of the words that are left out, [0, 1); the others grow by 1 / (1 - rate).
        seed: of the draws; None draws one from `keras.utils.set_random_seed`.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(
        self, vocabulary_size: int, rate: float, seed: int | None = None, **layer_arguments: Any
    ):
        super().__init__(**layer_arguments)
        self.vocabulary_size, self.rate, self.seed = vocabulary_size, rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, ids, training: bool = False):
        """Return `x` (B, T, E), in training without the vectors of some of the ids (B, T)."""
        if not training:
            return x
        ones = ops.ones((self.vocabulary_size,), x.dtype)
        scales = keras.random.dropout(ones, self.rate, seed=self.seed_generator)  # (V,)
        return x * ops.take(scales, ids, axis=0)[..., None]

    def compute_output_shape(self, x_shape, ids_shape):
        """Return (B, T, E)."""
        return x_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"vocabulary_size": self.vocabulary_size, "rate": self.rate, "seed": self.seed}
        return super().get_config() | own


@keras.saving.register_keras_serializable(package="kerazoo")
class LogitBias(keras.layers.Layer):
    """Add a number of its own to the logits of each word."""

    def build(self, input_shape):
        """Make the numbers (V,)."""
        self.bias = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="bias")

    def call(self, logits):
        """Return `logits` (B, T, V) with the numbers added."""
        return logits + self.bias
