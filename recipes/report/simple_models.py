"""Simple models beside the network, as rows of a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from recipes.report.data import ReportInput
from zoo.metrics.base import Metric

NETWORK = "this network"


def of_run(data: ReportInput) -> dict[str, Any]:
    """Return what a page shows of the simple models beside a run.

    Returns:
        "label" of the deciding metric, "rows" of (name, value, interval, told), the network's last,
        "verdict" and "notes"; "rows" is empty where there are none.
    """
    found = data.metrics.get("baselines") or {}
    models, metric = found.get("models") or [], data.main_metric
    rows = rows_of(models, metric)
    if rows:
        entry = data.metrics["metrics"][metric.name]
        rows.append((NETWORK, metric.text(entry["value"]), metric.span(entry) or "–", "–"))
    return {
        "label": metric.label,
        "rows": rows,
        "verdict": found.get("verdict", ""),
        "notes": found.get("notes") or [],
    }


def rows_of(models: Sequence[Mapping[str, Any]], metric: Metric) -> list[tuple[str, ...]]:
    """Return name, value, interval and how each simple model was fitted."""
    rows = []
    for model in models:
        entry = model["metrics"].get(metric.name, {})
        span = metric.span(entry) or "–"
        rows.append((model["name"], metric.text(entry.get("value")), span, model["told"] or "–"))
    return rows
