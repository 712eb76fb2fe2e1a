"""Corruptions of images: the 15 of ImageNet-C (1903.12261), and three of another camera or place.

Axes: H rows, W columns, C channels (1 or 3). Values are uint8 (H, W, C), 0–255, of any size, and come
back so. The levels are those of ImageNet-C, whose images are 224 pixels wide. A length (the radius
of a blur, the reach of glass) is scaled by the shorter side: at 32 pixels it is 1/7 as long, near the
levels of CIFAR-10-C. A colour, a share or a quality is the same at any size.

Departures: `glass_blur` reads each pixel from a random place near by in place of swapping
neighbours, `frost` draws its crystals, blurs act below a pixel, too, and `snow`, `frost`, `fog` and
`elastic_transform` have levels of their own, as those of ImageNet-C do not rise in all images.
"""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image as Pillow
from scipy import ndimage

from zoo.columns import Image
from zoo.transforms.corruptions.base import Corruption
from zoo.transforms.corruptions.fields import (
    cloud,
    disk_kernel,
    displaced,
    filtered,
    line_kernel,
    mapped,
    smooth_field,
)

_REFERENCE = 224  # pixels, to which lengths among the levels refer
Generator = np.random.Generator


def _of_pixels(change: Callable[[np.ndarray, Any, Generator], np.ndarray]) -> Callable:
    """Return a change of float images in [0, 1] as one of uint8 images."""

    def changed(image: np.ndarray, level: Any, generator: Generator) -> np.ndarray:
        found = change(np.asarray(image) / 255.0, level, generator)
        return np.rint(np.clip(found, 0, 1) * 255).astype("uint8")

    return changed


def _scale(image: np.ndarray) -> float:
    """Return what lengths at 224 pixels are multiplied by."""
    return min(image.shape[:2]) / _REFERENCE


# --- noise


def _gaussian_noise(x: np.ndarray, sigma: float, generator: Generator) -> np.ndarray:
    return x + generator.normal(0, 1, x.shape) * sigma


def _shot_noise(x: np.ndarray, photons: float, generator: Generator) -> np.ndarray:
    """Count photons: Poisson of the pixel times the photons of white."""
    return generator.poisson(x * photons) / photons


def _impulse_noise(x: np.ndarray, share: float, generator: Generator) -> np.ndarray:
    """Set a share of the values to 0 or 1."""
    draw, salt = generator.random(x.shape), generator.random(x.shape) < 0.5
    return np.where(draw < share, salt.astype("float64"), x)


# --- blur


def _defocus_blur(x: np.ndarray, level: tuple[float, float], generator: Generator) -> np.ndarray:
    """Blur by a disk, whose rim a Gaussian softens."""
    radius, rim = level
    blurred = filtered(x, disk_kernel(radius * _scale(x)))
    return ndimage.gaussian_filter(blurred, (rim * _scale(x),) * 2 + (0,), mode="reflect")


def _glass_blur(x: np.ndarray, level: tuple[float, float, int], generator: Generator) -> np.ndarray:
    sigma, reach, times = level
    smooth = (sigma * _scale(x),) * 2 + (0,)
    x = ndimage.gaussian_filter(x, smooth, mode="reflect")
    for _ in range(times):
        by = generator.uniform(-1, 1, (2, *x.shape[:2])) * reach * _scale(x)
        x = displaced(x, by)
    return ndimage.gaussian_filter(x, smooth, mode="reflect")


def _motion_blur(x: np.ndarray, level: tuple[float, float], generator: Generator) -> np.ndarray:
    radius, sigma = (value * _scale(x) for value in level)
    angle = generator.uniform(-np.pi / 4, np.pi / 4)
    return filtered(x, line_kernel(2 * radius, sigma, angle))


def _zoom_blur(x: np.ndarray, level: tuple[float, float], generator: Generator) -> np.ndarray:
    """Average the image over zooms from 1 up to the level's, in its steps."""
    most, step = level
    zooms = np.arange(1, most, step)
    views = [mapped(x, np.eye(2) / zoom) for zoom in zooms]
    return (x + sum(views)) / (len(views) + 1)


# --- weather


def _snow(x: np.ndarray, level: tuple[float, ...], generator: Generator) -> np.ndarray:
    """Lay flakes that fall aslant over a paler image, and the same turned round."""
    mean, spread, grain, threshold, radius, sigma, kept = level
    scale = _scale(x)
    grain = max(grain * scale, 1.0)
    coarse = [int(np.ceil(side / grain)) + 1 for side in x.shape[:2]]
    flakes = mean + spread * generator.normal(0, 1, coarse)
    places = np.indices(x.shape[:2]) / grain
    flakes = ndimage.map_coordinates(flakes, places, order=1, mode="nearest")
    flakes = np.clip(np.where(flakes < threshold, 0, flakes), 0, 1)[..., None]
    angle = np.deg2rad(generator.uniform(-135, -45))
    flakes = filtered(flakes, line_kernel(2 * radius * scale, sigma * scale, angle))
    gray = x @ [0.299, 0.587, 0.114] if x.shape[2] == 3 else x[..., 0]
    paler = np.maximum(x, gray[..., None] * 1.5 + 0.5)
    return kept * x + (1 - kept) * paler + flakes + flakes[::-1, ::-1]


def _frost(x: np.ndarray, level: tuple[float, float], generator: Generator) -> np.ndarray:
    """Add crystals: the ridges of two clouds, bluish white."""
    kept, strength = level
    ridges = [1 - np.abs(2 * cloud(x.shape[:2], 1.8, generator) - 1) for _ in range(2)]
    crystals = np.maximum(*ridges)[..., None] ** 3
    colour = np.array([0.82, 0.92, 1.0]) if x.shape[2] == 3 else np.array([0.9])
    return kept * x + strength * crystals * colour


def _fog(x: np.ndarray, level: tuple[float, float], generator: Generator) -> np.ndarray:
    """Add a cloud, and darken so that the brightest pixel stays as it was."""
    strength, decay = level
    brightest = x.max()
    foggy = x + strength * cloud(x.shape[:2], decay, generator)[..., None]
    return foggy * brightest / max(brightest + strength, 1e-12)


def _brightness(x: np.ndarray, added: float, generator: Generator) -> np.ndarray:
    """Add to V of HSV; hue and saturation stay."""
    value = x.max(axis=2, keepdims=True)
    brighter = np.minimum(value + added, 1)
    return np.where(value > 0, x * brighter / np.maximum(value, 1e-12), brighter)


# --- digital


def _contrast(x: np.ndarray, factor: float, generator: Generator) -> np.ndarray:
    mean = x.mean(axis=(0, 1), keepdims=True)
    return (x - mean) * factor + mean


def _elastic_transform(x: np.ndarray, share: float, generator: Generator) -> np.ndarray:
    """Move pixels smoothly, by a share of the shorter side."""
    side = min(x.shape[:2])
    field = smooth_field(x.shape[:2], 0.06 * side, generator)
    return displaced(x, field * share * side)


def _pixelate(image: np.ndarray, share: float, generator: Generator) -> np.ndarray:
    """Resize to a share of the sides and back, by Pillow's box filter."""
    height, width = image.shape[:2]
    small = (max(round(width * share), 1), max(round(height * share), 1))
    picture = _as_pillow(image).resize(small, Pillow.Resampling.BOX)
    picture = picture.resize((width, height), Pillow.Resampling.BOX)
    return np.asarray(picture).reshape(image.shape)


def _jpeg_compression(image: np.ndarray, quality: int, generator: Generator) -> np.ndarray:
    buffer = io.BytesIO()
    _as_pillow(image).save(buffer, "JPEG", quality=quality)
    with Pillow.open(buffer) as picture:
        return np.asarray(picture).reshape(image.shape)


def _as_pillow(image: np.ndarray) -> Pillow.Image:
    return Pillow.fromarray(image[..., 0] if image.shape[2] == 1 else image)


# --- another place, another camera


def _translation(x: np.ndarray, share: float, generator: Generator) -> np.ndarray:
    """Move the image by a share of the shorter side, in a random direction."""
    angle = generator.uniform(-np.pi, np.pi)
    by = share * min(x.shape[:2]) * np.array([np.sin(angle), np.cos(angle)])
    return mapped(x, np.eye(2), by)


def _rotation(x: np.ndarray, degrees: float, generator: Generator) -> np.ndarray:
    """Turn the image about its middle, to a random side."""
    angle = np.deg2rad(degrees) * generator.choice([-1, 1])
    turn = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return mapped(x, np.array(turn))


def _camera(x: np.ndarray, level: tuple[float, float], generator: Generator) -> np.ndarray:
    """Change gamma, darker or brighter, and the gains of red and blue: warmer or colder."""
    gamma, cast = level
    darker, warmer = generator.choice([-1, 1], 2)
    gains = np.array([1 + cast * warmer, 1, 1 - cast * warmer]) if x.shape[2] == 3 else 1
    return x ** (gamma**darker) * gains


_SNOW = (
    (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
    (0.15, 0.3, 3, 0.5, 12, 4, 0.75),
    (0.2, 0.3, 3, 0.5, 12, 6, 0.7),
    (0.25, 0.3, 3, 0.5, 12, 8, 0.65),
    (0.35, 0.3, 3, 0.5, 12, 12, 0.55),
)
_AUGMENT, _MIXUP, _CROP = ("auto_augment", "trivial"), ("mixup_alpha", 0.2), ("crop_padding", 4)
_RESIZED_CROP = ("crop_min_scale", 0.35)
_TABLE: tuple[tuple[str, str, Callable, tuple, tuple[str, Any]], ...] = (
    ("gaussian_noise", "noise", _gaussian_noise, (0.08, 0.12, 0.18, 0.26, 0.38), _MIXUP),
    ("shot_noise", "noise", _shot_noise, (60, 25, 12, 5, 3), _MIXUP),
    ("impulse_noise", "noise", _impulse_noise, (0.03, 0.06, 0.09, 0.17, 0.27), _MIXUP),
    (
        *("defocus_blur", "blur", _defocus_blur),
        ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
        _AUGMENT,
    ),
    (
        *("glass_blur", "blur", _glass_blur),
        ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
        _AUGMENT,
    ),
    (
        *("motion_blur", "blur", _motion_blur),
        ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
        _AUGMENT,
    ),
    (
        *("zoom_blur", "blur", _zoom_blur),
        ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
        _RESIZED_CROP,
    ),
    ("snow", "weather", _snow, _SNOW, _AUGMENT),
    (
        *("frost", "weather", _frost),
        ((1, 0.4), (0.8, 0.55), (0.7, 0.65), (0.6, 0.7), (0.5, 0.75)),
        _AUGMENT,
    ),
    ("fog", "weather", _fog, ((1.5, 2), (2, 2), (2.5, 1.8), (3, 1.7), (3.5, 1.6)), _AUGMENT),
    ("brightness", "weather", _brightness, (0.1, 0.2, 0.3, 0.4, 0.5), _AUGMENT),
    ("contrast", "digital", _contrast, (0.4, 0.3, 0.2, 0.1, 0.05), _AUGMENT),
    (
        *("elastic_transform", "digital", _elastic_transform),
        (0.01, 0.015, 0.02, 0.03, 0.04),
        _AUGMENT,
    ),
    ("pixelate", "digital", _pixelate, (0.6, 0.5, 0.4, 0.3, 0.25), _AUGMENT),
    ("jpeg_compression", "digital", _jpeg_compression, (25, 18, 15, 10, 7), _AUGMENT),
    ("translation", "camera", _translation, (0.03, 0.06, 0.1, 0.15, 0.2), _CROP),
    ("rotation", "camera", _rotation, (5, 10, 15, 22, 30), _AUGMENT),
    (
        *("gamma_white_balance", "camera", _camera),
        ((1.2, 0.05), (1.4, 0.1), (1.7, 0.15), (2.1, 0.2), (2.6, 0.3)),
        _AUGMENT,
    ),
)
_OF_BYTES = (_pixelate, _jpeg_compression)


def image_corruptions(column: Image) -> tuple[Corruption, ...]:
    """Return the corruptions of images, uint8 (H, W, C) in and out.

    Args:
        column: of the images; all have the same corruptions.

    >>> corruption = image_corruptions(Image())[0]
    >>> corruption.name, corruption(np.zeros((8, 8, 3), "uint8"), severity=5).shape
    ('gaussian_noise', (8, 8, 3))
    """
    return tuple(
        Corruption(
            name, group, function if function in _OF_BYTES else _of_pixels(function), levels, *knob
        )
        for name, group, function, levels, knob in _TABLE
    )
