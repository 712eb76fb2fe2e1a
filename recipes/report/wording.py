"""Numbers and findings in words."""

import math
from collections.abc import Mapping
from typing import Any

import yaml

from recipes.report.data import ReportInput
from zoo.metrics.base import OLD_METHOD
from zoo.metrics.conformal import least_examples
from zoo.quantities import human

# What each kind of finding means, for readers who do not know the term.
MEANINGS = {
    "not_finite": "Once a loss is infinite or undefined, so are all weights soon after, for good.",
    "exploding": "A gradient is the direction of the next step. A very large one throws the "
    "weights far off.",
    "not_learning": "The training loss is what the optimizer pushes down. While it stays up, nothing "
    "is learnt.",
    "overfitting": "The model gets better on the examples that it trains on and worse on those it "
    "has never seen.",
    "generalisation_gap": "The gap between training and validation is what is lost on new "
    "examples.",
    "learning_rate": "Steps that are too large jump over good weights; steps that are too small "
    "never reach them.",
    "vanishing": "The gradient passes from the last layer back to the first. Where it fades out, "
    "the early layers cannot learn.",
    "dead_units": "A unit that responds to no input contributes nothing and gets no "
    "gradient to recover with.",
    "unfinished": "A curve that is still improving at its end has more to gain.",
    "rising": "A model that gets worse on new examples without getting better on its own takes steps "
    "that are too large.",
    "calibration": "Of the answers given with 80 % confidence, 80 % should be right. Where they are "
    "not, a threshold on the confidence does not mean what it says.",
    "shortcut": "A model that answers by a mark on its inputs fails where the mark is missing, or is on "
    "another class.",
    "no_better": "Such a model has learnt nothing from its inputs that shows on test.",
    "one_class": "Such a model has learnt at most which class is frequent, not how the classes differ.",
    "too_short": "Curves of one or two epochs, or of a few updates, show no trend.",
}
SEVERITY_WORDS = {
    "problem": "Problem",
    "warning": "Look at this",
    "unknown": "Not judged",
    "fine": "Fine",
}


def percent(value: float, digits: int = 1) -> str:
    """Format a share; a dash where there is none."""
    return f"{100 * value:.{digits}f} %" if math.isfinite(value) else "–"


def method(entry: Mapping[str, Any]) -> str:
    """Name the method of an interval; empty where there is none."""
    return "" if entry.get("low") is None else entry.get("method", OLD_METHOD)


def duration(seconds: float) -> str:
    """Format a span of time.

    >>> duration(3.21), duration(192), duration(7260)
    ('3.2 s', '3 min 12 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def size(count: int) -> str:
    """Format a number of bytes.

    >>> size(553_000)
    '553 kB'
    """
    return f"{human(count)}B" if count >= 1000 else f"{count} B"


def told_of_intervals(half_width: float | None, level: float, examples: int) -> str:
    """Say what prediction intervals promise, or why there are none."""
    if half_width is None:
        return (
            f"There are no prediction intervals: {examples:,} validation examples are too few for "
            f"{level:.0%} ({least_examples(level)} or more)."
        )
    return (
        f"A prediction interval is the prediction ± a number that {level:.0%} of the errors on "
        f"{examples:,} validation examples stay within (split conformal, 1604.04173). It holds for "
        "inputs like those of validation. Where validation also chose the epoch, it is a little too "
        "narrow."
    )


def told_of_temperature(found: Mapping[str, Any] | None) -> str:
    """Say what a temperature does to the test examples; an empty text where none was fitted.

    >>> told_of_temperature(None)
    ''
    """
    if not found:
        return ""
    before, after = found["test"]["before"], found["test"]["after"]
    sure = "too sure of itself" if found["value"] > 1 else "less sure than it may be"
    return (
        f"Its temperature is {found['value']:.3g}: on {found['examples']:,} validation examples the "
        f"model is {sure}. On the test examples the temperature takes the loss from "
        f"{before['loss']:.4f} to {after['loss']:.4f} nats, and the calibration error from "
        f"{percent(before['ece'], 2)} to {percent(after['ece'], 2)}. The answers stay the same. All "
        "other numbers of this report are without it; zoo predict and zoo evaluate use it with "
        "--calibrated."
    )


def noise_scale(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return the gradient noise scale as a row of facts; none where it was not measured.

    >>> noise_scale({"value": 310.2})
    [('Gradient noise scale', '310 examples')]
    """
    if not found:
        return []
    value = found["value"]
    shown = (
        "too large to measure"
        if value is None
        else f"{value:,.{0 if value >= 10 else 1}f} examples"
    )
    return [("Gradient noise scale", shown)]


def expectation(data: ReportInput) -> str:
    """Compare a run with its recipe's record; empty where there is none."""
    expects, entries = data.expects, data.metrics["metrics"]
    if not isinstance(expects, Mapping) or expects.get("metric") not in entries:
        return ""
    low, high = expects.get("low"), expects.get("high")
    value = entries[expects["metric"]]["value"]
    if low is None or high is None:
        return ""
    span = data.measure(expects["metric"]).span(expects)
    if not math.isfinite(value):
        return f"The recipe expects {span}; this run has no number to compare."
    if low <= value <= high:
        return f"The recipe expects {span}: this run lies within."
    return f"The recipe expects {span}: this run lies {'below' if value < low else 'above'}."


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested values as one level of "outer.inner" names and text."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            found[f"{prefix}{name}"] = ", ".join(map(str, value))
        else:
            found[f"{prefix}{name}"] = "–" if value is None else str(value)
    return found


def yaml_text(values: Mapping[str, Any]) -> str:
    """Return values as YAML, in their order; tuples become lists."""
    return yaml.safe_dump(_lists(values), sort_keys=False, allow_unicode=True).rstrip()


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _lists(item) for name, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, list | tuple) else value
