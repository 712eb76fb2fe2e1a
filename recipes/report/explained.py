"""What a page shows of explanations: the worst mistakes, and a part that alone decides."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from recipes.report import pictures

LEVELS = 5  # shades of a token's background, on either side of 0


@dataclass(frozen=True)
class Heat:
    """What speaks for a class in one example.

    Attributes:
        label: the class.
        told: in words; empty where hardly anything speaks for it.
        picture: uint8 (H, W, 3); None for texts.
        tokens: of a text, with numbers in [-1, 1].
    """

    label: str
    told: str
    picture: np.ndarray | None = None
    tokens: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Explained:
    """A mistake with what spoke for the answer, and for the truth.

    Attributes:
        index: of the test example.
        truth, guess: classes.
        confidence: of the answer, in words.
        heats: for the guess, then for the truth.
    """

    index: int
    truth: str
    guess: str
    confidence: str
    heats: tuple[Heat, ...]


@dataclass(frozen=True)
class Shortcut:
    """A part of the input that alone makes a model answer a class.

    Attributes:
        told: sentences.
        heats: some of the class's examples, with the part framed.
    """

    told: str
    heats: tuple[Heat, ...]


@dataclass(frozen=True)
class Reasons:
    """What explanations tell of a run.

    Attributes:
        against: what inputs are compared with, in words: "black".
        beside: the example as it is stands beside what speaks for each class.
        mistakes: the worst ones.
        shortcuts: that were found.
    """

    against: str
    beside: bool = True
    mistakes: Sequence[Explained] = ()
    shortcuts: Sequence[Shortcut] = ()


def shown(heat: Heat) -> dict[str, Any]:
    """Return what the page shows of one example: an address of a picture, or marked-up tokens."""
    picture = None if heat.picture is None else pictures.data_uri(heat.picture)
    return {"label": heat.label, "told": heat.told, "picture": picture, "tokens": _tokens(heat)}


def _tokens(heat: Heat) -> Markup:
    """Return tokens on their colours: classes f1 … f5 speak for a class, a1 … a5 against it."""
    found = []
    for word, number in heat.tokens:
        level = round(abs(number) * LEVELS)
        side = "f" if number > 0 else "a"
        escaped = html.escape(word)
        found.append(f"<b class={side}{level}>{escaped}</b>" if level else escaped)
    return Markup(" ".join(found))  # every word is escaped
