"""Normalization by name, with the constants that image references use."""

import keras

from zoo.layers.batch_norm import FusedBatchNormalization

# PyTorch's defaults (momentum 0.1 there is 0.9 here); Keras' own 0.99 and 1e-3 do not reproduce
# published results.
BATCH_NORM = {"momentum": 0.9, "epsilon": 1e-5}
KINDS = ("batch", "batch_stock", "layer", "group", "none")


def normalization_layer(kind: str, *, name: str) -> keras.layers.Layer | None:
    """Return a normalization layer over the last axis, or None for "none".

    Args:
        kind: "batch" (fused under TensorFlow), "batch_stock" (Keras' own, the same weights), "layer",
            "group" (8 groups) or "none".
        name: of the layer.

    Raises:
        ValueError: another kind.
    """
    if kind == "batch":
        return FusedBatchNormalization(name=name, **BATCH_NORM)
    if kind == "batch_stock":
        return keras.layers.BatchNormalization(name=name, **BATCH_NORM)
    if kind == "layer":
        return keras.layers.LayerNormalization(epsilon=1e-6, name=name)
    if kind == "group":
        return keras.layers.GroupNormalization(groups=8, epsilon=1e-5, name=name)
    if kind == "none":
        return None
    raise ValueError(f"normalization must be one of {', '.join(KINDS)}, not {kind!r}")
