"""Gradient noise scale: how large a batch may be before its gradient hardly gets better (1812.06162)."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from zoo.errors import RecipeError

if TYPE_CHECKING:
    from zoo.data.pipeline import Encoded

MICRO_BATCHES = 8  # of one measurement
COST = 0.05  # of the steps of training; a gradient without an update costs no more than a step
NOISE_SEED = 181206162  # of the examples, beside the recipe's own seed and the epoch
NEAR = 2.0  # a batch within this factor of the noise scale is near it


class NoiseScale(keras.callbacks.Callback):
    """Measure the size and the noise of the gradient at the end of every n-th epoch.

    K micro-batches of B examples are drawn with replacement from the training set, and the gradient of
    the task's loss is taken for each, without augmentation and in inference mode. So nothing changes:
    no dropout mask is drawn, no moving statistic, metric or optimizer slot is touched. With g_i their
    gradients and m their mean, over all weights that are trained now,

        |G|²   = (K |m|² - mean |g_i|²) / (K - 1)
        tr(Σ)  = B K / (K - 1) · (mean |g_i|² - |m|²)

    are unbiased: Σ is the covariance of the gradient of one example. These are the formulas of
    1812.06162, appendix A.1, with batches of B and K B examples.

    The latest of `records` gets `noise`: `examples` (B), `batches` (K), `gradient_squared` (|G|²) and
    `covariance_trace` (tr Σ), a value that is not a finite number being None.

    Args:
        encoded: the training set.
        records: of `Probe`, which comes before this callback.
        batch_size: B, examples of a micro-batch.
        seed: of the run.
        every: epochs from one measurement to the next; of `epochs_between`.

    Raises:
        RecipeError: the loss compares the examples of a batch, so it is not a mean over them.
    """

    def __init__(
        self,
        encoded: "Encoded",
        records: list[dict[str, Any]],
        *,
        batch_size: int,
        seed: int,
        every: int = 1,
    ):
        super().__init__()
        if encoded.task.contrastive:
            raise RecipeError(
                "The loss compares the examples of a batch with one another: its gradient is not a "
                "mean over examples, and has no noise scale.",
                expected="a task whose loss is a mean over examples",
                fix="set training.noise_scale=false, and training.batch_size to a number",
            )
        self.encoded, self.records = encoded, records
        self.batch_size, self.seed, self.every = batch_size, seed, every
        self._known: tuple[list[int], Callable] | None = None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if (epoch + 1) % self.every == 0:
            self.records[-1]["noise"] = self._measured(epoch)

    def _measured(self, epoch: int) -> dict[str, Any]:
        gradients_of = self._compiled()
        total, squares = None, []
        for positions in self._drawn(epoch):
            gradients = gradients_of(*self.encoded.batch(positions))
            squares.append(_squared(gradients))
            total = (
                gradients
                if total is None
                else [a + b for a, b in zip(total, gradients, strict=True)]
            )
        count = len(squares)
        found = estimates(np.mean(squares), _squared(total) / count**2, count, self.batch_size)
        names = ("gradient_squared", "covariance_trace")
        numbers = {n: v if math.isfinite(v) else None for n, v in zip(names, found, strict=True)}
        return {"examples": self.batch_size, "batches": count} | numbers

    def _drawn(self, epoch: int) -> np.ndarray:
        """Return the positions of the micro-batches, (K, B), as often by class as training draws."""
        random = np.random.default_rng([NOISE_SEED, self.seed, epoch])
        drawn = random.integers(len(self.encoded), size=(MICRO_BATCHES, self.batch_size))
        sampling = self.encoded.sampling
        return sampling.order(self.seed, epoch)[drawn] if sampling else drawn

    def _compiled(self) -> Callable[[Mapping, Mapping], list[Any]]:
        """Return a function that gives the gradients of what is trained now, compiled once for it."""
        variables = self.model.trainable_variables
        trained = [id(variable) for variable in variables]
        if self._known is None or self._known[0] != trained:  # a backbone may have been released
            on_jax = keras.backend.backend() == "jax"
            made = (_gradients_on_jax if on_jax else _gradients)(self.model, variables)
            self._known = trained, made
        return self._known[1]


def estimates(squares: float, square: float, batches: int, batch_size: int) -> tuple[float, float]:
    """Return unbiased estimates of |G|² and tr(Σ).

    Args:
        squares: mean of the squared norms of the micro-batches' gradients.
        square: squared norm of the mean of these gradients.
        batches, batch_size: how many micro-batches, and examples in each.

    >>> estimates(3.0, 2.0, 2, 4)
    (1.0, 8.0)
    """
    size = (batches * square - squares) / (batches - 1)
    trace = batch_size * batches / (batches - 1) * (squares - square)
    return float(size), float(trace)


def epochs_between(steps: int) -> int:
    """Return from how many epochs on a measurement costs at most `COST` of their steps.

    >>> epochs_between(19), epochs_between(160), epochs_between(1000)
    (9, 1, 1)
    """
    return math.ceil(MICRO_BATCHES / (COST * steps) - 1e-9)


def noise_scale(records: Sequence[Mapping[str, Any]], *, batch_size: int) -> dict[str, Any]:
    """Return the noise scale of a run, tr(Σ) / |G|², with a sentence that says what it means.

    Both are averaged over the measurements in the later half of the epochs before one is divided by
    the other, since a ratio of two noisy numbers is biased.

    Args:
        records: of `Probe` and `NoiseScale`.
        batch_size: examples of an update.

    Returns:
        "noise_scale": `value` in examples, None where the gradient is lost in its noise; `batch_size`,
        `measurements`, `gradient_squared`, `covariance_trace` and `told`. Empty where nothing was
        measured.
    """
    epochs = records[-1]["epoch"] if records else 0
    later = [r["noise"] for r in records if r.get("noise") and r["epoch"] > epochs / 2]
    names = ("gradient_squared", "covariance_trace")
    later = [noise for noise in later if all(noise[name] is not None for name in names)]
    if not later:
        return {}
    size, trace = (float(np.mean([noise[name] for noise in later])) for name in names)
    value = max(0.0, trace / size) if size > 0 else None
    seen = later[-1]["examples"] * later[-1]["batches"]
    found = {
        "value": value and float(f"{value:.5g}"),
        "batch_size": batch_size,
        "measurements": len(later),
        "gradient_squared": size,
        "covariance_trace": trace,
        "told": told(value, batch_size=batch_size, seen=seen),
    }
    return {"noise_scale": found}


def told(value: float | None, *, batch_size: int, seen: int) -> str:
    """Say what a noise scale means for the size of batches.

    With the best learning rate for its size, a batch of B examples takes 1 + noise scale / B times the
    fewest steps and 1 + B / noise scale times the fewest examples (1812.06162, equation 2.11).

    Args:
        value: the noise scale in examples, or None.
        batch_size: examples of an update.
        seen: examples of one measurement.

    >>> told(310.0, batch_size=64, seen=512)[:72]
    'Updates of 64 examples; the noise scale is 310: batches up to about that'
    """
    begins = f"Updates of {batch_size:,} examples; the noise scale is"
    if value is None:
        return (
            f"{begins} too large to measure: in {seen:,} examples the gradient is lost in its noise. "
            "Larger batches save steps almost in proportion."
        )
    price = (
        f"With the best learning rate for its size, this one takes {1 + value / batch_size:.1f} times "
        f"the fewest steps and {1 + batch_size / value:.1f} times the fewest examples."
        if value > 0
        else "This one takes the fewest steps."
    )
    begins = f"{begins} {value:,.{0 if value >= 10 else 1}f}:"
    if batch_size * NEAR < value:
        return f"{begins} batches up to about that size save steps almost in proportion. {price}"
    if batch_size > NEAR * value:
        return f"{begins} larger batches hardly save steps, and smaller ones save examples. {price}"
    return f"{begins} this batch is near it, a balance of steps and examples. {price}"


def _gradients(model: keras.Model, variables: list[keras.Variable]) -> Callable:
    import tensorflow as tf

    @tf.function(autograph=False, reduce_retracing=True)
    def measure(x, y):
        with tf.GradientTape() as tape:
            loss = model.task.loss(y, model(x, training=False))["loss"]
        found = tape.gradient(loss, [v.value for v in variables], unconnected_gradients="zero")
        return [tf.cast(tf.convert_to_tensor(gradient), tf.float32) for gradient in found]

    return lambda x, y: measure(*_tensors(x, y))


def _gradients_on_jax(model: keras.Model, variables: list[keras.Variable]) -> Callable:
    import jax

    asked = {id(variable) for variable in variables}
    others = [variable for variable in model.variables if id(variable) not in asked]

    def loss(values, rest, x, y):
        mapping = [*zip(variables, values, strict=True), *zip(others, rest, strict=True)]
        with keras.StatelessScope(state_mapping=mapping):
            return model.task.loss(y, model(x, training=False))["loss"]

    measure = jax.jit(jax.grad(loss))

    def gradients(x: Mapping, y: Mapping) -> list[Any]:
        values, rest = ([v.value for v in part] for part in (variables, others))
        return [
            ops.cast(gradient, "float32") for gradient in measure(values, rest, *_tensors(x, y))
        ]

    return gradients


def _tensors(*parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{name: ops.convert_to_tensor(v) for name, v in part.items()} for part in parts]


def _squared(gradients: Sequence[Any]) -> float:
    """Return the squared norm of all tensors together."""
    return sum(float(ops.convert_to_numpy(ops.sum(ops.square(g)))) for g in gradients)
