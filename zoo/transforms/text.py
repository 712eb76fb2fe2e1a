"""Augmentation of padded token ids.

Axes: B texts, T tokens.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from zoo.regularization import Regularization
from zoo.tokenizers import PADDING_ID, UNKNOWN_ID
from zoo.transforms.image import Seed, fold_seed

Tensors = dict[str, tf.Tensor]
Augmentation = Callable[[Tensors, Tensors, Seed], tuple[Tensors, Tensors]]

WORD_DROPOUT = 0  # folded into the batch's seed, as in `zoo.transforms.mixing`; never renumber


def word_dropout(ids: tf.Tensor, seed: Seed, *, rate: float) -> tf.Tensor:
    """Turn each token into the unknown one with probability `rate`; padding stays (1511.01432).

    The model learns not to lean on single words, and what an unknown word is like.

    Args:
        ids: integers (B, T).
        seed: (2,).
        rate: [0, 1).

    Returns:
        ids, (B, T) of the same type.

    >>> word_dropout(tf.constant([[5, 6, 0]]), (0, 1), rate=0.0).numpy().tolist()
    [[5, 6, 0]]
    """
    ids = tf.convert_to_tensor(ids)
    draw = tf.random.stateless_uniform(tf.shape(ids), seed)
    unknown = tf.constant(UNKNOWN_ID, ids.dtype)
    return tf.where((draw < rate) & (ids != PADDING_ID), unknown, ids)


def text_augmentation(values: Regularization, *, assets: Any) -> Augmentation | None:
    """Return the function that augments batches as the knobs in `values` say.

    Args:
        values: knob `word_dropout_rate`; the others act elsewhere.
        assets: not needed; every modality's function takes it.

    Returns:
        None when the knob is off. Otherwise a function of (x, y, seed) that returns (x, y) with
        `x["ids"]`, (B, T), changed by `word_dropout`; `y` and all other entries pass through.

    >>> augment = text_augmentation(Regularization(word_dropout_rate=0.5), assets=None)
    >>> x, y = augment({"ids": tf.ones((2, 3), tf.int32)}, {"label": tf.constant([1, 0])}, (0, 7))
    >>> x["ids"].shape
    TensorShape([2, 3])
    """
    if not values.word_dropout_rate:
        return None

    @tf.autograph.experimental.do_not_convert
    def augment(x: Tensors, y: Tensors, seed: Seed) -> tuple[Tensors, Tensors]:
        stage_seed = fold_seed(seed, WORD_DROPOUT)
        return {**x, "ids": word_dropout(x["ids"], stage_seed, rate=values.word_dropout_rate)}, y

    return augment
