"""Grouped convolution (1611.05431 §3) that can be trained on a CPU.

TensorFlow's own gradient of a grouped convolution takes 75 to 330 times as long as that of a dense one
on a CPU. Here the groups are convolved a few at a time, by dense convolutions.
"""

from typing import Any

import keras
from keras import ops

# A convolution of fewer channels costs as much as one of this many: so many are gathered at least.
LEAST_CHANNELS = 16


@keras.saving.register_keras_serializable(package="kerazoo")
class GroupedConv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` with `groups`: the same arguments, weights and results.

    Under TensorFlow without a GPU, neighbouring groups of together `LEAST_CHANNELS` input channels are
    convolved at once, with a kernel that is zero between groups. Elsewhere, and with one group, the
    layer is Keras' own. `benchmarks/grouped_conv.md` compares both.

    >>> layer = GroupedConv2D(8, 3, groups=4, padding="same")
    >>> tuple(layer(ops.ones((2, 5, 5, 8))).shape), tuple(layer.kernel.shape)
    ((2, 5, 5, 8), (3, 3, 2, 8))
    """

    def call(self, inputs):
        if self.groups == 1 or self.data_format != "channels_last" or not _on_tensorflow_cpu():
            return super().call(inputs)
        output = grouped_conv(
            inputs,
            ops.convert_to_tensor(self.kernel),
            groups=self.groups,
            strides=list(self.strides),
            padding=self.padding,
            dilation_rate=self.dilation_rate,
        )
        if self.use_bias:
            output = ops.add(output, self.bias)
        return output if self.activation is None else self.activation(output)


def grouped_conv(inputs: Any, kernel: Any, *, groups: int, **how: Any) -> Any:
    """Convolve some groups at a time, each with a dense kernel; channels are the last axis.

    Args:
        inputs: (B, …, C), with one axis or several in between.
        kernel: (…, C / groups, F).
        groups: divides C and F.
        **how: `strides`, `padding` and `dilation_rate`, as of `keras.ops.conv`.

    >>> grouped_conv(ops.ones((2, 5, 8)), ops.ones((3, 2, 8)), groups=4, padding="valid").shape
    TensorShape([2, 3, 8])
    """
    if not _on_tensorflow_cpu():
        return ops.conv(inputs, kernel, data_format="channels_last", **how)
    per_group = kernel.shape[-2]  # input channels
    wanted = max(1, LEAST_CHANNELS // per_group)
    together = max(n for n in range(1, wanted + 1) if groups % n == 0)
    parts = groups // together
    kernels = ops.split(kernel, parts, axis=-1)  # (…, C / g, F / parts) each
    outputs = [
        ops.conv(part, _block_diagonal(one, together), data_format="channels_last", **how)
        for part, one in zip(ops.split(inputs, parts, axis=-1), kernels, strict=True)
    ]
    return ops.concatenate(outputs, axis=-1)


def _block_diagonal(kernel, groups: int):
    """Return the dense kernel (…, groups · C, F) of a grouped one, (…, C, F)."""
    if groups == 1:
        return kernel
    *places, channels, filters = kernel.shape
    same = ops.repeat(ops.eye(groups, dtype=kernel.dtype), filters // groups, axis=1)
    dense = ops.expand_dims(kernel, -3) * same[:, None]  # (…, groups, C, F)
    return ops.reshape(dense, (*places, groups * channels, filters))


def _on_tensorflow_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")
