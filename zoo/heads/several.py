"""The model of a task of several inputs: a head on what they tell together, and one on each."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops

from zoo.columns.assets import Assets
from zoo.errors import ArgumentError
from zoo.heads.classification import classification_head, pooled_feature
from zoo.heads.inputs import keras_inputs
from zoo.layers.gradient_scale import GradientScale
from zoo.layers.presence import ModalityDropout, OrAbsent
from zoo.regularization import Regularization

_OWN = "_logits"  # behind the name of an input, of what its own head says
_FUSED_GRADIENT, _OWN_GRADIENT = (
    "logits_gradient",
    "_head_gradient",
)  # layers that weight the losses


def several_model(
    backbone: keras.Model,
    assets: Assets,
    fronts: Mapping[str, Callable[[Any], Any]],
    *,
    feature: str | None,
    outputs: int,
    regularization: Regularization,
    name: str,
) -> keras.Model:
    """Return a model to "logits" and, where there are several inputs, "NAME_logits" of each.

    The latter are of linear heads: what one encoder's feature tells by itself. As much of their
    gradient goes on to the encoder as `auxiliary_loss_weight` says; at 0 they are probes. Where training
    changes the weights of the losses, `set_loss_weights` does so.

    Args:
        backbone: of a fusion, or of a single input.
        assets: declare the inputs.
        fronts: layers before it, by input name.
        feature: that the head takes; None takes the deepest.
        outputs: of each dense layer; 0 gives the fused feature alone.
        regularization: `dropout_rate` and the fields of several inputs act here.
        name: of the model.
    """
    inputs = keras_inputs(assets)
    taken = {key: fronts[key](inputs[key]) if key in fronts else inputs[key] for key in assets.x}
    features = _features(
        backbone, taken, inputs, feature=feature, rate=regularization.modality_dropout_rate
    )
    feature = feature or list(features)[-1]
    how = {"feature": feature, "dropout_rate": regularization.dropout_rate}
    logits = classification_head(features, outputs, **how)
    if not outputs or len(assets.x) == 1:
        return keras.Model(inputs, logits, name=name)
    own, adaptive = {}, regularization.blends_losses
    if adaptive:
        logits = GradientScale(adaptive=True, name=_FUSED_GRADIENT)(logits)
    for key in assets.x:
        x = pooled_feature(f"{key}_head", features[key])
        weight = regularization.auxiliary_loss_weight
        x = GradientScale(weight, adaptive, name=f"{key}{_OWN_GRADIENT}")(x)
        head = keras.layers.Dense(outputs, dtype="float32", name=f"{key}_head")
        own[f"{key}{_OWN}"] = head(x)
    return keras.Model(inputs, {"logits": logits, **own}, name=name)


def own_logits(outputs: Any) -> dict[str, Any]:
    """Return the logits of each input's own head by the name of the input."""
    named = outputs if isinstance(outputs, Mapping) else {}
    return {key.removesuffix(_OWN): x for key, x in named.items() if key.endswith(_OWN)}


def set_loss_weights(model: keras.Model, fused: float, own: Mapping[str, float]) -> None:
    """Set what the fused loss counts from the next step on, and each input's own for its encoder.

    Args:
        model: of `several_model`, whose regularization changes the weights.
        fused: >= 0.
        own: by name of the input, >= 0.
    """
    model.get_layer(_FUSED_GRADIENT).coefficient.assign(fused)
    for name, weight in own.items():
        model.get_layer(f"{name}{_OWN_GRADIENT}").coefficient.assign(weight)


def modulation_of(model: keras.Model, alpha: float) -> Callable[[Any, Any], None] | None:
    """Return what slows down the encoder of an input that is ahead, for the steps that follow.

    The score of an input is the sum over the batch of the probability of the label by its own head;
    if it is above the mean of the others' by the ratio r, the gradient of its encoder is multiplied by
    1 - tanh(alpha · r) (OGM, 2203.15332 eq. 8 to 10).

    Args:
        model: of `several_model`.
        alpha: 0 gives None.

    Raises:
        ArgumentError: the model has no encoders whose gradient could be scaled.
    """
    names = list(own_logits(model.output))
    if not alpha or not names:
        return None
    layers = {layer.name: layer for layer in model.get_layer("backbone").layers}
    scales = [layers.get(f"{name}_gradient") for name in names]
    if None in scales:
        raise ArgumentError(
            "gradient_modulation_alpha acts on encoders, which this model does not have.",
            fix="set regularization.gradient_modulation_alpha=0, or choose another fusion",
        )

    def modulate(y: Mapping[str, Any], y_pred: Mapping[str, Any]) -> None:
        logits = own_logits(y_pred)
        scores = ops.stack([_score(y["label"], logits[name]) for name in names])
        others = (ops.sum(scores) - scores) / (len(names) - 1)
        ratio = scores / ops.maximum(others, 1e-7)
        factors = ops.where(ratio > 1, 1 - ops.tanh(alpha * ratio), 1.0)
        for place, scale in enumerate(scales):
            scale.coefficient.assign(ops.stop_gradient(factors[place]))

    return modulate


def _features(
    backbone: keras.Model,
    taken: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    feature: str | None,
    rate: float,
) -> dict[str, Any]:
    """Return the backbone's features by name; in training some inputs are taken away at `rate`."""
    if not isinstance(backbone.input, dict):  # of one input, which may be absent or not
        (name,) = taken
        features, present = dict(backbone(taken[name])), inputs.get(f"{name}.present")
        key = feature or list(features)[-1]
        if present is not None:
            features[key] = OrAbsent(name=f"{name}_or_absent")(features[key], present)
        return features
    presences = {name: inputs[f"{name}.present"] for name in taken}
    if rate and len(presences) > 1:
        presences = dict(zip(presences, _dropped(presences, rate), strict=True))
    told = {f"{name}.present": presence for name, presence in presences.items()}
    return backbone({**taken, **told})


def _score(label: Any, logits: Any) -> Any:
    """Return the sum over a batch of the probabilities of the labels, (B,) or (B, K) where mixed."""
    soft = label if len(label.shape) == 2 else ops.one_hot(label, logits.shape[-1])
    return ops.sum(ops.cast(soft, "float32") * ops.softmax(ops.cast(logits, "float32")))


def _dropped(presences: Mapping[str, Any], rate: float) -> list[Any]:
    """Return presences (B,), with fewer of 1 in training."""
    columns = [keras.layers.Reshape((1,), name=f"{n}_column")(p) for n, p in presences.items()]
    together = keras.layers.Concatenate(name="presences")(columns)
    kept = ModalityDropout(rate, name="modality_dropout")(together)
    return [kept[:, i] for i in range(len(columns))]
