"""RepVGG: three branches while training, one 3×3 convolution afterwards (2101.03697 Fig. 2, Tab. 2).

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 48), "stride_4", "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 1280)}. Each block adds a 3×3 convolution, a 1×1 convolution and, where shapes allow, its
input, all normalized, before ReLU. Inference needs only one convolution with a bias: `fused=True` builds
that form, and `fuse` brings a trained model's weights into it (§3.3).
"""

from collections.abc import Sequence

import keras
import numpy as np

from zoo.complexity import leaf_layers
from zoo.errors import ArgumentError
from zoo.layers.convolution import batch_norm, conv_norm, convolution

LARGEST_STEM = 64


def _block(
    x: keras.KerasTensor, width: int, *, strides: int, fused: bool, name: str
) -> keras.KerasTensor:
    if fused:
        x = convolution(x, width, 3, strides=strides, use_bias=True, name=f"{name}_conv")
        return keras.layers.Activation("relu", name=f"{name}_act")(x)
    branches = [
        conv_norm(x, width, 3, strides=strides, name=f"{name}_3x3"),
        conv_norm(x, width, 1, strides=strides, name=f"{name}_1x1"),
    ]
    if strides == 1 and x.shape[-1] == width:
        branches.append(batch_norm(x, name=f"{name}_identity_norm"))
    x = keras.layers.Add(name=f"{name}_add")(branches)
    return keras.layers.Activation("relu", name=f"{name}_act")(x)


def repvgg(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    depths: Sequence[int] = (2, 4, 14, 1),
    widths: Sequence[int] = (48, 96, 192, 1280),
    fused: bool = False,
    stem: str = "standard",
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (H, W, C); H and W may be None.
        depths: blocks of each stage, whose first one has stride 2.
        widths: channels of each stage; the stem has those of the first, at most 64.
        fused: the form for inference, with one convolution in each block.
        stem: a block of stride 2, "standard", or of stride 1, "small" (for images of 28 to 64 pixels).

    Returns:
        Model from (B, H, W, C) to the output of the stem and of each stage by its stride.

    Raises:
        ValueError: another stem, or depths and widths differ in length.

    >>> repvgg(input_shape=(64, 64, 3), depths=(1, 1), widths=(4, 8)).output["stride_8"].shape
    (None, 8, 8, 8)
    """
    if stem not in ("standard", "small"):
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if len(depths) != len(widths):
        raise ValueError(f"{len(depths)} depths do not belong to {len(widths)} widths")
    image = keras.Input(input_shape, name="image")
    stride = 2 if stem == "standard" else 1
    x = _block(image, min(LARGEST_STEM, widths[0]), strides=stride, fused=fused, name="stem")
    features = {f"stride_{stride}": x}
    for stage, (depth, width) in enumerate(zip(depths, widths, strict=True), start=1):
        for block in range(1, depth + 1):
            strides = 2 if block == 1 else 1
            x = _block(x, width, strides=strides, fused=fused, name=f"stage{stage}_block{block}")
        stride *= 2
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    return keras.Model(image, features, name="backbone")


def fuse(trained: keras.Model, plain: keras.Model) -> None:
    """Bring the weights of a trained model into one that was built with `fused=True`.

    Args:
        trained: built with `fused=False`; backbone or whole model.
        plain: as `trained` but for `fused`. It then gives the same outputs, in inference.

    Raises:
        ArgumentError: the models do not belong together.

    >>> sizes = {"input_shape": (8, 8, 1), "depths": (1,), "widths": (4,)}
    >>> trained, plain = repvgg(**sizes), repvgg(**sizes, fused=True)
    >>> fuse(trained, plain)
    >>> image = keras.ops.ones((1, 8, 8, 1))
    >>> bool(keras.ops.all(abs(trained(image)["stride_4"] - plain(image)["stride_4"]) < 1e-5))
    True
    """
    theirs = {layer.name: layer for layer in leaf_layers(trained)}
    for layer in leaf_layers(plain):
        block = layer.name.removesuffix("_conv")
        if not layer.weights:
            continue
        try:
            fused = f"{block}_3x3_conv" in theirs
            values = _fused(theirs, block) if fused else theirs[layer.name].get_weights()
            layer.set_weights(values)
        except (KeyError, ValueError) as error:
            raise ArgumentError(
                f"{layer.name} of {plain.name} has no counterpart in {trained.name}: {error}",
                expected="two models that differ in `fused` alone",
                fix="build both with the same arguments, one of them with fused=True",
            ) from error


def _fused(layers: dict[str, keras.layers.Layer], block: str) -> list[np.ndarray]:
    """Return kernel (3, 3, C, F) and bias (F,) that do what all branches do (§3.3)."""
    parts = [_absorbed(layers[f"{block}_3x3_conv"].get_weights()[0], layers[f"{block}_3x3_norm"])]
    small = layers[f"{block}_1x1_conv"].get_weights()[0]
    parts.append(_absorbed(_centred(small), layers[f"{block}_1x1_norm"]))
    if f"{block}_identity_norm" in layers:
        identity = np.eye(small.shape[-1], dtype=small.dtype)[None, None]
        parts.append(_absorbed(_centred(identity), layers[f"{block}_identity_norm"]))
    return [sum(numbers) for numbers in zip(*parts, strict=True)]


def _centred(kernel: np.ndarray) -> np.ndarray:
    """Put a 1×1 kernel in the middle of a 3×3 one."""
    return np.pad(kernel, ((1, 1), (1, 1), (0, 0), (0, 0)))


def _absorbed(kernel: np.ndarray, norm: keras.layers.Layer) -> tuple[np.ndarray, np.ndarray]:
    """Return a convolution, as kernel and bias, that also normalizes."""
    gamma, beta, mean, variance = (
        np.asarray(variable)
        for variable in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return kernel * scale, beta - mean * scale
