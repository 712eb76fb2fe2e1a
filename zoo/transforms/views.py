"""Views of an image at test time: the crops and mirror images that training showed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.columns.assets import Assets
from zoo.errors import ArgumentError
from zoo.regularization import NONE, Regularization
from zoo.transforms.batches import batch_augmentation
from zoo.transforms.examples import KNOBS

MOST = 256  # views of one image
View = Callable[[dict[str, np.ndarray], int], dict[str, Any]]


def views_of(values: Regularization, *, assets: Assets, name: str) -> View:
    """Return the function that makes one view of a batch of images.

    Only the crops and flips of training are used (`crop_padding`, `crop_min_scale`, `flip`), at the
    model's size; colours, erasing and mixing are left out. View number `k` is the same crop and flip for
    every image, so that an answer does not depend on the images beside it.

    Args:
        values: what the model was trained with.
        assets: the fitted columns.
        name: of the model, for messages.

    Returns:
        A function of the encoded inputs (B, …) by name and the number of the view, which returns them
        changed.

    Raises:
        ArgumentError: no input is an image, or training used no crops and no flips.
    """
    if not any(column.has_pixels for column in assets.x.values()):
        words = ", ".join(column.word for column in assets.x.values())
        raise ArgumentError(
            f"{name} takes {words}; views at test time are for models of images.",
            fix="leave --tta (tta=) out",
        )
    pixels = Assets(x={n: c for n, c in assets.x.items() if c.has_pixels}, y={})
    kept = {knob: getattr(values, knob) for knob in KNOBS}
    augment = batch_augmentation(replace(NONE, **kept), assets=pixels)
    if augment is None:
        raise ArgumentError(
            f"{name} was trained without crops and flips, so all views would be the same.",
            expected="a recipe with regularization.flip, crop_padding or crop_min_scale",
            fix="leave --tta (tta=) out",
        )

    @tf.function(reduce_retracing=True)
    def changed(images: dict[str, tf.Tensor], seed: tf.Tensor) -> dict[str, tf.Tensor]:
        def one(image: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            alone = {key: value[None] for key, value in image.items()}
            return {key: value[0] for key, value in augment(alone, {}, seed)[0].items()}

        signature = {
            key: tf.TensorSpec(value.shape[1:], "float32") for key, value in images.items()
        }
        return tf.map_fn(one, images, fn_output_signature=signature)

    def view(x: dict[str, np.ndarray], number: int) -> dict[str, Any]:
        images = {key: tf.cast(x[key], "float32") for key in pixels.x}
        return {**x, **changed(images, tf.constant([0, number], "int64"))}

    return view
