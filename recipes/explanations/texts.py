"""Texts: which tokens speak for a class; axes T (tokens), D (dimensions of their vectors)."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, final

import numpy as np

from recipes.explanations.explanation import Explanation
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
        vectors = network.fronted(encoded[None])  # (T, D)
        if vectors.ndim != 2 or len(vectors) != len(encoded):
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
        return np.where(self.changeable[:, None], nothing, self.point)

    def parts(self) -> np.ndarray:
        """Return a part for each word; marks and padding belong to the first, as they never change."""
        return np.maximum(np.cumsum(self.changeable) - 1, 0)

    def patches(self) -> np.ndarray:
        return np.eye(len(self.encoded), dtype=bool)[self.changeable]

    def grown(self, coarse: np.ndarray) -> np.ndarray:
        return coarse

    def write(self, found: Explanation, folder: Path, stem: str) -> list[Path]:
        """Write the text with coloured tokens: STEM.html."""
        from recipes.explanations.drawing import coloured_tokens
        from zoo.files import write_text

        path = folder / f"{stem}.html"
        write_text(path, coloured_tokens(found))
        return [path]
