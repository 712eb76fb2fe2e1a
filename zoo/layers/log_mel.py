"""Log-mel features and MFCC of waveforms, as a layer; axes B (batch), T (frames), M (mel bins).

The Fourier transform is a strided convolution with windowed cosines and sines. That exports to every
runtime (an FFT does not), runs on every backend, and leaves out the frequencies that no mel bin
takes. Against an FFT it costs the same at 8 kHz, and twice to three times as much at 16 kHz.
"""

import numbers
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from zoo.errors import ArgumentError

PADDINGS = ("none", "reflect", "reflect_cut")
MEL_SCALES = ("htk", "slaney")
NORMALIZATIONS = ("none", "clip", "utterance", "peak")

_WHOLE = ("sample_rate_hz", "fft_size", "num_mels", "num_coefficients")
_FROM_ZERO = ("low_hz", "num_coefficients", "lowest_rms")
_EPSILON = 1e-5  # of the variance in normalization
_RANGE = 8.0  # powers of ten below the loudest that "peak" keeps


@keras.saving.register_keras_serializable(package="kerazoo")
class LogMel(keras.layers.Layer):
    """Turn waveforms (B, samples) into log-mel features or MFCC (B, T, bins).

    Frames under a periodic Hann window, `|spectrum| ** power`, triangular mel filters, natural
    logarithm, optionally a discrete cosine transform (orthonormal, type II) and normalization.
    Everything is computed in float32 under every dtype policy, and cast at the end.

    Args:
        sample_rate_hz: of the waveforms.
        window_ms: length of a frame, in milliseconds.
        hop_ms: from one frame to the next.
        fft_size: points of the Fourier transform; None takes the power of two that holds a window.
        num_mels: mel bins.
        low_hz: lower edge of the lowest filter.
        high_hz: upper edge of the highest filter; None takes half the sample rate.
        mel_scale: "htk" (2595 log10(1 + f/700), filters with a peak of 1) or "slaney" (linear below
            1 kHz, filters with an area of 1, librosa's default).
        power: 2 for power, 1 for magnitude.
        logarithm: take the natural logarithm; False keeps the mel features themselves.
        log_floor: smallest value before the logarithm.
        padding: "none" gives 1 + (samples - window) // hop frames; "reflect" mirrors half a window
            at both ends, so that frame t lies around sample t · hop: 1 + samples // hop;
            "reflect_cut" does so without the last of these frames.
        num_coefficients: cosine coefficients that are kept (MFCC); 0 keeps the log-mel features.
        normalization: "clip" brings a clip to mean 0 and variance 1 over all frames and bins, which
            takes its loudness out; "utterance" does so bin by bin, which takes out the microphone as
            well, and with it every sound that lasts; "peak" raises what is more than 80 dB below
            the loudest of the clip to that, and gives (log10 + 4) / 4 (Whisper, 2212.04356); "none"
            leaves all.
        lowest_rms: a quieter clip is first made this loud (root mean square, 1 is the loudest
            square wave); 0 leaves all as they are.
        padded: samples of exactly 0 at the end of a clip are padding: frames that reach into it are
            0 in all bins, and do not count in the normalization.
        **layer_arguments: `name`, `dtype` and the like.

    Raises:
        ArgumentError: a value is out of range, or a mel filter would hold no frequency.

    >>> layer = LogMel(sample_rate_hz=8000, window_ms=25, hop_ms=10, num_mels=40)
    >>> layer(np.zeros((2, 8000), "float32")).shape
    TensorShape([2, 98, 40])
    """

    def __init__(
        self,
        sample_rate_hz: int,
        window_ms: float = 25.0,
        hop_ms: float = 10.0,
        fft_size: int | None = None,
        num_mels: int = 40,
        low_hz: float = 20.0,
        high_hz: float | None = None,
        mel_scale: Literal["htk", "slaney"] = "htk",
        power: Literal[1, 2] = 2,
        logarithm: bool = True,
        log_floor: float = 1e-6,
        padding: Literal["none", "reflect", "reflect_cut"] = "none",
        num_coefficients: int = 0,
        normalization: Literal["none", "clip", "utterance", "peak"] = "none",
        lowest_rms: float = 0.0,
        padded: bool = False,
        **layer_arguments: Any,
    ):
        super().__init__(autocast=False, **layer_arguments)
        self._config = {
            "sample_rate_hz": sample_rate_hz,
            "window_ms": window_ms,
            "hop_ms": hop_ms,
            "fft_size": fft_size,
            "num_mels": num_mels,
            "low_hz": low_hz,
            "high_hz": high_hz,
            "mel_scale": mel_scale,
            "power": power,
            "logarithm": logarithm,
            "log_floor": log_floor,
            "padding": padding,
            "num_coefficients": num_coefficients,
            "normalization": normalization,
            "lowest_rms": lowest_rms,
            "padded": padded,
        }
        _check(**self._config)
        self.window = round(sample_rate_hz * window_ms / 1000)
        self.hop = round(sample_rate_hz * hop_ms / 1000)
        self.fft_size = fft_size or 2 ** (self.window - 1).bit_length()
        high_hz = high_hz or sample_rate_hz / 2
        _check_sizes(self.window, self.hop, self.fft_size, low_hz, high_hz, sample_rate_hz)
        filters = mel_filters(
            num_mels, self.fft_size, sample_rate_hz, low_hz=low_hz, high_hz=high_hz, scale=mel_scale
        )  # (fft_size / 2 + 1, M)
        _check_filters(filters, num_mels, self.fft_size)
        used = np.flatnonzero(filters.any(axis=1))
        self.filters = filters[used].astype("float32")
        self.kernel = _fourier_kernel(self.window, self.fft_size, used)
        self.cosines = _cosine_transform(num_mels, num_coefficients)

    def call(self, audio):
        """Return features (B, T, bins) of `audio` (B, samples)."""
        audio = ops.cast(audio, "float32")
        x = self._loud_enough(audio)[..., None]  # (B, samples, 1)
        if self._config["padding"] != "none":
            x = ops.pad(x, [[0, 0], self._margins(), [0, 0]], mode="reflect")
        x = ops.conv(x, self.kernel, strides=self.hop, padding="valid")  # (B, T, 2F)
        if self._config["padding"] == "reflect_cut":
            x = x[:, :-1]
        real, imaginary = ops.split(ops.square(x), 2, axis=-1)
        x = real + imaginary  # (B, T, F)
        if self._config["power"] == 1:
            x = ops.sqrt(x)
        x = ops.matmul(x, self.filters)  # (B, T, M)
        if self._config["logarithm"]:
            x = ops.log(ops.maximum(x, self._config["log_floor"]))
        if self.cosines is not None:
            x = ops.matmul(x, self.cosines)  # (B, T, coefficients)
        x = self._masked(x, audio) if self._config["padded"] else self._normalized(x)
        return ops.cast(x, self.compute_dtype)

    def _masked(self, x, audio):
        """Normalize the frames that hold sound, and set the others to 0."""
        places = ops.arange(1, ops.shape(audio)[1] + 1, dtype="int32")
        samples = ops.max(ops.where(audio != 0, places, 0), axis=1, keepdims=True)  # (B, 1)
        frames = 1 + (ops.maximum(samples, self.window) - self.window) // self.hop
        keep = ops.arange(ops.shape(x)[1], dtype="int32") < frames  # (B, T)
        keep = ops.cast(keep, "float32")[..., None]
        if self._config["normalization"] == "none":
            return x * keep
        count = ops.sum(keep, axis=1, keepdims=True)  # (B, 1, 1)
        axes = (1, 2) if self._config["normalization"] == "clip" else 1
        count = count * (x.shape[-1] if axes == (1, 2) else 1)
        mean = ops.sum(x * keep, axis=axes, keepdims=True) / count
        variance = ops.sum(ops.square(x - mean) * keep, axis=axes, keepdims=True) / count
        return (x - mean) * ops.rsqrt(variance + _EPSILON) * keep

    def _normalized(self, x):
        normalization = self._config["normalization"]
        if normalization == "none":
            return x
        if normalization == "peak":
            x = x / np.float32(np.log(10))
            return (ops.maximum(x, ops.max(x, axis=(1, 2), keepdims=True) - _RANGE) + 4.0) / 4.0
        axes = (1, 2) if normalization == "clip" else 1
        mean, variance = ops.moments(x, axes=axes, keepdims=True)  # (B, 1, 1 or bins)
        return (x - mean) * ops.rsqrt(variance + _EPSILON)

    def _loud_enough(self, x):
        """Raise clips (B, samples) to the lowest loudness; silence stays silent."""
        lowest = self._config["lowest_rms"]
        if not lowest:
            return x
        power = ops.mean(ops.square(x), axis=-1, keepdims=True)  # (B, 1)
        return x * ops.maximum(lowest * ops.rsqrt(ops.maximum(power, 1e-20)), 1.0)

    def compute_output_shape(self, input_shape):
        """Return (B, T, bins); T is None where the number of samples is."""
        batch, samples = input_shape
        bins = self._config["num_coefficients"] or self._config["num_mels"]
        return batch, None if samples is None else self.num_frames(samples), bins

    def compute_output_spec(self, audio):
        """Return the spec of the output, or raise ArgumentError for clips that are too short."""
        return keras.KerasTensor(self.compute_output_shape(audio.shape), dtype=self.compute_dtype)

    def num_frames(self, samples: int) -> int:
        """Return the frames of a clip.

        Raises:
            ArgumentError: the clip is shorter than a window.
        """
        padding, shortest = self._config["padding"], self.window
        if padding != "none":
            shortest = max(1 + max(self._margins()), self.hop if padding == "reflect_cut" else 0)
        if samples < shortest:
            raise ArgumentError(
                f"A clip of {samples} samples is too short for a window of {self.window}.",
                expected=f"at least {shortest} samples",
                fix="take longer clips (clip_seconds), or a smaller window_ms",
            )
        if padding != "none":
            return samples // self.hop + (padding == "reflect")
        return 1 + (samples - self.window) // self.hop

    def _margins(self) -> list[int]:
        """Samples mirrored at the start and at the end: as if windows were centred in the FFT."""
        before = self.fft_size // 2 - (self.fft_size - self.window) // 2
        return [before, self.window - before]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        config.pop("autocast", None)
        return config | self._config


def mel_filters(
    num_mels: int,
    fft_size: int,
    sample_rate_hz: int,
    *,
    low_hz: float,
    high_hz: float,
    scale: Literal["htk", "slaney"],
) -> np.ndarray:
    """Return triangular filters, equally spaced in mel, float64 (fft_size // 2 + 1, num_mels).

    >>> mel_filters(20, 512, 16000, low_hz=0, high_hz=8000, scale="htk").shape
    (257, 20)
    """
    to_mel, to_hz = (_htk_mel, _htk_hz) if scale == "htk" else (_slaney_mel, _slaney_hz)
    edges = to_hz(np.linspace(to_mel(low_hz), to_mel(high_hz), num_mels + 2))  # (M + 2,)
    bins = np.arange(fft_size // 2 + 1)[:, None] * (sample_rate_hz / fft_size)  # (F, 1) in Hz
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - low) / (centre - low)
    falling = (high - bins) / (high - centre)
    filters = np.maximum(0, np.minimum(rising, falling))
    return filters * (2 / (high - low)) if scale == "slaney" else filters


def _htk_mel(hz):
    return 2595 * np.log10(1 + np.asarray(hz, dtype="float64") / 700)


def _htk_hz(mel):
    return 700 * (10 ** (mel / 2595) - 1)


# Slaney's Auditory Toolbox (1998): 3 mel for 200 Hz below 1 kHz, 27 mel for a factor of 6.4 above.
_KNEE_HZ, _KNEE_MEL, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27


def _slaney_mel(hz):
    hz = np.asarray(hz, dtype="float64")
    above = _KNEE_MEL + np.log(np.maximum(hz, _KNEE_HZ) / _KNEE_HZ) / _LOG_STEP
    return np.where(hz < _KNEE_HZ, hz * 3 / 200, above)


def _slaney_hz(mel):
    above = _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * 200 / 3, above)


def _fourier_kernel(window: int, fft_size: int, bins: np.ndarray) -> np.ndarray:
    """Return windowed cosines, then sines, float32 (window, 1, 2 · bins)."""
    n = np.arange(window)[:, None]
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / window)  # periodic
    # Reduced before it is scaled: a phase of many turns would lose digits.
    phase = 2 * np.pi / fft_size * (n * bins % fft_size)
    kernel = np.concatenate([hann * np.cos(phase), hann * np.sin(phase)], axis=1)
    return kernel[:, None, :].astype("float32")


def _cosine_transform(num_mels: int, num_coefficients: int) -> np.ndarray | None:
    """Return the orthonormal DCT-II, float32 (M, coefficients); None for no coefficients."""
    if not num_coefficients:
        return None
    k = np.arange(num_coefficients)
    cosines = np.cos(np.pi / num_mels * (np.arange(num_mels)[:, None] + 0.5) * k)
    scale = np.where(k == 0, np.sqrt(1 / num_mels), np.sqrt(2 / num_mels))
    return (cosines * scale).astype("float32")


def _check(**values: Any) -> None:
    """Raise ArgumentError unless every argument makes sense by itself."""
    choices = {
        "mel_scale": MEL_SCALES,
        "padding": PADDINGS,
        "normalization": NORMALIZATIONS,
        "power": (1, 2),
        "logarithm": (True, False),
        "padded": (True, False),
    }
    for name, known in choices.items():
        if values[name] not in known:
            raise _bad(name, values[name], "one of " + ", ".join(map(str, known)))
    for name, value in values.items():
        if name in choices or (value is None and name in ("fft_size", "high_hz")):
            continue
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise _bad(name, repr(value), "a number")
        if name in _WHOLE and value != int(value):
            raise _bad(name, value, "a whole number")
        if name in _FROM_ZERO:
            continue
        if not 0 < value < float("inf"):
            raise _bad(name, value, "a value above 0")
    if values["padded"] and (values["padding"] != "none" or values["normalization"] == "peak"):
        given = f"{values['padded']} with padding={values['padding']}"
        raise _bad(
            "padded", f"{given}, normalization={values['normalization']}", "false with these"
        )
    if not 0 <= values["lowest_rms"] <= 1:
        raise _bad("lowest_rms", values["lowest_rms"], "0 to 1")
    if not 0 <= values["num_coefficients"] <= values["num_mels"]:
        raise _bad("num_coefficients", values["num_coefficients"], f"0 to {values['num_mels']}")


def _check_sizes(
    window: int, hop: int, fft_size: int, low_hz: float, high_hz: float, sample_rate_hz: int
) -> None:
    if window < 2:
        raise _bad("window_ms", f"{window} sample(s)", "at least two samples")
    if hop < 1:
        raise _bad("hop_ms", f"{hop} samples", "at least one sample")
    if fft_size < window:
        raise _bad("fft_size", fft_size, f"at least the window's {window} samples, or null")
    if not 0 <= low_hz < high_hz <= sample_rate_hz / 2:
        raise _bad(
            "the range low_hz to high_hz",
            f"{low_hz:g} to {high_hz:g} Hz",
            f"0 <= low_hz < high_hz <= {sample_rate_hz / 2:g} Hz, half the sample rate",
        )


def _check_filters(filters: np.ndarray, num_mels: int, fft_size: int) -> None:
    empty = num_mels - np.count_nonzero(filters.any(axis=0))
    if empty:
        raise _bad(
            "num_mels",
            f"{num_mels} ({empty} of them would hold no frequency)",
            f"fewer for fft_size={fft_size}, or a larger fft_size",
        )


def _bad(name: str, value: Any, expected: str) -> ArgumentError:
    return ArgumentError(
        f"Log-mel features cannot be computed: {name} is {value}.",
        expected=expected,
        fix=f"set {name.split()[-1]} within that range",
    )
