"""MobileViT (2110.02178): inverted residuals, and transformers that look across the whole map.

Input (B, H, W, C) -> {"stride_2": (B, H/2, W/2, 32), "stride_4", "stride_8", "stride_16", "stride_32":
(B, H/32, W/32, 384)}. A stem, two stages of inverted residuals, then three whose last block is a
MobileViT block (Fig. 1b): the map is cut into patches of 2×2, the places at the same spot of all patches
look at each other, and what they found is put back and fused with the input. "stride_32" is the 1×1
convolution before the classifier.
"""

from collections.abc import Sequence

import keras

from zoo.layers.convolution import conv_norm, convolution
from zoo.layers.resize_map import ResizeMap
from zoo.layers.transformer_block import transformer_block

ACTIVATION = "silu"
BLOCKS = (1, 3, 1, 1, 1)  # inverted residuals of each stage
EPSILON = 1e-5  # of layer norms
EXPANSION = 4  # of inverted residuals
FEED_FORWARD = 2  # inner units over the width of a transformer
NUM_HEADS = 4
PATCH = 2
STAGE_STRIDES = {"standard": (2, 1, 2, 2, 2, 2), "small": (1, 1, 1, 2, 2, 2)}  # the stem's first


def _inverted_residual(
    x: keras.KerasTensor, width: int, *, strides: int, name: str
) -> keras.KerasTensor:
    inner = EXPANSION * x.shape[-1]
    y = conv_norm(x, inner, 1, activation=ACTIVATION, name=f"{name}_1")
    y = conv_norm(
        y, inner, 3, strides=strides, groups=inner, activation=ACTIVATION, name=f"{name}_2"
    )
    y = conv_norm(y, width, 1, name=f"{name}_3")
    if strides > 1 or x.shape[-1] != width:
        return y
    return keras.layers.Add(name=f"{name}_add")([x, y])


def _sized(x: keras.KerasTensor, size: tuple[int, int], *, name: str) -> keras.KerasTensor:
    if tuple(x.shape[1:3]) == size:
        return x
    return ResizeMap(size, name=name)(x)


def _across(x: keras.KerasTensor, *, width: int, num_layers: int, name: str) -> keras.KerasTensor:
    """Let the places at the same spot of all patches look at each other; (B, H, W, width) both ways.

    Sides that do not divide into patches are resized, and resized back.
    """
    layers, size = keras.layers, tuple(x.shape[1:3])
    rows, columns = (-(-side // PATCH) for side in size)
    x = _sized(x, (rows * PATCH, columns * PATCH), name=f"{name}_resize")
    x = layers.Reshape((rows, PATCH, columns, PATCH, width), name=f"{name}_split")(x)
    x = layers.Permute((2, 4, 1, 3, 5), name=f"{name}_spots_first")(x)
    x = layers.Reshape((PATCH * PATCH, rows * columns, width), name=f"{name}_sequences")(x)
    for layer in range(1, num_layers + 1):  # (B, spots, patches, width)
        x = transformer_block(
            x,
            num_heads=NUM_HEADS,
            inner=FEED_FORWARD * width,
            activation=ACTIVATION,
            epsilon=EPSILON,
            name=f"{name}_layer{layer}",
        )
    x = layers.LayerNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)
    x = layers.Reshape((PATCH, PATCH, rows, columns, width), name=f"{name}_spots")(x)
    x = layers.Permute((3, 1, 4, 2, 5), name=f"{name}_rows_first")(x)
    x = layers.Reshape((rows * PATCH, columns * PATCH, width), name=f"{name}_join")(x)
    return _sized(x, size, name=f"{name}_resize_back")


def _mobilevit_block(
    x: keras.KerasTensor, *, hidden_dim: int, num_layers: int, name: str
) -> keras.KerasTensor:
    width = x.shape[-1]
    y = conv_norm(x, width, 3, activation=ACTIVATION, name=f"{name}_local")
    y = convolution(y, hidden_dim, 1, name=f"{name}_widen")
    y = _across(y, width=hidden_dim, num_layers=num_layers, name=name)
    y = conv_norm(y, width, 1, activation=ACTIVATION, name=f"{name}_project")
    y = keras.layers.Concatenate(name=f"{name}_concatenate")([x, y])
    return conv_norm(y, width, 3, activation=ACTIVATION, name=f"{name}_fuse")


def mobilevit(
    *,
    input_shape: tuple[int, int, int] = (256, 256, 3),
    widths: Sequence[int] = (32, 48, 64, 80, 96),
    hidden_dims: Sequence[int] = (96, 120, 144),
    num_layers: Sequence[int] = (2, 4, 3),
    stem_width: int = 16,
    final_width: int = 384,
    stem: str = "standard",
) -> keras.Model:
    """Build the backbone; the defaults are MobileViT-XS.

    Args:
        input_shape: (H, W, C), H and W known.
        widths: channels of the five stages.
        hidden_dims: of the transformers in the last three.
        num_layers: blocks of these transformers.
        stem_width: channels of the first convolution.
        final_width: channels of the last convolution.
        stem: "standard" or "small", whose stem and second stage keep the size, for 28 to 64 pixels.

    Returns:
        Model from (B, H, W, C) to the output of each stage by its stride.

    Raises:
        ValueError: a size is not known, another stem, or another number of stages.

    >>> mobilevit(input_shape=(32, 32, 3), stem="small", num_layers=(1, 1, 1)).output["stride_8"].shape
    (None, 4, 4, 384)
    """
    if None in input_shape:
        raise ValueError("height and width must be known, because maps are cut into patches")
    if stem not in STAGE_STRIDES:
        raise ValueError(f"stem must be standard or small, not {stem!r}")
    if len(widths) != 5 or len(hidden_dims) != 3 or len(num_layers) != 3:
        raise ValueError("there are five widths, three hidden_dims and three num_layers")
    image = keras.Input(input_shape, name="image")
    stride, *steps = STAGE_STRIDES[stem]
    x = conv_norm(image, stem_width, 3, strides=stride, activation=ACTIVATION, name="stem")
    features: dict[str, keras.KerasTensor] = {}
    for stage, (width, blocks, step) in enumerate(zip(widths, BLOCKS, steps, strict=True), start=1):
        for block in range(1, blocks + 1):
            x = _inverted_residual(
                x, width, strides=step if block == 1 else 1, name=f"stage{stage}_block{block}"
            )
        if stage > 2:
            x = _mobilevit_block(
                x,
                hidden_dim=hidden_dims[stage - 3],
                num_layers=num_layers[stage - 3],
                name=f"stage{stage}_block{blocks + 1}",
            )
        stride *= step
        features[f"stride_{stride}"] = x  # (B, H/s, W/s, width)
    x = conv_norm(x, final_width, 1, activation=ACTIVATION, name="final")
    features[f"stride_{stride}"] = x
    return keras.Model(image, features, name="backbone")
