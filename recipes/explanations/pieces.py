"""Pieces of an input: found in maps, cut out of one example and put into another.

Axes: N (examples), H, W (of images), S (samples), T (tokens).
"""

import abc
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from recipes.explanations.images import ImageSubject
from recipes.explanations.sounds import SoundSubject
from recipes.explanations.subject import Subject
from recipes.explanations.texts import TextSubject
from zoo.columns import Column

SIDE = 0.25  # of an image that a piece covers, along each side
OFFSETS = 32  # places of a piece along a side, at most
LITTLE = 0.1
BINS, LENGTH = 40, 4  # of a clip, and of a piece: a tenth
FADE_MS = 2.0  # at both ends of a piece of sound, so that its edges do not click
OFTEN = 0.5  # of a class's texts that a token must be in
TOLD_WORDS, SHOWN_WORDS = 3, 80  # of a text
Piece = Any  # two slices of an image, a slice of samples, or the id of a token


class Pieces(abc.ABC):
    """What a piece is for one kind of input; abstract, because subclasses say so.

    Args:
        column: of the input.

    Attributes:
        least_share: of what speaks for a class, that a piece must have to be a shortcut.
        against: what the default method compares an input with, in words.
        shows_all: a drawing leaves nothing of the example out.
    """

    against: ClassVar[str]
    shows_all: ClassVar[bool] = False

    least_share: ClassVar[float] = 0.0

    def __init__(self, column: Column):
        self.column = column

    @abc.abstractmethod
    def candidates(self, maps: Sequence[np.ndarray], examples: np.ndarray) -> list[list[Piece]]:
        """Return where maps concentrate: each candidate has a piece for each example.

        Args:
            maps: of N explanations of one class, as a method gives them.
            examples: encoded, (N, …).
        """

    @abc.abstractmethod
    def share(self, found: np.ndarray, piece: Piece, example: np.ndarray) -> float:
        """Return which share of what speaks for the class lies in a piece, 0 to 1."""

    @abc.abstractmethod
    def pasted(
        self, into: np.ndarray, piece: Piece, donor: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return an encoded example with a piece of another one."""

    @abc.abstractmethod
    def placebo(
        self, into: np.ndarray, piece: Piece, other: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return an encoded example with what another one, of any class, has in that place."""

    @abc.abstractmethod
    def without(
        self, example: np.ndarray, piece: Piece, other: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Return an encoded example that lost a piece: it has what another one has there."""

    @abc.abstractmethod
    def where(self, pieces: Sequence[Piece], example: np.ndarray) -> str:
        """Return in words where a candidate's pieces are."""

    @abc.abstractmethod
    def told(self, found: np.ndarray, example: np.ndarray) -> str:
        """Return in words what of one example speaks for the class; empty where nothing does."""

    @abc.abstractmethod
    def drawn(self, example: np.ndarray, found: np.ndarray, piece: Piece = None) -> dict[str, Any]:
        """Return "picture" or "tokens" of a `recipes.report.explained.Heat`, with a piece framed."""


@final
class ImagePieces(Pieces):
    """Windows of a quarter of each side."""

    against: ClassVar[str] = "black"

    def candidates(self, maps: Sequence[np.ndarray], examples: np.ndarray) -> list[list[Piece]]:
        shares = np.stack([_speaking_for(found) for found in maps])
        own = [_best_window(one) for one in shares]
        return [[_best_window(shares.mean(axis=0))] * len(maps), own]

    def share(self, found: np.ndarray, piece: Piece, example: np.ndarray) -> float:
        return float(_speaking_for(found)[piece].sum())

    def pasted(
        self, into: np.ndarray, piece: Piece, donor: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        changed = into.copy()
        changed[piece] = donor[piece]
        return changed

    placebo = without = pasted

    def where(self, pieces: Sequence[Piece], example: np.ndarray) -> str:
        rows, columns = pieces[0]
        if any(piece != pieces[0] for piece in pieces):
            size = f"{rows.stop - rows.start} × {columns.stop - columns.start} pixels"
            return f"a piece of {size}, in a different place in each picture"
        told = corner(rows, columns, example.shape[:2])
        return (
            f"{told} (rows {rows.start + 1}–{rows.stop}, "
            f"columns {columns.start + 1}–{columns.stop})"
        )

    def told(self, found: np.ndarray, example: np.ndarray) -> str:
        piece = _best_window(_speaking_for(found))
        share = self.share(found, piece, example)
        return f"{corner(*piece, example.shape[:2])} ({share:.0%})" if share else ""

    def drawn(self, example: np.ndarray, found: np.ndarray, piece: Piece = None) -> dict[str, Any]:
        from recipes.explanations.small_pictures import heated_image

        return {"picture": heated_image(example, found, piece)}


@final
class SoundPieces(Pieces):
    """Tenths of a clip."""

    against: ClassVar[str] = "silence"
    shows_all: ClassVar[bool] = True

    def candidates(self, maps: Sequence[np.ndarray], examples: np.ndarray) -> list[list[Piece]]:
        size = examples.shape[1]
        shares = np.stack([_speaking_for(in_time(found, BINS)) for found in maps])
        own = [_best_stretch(one, size) for one in shares]
        return [[_best_stretch(shares.mean(axis=0), size)] * len(maps), own]

    def share(self, found: np.ndarray, piece: Piece, example: np.ndarray) -> float:
        shares, size = _speaking_for(in_time(found, BINS)), len(example)
        first = round(piece.start * BINS / size)
        return float(shares[first : first + LENGTH].sum())

    def pasted(
        self, into: np.ndarray, piece: Piece, donor: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        length = piece.stop - piece.start
        fade = max(1, min(length // 4, round(FADE_MS * self.column.sample_rate_hz / 1000)))
        weight = np.ones(length, "float32")
        weight[:fade] = np.arange(1, fade + 1) / (fade + 1)
        weight[length - fade :] = weight[:fade][::-1]
        changed = into.copy()
        changed[piece] += weight * (donor[piece] - into[piece])
        return changed

    placebo = without = pasted

    def where(self, pieces: Sequence[Piece], example: np.ndarray) -> str:
        rate = self.column.sample_rate_hz
        start, stop = pieces[0].start / rate, pieces[0].stop / rate
        if any(piece != pieces[0] for piece in pieces):
            return f"a piece of {stop - start:.2g} s, in a different place in each clip"
        return f"{start:.2f} to {stop:.2f} s of the clip"

    def told(self, found: np.ndarray, example: np.ndarray) -> str:
        piece = _best_stretch(_speaking_for(in_time(found, BINS)), len(example))
        share = self.share(found, piece, example)
        return f"{self.where([piece], example)} ({share:.0%})" if share else ""

    def drawn(self, example: np.ndarray, found: np.ndarray, piece: Piece = None) -> dict[str, Any]:
        from recipes.explanations.small_pictures import heated_sound

        rate = self.column.sample_rate_hz
        return {"picture": heated_sound(example, found, sample_rate_hz=rate, frame=piece)}


@final
class TextPieces(Pieces):
    """Single tokens that are in half of the texts or more, wherever they are.

    A word means something by itself: that "url" speaks for a module of that name is not a
    shortcut, as other words do so too. One that has half of all that speaks for the class is.
    """

    least_share: ClassVar[float] = 0.5
    against: ClassVar[str] = "no word in its place"
    shows_all: ClassVar[bool] = True

    def candidates(self, maps: Sequence[np.ndarray], examples: np.ndarray) -> list[list[Piece]]:
        total, counts = defaultdict(float), Counter()
        for found, example in zip(maps, examples, strict=True):
            shares = _speaking_for(found)
            for token in np.unique(self._words(example)).tolist():
                total[token] += float(shares[self._at(example, token)].sum())
                counts[token] += 1
        often = [token for token in total if counts[token] >= OFTEN * len(maps)]
        best = max(often, key=lambda token: (total[token], -token), default=None)
        return [] if best is None else [[best] * len(maps)]

    def share(self, found: np.ndarray, piece: Piece, example: np.ndarray) -> float:
        return float(_speaking_for(found)[self._at(example, piece)].sum())

    def pasted(
        self, into: np.ndarray, piece: Piece, donor: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        changed, places = into.copy(), np.flatnonzero(self._is_word(into))
        if len(places):
            changed[rng.choice(places)] = piece
        return changed

    def placebo(
        self, into: np.ndarray, piece: Piece, other: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        words = self._words(other)
        words = words[words != piece]
        return self.pasted(into, rng.choice(words), other, rng) if len(words) else into.copy()

    def without(
        self, example: np.ndarray, piece: Piece, other: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        return np.where(example == piece, self.column.loaded.unknown_id, example)

    def where(self, pieces: Sequence[Piece], example: np.ndarray) -> str:
        return f"the token “{self._word(pieces[0])}”"

    def told(self, found: np.ndarray, example: np.ndarray) -> str:
        shares = _speaking_for(found)
        order = [int(place) for place in np.argsort(-shares, kind="stable") if shares[place] > 0]
        words = dict.fromkeys(f"“{self._word(example[place])}”" for place in order)
        return ", ".join(list(words)[:TOLD_WORDS])

    def drawn(self, example: np.ndarray, found: np.ndarray, piece: Piece = None) -> dict[str, Any]:
        from recipes.explanations.drawing import scaled

        heat = scaled(found, percentile=100)
        shown = np.flatnonzero(example != self.column.loaded.padding_id)[:SHOWN_WORDS]
        words = ((self._word(int(example[place])), float(heat[place])) for place in shown)
        return {"tokens": tuple(words)}

    def _word(self, token: int) -> str:
        return self.column.loaded.decode([token]).strip() or "·"

    def _is_word(self, example: np.ndarray) -> np.ndarray:
        tokenizer = self.column.loaded
        marks = [tokenizer.padding_id, tokenizer.unknown_id, *tokenizer.kept_ids]
        return ~np.isin(example, marks)

    def _words(self, example: np.ndarray) -> np.ndarray:
        return example[self._is_word(example)]

    def _at(self, example: np.ndarray, token: int) -> np.ndarray:
        return np.flatnonzero(example == token)


OF_KIND: dict[type[Subject], type[Pieces]] = {
    ImageSubject: ImagePieces,
    SoundSubject: SoundPieces,
    TextSubject: TextPieces,
}


def corner(rows: slice, columns: slice, shape: tuple[int, int]) -> str:
    """Return in words where a window of an image is.

    >>> corner(slice(0, 2), slice(6, 8), (8, 8)), corner(slice(3, 5), slice(3, 5), (8, 8))
    ('the upper right', 'the middle')
    """
    middles = ((part.start + part.stop) / 2 for part in (rows, columns))
    down, across = (int(3 * m / size) for m, size in zip(middles, shape, strict=True))
    if down == 1:
        return ("the left side", "the middle", "the right side")[across]
    side = ("upper", "", "lower")[down]
    return (f"the {side} left", ("the top", "", "the bottom")[down], f"the {side} right")[across]


def in_time(found: np.ndarray, bins: int) -> np.ndarray:
    """Return a sound's map, of samples, frames or frames and bands, as sums over stretches, (bins,)."""
    heat = found.sum(axis=1) if found.ndim == 2 else found
    edges = np.linspace(0, len(heat), bins + 1)
    total = np.concatenate([[0.0], np.cumsum(heat, dtype="float64")])
    return np.diff(np.interp(edges, np.arange(len(total)), total))


def speaks_for(found: np.ndarray) -> bool:
    """Tell whether a tenth or more of a map's numbers, by their size, speak for the class."""
    return bool(np.maximum(found, 0).sum() > LITTLE * np.abs(found).sum())


def _speaking_for(found: np.ndarray) -> np.ndarray:
    """Return the positive numbers of a map as shares of their sum; zeros where there are none."""
    positive = np.maximum(np.asarray(found, "float64"), 0)
    return positive / (positive.sum() or 1.0)


def _best_window(shares: np.ndarray) -> Piece:
    tall, wide = (max(1, round(SIDE * size)) for size in shares.shape)
    total = np.pad(shares.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    sums = total[tall:, wide:] - total[:-tall, wide:] - total[tall:, :-wide] + total[:-tall, :-wide]
    steps = [max(1, size // OFFSETS) for size in shares.shape]
    sums = sums[:: steps[0], :: steps[1]]
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    row, column = int(row) * steps[0], int(column) * steps[1]
    return (slice(row, row + tall), slice(column, column + wide))


def _best_stretch(shares: np.ndarray, size: int) -> Piece:
    sums = np.convolve(shares, np.ones(LENGTH), mode="valid")
    first = int(sums.argmax())
    edges = np.arange(BINS + 1) * size // BINS
    return slice(int(edges[first]), int(edges[first + LENGTH]))
