"""The speaker encoder of GE2E (1710.10467): a voice as one vector of length 1.

Input (B, T, M), frames and mel bins -> {"frames": (B, T, hidden), "pooled": (B, embedding)}. LSTM layers
over time, a dense layer on the last frame of the last of them, ReLU, and a division by the length, as
Resemblyzer has it: vectors of one speaker point the same way, and their products are cosines. The
paper's network has 768 units projected to 256 in each layer, and no ReLU.
"""

import keras


def ge2e(
    *,
    input_shape: tuple[int, int] = (160, 40),
    num_layers: int = 3,
    hidden_dim: int = 256,
    embedding_dim: int = 256,
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone; the defaults are Resemblyzer's network.

    Args:
        input_shape: frames and bins (T, M); T may be None. The published weights were trained on 160.
        num_layers: LSTM layers.
        hidden_dim: units of each.
        embedding_dim: numbers of a vector.
        layer_dropout_rate: of the inputs of each LSTM layer but the first, [0, 1).

    Returns:
        Model from (B, T, M) to the outputs of the last LSTM layer and the vectors.

    >>> ge2e(hidden_dim=4, embedding_dim=6).output["pooled"].shape
    (None, 6)
    """
    x = mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    for index in range(1, num_layers + 1):
        if layer_dropout_rate and index > 1:
            x = keras.layers.Dropout(layer_dropout_rate, name=f"lstm{index}_dropout")(x)
        lstm = keras.layers.LSTM(
            hidden_dim, return_sequences=True, return_state=True, name=f"lstm{index}"
        )
        x, last, _ = lstm(x)  # (B, T, hidden), (B, hidden)
    vectors = keras.layers.Dense(embedding_dim, activation="relu", name="embedding")(last)
    vectors = keras.layers.UnitNormalization(name="pooled")(vectors)  # (B, embedding_dim)
    return keras.Model(mel, {"frames": x, "pooled": vectors}, name="backbone")
