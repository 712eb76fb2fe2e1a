"""LeNet-5: convolutions, trainable subsampling, dense layers (LeCun et al. 1998, Fig. 2 and §II.B).

Input (B, 32, 32, C) -> {"stride_1": (B, 28, 28, 6), "stride_2": (B, 10, 10, 16), "pooled": (B, 84)}, the
paper's layers C1, C3 and F6. Its digits have 20×20 pixels in the middle of 32×32. Larger images give
several vectors of C5, whose mean F6 takes.

Three things are as in the paper and seldom done today. Subsampling has a trainable factor and offset of
each map, and is squashed; now it is plain pooling. C3 sees only some maps of S2 (Tab. I), now all.
Neurons are scaled hyperbolic tangents, now ReLU. The paper's output layer compares F6 with drawn
pictures of the classes by radial basis functions; a head of ours is a dense layer, trained with
cross-entropy.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

# Maps of S2 that each map of C3 takes (Tab. I).
TABLE = (
    *(tuple((first + step) % 6 for step in range(3)) for first in range(6)),
    *(tuple((first + step) % 6 for step in range(4)) for first in range(6)),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
LEAST = 32


@keras.saving.register_keras_serializable(package="kerazoo")
def scaled_tanh(x):
    """Return 1.7159 tanh(2/3 x), which is 1 at 1 and -1 at -1 (App. A)."""
    return 1.7159 * ops.tanh(2 / 3 * x)


@keras.saving.register_keras_serializable(package="kerazoo")
class TableConv2D(keras.layers.Layer):
    """Convolve without padding where each output channel takes only the input channels of a table.

    Args:
        table: the input channels of each output channel.
        kernel_size: of both axes.
        **layer_arguments: `name`, `dtype` and the like.

    >>> tuple(TableConv2D(((0, 1), (1,)), 3)(ops.ones((1, 5, 5, 2))).shape)
    (1, 3, 3, 2)
    """

    def __init__(self, table: Any, kernel_size: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.table, self.kernel_size = tuple(map(tuple, table)), kernel_size
        self._pairs = [(i, o) for o, taken in enumerate(self.table) for i in taken]

    def build(self, input_shape):
        """Create one kernel of each connected pair of channels, and a bias of each output."""
        fan_in = self.kernel_size**2 * len(self._pairs) / len(self.table)
        initializer = keras.initializers.RandomUniform(-((3 / fan_in) ** 0.5), (3 / fan_in) ** 0.5)
        shape = (self.kernel_size, self.kernel_size, len(self._pairs))
        self.kernel = self.add_weight(shape=shape, initializer=initializer, name="kernel")
        self.bias = self.add_weight(shape=(len(self.table),), initializer="zeros", name="bias")
        # Where each pair stands in a kernel of all channels.
        spread = np.zeros((len(self._pairs), input_shape[-1], len(self.table)), "float32")
        for index, (taken, given) in enumerate(self._pairs):
            spread[index, taken, given] = 1
        self._spread = spread

    def call(self, x):
        """Return (B, H - k + 1, W - k + 1, outputs)."""
        spread = ops.cast(self._spread, self.compute_dtype)
        dense = ops.tensordot(self.kernel, spread, axes=1)  # (k, k, C, outputs)
        return ops.conv(x, dense, padding="valid") + self.bias

    def compute_output_shape(self, input_shape):
        """Return (B, H - k + 1, W - k + 1, outputs)."""
        sizes = [None if size is None else size - self.kernel_size + 1 for size in input_shape[1:3]]
        return (input_shape[0], *sizes, len(self.table))

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Count connected pairs alone."""
        _, height, width, _ = self.compute_output_shape(input_shape)
        return self.kernel_size**2 * len(self._pairs) * height * width

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"table": self.table, "kernel_size": self.kernel_size}


def _squash(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    return keras.layers.Activation(scaled_tanh, name=f"{name}_act")(x)


def _subsample(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Average 2×2 pixels, then scale and shift each map: a depthwise 1×1 convolution."""
    x = keras.layers.AveragePooling2D(2, name=f"{name}_pool")(x)
    scaled = keras.layers.DepthwiseConv2D(1, depthwise_initializer="ones", name=name)(x)
    return _squash(scaled, name)


def lenet5(*, input_shape: tuple[int, int, int] = (32, 32, 1), hidden_dim: int = 84) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C), at least 32; H and W may be None.
        hidden_dim: of the last layer; the paper has the pixels of its 7×12 pictures of classes.

    Returns:
        Model from (B, H, W, C) to the outputs of C1, C3 and F6.

    Raises:
        ValueError: too small an image.

    >>> lenet5().output["stride_2"].shape
    (None, 10, 10, 16)
    """
    if any(size is not None and size < LEAST for size in input_shape[:2]):
        raise ValueError(f"an image of {input_shape[:2]} is smaller than {LEAST} pixels")
    image, uniform = keras.Input(input_shape, name="image"), "lecun_uniform"  # as App. A draws them
    c1 = _squash(keras.layers.Conv2D(6, 5, kernel_initializer=uniform, name="c1")(image), "c1")
    x = _subsample(c1, "s2")  # (B, 14, 14, 6)
    c3 = _squash(TableConv2D(TABLE, 5, name="c3")(x), "c3")
    x = _subsample(c3, "s4")  # (B, 5, 5, 16)
    x = _squash(keras.layers.Conv2D(120, 5, kernel_initializer=uniform, name="c5")(x), "c5")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)  # one position of 32×32 pixels
    f6 = keras.layers.Dense(hidden_dim, kernel_initializer=uniform, name="f6")(x)
    features = {"stride_1": c1, "stride_2": c3, "pooled": _squash(f6, "f6")}
    return keras.Model(image, features, name="backbone")
