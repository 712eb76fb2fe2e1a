"""Gradient ascent to an image that excites a unit; axes B, H (height), W (width), C (channels).

Pixels that are changed one by one end in noise that no eye can read. As in
distill.pub/2017/feature-visualization, what is changed are Fourier coefficients, each divided by its
frequency, so that coarse and fine shapes move at one rate; colours are mixed as they go together in
photographs; and at each step a slightly larger or smaller part of the image is shown, so that it excites
the unit wherever and at whatever size it is.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

SHIFT, SIZES = 1 / 16, (0.9, 1.05)  # of a part that is shown: as shares of a side
CONTRAST = 0.25  # of the pixels before the sigmoid
# The square root of the covariance of the colours of ImageNet's pixels, from the same source (its code,
# lucid/optvis/param/color.py).
MIXED = np.array([[0.26, 0.09, 0.02], [0.27, 0.0, -0.05], [0.27, -0.09, 0.03]], "float32")
GRAY = 127.5  # beyond the edges
SPREAD = 0.01  # deviation of the first coefficients


def ascend(
    score: Callable[[Any], Any],
    shape: tuple[int, int, int],
    *,
    steps: int,
    rate: float,
    tell: Callable[[str], None] = lambda words: None,
    seed: int = 1,
) -> tuple[np.ndarray, float]:
    """Return an image (H, W, C) of pixels 0–255 with a large score, and its score.

    Args:
        score: from images (1, H, W, C), float32 0–255, to scores (1,).
        shape: (H, W, C).
        steps: of Adam.
        rate: of Adam.
        tell: called with the progress.
        seed: of the first coefficients and of the jitter.
    """
    height, width, channels = shape
    scale = tf.constant(_scale(height, width), "complex64")  # (H, W // 2 + 1)
    colours = MIXED.T / np.linalg.norm(MIXED, axis=0).max() if channels == 3 else np.eye(1)
    colours = tf.constant(colours, "float32")
    generator = np.random.default_rng(seed)
    first = generator.normal(0, SPREAD, (2, channels, *scale.shape))
    coefficients = keras.Variable(first.astype("float32"))
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build([coefficients])

    def image() -> Any:
        waves = tf.complex(coefficients.value[0], coefficients.value[1]) * scale
        pixels = CONTRAST * tf.signal.irfft2d(waves, fft_length=[height, width])  # (C, H, W)
        return 255 * tf.sigmoid(tf.transpose(pixels, (1, 2, 0)) @ colours)[None]

    @tf.function
    def step(box: Any) -> None:
        with tf.GradientTape() as tape:
            part = tf.image.crop_and_resize(image(), box, [0], [height, width], "bilinear", GRAY)
            loss = -score(part)
        optimizer.apply([tape.gradient(loss, coefficients.value)], [coefficients])

    for number in range(steps):
        tell(f"step {number + 1} of {steps} of gradient ascent")
        step(tf.constant(_part(generator)))
    made = image()
    return made.numpy()[0], float(score(made)[0])


def _scale(height: int, width: int) -> np.ndarray:
    """Return what each coefficient is multiplied by, (H, W // 2 + 1): one over its frequency."""
    down, right = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.sqrt(down**2 + right**2)
    return np.sqrt(height * width) / np.maximum(frequency, 1 / max(height, width))


def _part(generator: np.random.Generator) -> np.ndarray:
    """Return the edges of a part that is shown, as shares of the sides: float32 (1, 4)."""
    size = generator.uniform(*SIZES)
    corner = (1 - size) / 2 + generator.uniform(-SHIFT, SHIFT, 2)
    return np.concatenate([corner, corner + size])[None].astype("float32")
