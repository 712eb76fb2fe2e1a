"""Losses that make vectors of one person point the same way: AAM-softmax and GE2E."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from keras import ops

from zoo.errors import ArgumentError, unknown_name
from zoo.tasks.ranges import checked

AAM, GE2E = LOSSES = ("aam_softmax", "ge2e")
MARGIN = 0.2  # of ECAPA-TDNN (2005.07143 §4.1)
SCALES = {AAM: 30.0, GE2E: 10.0}  # ECAPA-TDNN's; that which GE2E's learned one begins with
CLIPS = 10  # of a speaker in a batch of GE2E (1710.10467 §3.1)
LARGEST_COSINE = 1 - 1e-6  # beyond it the sine has no gradient in float32


@dataclass(frozen=True)
class SpeakerLoss:
    """One of the two losses, with its values.

    Attributes:
        name: one of `LOSSES`.
        margin, label_smoothing: of `aam_softmax`.
        scale: of either.
        clips_per_speaker: of "ge2e", that follow one another in training.
    """

    name: str
    margin: float
    scale: float
    clips_per_speaker: int
    label_smoothing: float = 0.0

    @classmethod
    def of(
        cls,
        name: str | None,
        *,
        margin: float | None,
        scale: float | None,
        clips_per_speaker: int | None,
        label_smoothing: float,
    ) -> Self:
        """Check what a recipe says; None takes the default.

        Raises:
            UnknownNameError: there is no such loss.
            ArgumentError: a value is out of range, or belongs to the other loss.
        """
        name = AAM if name is None else name
        if name not in LOSSES:
            raise unknown_name("loss", str(name), LOSSES, fix="set task.arguments.loss")
        for argument, value, owner in (
            ("margin", margin, AAM),
            ("clips_per_speaker", clips_per_speaker, GE2E),
        ):
            if value is not None and name != owner:
                raise ArgumentError(
                    f"{argument}={value!r} belongs to the loss {owner}; the loss is {name}.",
                    fix=f"set task.arguments.loss={owner}, or leave {argument} out",
                )
        clips = CLIPS if clips_per_speaker is None else clips_per_speaker
        return cls(
            name,
            margin=checked("margin", MARGIN if margin is None else margin, 0, 1),
            scale=checked("scale", SCALES[name] if scale is None else scale, 0.001, 1_000),
            clips_per_speaker=int(checked("clips_per_speaker", clips, 2, 1_000)),
            label_smoothing=label_smoothing,
        )

    @property
    def learns_directions(self) -> bool:
        """Whether the head has a direction for each speaker of train."""
        return self.name == AAM

    def __call__(self, labels: Any, y_pred: Mapping[str, Any]) -> dict[str, Any]:
        """Return the mean over examples as "loss", and the share of speakers found as "accuracy".

        Args:
            labels: speaker of each example, (B,).
            y_pred: "vector" (B, D) of length 1, and "logits" (B, K), cosines, where directions are
                learned.
        """
        if self.learns_directions:
            how = {"margin": self.margin, "label_smoothing": self.label_smoothing}
            losses = aam_softmax(y_pred["logits"], labels, scale=self.scale, **how)
            right = ops.equal(ops.cast(labels, "int32"), ops.argmax(y_pred["logits"], axis=-1))
            return {"loss": ops.mean(losses), "accuracy": ops.mean(ops.cast(right, "float32"))}
        losses, counts = ge2e_softmax(y_pred["vector"], labels, scale=self.scale)
        total = ops.maximum(ops.sum(counts), 1)
        likely = ops.cast(losses < math.log(2), counts.dtype) * counts  # a probability above 1/2
        return {"loss": ops.sum(losses) / total, "accuracy": ops.sum(likely) / total}


def aam_softmax(
    cosines: Any, labels: Any, *, margin: float, scale: float, label_smoothing: float = 0.0
) -> Any:
    """Return the additive angular margin loss of each example (ArcFace, 1801.07698 eq. 3).

    The angle to the own class counts `margin` more than it is, so that vectors of a class must lie
    nearer to its direction than plain softmax asks. Where the sum would pass π, the cosine falls
    linearly, as in the authors' code.

    Args:
        cosines: with each class, (B, K).
        labels: class of each example, (B,).
        margin: radians, [0, π/2).
        scale: that cosines are multiplied by, > 0.
        label_smoothing: [0, 1).

    Returns:
        Nats, (B,).

    >>> round(float(aam_softmax([[1.0, 0.0]], [0], margin=0.0, scale=1.0)[0]), 4)
    0.3133
    """
    cosines = ops.clip(ops.convert_to_tensor(cosines), -LARGEST_COSINE, LARGEST_COSINE)
    classes = cosines.shape[-1]
    own = ops.one_hot(labels, classes, dtype=cosines.dtype)
    wider = cosines * math.cos(margin) - ops.sqrt(1 - cosines**2) * math.sin(margin)
    beyond = cosines - math.sin(math.pi - margin) * margin
    wider = ops.where(cosines > math.cos(math.pi - margin), wider, beyond)
    log_p = ops.log_softmax(scale * ops.where(own > 0, wider, cosines), axis=-1)
    target = own * (1 - label_smoothing) + label_smoothing / classes
    return -ops.sum(target * log_p, axis=-1)


def ge2e_softmax(vectors: Any, labels: Any, *, scale: float) -> tuple[Any, Any]:
    """Return the generalized end-to-end loss of each example (1710.10467 eq. 6), and which count.

    Each vector is compared with the mean of each person's vectors in the batch, its own person's mean
    being taken without it (eq. 8). Departures from the paper: persons may have different numbers of
    examples; one who has a single one gives a mean, but no loss; and the scale w is not learned. The
    offset b is the same for all means, and the softmax cancels it.

    Args:
        vectors: of length 1, (B, D).
        labels: person of each, (B,).
        scale: w, that cosines are multiplied by, > 0.

    Returns:
        Nats (B,), and float (B,): 1 for persons with two examples or more, otherwise 0.

    >>> loss, counts = ge2e_softmax([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1], scale=1.0)
    >>> [round(float(value), 4) for value in loss[:2]], [float(value) for value in counts]
    ([0.3133, 0.3133], [1.0, 1.0, 0.0])
    """
    vectors, labels = ops.convert_to_tensor(vectors), ops.convert_to_tensor(labels)
    same = ops.cast(labels[:, None] == labels[None, :], vectors.dtype)  # (B, B)
    count = ops.sum(same, axis=1, keepdims=True)  # (B, 1), of the person
    total = ops.matmul(same, vectors)  # (B, D), of the person
    several = count > 1
    # The own mean without the example; of a single one itself, as nothing has no direction.
    others = ops.normalize(ops.where(several, total - vectors, vectors), axis=-1)
    own = scale * ops.sum(vectors * others, axis=-1, keepdims=True)  # (B, 1)
    means = ops.normalize(total, axis=-1)
    # The mean of a person occurs once for each of the person's examples; the logarithm undoes it.
    cosines = scale * ops.matmul(vectors, ops.transpose(means)) - ops.log(ops.transpose(count))
    strangers = ops.where(same > 0, -1e9, cosines)
    everyone = ops.concatenate([own, strangers], axis=1)  # (B, 1 + B)
    counts = ops.cast(several[:, 0], vectors.dtype)
    return (ops.logsumexp(everyone, axis=1) - own[:, 0]) * counts, counts
