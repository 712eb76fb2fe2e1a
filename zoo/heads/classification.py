"""One of several classes: pooling, dropout, one dense layer."""

from collections.abc import Mapping
from typing import Any

import keras


def classification_head(
    features: Mapping[str, Any],
    num_classes: int,
    *,
    feature: str | None = None,
    dropout_rate: float = 0.0,
) -> Any:
    """Pool one feature of a backbone over its positions and map it to logits.

    Args:
        features: named tensors of a backbone, the deepest last: (B, D), (B, T, D) or (B, H, W, C).
        num_classes: 0 gives the pooled feature (B, D) itself.
        feature: the name of the one to take, `head_feature` of the model's card; None takes the
            deepest.
        dropout_rate: before the logits, [0, 1).

    Returns:
        float32 logits, (B, num_classes).

    >>> import keras
    >>> classification_head({"pooled": keras.Input((8,))}, 3, feature="pooled").shape
    (None, 3)
    """
    x = features[list(features)[-1] if feature is None else feature]
    x = pooled_feature("head", x)  # (B, D)
    if not num_classes:
        return x
    if dropout_rate:
        x = keras.layers.Dropout(dropout_rate, name="head_dropout")(x)
    return keras.layers.Dense(num_classes, dtype="float32", name="head_logits")(x)


def pooled_feature(name: str, x: keras.KerasTensor) -> keras.KerasTensor:
    """Return the mean of a feature (B, …, D) over its positions, (B, D), by the layer NAME_pool."""
    if len(x.shape) == 4:
        return keras.layers.GlobalAveragePooling2D(name=f"{name}_pool")(x)
    if len(x.shape) == 3:
        return keras.layers.GlobalAveragePooling1D(name=f"{name}_pool")(x)
    return x
