"""Late fusion: encoders that meet in the output layer only, so that their contributions add up.

Inputs {NAME, NAME.present} -> {NAME: (B, D) for each, "fused": (B, sum of D)}. A dense layer behind
"fused" gives the sum of one linear map for each input: no interaction between inputs can be learned
(2312.00935 §2: L_f = L).
"""

from collections.abc import Mapping

import keras

from zoo.heads.towers import Encoder, joined, towers


def late(*, encoders: Mapping[str, Encoder]) -> keras.Model:
    """Build the backbone.

    Args:
        encoders: of the inputs, by name.

    Returns:
        Model from the inputs and their presences to the feature of each and "fused".
    """
    both = towers(encoders)
    pooled = both.pooled()
    return both.model({**pooled, "fused": joined(pooled)})
