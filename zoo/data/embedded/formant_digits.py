"""Strings of spoken digits by a formant synthesizer with 76 voices: no recording, no download.

Pulses, breath and the noise of fricatives and bursts go through resonators that move (Klatt 1980,
"Software for a cascade/parallel formant synthesizer", JASA 67): vowels have the formants of
`zoo.data.embedded.vowels`, consonants those of Klatt's table III. Made for trying speech recognition
within minutes; results say nothing about recorded speech.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Group, Text
from zoo.data.dataset import Dataset, Split
from zoo.data.embedded.vowels import (
    BANDWIDTHS_HZ,
    CLASSES,
    HABIT,
    HIGHEST_HZ,
    MEANS_HZ,
    PITCH,
    SAMPLE_RATE_HZ,
    SPEAKERS,
    TEST_SPEAKERS,
    TRACT,
    pulses_at,
    recorded,
)

DIGITS = {  # ARPAbet; "AO-UH" glides from one vowel to the other, "_" is a closure
    "zero": "Z IH R AO-UH",
    "one": "W AH N",
    "two": "_T T UW",
    "three": "TH R IY",
    "four": "F AO R",
    "five": "F AA-IH V",
    "six": "S IH _K K S",
    "seven": "S EH V AH N",
    "eight": "EH-IH _T T",
    "nine": "N AA-IH N",
}
WORDS = tuple(DIGITS)
LONGEST = 5  # digits of a string
REPEATS = 3  # of each digit by each voice
VALIDATION_SPEAKERS = {"man": 4, "woman": 4, "child": 2}  # before those of the test

_CARD = next(card for card in DATASETS if card.name == "formant_digits")
_SEED = 1980  # never changed: a result is only comparable on the same clips
_HOP = 40  # samples from one state of the synthesizer to the next
_SPAN = 240  # samples that a state rings for


class _Phone(NamedTuple):
    """What a consonant is made of; amplitudes beside a vowel's of 1."""

    ms: float
    formants_hz: tuple[float, float, float]  # of a man
    bandwidths_hz: tuple[float, float, float]
    voice: float = 0.0
    breath: float = 0.0  # noise from the glottis, through the formants
    noise: float = 0.0  # of a narrow place, through a resonance of its own
    noise_hz: tuple[float, float] = (3_000, 3_000)  # that resonance and its bandwidth
    zero_hz: float = 270.0  # of the nose; where its pole is, both cancel


_CONSONANTS = {
    "W": _Phone(60, (290, 610, 2150), (60, 80, 60), voice=0.8),
    "R": _Phone(70, (310, 1060, 1380), (70, 100, 120), voice=0.8),
    "N": _Phone(75, (480, 1340, 2470), (60, 300, 300), voice=0.6, zero_hz=450),
    "V": _Phone(60, (220, 1100, 2080), (60, 90, 120), voice=0.4, noise=0.03),
    "Z": _Phone(85, (240, 1390, 2530), (70, 60, 180), voice=0.3, noise=0.15, noise_hz=(3_800, 500)),
    "F": _Phone(95, (340, 1100, 2080), (200, 120, 150), noise=0.06),
    "TH": _Phone(85, (320, 1290, 2540), (200, 90, 200), noise=0.04, noise_hz=(3_600, 2_000)),
    "S": _Phone(115, (320, 1390, 2530), (200, 80, 200), noise=0.3, noise_hz=(3_800, 500)),
    "T": _Phone(
        30, (400, 1600, 2600), (300, 120, 250), breath=0.1, noise=0.25, noise_hz=(3_500, 900)
    ),
    "K": _Phone(
        30, (300, 1990, 2850), (250, 160, 330), breath=0.1, noise=0.25, noise_hz=(2_000, 400)
    ),
    "_T": _Phone(55, (400, 1600, 2600), (300, 120, 250)),
    "_K": _Phone(55, (300, 1990, 2850), (250, 160, 330)),
}
_PAUSE = _Phone(0, (500, 1500, 2500), (200, 200, 200))
_VOWEL_MS, _GLIDE_MS = 130.0, 190.0
_MOVE, _CHANGE = 13, 5  # states that formants and amplitudes take to get from phone to phone

# Spread of voices, beside those of `vowels`.
_PACE = 0.15  # a voice's speed
_LENGTH = 0.15  # one phone's length
_APART = 0.4  # share of digits with a pause before them
_PLACE = 0.04  # one phone's formants


def load() -> Dataset:
    """Return 760 strings of one to five digits at 8 kHz, of voices that are in one split each.

    Each voice says ten strings, two of each length, in which each digit occurs three times. Digits
    run together or stand apart, by up to 0.25 s.

    Returns:
        audio float32 (samples,) in [-1, 1], text str ("three zero five"), group the voice ("man01");
        splits "train" (50 voices), "validation" (10) and "test" (16).

    >>> len(load().splits["test"])
    160
    """
    columns = {
        name: {"audio": [], "text": [], "group": []} for name in ("train", "validation", "test")
    }
    for kind, count in SPEAKERS.items():
        for number in range(1, count + 1):
            split = columns[_split_of(kind, number)]
            for digits, audio in _strings(kind, number):
                split["audio"].append(audio)
                split["text"].append(" ".join(WORDS[digit] for digit in digits))
                split["group"].append(f"{kind}{number:02d}")
    return Dataset(
        name="formant_digits",
        splits={name: Split(split) for name, split in columns.items()},
        features={"audio": Audio(SAMPLE_RATE_HZ), "text": Text(), "group": Group("voices")},
        classes=(),
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            "Synthetic: made by a formant synthesizer; nobody said these digits.",
            "No voice is in two splits: 50, 10 and 16 of 76.",
        ),
    )


def single_digits(*, repeats: int = 2) -> dict[str, list[list[tuple[str, np.ndarray]]]]:
    """Return clips of one digit each by split and digit: the voice ("man01") and its sound.

    Args:
        repeats: clips of each digit by each voice.
    """
    found = {name: [[] for _ in WORDS] for name in ("train", "validation", "test")}
    for kind, count in SPEAKERS.items():
        for number in range(1, count + 1):
            voice, generator = _voice(kind, number)
            for digit in [d for d in range(len(WORDS)) for _ in range(repeats)]:
                clip = _spoken([digit], voice, generator)
                found[_split_of(kind, number)][digit].append((f"{kind}{number:02d}", clip))
    return found


def _split_of(kind: str, number: int) -> str:
    behind = SPEAKERS[kind] - number
    if behind < TEST_SPEAKERS[kind]:
        return "test"
    return "validation" if behind < TEST_SPEAKERS[kind] + VALIDATION_SPEAKERS[kind] else "train"


class _Voice(NamedTuple):
    """What stays the same in all that a voice says."""

    f0_hz: float
    scale: np.ndarray  # (3,) of the formants of consonants, beside a man's
    vowels_hz: dict[str, np.ndarray]  # (3,) each
    pace: float
    breath: float
    room: float  # noise beside a voice of 1


def _voice(kind: str, number: int) -> tuple[_Voice, np.random.Generator]:
    """Return one voice, and the generator of all that it says."""
    generator = np.random.default_rng([_SEED, tuple(SPEAKERS).index(kind), number])
    table = {name: np.array(rows, "float64") for name, rows in MEANS_HZ.items()}  # (10, 4)
    tract, pitch = np.exp(generator.normal(0, (TRACT, PITCH)))
    habits = np.exp(generator.normal(0, HABIT, (len(CLASSES), 3)))
    made = _Voice(
        f0_hz=table[kind][:, 0].mean() * pitch,
        scale=tract * (table[kind] / table["man"])[:, 1:].mean(axis=0),
        vowels_hz=dict(zip(CLASSES, table[kind][:, 1:] * tract * habits, strict=True)),
        pace=np.exp(generator.normal(0, _PACE)),
        breath=10 ** generator.uniform(-2.5, -1.2),
        room=10 ** generator.uniform(-2.0, -0.6),
    )
    return made, generator


def _strings(kind: str, number: int) -> list[tuple[list[int], np.ndarray]]:
    """Return the strings of one voice, (digits, clip) each."""
    voice, generator = _voice(kind, number)
    digits = generator.permutation(np.repeat(np.arange(len(WORDS)), REPEATS)).tolist()
    lengths = np.repeat(np.arange(1, LONGEST + 1), len(digits) * 2 // (LONGEST * (LONGEST + 1)))
    ends = np.cumsum(generator.permutation(lengths))
    strings = [digits[end - n : end] for end, n in zip(ends, np.diff(ends, prepend=0), strict=True)]
    return [(string, _spoken(string, voice, generator)) for string in strings]


def _spoken(digits: Sequence[int], voice: _Voice, generator: np.random.Generator) -> np.ndarray:
    """Return a clip, float32 (samples,)."""
    phones, formants, pitch = [], [], []
    for place in range(len(digits) + 1):
        apart = place in (0, len(digits)) or generator.random() < _APART
        if apart:
            count = int(generator.uniform(0.05, 0.25) * SAMPLE_RATE_HZ / _HOP)
            phones += [_PAUSE] * count
            formants += [np.tile(_PAUSE.formants_hz * voice.scale, (count, 1))]
            pitch += [np.zeros(count)]
        if place == len(digits):
            break
        begun = len(phones)
        for name in DIGITS[WORDS[digits[place]]].split():
            phone, start, end = _targets(name, voice)
            ms = phone.ms / voice.pace * np.exp(generator.normal(0, _LENGTH))
            count = max(2, round(ms / 1000 * SAMPLE_RATE_HZ / _HOP))
            shift = np.exp(generator.normal(0, _PLACE, 3))
            phones += [phone] * count
            formants += [np.linspace(start, end, count) * shift]
        accent = generator.uniform(0.0, 0.15)
        pitch += [accent * np.hanning(len(phones) - begun)]
    fall = np.linspace(0, -generator.uniform(0.05, 0.3), len(phones))
    f0 = voice.f0_hz * np.exp(np.concatenate(pitch) + fall + generator.normal(0, 0.03))
    audio = _synthesized(phones, np.concatenate(formants), f0, voice, generator)
    return recorded(audio + voice.room * generator.normal(size=audio.size), generator)


def _targets(name: str, voice: _Voice) -> tuple[_Phone, np.ndarray, np.ndarray]:
    """Return a phone, and its formants (3,) where it begins and where it ends."""
    if name in _CONSONANTS:
        target = _CONSONANTS[name].formants_hz * voice.scale
        return _CONSONANTS[name], target, target
    start, *end = name.split("-")
    ms = _GLIDE_MS if end else _VOWEL_MS
    formants = voice.vowels_hz[start], voice.vowels_hz[end[0] if end else start]
    return _Phone(ms, (0, 0, 0), BANDWIDTHS_HZ, voice=1.0), *formants


def _synthesized(
    phones: Sequence[_Phone],
    formants_hz: np.ndarray,
    f0_hz: np.ndarray,
    voice: _Voice,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return the sound of S states, float64 (S · _HOP,), its voice at a level of 1.

    Args:
        phones: of each state.
        formants_hz: (S, 3).
        f0_hz: (S,).
        voice, generator: as `_spoken`.
    """
    formants = np.minimum(np.exp(_smooth(np.log(formants_hz), _MOVE)), HIGHEST_HZ)
    widths = _smooth(np.array([phone.bandwidths_hz for phone in phones], "float64"), _CHANGE)
    zeros = _smooth(np.array([[phone.zero_hz] for phone in phones]), _MOVE)[:, 0]
    places = np.array([phone.noise_hz for phone in phones])
    places[:, 0] = np.minimum(places[:, 0] * voice.scale[2], HIGHEST_HZ)
    amplitudes = [(phone.voice, phone.breath, phone.noise) for phone in phones]
    voiced, breath, noise = map(_samples, _smooth(np.array(amplitudes), _CHANGE).T)  # (N,) each

    def tract(states: np.ndarray) -> np.ndarray:
        damping = _damping(formants[states, 0], widths[states, 0])
        damping *= _damping(formants[states, 1], widths[states, 1])
        damping *= _damping(formants[states, 2], widths[states, 2])
        return _GLOTTIS * _NOSE * _damping(zeros[states], _NOSE_BANDWIDTH_HZ) / damping

    def narrow(states: np.ndarray) -> np.ndarray:
        response = _LIPS / _damping(*places[states].T)
        return response / np.sqrt(np.mean(np.abs(response) ** 2, axis=1, keepdims=True))

    hiss, other = generator.normal(size=(2, len(voiced)))
    pulses = _pulses(np.repeat(f0_hz, _HOP), generator)
    sound = _ringing((pulses + voice.breath * hiss) * voiced + hiss * breath, tract)
    level = np.sqrt(np.mean(sound[voiced > 0.5] ** 2))
    return sound / level + _ringing(other * noise, narrow)


_Z = np.exp(-2j * np.pi * np.arange(_SPAN // 2 + 1) / _SPAN)  # one sample later, by frequency
_LIPS = 1 - _Z


def _damping(hz: np.ndarray | float, bandwidth_hz: np.ndarray | float) -> np.ndarray:
    """Return what a resonator with gain 1 at 0 Hz divides each frequency by, (S, F) complex."""
    radius = np.exp(-np.pi * np.asarray(bandwidth_hz)[..., None] / SAMPLE_RATE_HZ)
    a1 = -2 * radius * np.cos(2 * np.pi * np.asarray(hz)[..., None] / SAMPLE_RATE_HZ)
    gain = 1 / (1 + a1 + radius**2)
    return gain + _Z * (gain * a1 + _Z * (gain * radius**2))


_GLOTTIS = _LIPS / _damping(0, 100)  # as in `vowels`: -12 dB an octave, and 6 back
_NOSE_BANDWIDTH_HZ = 100
_NOSE = 1 / _damping(270, _NOSE_BANDWIDTH_HZ)


def _ringing(source: np.ndarray, response: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Filter a source (S · _HOP,) by the response of each state, which its neighbours overlap.

    Args:
        source: silent where there is nothing to filter.
        response: of states, from numbers (n,) to (n, F).
    """
    padded = np.pad(source, (_HOP // 2, _HOP + _HOP // 2))
    window = np.hanning(2 * _HOP + 1)[:-1]  # two of them add up to 1
    cut = np.lib.stride_tricks.sliding_window_view(padded, 2 * _HOP)[::_HOP]  # (S + 1, 2 · _HOP)
    states = np.flatnonzero(cut[:-1].any(axis=1))
    rung = np.fft.irfft(np.fft.rfft(cut[states] * window, _SPAN) * response(states), _SPAN)
    parts = rung.reshape(len(states), _SPAN // _HOP, _HOP)  # (n, _SPAN / _HOP, _HOP)
    sound = np.zeros((len(cut) + parts.shape[1], _HOP))
    for later in range(parts.shape[1]):
        sound[states + later] += parts[:, later]
    return sound.reshape(-1)[_HOP // 2 :][: len(source)]


def _pulses(f0_hz: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return pulses of the vocal folds for a pitch by sample, (N,); periods and strengths vary."""
    cycles = np.cumsum(f0_hz) / SAMPLE_RATE_HZ
    numbers = np.arange(1, int(cycles[-1]))
    numbers = numbers + 0.01 * generator.normal(size=numbers.size)
    times = np.interp(numbers, cycles, np.arange(f0_hz.size))
    return pulses_at(times, 1 + 0.05 * generator.normal(size=times.size), f0_hz.size)


def _samples(states: np.ndarray) -> np.ndarray:
    """Return values of states (S,) for each sample, (S · _HOP,)."""
    places = (np.arange(len(states) * _HOP) + 0.5) / _HOP - 0.5
    return np.interp(places, np.arange(len(states)), states)


def _smooth(values: np.ndarray, width: int) -> np.ndarray:
    """Return the means of `width` states around each, (S, C), nearer ones counting more."""
    weights = np.hanning(width + 2)[1:-1]
    padded = np.pad(values, ((width // 2, width // 2), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0)  # (S, C, width)
    return windows @ (weights / weights.sum())
