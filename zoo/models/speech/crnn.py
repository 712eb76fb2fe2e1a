"""Convolutional recurrent network for keyword spotting (1703.05390).

Input (B, T, M), frames and mel bins -> {"frames": (B, T/8, 2 · hidden_dim), "pooled": (B,
features_dim)}. One convolution of 20 frames by 5 bins with strides 8 and 2, two bidirectional GRU
layers over time, one dense layer over all their outputs. At the paper's 1.5 s of 40 bins (151 frames)
and with 2 classes: 229,474 parameters, the paper's 229 thousand. Departures: log-mel features
(theirs have per-channel energy normalization), and GRU whose reset gate acts after the matrix
product, Keras' default.
"""

import keras


def crnn(
    *,
    input_shape: tuple[int, int] = (151, 40),
    num_filters: int = 32,
    hidden_dim: int = 32,
    num_layers: int = 2,
    features_dim: int = 64,
    activation: str = "relu",
    initializer: str = "glorot_uniform",
    layer_dropout_rate: float = 0.0,
) -> keras.Model:
    """Build the backbone.

    Args:
        input_shape: frames and bins (T, M), both known: the dense layer has weights for each frame.
        num_filters: of the convolution.
        hidden_dim: units of each GRU, of which a layer has two.
        num_layers: bidirectional GRU layers.
        features_dim: units of the dense layer.
        activation: Keras activation name, of the convolution and the dense layer.
        initializer: Keras initializer name of the kernels outside the GRUs.
        layer_dropout_rate: of the inputs of each GRU layer and of the dense layer, [0, 1).

    Returns:
        Model from (B, T, M) to the GRU outputs by frame and the dense layer's.

    >>> crnn(input_shape=(49, 10)).output["pooled"].shape
    (None, 64)
    """
    mel = keras.Input(input_shape, name="mel")  # (B, T, M)
    x = keras.layers.Reshape((-1, input_shape[-1], 1), name="map")(mel)  # (B, T, M, 1)
    x = keras.layers.Conv2D(
        num_filters,
        (20, 5),
        strides=(8, 2),
        padding="same",
        activation=activation,
        kernel_initializer=initializer,
        name="stem_conv",
    )(x)  # (B, T/8, M/2, filters)
    x = keras.layers.Reshape((-1, x.shape[2] * num_filters), name="frames")(x)
    for index in range(1, num_layers + 1):
        if layer_dropout_rate:
            x = keras.layers.Dropout(layer_dropout_rate, name=f"layer{index}_dropout")(x)
        x = keras.layers.Bidirectional(
            keras.layers.GRU(hidden_dim, return_sequences=True, name=f"layer{index}_gru"),
            name=f"layer{index}",
        )(x)  # (B, T/8, 2 · hidden)
    pooled = keras.layers.Flatten(name="flatten")(x)
    if layer_dropout_rate:
        pooled = keras.layers.Dropout(layer_dropout_rate, name="features_dropout")(pooled)
    pooled = keras.layers.Dense(
        features_dim, activation=activation, kernel_initializer=initializer, name="features"
    )(pooled)  # (B, features_dim)
    return keras.Model(mel, {"frames": x, "pooled": pooled}, name="backbone")
