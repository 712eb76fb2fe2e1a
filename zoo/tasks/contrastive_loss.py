"""The loss of contrastive learning: which of a batch belong together? B examples, D numbers."""

import itertools
from collections.abc import Mapping
from typing import Any

from keras import ops

MASKED = -1e9  # of logits; its exponential is 0 in float32


def contrastive_loss(embeddings: Mapping[str, Any], scale: Any) -> dict[str, Any]:
    """Return the mean of `clip_loss` over pairs of inputs, and the share of right first choices.

    Pairs of inputs that fewer than two examples of the batch have do not count; where none counts,
    both are 0.

    Args:
        embeddings: of each input, (B, D), of length 1, or 0 where it is absent.
        scale: of the cosines; a scalar.
    """
    found = [clip_loss(a, b, scale) for a, b in itertools.combinations(embeddings.values(), 2)]
    losses, rights, counts = (ops.stack(parts) for parts in zip(*found, strict=True))
    several = ops.cast(counts > 1, losses.dtype)
    pairs = ops.maximum(ops.sum(several), 1)
    mean, right = (ops.sum(several * part) / pairs for part in (losses, rights))
    return {"loss": mean, "accuracy": right}


def clip_loss(one: Any, other: Any, scale: Any) -> tuple[Any, Any, Any]:
    """Return the symmetric cross-entropy of cosines (CLIP, 2103.00020, figure 3).

    Each vector of one input must find that of the same example among all of the other input in the
    batch. Examples that lack either input are neither asked for nor candidates.

    Args:
        one, other: (B, D), of length 1, or 0 where it is absent.
        scale: that the cosines are multiplied by, > 0; a scalar.

    Returns:
        Nats, the mean over both directions and the examples that have both inputs; the share of
        these whose own vector is nearer than all others, likewise; and their number. All are float32
        scalars.

    >>> loss, right, count = clip_loss(ops.eye(2), ops.eye(2), 1.0)
    >>> round(float(loss), 4), float(right), float(count)
    (0.3133, 1.0, 2.0)
    """
    one, other = (ops.cast(ops.convert_to_tensor(part), "float32") for part in (one, other))
    there = ops.logical_and(ops.any(one != 0, axis=-1), ops.any(other != 0, axis=-1))
    weights = ops.cast(there, "float32")  # (B,)
    count = ops.sum(weights)
    logits = ops.cast(scale, "float32") * ops.matmul(one, ops.transpose(other))
    logits = ops.where(ops.logical_and(there[:, None], there[None, :]), logits, MASKED)  # (B, B)
    losses, rights = [], []
    for rows in (logits, ops.transpose(logits)):
        losses.append(-ops.diagonal(ops.log_softmax(rows, axis=-1)))
        as_near = ops.cast(rows >= ops.diagonal(rows)[:, None], "int32")
        rights.append(ops.sum(as_near, axis=-1) == 1)
    loss, right = (
        ops.sum(weights * sum(ops.cast(part, "float32") for part in parts)) / 2
        for parts in (losses, rights)
    )
    some = ops.maximum(count, 1)
    return loss / some, right / some, count


def distance(embeddings: Mapping[str, Any], others: Mapping[str, Any]) -> Any:
    """Return the mean of 1 - cosine between the vectors of two passes, over those that are there.

    Args:
        embeddings: of each input, as of `contrastive_loss`.
        others: of the other pass.

    >>> float(distance({"a": ops.eye(2)}, {"a": -ops.eye(2)}))
    2.0
    """
    pairs = [(embeddings[name], others[name]) for name in embeddings]
    cosines = sum(ops.sum(one * other) for one, other in pairs)
    there = sum(ops.sum(one * one) for one, _ in pairs)  # 1 for each
    return 1 - cosines / ops.maximum(there, 1)
