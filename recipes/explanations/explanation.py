"""What explains one prediction, and what methods ask of a network for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Scores = Callable[[np.ndarray], np.ndarray]
Gradients = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
DIGITS = 6  # of numbers in JSON


@dataclass(frozen=True)
class Explanation:
    """How much each place of an input speaks for a class (above 0) or against it (below).

    Attributes:
        method: such as "integrated_gradients".
        label: the class that is explained.
        score: its logit.
        attribution: float64, (H, W) of an image, (T,) of tokens. Of a sound (samples,) where pieces are
            silenced, (frames, bands) where gradients are taken at log-mel features; Grad-CAM gives
            (frames, bands) or (frames,) as the feature has them.
        tokens: of a text, one for each number; None for others.
        completeness: by what share of the difference of the scores of input and baseline the numbers
            fail to sum to it; None for methods that do not promise it.
        baseline: what stands for "nothing there"; None for methods without one.
        baseline_score: the logit of the class for the baseline alone. Where it is higher than `score`,
            the input as a whole speaks against the class, compared with that baseline.
        source: "file", "row" and "text" of the input, where it has them.
    """

    method: str
    label: str
    score: float
    attribution: np.ndarray
    tokens: tuple[str, ...] | None = None
    completeness: float | None = None
    baseline: str | None = None
    baseline_score: float | None = None
    source: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; "tokens" are {"token", "attribution"} each."""
        numbers = _rounded(self.attribution.tolist())
        told = {
            **self.source,
            "method": self.method,
            "label": self.label,
            "baseline": self.baseline,
        }
        for name in ("score", "baseline_score", "completeness"):
            value = getattr(self, name)
            told[name] = value if value is None else _rounded(value)
        if self.tokens is None:
            return told | {"attribution": numbers}
        both = zip(self.tokens, numbers, strict=True)
        return told | {"tokens": [{"token": word, "attribution": n} for word, n in both]}


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}")
