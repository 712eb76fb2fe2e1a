"""Deep Speech 2 (1512.02595) at a small size: convolutions over time and frequency, bidirectional GRUs.

Input (B, T, M), frames and mel bins -> {"stem": (B, T/4, hidden_dim), "layer_1", …, "layer_n": (B, T/4,
2 · hidden_dim)}. Frames that are 0 in all bins, behind the last that is not, are padding: they change
no other frame, in training neither. Departures from §3: log-mel features; two small convolutions, whose
strides of 2 leave a fourth of the frames; layer normalization in place of batch normalization, whose
statistics padding would enter; a dense layer after the convolutions.
"""

import keras

from zoo.layers.masking import FrameMask
from zoo.layers.zero_padded import ZeroPadded

NUM_CONVOLUTIONS = 2
STRIDE = 2  # of each


def _convolution(
    x: keras.KerasTensor, mask: keras.KerasTensor, filters: int, kernel_size: int, *, name: str
) -> keras.KerasTensor:
    """Convolve (B, T, F, C) with a stride of 2 both ways, and flatten: (B, T/2, F/2 · filters)."""
    # "same" would shift by one frame where the number of frames is even: padding would be seen.
    x = keras.layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
    x = keras.layers.Conv2D(filters, kernel_size, strides=STRIDE, name=name)(x)
    x = keras.layers.Reshape((-1, x.shape[2] * filters), name=f"{name}_flat")(x)
    x = keras.layers.LayerNormalization(name=f"{name}_norm")(x)
    x = keras.layers.Activation("relu", name=f"{name}_act")(x)
    return ZeroPadded(name=f"{name}_padded")(x, mask)


def deep_speech2(
    *,
    input_shape: tuple[int | None, int] = (None, 80),
    num_filters: int = 32,
    kernel_size: int = 5,
    hidden_dim: int = 192,
    num_layers: int = 3,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: frames and bins (T, M); T may be None.
        num_filters: of each convolution.
        kernel_size: frames and bins of their kernels, odd.
        hidden_dim: units of each GRU, of which a layer has two.
        num_layers: bidirectional GRU layers.
        layer_dropout_rate: of the inputs of each GRU layer and of the last outputs, [0, 1).

    Returns:
        Model from (B, T, M) to what the GRUs begin with and the outputs of each layer.

    Raises:
        ValueError: `kernel_size` is even.

    >>> deep_speech2(hidden_dim=4, num_layers=1).output["layer_1"].shape
    (None, None, 8)
    """
    if kernel_size % 2 == 0:
        raise ValueError(f"kernel_size={kernel_size} is even: frames would have no middle")
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x, bins = mel, input_shape[-1]
    for number in range(1, NUM_CONVOLUTIONS + 1):
        channels = 1 if number == 1 else num_filters
        x = keras.layers.Reshape((-1, bins, channels), name=f"map{number}")(x)
        mask = FrameMask(STRIDE**number, name=f"mask{number}")(mel)
        x = _convolution(x, mask, num_filters, kernel_size, name=f"conv{number}")
        bins = -(-bins // STRIDE)
    x = keras.layers.Dense(hidden_dim, name="stem")(x)  # (B, T/4, H)
    features = {"stem": x}
    for number in range(1, num_layers + 1):
        x = keras.layers.LayerNormalization(name=f"layer{number}_norm")(x)
        if layer_dropout_rate:
            x = keras.layers.Dropout(layer_dropout_rate, name=f"layer{number}_dropout")(x)
        layer = keras.layers.GRU(hidden_dim, return_sequences=True, name=f"layer{number}_gru")
        # The backward direction reads padding first and skips it because of the mask.
        x = keras.layers.Bidirectional(layer, name=f"layer{number}")(x, mask=mask)
        features[f"layer_{number}"] = x  # (B, T/4, 2 · H)
    if layer_dropout_rate:
        x = keras.layers.Dropout(layer_dropout_rate, name="last_dropout")(x)
        features[f"layer_{num_layers}"] = x
    return keras.Model(mel, features, name="backbone")
