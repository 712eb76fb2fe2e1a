"""Made pairs of real digits: a drawing of mnist, a recording of spoken_digit and a word, degraded.

The pairing is ours, by digit, as in AV-MNIST; drawings and voices are real.
"""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Real

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Group, Image, Label, Text
from zoo.columns.readers.images import read_image
from zoo.data.dataset import Dataset, Split
from zoo.data.spoken_digit import SAMPLE_RATE_HZ, parts_of, recordings_of
from zoo.data.spoken_digit_strings import WORDS
from zoo.data.tfds import read_columns
from zoo.errors import ArgumentError, DataError

INPUTS = ("image", "audio", "text")
SPEAKERS = ("george", "jackson", "nicolas", "yweweler")  # of train and validation
TEST_SPEAKER = "theo"
VALIDATION_RECORDINGS = 5  # of each digit and speaker, the first ones
PASSES = {"train": 3, "validation": 3, "test": 4}  # examples that a recording is in
SIDE = 28

_SEED = 17_11  # never changed: a result is only comparable on the same examples
_SHORTEST, _LONGEST = 3, 5  # letters of the words
_RANGES = {
    "image_noise": (0, 4),
    "image_occluded": (0, 1),
    "audio_snr_db": (-60, 100),
    "text_replaced": (0, 1),
    "dependent": (0, 1),
}


@dataclass(frozen=True, kw_only=True)
class Degradation:
    """How much of each input is lost; see `load`."""

    image_noise: float
    image_occluded: float
    audio_snr_db: float | None
    text_replaced: float
    dependent: float

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            is_number = isinstance(value, Real) and not isinstance(value, bool)
            if value is None and name == "audio_snr_db":
                continue
            if not is_number or not low <= value <= high:
                raise ArgumentError(
                    f"{name}={value!r} is out of range.",
                    expected=f"{low} to {high}"
                    + ("; null adds no noise" if name == "audio_snr_db" else ""),
                    fix=f"set data.arguments.{name}",
                )


@dataclass(frozen=True)
class _Pool:
    """What the examples of one split are made of, by digit."""

    recordings: Sequence[Sequence[tuple[str, np.ndarray]]]  # name, float32 (samples,)
    images: Sequence[Sequence[bytes]]


def load(
    name: str = "digit_recordings",
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    image_noise: float = 0.4,
    image_occluded: float = 0.15,
    audio_snr_db: float | None = 10.0,
    text_replaced: float = 0.6,
    dependent: float = 0.0,
) -> Dataset:
    """Return 8,000 examples of a drawn, a spoken and a written digit, each degraded by itself.

    Every recording is in three examples (four of test), every drawing in one, but for those that
    show another digit. Recordings of test are of theo, whom train does not hold; those of validation
    are the first five of each digit and speaker of train. Drawings of test are from mnist's test split.

    With probability `dependent` the losses of an example depend on each other: one of the inputs, each
    equally likely, shows another digit at its usual quality, and the next one of image, audio, text,
    image is destroyed. Only the destroyed input tells which of the others is wrong; none can tell it
    by itself, so that the average of models of one input cannot know it.

    Args:
        name: of the card.
        data_dir, download: of mnist and spoken_digit, as `zoo.data.spoken_digit.load`.
        image_noise: deviation of the normal noise on pixels of 0 to 1, [0, 4].
        image_occluded: share of the drawing's area that a black square covers, [0, 1].
        audio_snr_db: power of a recording over that of white noise, [-60, 100] dB; None adds none.
        text_replaced: probability that a letter is replaced by one of the 25 others, [0, 1].
        dependent: probability that the losses depend on each other, [0, 1].

    Returns:
        image uint8 (28, 28, 1), audio float32 (samples,) in [-1, 1] at 8 kHz, text str ("sevqn"),
        label 0..9, group the recording; splits "train" (5,400), "validation" (600), "test" (2,000).
        An example is made from a seed of its own: other values of one argument change no other input.

    Raises:
        ArgumentError: a value out of range.
        DataError: mnist or spoken_digit is not prepared.

    >>> load().counts()["test"][:3]  # doctest: +SKIP
    [200, 200, 200]
    """
    loss = Degradation(
        image_noise=image_noise,
        image_occluded=image_occluded,
        audio_snr_db=audio_snr_db,
        text_replaced=text_replaced,
        dependent=dependent,
    )
    return _made(name, _pools(data_dir=data_dir, download=download), loss)


def _made(name: str, pools: Mapping[str, _Pool], loss: Degradation) -> Dataset:
    card = next(card for card in DATASETS if card.name == name)
    told = ", ".join(f"{field.name} {getattr(loss, field.name)}" for field in fields(loss))
    return Dataset(
        name=name,
        splits={split: _split(split, pool, loss) for split, pool in pools.items()},
        features={
            "image": Image((SIDE, SIDE, 1)),
            "audio": Audio(SAMPLE_RATE_HZ),
            "text": Text(),
            "label": Label(),
            "group": Group(plural="recordings"),
        },
        classes=tuple(str(digit) for digit in range(10)),
        licence=card.licence,
        source="tfds",
        homepage=card.homepage,
        notes=(
            "The pairs are made: a drawing, a recording and a word of the same digit. Test is spoken by "
            f"{TEST_SPEAKER} alone, train by {', '.join(SPEAKERS)}. No drawing is in two splits.",
            f"What is lost of each input: {told}.",
        ),
    )


def _pools(*, data_dir: str | os.PathLike | None, download: bool) -> dict[str, _Pool]:
    """Return recordings and drawings of each split."""
    names, waves = recordings_of("spoken_digit", data_dir=data_dir, download=download)
    digits, speakers, numbers = parts_of(names)
    unknown = {*SPEAKERS, TEST_SPEAKER} - set(speakers)
    if unknown:
        raise DataError(
            f"spoken_digit has no recordings of {', '.join(sorted(unknown))}.",
            expected=f"{', '.join(SPEAKERS)} and {TEST_SPEAKER}",
            fix="remove the prepared folder and run `zoo data spoken_digit --download`",
        )
    drawn = read_columns("mnist", ["image", "label"], data_dir=data_dir, download=download)
    pools, used = {}, [0] * 10
    home = [_split_of(*one) for one in zip(speakers, numbers, strict=True)]
    for split in PASSES:
        spoken: list[list[tuple[str, np.ndarray]]] = [[] for _ in range(10)]
        for name, wave, digit, place in zip(names, waves, digits, home, strict=True):
            if place == split:
                spoken[digit].append((name, (wave / 32768).astype("float32")))
        source = drawn["test" if split == "test" else "train"]
        first = [0] * 10 if split == "test" else used
        images = []
        for digit in range(10):
            own = [i for i, label in enumerate(source["label"]) if label == digit]
            order = np.random.default_rng([_SEED, len(own), digit]).permutation(own)
            count = len(spoken[digit]) * PASSES[split]
            chosen = order[first[digit] : first[digit] + count]
            images.append([source["image"][i] for i in chosen])
            used[digit] += count
        pools[split] = _Pool(spoken, images)
    return pools


def _split_of(speaker: str, number: int) -> str:
    if speaker == TEST_SPEAKER:
        return "test"
    return "validation" if number < VALIDATION_RECORDINGS else "train"


def _split(split: str, pool: _Pool, loss: Degradation) -> Split:
    """Return the examples of a split, in a fixed random order."""
    place = tuple(PASSES).index(split)
    pairs = [
        (digit, number)
        for digit in range(10)
        for number in range(len(pool.recordings[digit]) * PASSES[split])
    ]
    order = np.random.default_rng([_SEED, place]).permutation(len(pairs))
    made = [_example(*pairs[i], pool, loss, seed=(_SEED, place, int(i))) for i in order]
    columns = {name: [example[name] for example in made] for name in (*INPUTS, "group")}
    labels = np.array([pairs[i][0] for i in order], dtype="int64")
    return Split({**columns, "image": np.stack(columns["image"]), "label": labels})


def _example(
    digit: int, number: int, pool: _Pool, loss: Degradation, *, seed: tuple[int, ...]
) -> Mapping[str, object]:
    """Return an example of a digit: its number-th drawing and recording, degraded."""
    joint, *own = (np.random.default_rng([*seed, stream]) for stream in range(4))
    depends, wrong, step = joint.random() < loss.dependent, joint.integers(3), joint.integers(1, 10)
    shown, destroyed = [digit] * 3, -1
    if depends:
        shown[wrong], destroyed = int(digit + step) % 10, int(wrong + 1) % 3
    drawings, spoken = pool.images[shown[0]], pool.recordings[shown[1]]
    image = read_image(drawings[number % len(drawings)], channels=1)
    name, audio = spoken[number % len(spoken)]
    return {
        "image": degraded_image(image, loss, own[0], destroyed=destroyed == 0),
        "audio": degraded_audio(audio, loss, own[1], destroyed=destroyed == 1),
        "text": degraded_text(WORDS[shown[2]], loss, own[2], destroyed=destroyed == 2),
        "group": name,
    }


def degraded_image(
    image: np.ndarray, loss: Degradation, generator: np.random.Generator, *, destroyed: bool
) -> np.ndarray:
    """Return a drawing uint8 (H, W, 1) behind a square and noise; destroyed, the noise alone."""
    noise = generator.normal(0, 1, image.shape)
    side = round(math.sqrt(loss.image_occluded * image.shape[0] * image.shape[1]))
    top, left = (int(generator.random() * (size - side + 1)) for size in image.shape[:2])
    pixels = np.zeros(image.shape) if destroyed else image / 255.0
    pixels[top : top + side, left : left + side] = 0
    return np.round(255 * np.clip(pixels + loss.image_noise * noise, 0, 1)).astype("uint8")


def degraded_audio(
    audio: np.ndarray, loss: Degradation, generator: np.random.Generator, *, destroyed: bool
) -> np.ndarray:
    """Return a recording float32 (samples,) in noise; destroyed, noise of its power and length."""
    noise = generator.normal(0, 1, len(audio)) * math.sqrt(float(np.mean(audio**2)))
    if destroyed:
        heard = noise
    elif loss.audio_snr_db is None:
        return audio
    else:
        heard = audio + noise * 10 ** (-loss.audio_snr_db / 20)
    return (heard / max(1.0, float(np.abs(heard).max()))).astype("float32")


def degraded_text(
    word: str, loss: Degradation, generator: np.random.Generator, *, destroyed: bool
) -> str:
    """Return a word with letters replaced; destroyed, three to five letters at random."""
    replaced, steps = generator.random(len(word)), generator.integers(1, 26, len(word))
    if destroyed:
        count = generator.integers(_SHORTEST, _LONGEST + 1)
        return "".join(chr(ord("a") + letter) for letter in generator.integers(0, 26, count))
    return "".join(
        chr(ord("a") + (ord(letter) - ord("a") + step) % 26)
        if draw < loss.text_replaced
        else letter
        for letter, draw, step in zip(word, replaced, steps, strict=True)
    )
