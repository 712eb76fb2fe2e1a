"""A drawn digit, a spoken one and a number word that tell of one digit, each as often as a knob says.

Made for models of several inputs: what every input tells and what several tell together is known
exactly, so that measures of a model's reliance on its inputs can be checked. The images are those of
`zoo.data.embedded.digits`, the sounds are made by the synthesizer of `formant_digits`.
"""

import itertools
import numbers
from collections.abc import Sequence

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Group, Image, Label, Number, Text
from zoo.data.dataset import Dataset, Split
from zoo.data.embedded import digits
from zoo.data.embedded.formant_digits import SAMPLE_RATE_HZ, WORDS, single_digits
from zoo.errors import ArgumentError

INPUTS = ("image", "audio", "text")
EXAMPLES = {"train": 3_000, "validation": 600, "test": 1_500}

_CARD = next(card for card in DATASETS if card.name == "digit_trios")
_SEED = 23_12  # never changed: a result is only comparable on the same examples
_SAID = (
    "{}",
    "number {}",
    "the digit {}",
    "it is {}",
    "{} it is",
    "a {}",
    "{} please",
    "this is {}",
)


def load(
    *,
    image_tells: float = 0.85,
    audio_tells: float = 0.75,
    text_tells: float = 0.65,
    shared: float = 0.0,
) -> Dataset:
    """Return 5,100 examples of an image, a sound and a text; the label is the digit that is meant.

    Each input shows the digit that is meant with the probability of its knob, or else one of the nine
    others, all equally likely. With probability `shared`, one draw decides for all three inputs: those
    that are wrong are wrong together, and show the same digit.

    Args:
        image_tells, audio_tells, text_tells: probability that this input shows the digit, [0.1, 1].
        shared: probability that one draw decides for all inputs, [0, 1].

    Returns:
        image uint8 (8, 8, 1), audio float32 (samples,) at 8 kHz, text str ("the digit seven"), label
        0..9, value the same as a number, group the voice ("man01"). Images and voices of train,
        validation and test differ.

    Raises:
        ArgumentError: a probability out of range.

    >>> load().splits["train"][0]["text"]
    'number zero'
    """
    told = _checked((image_tells, audio_tells, text_tells), shared)
    clips, images = single_digits(repeats=2), _images()
    splits = {name: _split(name, told, shared, clips[name], images[name]) for name in EXAMPLES}
    return Dataset(
        name="digit_trios",
        splits=splits,
        features={
            "image": Image((8, 8, 1)),
            "audio": Audio(SAMPLE_RATE_HZ),
            "text": Text(),
            "label": Label(),
            "value": Number(),
            "group": Group("voices"),
        },
        classes=tuple(str(digit) for digit in range(10)),
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            "Each input shows the digit that is meant as often as its knob says.",
            "The sounds are synthetic; no voice and no drawing is in two splits.",
        ),
    )


def best_accuracy(told: Sequence[float], shared: float) -> np.ndarray:
    """Return the highest accuracy that any model can reach with each subset of the inputs, (2 ** M,).

    Bit m of a subset's number says that input m is there. The digits that inputs show are taken as
    known; the answer is the digit that most probably was meant.

    Args:
        told: probability of each of M inputs.
        shared: as of `load`.

    >>> best_accuracy((0.9, 0.8), 0.0).round(3).tolist()
    [0.1, 0.9, 0.8, 0.9]
    """
    found = [0.1]
    for subset in range(1, 2 ** len(told)):
        members = [m for m in range(len(told)) if subset >> m & 1]
        likely = _likelihood([told[m] for m in members], shared)  # (10, …) by digit meant
        found.append(float(likely.max(axis=0).sum() / 10))
    return np.array(found)


def _likelihood(told: Sequence[float], shared: float) -> np.ndarray:
    """Return the probability of the digits that M inputs show, (10, 10, …), by the digit meant."""
    meant = np.arange(10)
    apart = np.ones((10, *[10] * len(told)))
    together = np.zeros_like(apart)
    for m, share in enumerate(told):
        each = np.where(np.eye(10, dtype="bool"), share, (1 - share) / 9)  # (10, 10)
        apart = apart * each.reshape(10, *[10 if k == m else 1 for k in range(len(told))])
    edges = sorted({0.0, 1.0, *told})
    for low, high in itertools.pairwise(edges):
        right = [share > low for share in told]  # of a draw between both edges
        for digit, wrong in itertools.product(meant, meant):
            if digit != wrong:
                shown = tuple(int(digit if good else wrong) for good in right)
                together[(digit, *shown)] += (high - low) / 9
    return shared * together + (1 - shared) * apart


def _split(
    name: str,
    told: Sequence[float],
    shared: float,
    clips: Sequence[Sequence[tuple[str, np.ndarray]]],
    images: Sequence[np.ndarray],
) -> Split:
    """Return the examples of a split.

    Args:
        name: of the split.
        told, shared: as `best_accuracy`.
        clips, images: by digit; a clip with its voice.
    """
    generator, count = np.random.default_rng([_SEED, tuple(EXAMPLES).index(name)]), EXAMPLES[name]
    meant = generator.integers(0, 10, count)
    shown = _shown(meant, told, shared, generator)  # (N, 3)
    seen = [images[digit][generator.integers(len(images[digit]))] for digit in shown[:, 0]]
    said = [clips[digit][generator.integers(len(clips[digit]))] for digit in shown[:, 1]]
    forms = generator.integers(0, len(_SAID), count)
    return Split(
        {
            "image": np.stack(seen),
            "audio": [audio for _, audio in said],
            "text": [_SAID[f].format(WORDS[d]) for f, d in zip(forms, shown[:, 2], strict=True)],
            "label": meant,
            "value": meant.astype("float64"),
            "group": [voice for voice, _ in said],
        }
    )


def _images() -> dict[str, list[np.ndarray]]:
    """Return the drawings of each digit by split; validation has the last tenth of train's."""
    splits = digits.load().splits
    whole = {
        name: [split.columns["image"][split.labels == d] for d in range(10)]
        for name, split in splits.items()
    }
    cuts = [len(drawn) * 9 // 10 for drawn in whole["train"]]
    train, validation = (
        [drawn[part(cut)] for drawn, cut in zip(whole["train"], cuts, strict=True)]
        for part in (lambda cut: slice(0, cut), lambda cut: slice(cut, None))
    )
    return {"train": train, "validation": validation, "test": whole["test"]}


def _checked(told: Sequence[float], shared: float) -> tuple[float, ...]:
    """Return the probabilities; raise ArgumentError for one out of range."""
    ranges = [(f"{name}_tells", share, 0.1) for name, share in zip(INPUTS, told, strict=True)]
    for name, value, lowest in (*ranges, ("shared", shared, 0.0)):
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not is_number or not lowest <= value <= 1:
            raise ArgumentError(
                f"{name}={value!r} is not a valid probability.",
                expected=f"{lowest:g} to 1",
                fix=f"set data.arguments.{name}",
            )
    return tuple(told)


def _shown(
    meant: np.ndarray, told: Sequence[float], shared: float, generator: np.random.Generator
) -> np.ndarray:
    """Return the digit that each input shows, (N, M)."""
    count, inputs = len(meant), len(told)
    draws, steps = generator.random((count, inputs)), generator.integers(1, 10, (count, inputs))
    joint = generator.random(count) < shared
    draws[joint], steps[joint] = draws[joint, :1], steps[joint, :1]
    wrong = (meant[:, None] + steps) % 10
    return np.where(draws < np.array(told), meant[:, None], wrong)
