"""The heads of single inputs during training: measured on validation, and what each loss counts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import keras
import numpy as np

from recipes.runs.evaluate import BATCH_SIZE
from recipes.training.callbacks import averaged_weights
from zoo.data.pipeline import Encoded
from zoo.heads.several import set_loss_weights
from zoo.regularization import Regularization

if TYPE_CHECKING:
    from recipes.training.callbacks import Recorder

FUSED = ""  # the loss of the fused answer, beside those by name of an input
_LEAST = 0.01  # nats: a smaller change of overfitting counts as that


class OwnHeads(keras.callbacks.Callback):
    """Put accuracy and loss of each input's own head on validation into the logs.

    They are val_NAME_accuracy and val_NAME_loss. Before each epoch the callback sets what the losses
    count, where regularization changes that. The weights follow from the history alone, so that a
    resumed run has the same.

    Args:
        encoded: the validation split.
        names: of the inputs.
        regularization: `unimodal_warmup_epochs` and `gradient_blending_epochs` act here.
        recorder: holds the history.
    """

    def __init__(
        self,
        encoded: Encoded,
        names: tuple[str, ...],
        regularization: Regularization,
        recorder: "Recorder",
    ):
        super().__init__()
        self.encoded, self.names, self.recorder = encoded, names, recorder
        self.regularization = regularization

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        if self.regularization.blends_losses:
            history = self.recorder.history[:epoch]
            weights = weights_of_losses(history, self.names, self.regularization)
            set_loss_weights(self.model, weights.pop(FUSED), weights)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        sums = dict.fromkeys(self._shown(), 0.0)
        with averaged_weights(self.model):
            for x, y in self.encoded.batches(BATCH_SIZE):
                found = self.model.task.loss(y, self.model.predict_on_batch(x))
                count = len(next(iter(y.values())))
                for name in sums:
                    sums[name] += count * float(found[name])
        logs |= {f"val_{name}": value / len(self.encoded) for name, value in sums.items()}

    def _shown(self) -> list[str]:
        return [f"{name}_{what}" for what in ("accuracy", "loss") for name in self.names]


def weights_of_losses(
    history: Sequence[Mapping[str, float]], names: Sequence[str], regularization: Regularization
) -> dict[str, float]:
    """Return what each loss counts in the epoch after these, by name of the input or `FUSED`.

    Args:
        history: of the epochs so far: loss and NAME_loss, each also with val_ before it.
        names: of the inputs.
        regularization: says how long the warm-up lasts and how often weights are estimated.

    Returns:
        Weights >= 0, whose mean is 1 with gradient blending.

    >>> from zoo.regularization import NONE
    >>> from dataclasses import replace
    >>> weights_of_losses([], ["image"], replace(NONE, unimodal_warmup_epochs=1))
    {'': 0.0, 'image': 1.0}
    """
    done = len(history)
    if done < regularization.unimodal_warmup_epochs:
        return {FUSED: 0.0, **dict.fromkeys(names, 1.0)}
    every = regularization.gradient_blending_epochs
    if not every:
        return {FUSED: 1.0, **dict.fromkeys(names, regularization.auxiliary_loss_weight)}
    last = done - done % every  # epochs before the newest estimate
    if last < max(every, 2):
        return dict.fromkeys((FUSED, *names), 1.0)
    return blended(history[max(last - every - 1, 0)], history[last - 1], names)


def blended(
    before: Mapping[str, float], after: Mapping[str, float], names: Sequence[str]
) -> dict[str, float]:
    """Return the weights of gradient blending between two epochs (1905.12681 eq. 4).

    A loss counts in proportion to G / O²: G is by how much its value on validation fell, O by how much
    the gap between validation and train grew, at least 0.01 nats. A loss that did not fall counts
    nothing; if none did, all count the same.

    Args:
        before, after: entries of the history.
        names: of the inputs.

    Returns:
        Weights by name and of `FUSED`, whose mean is 1.
    """
    keys = {FUSED: "loss", **{name: f"{name}_loss" for name in names}}
    raw = {}
    for name, key in keys.items():
        gain = before[f"val_{key}"] - after[f"val_{key}"]
        gaps = [one[f"val_{key}"] - one[key] for one in (before, after)]
        raw[name] = max(gain, 0.0) / max(abs(gaps[1] - gaps[0]), _LEAST) ** 2
    total = sum(raw.values())
    if not np.isfinite(total) or total <= 0:
        return dict.fromkeys(keys, 1.0)
    return {name: len(raw) * value / total for name, value in raw.items()}
