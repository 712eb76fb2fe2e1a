"""Mixing of images and labels within a batch.

Axes: B images, H rows, W columns, C channels, K classes.
"""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from zoo.errors import ArgumentError
from zoo.regularization import Regularization
from zoo.transforms.image import Seed, as_float, box_mask, split_seed

Mix = Callable[[tf.Tensor, tf.Tensor, Seed], tuple[tf.Tensor, tf.Tensor]]  # with labels


def mixup(
    images: tf.Tensor, labels: tf.Tensor, seed: Seed, *, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Blend each image and its label with another of the batch.

    The share that an image keeps is drawn for each image, Beta(alpha, alpha); partners are a random
    permutation. Source: mixup, 1710.09412.

    Args:
        images: (B, H, W, C), 0–255.
        labels: one-hot or soft, float, (B, K).
        seed: (2,).
        alpha: >= 0; 0 changes nothing.

    Returns:
        images, float32 (B, H, W, C), and labels, float32 (B, K), whose rows still sum to 1.

    Raises:
        ArgumentError: integer labels, or a negative alpha.
    """
    images, labels = as_float(images), _soft_labels(labels)
    if _is_off(alpha):
        return images, labels
    share_seed, partner_seed = split_seed(seed, 2)
    batch = tf.shape(images)[0]
    share = draw_beta(batch, share_seed, alpha=alpha)  # (B,)
    partners = _permutation(batch, partner_seed)
    kept = share[:, None, None, None]
    mixed = kept * images + (1 - kept) * tf.gather(images, partners)
    return tf.clip_by_value(mixed, 0, 255), _mix_labels(labels, partners, share)


def cutmix(
    images: tf.Tensor, labels: tf.Tensor, seed: Seed, *, alpha: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Paste a box of another image of the batch into each image; labels follow the area.

    The box has a share 1 - Beta(alpha, alpha) of the area, the image's shape and a centre anywhere;
    it is cut at the border, and labels are weighted with the pixels that were really pasted. All is
    drawn for each image. Source: CutMix, 1905.04899.

    Args, returns and errors: as for `mixup`.
    """
    images, labels = as_float(images), _soft_labels(labels)
    if _is_off(alpha):
        return images, labels
    height, width = images.shape[1:3]
    share_seed, place_seed, partner_seed = split_seed(seed, 3)
    batch = tf.shape(images)[0]
    side = tf.sqrt(1 - draw_beta(batch, share_seed, alpha=alpha))[:, None]  # (B, 1)
    size = tf.constant([height, width], tf.float32)
    center = tf.floor(tf.random.stateless_uniform((batch, 2), place_seed) * size)
    half = tf.floor(side * size) / 2
    start = tf.clip_by_value(tf.floor(center - half), 0, size)  # (B, 2)
    end = tf.clip_by_value(tf.floor(center + half), 0, size)
    pasted = box_mask(tf.concat([start, end - start], axis=1), height=height, width=width)
    share = 1 - tf.reduce_prod(end - start, axis=1) / (height * width)  # (B,)
    partners = _permutation(batch, partner_seed)
    mixed = tf.where(pasted, tf.gather(images, partners), images)
    return mixed, _mix_labels(labels, partners, share)


def draw_beta(count: tf.Tensor | int, seed: Seed, *, alpha: float) -> tf.Tensor:
    """Draw `count` numbers from Beta(alpha, alpha), float32 in [0, 1]."""
    # Float64: at small alpha most gamma draws lie below what float32 can hold.
    first, second = (
        tf.random.stateless_gamma((count,), each, tf.constant(alpha, tf.float64), dtype=tf.float64)
        for each in split_seed(seed, 2)
    )
    return tf.cast(first / (first + second), tf.float32)


def mixing_of(values: Regularization) -> Mix | None:
    """Return what mixes images and labels, or None where no knob of it is on.

    Where mixup and cutmix are both on, one of them is drawn for each batch with probability 1/2 (as in
    DeiT, 2012.12877).
    """
    mix_images = partial(mixup, alpha=values.mixup_alpha)
    cut_images = partial(cutmix, alpha=values.cutmix_alpha)
    if not values.mixup_alpha:
        return cut_images if values.cutmix_alpha else None
    if not values.cutmix_alpha:
        return mix_images

    def one_of_both(
        images: tf.Tensor, labels: tf.Tensor, seed: Seed
    ) -> tuple[tf.Tensor, tf.Tensor]:
        choice_seed, mix_seed = split_seed(seed, 2)
        return tf.cond(
            tf.random.stateless_uniform((), choice_seed) < 0.5,
            partial(mix_images, images, labels, mix_seed),
            partial(cut_images, images, labels, mix_seed),
        )

    return one_of_both


def _soft_labels(labels: tf.Tensor) -> tf.Tensor:
    labels = tf.convert_to_tensor(labels)
    if labels.shape.rank != 2 or not labels.dtype.is_floating:
        raise ArgumentError(
            f"Labels of shape {labels.shape} and type {labels.dtype.name} cannot be mixed.",
            expected="one-hot float labels (B, K)",
            fix="labels = tf.one_hot(labels, num_classes)",
        )
    return tf.cast(labels, tf.float32)


def _is_off(alpha: float) -> bool:
    if alpha < 0:
        raise ArgumentError(f"alpha={alpha} is out of range.", expected="a value >= 0")
    return alpha == 0


def _permutation(count: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return tf.argsort(tf.random.stateless_uniform((count,), seed), stable=True)


def _mix_labels(labels: tf.Tensor, partners: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return share[:, None] * labels + (1 - share[:, None]) * tf.gather(labels, partners)
