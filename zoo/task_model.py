"""The only Keras subclass: a functional model whose loss is the task's."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import keras
from keras import ops


class Scores(Protocol):
    """What a task must offer to be trained; `zoo.tasks.base.Task` does."""

    shown: tuple[str, ...]

    def loss(self, y: Mapping[str, Any], y_pred: Mapping[str, Any]) -> dict[str, Any]:
        """Return scalars by name, "loss" among them."""

    def divergence(self, y_pred: Mapping[str, Any], others: Mapping[str, Any]) -> Any:
        """Return how far two passes over a batch lie apart, a scalar."""


class TaskModel(keras.Model):
    """Wrap a functional model so that Keras' own `fit` minimises `task.loss`.

    Inputs and outputs become dictionaries: inputs by name, a single output as "logits". The graph
    and its layers are those of `model`, so weights are shared with it.

    Args:
        model: functional, one or several inputs and outputs.
        task: its `loss` gives the total under "loss" and what to show beside it under the names of
            `task.shown`.
        r_drop_alpha: weight of the divergence between two passes in training that differ in their
            dropout (2106.14448, eq. 4), as the task measures it; 0 makes one pass.

    Attributes:
        teach: makes the loss of training from the task's, given inputs and outputs; None leaves it.
        modulate: is called with targets and outputs of each step of training; None for nothing.
    """

    def __init__(self, model: keras.Model, *, task: Scores, r_drop_alpha: float = 0.0):
        outputs = model.output if isinstance(model.output, dict) else {"logits": model.output}
        super().__init__(
            inputs={tensor.name: tensor for tensor in model.inputs},
            outputs=dict(outputs),
            name=model.name,
        )
        self.task, self.r_drop_alpha = task, r_drop_alpha
        self.teach: Callable[[Any, Any, Any], Any] | None = None
        self.modulate: Callable[[Any, Any], None] | None = None
        self.shown = [keras.metrics.Mean(name=name) for name in task.shown]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the task's loss plus the penalties of the layers.

        On several replicas it is divided by their number, as Keras does with the losses of `compile`:
        Keras sums the gradients of the replicas, and this makes the sum their mean.
        """
        total = self.task.loss(y, y_pred)["loss"]
        if training and self.r_drop_alpha:
            again = self(x, training=True)
            total = (total + self.task.loss(y, again)["loss"]) / 2
            total += self.r_drop_alpha * self.task.divergence(y_pred, again)
        if training and self.teach is not None:
            total = self.teach(total, x, y_pred)
        if training and self.modulate is not None:
            self.modulate(y, y_pred)
        for penalty in self.losses:
            total = total + keras.ops.cast(penalty, total.dtype)
        replicas = _replicas()
        return total / replicas if replicas > 1 else total

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Update the running means of the values that the task shows."""
        values = self.task.loss(y, y_pred)
        for mean in self.shown:
            mean.update_state(values[mean.name])
        return self.get_metrics_result()


def _replicas() -> int:
    """Return how many copies of a model the `tf.distribute` strategy in force trains."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def divergence(logits: Any, others: Any) -> Any:
    """Return the mean of both Kullback-Leibler divergences between two sets of predictions.

    Args:
        logits: (…, K).
        others: of the same shape.

    Returns:
        Scalar float32 >= 0, in nats: the mean over all but the last axis.

    >>> float(divergence([[0.0, 1.0]], [[0.0, 1.0]]))
    0.0
    """
    one, other = (ops.log_softmax(ops.cast(part, "float32")) for part in (logits, others))
    # KL(p, q) + KL(q, p) = Σ (p - q) (log p - log q)
    both = ops.sum((ops.exp(one) - ops.exp(other)) * (one - other), axis=-1)
    return ops.mean(both) / 2
