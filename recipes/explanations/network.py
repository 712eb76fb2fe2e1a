"""What methods ask of a Keras model: the logit of one class, and its gradients."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from recipes.explanations.layers import (
    attention_layers,
    attention_recorded,
    guided,
    longest_run,
    pooling,
    recorded,
    replaced,
)
from zoo.errors import ArgumentError

LARGEST_BATCH = 256  # points that are scored
WITH_GRADIENTS = 32  # points
LARGEST_SIZE = 2_000_000  # numbers of all points of a batch
LOGITS, BACKBONE = "logits", "backbone"


class Compiled:
    """A model's logits and gradients as compiled functions, which all its examples share.

    Args:
        model: a `zoo.task_model.TaskModel` of one input, in float32.
        front: layer whose output is the point, in place of the input: what embeds tokens, or gives a
            sound's log-mel features. None takes the input.
        tell: called with how many points were run.
        link: "softmax" or "sigmoid" gives probabilities in place of logits; "" leaves them.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        front: keras.layers.Layer | None = None,
        tell: Callable[[int], None] = lambda points: None,
        link: str = "",
    ):
        self.model, self.front, self.tell = model, front, tell
        self.link = keras.activations.get(link or "linear")
        (self.name,) = (tensor.name for tensor in model.inputs)
        ((shape, dtype),) = ((tensor.shape, tensor.dtype) for tensor in model.inputs)
        point = shape if front is None else (None, None, _width(front))
        # One signature for all examples, so that a function is traced once, and only if it is asked.
        example, label = tf.TensorSpec(shape, dtype), tf.TensorSpec((), "int32")
        at_point = (tf.TensorSpec(point, "float32"), example, label)
        at_input = (tf.TensorSpec(shape, "float32"), example, label)
        self.dtype = dtype
        self.score = tf.function(self._score, input_signature=at_point)
        self.gradient = tf.function(self._gradient, input_signature=at_point)
        self.guided_gradient = tf.function(self._guided_gradient, input_signature=at_point)
        self.input_score = tf.function(self._input_score, input_signature=at_input)
        self.at_front = tf.function(self._at_front, input_signature=(example,))

    def logits(self, inputs: Any) -> Any:
        """Return the logits, or the probabilities, of encoded inputs, (N, K)."""
        return self.link(self.model({self.name: inputs}, training=False)[LOGITS])

    def _score(self, points: Any, example: Any, label: Any) -> Any:
        if self.front is None:
            return self._input_score(points, example, label)
        examples = tf.repeat(example, tf.shape(points)[0], axis=0)
        with replaced(self.front, lambda *given, **how: points):
            return tf.gather(self.logits(examples), label, axis=1)

    def _at_front(self, inputs: Any) -> Any:
        with recorded(self.front) as found:
            self.logits(inputs)
        return found[0]  # what follows the layer is pruned from the graph

    def _input_score(self, points: Any, example: Any, label: Any) -> Any:
        return tf.gather(self.logits(points), label, axis=1)

    def _gradient(self, points: Any, example: Any, label: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = self._score(points, example, label)
        return score, tape.gradient(score, points)

    def _guided_gradient(self, points: Any, example: Any, label: Any) -> Any:
        with guided(self.model):
            return self._gradient(points, example, label)


class Network:
    """The logit of one class as a function of a model's input, or of what its front layer gives.

    Args:
        compiled: the model.
        example: encoded, (1, …).
        label: position of the class.
    """

    def __init__(self, compiled: Compiled, example: np.ndarray, *, label: int):
        self.compiled, self.example = compiled, tf.cast(example, compiled.dtype)
        self.label = label

    def of(self, example: np.ndarray) -> "Network":
        """Return the same network with another example, (1, …)."""
        return Network(self.compiled, example, label=self.label)

    def scores(self, points: np.ndarray) -> np.ndarray:
        """Return the logit at points (N, …), float32 (N,)."""
        found = [self.compiled.score(*given).numpy() for given in self._batches(points)]
        return np.concatenate(found)

    def input_scores(self, inputs: np.ndarray) -> np.ndarray:
        """Return the logit of inputs (N, …) as the model takes them, float32 (N,)."""
        found = [self.compiled.input_score(*given).numpy() for given in self._batches(inputs)]
        return np.concatenate(found)

    def gradients(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the logit at points (N, …), float32 (N,), and its gradients, of the points' shape."""
        return self._gradients(self.compiled.gradient, points)

    def guided_gradients(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `gradients` that pass each ReLU only where they are above 0."""
        return self._gradients(self.compiled.guided_gradient, points)

    @property
    def has_front(self) -> bool:
        """Whether points are what a front layer gives, not inputs."""
        return self.compiled.front is not None

    def fronted(self, inputs: np.ndarray) -> np.ndarray:
        """Return what the front layer gives for one input (1, …), float32 (T, D)."""
        return self.compiled.at_front(tf.cast(inputs, self.compiled.dtype)).numpy()[0]

    @property
    def longest_run(self) -> int:
        """Words of the longest runs of words that the front layer gives vectors."""
        return longest_run(self.compiled.model)

    @property
    def pooling(self) -> str:
        """Which tokens of a transformer make its answer."""
        return pooling(self.compiled.model)

    def attentions(self) -> list[np.ndarray]:
        """Return the attention weights of each layer for the example, (H, T, T), the first one first."""
        with contextlib.ExitStack() as stack:
            layers = attention_layers(self.compiled.model)
            found = [stack.enter_context(attention_recorded(layer)) for layer in layers]
            self.compiled.logits(self.example)
        return [calls[0].numpy()[0] for calls in found]

    def feature(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a feature of the backbone for the example, and the logit's gradient there, (…, K).

        Raises:
            ArgumentError: the logit does not depend on the positions of that feature.
        """
        with tf.GradientTape() as tape:
            tape.watch(self.example)
            with recorded(self.compiled.model.get_layer(BACKBONE)) as found:
                score = tf.gather(self.compiled.logits(self.example), self.label, axis=1)
        feature = found[0][name]
        gradient = tape.gradient(score, feature)
        if gradient is None:
            raise ArgumentError(
                f"The head does not use the positions of the feature {name!r}.",
                expected="a model whose head takes the mean over positions",
                fix="choose integrated_gradients, which needs no positions",
            )
        return feature.numpy()[0], gradient.numpy()[0]

    def _gradients(self, compiled: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = [compiled(*given) for given in self._batches(points, most=WITH_GRADIENTS)]
        scores, gradients = zip(*found, strict=True)
        return np.concatenate(scores), np.concatenate(gradients)

    def _batches(
        self, points: np.ndarray, *, most: int = LARGEST_BATCH
    ) -> Iterator[tuple[Any, Any, Any]]:
        size = max(1, min(most, LARGEST_SIZE // max(1, points[0].size)))
        for start in range(0, len(points), size):
            part = tf.convert_to_tensor(points[start : start + size])
            yield part, self.example, tf.constant(self.label)
            self.compiled.tell(len(part))


def _width(front: keras.layers.Layer) -> int | None:
    """Return the length of a front layer's vectors."""
    if isinstance(front, keras.layers.Embedding):
        return front.output_dim
    return front.output.shape[-1]
