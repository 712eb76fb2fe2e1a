"""TrivialAugment and RandAugment on whole batches, the operation drawn for each image.

Axes: n images of one operation, B of the batch, H rows, W columns, C channels (1 or 3); float32
0–255. The batch is parted by operation, each operation runs once on its own part, and the parts are
put back: nothing is computed to be thrown away.

Operations follow PIL (ImageOps, ImageEnhance, Image.transform), but keep fractions where PIL rounds
to whole levels. Geometric ones are bilinear.
"""

import math
from collections.abc import Callable, Mapping

import tensorflow as tf

from zoo.errors import ArgumentError
from zoo.transforms.image import Seed, as_float, fold_seed, split_seed

# (images (n, H, W, C), level 0–1 (n,), sign -1 or 1 (n,)) -> images
Operation = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]

TRIVIAL_BINS = 31  # magnitudes 0, 1, …, 30 (2103.10158)
RAND_PROBABILITY = 0.5  # that a drawn operation is applied, as in timm
MAX_MAGNITUDE = 10.0


# Geometry. Matrices map output to input coordinates with pixel centres at halves, as PIL's do.


def affine(images: tf.Tensor, matrix: list, *, fill: float) -> tf.Tensor:
    """Resample so that output (x, y) shows input (a x + b y + c, d x + e y + f).

    Args:
        images: (n, H, W, C).
        matrix: a, b, c, d, e, f, each a number or (n,).
        fill: level shown where the input ends.
    """
    ones = tf.ones(tf.shape(images)[:1])
    a, b, c, d, e, f = (value * ones for value in matrix)
    # The kernel puts pixel centres at whole numbers.
    c, f = c + (a + b - 1) / 2, f + (d + e - 1) / 2
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, c, d, e, f, 0 * ones, 0 * ones], axis=1),  # (n, 8)
        output_shape=tf.constant(list(images.shape[1:3]), tf.int32),
        fill_value=tf.constant(fill, tf.float32),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
    return tf.clip_by_value(tf.ensure_shape(moved, images.shape), 0, 255)


def shear_x(images: tf.Tensor, slope: tf.Tensor, *, fill: float) -> tf.Tensor:
    """Move each row by `slope` pixels for each row above it; `slope` (n,)."""
    return affine(images, [1, slope, 0, 0, 1, 0], fill=fill)


def shear_y(images: tf.Tensor, slope: tf.Tensor, *, fill: float) -> tf.Tensor:
    """Move each column by `slope` pixels for each column left of it; `slope` (n,)."""
    return affine(images, [1, 0, 0, slope, 1, 0], fill=fill)


def translate_x(images: tf.Tensor, pixels: tf.Tensor, *, fill: float) -> tf.Tensor:
    """Move the content left by `pixels` (n,)."""
    return affine(images, [1, 0, pixels, 0, 1, 0], fill=fill)


def translate_y(images: tf.Tensor, pixels: tf.Tensor, *, fill: float) -> tf.Tensor:
    """Move the content up by `pixels` (n,)."""
    return affine(images, [1, 0, 0, 0, 1, pixels], fill=fill)


def rotate(images: tf.Tensor, degrees: tf.Tensor, *, fill: float) -> tf.Tensor:
    """Turn counter-clockwise about the centre by `degrees` (n,)."""
    center_y, center_x = images.shape[1] / 2, images.shape[2] / 2
    cos, sin = tf.cos(degrees * (math.pi / 180)), tf.sin(degrees * (math.pi / 180))
    c = center_x - cos * center_x + sin * center_y
    f = center_y - sin * center_x - cos * center_y
    return affine(images, [cos, -sin, c, sin, cos, f], fill=fill)


# Enhancement. `factor` (n,): 0 gives the plain version, 1 the image itself, more its opposite.


def blend(plain: tf.Tensor, images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Return plain + factor (images - plain), cut to 0–255."""
    return tf.clip_by_value(plain + factor[:, None, None, None] * (images - plain), 0, 255)


def gray(images: tf.Tensor) -> tf.Tensor:
    """Return the ITU-R 601 luma, (n, H, W, 1)."""
    if images.shape[3] == 1:
        return images
    return tf.tensordot(images, tf.constant([0.299, 0.587, 0.114]), axes=1)[..., None]


def brightness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blend with black."""
    return blend(tf.zeros_like(images), images, factor)


def color(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blend with the gray image; gray images stay as they are."""
    return images if images.shape[3] == 1 else blend(gray(images), images, factor)


def contrast(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blend with each image's mean gray."""
    return blend(tf.reduce_mean(gray(images), axis=[1, 2, 3], keepdims=True), images, factor)


def sharpness(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blend with the image smoothed by [1 1 1; 1 5 1; 1 1 1] / 13; the outermost pixels stay."""
    if min(images.shape[1:3]) < 3:
        return images
    around = tf.nn.avg_pool2d(images, ksize=3, strides=1, padding="VALID") * 9
    smooth = (around + 4 * images[:, 1:-1, 1:-1]) / 13
    inner = blend(smooth, images[:, 1:-1, 1:-1], factor)
    rows = tf.concat([images[:, 1:-1, :1], inner, images[:, 1:-1, -1:]], axis=2)
    return tf.concat([images[:, :1], rows, images[:, -1:]], axis=1)


# Levels. Each value is mapped by itself; the last two look at each channel's histogram.


def invert(images: tf.Tensor) -> tf.Tensor:
    """Return the negative."""
    return 255 - images


def posterize(images: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Keep the `bits` (n,) highest of eight bits; 8 keeps images as they are, 0 gives black."""
    step = tf.pow(2.0, 8 - bits)[:, None, None, None]
    return tf.where(step > 1, tf.floor(images / step) * step, images)


def solarize(images: tf.Tensor, threshold: tf.Tensor) -> tf.Tensor:
    """Invert the values from `threshold` (n,) up."""
    return tf.where(images < threshold[:, None, None, None], images, 255 - images)


def solarize_add(images: tf.Tensor, added: tf.Tensor) -> tf.Tensor:
    """Brighten the values below 128 by `added` levels (n,)."""
    brighter = tf.minimum(images + added[:, None, None, None], 255)
    return tf.where(images < 128, brighter, images)


def autocontrast(images: tf.Tensor) -> tf.Tensor:
    """Stretch each channel to 0–255; flat channels stay."""
    low = tf.reduce_min(images, axis=[1, 2], keepdims=True)
    high = tf.reduce_max(images, axis=[1, 2], keepdims=True)
    stretched = (images - low) * (255 / tf.maximum(high - low, 1e-3))
    return tf.where(high > low, tf.clip_by_value(stretched, 0, 255), images)


def equalize(images: tf.Tensor) -> tf.Tensor:
    """Make each channel's histogram flat, on whole levels, with PIL's integer arithmetic."""
    height, width, channels = images.shape[1:]
    pixels = tf.reshape(tf.transpose(images, (0, 3, 1, 2)), (-1, height * width))
    pixels = tf.cast(pixels, tf.int32)  # (n C, H W)
    counts = tf.math.bincount(pixels, minlength=256, maxlength=256, axis=-1)  # (n C, 256)
    brightest = tf.gather(counts, tf.reduce_max(pixels, axis=1), batch_dims=1)
    step = ((height * width - brightest) // 255)[:, None]
    below = tf.cumsum(counts, axis=1, exclusive=True)
    table = tf.minimum((step // 2 + below) // tf.maximum(step, 1), 255)
    table = tf.where(step > 0, table, tf.range(256))
    flat = tf.reshape(tf.gather(table, pixels, batch_dims=1), (-1, channels, height, width))
    return tf.cast(tf.transpose(flat, (0, 2, 3, 1)), tf.float32)


def _trivial_shift(images: tf.Tensor, axis: int) -> float:
    """Largest shift in pixels: 32, or the side of smaller images, beyond which nothing is left."""
    return min(32.0, images.shape[axis])


# The "wide" space of 2103.10158 as torchvision reads it, with its black fill.
TRIVIAL_OPERATIONS: Mapping[str, Operation] = {
    "identity": lambda images, level, sign: images,
    "shear_x": lambda images, level, sign: shear_x(images, 0.99 * level * sign, fill=0),
    "shear_y": lambda images, level, sign: shear_y(images, 0.99 * level * sign, fill=0),
    "translate_x": lambda images, level, sign: translate_x(
        images, _trivial_shift(images, 2) * level * sign, fill=0
    ),
    "translate_y": lambda images, level, sign: translate_y(
        images, _trivial_shift(images, 1) * level * sign, fill=0
    ),
    "rotate": lambda images, level, sign: rotate(images, 135 * level * sign, fill=0),
    "brightness": lambda images, level, sign: brightness(images, 1 + 0.99 * level * sign),
    "color": lambda images, level, sign: color(images, 1 + 0.99 * level * sign),
    "contrast": lambda images, level, sign: contrast(images, 1 + 0.99 * level * sign),
    "sharpness": lambda images, level, sign: sharpness(images, 1 + 0.99 * level * sign),
    "posterize": lambda images, level, sign: posterize(images, 8 - tf.round(6 * level)),
    "solarize": lambda images, level, sign: solarize(images, 255 * (1 - level)),
    "autocontrast": lambda images, level, sign: autocontrast(images),
    "equalize": lambda images, level, sign: equalize(images),
}

# timm's "increasing" set: every operation that has a magnitude is the stronger the higher it is.
RAND_OPERATIONS: Mapping[str, Operation] = {
    "autocontrast": lambda images, level, sign: autocontrast(images),
    "equalize": lambda images, level, sign: equalize(images),
    "invert": lambda images, level, sign: invert(images),
    "rotate": lambda images, level, sign: rotate(images, 30 * level * sign, fill=128),
    "posterize": lambda images, level, sign: posterize(images, 4 - tf.floor(4 * level)),
    "solarize": lambda images, level, sign: solarize(images, 256 - tf.floor(256 * level)),
    "solarize_add": lambda images, level, sign: solarize_add(images, tf.floor(110 * level)),
    "color": lambda images, level, sign: color(images, 1 + 0.9 * level * sign),
    "contrast": lambda images, level, sign: contrast(images, 1 + 0.9 * level * sign),
    "brightness": lambda images, level, sign: brightness(images, 1 + 0.9 * level * sign),
    "sharpness": lambda images, level, sign: sharpness(images, 1 + 0.9 * level * sign),
    "shear_x": lambda images, level, sign: shear_x(images, 0.3 * level * sign, fill=128),
    "shear_y": lambda images, level, sign: shear_y(images, 0.3 * level * sign, fill=128),
    "translate_x": lambda images, level, sign: translate_x(
        images, 0.45 * images.shape[2] * level * sign, fill=128
    ),
    "translate_y": lambda images, level, sign: translate_y(
        images, 0.45 * images.shape[1] * level * sign, fill=128
    ),
}


@tf.autograph.experimental.do_not_convert
def trivial_augment(images: tf.Tensor, seed: Seed) -> tf.Tensor:  # (B, H, W, C)
    """Apply one operation of `TRIVIAL_OPERATIONS` to each image, at one of 31 magnitudes.

    Operation, magnitude and sign are uniform. Source: TrivialAugment (wide), 2103.10158. Departures
    from torchvision: bilinear instead of nearest, shifts not rounded to whole pixels, and images
    smaller than 32 pixels are shifted by at most their own side.

    Args:
        images: (B, H, W, C), 0–255, C 1 or 3; "color" leaves gray images as they are.
        seed: (2,).

    >>> trivial_augment(tf.ones((2, 8, 8, 3)), (0, 1)).shape
    TensorShape([2, 8, 8, 3])
    """
    images = as_float(images)
    choice_seed, level_seed, sign_seed = split_seed(seed, 3)
    shape = tf.shape(images)[:1]
    operations = list(TRIVIAL_OPERATIONS.values())
    choice = tf.random.stateless_uniform(shape, choice_seed, 0, len(operations), dtype=tf.int32)
    bins = tf.random.stateless_uniform(shape, level_seed, 0, TRIVIAL_BINS, dtype=tf.int32)
    level = tf.cast(bins, tf.float32) / (TRIVIAL_BINS - 1)
    return _apply_chosen(operations, choice, images, level, _draw_sign(shape, sign_seed))


@tf.autograph.experimental.do_not_convert
def rand_augment(
    images: tf.Tensor,
    seed: Seed,
    *,
    num_layers: int = 2,
    magnitude: float = 9.0,
    magnitude_std: float = 0.0,
) -> tf.Tensor:  # (B, H, W, C)
    """Draw `num_layers` operations of `RAND_OPERATIONS` for each image; apply each with chance 1/2.

    Source: RandAugment, 1909.13719, in timm's form "rand-mM-nN-mstdS-inc1". A drawn operation may
    come twice. At magnitude 0 geometry, enhancement and both solarize leave images as they are;
    posterize keeps four bits, and autocontrast, equalize and invert have no magnitude.

    Args:
        images: (B, H, W, C), 0–255, C 1 or 3; "color" leaves gray images as they are.
        seed: (2,).
        num_layers: operations for each image, >= 0.
        magnitude: 0–10.
        magnitude_std: of a normal draw around it for each operation, cut to 0–10.

    Raises:
        ArgumentError: a value out of range.
    """
    images = as_float(images)
    if num_layers < 0 or not 0 <= magnitude <= MAX_MAGNITUDE or magnitude_std < 0:
        raise ArgumentError(
            f"RandAugment cannot take num_layers={num_layers}, magnitude={magnitude}, "
            f"magnitude_std={magnitude_std}.",
            expected="num_layers >= 0, 0 <= magnitude <= 10, magnitude_std >= 0",
            fix="set regularization.rand_augment_* within these ranges",
        )
    operations = [*RAND_OPERATIONS.values(), TRIVIAL_OPERATIONS["identity"]]
    shape = tf.shape(images)[:1]
    for layer in range(num_layers):
        layer_seed = fold_seed(seed, layer)
        choice_seed, skip_seed, level_seed, sign_seed = split_seed(layer_seed, 4)
        identity = len(operations) - 1
        choice = tf.random.stateless_uniform(shape, choice_seed, 0, identity, dtype=tf.int32)
        applied = tf.random.stateless_uniform(shape, skip_seed) < RAND_PROBABILITY
        choice = tf.where(applied, choice, identity)
        level = magnitude + magnitude_std * tf.random.stateless_normal(shape, level_seed)
        level = tf.clip_by_value(level, 0, MAX_MAGNITUDE) / MAX_MAGNITUDE
        images = _apply_chosen(operations, choice, images, level, _draw_sign(shape, sign_seed))
    return images


def _draw_sign(shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.random.stateless_uniform(shape, seed) < 0.5, -1.0, 1.0)


def _apply_chosen(
    operations: list[Operation],
    choice: tf.Tensor,
    images: tf.Tensor,
    level: tf.Tensor,
    sign: tf.Tensor,
) -> tf.Tensor:
    """Apply operation `choice[i]` with `level[i]` and `sign[i]` to image i; all (B,) but images."""
    parts = [
        tf.dynamic_partition(values, choice, len(operations))
        for values in (images, level, sign, tf.range(tf.size(choice)))
    ]
    done = [
        operation(*arguments) for operation, *arguments in zip(operations, *parts[:3], strict=True)
    ]
    return tf.ensure_shape(tf.dynamic_stitch(parts[3], done), images.shape)
