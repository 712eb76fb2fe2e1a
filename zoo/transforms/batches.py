"""All random changes of whole batches: of each input by its type, one after another."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import tensorflow as tf

from zoo.columns import Audio, Column, Image, Text
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError
from zoo.regularization import NONE, Regularization
from zoo.transforms.audio import audio_changes
from zoo.transforms.auto_augment import rand_augment, trivial_augment
from zoo.transforms.image import (
    Seed,
    fold_seed,
    random_crop,
    random_erasing,
    random_flip,
    random_resized_crop,
)
from zoo.transforms.mixing import mixing_of
from zoo.transforms.text import text_changes

Tensors = dict[str, tf.Tensor]
Augmentation = Callable[[Tensors, Tensors, Seed], tuple[Tensors, Tensors]]
Change = Callable[[tf.Tensor, Seed], tf.Tensor]

# What is folded into the batch's seed for each stage: a stage that is switched on or off leaves the
# draws of all others as they were. Never renumber: recorded runs would no longer come true.
CROP, RESIZED_CROP, FLIP, AUTO_AUGMENT, ERASING, MIXING = range(6)
_OTHER_INPUTS = 1000  # folded in for inputs beyond the first, so that their draws differ


def image_changes(values: Regularization, column: Image) -> Mapping[int, Change]:
    """Return the changes of images that are on by stage, in their order; images become float32 0–255."""
    changes: dict[int, Change] = {}
    if values.crop_padding:
        changes[CROP] = partial(random_crop, padding=values.crop_padding)
    if values.crop_min_scale:
        changes[RESIZED_CROP] = partial(_resized_crop_of_same_size, min_scale=values.crop_min_scale)
    if values.flip:
        changes[FLIP] = random_flip
    if values.auto_augment == "trivial":
        changes[AUTO_AUGMENT] = trivial_augment
    elif values.auto_augment == "rand":
        changes[AUTO_AUGMENT] = partial(
            rand_augment,
            num_layers=values.rand_augment_layers,
            magnitude=values.rand_augment_magnitude,
            magnitude_std=values.rand_augment_std,
        )
    if values.erasing_probability:
        changes[ERASING] = partial(random_erasing, probability=values.erasing_probability)
    return changes


def _resized_crop_of_same_size(images: tf.Tensor, seed: Seed, *, min_scale: float) -> tf.Tensor:
    height, width = images.shape[1:3]
    return random_resized_crop(images, seed, min_scale=min_scale, size=(height, width))


CHANGES: Mapping[type[Column], Callable[[Regularization, Any], Mapping[int, Change]]] = {
    Image: image_changes,
    Audio: audio_changes,
    Text: text_changes,
}


def batch_augmentation(
    values: Regularization, *, assets: Assets, done: Mapping[str, frozenset[str]] | None = None
) -> Augmentation | None:
    """Return the function that changes batches of training examples as the knobs in `values` say.

    Each input is changed as its type is: images are cropped, mirrored and so on, clips shifted and
    overlaid with noise, words dropped. Images are mixed with others of their batch at the end, and
    labels with them.

    Args:
        values: knobs of every type; those of a type that no input has do nothing.
        assets: the columns of inputs and targets.
        done: by input the knobs that act on examples one by one (`zoo.transforms.examples`).

    Returns:
        None when all knobs are off. Otherwise a function of (x, y, seed) that returns (x, y);
        `seed` is an integer tensor (2,), another one for each step.

    Raises:
        ArgumentError: mixing is on, and there is more to an example than one image and its label.

    >>> from zoo.columns import Image, Label
    >>> assets = Assets(x={"image": Image((8, 8, 3))}, y={"label": Label(("cat", "dog"))})
    >>> augment = batch_augmentation(Regularization(flip=True), assets=assets)
    >>> x, y = augment({"image": tf.ones((2, 8, 8, 3))}, {"label": tf.constant([1, 0])}, (0, 7))
    >>> x["image"].shape
    TensorShape([2, 8, 8, 3])
    """
    changes = {}
    for place, (name, column) in enumerate(assets.x.items()):
        off = {knob: getattr(NONE, knob) for knob in (done or {}).get(name, ())}
        make = CHANGES.get(type(column))
        found = make(replace(values, **off), column) if make else {}
        if found:
            changes[name] = (_OTHER_INPUTS + place if place else 0, found)
    mix = mixing_of(values) if any(column.has_pixels for column in assets.x.values()) else None
    image, label = _mixed_names(assets) if mix is not None else ("", "")
    if not changes and mix is None:
        return None
    num_classes = len(assets.classes)

    @tf.autograph.experimental.do_not_convert
    def augment(x: Tensors, y: Tensors, seed: Seed) -> tuple[Tensors, Tensors]:
        for name, (place, stages) in changes.items():
            own = fold_seed(seed, place) if place else seed
            for stage, change in stages.items():
                x = {**x, name: change(x[name], fold_seed(own, stage))}
        if mix is not None:
            several = bool(assets.label_sets)
            soft = y[label] if several else tf.one_hot(y[label], num_classes)  # (B, K)
            pixels, soft = mix(x[image], soft, fold_seed(seed, MIXING))
            x, y = {**x, image: pixels}, {**y, label: soft}
        return x, y

    return augment


def _mixed_names(assets: Assets) -> tuple[str, str]:
    """Return the names of the image and the label that are mixed."""
    label = assets.label or assets.label_sets
    if len(assets.x) == 1 and label and len(assets.y) == 1:
        return next(iter(assets.x)), label
    raise ArgumentError(
        f"Examples of {', '.join(assets.x)} with {', '.join(assets.y)} cannot be mixed.",
        expected="one image and one label in each example",
        fix="set regularization.mixup_alpha=0 and regularization.cutmix_alpha=0",
    )
