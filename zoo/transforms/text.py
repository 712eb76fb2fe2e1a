"""Augmentation of padded token ids.

Axes: B texts, T tokens.
"""

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from zoo.columns import Text
from zoo.regularization import Regularization
from zoo.tokenizers import PADDING_ID, UNKNOWN_ID
from zoo.transforms.image import Seed

WORD_DROPOUT = 0  # folded into the batch's seed, as in `zoo.transforms.batches`; never renumber


def word_dropout(
    ids: tf.Tensor,
    seed: Seed,
    *,
    rate: float,
    unknown_id: int = UNKNOWN_ID,
    kept_ids: tuple[int, ...] = (PADDING_ID,),
) -> tf.Tensor:
    """Turn each token into the unknown one with probability `rate`; padding stays (1511.01432).

    The model learns not to rely on single words, and to handle unknown words.

    Args:
        ids: integers (B, T).
        seed: (2,).
        rate: [0, 1).
        unknown_id: of the unknown token.
        kept_ids: of padding, and of marks that are not text.

    Returns:
        ids, (B, T) of the same type.

    >>> word_dropout(tf.constant([[5, 6, 0]]), (0, 1), rate=0.0).numpy().tolist()
    [[5, 6, 0]]
    """
    ids = tf.convert_to_tensor(ids)
    draw = tf.random.stateless_uniform(tf.shape(ids), seed)
    unknown = tf.constant(unknown_id, ids.dtype)
    is_text = tf.reduce_all(ids[..., None] != tf.constant(kept_ids, ids.dtype), axis=-1)
    return tf.where((draw < rate) & is_text, unknown, ids)


def text_changes(
    values: Regularization, column: Text
) -> dict[int, Callable[[tf.Tensor, Seed], tf.Tensor]]:
    """Return the changes of ids that are on by stage: `word_dropout`.

    Args:
        values: knob `word_dropout_rate`; the others act elsewhere.
        column: of the ids.

    >>> list(text_changes(Regularization(word_dropout_rate=0.5), Text()))
    [0]
    """
    rate = values.word_dropout_rate
    if not rate:
        return {}
    own = {}
    if column.tokenizer:
        own = {"unknown_id": column.loaded.unknown_id, "kept_ids": column.loaded.kept_ids}
    return {WORD_DROPOUT: partial(word_dropout, rate=rate, **own)}
