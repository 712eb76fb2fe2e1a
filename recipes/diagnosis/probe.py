"""Probe: gradients and activations of a model while it trains, measured on one fixed batch."""

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from recipes.runs.parent import HEAD
from zoo.adapters import has_adapter
from zoo.errors import ArgumentError
from zoo.weights import is_adapter

LARGEST_PROBE = 128  # examples; more would cost time and change nothing that is looked at
ACTIVE_SHARE = 0.01  # of the inputs: a unit active in fewer is dead (SageMaker Debugger, DeadRelu)


class Probe(keras.callbacks.Callback):
    """Measure gradients and activations on one batch at the end of each epoch.

    Works on the weights as they are in the model at that moment and in inference mode, so nothing
    changes: no dropout mask is drawn, no moving statistic, metric or optimizer slot is touched.

    `records` takes one dictionary of JSON values per epoch; fill it beforehand to continue a run.
    `began` holds the kernels as they were when the epoch began; fill it to continue inside an epoch.

    - `epoch`: counted from 1; `steps`: optimizer steps in it, None where unknown.
    - `kernels`: for each trainable tensor of two or more axes, in depth order: `key`,
      `gradient_norm` (L2) and `gradient_mean_abs` of the task's loss without penalties,
      `weight_norm` (L2), and `update_ratio`: the norm of the net change over this EPOCH divided by
      the weight norm (steps that cancel out don't show).
    - `activations`: for each activation layer, in depth order: `key`, `std` of the output and, for
      ReLU, `dead_share`: channels (last axis) that are positive anywhere in < 1 % of the examples.

    A value that isn't a finite number is None.

    Args:
        x: model inputs by name, the first axis being at most 128 training examples.
        y: their targets by name.

    Raises:
        ArgumentError: more than 128 examples, or none.
    """

    def __init__(self, x: Mapping[str, Any], y: Mapping[str, Any]):
        super().__init__()
        size = len(next(iter(x.values())))
        if not 0 < size <= LARGEST_PROBE:
            raise ArgumentError(
                f"The probe batch has {size} examples.", expected=f"1 to {LARGEST_PROBE}"
            )
        self.x, self.y = dict(x), dict(y)
        self.records: list[dict[str, Any]] = []
        self._kernels: dict[str, keras.Variable] = {}
        self._taps: dict[str, keras.layers.Layer] = {}
        self.began: dict[str, np.ndarray] = {}
        self._measure: Callable[[], tuple[Any, Any]] | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._kernels = kernels(self.model)
        self._taps = _activations(self.model)
        self._measure = _compiled(
            self.model, list(self._kernels.values()), self._taps, self.x, self.y
        )

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if not self.began:  # only now has every callback put back what it resumes from
            self.began = _values(self._kernels)

    def on_train_end(self, logs: Any = None) -> None:
        self.began = {}  # what is trained next may begin elsewhere

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        gradients, activations = self._measure()
        now = _values(self._kernels)
        rows = [
            _kernel_row(key, now[key], self.began[key], gradient)
            for key, gradient in zip(now, gradients, strict=True)
        ]
        self.began = now
        self.records[:] = [record for record in self.records if record["epoch"] <= epoch]
        self.records.append(
            {
                "epoch": epoch + 1,
                "steps": self._updates(),
                "kernels": rows,
                "activations": [
                    {"key": key} | _numbers(activations[key])
                    for key in self._taps  # a JAX function sorts what it returns
                    if key in activations
                ],
            }
        )

    def _updates(self) -> int | None:
        """Return how often the optimizer moves weights in an epoch."""
        optimizer = getattr(self.model, "optimizer", None)
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        steps = (self.params or {}).get("steps")
        return steps and steps // getattr(optimizer, "accumulate_steps", 1)


def kernels(model: keras.Model) -> dict[str, keras.Variable]:
    """Return the tensors of two or more axes that training moves, by key, in depth order.

    Those of a frozen layer are among them, so that all records of a run list the same kernels; but not
    those of a backbone with adapters (LoRA), which nothing ever moves.

    A key is the layer names from outside in and the variable's name; `Variable.path` would differ
    between two builds in one process.
    """
    found: dict[str, keras.Variable] = {}
    adapted = has_adapter(model)
    for path, layer in _leaves(model):
        trained = {id(v) for part in layer._flatten_layers() for v in part._trainable_variables}
        for variable in layer.weights:
            if id(variable) not in trained or len(variable.shape) < 2:
                continue
            if adapted and not (path.startswith(HEAD) or is_adapter(variable)):
                continue
            if any(variable is other for other in found.values()):
                continue
            key, count = f"{path}/{variable.name}", 2
            while key in found:
                key, count = f"{path}/{variable.name}_{count}", count + 1
            found[key] = variable
    return found


def _leaves(model: keras.Model, prefix: str = "") -> Iterator[tuple[str, keras.layers.Layer]]:
    """Walk nested models; Keras lists a functional model's layers from input to output."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer, f"{prefix}{layer.name}/")
        else:
            yield prefix + layer.name, layer


def _is_relu(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, keras.layers.ReLU):
        return not (layer.negative_slope or layer.threshold)
    return getattr(layer, "activation", None) in (keras.activations.relu, keras.activations.relu6)


def _activations(model: keras.Model) -> dict[str, keras.layers.Layer]:
    shown = (keras.layers.Activation, keras.layers.ReLU)
    return {key: item for key, item in _leaves(model) if isinstance(item, shown) or _is_relu(item)}


@contextlib.contextmanager
def _outputs_of(layers: Mapping[str, keras.layers.Layer]) -> Iterator[dict[str, Any]]:
    """Collect what the layers put out while this is entered, wherever they are nested.

    A layer's `call` is replaced on the instance only while a function is traced: cheaper than a
    second model with all outputs, and it needs no path through the nested graphs.
    """
    outputs: dict[str, Any] = {}

    def recorded(key: str, call: Callable) -> Callable:
        def call_and_record(*args, **kwargs):
            outputs[key] = call(*args, **kwargs)
            return outputs[key]

        return call_and_record

    try:
        for key, layer in layers.items():
            layer.call = recorded(key, layer.call)
        yield outputs
    finally:
        for layer in layers.values():
            layer.__dict__.pop("call", None)


def _compiled(
    model: keras.Model, variables: list[keras.Variable], taps: Mapping, x: Mapping, y: Mapping
) -> Callable[[], tuple[Any, Any]]:
    """Return a function that gives gradient statistics and activation statistics, compiled once."""
    x = {name: ops.convert_to_tensor(value) for name, value in x.items()}
    y = {name: ops.convert_to_tensor(value) for name, value in y.items()}
    if keras.backend.backend() == "jax":
        return _compiled_jax(model, variables, taps, x, y)
    import tensorflow as tf

    @tf.function(autograph=False)
    def measure(x, y):
        with tf.GradientTape() as tape, _outputs_of(taps) as outputs:
            loss = model.task.loss(y, model(x, training=False))["loss"]
        gradients = tape.gradient(
            loss, [variable.value for variable in variables], unconnected_gradients="zero"
        )
        gradients = [_size(tf.convert_to_tensor(gradient)) for gradient in gradients]
        return gradients, _spread(outputs, taps)

    return lambda: measure(x, y)


def _compiled_jax(
    model: keras.Model, variables: list[keras.Variable], taps: Mapping, x: Mapping, y: Mapping
) -> Callable[[], tuple[Any, Any]]:
    import jax

    # Which variables are trainable may change between two epochs, so all are given by hand.
    asked = {id(variable) for variable in variables}
    others = [variable for variable in model.variables if id(variable) not in asked]

    def loss_and_activations(values, rest, x, y):
        mapping = [*zip(variables, values, strict=True), *zip(others, rest, strict=True)]
        with keras.StatelessScope(state_mapping=mapping), _outputs_of(taps) as outputs:
            y_pred = model(x, training=False)
        return model.task.loss(y, y_pred)["loss"], _spread(outputs, taps)

    @jax.jit
    def measure(values, rest, x, y):
        gradients, spread = jax.grad(loss_and_activations, has_aux=True)(values, rest, x, y)
        return [_size(gradient) for gradient in gradients], spread

    return lambda: measure(
        [variable.value for variable in variables],
        [variable.value for variable in others],
        x,
        y,
    )


def _size(gradient: Any) -> dict[str, Any]:
    gradient = ops.cast(gradient, "float32")
    return {
        "gradient_norm": ops.sqrt(ops.sum(ops.square(gradient))),
        "gradient_mean_abs": ops.mean(ops.abs(gradient)),
    }


def _spread(outputs: Mapping[str, Any], taps: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for key, output in outputs.items():
        output = ops.cast(output, "float32")  # (B, …, C)
        found[key] = {"std": ops.std(output)}
        if _is_relu(taps[key]):
            highest = ops.max(output, axis=tuple(range(1, len(output.shape) - 1)))  # (B, C)
            active = ops.mean(ops.cast(highest > 0, "float32"), axis=0)  # (C,)
            found[key]["dead_share"] = ops.mean(ops.cast(active < ACTIVE_SHARE, "float32"))
    return found


def _values(variables: Mapping[str, keras.Variable]) -> dict[str, np.ndarray]:
    return {key: np.array(ops.convert_to_numpy(value)) for key, value in variables.items()}


def _kernel_row(key: str, now: np.ndarray, before: np.ndarray, gradient: Mapping) -> dict[str, Any]:
    norm = float(np.linalg.norm(now))
    change = float(np.linalg.norm(now - before))
    row = {"weight_norm": norm, "update_ratio": change / norm if norm else math.nan}
    return {"key": key} | _numbers(gradient) | _numbers(row)


def _numbers(values: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: _number(value) for name, value in values.items()}


def _number(value: Any) -> float | None:
    value = float(ops.convert_to_numpy(value))
    return float(f"{value:.5g}") if math.isfinite(value) else None
