"""Silero VAD for 16 kHz (github.com/snakers4/silero-vad, since version 5): where there is speech.

Input (B, S) samples -> {"frames": (B, T, 128), "speech": (B, T, 1)}, a probability for every 512 samples
(32 ms); T = S / 512, rounded up, with zeros behind the last samples. Each chunk is looked at with the
64 samples before it: the magnitudes of a learned short-time Fourier transform in four places,
four convolutions that leave one place, then one LSTM over all chunks. "frames" are its outputs.
"""

from typing import Any

import keras
from keras import ops

CHUNK, CONTEXT = 512, 64  # samples
WINDOW, HOP = 256, 128  # of the transform
FREQUENCIES = WINDOW // 2 + 1
_CONVOLUTIONS = ((128, 1), (64, 2), (64, 2), (128, 1))  # channels and stride of each


def silero_vad(
    *,
    input_shape: tuple[int | None] = (160_000,),
    hidden_dim: int = 128,
) -> keras.Model:
    """Build the network.

    Args:
        input_shape: samples (S,) of 16 kHz; may be None.
        hidden_dim: units of the LSTM, 128 in the published file.

    Returns:
        Model from waveforms (B, S) in [-1, 1] to frames and probabilities, the latter in float32.

    >>> silero_vad(input_shape=(16_000,)).output["speech"].shape
    (None, 32, 1)
    """
    audio = keras.Input(input_shape, name="audio")  # (B, S)
    x = Chunks(CHUNK, CONTEXT, name="chunks")(audio)  # (B, T, 640)
    # A convolution over (T, samples) with kernels of one chunk looks at each chunk by itself.
    x = keras.layers.Reshape((-1, x.shape[-1], 1), name="channel")(x)
    how = {"strides": (1, HOP), "use_bias": False}
    x = keras.layers.Conv2D(2 * FREQUENCIES, (1, WINDOW), **how, name="transform")(x)
    x = Magnitudes(name="magnitudes")(x)  # (B, T, 4, 129)
    for i, (width, stride) in enumerate(_CONVOLUTIONS, start=1):
        x = keras.layers.ZeroPadding2D((0, 1), name=f"conv{i}_pad")(x)
        how = {"strides": (1, stride), "activation": "relu"}
        x = keras.layers.Conv2D(width, (1, 3), **how, name=f"conv{i}")(x)
    x = keras.layers.Reshape((-1, width), name="places")(x)  # (B, T, 128)
    x = keras.layers.LSTM(hidden_dim, return_sequences=True, name="lstm")(x)
    y = keras.layers.Activation("relu", name="act")(x)
    # Heads take the frames: training on other tasks leaves the probabilities as published.
    how = {"activation": "sigmoid", "dtype": "float32", "trainable": False}
    speech = keras.layers.Dense(1, **how, name="speech")(y)
    return keras.Model(audio, {"frames": x, "speech": speech}, name="backbone")


@keras.saving.register_keras_serializable(package="kerazoo")
class Chunks(keras.layers.Layer):
    """Cut sounds into chunks, each with the samples before it, and mirrored samples behind.

    Args:
        size: samples of a chunk.
        context: samples before a chunk, zeros before the first; as many are mirrored behind it.
        **layer_arguments: `name`, `dtype` and the like.

    >>> Chunks(3, 1)(ops.array([[1.0, 2.0, 3.0, 4.0]]))[0].numpy().tolist()
    [[0.0, 1.0, 2.0, 3.0, 2.0], [3.0, 4.0, 0.0, 0.0, 0.0]]
    """

    def __init__(self, size: int, context: int, **layer_arguments: Any):
        super().__init__(**layer_arguments)
        self.size, self.context = size, context

    def call(self, audio):
        """Return (B, T, context + size + context) for samples (B, S)."""
        missing = -ops.shape(audio)[1] % self.size
        whole = ops.pad(audio, [[0, 0], [0, missing]])
        chunks = ops.reshape(whole, (-1, ops.shape(whole)[1] // self.size, self.size))
        last = chunks[:, :, -self.context :]
        before = ops.pad(last[:, :-1], [[0, 0], [1, 0], [0, 0]])
        behind = ops.flip(chunks[:, :, -self.context - 1 : -1], axis=-1)
        return ops.concatenate([before, chunks, behind], axis=-1)

    def compute_output_shape(self, input_shape):
        """Return (B, T, context + size + context); T is None where S is."""
        batch, samples = input_shape
        chunks = None if samples is None else -(-samples // self.size)
        return batch, chunks, self.size + 2 * self.context

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return super().get_config() | {"size": self.size, "context": self.context}


@keras.saving.register_keras_serializable(package="kerazoo")
class Magnitudes(keras.layers.Layer):
    """Join real parts and imaginary parts, side by side, to magnitudes."""

    def call(self, x):
        """Return (…, F) for `x` (…, 2 F)."""
        real, imaginary = ops.split(ops.square(x), 2, axis=-1)
        # Silence has no slope: a number that float32 does not see keeps that of the root finite.
        return ops.sqrt(real + imaginary + 1e-30)

    def compute_output_shape(self, input_shape):
        """Return (…, F)."""
        return (*input_shape[:-1], input_shape[-1] // 2)
