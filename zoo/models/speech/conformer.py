"""Conformer (2005.08100): attention by distance and a convolution over time in every block.

Input (B, T, M), frames and mel bins -> {"stem": (B, T/4, D), "frames": (B, T/4, D)}. Two convolutions
with strides of 2 over time and bins, then blocks (§2.4): half a feed-forward pair, attention,
convolution, the other half of another pair, each added to what it was given, and a layer norm. S has
D = 144 and M has D = 256, both 16 blocks, 4 heads and kernels of 32 frames (Table 1). These are the
encoders, of 8.7 and 27.3 million parameters: the paper's 10.3 and 30.7 million count its decoder too, an
LSTM layer of 320 or 640 units with its embedding and output.

Frames that are 0 in all bins, behind the last that is not, are padding: they change no other frame, and
in training no statistics. The paper does not say which convolutions have a bias: here those that
subsample.
"""

import keras

from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.masking import FrameMask
from zoo.layers.normalization import normalization_layer
from zoo.layers.relative_attention import RelativeAttention
from zoo.layers.zero_padded import ZeroPadded

EPSILON = 1e-5  # of layer norms
STRIDE = 2  # of each convolution that subsamples


def conformer(
    *,
    input_shape: tuple[int | None, int] = (None, 80),
    num_layers: int = 16,
    num_heads: int = 4,
    hidden_dim: int = 144,
    kernel_size: int = 32,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are those of the size S.

    Args:
        input_shape: frames and bins (T, M); T may be None.
        num_layers: blocks.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each frame's vector, even; feed-forward layers are four times as wide.
        kernel_size: frames of the convolution of a block.
        layer_dropout_rate: of the first vectors and of what each part adds, [0, 1); 0.1 in the paper.

    Returns:
        Model from (B, T, M) to what the blocks begin with and their output.

    Raises:
        ValueError: `num_heads` does not divide `hidden_dim`, or that is odd.

    >>> conformer(input_shape=(98, 80), num_layers=1).output["frames"].shape
    (None, 25, 144)
    """
    if hidden_dim % num_heads or hidden_dim % 2:
        raise ValueError(f"num_heads={num_heads} and 2 must divide hidden_dim={hidden_dim}")
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = mel
    for number in (1, 2):
        is_sound = FrameMask(STRIDE**number, name=f"mask{number}")(mel)
        channels = 1 if number == 1 else hidden_dim
        x = _subsampled(x, is_sound, hidden_dim, channels, name=f"conv{number}")
    x = dense(x, hidden_dim, name="stem")  # (B, T/4, D)
    stem = x = _dropout(x, layer_dropout_rate, name="stem_dropout")
    for i in range(1, num_layers + 1):
        sizes = {"num_heads": num_heads, "kernel_size": kernel_size}
        x = _block(x, is_sound, **sizes, rate=layer_dropout_rate, name=f"block{i}")
    return keras.Model(mel, {"stem": stem, "frames": x}, name="backbone")


def _subsampled(
    x: keras.KerasTensor, is_sound: keras.KerasTensor, width: int, channels: int, *, name: str
) -> keras.KerasTensor:
    """Halve frames and bins, (B, T, F · channels) to (B, T/2, F/2 · width)."""
    x = keras.layers.Reshape((-1, x.shape[-1] // channels, channels), name=f"{name}_map")(x)
    # "same" would shift by one frame where the number of frames is even: padding would be seen.
    x = keras.layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    x = keras.layers.Conv2D(width, 3, strides=STRIDE, activation="relu", name=name)(x)
    x = keras.layers.Reshape((-1, x.shape[2] * width), name=f"{name}_flat")(x)
    return ZeroPadded(name=f"{name}_padded")(x, is_sound)


def _block(
    x: keras.KerasTensor,
    is_sound: keras.KerasTensor,
    *,
    num_heads: int,
    kernel_size: int,
    rate: float,
    name: str,
) -> keras.KerasTensor:
    """Both halves of feed-forward, and attention and convolution between; (B, T, D) both ways."""
    x = _half_feed_forward(x, rate, name=f"{name}_mlp1")
    y = _attention(_norm(x, name=f"{name}_attention_norm"), is_sound, num_heads, name=name)
    x = _added(x, y, rate, name=f"{name}_attention")
    y = _norm(x, name=f"{name}_conv_norm")
    y = _convolution(y, is_sound, kernel_size, name=f"{name}_conv")
    x = _added(x, y, rate, name=f"{name}_conv")
    x = _half_feed_forward(x, rate, name=f"{name}_mlp2")
    return _norm(x, name=f"{name}_norm")


def _half_feed_forward(x: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    y = feed_forward(_norm(x, name=f"{name}_norm"), 4 * x.shape[-1], activation="silu", name=name)
    return _added(x, keras.layers.Rescaling(0.5, name=f"{name}_half")(y), rate, name=name)


def _attention(
    x: keras.KerasTensor, is_sound: keras.KerasTensor, num_heads: int, *, name: str
) -> keras.KerasTensor:
    parts = (dense(x, x.shape[-1], name=f"{name}_{part}") for part in ("query", "key", "value"))
    y = RelativeAttention(num_heads, name=f"{name}_attention")(*parts, is_sound)
    return dense(y, x.shape[-1], name=f"{name}_project")


def _convolution(
    x: keras.KerasTensor, is_sound: keras.KerasTensor, kernel_size: int, *, name: str
) -> keras.KerasTensor:
    """Gate each channel, convolve it over time, normalize, and mix channels; (B, T, D)."""
    width = x.shape[-1]
    gate = dense(x, width, use_bias=False, name=f"{name}_gate")
    gate = keras.layers.Activation("sigmoid", name=f"{name}_open")(gate)
    x = dense(x, width, use_bias=False, name=f"{name}_value")
    x = keras.layers.Multiply(name=f"{name}_gated")([x, gate])
    x = ZeroPadded(name=f"{name}_padded")(x, is_sound)
    x = keras.layers.DepthwiseConv1D(
        kernel_size, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)
    # Padding would enter the statistics of a batch, so Keras' own, which takes a mask.
    x = normalization_layer("batch_stock", name=f"{name}_batch_norm")(x, mask=is_sound)
    x = keras.layers.Activation("silu", name=f"{name}_act")(x)
    return dense(x, width, use_bias=False, name=f"{name}_mix")


def _added(
    x: keras.KerasTensor, branch: keras.KerasTensor, rate: float, *, name: str
) -> keras.KerasTensor:
    branch = _dropout(branch, rate, name=f"{name}_dropout")
    return keras.layers.Add(name=f"{name}_add")([x, branch])


def _dropout(x: keras.KerasTensor, rate: float, *, name: str) -> keras.KerasTensor:
    return keras.layers.Dropout(rate, name=name)(x) if rate else x


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)(x)
