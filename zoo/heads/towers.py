"""Encoders side by side, one for each input: what fusions of several modalities start from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras

from zoo.heads.classification import pooled_feature
from zoo.layers.gradient_scale import GradientScale
from zoo.layers.presence import OrAbsent


@dataclass(frozen=True)
class Encoder:
    """The backbone of one input, and which of its features a fusion takes.

    Attributes:
        backbone, feature: the model, and the name of the feature.
        modulated: training may scale its gradient, by the layer NAME_gradient.
    """

    backbone: keras.Model
    feature: str
    modulated: bool = False


@dataclass(frozen=True)
class Towers:
    """The inputs of a model of several, and what its encoders make of them, by name of the input.

    Attributes:
        inputs: NAME of what an encoder takes and NAME.present, (B,), 1 or 0.
        maps: the feature of each encoder: (B, D), (B, T, D) or (B, H, W, C); a learned vector at
            every position where the input is absent.
    """

    inputs: dict[str, keras.KerasTensor]
    maps: dict[str, keras.KerasTensor]

    def pooled(self) -> dict[str, keras.KerasTensor]:
        """Return the mean of each feature over its positions, (B, D)."""
        return {name: pooled_feature(name, x) for name, x in self.maps.items()}

    def tokens(self, width: int) -> dict[str, keras.KerasTensor]:
        """Return each feature as a sequence of vectors of one width and scale, (B, T, width)."""
        found = {}
        for name, x in self.maps.items():
            x = keras.layers.Dense(width, name=f"{name}_project")(_sequence(name, x))
            found[name] = keras.layers.LayerNormalization(name=f"{name}_project_norm")(x)
        return found

    def model(self, features: Mapping[str, Any]) -> keras.Model:
        """Return the backbone from the inputs to features by name, the deepest last."""
        return keras.Model(self.inputs, dict(features), name="backbone")


def towers(encoders: Mapping[str, Encoder]) -> Towers:
    """Return the inputs of encoders and their features.

    Each encoder is the layer NAME_encoder.
    """
    inputs, maps = {}, {}
    for name, encoder in encoders.items():
        (taken,) = encoder.backbone.inputs
        inputs[name] = keras.Input(taken.shape[1:], dtype=taken.dtype, name=name)
        present = keras.Input((), dtype="float32", name=f"{name}.present")
        inputs[f"{name}.present"] = present
        encoder.backbone.name = f"{name}_encoder"
        x = encoder.backbone(inputs[name])[encoder.feature]
        if encoder.modulated:
            x = GradientScale(adaptive=True, name=f"{name}_gradient")(x)
        maps[name] = OrAbsent(name=f"{name}_or_absent")(x, present)
    return Towers(inputs, maps)


def joined(features: Mapping[str, keras.KerasTensor]) -> keras.KerasTensor:
    """Return features (B, D) side by side, (B, sum of D), by the layer "joined"."""
    parts = list(features.values())
    return keras.layers.Concatenate(name="joined")(parts) if len(parts) > 1 else parts[0]


def _sequence(name: str, x: keras.KerasTensor) -> keras.KerasTensor:
    if len(x.shape) == 3:
        return x
    return keras.layers.Reshape((-1, x.shape[-1]), name=f"{name}_sequence")(x)
