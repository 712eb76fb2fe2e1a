"""Random changes of whole batches of images; every image draws its own numbers.

Axes: B images, H rows, W columns, C channels (1 or 3). Images are uint8 or float 0–255 and come
back as float32 0–255. `seed` is an integer tensor of shape (2,). A result is a pure function of
(images, seed): reruns, resumed runs and parallel `Dataset.map` calls agree bit for bit, and image
`i` does not depend on what the others of its batch show.
"""

import math

import tensorflow as tf

from zoo.errors import ArgumentError

Seed = tf.Tensor | tuple[int, int]

ATTEMPTS = 10  # candidates for a box before the fallback, as torchvision and timm draw them
CROP_RATIO = (3 / 4, 4 / 3)  # width / height of a random resized crop (1409.4842 §6)
ERASING_AREA = (0.02, 1 / 3)  # share of the image; timm's range (1708.04896 ends at 0.4)
ERASING_RATIO = (0.3, 3.3)


def as_float(images: tf.Tensor) -> tf.Tensor:
    """Return images (B, H, W, C) as float32.

    Raises:
        ArgumentError: not four axes, H or W unknown, or C neither 1 nor 3.
    """
    images = tf.convert_to_tensor(images)
    shape = images.shape
    if shape.rank != 4 or None in shape[1:3] or shape[3] not in (1, 3):
        raise ArgumentError(
            f"Images of shape {shape} cannot be augmented.",
            expected="(B, H, W, C) with known H and W and C = 1 or 3",
            fix="batch the images before they are augmented; resize them to one size before that",
        )
    return tf.cast(images, tf.float32)


def split_seed(seed: Seed, count: int) -> list[tf.Tensor]:
    """Return `count` independent seeds, each of shape (2,)."""
    return tf.unstack(tf.random.split(_wide(seed), count))


def fold_seed(seed: Seed, data: int) -> tf.Tensor:
    """Return the seed of shape (2,) that belongs to `data`."""
    return tf.random.fold_in(_wide(seed), data)


def _wide(seed: Seed) -> tf.Tensor:
    # Derived seeds are drawn in the type of their parent: one type, or equal seeds part ways.
    return tf.cast(tf.convert_to_tensor(seed), tf.int64)


def random_crop(
    images: tf.Tensor, seed: Seed, *, padding: int, mode: str = "zero"
) -> tf.Tensor:  # (B, H, W, C)
    """Shift each image by up to `padding` pixels: pad all sides, then cut a window of the old size.

    Source: 1512.03385 §4.2 (padding 4 at 32 pixels).

    Args:
        images: (B, H, W, C), 0–255.
        seed: (2,).
        padding: pixels, >= 0; 0 changes nothing.
        mode: what the border shows: "zero" is black, "reflect" mirrors without repeating the edge.

    Raises:
        ArgumentError: an unknown mode, a negative padding, or one that a mirror cannot fill.

    >>> random_crop(tf.ones((2, 8, 8, 1)), (0, 1), padding=2).shape
    TensorShape([2, 8, 8, 1])
    """
    images = as_float(images)
    height, width = images.shape[1:3]
    _check_padding(padding, mode, smallest_side=min(height, width))
    if padding == 0:
        return images
    margins = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
    padded = tf.pad(images, margins, mode="CONSTANT" if mode == "zero" else "REFLECT")
    offsets = tf.random.stateless_uniform(
        (tf.shape(images)[0], 2), seed, 0, 2 * padding + 1, dtype=tf.int32
    )
    rows = offsets[:, :1] + tf.range(height)  # (B, H)
    columns = offsets[:, 1:] + tf.range(width)  # (B, W)
    cut = tf.gather(padded, rows, axis=1, batch_dims=1)  # (B, H, W + 2 padding, C)
    cut = tf.gather(cut, columns, axis=2, batch_dims=1)
    return tf.ensure_shape(cut, images.shape)


def random_resized_crop(
    images: tf.Tensor, seed: Seed, *, min_scale: float, size: tuple[int, int]
) -> tf.Tensor:  # (B, *size, C)
    """Cut a window of random area and shape from each image and resize it, bilinear.

    Area: uniform in (`min_scale`, 1) of the image; width / height: log-uniform in (3/4, 4/3). Of
    ten candidates the first that fits is taken, else the largest centred window of an allowed
    ratio, as torchvision does; here windows are not rounded to whole pixels. There is no
    antialiasing: a size far below the window's needs a resize before. Source: 1409.4842 §6.

    Args:
        images: (B, H, W, C), 0–255.
        seed: (2,).
        min_scale: smallest share of the area, 0 < min_scale <= 1.
        size: (height, width) of the result, pixels.

    Raises:
        ArgumentError: `min_scale` out of range.
    """
    images = as_float(images)
    if not 0 < min_scale <= 1:
        raise ArgumentError(
            f"min_scale={min_scale} is out of range.", expected="0 < min_scale <= 1"
        )
    height, width = images.shape[1:3]
    size_seed, place_seed = split_seed(seed, 2)
    tall, wide = _draw_box_sizes(
        size_seed, images, area=(min_scale, 1.0), ratio=CROP_RATIO
    )  # (B, ATTEMPTS) each
    fits = (tall <= height) & (wide <= width)
    any_fits = tf.reduce_any(fits, axis=1)
    whole_tall = min(height, width / CROP_RATIO[0])
    whole_wide = min(width, height * CROP_RATIO[1])
    tall = tf.where(any_fits, _first(tall, fits), whole_tall)  # (B,)
    wide = tf.where(any_fits, _first(wide, fits), whole_wide)
    place = tf.random.stateless_uniform((tf.shape(images)[0], 2), place_seed)
    place = tf.where(any_fits[:, None], place, 0.5)
    windows = tf.stack([place[:, 0] * (height - tall), place[:, 1] * (width - wide), tall, wide], 1)
    return resize_windows(images, windows, size=size)


def resize_windows(images: tf.Tensor, windows: tf.Tensor, *, size: tuple[int, int]) -> tf.Tensor:
    """Resize one window of each image, bilinear, pixel centres at halves, edges repeated.

    Args:
        images: (B, H, W, C), float32.
        windows: (B, 4): top, left, height, width in pixels; fractions are meant.
        size: (height, width) of the result.
    """
    height, width = images.shape[1:3]
    top, left, tall, wide = tf.unstack(windows, axis=1)
    # `crop_and_resize` blackens what lies beyond the outermost pixel centres, if only by rounding:
    # a repeated edge of one pixel keeps every sample inside.
    edged = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="SYMMETRIC")

    def first_and_last(start: tf.Tensor, extent: tf.Tensor, pixels: int, side: int):
        half = 0.5 * extent / pixels
        return (start + half + 0.5) / (side + 1), (start + extent - half + 0.5) / (side + 1)

    y1, y2 = first_and_last(top, tall, size[0], height)
    x1, x2 = first_and_last(left, wide, size[1], width)
    resized = tf.image.crop_and_resize(
        edged, tf.stack([y1, x1, y2, x2], axis=1), tf.range(tf.shape(images)[0]), size
    )
    # Interpolation weights sum to 1 but for rounding.
    return tf.clip_by_value(
        tf.ensure_shape(resized, (images.shape[0], *size, images.shape[3])), 0, 255
    )


def random_flip(images: tf.Tensor, seed: Seed) -> tf.Tensor:
    """Mirror each image left-right with probability 1/2; (B, H, W, C) in and out."""
    images = as_float(images)
    mirrored = tf.random.stateless_uniform((tf.shape(images)[0], 1, 1, 1), seed) < 0.5
    return tf.where(mirrored, tf.reverse(images, axis=[2]), images)


def random_erasing(images: tf.Tensor, seed: Seed, *, probability: float) -> tf.Tensor:
    """Replace a rectangle of an image by noise, independent and uniform in 0–255 for each value.

    The filling is RE-R of 1708.04896. Area 0.02–1/3 of the image, width / height log-uniform in
    0.3–3.3, sides rounded to whole pixels (timm's ranges); of ten candidates the first that fits.

    Args:
        images: (B, H, W, C), 0–255.
        seed: (2,).
        probability: that an image is touched, [0, 1].

    Raises:
        ArgumentError: `probability` out of range.
    """
    images = as_float(images)
    if not 0 <= probability <= 1:
        raise ArgumentError(f"probability={probability} is out of range.", expected="0 to 1")
    if probability == 0:
        return images
    height, width = images.shape[1:3]
    touch_seed, size_seed, place_seed, noise_seed = split_seed(seed, 4)
    tall, wide = _draw_box_sizes(size_seed, images, area=ERASING_AREA, ratio=ERASING_RATIO)
    tall, wide = tf.maximum(tf.round(tall), 1), tf.maximum(tf.round(wide), 1)
    fits = (tall < height) & (wide < width)  # (B, ATTEMPTS)
    tall, wide = _first(tall, fits), _first(wide, fits)  # (B,)
    batch = tf.shape(images)[0]
    place = tf.random.stateless_uniform((batch, 2), place_seed)
    top = tf.floor(place[:, 0] * (height - tall + 1))
    left = tf.floor(place[:, 1] * (width - wide + 1))
    touched = tf.random.stateless_uniform((batch,), touch_seed) < probability
    touched &= tf.reduce_any(fits, axis=1)
    inside = box_mask(tf.stack([top, left, tall, wide], axis=1), height=height, width=width)
    noise = tf.random.stateless_uniform(tf.shape(images), noise_seed, 0, 255)
    return tf.where(inside & touched[:, None, None, None], noise, images)


def box_mask(boxes: tf.Tensor, *, height: int, width: int) -> tf.Tensor:
    """Return True inside each box, (B, height, width, 1).

    Args:
        boxes: (B, 4): top, left, height, width in whole pixels, float32.
        height: of the images.
        width: of the images.
    """
    top, left, tall, wide = tf.unstack(boxes[:, :, None], axis=1)  # (B, 1) each
    y, x = tf.range(height, dtype=tf.float32), tf.range(width, dtype=tf.float32)
    in_rows = (y >= top) & (y < top + tall)  # (B, H)
    in_columns = (x >= left) & (x < left + wide)  # (B, W)
    return in_rows[:, :, None, None] & in_columns[:, None, :, None]


def _draw_box_sizes(
    seed: tf.Tensor, images: tf.Tensor, *, area: tuple[float, float], ratio: tuple[float, float]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw heights and widths in pixels, (B, ATTEMPTS) each; `ratio` is width / height."""
    height, width = images.shape[1:3]
    shape = (tf.shape(images)[0], ATTEMPTS)
    area_seed, ratio_seed = split_seed(seed, 2)
    pixels = tf.random.stateless_uniform(shape, area_seed, *area) * (height * width)
    logs = tf.random.stateless_uniform(shape, ratio_seed, math.log(ratio[0]), math.log(ratio[1]))
    root = tf.exp(0.5 * logs)
    return tf.sqrt(pixels) / root, tf.sqrt(pixels) * root


def _first(candidates: tf.Tensor, fits: tf.Tensor) -> tf.Tensor:
    """Return each row's first candidate that fits (its first where none does): (B, N) to (B,)."""
    return tf.gather(candidates, tf.argmax(tf.cast(fits, tf.int32), axis=1), batch_dims=1)


def _check_padding(padding: int, mode: str, *, smallest_side: int) -> None:
    if mode not in ("zero", "reflect"):
        raise ArgumentError(f"mode={mode!r} is not known.", expected="'zero' or 'reflect'")
    if padding < 0 or (mode == "reflect" and padding >= smallest_side):
        raise ArgumentError(
            f"padding={padding} does not fit images whose shorter side is {smallest_side} pixels.",
            expected=f"0 to {smallest_side - 1}" if mode == "reflect" else "a value >= 0",
            fix="lower regularization.crop_padding",
        )
