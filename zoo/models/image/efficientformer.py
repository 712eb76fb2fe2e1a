"""EfficientFormer (2206.01191): average pooling where maps are large, attention in the last blocks.

Input (B, H, W, C) -> {"stride_4": (B, H/4, W/4, 48), "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 448)}. A stem of two convolutions and four stages (Fig. 3). Their blocks are PoolFormer's
with batch norms (§4.1); the last ones of the last stage attend among all places, with a learned bias
for each distance in rows and columns (as LeViT, 2104.01136). "stride_32" is normalized.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.layers.convolution import batch_norm, conv_norm, convolution
from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.self_attention import weighted_mean
from zoo.layers.transformer_block import added

EXPANSION = 4  # of the feed-forward pair
POOL = 3
NUM_HEADS = 8
KEY_DIM = 32  # of each head
VALUE_RATIO = 4  # width of a head's values over that of its keys
EPSILON = 1e-5  # of layer norms


@keras.saving.register_keras_serializable(package="kerazoo")
class DistanceAttention(keras.layers.Layer):
    """Let every place of a map look at all, with a learned bias for the distance of the two.

    The last axis holds queries, keys and values of one head after another.

    Args:
        num_heads: divides the input's last axis.
        key_dim: width of a head's queries and of its keys; what is left is that of its values.
        size: height and width of the map.
        **layer_arguments: `name`, `dtype` and the like.

    >>> DistanceAttention(2, 3, (2, 2))(ops.ones((1, 4, 20))).shape
    TensorShape([1, 4, 8])
    """

    def __init__(self, num_heads: int, key_dim: int, size: tuple[int, int], **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.num_heads, self.key_dim, self.size = num_heads, key_dim, tuple(size)
        rows, columns = (axis.reshape(-1) for axis in np.indices(self.size))
        down = np.abs(rows[:, None] - rows[None])
        right = np.abs(columns[:, None] - columns[None])
        self._distances = (down * self.size[1] + right).astype("int32")  # (T, T)

    def build(self, input_shape):
        """Make the biases, of each head for each distance."""
        shape = (self.num_heads, math.prod(self.size))
        self.biases = self.add_weight(shape=shape, initializer="zeros", name="biases")

    def call(self, qkv):
        """Return (B, T, heads · value) for queries, keys and values (B, T, heads · (2 key + value))."""
        places = math.prod(self.size)
        qkv = ops.reshape(qkv, (-1, places, self.num_heads, qkv.shape[-1] // self.num_heads))
        parts = ops.split(qkv, [self.key_dim, 2 * self.key_dim], axis=-1)
        bias = ops.take(ops.cast(self.biases, "float32"), self._distances, axis=1)  # (H, T, T)
        mixed = weighted_mean(*parts, bias=bias)  # (B, T, H, value)
        return ops.reshape(mixed, (-1, places, self.num_heads * mixed.shape[-1]))

    def compute_output_shape(self, input_shape):
        """Return (B, T, heads · value)."""
        return (*input_shape[:-1], input_shape[-1] - 2 * self.num_heads * self.key_dim)

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return those of scores and mixing for one input."""
        return input_shape[1] ** 2 * (input_shape[2] - self.num_heads * self.key_dim)

    def adapted(self, variable: str, array: np.ndarray) -> np.ndarray:
        """Bring the biases of another, square map to this layer's.

        Those of distances that both have are kept; a distance that is too far for the other map gets
        the bias of the farthest that it has.

        Raises:
            ValueError: they are not of a square map, or of other heads.
        """
        side = math.isqrt(array.shape[-1])
        if array.ndim != 2 or side * side != array.shape[1] or len(array) != self.num_heads:
            raise ValueError(f"{array.shape} is not of a square map and {self.num_heads} heads")
        down, right = (np.minimum(np.arange(part), side - 1) for part in self.size)
        table = array.reshape(-1, side, side)[:, down][:, :, right]
        return table.reshape(self.num_heads, -1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {"num_heads": self.num_heads, "key_dim": self.key_dim, "size": list(self.size)}
        return super().get_config() | own


def _pooling_block(
    x: keras.KerasTensor, *, layer_scale: float, rate: float, name: str
) -> keras.KerasTensor:
    """Pool and feed forward, (B, H, W, C) both ways."""
    layers, kind = keras.layers, {"layer_scale": layer_scale, "rate": rate}
    mean = layers.AveragePooling2D(POOL, 1, padding="same", name=f"{name}_pool")(x)
    y = layers.Subtract(name=f"{name}_difference")([mean, x])  # the residual adds it again
    x = added(x, y, **kind, name=f"{name}_1")
    y = convolution(x, EXPANSION * x.shape[-1], 1, use_bias=True, name=f"{name}_mlp_1")
    y = batch_norm(y, name=f"{name}_mlp_norm1")
    y = layers.Activation("gelu", name=f"{name}_mlp_act")(y)
    y = convolution(y, x.shape[-1], 1, use_bias=True, name=f"{name}_mlp_2")
    y = batch_norm(y, name=f"{name}_mlp_norm2")
    return added(x, y, **kind, name=f"{name}_2")


def _attention_block(
    x: keras.KerasTensor, *, size: tuple[int, int], layer_scale: float, rate: float, name: str
) -> keras.KerasTensor:
    """Attend and feed forward, (B, T, C) both ways."""
    kind = {"layer_scale": layer_scale, "rate": rate}
    y = keras.layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm1")(x)
    y = dense(y, NUM_HEADS * KEY_DIM * (2 + VALUE_RATIO), name=f"{name}_qkv")
    y = DistanceAttention(NUM_HEADS, KEY_DIM, size, name=f"{name}_attention")(y)
    y = dense(y, x.shape[-1], name=f"{name}_project")
    x = added(x, y, **kind, name=f"{name}_1")
    y = keras.layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm2")(x)
    y = feed_forward(y, EXPANSION * x.shape[-1], name=f"{name}_mlp")
    return added(x, y, **kind, name=f"{name}_2")


def _stage(
    x: keras.KerasTensor,
    *,
    attending: int,
    rates: Sequence[float],
    layer_scale: float,
    name: str,
) -> keras.KerasTensor:
    """Run a block for each rate, of which the last `attending` attend; (B, H, W, C) both ways.

    Putting the places in a row counts as a block, so that the numbers are those of the authors' and
    timm's tensors.
    """
    pooling = len(rates) - attending
    for block, rate in enumerate(rates[:pooling], start=1):
        x = _pooling_block(x, layer_scale=layer_scale, rate=rate, name=f"{name}_block{block}")
    if not attending:
        return x
    _, height, width, channels = x.shape
    row = keras.layers.Reshape((height * width, channels), name=f"{name}_block{pooling + 1}")
    x = row(x)  # (B, T, C)
    for block, rate in enumerate(rates[pooling:], start=pooling + 2):
        x = _attention_block(
            x, size=(height, width), layer_scale=layer_scale, rate=rate, name=f"{name}_block{block}"
        )
    x = keras.layers.LayerNormalization(epsilon=EPSILON, name="final_norm")(x)
    return keras.layers.Reshape((height, width, channels), name="final_map")(x)


def _check(
    input_shape: tuple[int, int, int],
    depths: Sequence[int],
    widths: Sequence[int],
    attending: int,
    stem: str,
) -> None:
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if None in input_shape:
        raise ValueError("height and width must be known: each distance has a learned bias")
    if len(depths) != len(widths):
        raise ValueError(f"{len(depths)} depths and {len(widths)} widths: each stage needs both")
    if not 1 <= attending <= depths[-1]:
        raise ValueError(f"num_attention={attending} is not from 1 to the last depth {depths[-1]}")


def efficientformer(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (3, 2, 6, 4),
    widths: Sequence[int] = (48, 96, 224, 448),
    num_attention: int = 1,
    layer_scale: float = 1e-5,
    stem: str = "standard",
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are EfficientFormer-L1.

    Args:
        input_shape: (H, W, C), H and W known.
        depths: blocks of each stage.
        widths: channels of each stage.
        num_attention: blocks with attention, at the end of the last stage.
        layer_scale: what the factors at the end of each branch start at; 0 has none.
        stem: "standard" (stride 4) or "small" (stride 1, for images of 28 to 64 pixels).
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride.

    Raises:
        ValueError: a size is not known, another stem, not one width for each stage, or more
            attention than blocks.

    >>> model = efficientformer(input_shape=(32, 32, 3), depths=(1, 1), widths=(8, 16), stem="small")
    >>> model.output["stride_2"].shape
    (None, 16, 16, 16)
    """
    _check(input_shape, depths, widths, num_attention, stem)
    step = 2 if stem == "standard" else 1
    image = keras.Input(input_shape, name="image")
    same = {"strides": step, "activation": "relu", "use_bias": True}
    x = conv_norm(image, widths[0] // 2, 3, **same, name="stem1")
    x = conv_norm(x, widths[0], 3, **same, name="stem2")  # (B, H/4, W/4, width)
    features, stride = {}, step * step
    total, last = sum(depths), len(depths)
    rates = [stochastic_depth_rate * index / max(total - 1, 1) for index in range(total)]
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        if stage > 1:
            x = conv_norm(x, width, 3, strides=2, use_bias=True, name=f"stage{stage}_down")
            stride *= 2
        own, rates = rates[:depth], rates[depth:]
        kind = {"attending": num_attention if stage == last else 0, "layer_scale": layer_scale}
        x = _stage(x, rates=own, name=f"stage{stage}", **kind)
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    return keras.Model(image, features, name="backbone")
