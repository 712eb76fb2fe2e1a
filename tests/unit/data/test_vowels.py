"""Synthetic vowels: what they promise, and that they hold the formants that were asked for."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from zoo import testing
from zoo.data.embedded import vowels


@pytest.fixture(scope="module")
def dataset():
    return vowels.load()


def test_the_contract_of_datasets_holds(dataset):
    testing.check_dataset(dataset)


def test_every_speaker_says_every_vowel_twice_and_is_in_one_split(dataset):
    assert dataset.counts() == {"train": [120] * 10, "test": [32] * 10}
    who = {name: set(split.columns["group"]) for name, split in dataset.splits.items()}
    assert len(who["train"]) == 60 and len(who["test"]) == 16
    assert not who["train"] & who["test"]
    kinds = {kind: sum(name.startswith(kind) for name in who["test"]) for kind in ("man", "woman")}
    assert kinds == {"man": 7, "woman": 6}


def test_clips_are_short_finite_and_within_full_scale(dataset):
    for split in dataset.splits.values():
        for audio in split.columns["audio"]:
            assert audio.dtype == np.float32 and 2_400 <= audio.size <= 4_000
            assert 0.05 < np.abs(audio).max() <= 1


def test_the_clips_are_the_same_every_time(dataset):
    again = vowels.load()
    assert again.fingerprint == dataset.fingerprint
    np.testing.assert_array_equal(
        again.splits["train"][7]["audio"], dataset.splits["train"][7]["audio"]
    )


def test_samples_lie_on_the_grid_of_16_bits(dataset):
    audio = dataset.splits["train"][3]["audio"].astype("float64") * 32_768
    np.testing.assert_array_equal(audio, np.round(audio))


def test_no_two_clips_are_alike(dataset):
    clips = [a.tobytes() for split in dataset.splits.values() for a in split.columns["audio"]]
    assert len(set(clips)) == len(clips) == 1_520


def test_it_says_that_nobody_spoke(dataset):
    assert any("ynthetic" in note for note in dataset.notes)


def envelope_peaks(formants, *, f0=40.0):
    """Frequencies at which the spectrum of a vowel peaks; a low voice shows the envelope."""
    generator = np.random.default_rng(0)
    spectra = []
    for _ in range(20):
        audio = vowels._vowel(f0, np.array(formants), breath=0.001, noise=1e-5, generator=generator)
        spectra.append(np.abs(np.fft.rfft(audio[400:2_200] * np.hanning(1_800), 4_096)) ** 2)
    power = np.log(np.mean(spectra, axis=0))
    smooth = np.convolve(power, np.hanning(41) / np.hanning(41).sum(), "same")
    hz = np.arange(smooth.size) * vowels.SAMPLE_RATE_HZ / 4_096
    peaks, _ = find_peaks(smooth, prominence=0.5)
    return hz[peaks]


@pytest.mark.parametrize(
    "formants", [(730, 1_690, 2_440), (530, 1_840, 2_800), (660, 1_720, 2_900)]
)
def test_the_spectrum_peaks_at_the_formants(formants):
    peaks = envelope_peaks(formants)
    for formant in formants:
        assert np.abs(peaks - formant).min() < 60


def test_the_pitch_is_the_one_that_was_asked_for():
    generator = np.random.default_rng(1)
    pulses = vowels._pulses(125.0, 16_000, generator)
    places = np.flatnonzero(pulses)
    periods = np.diff(places[np.r_[True, np.diff(places) > 2]])  # a pulse may take two samples
    assert 62 < periods[:5].mean() < 67  # 8000 / 125 = 64; the pitch falls from there
    assert periods[-20:].mean() > periods[:20].mean()
    assert pulses.sum() == pytest.approx(len(periods) + 1, rel=0.05)


def test_the_means_are_those_of_the_paper():
    """Spot checks of table II, and its order: children above women above men, F1 < F2 < F3."""
    assert vowels.MEANS_HZ["man"][0] == (136, 270, 2290, 3010)
    assert vowels.MEANS_HZ["woman"][3] == (210, 860, 2050, 2850)
    assert vowels.MEANS_HZ["child"][9] == (261, 560, 1820, 2160)
    table = np.array([vowels.MEANS_HZ[kind] for kind in ("man", "woman", "child")])  # (3, 10, 4)
    assert (np.diff(table, axis=2) > 0).all()
    assert (np.diff(table[:, :, :2], axis=0) > 0).all()
