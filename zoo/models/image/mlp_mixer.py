"""MLP-Mixer (2105.01601): dense layers alone, over places and over channels in turn.

Input (B, H, W, C) -> {"tokens": (B, HW/P², D)}. Each patch of P×P pixels becomes one vector. A block
(Fig. 1) mixes places, with the same dense layers for every channel, and then channels, with the same
layers for every place. "tokens" is normalized; a head takes its mean.
"""

import keras

from zoo.layers.feed_forward import feed_forward
from zoo.layers.normalization import normalization_layer
from zoo.layers.patch_embedding import patch_embedding
from zoo.layers.transformer_block import added

CHANNEL_EXPANSION = 4  # of the dense layers over channels (Tab. 1: D_C = 4 D, D_S = D / 2)


def _block(x: keras.KerasTensor, *, rate: float, name: str) -> keras.KerasTensor:
    """Mix places, then channels; (B, T, D) both ways."""
    width = x.shape[-1]
    y = normalization_layer("layer", name=f"{name}_norm1")(x)
    y = keras.layers.Permute((2, 1), name=f"{name}_places_last")(y)  # (B, D, T)
    y = feed_forward(y, width // 2, name=f"{name}_places")
    y = keras.layers.Permute((2, 1), name=f"{name}_channels_last")(y)
    x = added(x, y, layer_scale=0.0, rate=rate, name=f"{name}_1")
    y = normalization_layer("layer", name=f"{name}_norm2")(x)
    y = feed_forward(y, CHANNEL_EXPANSION * width, name=f"{name}_channels")
    return added(x, y, layer_scale=0.0, rate=rate, name=f"{name}_2")


def mlp_mixer(
    *,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    patch_size: int = 16,
    num_layers: int = 8,
    hidden_dim: int = 512,
    stochastic_depth_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are Mixer-S/16.

    Args:
        input_shape: (H, W, C), H and W multiples of `patch_size`. Weights fit no other size.
        patch_size: pixels on a side; 4 suits images of 28 to 64.
        num_layers: blocks.
        hidden_dim: of each place's vector.
        stochastic_depth_rate: of the last block, growing linearly from 0, [0, 1).

    Returns:
        Model from (B, H, W, C) to {"tokens": (B, HW/P², hidden_dim)}.

    Raises:
        ValueError: the image does not divide into patches.

    >>> mlp_mixer(input_shape=(32, 32, 3), patch_size=4, num_layers=1).output["tokens"].shape
    (None, 64, 512)
    """
    height, width, _ = input_shape
    if not height or not width or height % patch_size or width % patch_size:
        raise ValueError(
            f"images of {height}×{width} do not divide into patches of {patch_size}×{patch_size}: "
            "the size must be known, because dense layers mix the places"
        )
    image = keras.Input(input_shape, name="image")
    x = patch_embedding(image, hidden_dim, patch_size, name="patches")
    places = (height // patch_size) * (width // patch_size)
    x = keras.layers.Reshape((places, hidden_dim), name="sequence")(x)  # (B, T, D)
    for block in range(1, num_layers + 1):
        rate = stochastic_depth_rate * (block - 1) / max(num_layers - 1, 1)
        x = _block(x, rate=rate, name=f"block{block}")
    x = normalization_layer("layer", name="final_norm")(x)
    return keras.Model(image, {"tokens": x}, name="backbone")
