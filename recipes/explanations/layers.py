"""What a Keras model is made of, as methods of explanation ask: layers to replace and to listen to."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from zoo.layers.class_token import ClassToken
from zoo.layers.hashed_ngrams import HashedNgrams
from zoo.layers.log_mel import LogMel
from zoo.layers.masked_mean import MaskedMean

RELUS = ("relu", "relu6", "leaky_relu")
NO_RELUS = ("elu", "gelu", "gelu_tanh", "hard_silu", "mish", "selu", "silu", "softplus")
FIRST, MEAN = "first", "mean"  # which tokens of a transformer make its answer
FIRST_TOKEN = "FirstToken"  # of BERT; families of models are reached by name alone


def every_layer(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a model in their order, those of models inside it in place of these."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from every_layer(layer)
        else:
            yield layer


def first_embedding(model: keras.Model) -> keras.layers.Embedding | None:
    """Return the layer that turns ids into vectors; None where there is none.

    Subclasses of Keras' Embedding count. Positions and segments are embedded after the tokens.
    """
    return _first(model, keras.layers.Embedding)


def first_log_mel(model: keras.Model) -> LogMel | None:
    """Return the layer that turns a waveform into log-mel features; None where there is none."""
    return _first(model, LogMel)


def longest_run(model: keras.Model) -> int:
    """Return how many words the longest runs have that have vectors of their own; 1 for words."""
    found = _first(model, HashedNgrams)
    return 1 if found is None else found.longest


def attention_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers in which each token looks at all tokens."""
    known = (layer for layer in every_layer(model) if _tells_attention(layer))
    return [layer for layer in known if len(layer.output.shape) == 3]


def pooling(model: keras.Model) -> str | None:
    """Return which tokens of a transformer make its answer, FIRST or MEAN; None for another way."""
    layers = list(every_layer(model))
    names = {type(layer).__name__ for layer in layers}
    if FIRST_TOKEN in names or any(isinstance(layer, ClassToken) for layer in layers):
        return FIRST
    means = (MaskedMean, keras.layers.GlobalAveragePooling1D)
    return MEAN if any(isinstance(layer, means) for layer in layers) else None


def other_activations(model: keras.Model) -> list[str]:
    """Return the names of activations that are smooth where a ReLU bends."""
    return [name for name in NO_RELUS if name in set(map(activation_of, every_layer(model)))]


def relu_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the layers that end in an activation of the family of ReLU."""
    return [layer for layer in every_layer(model) if activation_of(layer) in RELUS]


def activation_of(layer: keras.layers.Layer) -> str:
    """Return the name of a layer's activation; "" where it has none."""
    if isinstance(layer, keras.layers.ReLU | keras.layers.LeakyReLU):
        return RELUS[0]
    return getattr(getattr(layer, "activation", None), "__name__", "")


@contextlib.contextmanager
def replaced(layer: keras.layers.Layer, call: Callable[..., Any]) -> Iterator[None]:
    """Let a layer compute another function for a while.

    Keras has no hooks as PyTorch has; an attribute of the object hides the method of its class.
    """
    vars(layer)["call"] = call
    try:
        yield
    finally:
        del vars(layer)["call"]


@contextlib.contextmanager
def recorded(layer: keras.layers.Layer) -> Iterator[list[Any]]:
    """Give the outputs of a layer, call by call."""
    found, own = [], layer.call

    def call(*given: Any, **how: Any) -> Any:
        found.append(own(*given, **how))
        return found[-1]

    with replaced(layer, call):
        yield found


@contextlib.contextmanager
def attention_recorded(layer: keras.layers.Layer) -> Iterator[list[Any]]:
    """Give the attention weights (B, H, T, T) of a layer, call by call."""
    found, own = [], layer.call

    def call(*given: Any, **how: Any) -> Any:
        if isinstance(layer, keras.layers.MultiHeadAttention):
            mixed, weights = own(*given, **how | {"return_attention_scores": True})
        else:
            mixed, weights = own(*given, **how), layer.attention_weights(*given)
        found.append(weights)
        return mixed

    with replaced(layer, call):
        yield found


@contextlib.contextmanager
def guided(model: keras.Model) -> Iterator[None]:
    """Let gradients pass the ReLUs of a model only where they are above 0."""
    with contextlib.ExitStack() as stack:
        for layer in relu_layers(model):
            stack.enter_context(replaced(layer, _guided_call(layer)))
        yield


def _guided_call(layer: keras.layers.Layer) -> Callable[..., Any]:
    own = layer.call  # a ReLU's own gradient follows, which is 0 where its input is below 0
    return lambda *given, **how: _upward(own(*given, **how))


@tf.custom_gradient
def _upward(outputs: Any) -> Any:
    return tf.identity(outputs), tf.nn.relu


def _first(model: keras.Model, kind: type) -> Any:
    return next((layer for layer in every_layer(model) if isinstance(layer, kind)), None)


def _tells_attention(layer: keras.layers.Layer) -> bool:
    is_keras = isinstance(layer, keras.layers.MultiHeadAttention)
    return is_keras or hasattr(layer, "attention_weights")
