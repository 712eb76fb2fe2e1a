"""The loss of a classifier: cross-entropy, focal or logit-adjusted, with weights of classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from keras import ops

from zoo.columns.weight import WEIGHT
from zoo.errors import ArgumentError, unknown_name
from zoo.tasks.weighted import weighted_mean

LOSSES = ("cross_entropy", "focal", "logit_adjusted")
GAMMA = 2.0  # 1708.02002 §4.1: "γ = 2 works best"
TAU = 1.0  # 2007.07314 §4.2: consistent for the balanced error
LEAST_SHARE = 1e-7  # of what is left of a probability of 1: the root of 0 has no gradient


@dataclass(frozen=True)
class ClassLoss:
    """A loss over logits of classes that are given as labels or, where examples were mixed, as shares.

    Attributes:
        name: one of `LOSSES`.
        gamma: of "focal" (1708.02002, eq. 4, for the softmax): a class with probability p counts
            (1 - p) ** gamma times.
        tau: of "logit_adjusted" (2007.07314, eq. 10): tau times the log of each class' share of train
            is added to its logit in training. The answers, without it, suit equally frequent classes.
        label_smoothing: [0, 1).
        weights: of each class, > 0; None weighs all alike.
        shares: of each class in train, with sum 1; needed by "logit_adjusted".
    """

    name: str = LOSSES[0]
    gamma: float = GAMMA
    tau: float = TAU
    label_smoothing: float = 0.0
    weights: tuple[float, ...] | None = None
    shares: tuple[float, ...] | None = None

    @classmethod
    def of(
        cls,
        name: str | None,
        *,
        focal_gamma: float | None,
        logit_tau: float | None,
        label_smoothing: float,
    ) -> Self:
        """Check what a recipe says; None takes the default.

        Raises:
            UnknownNameError: there is no such loss.
            ArgumentError: a value is out of range, or belongs to another loss.
        """
        name = LOSSES[0] if name is None else name
        if name not in LOSSES:
            raise unknown_name("loss", str(name), LOSSES, fix="set task.arguments.loss")
        given = {"focal_gamma": ("focal", focal_gamma), "logit_tau": ("logit_adjusted", logit_tau)}
        for argument, (owner, value) in given.items():
            if value is not None:
                _check(argument, value, owner=owner, name=name)
        return cls(
            name,
            gamma=GAMMA if focal_gamma is None else float(focal_gamma),
            tau=TAU if logit_tau is None else float(logit_tau),
            label_smoothing=label_smoothing,
        )

    def fitted(self, counts: Sequence[int], weights: Sequence[float] | None) -> Self:
        """Return the loss for a train split.

        Args:
            counts: examples of each class; a class without any counts as if it had one.
            weights: of each class, > 0; None weighs all alike.
        """
        held = np.maximum(np.asarray(counts, "float64"), 1)
        return replace(
            self,
            weights=None if weights is None else tuple(map(float, weights)),
            shares=tuple((held / held.sum()).tolist()),
        )

    def __call__(self, y: Mapping[str, Any], y_pred: Mapping[str, Any]) -> dict[str, Any]:
        """Return the mean over examples as "loss", and "accuracy".

        With weights of classes it is the mean weighted by those of the labels, as PyTorch's
        CrossEntropyLoss has it for labels; weights of examples multiply them. For mixed examples
        PyTorch divides by their number instead, so that a mixture of an example with itself would
        count differently; here it does not.

        Args:
            y: "label", (B,), or (B, K) where examples were mixed; "sample_weight", (B,), where examples
                have weights.
            y_pred: "logits", (B, K).
        """
        label, logits = y["label"], y_pred["logits"]
        num_classes = logits.shape[-1]
        soft = label if len(label.shape) == 2 else ops.one_hot(label, num_classes)
        soft = ops.cast(soft, logits.dtype)
        target = soft * (1 - self.label_smoothing) + self.label_smoothing / num_classes
        terms = target * self._log_probabilities(logits)  # (B, K)
        right = ops.equal(ops.argmax(soft, axis=-1), ops.argmax(logits, axis=-1))
        accuracy = ops.mean(ops.cast(right, "float32"))
        if self.weights is None:
            return {"loss": weighted_mean(-ops.sum(terms, axis=-1), y), "accuracy": accuracy}
        weights = ops.cast(np.asarray(self.weights), logits.dtype)
        if WEIGHT in y:
            weights = weights * ops.cast(y[WEIGHT], logits.dtype)[:, None]  # (B, K)
            total = ops.divide_no_nan(-ops.sum(terms * weights), ops.sum(soft * weights))
        else:
            total = -ops.sum(terms * weights) / ops.sum(soft * weights)
        return {"loss": total, "accuracy": accuracy}

    def _log_probabilities(self, logits: Any) -> Any:
        """Return log p of each class, adjusted or scaled as the loss has it."""
        if self.name == "logit_adjusted":
            if self.shares is None:
                raise ValueError("the logit-adjusted loss needs the class shares: call `fitted`")
            logits = logits + ops.cast(self.tau * np.log(self.shares), logits.dtype)
        log_p = ops.log_softmax(logits, axis=-1)
        if self.name != "focal":
            return log_p
        return ops.maximum(-ops.expm1(log_p), LEAST_SHARE) ** self.gamma * log_p


def _check(argument: str, value: Any, *, owner: str, name: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 100:
        raise ArgumentError(
            f"{argument}={value!r} is out of range.",
            expected="0 to 100",
            fix=f"set task.arguments.{argument} within that range",
        )
    if name != owner:
        raise ArgumentError(
            f"{argument}={value!r} belongs to the loss {owner}; the loss is {name}.",
            fix=f"set task.arguments.loss={owner}, or leave {argument} out",
        )
