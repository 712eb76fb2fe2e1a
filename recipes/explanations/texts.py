"""Texts: which tokens speak for a class; axes T (tokens), D (dimensions of their vectors)."""

import copy
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from recipes.explanations.explanation import Explanation, Scores
from recipes.explanations.subject import EMBEDDING, Subject
from zoo.columns import Column
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    from recipes.explanations.network import Network


@final
class TextSubject(Subject):
    """Tokens as the vectors that the embedding layer gives; marks and padding stay as they are."""

    baselines: ClassVar[tuple[str, ...]] = ("zeros", "padding", "unknown")
    front: ClassVar[str] = EMBEDDING

    def __init__(self, network: "Network", encoded: np.ndarray, column: Column):
        super().__init__(network, encoded, column)
        vectors = network.fronted(encoded[None])  # (R T, D): words, then runs by their first word
        self.runs = network.longest_run  # R
        if vectors.ndim != 2 or len(vectors) != self.runs * len(encoded):
            raise ArgumentError(
                f"The model embeds {len(encoded)} tokens as an array of {vectors.shape}.",
                expected="a model that gives each token one vector",
                fix="choose a model with an embedding layer for its tokens, such as textcnn",
            )
        self.point = vectors

    @property
    def places(self) -> tuple[int, ...]:
        return self.encoded.shape

    @property
    def changeable(self) -> np.ndarray:
        """Words: padding and marks stand for no text, and nothing is owed to them."""
        tokenizer = self.column.loaded
        return ~np.isin(self.encoded, [tokenizer.padding_id, *tokenizer.kept_ids])

    @property
    def cells(self) -> tuple[int, ...]:
        return self.places

    @property
    def tokens(self) -> tuple[str, ...] | None:
        tokenizer = self.column.loaded
        ids = [number for number in self.encoded if number != tokenizer.padding_id]
        return tuple(tokenizer.decode([number]).strip() or "·" for number in ids)

    def baseline(self, name: str) -> np.ndarray:
        """Return zeros, or the vectors of the padding or the unknown token, for each word."""
        tokenizer = self.column.loaded
        nothing = np.zeros_like(self.point)
        if name != self.baselines[0]:
            number = tokenizer.padding_id if name == "padding" else tokenizer.unknown_id
            nothing = self.network.fronted(np.full_like(self.encoded, number)[None])
        stays = self._in_runs(~self.changeable)  # a run of marks and words changes with its words
        return np.where(stays[:, None], self.point, nothing)

    def masked(self, baseline: str) -> Scores:
        """Return the score of words that masks (N, T) keep; a run of words stays if all of them do."""
        nothing = self.baseline(baseline)

        def scores(keep: np.ndarray) -> np.ndarray:
            keep = np.stack([self._in_runs(kept) for kept in keep])[..., None]  # (N, R T, 1)
            return self.network.scores((nothing + keep * (self.point - nothing)).astype("float32"))

        return scores

    def _in_runs(self, kept: np.ndarray) -> np.ndarray:
        """Return for words, and runs of words behind them, whether all of their words are kept."""
        found = [kept]
        for ahead in range(1, self.runs):
            following = np.append(kept[ahead:], np.ones_like(kept[:ahead]))[: len(kept)]
            found.append(found[-1] * following)
        return np.concatenate(found)

    def _by_word(self, numbers: np.ndarray) -> np.ndarray:
        """Return numbers of words and runs (R T,) as those of words (T,): a run's are shared evenly."""
        words, *runs = numbers.reshape(self.runs, -1)
        found = words.astype("float64")
        for length, of_runs in enumerate(runs, start=2):
            for place in range(length):
                found[place:] += of_runs[: len(found) - place] / length
        return found

    def summed(self, attribution: np.ndarray) -> np.ndarray:
        return self._by_word(super().summed(attribution))

    def sized(self, gradient: np.ndarray) -> np.ndarray:
        return self._by_word(super().sized(gradient))

    def at(self, numbers: np.ndarray) -> "TextSubject":
        """Return the text with other vectors for its tokens."""
        near = copy.copy(self)
        near.point = numbers
        return near

    def compared(self, attribution: np.ndarray, baseline: str) -> np.ndarray:
        return attribution[self.changeable]

    def parts(self) -> np.ndarray:
        """Return a part for each word; marks and padding belong to the first, as they never change."""
        return np.maximum(np.cumsum(self.changeable) - 1, 0)

    def patches(self) -> np.ndarray:
        return np.eye(len(self.encoded), dtype=bool)[self.changeable]

    def grown(self, coarse: np.ndarray) -> np.ndarray:
        return coarse

    def attended(self, rollout: np.ndarray, pooling: str) -> np.ndarray:
        """Return the map with marks such as [CLS], which tokens look at much and which are not words."""
        is_text = self.encoded != self.column.loaded.padding_id
        return rollout[0] if pooling == "first" else rollout[is_text].mean(axis=0)

    def write(self, found: Explanation, folder: Path, stem: str) -> list[Path]:
        """Write the text with coloured tokens: STEM.html."""
        from recipes.explanations.drawing import coloured_tokens
        from zoo.files import write_text

        path = folder / f"{stem}.html"
        write_text(path, coloured_tokens(found))
        return [path]
