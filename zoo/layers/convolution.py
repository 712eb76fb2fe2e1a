"""Convolutions as image networks use them: padded as their reference pads, then normalized."""

from collections.abc import Callable

import keras

from zoo.layers.batch_norm import FusedBatchNormalization
from zoo.layers.grouped_conv import GroupedConv2D

# Below so many input channels, oneDNN of TensorFlow 2.21 writes beyond its memory when it computes the
# gradient of a strided 1×1 kernel, and the process dies: seen with AVX-512 and 1 to 12 channels.
_SAFE_CHANNELS = 16
# He et al. (1502.01852) over the outputs, as torchvision and timm draw convolutions.
INITIALIZER = {
    "class_name": "VarianceScaling",
    "config": {"scale": 2.0, "mode": "fan_out", "distribution": "untruncated_normal"},
}


def convolution(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int | tuple[int, int] = 3,
    *,
    strides: int = 1,
    groups: int = 1,
    dilation: int = 1,
    padding: str = "symmetric",
    use_bias: bool = False,
    name: str,
) -> keras.KerasTensor:
    """Convolve (B, H, W, C) -> (B, H', W', filters); groups of one channel are a depthwise layer.

    Args:
        x: input.
        filters: output channels.
        kernel_size: height and width.
        strides: of both axes.
        groups: C and filters are divided into them.
        dilation: of both axes.
        padding: "symmetric" pads half of the kernel on both sides, as PyTorch's networks do; "same"
            what is missing, more of it at the end, as TensorFlow's do; "valid" nothing. They differ
            where strides are above 1.
        use_bias: add a bias.
        name: of the convolution; that of the padding is "NAME_pad", and of what takes every second
            pixel before a 1×1 kernel on few channels "NAME_stride".
    """
    sizes = (kernel_size, kernel_size) if isinstance(kernel_size, int) else tuple(kernel_size)
    if padding == "symmetric":
        extra = [dilation * (size - 1) // 2 for size in sizes]
        if strides == 1 and all(size % 2 for size in sizes):
            padding = "same"  # equal, without a layer of its own
        else:
            padding = "valid"
            if any(extra):
                x = keras.layers.ZeroPadding2D(tuple((n, n) for n in extra), name=f"{name}_pad")(x)
    if sizes == (1, 1) and strides > 1 and x.shape[-1] < _SAFE_CHANNELS:
        x = keras.layers.MaxPooling2D(1, strides, name=f"{name}_stride")(x)  # only takes pixels
        strides = 1
    same = {
        "strides": strides,
        "dilation_rate": dilation,
        "padding": padding,
        "use_bias": use_bias,
        "name": name,
    }
    if groups == x.shape[-1] and filters == groups > 1:
        layer = keras.layers.DepthwiseConv2D(sizes, depthwise_initializer=INITIALIZER, **same)
    elif groups > 1:
        layer = GroupedConv2D(filters, sizes, groups=groups, kernel_initializer=INITIALIZER, **same)
    else:
        layer = keras.layers.Conv2D(filters, sizes, kernel_initializer=INITIALIZER, **same)
    return layer(x)


def batch_norm(
    x: keras.KerasTensor,
    *,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    zero: bool = False,
    name: str,
) -> keras.KerasTensor:
    """Normalize over a batch (1502.03167) with PyTorch's constants.

    Args:
        x: (B, H, W, C).
        epsilon, momentum: Keras' momentum 0.9 is PyTorch's 0.1.
        zero: start with a scale of 0, so that a residual branch begins as nothing (1706.02677 §5.1).
        name: of the layer.
    """
    return FusedBatchNormalization(
        epsilon=epsilon, momentum=momentum, gamma_initializer="zeros" if zero else "ones", name=name
    )(x)


def conv_norm(
    x: keras.KerasTensor,
    filters: int,
    kernel_size: int | tuple[int, int] = 3,
    *,
    activation: str | Callable | None = None,
    epsilon: float = 1e-5,
    momentum: float = 0.9,
    zero: bool = False,
    name: str,
    **convolution_arguments: int | str | bool,
) -> keras.KerasTensor:
    """Convolve, normalize and, with an `activation`, apply it: layers NAME_conv, NAME_norm, NAME_act."""
    x = convolution(x, filters, kernel_size, name=f"{name}_conv", **convolution_arguments)
    x = batch_norm(x, epsilon=epsilon, momentum=momentum, zero=zero, name=f"{name}_norm")
    if activation:
        x = keras.layers.Activation(activation, name=f"{name}_act")(x)
    return x
