"""The likelihood of a text under a language model."""

import math

import keras
import numpy as np

ROWS = 256  # windows that the model is given at once
CODE_POINTS = 0x110000  # of Unicode


def token_nats(
    model: keras.Model,
    ids: np.ndarray,
    *,
    context_length: int,
    padding_id: int,
    unknown_id: int | None,
    known_characters: int,
) -> np.ndarray:
    """Return the negative log-likelihood of each token after the first, in nats.

    Texts longer than the context are cut into windows that overlap by one token, so that each token
    but the first is predicted once, from what precedes it in its window.

    An unknown character is any of those that the tokenizer does not know: the model says how likely
    that is, and each of them counts as equally likely. So no text costs less than its entropy.

    Args:
        model: from {"ids": (B, T)} to {"logits": (B, T, V)}.
        ids: (B, T), padded at the end.
        context_length: tokens that the model takes at once.
        padding_id: of padding.
        unknown_id: of all characters that the tokenizer does not know; None where it knows all.
        known_characters: how many it knows.

    Returns:
        float32 (B, T - 1), NaN where there is padding.
    """
    step, (batch, tokens) = context_length - 1, ids.shape
    count = max(1, math.ceil((tokens - 1) / step))
    padded = np.pad(ids, ((0, 0), (0, count * step + 1 - tokens)), constant_values=padding_id)
    rows = np.lib.stride_tricks.sliding_window_view(padded, step + 1, axis=1)[:, ::step]
    rows = rows.reshape(-1, step + 1)
    nats = [_nats(model, rows[i : i + ROWS]) for i in range(0, len(rows), ROWS)]
    nats = np.concatenate(nats).reshape(batch, -1)[:, : tokens - 1]
    if unknown_id is not None:
        which = np.float32(math.log(CODE_POINTS - known_characters))
        nats = np.where(ids[:, 1:] == unknown_id, nats + which, nats)
    return np.where(at_the_end(ids, padding_id)[:, 1:], np.float32("nan"), nats)


def at_the_end(ids: np.ndarray, padding_id: int) -> np.ndarray:
    """Return where there is padding, bool, as ids (…, T): a mark within a text may have the same id.

    >>> at_the_end(np.array([7, 0, 7, 0, 0]), 0).tolist()
    [False, False, False, True, True]
    """
    return np.logical_and.accumulate((ids == padding_id)[..., ::-1], axis=-1)[..., ::-1]


def _nats(model: keras.Model, ids: np.ndarray) -> np.ndarray:
    logits, targets = model.predict_on_batch({"ids": ids})["logits"][:, :-1], ids[:, 1:]
    logits = logits - logits.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
    return np.log(np.exp(logits).sum(axis=-1)) - picked
