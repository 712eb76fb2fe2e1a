"""A recurrent network over a series of vectors of one length.

Input (B, T, D) -> {"steps": (B, T, 2 hidden_dim), "pooled": (B, 2 hidden_dim)}. Bidirectional gated
recurrent units (1406.1078), the mean over time.
"""

import keras


def series_gru(
    *,
    input_shape: tuple[int, int] = (50, 16),
    hidden_dim: int = 64,
    num_layers: int = 1,
    dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: (T, D): steps, and numbers in each.
        hidden_dim: units of each direction.
        num_layers: recurrent layers.
        dropout_rate: before each layer, [0, 1).

    Returns:
        Model from (B, T, D) to the output of each step and their mean.

    >>> series_gru(input_shape=(7, 3), hidden_dim=4).output["pooled"].shape
    (None, 8)
    """
    series = keras.Input(input_shape, name="series")
    x = series
    for i in range(1, num_layers + 1):
        if dropout_rate:
            x = keras.layers.Dropout(dropout_rate, name=f"dropout_{i}")(x)
        gru = keras.layers.GRU(hidden_dim, return_sequences=True, name=f"gru_{i}_cell")
        x = keras.layers.Bidirectional(gru, name=f"gru_{i}")(x)
    pooled = keras.layers.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(series, {"steps": x, "pooled": pooled}, name="backbone")
