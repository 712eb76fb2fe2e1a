"""Whether a network beats the best of the simple models, in one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.metrics.base import Metric

BEATS, WITHIN, BEATEN = "beats", "within", "does not beat"


@dataclass(frozen=True)
class Verdict:
    """What the comparison says.

    Attributes:
        outcome: "beats", "within" (the interval of the best simple model) or "does not beat".
        sentence: for people.
    """

    outcome: str
    sentence: str


def best_of(models: Sequence[Mapping[str, Any]], metric: Metric) -> Mapping[str, Any] | None:
    """Return the simple model with the best value of a metric; None where none has a value.

    Args:
        models: {"name", "metrics": {name: {"value", "low", "high"}}} each.
        metric: that decides.
    """
    rated = [model for model in models if metric.name in model["metrics"]]
    key = metric.name
    return max(rated, key=lambda m: metric.sign * m["metrics"][key]["value"], default=None)


def verdict(
    models: Sequence[Mapping[str, Any]], entry: Mapping[str, Any], metric: Metric
) -> Verdict | None:
    """Compare a network with the best simple model on the same test examples.

    Args:
        models: as for `best_of`.
        entry: the network's {"value", …} of the metric.
        metric: that decides.

    Returns:
        None where there is nothing to compare.
    """
    best = best_of(models, metric)
    if best is None or entry.get("value") is None:
        return None
    found, value = best["metrics"][metric.name], entry["value"]
    low, high = found.get("low"), found.get("high")
    low = found["value"] if low is None else low
    high = found["value"] if high is None else high
    worst, highest = (low, high) if metric.sign > 0 else (-high, -low)
    reached = metric.sign * value
    span = metric.span(found)
    reference = f"{metric.text(found['value'])}" + (f", 95 % interval {span}" if span else "")
    against = f"{metric.label.lower()} {metric.text(value)} against {reference}"
    name = best["name"]
    if reached > highest:
        return Verdict(BEATS, f"The network beats the best simple model, {name}: {against}.")
    if reached >= worst:
        return Verdict(
            WITHIN,
            f"The network lies within the interval of the best simple model, {name}: {against}. "
            "The difference may be chance, and the simple model is fitted in seconds.",
        )
    return Verdict(
        BEATEN,
        f"The network does not beat the best simple model, {name}: {against}. Take the simple model, "
        "or find out what keeps the network from learning.",
    )
