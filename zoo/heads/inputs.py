"""The Keras inputs of a model, from the columns that it takes."""

import keras

from zoo.columns.assets import Assets


def keras_inputs(assets: Assets) -> dict[str, keras.KerasTensor]:
    """Return a Keras input for each tensor of `assets.x`, by name; pixels arrive as floats.

    >>> from zoo.columns import Image
    >>> keras_inputs(Assets(x={"image": Image((8, 8, 1))}, y={}))["image"].shape
    (None, 8, 8, 1)
    """
    specs, _ = assets.specs()
    return {
        name: keras.Input(
            spec.shape, dtype="float32" if spec.dtype == "uint8" else spec.dtype, name=name
        )
        for name, spec in specs.items()
    }
