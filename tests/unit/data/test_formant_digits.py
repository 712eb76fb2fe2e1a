"""Synthetic strings of digits: what they promise, and that the synthesizer does what it is told."""

from collections import Counter

import numpy as np
import pytest
from scipy.signal import find_peaks

from zoo import testing
from zoo.data.embedded import formant_digits as digits
from zoo.data.embedded.vowels import MEANS_HZ

RATE = digits.SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def dataset():
    return digits.load()


def test_the_contract_of_datasets_holds(dataset):
    testing.check_dataset(dataset)


def test_no_voice_is_in_two_splits(dataset):
    assert {name: len(split) for name, split in dataset.splits.items()} == {
        "train": 500,
        "validation": 100,
        "test": 160,
    }
    voices = [set(split.columns["group"]) for split in dataset.splits.values()]
    assert list(map(len, voices)) == [50, 10, 16]
    assert len(set.union(*voices)) == 76
    for found in voices:
        assert {name.rstrip("0123456789") for name in found} == {"man", "woman", "child"}


def test_every_voice_says_each_digit_three_times_in_strings_of_every_length(dataset):
    said, lengths = Counter(), Counter()
    for split in dataset.splits.values():
        for voice, text in zip(split.columns["group"], split.columns["text"], strict=True):
            words = text.split()
            lengths[voice, len(words)] += 1
            said.update((voice, word) for word in words)
    assert set(said.values()) == {3} and len(said) == 76 * 10
    assert set(lengths.values()) == {2} and {size for _, size in lengths} == {1, 2, 3, 4, 5}


def test_clips_are_finite_on_the_grid_of_16_bits_and_no_two_are_alike(dataset):
    clips = [audio for split in dataset.splits.values() for audio in split.columns["audio"]]
    for audio in clips:
        assert audio.dtype == np.float32 and 0.3 < audio.size / RATE < 4
        assert 0.05 < np.abs(audio).max() <= 1
        steps = audio.astype("float64") * 32_768
        np.testing.assert_array_equal(steps, np.round(steps))
    assert len({audio.tobytes() for audio in clips}) == len(clips)


def test_a_voice_says_the_same_every_time(dataset):
    first = [audio for _, audio in digits._strings("man", 1)]
    kept = dataset.splits["train"].columns["audio"][:10]
    assert all(np.array_equal(*pair) for pair in zip(first, kept, strict=True))


def test_it_says_that_nobody_spoke(dataset):
    assert any("ynthetic" in note for note in dataset.notes)


# --- the synthesizer

VOICE = digits._Voice(
    f0_hz=40.0,  # so low that the spectrum shows its envelope
    scale=np.ones(3),
    vowels_hz={
        name: np.array(row[1:], "float64")
        for name, row in zip(digits.CLASSES, MEANS_HZ["man"], strict=True)
    },
    pace=1.0,
    breath=0.001,
    room=0.0,
)


def sound_of(*names, states=60, f0_hz=40.0):
    """Half a second or so of each phone, one after the other."""
    targets = [digits._targets(name, VOICE) for name in names]
    phones = [phone for phone, *_ in targets for _ in range(states)]
    formants = np.concatenate([np.linspace(*ends, states) for _, *ends in targets])
    generator = np.random.default_rng(0)
    return digits._synthesized(phones, formants, np.full(len(phones), f0_hz), VOICE, generator)


def peaks_of(sound):
    """Frequencies at which the spectrum of a sound peaks."""
    power = np.abs(np.fft.rfft(sound * np.hanning(sound.size), 8_192)) ** 2
    smooth = np.convolve(power, np.hanning(101) / np.hanning(101).sum(), "same")
    places, _ = find_peaks(np.log(smooth), prominence=0.5)
    return places * RATE / 8_192


@pytest.mark.parametrize("name", ["AA", "EH", "IH"])
def test_a_vowel_has_the_formants_that_were_asked_for(name):
    found = peaks_of(sound_of(name)[400:-400])
    for formant in VOICE.vowels_hz[name]:
        assert np.abs(found - formant).min() < 70


def test_a_glide_goes_from_one_vowel_to_the_other():
    sound = sound_of("AA-IH", states=120)
    ends = peaks_of(sound[:1_000]), peaks_of(sound[-1_000:])
    for found, name in zip(ends, ("AA", "IH"), strict=True):
        assert np.abs(found - VOICE.vowels_hz[name][1]).min() < 150


def test_a_sibilant_is_high_and_without_voice():
    sound = sound_of("IY", "S")
    vowel, hiss = sound[600:2_000], sound[2_800:4_400]
    power = np.abs(np.fft.rfft(hiss)) ** 2
    hz = np.fft.rfftfreq(hiss.size, 1 / RATE)
    assert power[hz > 3_000].sum() > 5 * power[hz < 2_000].sum()
    assert np.sqrt(np.mean(hiss**2)) == pytest.approx(0.3 * np.sqrt(np.mean(vowel**2)), rel=0.15)


def test_a_closure_is_silent():
    sound = sound_of("AA", "_T", "T")
    closed = sound[60 * digits._HOP + 400 : 120 * digits._HOP - 400]
    assert np.abs(closed).max() < 1e-3 * np.abs(sound).max()


def test_the_nose_takes_away_what_lies_at_its_zero_and_nothing_where_it_is_shut():
    opened, shut = digits._damping(np.array([450.0, 270.0]), 100) * digits._NOSE
    assert np.abs(opened[round(450 / RATE * digits._SPAN)]) < 0.3
    np.testing.assert_allclose(shut, 1)


def test_a_response_that_stays_the_same_is_a_filter():
    from scipy.signal import sosfilt

    from zoo.data.embedded.vowels import _resonator

    source = np.random.default_rng(1).normal(size=40 * digits._HOP)
    ringing = digits._ringing(
        source, lambda states: 1 / digits._damping(np.full(len(states), 700.0), 150)
    )
    expected = sosfilt(np.array([_resonator(700, 150)]), source)
    # Half a state is a fade, at both ends.
    inner = slice(digits._SPAN, -digits._HOP // 2)
    atol = 0.01 * np.abs(expected).max()
    np.testing.assert_allclose(ringing[inner], expected[inner], atol=atol)


def test_the_pitch_is_the_one_that_was_asked_for():
    pulses = digits._pulses(np.full(16_000, 125.0), np.random.default_rng(1))
    places = np.flatnonzero(pulses)
    periods = np.diff(places[np.r_[True, np.diff(places) > 2]])  # a pulse may take two samples
    assert periods.mean() == pytest.approx(RATE / 125, abs=0.3)
    assert len(periods) + 1 == pytest.approx(250, abs=2)
