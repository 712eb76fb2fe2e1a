"""Shortcuts: a small part of the input that alone makes a model answer a class.

Explanations raise the suspicion: of a class's examples, where does what speaks for it concentrate?
The suspicion is then tested. The part is put into examples of other classes, beside a placebo: what
an example of any other class has in that place. How far does that take them to the class? A stroke
of a digit takes them a little of the way, a stamp most of it or all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recipes.explanations.integrated_gradients import FIRST_STEPS
from recipes.explanations.pieces import OF_KIND, Piece, Pieces
from recipes.explanations.progress import Progress
from recipes.explanations.split_explainer import SplitExplainer
from recipes.explanations.work import DONORS, LEAST_DONORS, RECIPIENTS
from recipes.runs.run import load_run
from recipes.runs.splits import examples_to_score
from zoo.data.pipeline import Encoded

# Beyond the placebo. On other seeds than those of benchmarks/shortcuts.md, what pictures and sounds
# have by nature stayed below 0.25, and planted marks were above 0.5.
MOST_OF_THE_WAY = 0.4
DIGITS = 4  # of shares
SMALLEST = 1e-6  # lead of the best class, where two are even


def find_shortcuts(
    target: Any,
    *,
    data: str | Path | None = None,
    data_dir: str | None = None,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Test, for each class, whether a small part of the input alone makes a model answer it.

    Such a part is a stamp in the pictures of a class, a click in its clips or a word in its texts.
    docs/hard/black_boxes.md says how it is found, and what is not.

    Args:
        target: run, run directory, weight name or recipe name; it classifies one image, text or sound.
        data: other data with the same columns and classes; None takes the run's own test examples.
        data_dir: folder of TFDS data; TFDS_DATA_DIR by default.
        progress: show on stderr what takes more than two seconds.

    Returns:
        The strongest suspect of each class that has four examples that are answered rightly, the
        strongest first: "label", "where", "share" (of what speaks for the class), "way" (how far the
        part takes examples of other classes to this one: 0 not at all, 1 until the model is undecided),
        "placebo" (the same for what other examples have in that place), "flipped" (share of these
        examples that are taken for the class), "kept" (share of the class's examples that are
        recognized without the part), "donors", "recipients" (numbers of examples), "is_shortcut".

    Raises:
        ArgumentError: the model does not classify one image, text or sound.
        RunError, DataError: the data is gone, or does not suit the run.

    >>> found = zoo.find_shortcuts("cnn_small.digits")  # doctest: +SKIP
    >>> any(suspect["is_shortcut"] for suspect in found)  # doctest: +SKIP
    False
    """
    where = {"data": data, "data_dir": data_dir, "progress": progress}
    return [suspect.to_dict() for suspect in suspects(target, **where)[1]]


def suspects(
    target: Any,
    *,
    data: str | Path | None = None,
    data_dir: str | None = None,
    progress: bool = True,
) -> "tuple[SplitExplainer, list[Suspect], Encoded]":
    """Return what `find_shortcuts` does with the explainer and the examples behind it."""
    run, show = load_run(target), Progress(shown=progress)
    explainer = SplitExplainer(run, tell=show.tell)
    where = {"data": None if data is None else str(data), "data_dir": data_dir}
    encoded = Encoded(examples_to_score(run, **where).split, run.task, run.assets)
    with show:
        found = list(search(explainer, encoded, explainer.answers(encoded)))
    return explainer, sorted(found, key=lambda one: -one.gain), encoded


@dataclass(frozen=True)
class Suspect:
    """A part of the input that speaks for a class, and the result of the tests.

    Attributes:
        label: the class.
        where: the part, in words.
        share: of what speaks for the class, how much lies in the part; mean over the donors.
        least_share: that a shortcut of this kind of input has.
        way: how far the part takes examples of other classes to this one: 0 changes nothing, 1
            makes the model undecided; their median.
        placebo: the same for what an example of another class has in that place.
        flipped: share of these examples that are taken for the class, once they have the part.
        kept: share of the class's examples that are still recognized without the part.
        donors, recipients: numbers of examples of the class, and of other classes.
        places: of the donors in the split.
        pieces, maps: of each donor.
    """

    label: str
    where: str
    share: float
    least_share: float
    way: float
    placebo: float
    flipped: float
    kept: float
    donors: int
    recipients: int
    places: tuple[int, ...] = field(repr=False)
    pieces: tuple[Piece, ...] = field(repr=False)
    maps: tuple[np.ndarray, ...] = field(repr=False)

    @property
    def is_shortcut(self) -> bool:
        """Whether the part takes other examples most of the way, beyond the placebo."""
        return self.gain >= MOST_OF_THE_WAY and self.share >= self.least_share

    @property
    def gain(self) -> float:
        """How far the part takes other examples beyond the placebo."""
        return self.way - self.placebo

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        names = ("label", "where", "share", "way", "placebo", "flipped", "kept")
        told = {name: getattr(self, name) for name in (*names, "donors", "recipients")}
        return told | {"is_shortcut": self.is_shortcut}


def search(
    explainer: SplitExplainer, encoded: Encoded, answers: np.ndarray, *, donors: int = DONORS
) -> Iterator[Suspect]:
    """Yield the strongest suspect of each class that has enough examples.

    Args:
        explainer: of the model.
        encoded: the split.
        answers: classes that the model gives, (N,).
        donors: examples that are explained of each class, at most.
    """
    labels, pieces = encoded.split.labels, OF_KIND[explainer.kind](explainer.column)
    for position in range(len(explainer.classes)):
        own = _spread(np.flatnonzero((labels == position) & (answers == position)), donors)
        others = _spread(np.flatnonzero((labels != position) & (answers != position)), RECIPIENTS)
        if min(len(own), len(others)) >= LEAST_DONORS:
            found = _strongest(explainer, pieces, encoded, position, own, others)
            if found is not None:
                yield found


def _spread(places: np.ndarray, count: int) -> np.ndarray:
    """Return at most so many places, evenly spread."""
    if len(places) <= count:
        return places
    return places[np.linspace(0, len(places) - 1, count).round().astype(int)]


def _strongest(
    explainer: SplitExplainer,
    pieces: Pieces,
    encoded: Encoded,
    position: int,
    own: np.ndarray,
    others: np.ndarray,
) -> Suspect | None:
    """Return the candidate that takes others furthest; None where nothing speaks for the class."""
    donors, recipients = explainer.inputs(encoded, own), explainer.inputs(encoded, others)
    maps = [explainer.map(example, position, most_steps=FIRST_STEPS) for example in donors]
    found = []
    for candidate in pieces.candidates(maps, donors):
        shares = [pieces.share(*one) for one in zip(maps, candidate, donors, strict=True)]
        found.append(
            Suspect(
                label=explainer.classes[position],
                where=pieces.where(candidate, donors[0]),
                share=round(float(np.mean(shares)), DIGITS),
                least_share=pieces.least_share,
                donors=len(own),
                recipients=len(others),
                places=tuple(own.tolist()),
                pieces=tuple(candidate),
                maps=tuple(maps),
                **_tests(explainer, pieces, candidate, donors, recipients, position),
            )
        )
    known = [one for one in found if np.isfinite([one.share, one.way, one.placebo]).all()]
    return max(known, key=lambda one: one.gain, default=None)


def _tests(
    explainer: SplitExplainer,
    pieces: Pieces,
    candidate: Sequence[Piece],
    donors: np.ndarray,
    recipients: np.ndarray,
    position: int,
) -> dict[str, float]:
    """Return how a class fares with a part put into other examples, a placebo, and without it."""
    rng, count = np.random.default_rng(position), len(recipients)
    turns = np.arange(count) % len(donors)
    others = np.roll(recipients, max(1, count // 3), axis=0)  # of any other class
    pasted, placebo = [], []
    for i, turn in enumerate(turns):
        pasted.append(pieces.pasted(recipients[i], candidate[turn], donors[turn], rng))
        placebo.append(pieces.placebo(recipients[i], candidate[turn], others[i], rng))
    without = [
        pieces.without(donor, piece, others[i % count], rng)
        for i, (donor, piece) in enumerate(zip(donors, candidate, strict=True))
    ]
    before, after, beside, less = (
        lead(explainer.logits(np.stack(examples)), position)
        for examples in (recipients, pasted, placebo, without)
    )
    distance = np.maximum(-before, SMALLEST)
    found = {
        "way": np.median((after - before) / distance),
        "placebo": np.median((beside - before) / distance),
        "flipped": np.mean(after > 0),
        "kept": np.mean(less > 0),
    }
    return {name: round(float(value), DIGITS) for name, value in found.items()}


def lead(logits: np.ndarray, position: int) -> np.ndarray:
    """Return the lead of a class over the best other one, (N,); below 0 it is not the answer.

    >>> lead(np.array([[1.0, 3.0, 2.0]]), 0).tolist(), lead(np.array([[1.0, 3.0, 2.0]]), 1).tolist()
    ([-2.0], [1.0])
    """
    return logits[:, position] - np.delete(logits, position, axis=1).max(axis=1)
