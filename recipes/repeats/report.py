"""The report of several runs: one HTML file that needs nothing else, neither network nor scripts."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import recipes.report
from recipes.ensembles.entry import FOLDS
from recipes.repeats.figures import strips_svg
from recipes.repeats.plan import Plan
from recipes.report import wording
from zoo import registry
from zoo.files import write_text
from zoo.metrics.base import Metric, metric_named

REPORT = "report.html"


def write_report(folder: Path, plan: Plan, summary: Mapping[str, Any]) -> None:
    """Write report.html into the folder of several runs."""
    write_text(folder / REPORT, render(folder, plan, summary))


def render(folder: Path, plan: Plan, summary: Mapping[str, Any]) -> str:
    """Return the report as one HTML document.

    No script runs and nothing is fetched: a content security policy in the page forbids both.

    Args:
        folder: of the runs, for the commands.
        plan: of the runs.
        summary: of `recipes.repeats.summary.summarize`.
    """
    card = registry.task_card(summary["task"])
    metrics = [metric_named(name, card.metrics) for name in summary["metrics"]]
    folds = plan.kind == FOLDS
    together = summary.get("out_of_fold" if folds else "ensemble", {})
    word = "all folds together" if folds else "the ensemble"
    strips = strips_svg(metrics, summary["runs"], summary["metrics"], together, word=word)
    first = metrics[0]
    return (
        _environment()
        .get_template("repeats.html.jinja")
        .render(
            plan=plan,
            folder=str(folder),
            folds=folds,
            averaged=card.command == "predict",
            examples=summary["examples"],
            main=first.text(summary["metrics"][first.name]["mean"]),
            label=first.label,
            labels=[metric.label for metric in metrics],
            rows=[_row(run, metrics) for run in summary["runs"]],
            spread=[_spread(summary["metrics"][metric.name], metric) for metric in metrics],
            together=[_entry(together[m.name], m) for m in metrics if m.name in together],
            gains=[_gain(summary["gain"][m.name], m) for m in metrics if "gain" in summary],
            strips=Markup(strips),
            seconds=wording.duration(sum(run["seconds"] for run in summary["runs"])),
            recipe=wording.yaml_text(plan.recipe.resolved()),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    shared = Path(recipes.report.__file__).parent  # the style sheet of all reports
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([Path(__file__).parent, shared]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _row(run: Mapping[str, Any], metrics: list[Metric]) -> dict[str, Any]:
    return {
        "name": run["name"],
        "examples": f"{run['examples']:,}",
        "time": wording.duration(run["seconds"]),
        "values": [metric.text(run["metrics"][metric.name]) for metric in metrics],
    }


def span_of_mean(entry: Mapping[str, Any], metric: Metric) -> str:
    """Write the interval of a mean; equal runs have none, since they do not tell how runs differ."""
    return metric.span(entry) if entry["deviation"] else "– (all alike)"


def _spread(entry: Mapping[str, Any], metric: Metric) -> dict[str, str]:
    return {
        "label": metric.label,
        "mean": metric.text(entry["mean"]),
        "deviation": metric.difference(entry["deviation"]),
        "interval": span_of_mean(entry, metric),
        "method": entry["method"],
    }


def _entry(entry: Mapping[str, Any], metric: Metric) -> dict[str, str]:
    return {
        "label": metric.label,
        "value": metric.text(entry["value"]),
        "interval": metric.span(entry) or "–",
        "method": wording.method(entry) or "–",
    }


def _gain(entry: Mapping[str, Any], metric: Metric) -> dict[str, str]:
    return {
        "label": metric.label,
        "value": metric.difference(entry["value"]),
        "interval": metric.difference_span(entry) or "–",
        "better": "higher is better" if metric.mode == "max" else "lower is better",
    }
