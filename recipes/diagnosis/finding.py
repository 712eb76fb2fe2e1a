"""One thing that was checked in a run."""

from dataclasses import dataclass

SEVERITIES = ("problem", "warning", "unknown", "fine")


@dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        kind: of the check: "not_finite", "not_learning", "overfitting", "rising",
            "generalisation_gap", "unfinished", "learning_rate", "vanishing", "exploding",
            "dead_units", "calibration", "one_class", "no_better", "shortcut" or "too_short".
        severity: "problem", "warning", "unknown" (there was too little to judge by) or "fine".
        title: a sentence.
        evidence: the numbers that it rests on.
        advice: what to change, as overrides of the recipe; empty where all is fine.
    """

    kind: str
    severity: str
    title: str
    evidence: str
    advice: str = ""
