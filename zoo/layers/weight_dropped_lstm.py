"""An LSTM that loses some of its recurrent weights in each step of training (1708.02182 §2).

Axes: B texts, T tokens, H width of the state.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
from keras import ops

from zoo.layers.attention import cache_in_use


@keras.saving.register_keras_serializable(package="kerazoo")
class WeightDroppedLSTM(keras.layers.Layer):
    """Read a text from left to right; drop the same recurrent weights at all of its tokens.

    It continues from a `KeyValueCache` in use, which then holds the states after each token in the
    place of keys and values.

    Args:
        hidden_dim: of the state.
        weight_dropout_rate: share of recurrent weights that are 0 in training, [0, 1).
        seed: of the draws; None draws one from `keras.utils.set_random_seed`.
        **layer_arguments: `name`, `dtype` and the like.

    >>> WeightDroppedLSTM(3)(ops.ones((2, 5, 4))).shape
    TensorShape([2, 5, 3])
    """

    def __init__(
        self,
        hidden_dim: int,
        weight_dropout_rate: float = 0.0,
        seed: int | None = None,
        **layer_arguments: Any,
    ):
        super().__init__(**layer_arguments)
        self.hidden_dim, self.weight_dropout_rate = hidden_dim, weight_dropout_rate
        self.seed, self.seed_generator = seed, keras.random.SeedGenerator(seed)
        self.steps = keras.layers.RNN(
            _Cell(hidden_dim, dtype=self.dtype_policy),
            return_sequences=True,
            dtype=self.dtype_policy,
        )

    def build(self, input_shape):
        """Make the weights; the gates are input, forget, candidate and output, as Keras has them."""
        limit = self.hidden_dim**-0.5  # as PyTorch begins
        shapes = {
            "kernel": (input_shape[-1], 4 * self.hidden_dim),
            "recurrent_kernel": (self.hidden_dim, 4 * self.hidden_dim),
            "bias": (4 * self.hidden_dim,),
        }
        for name, shape in shapes.items():
            start = keras.initializers.RandomUniform(-limit, limit)
            setattr(self, name, self.add_weight(shape=shape, initializer=start, name=name))
        self.steps.build((*input_shape[:-1], 4 * self.hidden_dim))

    def call(self, x, training: bool = False):
        """Return the states (B, T, H) after each token of `x` (B, T, D)."""
        gates = ops.matmul(x, self.kernel) + self.bias  # (B, T, 4 H), of all tokens at once
        recurrent, cache = ops.convert_to_tensor(self.recurrent_kernel), cache_in_use()
        if training and self.weight_dropout_rate:
            recurrent = keras.random.dropout(
                recurrent, self.weight_dropout_rate, seed=self.seed_generator
            )
        with self.steps.cell.using(ops.cast(recurrent, gates.dtype)):
            both = self.steps(gates, initial_state=self._before(gates, cache))  # (B, T, 2 H)
        states, cells = ops.split(both, 2, axis=-1)
        if cache is not None:
            cache.extend(self.name, states[:, None], cells[:, None])
        return states

    def _before(self, gates, cache):
        """Return both states (B, H) before the first of the tokens given now."""
        if cache is None or self.name not in cache.arrays:
            zeros = ops.zeros((ops.shape(gates)[0], self.hidden_dim), gates.dtype)
            return [zeros, zeros]
        last, begun = ops.maximum(cache.position - 1, 0), cache.position > 0
        arrays = (ops.take(array[:, 0], last, axis=1) for array in cache.arrays[self.name])
        return [array * ops.cast(begun, gates.dtype) for array in arrays]

    def compute_output_shape(self, input_shape):
        """Return (B, T, H)."""
        return (*input_shape[:-1], self.hidden_dim)

    def multiply_adds(self, input_shape: tuple[int, ...]) -> int:
        """Return those of one input (1, T, D): both kernels are used once for each token."""
        return input_shape[1] * (input_shape[2] + self.hidden_dim) * 4 * self.hidden_dim

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        own = {
            "hidden_dim": self.hidden_dim,
            "weight_dropout_rate": self.weight_dropout_rate,
            "seed": self.seed,
        }
        return super().get_config() | own


class _Cell(keras.layers.Layer):
    """One step of an LSTM from gates that hold the input's part; it has no weights of its own."""

    def __init__(self, hidden_dim: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.hidden_dim, self.state_size, self.output_size = (
            hidden_dim,
            [hidden_dim] * 2,
            2 * hidden_dim,
        )
        self._recurrent: Any = None

    @contextlib.contextmanager
    def using(self, recurrent: Any) -> Iterator[None]:
        """Take these recurrent weights (H, 4 H) at every step meanwhile."""
        self._recurrent = recurrent
        try:
            yield
        finally:
            self._recurrent = None  # of a graph that others must not reach into

    def call(self, gates, states):
        """Return state and cell side by side, (B, 2 H), and both alone."""
        state, cell = states
        parts = ops.split(gates + ops.matmul(state, self._recurrent), 4, axis=-1)
        enter, keep, leave = (ops.sigmoid(parts[place]) for place in (0, 1, 3))
        cell = keep * cell + enter * ops.tanh(parts[2])
        state = leave * ops.tanh(cell)
        return ops.concatenate([state, cell], axis=-1), [state, cell]
