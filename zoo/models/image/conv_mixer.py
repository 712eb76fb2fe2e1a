"""ConvMixer (2201.09792): patches, then depthwise and 1×1 convolutions at one resolution.

Input (B, H, W, C) -> {"stride_7": (B, H/7, W/7, width)}, the stride being the patches' side. A block
(Fig. 2) mixes places with a depthwise convolution of a large kernel, inside a residual, and then
channels with a 1×1 convolution. Batch norm follows the activations.
"""

import keras

from zoo.layers.convolution import batch_norm, convolution


def _activated(x: keras.KerasTensor, activation: str, *, name: str) -> keras.KerasTensor:
    x = keras.layers.Activation(activation, name=f"{name}_act")(x)
    return batch_norm(x, name=f"{name}_norm")


def conv_mixer(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    patch_size: int = 7,
    num_layers: int = 32,
    width: int = 768,
    kernel_size: int = 7,
    activation: str = "gelu",
) -> keras.Model:
    """Build the backbone; the defaults are ConvMixer-768/32 with the exact GELU.

    Args:
        input_shape: (H, W, C); H and W may be None.
        patch_size: pixels on a side; 1 or 2 suits images of 28 to 64.
        num_layers: blocks.
        width: channels.
        kernel_size: of the depthwise convolutions, odd.
        activation: "gelu" or "relu".

    Returns:
        Model from (B, H, W, C) to {"stride_P": (B, H/P, W/P, width)}, P being `patch_size`.

    Raises:
        ValueError: an even kernel, which cannot be padded alike on both sides.

    >>> conv_mixer(input_shape=(28, 28, 1), num_layers=1, width=8).output["stride_7"].shape
    (None, 4, 4, 8)
    """
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size must be odd, not {kernel_size}")
    image = keras.Input(input_shape, name="image")
    x = convolution(
        image, width, patch_size, strides=patch_size, padding="valid", use_bias=True, name="patches"
    )
    x = _activated(x, activation, name="patches")  # (B, H/P, W/P, width)
    for block in range(1, num_layers + 1):
        name = f"block{block}"
        y = convolution(x, width, kernel_size, groups=width, use_bias=True, name=f"{name}_places")
        y = _activated(y, activation, name=f"{name}_places")
        x = keras.layers.Add(name=f"{name}_add")([x, y])
        x = convolution(x, width, 1, use_bias=True, name=f"{name}_channels")
        x = _activated(x, activation, name=f"{name}_channels")
    return keras.Model(image, {f"stride_{patch_size}": x}, name="backbone")
