"""Ten synthetic spoken vowels: no recording, no download.

A source-filter model (Fant 1960): pulses of a voice, with the jitter, shimmer and breath of a real
one, through resonators at the formants that Peterson and Barney measured ("Control Methods Used in a
Study of the Vowels", JASA 24, 1952, table II). As there, 33 men, 28 women and 15 children say each
vowel twice. Made for trying speech models within a minute; results say nothing about recorded speech.
"""

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Group, Label
from zoo.data.dataset import Dataset, Split

SAMPLE_RATE_HZ = 8_000
CLASSES = ("IY", "IH", "EH", "AE", "AA", "AO", "UH", "UW", "AH", "ER")  # ARPAbet

_CARD = next(card for card in DATASETS if card.name == "vowels")
_SEED = 1952  # never changed: a result is only comparable on the same clips
_REPETITIONS = 2
SPEAKERS = {"man": 33, "woman": 28, "child": 15}
TEST_SPEAKERS = {"man": 7, "woman": 6, "child": 3}  # the last ones of each kind

# Mean F0, F1, F2, F3 in Hz by vowel, in the order of CLASSES: heed, hid, head, had, hod, hawed,
# hood, who'd, hud, heard.
MEANS_HZ = {
    "man": [
        (136, 270, 2290, 3010),
        (135, 390, 1990, 2550),
        (130, 530, 1840, 2480),
        (127, 660, 1720, 2410),
        (124, 730, 1090, 2440),
        (129, 570, 840, 2410),
        (137, 440, 1020, 2240),
        (141, 300, 870, 2240),
        (130, 640, 1190, 2390),
        (133, 490, 1350, 1690),
    ],
    "woman": [
        (235, 310, 2790, 3310),
        (232, 430, 2480, 3070),
        (223, 610, 2330, 2990),
        (210, 860, 2050, 2850),
        (212, 850, 1220, 2810),
        (216, 590, 920, 2710),
        (232, 470, 1160, 2680),
        (231, 370, 950, 2670),
        (221, 760, 1400, 2780),
        (218, 500, 1640, 1960),
    ],
    "child": [
        (272, 370, 3200, 3730),
        (269, 530, 2730, 3600),
        (260, 690, 2610, 3570),
        (251, 1010, 2320, 3320),
        (256, 1030, 1370, 3170),
        (263, 680, 1060, 3180),
        (276, 560, 1410, 3310),
        (274, 430, 1170, 3260),
        (261, 850, 1590, 3360),
        (261, 560, 1820, 2160),
    ],
}
BANDWIDTHS_HZ = (80, 100, 150)
HIGHEST_HZ = 3_900  # a formant above half the sample rate cannot be heard

# Spread of voices; standard deviations, as shares of the mean.
TRACT = 0.05  # a speaker's scale of all formants
PITCH = 0.12  # a speaker's F0
HABIT = 0.03  # a speaker's own place of a formant in a vowel
_TOKEN = 0.02  # one utterance's place of a formant


def load() -> Dataset:
    """Return 1,520 synthetic clips at 8 kHz, 0.3 to 0.5 s, with speakers apart in train and test.

    Returns:
        audio float32 (samples,) in [-1, 1], label 0..9, group the speaker ("man01"); splits "train"
        (60 speakers) and "test" (16 speakers), no "validation".

    >>> len(load().splits["test"])
    320
    """
    columns = {name: {"audio": [], "label": [], "group": []} for name in ("train", "test")}
    for kind, count in SPEAKERS.items():
        for number in range(1, count + 1):
            split = columns["test" if number > count - TEST_SPEAKERS[kind] else "train"]
            for label, audio in _speaker(kind, number):
                split["audio"].append(audio)
                split["label"].append(label)
                split["group"].append(f"{kind}{number:02d}")
    return Dataset(
        name="vowels",
        splits={
            name: Split({**split, "label": np.array(split["label"], dtype="int64")})
            for name, split in columns.items()
        },
        features={
            "audio": Audio(SAMPLE_RATE_HZ),
            "label": Label(),
            "group": Group("speakers"),
        },
        classes=CLASSES,
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            "Synthetic: made by a source-filter model from mean formants; nobody said these vowels.",
            "No speaker is in both train and test: 60 and 16 of 76.",
        ),
    )


def _speaker(kind: str, number: int) -> list[tuple[int, np.ndarray]]:
    """Return the (label, clip) pairs of one speaker."""
    generator = np.random.default_rng([_SEED, tuple(SPEAKERS).index(kind), number])
    tract, pitch = np.exp(generator.normal(0, (TRACT, PITCH)))
    habits = np.exp(generator.normal(0, HABIT, (len(CLASSES), 3)))
    breath = 10 ** generator.uniform(-2.5, -1.2)
    noise = 10 ** generator.uniform(-2.5, -1.0)  # of the room, beside a voice of 1
    clips = []
    for label, (f0, *formants) in enumerate(MEANS_HZ[kind]):
        for _ in range(_REPETITIONS):
            token = np.exp(generator.normal(0, _TOKEN, 3))
            audio = _vowel(
                f0 * pitch * np.exp(generator.normal(0, 0.03)),
                np.minimum(np.array(formants) * tract * habits[label] * token, HIGHEST_HZ),
                breath=breath,
                noise=noise,
                generator=generator,
            )
            clips.append((label, audio))
    return clips


def _vowel(
    f0: float,
    formants: np.ndarray,
    *,
    breath: float,
    noise: float,
    generator: np.random.Generator,
) -> np.ndarray:
    """Return one clip, float32 (samples,), on the grid of 16 bits."""
    from scipy.signal import sosfilt  # half a second of imports that listing must not pay

    size = int(generator.uniform(0.3, 0.5) * SAMPLE_RATE_HZ)
    source = _pulses(f0, size, generator)
    source += breath * generator.normal(size=size)
    # Each pole pair at 0 Hz takes 12 dB an octave off, as the glottis does; lips give 6 back.
    sections = [_resonator(0, 100), *map(_resonator, formants, BANDWIDTHS_HZ)]
    voice = np.diff(sosfilt(np.array(sections), source), prepend=0.0)
    voice *= _envelope(size, generator) / np.sqrt(np.mean(voice**2))
    return recorded(voice + noise * generator.normal(size=size), generator)


def recorded(audio: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return a clip at some level, float32 (samples,), on the grid of 16 bits."""
    level = 10 ** generator.uniform(-1.2, -0.1)
    # Rounded as a recording would be: what differs between machines in the last digit goes.
    return (np.round(audio * (level / np.abs(audio).max()) * 32767) / 32768).astype("float32")


def _pulses(f0: float, size: int, generator: np.random.Generator) -> np.ndarray:
    """Return pulses of the vocal folds, (size,): periods and strengths vary, the pitch falls."""
    count = int(1.5 * f0 * size / SAMPLE_RATE_HZ) + 4
    falling = np.linspace(1, generator.uniform(0.8, 1.0), count)
    jitter = 1 + 0.01 * generator.normal(size=count)
    times = np.cumsum(SAMPLE_RATE_HZ / (f0 * falling) * jitter)
    return pulses_at(times, 1 + 0.05 * generator.normal(size=count), size)


def pulses_at(times: np.ndarray, strengths: np.ndarray, size: int) -> np.ndarray:
    """Return pulses at times in samples, (size,); those that lie behind the end are left out."""
    strengths, times = strengths[times < size - 1], times[times < size - 1]
    whole = times.astype(int)
    pulses = np.zeros(size)
    np.add.at(pulses, whole, strengths * (1 - (times - whole)))  # between two samples: to both
    np.add.at(pulses, whole + 1, strengths * (times - whole))
    return pulses


def _resonator(frequency_hz: float, bandwidth_hz: float) -> list[float]:
    """Return a second-order section with gain 1 at 0 Hz (Klatt 1980)."""
    radius = np.exp(-np.pi * bandwidth_hz / SAMPLE_RATE_HZ)
    a1 = -2 * radius * np.cos(2 * np.pi * frequency_hz / SAMPLE_RATE_HZ)
    a2 = radius**2
    return [1 + a1 + a2, 0, 0, 1, a1, a2]


def _envelope(size: int, generator: np.random.Generator) -> np.ndarray:
    """Return a rise and a fall, both smooth, and 1 between."""
    rise, fall = (generator.uniform(0.02, (0.06, 0.12)) * SAMPLE_RATE_HZ).astype(int)
    envelope = np.ones(size)
    envelope[:rise] = np.sin(np.pi / 2 * np.arange(rise) / rise) ** 2
    envelope[size - fall :] = np.cos(np.pi / 2 * np.arange(fall) / fall) ** 2
    return envelope
