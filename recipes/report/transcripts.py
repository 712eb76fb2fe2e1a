"""What a model heard in test recordings, beside their true transcripts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.columns import Transcript
from zoo.columns.assets import Assets
from zoo.columns.transcript import SIGNS, text_of
from zoo.metrics.transcripts import edits

SHOWN = 24


@dataclass(frozen=True)
class Heard:
    """One recording: its name, the true transcript, the heard one, and the number of wrong words."""

    name: str
    truth: str
    heard: str
    errors: int


def transcripts(
    assets: Assets,
    predictions: Sequence[Any],
    truths: Mapping[str, np.ndarray],
    name_of: Callable[[int], str],
) -> list[Heard]:
    """Return test recordings from the worst to the best, evenly spread; none for other tasks.

    Args:
        assets: whose targets may be a transcript.
        predictions: with a `text` each.
        truths: targets by name.
        name_of: position to the name of a recording.
    """
    target = next((name for name, c in assets.y.items() if isinstance(c, Transcript)), None)
    if target is None:
        return []
    truth = [text_of(signs) for signs in np.asarray(truths[f"{target}.{SIGNS}"])]
    heard = [one.text for one in predictions]
    errors = edits(heard, truth)["word_errors"].astype(int)
    order = np.argsort(-errors, kind="stable")
    places = np.linspace(0, len(order) - 1, min(SHOWN, len(order))).astype(int)
    return [Heard(name_of(i), truth[i], heard[i], int(errors[i])) for i in order[places].tolist()]
