"""Regularize a finished Keras model: penalties, constraints, dropout, and arguments for training."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras

from zoo.errors import ArgumentError
from zoo.regularization import NONE, Regularization, decay_arguments, resolve

_AUGMENTATION = (
    "crop_padding",
    "crop_min_scale",
    "flip",
    "auto_augment",
    "mixup_alpha",
    "cutmix_alpha",
    "erasing_probability",
    "word_dropout_rate",
    "speed_change",
    "time_shift_ms",
    "noise_probability",
    "frequency_masks",
    "time_masks",
)
_TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)
_DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)


@dataclass(frozen=True, kw_only=True)
class Regularized:
    """A regularized copy of a model, and arguments for its optimizer, loss and `fit`.

    Attributes:
        model: the copy, not compiled.
        optimizer_arguments: for the optimizer's constructor. Averages (`use_ema`) replace the
            weights when `fit` ends.
        exclude_from_weight_decay: biases and norm scales; pass them to
            `optimizer.exclude_from_weight_decay(var_list=…)` before training, and again after
            loading, because Keras does not save them.
        callbacks: for `fit`; early stopping watches "val_loss".
        loss_arguments: for losses on one-hot targets; sparse ones have no label smoothing.
        not_applied: each active knob that a finished graph cannot take, with the reason.
    """

    model: keras.Model
    optimizer_arguments: dict[str, Any]
    exclude_from_weight_decay: list[keras.Variable]
    callbacks: list[keras.callbacks.Callback]
    loss_arguments: dict[str, float]
    not_applied: tuple[str, ...]


def regularize(
    model: keras.Model,
    preset: str = "medium",
    *,
    modality: str = "image",
    optimizer: str = "adamw",
    **knobs: Any,
) -> Regularized:
    """Copy a model with its weights and apply a regularization preset to the copy.

    `dropout_rate` acts on the input of the `Dense` layer that gives an output: an existing `Dropout`
    gets this rate, or a new one is inserted. In a model without such a layer, all `Dropout` layers get
    it. Knobs that are off leave the model's own dropout, penalties and constraints as they are.

    Args:
        model: built, functional or `Sequential`, also nested. Layers that were adapted to data
            (`Normalization`, `TextVectorization`) and `Lambda` layers are shared with the copy.
        preset: "none", "light", "medium" or "strong".
        modality: "image"; others take the values that all modalities share.
        optimizer: Keras name; "sgd" takes L2 penalties, all others decoupled weight decay.
        **knobs: fields of `zoo.regularization.Regularization` that override the preset.

    Raises:
        UnknownNameError: no such preset.
        ArgumentError: no such knob, a value out of range, or a model that cannot be copied.

    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(3, name="head")])
    >>> regularized = regularize(model, "light", optimizer="sgd", l2=0.01)
    >>> [layer.name for layer in regularized.model.layers]
    ['head_dropout', 'head']
    >>> regularized.model.compile(
    ...     keras.optimizers.SGD(0.1, **regularized.optimizer_arguments),
    ...     keras.losses.CategoricalCrossentropy(from_logits=True, **regularized.loss_arguments),
    ... )
    """
    values = resolve(preset, modality=modality, optimizer=optimizer.lower(), knobs=knobs)
    _check_copyable(model)
    sites = _find_dropout_sites(model) if values.dropout_rate else _DropoutSites()
    copier = _Copier(sites, values.dropout_rate)
    copy = copier.copy(model)
    copier.copy_weights()
    apply_penalties(copy, values)
    return Regularized(
        model=copy,
        optimizer_arguments=_optimizer_arguments(values, optimizer.lower()),
        exclude_from_weight_decay=[v for v in copy.weights if len(v.shape) <= 1],
        callbacks=_callbacks(values),
        loss_arguments=_only_active(values, "label_smoothing"),
        not_applied=_not_applied(copy, values, sites),
    )


def apply_penalties(model: keras.Model, values: Regularization) -> None:
    """Set the L1/L2 penalty and the max-norm constraint of every kernel, in place.

    Kernels are the variables of two or more axes that Keras names so (`kernel`,
    `recurrent_kernel`, `pointwise_kernel` …): no biases, norm scales or embeddings. A knob that is
    off leaves the layer's own penalty or constraint. Layers keep both in a saved `.keras` file, all
    but `MultiHeadAttention`; call this again after loading one that has it.

    Args:
        model: any built model, subclassed ones too. Compile it afterwards.
        values: its `l1`, `l2` and `max_norm` are used; the penalty of a kernel is
            `l1 * sum(abs(w)) + l2 * sum(w ** 2)`.
    """
    for layer, kernel in _kernels(model):
        if values.l1 or values.l2:
            kernel.regularizer = keras.regularizers.L1L2(l1=values.l1, l2=values.l2)
            _record(layer, kernel, "regularizer")
        if values.max_norm:
            axes = _incoming_axes(layer, kernel)
            kernel.constraint = keras.constraints.MaxNorm(values.max_norm, axis=axes)
            _record(layer, kernel, "constraint")


def _kernels(model: keras.Model) -> list[tuple[keras.layers.Layer, keras.Variable]]:
    """Return each kernel once, with the innermost layer that owns it."""
    owners = {}
    for layer in model._flatten_layers():  # outer layers come before what they hold
        for variable in layer.weights:
            if variable.name.endswith("kernel") and len(variable.shape) >= 2:
                owners[id(variable)] = (layer, variable)
    return list(owners.values())


def _record(layer: keras.layers.Layer, kernel: keras.Variable, kind: str) -> None:
    """Set the layer too, so that its config matches the variable."""
    stem = kernel.name.removesuffix("kernel").rstrip("_") or "kernel"
    for name in (f"{stem}_{kind}", f"depthwise_{kind}"):  # DepthwiseConv2D's is named "kernel"
        if hasattr(layer, name):
            setattr(layer, name, getattr(kernel, kind))
            return


def _incoming_axes(layer: keras.layers.Layer, kernel: keras.Variable) -> list[int]:
    """Return the axes over which the weights into one unit are spread."""
    rank = len(kernel.shape)
    if isinstance(layer, keras.layers.EinsumDense):
        _, weights, outputs = layer.equation.replace("->", ",").split(",")
        return [axis for axis, letter in enumerate(weights) if letter not in outputs]
    if isinstance(layer, _TRANSPOSED):
        return [*range(rank - 2), rank - 1]  # (…, out, in)
    if isinstance(layer, _DEPTHWISE) or kernel.name == "depthwise_kernel":
        return list(range(rank - 2))  # (…, in, multiplier): a filter sees one channel
    return list(range(rank - 1))  # (…, in, out)


def _only_active(values: Regularization, *names: str) -> dict[str, Any]:
    return {name: getattr(values, name) for name in names if getattr(values, name)}


def _optimizer_arguments(values: Regularization, optimizer: str) -> dict[str, Any]:
    arguments: dict[str, Any] = decay_arguments(optimizer, values.weight_decay)
    if values.clip_norm:
        arguments["global_clipnorm"] = values.clip_norm
    if values.averaging_decay:
        arguments |= {"use_ema": True, "ema_momentum": values.averaging_decay}
    return arguments


def _callbacks(values: Regularization) -> list[keras.callbacks.Callback]:
    if not values.early_stopping_patience:
        return []
    return [
        keras.callbacks.EarlyStopping(
            "val_loss",
            mode="min",
            patience=values.early_stopping_patience,
            restore_best_weights=True,
        )
    ]


def _not_applied(
    model: keras.Model, values: Regularization, sites: "_DropoutSites"
) -> tuple[str, ...]:
    reasons = dict.fromkeys(_AUGMENTATION, "augmentation belongs to the input pipeline")
    reasons["stochastic_depth_rate"] = "the residual branches of a finished graph are not known"
    for name in ("embedding_dropout_rate", "layer_dropout_rate"):
        reasons[name] = "it belongs inside layers, when they are built"
    reasons["r_drop_alpha"] = "it belongs to the training step, which a recipe's model has"
    reasons["batch_norm"] = "normalization layers cannot be added to or taken from a finished graph"
    if not sites.found:
        reasons["dropout_rate"] = "there is no Dense layer at an output and no Dropout to set"
    if not _kernels(model):
        reasons |= dict.fromkeys(("l1", "l2", "max_norm"), "there are no kernels")
    return tuple(
        f"{name}={getattr(values, name)}: {reason}"
        for name, reason in reasons.items()
        if getattr(values, name) != getattr(NONE, name)
    )


@dataclass
class _DropoutSites:
    """Layers of the original model, by identity."""

    before: set[int] = field(default_factory=set)  # Dense layers that get a Dropout before them
    existing: set[int] = field(default_factory=set)  # Dropout layers whose rate is set

    @property
    def found(self) -> bool:
        return bool(self.before or self.existing)


def _find_dropout_sites(model: keras.Model) -> _DropoutSites:
    sites = _DropoutSites()
    _add_heads(model, sites)
    if not sites.found:
        dropouts = (x for x in _graph_layers(model) if isinstance(x, keras.layers.Dropout))
        sites.existing = {id(layer) for layer in dropouts}
    return sites


def _graph_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a graph and of the graphs nested in it, but none inside of layers."""
    for layer in model.layers:
        yield layer
        if _is_graph(layer):
            yield from _graph_layers(layer)


def _add_heads(model: keras.Model, sites: _DropoutSites) -> None:
    for output in model.outputs:
        head, inputs = _walk_back(output, keras.layers.Dense)
        if _is_graph(head):
            _add_heads(head, sites)
        elif head is not None:
            dropout, _ = _walk_back(inputs[0], keras.layers.Dropout)
            if isinstance(dropout, keras.layers.Dropout):
                sites.existing.add(id(dropout))
            else:
                sites.before.add(id(head))


def _walk_back(tensor: keras.KerasTensor, wanted: type) -> tuple[Any, list[keras.KerasTensor]]:
    """Go from a tensor towards the inputs, over layers without weights.

    Returns:
        The first layer of the type `wanted` or nested model and its inputs; None and [] where a
        layer with weights, a merge or an input comes first.
    """
    while True:
        operation, node, _ = tensor._keras_history
        inputs = operation._inbound_nodes[node].input_tensors
        if isinstance(operation, wanted) or _is_graph(operation):
            return operation, inputs
        if len(inputs) != 1 or getattr(operation, "weights", []):
            return None, []
        tensor = inputs[0]


def _is_graph(layer: Any) -> bool:
    """Tell whether a layer is a functional or sequential model of Keras' own classes."""
    # A subclass may override methods that a copy of the graph would lose.
    own = type(layer).__module__.partition(".")[0] == "keras"
    return own and isinstance(layer, keras.Sequential | keras.Function)


def _check_copyable(model: Any) -> None:
    in_place = "call zoo.layers.regularize.apply_penalties on it, which works in place"
    if not isinstance(model, keras.Model):
        raise ArgumentError(
            f"regularize takes a keras.Model, not {type(model).__name__}.",
            expected="a functional or Sequential model",
        )
    if not _is_graph(model):
        raise ArgumentError(
            f"{model.name!r} is a subclassed model ({type(model).__name__}), which cannot be "
            "copied layer by layer.",
            expected="a functional or Sequential model",
            fix=f"build the graph with keras.Model(inputs, outputs), or {in_place}",
        )
    if not model.built or not hasattr(model, "inputs"):
        raise ArgumentError(
            f"{model.name!r} is not built, so it has no weights yet.",
            expected="a model with known input shapes",
            fix="put keras.Input(shape) first, or call model.build((None, *shape))",
        )


class _Copier:
    """Copies a graph with its weights, setting or inserting Dropout on the way."""

    def __init__(self, sites: _DropoutSites, rate: float):
        self.sites, self.rate = sites, rate
        # By identity of the original, so that a layer that is used twice stays one. Originals are
        # held, since an identity means nothing once its object is gone.
        self.copies: dict[int, tuple[Any, Any]] = {}
        self.inserted: dict[int, keras.layers.Dropout] = {}  # by identity of the copied Dense

    def copy(self, model: keras.Model) -> keras.Model:
        if isinstance(model, keras.Sequential):
            copy = self._copy_sequential(model)
        else:
            # Around the same tensors, but not compiled: clone_model would rebuild a custom loss.
            graph = keras.Model(model.input, model.output, name=model.name)
            copy = keras.models.clone_model(
                graph, clone_function=self._copy_layer, call_function=self._call
            )
        if not model.trainable:
            copy.trainable = False
        return copy

    def copy_weights(self) -> None:
        # Layer by layer: an inserted layer may change the order in which a graph lists its own.
        for original, layer in self.copies.values():
            if layer is not original and isinstance(layer, keras.layers.Layer):
                layer.set_weights(original.get_weights())

    def _copy_sequential(self, model: keras.Sequential) -> keras.Sequential:
        tensor = model.inputs[0]
        layers = [keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)]
        for layer in model.layers:
            copy = self._copy_layer(layer)
            if id(copy) in self.inserted:
                layers.append(self.inserted[id(copy)])
            layers.append(copy)
        return keras.Sequential(layers, name=model.name)

    def _call(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        dropout = self.inserted.get(id(layer))
        if dropout and args:
            args = (dropout(args[0]), *args[1:])
        elif dropout:  # called by keyword
            kwargs = kwargs | {"inputs": dropout(kwargs["inputs"])}
        return layer(*args, **kwargs)

    def _copy_layer(self, layer: Any) -> Any:
        if id(layer) not in self.copies:
            copy = self.copy(layer) if _is_graph(layer) else self._rebuild(layer)
            self.copies[id(layer)] = layer, copy
            if id(layer) in self.sites.before:
                name = f"{layer.name}_dropout"
                self.inserted[id(copy)] = keras.layers.Dropout(self.rate, name=name)
        return self.copies[id(layer)][1]

    def _rebuild(self, layer: Any) -> Any:
        # What `adapt` learnt is not in a config, and Keras refuses to make code from one.
        if hasattr(layer, "adapt") or isinstance(layer, keras.layers.Lambda):
            return layer
        try:
            config = layer.get_config()
            if id(layer) in self.sites.existing:
                config["rate"] = self.rate
            return type(layer).from_config(config)
        except (TypeError, ValueError, NotImplementedError) as error:
            reason = str(error).strip().partition("\n")[0]
            raise ArgumentError(
                f"Layer {layer.name!r} ({type(layer).__name__}) cannot be rebuilt from its config: "
                f"{reason}",
                expected="get_config() returning the constructor's arguments",
                fix="write get_config for it, or call zoo.layers.regularize.apply_penalties on the "
                "model, which works in place",
            ) from error
