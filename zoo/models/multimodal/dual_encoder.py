"""Dual encoder: encoders side by side that do not meet (CLIP, 2103.00020 §2.4).

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "joined": (B, sum of D)}. A head maps the feature
of each input to one space. "joined" is for other uses; nothing there is shared between inputs.
"""

from collections.abc import Mapping

import keras

from zoo.heads.towers import Encoder, joined, towers


def dual_encoder(*, encoders: Mapping[str, Encoder]) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.

    Returns:
        Model from the inputs and their presences to the feature of each and "joined".
    """
    both = towers(encoders)
    pooled = both.pooled()
    return both.model({**pooled, "joined": joined(pooled)})
