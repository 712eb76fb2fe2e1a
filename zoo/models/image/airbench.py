"""The network of AirBench, made to reach 94% on CIFAR-10 within seconds (2404.00498 §3 and App. A).

Input (B, 32, 32, C) -> {"stride_2": (B, 15, 15, 64), "stride_4": (B, 7, 7, 256), "stride_8": (B, 3, 3,
256), "pooled": (B, 256)}. A 2×2 convolution that whitens patches, then three blocks of two convolutions,
with pooling after the first. Convolutions begin as identities, normalization has no scale, and the
maximum over all positions is divided by 9 before the head.

The paper computes the first kernel from images and never trains it. A builder sees no images: here it
is trained like others, unless `whiten` sets and freezes it. A head adds 10 biases, which the paper has
not. Training is not part of this file: the paper's own has tricks for optimizer, flips and inference.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import ArgumentError
from zoo.layers.batch_norm import FusedBatchNormalization

PATCH = 2
SCALE = 1 / 9
NORM = {"epsilon": 1e-12, "momentum": 0.6, "scale": False}
EPSILON = 5e-4  # added to eigenvalues


@keras.saving.register_keras_serializable(package="kerazoo")
class PartialIdentity(keras.initializers.Initializer):
    """Let the first filters of a convolution pass on their input, and draw the others (§3.3).

    Args:
        seed: of the drawn ones, uniform within ±1/sqrt(inputs of a filter).

    >>> kernel = PartialIdentity(seed=1)((3, 3, 2, 5))
    >>> float(kernel[1, 1, 0, 0]), float(kernel[1, 1, 1, 0]), float(kernel[0, 1, 0, 0])
    (1.0, 0.0, 0.0)
    """

    def __init__(self, seed: int | None = None):
        self.seed = seed
        self._seed = keras.random.SeedGenerator(seed)

    def __call__(self, shape, dtype=None):
        """Return a kernel (h, w, C, F)."""
        height, width, channels, filters = shape
        limit = (height * width * channels) ** -0.5
        drawn = keras.random.uniform(shape, -limit, limit, dtype=dtype, seed=self._seed)
        same = min(channels, filters)
        identity = np.zeros((height, width, channels, same), "float32")
        identity[height // 2, width // 2] = np.eye(channels, same)
        identity = ops.cast(identity, drawn.dtype)
        return ops.concatenate([identity, drawn[..., same:]], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"seed": self.seed}


def _conv(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    layer = keras.layers.Conv2D(
        filters,
        3,
        padding="same",
        use_bias=False,
        kernel_initializer=PartialIdentity(),
        name=f"{name}_conv",
    )
    return layer(x)


def _norm_gelu(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = FusedBatchNormalization(name=f"{name}_norm", **NORM)(x)
    return keras.layers.Activation("gelu", name=f"{name}_act")(x)  # exact, not by tanh


def airbench(
    *,
    input_shape: tuple[int, int, int] = (32, 32, 3),
    widths: Sequence[int] = (64, 256, 256),
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C), at least 16 with three blocks; H and W may be None.
        widths: channels of each block.

    Returns:
        Model from (B, H, W, C) to the output of each block by its stride, and "pooled" (B, width).

    >>> {name: tensor.shape[1:] for name, tensor in airbench(widths=(4, 8)).output.items()}
    {'stride_2': (15, 15, 4), 'stride_4': (7, 7, 8), 'pooled': (8,)}
    """
    image = keras.Input(input_shape, name="image")
    patch = PATCH**2 * input_shape[-1]
    x = keras.layers.Conv2D(2 * patch, PATCH, kernel_initializer="orthogonal", name="whiten_conv")(
        image
    )
    x = keras.layers.Activation("gelu", name="whiten_act")(x)  # (B, 31, 31, 24)
    features = {}
    for block, width in enumerate(widths, start=1):
        name = f"block{block}"
        x = _conv(x, width, f"{name}_1")
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pool")(x)
        x = _norm_gelu(x, f"{name}_1")
        x = _norm_gelu(_conv(x, width, f"{name}_2"), f"{name}_2")
        features[f"stride_{2**block}"] = x  # (B, 15, 15, 64), (B, 7, 7, 256), (B, 3, 3, 256)
    x = keras.layers.GlobalMaxPooling2D(name="pool")(x)
    features["pooled"] = keras.layers.Rescaling(SCALE, name="scale")(x)  # as if of the logits
    return keras.Model(image, features, name="backbone")


def whiten(model: keras.Model, images: np.ndarray) -> None:
    """Set the first kernel so that patches of images become uncorrelated, and freeze it (§3.2).

    Its filters are the eigenvectors of the patches' second moments, each over the root of its
    eigenvalue, and their negatives. The bias stays trainable.

    Args:
        model: a backbone, or a model around one; compile it afterwards.
        images: (N, H, W, C) as the backbone takes them; the paper has the first 5,000 to train on.

    Raises:
        ArgumentError: the images have other channels.
    """
    backbone = model if model.name == "backbone" else model.get_layer("backbone")
    layer = backbone.get_layer("whiten_conv")
    channels = layer.kernel.shape[2]
    if images.ndim != 4 or images.shape[-1] != channels:
        raise ArgumentError(
            f"Images of shape {images.shape} do not suit a model of {channels} channels.",
            expected=f"(N, H, W, {channels})",
            fix="give the images that the backbone takes",
        )
    windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, PATCH**2 * channels)
    patches = patches.astype("float64")  # (patches, 2 · 2 · C)
    eigenvalues, vectors = np.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / np.sqrt(eigenvalues + EPSILON))[:, ::-1]  # the largest first
    kernel = np.concatenate([filters, -filters], axis=1)
    layer.kernel.assign(kernel.reshape(layer.kernel.shape).astype("float32"))
    layer.kernel.trainable = False
