"""Early fusion: the raw inputs are tokens of one transformer, which sees all of them at once.

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "fused": (B, hidden_dim)}. As ViLT
(2102.03334 §3.1): no encoders, only a linear map of each patch of an image or of log-mel frames, of
a vector, or the mean of a text's word vectors; then the blocks of a vision transformer over all
tokens.
"""

from collections.abc import Mapping

import keras

from zoo.heads.classification import pooled_feature
from zoo.layers.attention import PositionEmbedding
from zoo.layers.masked_mean import MaskedMean
from zoo.layers.masking import PaddingMask
from zoo.layers.presence import OrAbsent
from zoo.layers.transformer_block import transformer_block


def early(
    *,
    input_shapes: Mapping[str, tuple[int | None, ...]],
    vocabulary_size: int = 20_000,
    patch_size: int = 4,
    hidden_dim: int = 64,
    num_heads: int = 4,
    num_layers: int = 3,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shapes: of the inputs, by name: (H, W, C), (T, D), (D,), or (None,) of ids.
        vocabulary_size: of ids.
        patch_size: pixels per side of a patch, or steps of a sequence that make one token.
        hidden_dim: width of the tokens.
        num_heads: divides hidden_dim.
        num_layers: blocks over all tokens.

    Returns:
        Model from the inputs and their presences to the mean token of each before the first block and
        "fused".
    """
    inputs, tokens = {}, {}
    for name, shape in input_shapes.items():
        ids = shape == (None,)
        x = inputs[name] = keras.Input(shape, dtype="int32" if ids else "float32", name=name)
        present = inputs[f"{name}.present"] = keras.Input(
            (), dtype="float32", name=f"{name}.present"
        )
        x = (
            _bag(x, vocabulary_size, hidden_dim, name)
            if ids
            else _patches(x, patch_size, hidden_dim, name)
        )
        x = OrAbsent(name=f"{name}_or_absent")(x, present)
        start = keras.initializers.RandomNormal(stddev=0.02)
        tokens[name] = PositionEmbedding(x.shape[1], start, name=f"{name}_positions")(x)
    features = {name: pooled_feature(name, x) for name, x in tokens.items()}
    parts = list(tokens.values())
    x = keras.layers.Concatenate(axis=1, name="tokens")(parts) if parts[1:] else parts[0]
    for i in range(1, num_layers + 1):
        x = transformer_block(x, num_heads=num_heads, inner=4 * hidden_dim, name=f"block_{i}")
    x = keras.layers.LayerNormalization(epsilon=1e-6, name="norm")(x)
    return keras.Model(inputs, {**features, "fused": pooled_feature("fusion", x)}, name="backbone")


def _bag(ids: keras.KerasTensor, vocabulary_size: int, width: int, name: str) -> keras.KerasTensor:
    """Return one token, (B, 1, D): the mean of the vectors of ids (B, T), padding left out."""
    x = keras.layers.Embedding(vocabulary_size, width, name=f"{name}_embedding")(ids)
    x = MaskedMean(name=f"{name}_mean")(x, PaddingMask(name=f"{name}_mask")(ids))
    return keras.layers.Reshape((1, width), name=f"{name}_sequence")(x)


def _patches(x: keras.KerasTensor, size: int, width: int, name: str) -> keras.KerasTensor:
    """Return (B, T, D) for an image, a sequence or a vector: a linear map of each patch."""
    if len(x.shape) == 2:
        x = keras.layers.Dense(width, name=f"{name}_patches")(x)
        return keras.layers.Reshape((1, width), name=f"{name}_sequence")(x)
    kind = keras.layers.Conv2D if len(x.shape) == 4 else keras.layers.Conv1D
    x = kind(width, size, strides=size, padding="same", name=f"{name}_patches")(x)
    return keras.layers.Reshape((-1, width), name=f"{name}_sequence")(x)
