"""Attention bottlenecks (Nagrani et al. 2021, 2107.00135 §3.2): inputs exchange a few tokens only.

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "fused": (B, hidden_dim)}. In each block the
tokens of an input and the bottleneck tokens attend to one another; the bottleneck that goes on is
the mean of what the inputs made of it (eq. 8 and 9). A class token of each input gathers what is
known; their mean is "fused" (the paper averages their logits, which is the same for a linear head).
"""

from collections.abc import Mapping

import keras
from keras import ops

from zoo.errors import ArgumentError
from zoo.heads.towers import Encoder, towers
from zoo.layers.class_token import ClassToken
from zoo.layers.transformer_block import transformer_block


@keras.saving.register_keras_serializable(package="kerazoo")
class Bottleneck(keras.layers.Layer):
    """Learned tokens, the same for every example.

    Args:
        tokens: how many.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(self, tokens: int, **layer_arguments):
        super().__init__(**layer_arguments)
        self.tokens = tokens

    def build(self, x_shape):
        """Make the tokens (S, D)."""
        start = keras.initializers.RandomNormal(stddev=0.02)
        shape = (self.tokens, x_shape[-1])
        self.start = self.add_weight(shape=shape, initializer=start, name="tokens")

    def call(self, x):
        """Return the tokens (B, S, D) for as many examples as `x` (B, T, D) has."""
        return ops.repeat(ops.cast(self.start, x.dtype)[None], ops.shape(x)[0], axis=0)

    def compute_output_shape(self, x_shape):
        """Return (B, S, D) for (B, T, D)."""
        return x_shape[0], self.tokens, x_shape[-1]

    def get_config(self):
        """Return the constructor's arguments."""
        return super().get_config() | {"tokens": self.tokens}


@keras.saving.register_keras_serializable(package="kerazoo")
class Part(keras.layers.Layer):
    """The tokens from one place on, or the one at it.

    Args:
        start: of the first token.
        size: of how many; None takes all that follow.
        **layer_arguments: `name`, `dtype` and the like.
    """

    def __init__(self, start: int, size: int | None = None, **layer_arguments):
        super().__init__(**layer_arguments)
        self.start, self.size = start, size

    def call(self, x):
        """Return (B, size, D) for (B, T, D)."""
        return (
            x[:, self.start :] if self.size is None else x[:, self.start : self.start + self.size]
        )

    def compute_output_shape(self, x_shape):
        """Return (B, size, D) for (B, T, D)."""
        batch, tokens, width = x_shape
        rest = None if tokens is None else tokens - self.start
        return batch, rest if self.size is None else self.size, width

    def get_config(self):
        """Return the constructor's arguments."""
        return super().get_config() | {"start": self.start, "size": self.size}


def bottleneck(
    *,
    encoders: Mapping[str, Encoder],
    hidden_dim: int = 64,
    num_heads: int = 4,
    num_layers: int = 3,
    fusion_layer: int = 1,
    num_bottlenecks: int = 4,
) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.
        hidden_dim: width of the tokens.
        num_heads: divides hidden_dim.
        num_layers: transformer blocks of each input; the paper has 12.
        fusion_layer: blocks of each input alone, before the bottleneck; the paper has 8.
        num_bottlenecks: tokens that are exchanged; the paper has 4.

    Returns:
        Model from the inputs and their presences to the feature of each and "fused".

    Raises:
        ArgumentError: there are too few blocks for the inputs to meet.
    """
    if num_layers < fusion_layer + 2:
        raise ArgumentError(
            f"With num_layers={num_layers} and fusion_layer={fusion_layer} the inputs never meet.",
            expected="two blocks or more after fusion_layer: what one writes the next one reads",
            fix=f"set model.arguments.num_layers={fusion_layer + 2}",
        )
    both = towers(encoders)
    pooled = both.pooled()
    tokens = {
        name: ClassToken(name=f"{name}_class")(x) for name, x in both.tokens(hidden_dim).items()
    }
    how = {"num_heads": num_heads, "inner": 4 * hidden_dim}
    exchanged = Bottleneck(num_bottlenecks, name="bottleneck")(next(iter(tokens.values())))
    for i in range(1, num_layers + 1):
        if i <= fusion_layer:
            tokens = {
                n: transformer_block(x, **how, name=f"{n}_block_{i}") for n, x in tokens.items()
            }
            continue
        made = []
        for name, x in tokens.items():
            x = keras.layers.Concatenate(axis=1, name=f"{name}_join_{i}")([exchanged, x])
            x = transformer_block(x, **how, name=f"{name}_block_{i}")
            made.append(Part(0, num_bottlenecks, name=f"{name}_told_{i}")(x))
            tokens[name] = Part(num_bottlenecks, name=f"{name}_own_{i}")(x)
        exchanged = _mean(made, name=f"bottleneck_{i}")
    ends = []
    for name, x in tokens.items():
        x = Part(0, 1, name=f"{name}_first")(x)
        x = keras.layers.LayerNormalization(name=f"{name}_norm")(x)
        ends.append(keras.layers.Flatten(name=f"{name}_end")(x))
    return both.model({**pooled, "fused": _mean(ends, name="fusion_mean")})


def _mean(tensors: list[keras.KerasTensor], *, name: str) -> keras.KerasTensor:
    return keras.layers.Average(name=name)(tensors) if len(tensors) > 1 else tensors[0]
