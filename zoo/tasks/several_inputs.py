"""Several inputs of one task: how each is read, and the model over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
from keras import ops

from zoo.columns import Column, Vector
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, DataError, unknown_name
from zoo.heads.classification import classification_head
from zoo.heads.inputs import keras_inputs
from zoo.heads.towers import pooled_feature
from zoo.layers.presence import ModalityDropout, OrAbsent
from zoo.tasks.base import Front
from zoo.tasks.classification import Classification

if TYPE_CHECKING:
    from zoo.data.dataset import Split


@final
class SeveralInputs:
    """Reads each input by its kind, and builds the model; every input may be absent.

    Args:
        readers: what reads a kind of column: the task of it alone.
        names: the data's columns to take, in their order; None takes all that can be.
        dropout_rate: of whole inputs in training, [0, 1).
    """

    def __init__(
        self,
        readers: Mapping[type[Column], Classification],
        names: Sequence[str] | None,
        dropout_rate: float,
    ):
        if names is not None and (isinstance(names, str) or not names):
            raise ArgumentError(
                f"inputs={names!r} is not a list of columns.",
                expected='such as ["image", "audio"], or null for all',
                fix="set task.arguments.inputs",
            )
        self.readers, self.names = readers, names
        self.dropout_rate = dropout_rate
        ModalityDropout(dropout_rate)  # raises before anything is trained

    def inputs(self, train: "Split", features: Mapping[str, Column]) -> dict[str, Column]:
        """Return the fitted column of each input, called as the data calls it.

        Raises:
            UnknownNameError: the data has no such column.
            DataError: none of its columns can be an input.
        """
        kinds = (*self.readers, Vector)
        known = [name for name, column in features.items() if isinstance(column, kinds)]
        for name in self.names or ():
            if name not in known:
                raise unknown_name("input", name, known, fix="set task.arguments.inputs")
        if not known:
            held = ", ".join(f"{name} ({column.word})" for name, column in features.items())
            raise DataError(
                f"The data holds {held or 'nothing'}, which no encoder takes.",
                expected="columns of images, sounds, texts or arrays",
                fix="choose data with some of them",
            )
        return {name: self._input(name, features[name], train) for name in self.names or known}

    def _input(self, name: str, column: Column, train: "Split") -> Column:
        """Return a column, fitted on the examples of train that have it."""
        values = [value for value in train.columns[name] if value is not None]
        if not values:
            raise DataError(
                f"No example of train has {name}.",
                expected="a few at least",
                fix="leave it out: task.arguments.inputs",
            )
        if isinstance(column, Vector):
            return replace(column.fit(values), source=name, optional=True)
        reader = next(task for kind, task in self.readers.items() if isinstance(column, kind))
        there = type(train)({name: values})
        (fitted,) = reader.inputs(there, {name: column}).values()
        return replace(fitted, source=name, optional=True)

    def units(self, split: "Split", assets: Assets) -> "Split":
        """Return the split, its sounds at the rate of the model.

        Raises:
            DataError: an example has neither an input nor anything else beside its targets.
        """
        targets = {column.source or name for name, column in assets.y.items()}
        columns = [values for name, values in split.columns.items() if name not in targets]
        for i in range(len(split)):
            if all(values[i] is None for values in columns):
                raise DataError(
                    f"Example {split.name_of(i)} has none of {', '.join(assets.x)}.",
                    expected="one input at least",
                    fix="leave it out of the data",
                )
        changes = {
            column.source: _or_none(change)
            for column in assets.x.values()
            if (change := column.adapter())
        }
        return split.changed(changes) if changes else split

    def build(
        self,
        backbone: keras.Model,
        assets: Assets,
        fronts: Mapping[str, Front],
        *,
        feature: str | None,
        outputs: int,
        dropout_rate: float,
        name: str,
    ) -> keras.Model:
        """Return a model to "logits" and, where there are several inputs, "NAME_logits" of each.

        The latter are of linear probes: what one encoder's feature tells by itself. No gradient goes
        from them to the encoder.

        Args:
            backbone: of a fusion, or of a single input.
            assets: declare the inputs.
            fronts: layers before it, by input name.
            feature: that the head takes; None takes the deepest.
            outputs: of each dense layer; 0 gives the fused feature alone.
            dropout_rate: before the logits.
            name: of the model.
        """
        inputs = keras_inputs(assets)
        taken = {name: (fronts.get(name) or _as_it_is)(inputs[name]) for name in assets.x}
        features = self._features(backbone, taken, inputs, feature)
        logits = classification_head(
            features, outputs, feature=feature or list(features)[-1], dropout_rate=dropout_rate
        )
        if not outputs or len(assets.x) == 1:
            return keras.Model(inputs, logits, name=name)
        probes = {
            f"{key}_logits": keras.layers.Dense(outputs, dtype="float32", name=f"{key}_probe")(
                StopGradient(name=f"{key}_stop")(pooled_feature(f"{key}_probe", features[key]))
            )
            for key in assets.x
        }
        return keras.Model(inputs, {"logits": logits, **probes}, name=name)

    def _features(
        self,
        backbone: keras.Model,
        taken: Mapping[str, Any],
        inputs: Mapping[str, Any],
        feature: str | None,
    ) -> dict[str, Any]:
        if not isinstance(backbone.input, dict):  # of one input, which may be absent or not
            (name,) = taken
            features, present = dict(backbone(taken[name])), inputs.get(f"{name}.present")
            key = feature or list(features)[-1]
            if present is not None:
                features[key] = OrAbsent(name=f"{name}_or_absent")(features[key], present)
            return features
        presences = {name: inputs[f"{name}.present"] for name in taken}
        if self.dropout_rate and len(presences) > 1:
            presences = dict(zip(presences, _dropped(presences, self.dropout_rate), strict=True))
        told = {f"{name}.present": presence for name, presence in presences.items()}
        return backbone({**taken, **told})


@keras.saving.register_keras_serializable(package="kerazoo")
class StopGradient(keras.layers.Layer):
    """What comes in goes out; no gradient comes back."""

    def call(self, x):
        """Return `x`."""
        return ops.stop_gradient(x)

    def compute_output_shape(self, input_shape):
        """Return `input_shape`."""
        return input_shape


def _dropped(presences: Mapping[str, Any], rate: float) -> list[Any]:
    """Return presences (B,), with fewer of 1 in training."""
    columns = [keras.layers.Reshape((1,), name=f"{n}_column")(p) for n, p in presences.items()]
    together = keras.layers.Concatenate(name="presences")(columns)
    kept = ModalityDropout(rate, name="modality_dropout")(together)
    return [kept[:, i] for i in range(len(columns))]


def _as_it_is(tensor: Any) -> Any:
    return tensor


def _or_none(change: Any) -> Any:
    return lambda value: None if value is None else change(value)
