"""Gated multimodal units (1702.01992 §3.1): every input has a gate that all inputs set.

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "gate_NAME": (B, hidden_dim), "fused": (B,
hidden_dim)}: the sum over inputs of sigmoid(gate) · tanh(feature), the paper's unit for more than
two inputs.
"""

from collections.abc import Mapping

import keras

from zoo.heads.towers import Encoder, joined, towers


def gated(*, encoders: Mapping[str, Encoder], hidden_dim: int = 128) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.
        hidden_dim: units of each gate and of what it lets through.

    Returns:
        Model from the inputs and their presences to the feature of each, each gate and "fused".
    """
    both = towers(encoders)
    pooled = both.pooled()
    everything = joined(pooled)
    gates, parts = {}, []
    for name, x in pooled.items():
        hidden = keras.layers.Dense(hidden_dim, activation="tanh", name=f"{name}_hidden")(x)
        gate = keras.layers.Dense(hidden_dim, activation="sigmoid", name=f"{name}_gate")(everything)
        gates[f"gate_{name}"] = gate
        parts.append(keras.layers.Multiply(name=f"{name}_gated")([hidden, gate]))
    fused = keras.layers.Add(name="fusion_sum")(parts) if len(parts) > 1 else parts[0]
    return both.model({**pooled, **gates, "fused": fused})
