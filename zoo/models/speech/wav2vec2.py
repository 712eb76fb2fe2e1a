"""wav2vec 2.0 (2006.11477), Base: a vector for every 20 ms of speech, from its samples.

Input (B, S) samples -> {"latents": (B, T, 512), "frames": (B, T, D)}. Seven convolutions without
padding make a latent of 400 samples every 320 (§4.2): T = 1 + (S - 400) // 320. The first is normalized
channel by channel over time, as a group norm of one channel a group. A grouped convolution over 128
frames, whose kernel has its length as a weight of its own (weight normalization), gives positions (§2);
the blocks normalize after each part, as transformers' Wav2Vec2Model does for this size.

As the feature extractor of the Base models has it, nothing tells padding from sound: shorter clips of
a batch are padded with zeros, all frames attend to all others, and the first norm's statistics are
over the padding too. So a clip gives the numbers that it gives alone only where nothing is padded. The
quantizer and the vector of masked frames, which only pretraining uses, are left out.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from zoo.layers.feed_forward import dense, feed_forward
from zoo.layers.grouped_conv import grouped_conv
from zoo.layers.self_attention import SelfAttention

EPSILON = 1e-5  # of all norms


def wav2vec2(
    *,
    input_shape: tuple[int | None] = (160_000,),
    latent_dim: int = 512,
    kernel_sizes: Sequence[int] = (10, 3, 3, 3, 3, 2, 2),
    strides: Sequence[int] = (5, 2, 2, 2, 2, 2, 2),
    num_layers: int = 12,
    num_heads: int = 12,
    hidden_dim: int = 768,
    position_frames: int = 128,
    position_groups: int = 16,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are those of the size "Base".

    Args:
        input_shape: samples (S,) of 16 kHz, at least 400 with these convolutions; may be None.
        latent_dim: channels of the convolutions.
        kernel_sizes, strides: of each convolution, in its inputs.
        num_layers: blocks of attention and feed-forward.
        num_heads: of attention; divides `hidden_dim`.
        hidden_dim: of each frame's vector; feed-forward layers are four times as wide.
        position_frames: of the kernel that gives positions.
        position_groups: of its channels; divides `hidden_dim`.
        layer_dropout_rate: of the first vectors and of what the blocks add, [0, 1).

    Returns:
        Model from float32 (B, S), of mean 0 and variance 1, to latents and frames.

    Raises:
        ValueError: heads or groups do not divide `hidden_dim`, `kernel_sizes` and `strides` are of
            different lengths, or there are too few samples.

    >>> wav2vec2(num_layers=1).output["frames"].shape
    (None, 499, 768)
    """
    if hidden_dim % num_heads or hidden_dim % position_groups:
        raise ValueError(
            f"num_heads={num_heads} and position_groups={position_groups} must divide "
            f"hidden_dim={hidden_dim}"
        )
    audio = keras.Input(input_shape, name="audio")  # (B, S)
    latents = _latents(audio, latent_dim, kernel_sizes, strides)
    x = dense(latents, hidden_dim, name="project")  # (B, T, D)
    y = PositionConvolution(position_frames, position_groups, name="position_conv")(x)
    y = keras.layers.Activation("gelu", name="position_act")(y)
    x = _added(x, y, 0, name="position")
    x = keras.layers.Dropout(layer_dropout_rate, name="dropout")(x) if layer_dropout_rate else x
    for block in range(1, num_layers + 1):
        x = _block(x, num_heads, layer_dropout_rate, name=f"block{block}")
    return keras.Model(audio, {"latents": latents, "frames": x}, name="backbone")


def _latents(
    audio: keras.KerasTensor, width: int, kernel_sizes: Sequence[int], strides: Sequence[int]
) -> keras.KerasTensor:
    """Return the normalized outputs of the last convolution, (B, T, width)."""
    x = keras.layers.Reshape((-1, 1), name="channel")(audio)  # (B, S, 1)
    for i, (size, stride) in enumerate(zip(kernel_sizes, strides, strict=True), start=1):
        how = {"strides": stride, "use_bias": False, "kernel_initializer": "he_normal"}
        x = keras.layers.Conv1D(width, size, **how, name=f"conv{i}")(x)
        if i == 1:
            x = keras.layers.GroupNormalization(-1, epsilon=EPSILON, name="conv1_norm")(x)
        x = keras.layers.Activation("gelu", name=f"conv{i}_act")(x)
    return _norm(x, name="latents_norm")


def _block(
    x: keras.KerasTensor, num_heads: int, dropout_rate: float, *, name: str
) -> keras.KerasTensor:
    """Attention and feed-forward, each added and then normalized; (B, T, D) both ways."""
    width = x.shape[-1]
    parts = [dense(x, width, name=f"{name}_{part}") for part in ("query", "key", "value")]
    y = keras.layers.Concatenate(name=f"{name}_qkv")(parts)
    y = SelfAttention(num_heads, name=f"{name}_attention")(y)
    y = dense(y, width, name=f"{name}_project")
    x = _added(x, y, dropout_rate, name=f"{name}_attention")
    y = feed_forward(x, 4 * width, name=f"{name}_mlp")
    return _added(x, y, dropout_rate, name=f"{name}_mlp")


def _added(
    x: keras.KerasTensor, branch: keras.KerasTensor, dropout_rate: float, *, name: str
) -> keras.KerasTensor:
    if dropout_rate:
        branch = keras.layers.Dropout(dropout_rate, name=f"{name}_dropout")(branch)
    return _norm(keras.layers.Add(name=f"{name}_add")([x, branch]), name=f"{name}_norm")


def _norm(x: keras.KerasTensor, *, name: str) -> keras.KerasTensor:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)(x)


@keras.saving.register_keras_serializable(package="kerazoo")
class PositionConvolution(keras.layers.Layer):
    """Convolve frames in groups of channels, each place of the kernel having a length of its own.

    The kernel is direction times length (1602.07868): all numbers of one place in time are divided by
    their length together, and multiplied by a weight. Kernels of even size see one frame more of
    the past than of the future.

    Args:
        frames: of the kernel, K.
        groups: divides the channels.
        **layer_arguments: `name`, `dtype` and the like.

    >>> PositionConvolution(4, 2)(ops.ones((1, 5, 8))).shape
    TensorShape([1, 5, 8])
    """

    def __init__(self, frames: int, groups: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.frames, self.groups = frames, groups

    def build(self, input_shape):
        """Make the kernel (K, D / groups, D), its lengths (K,) and the bias (D,)."""
        width = input_shape[-1]
        deviation = 2 * (self.frames * width) ** -0.5  # as the authors draw it
        shape = (self.frames, width // self.groups, width)
        length = deviation * (shape[1] * shape[2]) ** 0.5  # that such a kernel has, about
        normal = keras.initializers.RandomNormal(stddev=deviation)
        self.kernel = self.add_weight(shape=shape, initializer=normal, name="kernel")
        self.lengths = self.add_weight(
            shape=shape[:1], initializer=keras.initializers.Constant(length), name="lengths"
        )
        self.bias = self.add_weight(shape=(width,), initializer="zeros", name="bias")

    def call(self, x):
        """Return (B, T, D) for frames (B, T, D)."""
        direction = ops.cast(self.kernel, "float32")
        scale = ops.cast(self.lengths, "float32")[:, None, None] * ops.rsqrt(
            ops.sum(ops.square(direction), axis=(1, 2), keepdims=True)
        )  # (K, 1, 1)
        x = ops.pad(x, [[0, 0], [self.frames // 2, (self.frames - 1) // 2], [0, 0]])
        kernel = ops.cast(direction * scale, x.dtype)
        return grouped_conv(x, kernel, groups=self.groups, padding="valid") + self.bias

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return those of one input (1, T, D)."""
        _, frames, width = input_shape
        return frames * self.frames * width * width // self.groups

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"frames": self.frames, "groups": self.groups}
