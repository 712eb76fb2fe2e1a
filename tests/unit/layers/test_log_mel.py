"""LogMel: equal to librosa and to a plain NumPy transform; frames, normalization, what is refused."""

import itertools

import keras
import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import ArgumentError
from zoo.layers.log_mel import LogMel, mel_filters

RATE = 8_000
MEL = dict(num_mels=20, low_hz=50.0, high_hz=3_800.0)


def clips(count=2, samples=2_400, seed=0):
    """Chirps in noise: every frequency occurs, none alone."""
    generator = np.random.default_rng(seed)
    time = np.arange(samples) / RATE
    starts = generator.uniform(100, 600, (count, 1))
    chirps = 0.4 * np.sin(2 * np.pi * (starts * time + 3_000 * time**2))
    return (chirps + 0.02 * generator.normal(size=(count, samples))).astype("float32")


def run(layer, audio):
    return keras.ops.convert_to_numpy(layer(audio))


# 2 scales x 2 paddings x 2 powers x 3 sizes x 2 kinds of features = 48 settings
SETTINGS = list(
    itertools.product(
        ("htk", "slaney"),
        ("none", "reflect"),
        (1, 2),
        ((25, 10, None), (32, 8, 256), (40, 20, 1024)),
        (0, 13),
    )
)


@pytest.mark.parametrize("mel_scale, padding, power, sizes, coefficients", SETTINGS)
def test_features_are_those_of_librosa(mel_scale, padding, power, sizes, coefficients):
    window_ms, hop_ms, fft_size = sizes
    layer = LogMel(
        RATE,
        window_ms=window_ms,
        hop_ms=hop_ms,
        fft_size=fft_size,
        mel_scale=mel_scale,
        power=power,
        log_floor=1e-10,
        padding=padding,
        num_coefficients=coefficients,
        **MEL,
    )
    audio = clips()
    # librosa puts the window into the middle of the FFT, and frames the FFT; without padding, what
    # it would look at beyond the window's ends is given as silence.
    before = (layer.fft_size - layer.window) // 2
    margins = (before, layer.fft_size - layer.window - before)
    given = audio if padding == "reflect" else np.pad(audio, [(0, 0), margins])
    mel = librosa.feature.melspectrogram(
        y=given,
        sr=RATE,
        n_fft=layer.fft_size,
        win_length=layer.window,
        hop_length=layer.hop,
        center=padding == "reflect",
        pad_mode="reflect",
        power=power,
        n_mels=MEL["num_mels"],
        fmin=MEL["low_hz"],
        fmax=MEL["high_hz"],
        htk=mel_scale == "htk",
        norm=None if mel_scale == "htk" else "slaney",
    )
    expected = np.log(np.maximum(mel, 1e-10))
    if coefficients:
        expected = librosa.feature.mfcc(S=expected, n_mfcc=coefficients, norm="ortho")
    ours = run(layer, audio).transpose(0, 2, 1)
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).max() <= 1e-3 * np.abs(expected).max()
    if not coefficients:  # relative in each bin, too: a thousandth is 0.001 of a logarithm
        np.testing.assert_allclose(ours, expected, atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    window_ms=st.sampled_from([10.0, 20.0, 31.3]),
    hop_ms=st.sampled_from([5.0, 10.0]),
    samples=st.integers(300, 900),
    low_hz=st.sampled_from([0.0, 100.0]),
    seed=st.integers(0, 99),
)
def test_features_are_those_of_a_plain_transform(window_ms, hop_ms, samples, low_hz, seed):
    layer = LogMel(
        RATE, window_ms=window_ms, hop_ms=hop_ms, fft_size=512, num_mels=12, low_hz=low_hz
    )
    audio = clips(samples=samples, seed=seed)
    window, hop = round(window_ms * 8), round(hop_ms * 8)
    hann = np.hanning(window + 1)[:-1]
    frames = [
        audio[:, start : start + window] * hann for start in range(0, samples - window + 1, hop)
    ]
    spectrum = np.abs(np.fft.rfft(np.stack(frames, axis=1), 512)) ** 2  # (B, T, F)
    edges = 2595 * np.log10(1 + np.array([low_hz, RATE / 2]) / 700)
    hz = 700 * (10 ** (np.linspace(*edges, 14) / 2595) - 1)
    bins = np.arange(257) * RATE / 512
    filters = np.stack(
        [np.interp(bins, hz[i : i + 3], [0, 1, 0], left=0, right=0) for i in range(12)], axis=1
    )
    expected = np.log(np.maximum(spectrum @ filters, 1e-6))
    ours = run(layer, audio)
    assert ours.shape == expected.shape == (2, layer.num_frames(samples), 12)
    np.testing.assert_allclose(ours, expected, atol=1e-3)


@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_filters_are_those_of_librosa(scale):
    theirs = librosa.filters.mel(
        sr=16_000, n_fft=512, n_mels=30, fmin=0, fmax=8_000,
        htk=scale == "htk", norm=None if scale == "htk" else "slaney", dtype="float64",
    )  # fmt: skip
    ours = mel_filters(30, 512, 16_000, low_hz=0, high_hz=8_000, scale=scale)
    np.testing.assert_allclose(ours, theirs.T, atol=1e-12)


@pytest.mark.parametrize(
    "window_ms, hop_ms, padding, frames",
    [
        (30, 10, "none", 98),
        (40, 20, "none", 49),
        (25, 10, "reflect", 101),
        (30, 10, "reflect", 101),
        (25, 10, "reflect_cut", 100),
    ],
)
def test_a_second_has_the_usual_number_of_frames(window_ms, hop_ms, padding, frames):
    layer = LogMel(16_000, window_ms=window_ms, hop_ms=hop_ms, padding=padding, num_mels=8)
    assert layer.num_frames(16_000) == frames
    assert layer.compute_output_shape((None, 16_000)) == (None, frames, 8)
    assert run(layer, np.zeros((1, 16_000), "float32")).shape == (1, frames, 8)


@settings(max_examples=25, deadline=None)
@given(samples=st.integers(240, 700), padding=st.sampled_from(["none", "reflect"]))
def test_the_shape_that_is_promised_is_the_shape_that_comes(samples, padding):
    layer = LogMel(RATE, window_ms=20.1, hop_ms=7.3, num_mels=6, fft_size=512, padding=padding)
    assert run(layer, clips(samples=samples)).shape == layer.compute_output_shape((2, samples))


def test_a_tone_is_loudest_in_its_own_bin():
    layer = LogMel(RATE, num_mels=10, fft_size=1024)
    edges = 700 * (
        10 ** (np.linspace(*(2595 * np.log10(1 + np.array([20, 4000]) / 700)), 12) / 2595) - 1
    )
    for index in (1, 5, 8):
        tone = np.sin(2 * np.pi * edges[index + 1] * np.arange(1_600) / RATE).astype("float32")
        assert (run(layer, tone[None]).argmax(-1) == index).all()


@pytest.mark.parametrize("normalization, axes", [("utterance", 1), ("clip", (1, 2))])
def test_normalization_brings_each_clip_or_bin_to_mean_0_and_variance_1(normalization, axes):
    features = run(LogMel(RATE, normalization=normalization, **MEL), clips())
    np.testing.assert_allclose(features.mean(axis=axes), 0, atol=1e-4)
    np.testing.assert_allclose(features.std(axis=axes), 1, atol=1e-3)


def test_normalization_of_a_clip_keeps_what_tells_its_bins_apart():
    plain = run(LogMel(RATE, **MEL), clips())
    whole = run(LogMel(RATE, normalization="clip", **MEL), clips())
    for one, other in zip(plain, whole, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9999


@pytest.mark.parametrize("normalization", ["utterance", "clip"])
def test_normalization_takes_loudness_out(normalization):
    layer = LogMel(RATE, normalization=normalization, log_floor=1e-12, **MEL)
    audio = clips()
    np.testing.assert_allclose(run(layer, audio / 8), run(layer, audio), atol=2e-3)


@pytest.mark.parametrize("normalization", ["none", "clip", "utterance"])
def test_silence_gives_the_floor_and_no_nan(normalization):
    layer = LogMel(RATE, log_floor=1e-6, normalization=normalization, **MEL)
    features = run(layer, np.zeros((1, 800), "float32"))
    expected = np.log(1e-6) if normalization == "none" else 0.0
    np.testing.assert_allclose(features, expected, atol=1e-3)  # the mean is rounded


def test_mel_power_without_a_logarithm_is_that_of_librosa():
    layer = LogMel(RATE, mel_scale="slaney", padding="reflect", logarithm=False, **MEL)
    expected = librosa.feature.melspectrogram(
        y=clips(), sr=RATE, n_fft=256, win_length=200, hop_length=80, pad_mode="reflect",
        n_mels=20, fmin=50, fmax=3_800,
    )  # fmt: skip
    found = run(layer, clips())
    np.testing.assert_allclose(found, expected.swapaxes(1, 2), rtol=1e-4, atol=1e-6)
    assert found.min() >= 0


def test_clips_that_are_too_quiet_are_raised_and_others_left():
    audio = clips()
    loud = audio * (0.2 / np.sqrt((audio**2).mean(axis=1, keepdims=True)))
    raised, plain = LogMel(RATE, lowest_rms=0.1, **MEL), LogMel(RATE, **MEL)
    np.testing.assert_array_equal(run(raised, loud), run(plain, loud))
    np.testing.assert_allclose(run(raised, loud / 100), run(plain, loud / 2), atol=1e-3)
    silence = np.zeros((1, 800), "float32")
    np.testing.assert_array_equal(run(raised, silence), run(plain, silence))


def test_features_are_computed_in_float32_under_bfloat16():
    audio = clips()
    half = LogMel(RATE, dtype="mixed_bfloat16", **MEL)(audio)
    assert keras.backend.standardize_dtype(half.dtype) == "bfloat16"
    whole = run(LogMel(RATE, **MEL), audio)
    # One rounding at the end: 8 bits of mantissa of values up to 16.
    assert np.abs(keras.ops.convert_to_numpy(half).astype("float32") - whole).max() <= 1 / 16


def test_the_config_makes_the_same_layer():
    layer = LogMel(RATE, window_ms=20, hop_ms=8, padding="reflect", num_coefficients=5, **MEL)
    again = LogMel.from_config(layer.get_config())
    np.testing.assert_array_equal(run(again, clips()), run(layer, clips()))


def test_a_model_with_it_is_saved_without_weights_and_comes_back(tmp_path):
    audio = keras.Input((2_400,))
    model = keras.Model(audio, LogMel(RATE, name="log_mel", **MEL)(audio))
    assert not model.weights
    model.save(tmp_path / "front.keras")
    again = keras.saving.load_model(tmp_path / "front.keras")
    np.testing.assert_array_equal(
        again.predict(clips(), verbose=0), model.predict(clips(), verbose=0)
    )


def test_a_model_takes_clips_of_any_length():
    audio = keras.Input((None,))
    layer = LogMel(RATE, **MEL)
    model = keras.Model(audio, layer(audio))
    assert model.output_shape == (None, None, 20)
    for samples in (500, 2_400):
        got = model.predict(clips(samples=samples), verbose=0)
        np.testing.assert_allclose(got, run(layer, clips(samples=samples)), atol=1e-4)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (dict(num_mels=0), "num_mels is 0"),
        (dict(num_mels=2.5), "a whole number"),
        (dict(num_mels="40"), "num_mels is '40'"),
        (dict(logarithm="no"), "logarithm is no"),
        (dict(lowest_rms=-0.1), "lowest_rms is -0.1"),
        (dict(lowest_rms=2.0), "0 to 1"),
        (dict(num_mels=128), "would hold no frequency"),
        (dict(window_ms=-1.0), "window_ms is -1.0"),
        (dict(window_ms=0.1), "at least two samples"),
        (dict(hop_ms=0.01), "hop_ms is 0 samples"),
        (dict(hop_ms=float("nan")), "hop_ms is nan"),
        (dict(fft_size=128), "at least the window's 200 samples"),
        (dict(high_hz=5_000.0), "half the sample rate"),
        (dict(low_hz=3_000.0, high_hz=2_000.0), "3000 to 2000 Hz"),
        (dict(mel_scale="bark"), "one of htk, slaney"),
        (dict(padding="same"), "one of none, reflect"),
        (dict(normalization="global"), "one of none, clip, utterance"),
        (dict(power=3), "one of 1, 2"),
        (dict(log_floor=0.0), "log_floor is 0.0"),
        (dict(num_coefficients=41), "0 to 40"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(wrong, says):
    with pytest.raises(ArgumentError) as caught:
        LogMel(**{"sample_rate_hz": RATE, **wrong})
    assert says in str(caught.value)
    assert next(iter(wrong)) in str(caught.value) or "high_hz" in str(caught.value)


@pytest.mark.parametrize("padding, shortest", [("none", 200), ("reflect", 101)])
def test_a_clip_shorter_than_a_window_is_refused(padding, shortest):
    layer = LogMel(RATE, padding=padding)
    assert layer.num_frames(shortest) >= 1
    with pytest.raises(ArgumentError, match=f"at least {shortest} samples"):
        layer(keras.Input((shortest - 1,)))


@pytest.mark.parametrize("normalization", ["none", "clip", "utterance"])
def test_zeros_at_the_end_are_padding_and_change_nothing_before(normalization):
    layer = LogMel(RATE, normalization=normalization, padded=True, **MEL)
    plain = LogMel(RATE, normalization=normalization, **MEL)
    audio = clips()
    expected = run(plain, audio)
    for margin in (0, 1, 79, 80, 1000):
        found = run(layer, np.pad(audio, [(0, 0), (0, margin)]))
        np.testing.assert_allclose(found[:, : expected.shape[1]], expected, atol=2e-5)
        assert (found[:, expected.shape[1] :] == 0).all()
    assert (run(layer, np.zeros((1, 900), "float32"))[:, 1:] == 0).all()


def test_padding_is_told_from_sound_without_mirrored_ends_alone():
    with pytest.raises(ArgumentError, match="padded"):
        LogMel(RATE, padded=True, padding="reflect", **MEL)
