"""Cross-attention between inputs: each one asks the others (MulT, 1906.00295 §3.1).

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "fused": (B, inputs · hidden_dim)}. Queries
are the tokens of one input, keys and values those of all others; residual and normalized before
attention, then a feed-forward pair; the mean over tokens of each input goes on.
"""

from collections.abc import Mapping

import keras

from zoo.heads.classification import pooled_feature
from zoo.heads.towers import Encoder, joined, towers
from zoo.layers.cross_attention import CrossAttention, SplitHeads
from zoo.layers.feed_forward import dense, feed_forward


def cross_attention(
    *,
    encoders: Mapping[str, Encoder],
    hidden_dim: int = 64,
    num_heads: int = 4,
    num_layers: int = 1,
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.
        hidden_dim: width of the tokens that meet.
        num_heads: divides hidden_dim.
        num_layers: blocks of attention one after another.
        dropout_rate: of attention's output, [0, 1).

    Returns:
        Model from the inputs and their presences to the feature of each and "fused".
    """
    both = towers(encoders)
    pooled, tokens = both.pooled(), both.tokens(hidden_dim)
    for i in range(1, num_layers + 1):
        tokens = {
            name: _block(
                x,
                [other for key, other in tokens.items() if key != name] or [x],
                num_heads=num_heads,
                dropout_rate=dropout_rate,
                name=f"{name}_{i}",
            )
            for name, x in tokens.items()
        }
    met = {name: pooled_feature(f"{name}_met", x) for name, x in tokens.items()}
    return both.model({**pooled, "fused": joined(met)})


def _block(
    x: keras.KerasTensor,
    others: list[keras.KerasTensor],
    *,
    num_heads: int,
    dropout_rate: float,
    name: str,
) -> keras.KerasTensor:
    """Return tokens (B, T, D) that have looked at those of the others, (B, S, D)."""
    width = x.shape[-1]
    seen = (
        keras.layers.Concatenate(axis=1, name=f"{name}_others")(others) if others[1:] else others[0]
    )
    query = keras.layers.LayerNormalization(name=f"{name}_norm_1")(x)
    seen = keras.layers.LayerNormalization(name=f"{name}_norm_2")(seen)
    parts = [
        SplitHeads(num_heads, name=f"{name}_{part}_heads")(
            dense(source, width, name=f"{name}_{part}")
        )
        for part, source in (("query", query), ("keys", seen), ("values", seen))
    ]
    y = dense(CrossAttention(name=f"{name}_attention")(parts), width, name=f"{name}_mix")
    if dropout_rate:
        y = keras.layers.Dropout(dropout_rate, name=f"{name}_dropout")(y)
    x = keras.layers.Add(name=f"{name}_add_1")([x, y])
    y = keras.layers.LayerNormalization(name=f"{name}_norm_3")(x)
    y = feed_forward(y, 2 * width, name=f"{name}_mlp")
    return keras.layers.Add(name=f"{name}_add_2")([x, y])
