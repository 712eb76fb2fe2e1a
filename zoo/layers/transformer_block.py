"""The block of a vision transformer (2010.11929 Fig. 1): attention, then a feed-forward pair."""

import keras

from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.layer_scale import LayerScale
from zoo.layers.self_attention import SelfAttention
from zoo.layers.stochastic_depth import StochasticDepth


def transformer_block(
    x: keras.KerasTensor,
    *,
    num_heads: int,
    inner: int,
    activation: str = "gelu",
    qkv_bias: bool = True,
    epsilon: float = 1e-6,
    layer_scale: float = 0.0,
    rate: float = 0.0,
    name: str,
) -> keras.KerasTensor:
    """Normalize before both parts and add each to what it was given; (…, T, D) both ways.

    Args:
        x: tokens.
        num_heads: divides D.
        inner: units between the two dense layers.
        activation: between them; "gelu" is the exact one.
        qkv_bias: add a bias to queries, keys and values.
        epsilon: of the layer norms.
        layer_scale: what factors at the end of both parts start at; 0 has none.
        rate: of stochastic depth, for both parts.
        name: that the layers begin with.
    """
    y = keras.layers.LayerNormalization(epsilon=epsilon, name=f"{name}_norm1")(x)
    y = dense(y, 3 * x.shape[-1], use_bias=qkv_bias, name=f"{name}_qkv")
    y = SelfAttention(num_heads, name=f"{name}_attention")(y)
    y = dense(y, x.shape[-1], name=f"{name}_project")
    x = added(x, y, layer_scale=layer_scale, rate=rate, name=f"{name}_1")
    y = keras.layers.LayerNormalization(epsilon=epsilon, name=f"{name}_norm2")(x)
    y = feed_forward(y, inner, activation=activation, name=f"{name}_mlp")
    return added(x, y, layer_scale=layer_scale, rate=rate, name=f"{name}_2")


def added(
    x: keras.KerasTensor, branch: keras.KerasTensor, *, layer_scale: float, rate: float, name: str
) -> keras.KerasTensor:
    """Scale a residual branch, drop it at random and add it: NAME_scale, NAME_drop, NAME_add."""
    if layer_scale:
        branch = LayerScale(layer_scale, name=f"{name}_scale")(branch)
    if rate:
        branch = StochasticDepth(rate, name=f"{name}_drop")(branch)
    return keras.layers.Add(name=f"{name}_add")([x, branch])
