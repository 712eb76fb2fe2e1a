"""The report of a study: one HTML file that needs nothing else, neither network nor scripts."""

from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

import recipes.report
from recipes.report import wording
from recipes.runs.splits import METRICS
from tuning.oracles.base import ORACLES
from tuning.plan import plain_values
from tuning.progress import short_names
from tuning.report import figures
from tuning.report.importance import CREDIBLE, FEWEST, Importance, importance
from tuning.trials import FOLDER, Trial
from zoo.files import write_text
from zoo.metrics.base import metric_named
from zoo.quantities import clock

if TYPE_CHECKING:
    from tuning.study import Study

REPORT = "report.html"
FOLDED_TRIALS = 30  # a longer table shows its best rows and folds the others


def write_report(study: "Study") -> Path:
    """Write report.html and the figures as PNG into a study's folder; return the report's path."""
    found = importance(study.plan.space.fields, study.trials)
    figures.save_figures(
        study.path,
        study.trials,
        study.plan.space.fields,
        metric=study.metrics[0],
        mode=study.mode,
        found=found,
    )
    path = study.path / REPORT
    write_text(path, render(study, found))
    return path


def render(study: "Study", found: Importance | None) -> str:
    """Return the report as one HTML document.

    No script runs and nothing is fetched: a content security policy in the page forbids both.
    """
    fields, metric = study.plan.space.fields, study.metrics[0]
    drawn = {"metric": metric, "mode": study.mode}
    progress = partial(figures.progress, trials=study.trials, **drawn)
    slices = [
        figures.svg(
            f"slice-{i}",
            partial(figures.slice_of, field=field, trials=study.trials, **drawn),
            width=3.7,
            height=2.8,
        )
        for i, field in enumerate(fields)
    ]
    height = 1.1 + 0.32 * len(found.shares) if found else 1.6
    bars = figures.svg(
        "importance", partial(figures.importances, found=found), width=6.4, height=height
    )
    return (
        _environment()
        .get_template("study.html.jinja")
        .render(
            study=study,
            label=metric.label,
            number=metric.text,
            main=metric.text(study.best.value),
            test=_test(study),
            tested=_tested(study),
            facts=_facts(study),
            values=_values(study),
            progress=Markup(figures.svg("progress", progress, width=7.6, height=3.3)),
            slices=[Markup(drawing) for drawing in slices],
            importance=Markup(bars),
            found=found,
            fewest=FEWEST,
            credible=CREDIBLE,
            columns=short_names([field.path for field in fields]),
            rows=_rows(study),
            notes=[trial for trial in study.trials if trial.message],
            folded=FOLDED_TRIALS,
            recipe=wording.yaml_text(plain_values(study.recipe)),
            oracle=ORACLES[study.plan.oracle],
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


def _test(study: "Study") -> list[dict[str, str]]:
    return [
        {
            "label": metric_named(name, study.metrics).label,
            "value": metric_named(name, study.metrics).text(entry["value"]),
            "interval": metric_named(name, study.metrics).span(entry),
            "method": wording.method(entry),
        }
        for name, entry in study.test.items()
    ]


def _tested(study: "Study") -> list[int]:
    """Return the trials whose test metrics were read: one, unless a finished study went on."""
    return sorted(int(path.parent.name) for path in study.path.glob(f"{FOLDER}/*/{METRICS}"))


def _facts(study: "Study") -> list[tuple[str, str, str]]:
    """Return the facts beside the main number: name, value, note."""
    first = study.trials[0]
    failed = sum(trial.status == "failed" for trial in study.trials)
    # A trial that goes on from another counts that one's time as well.
    spent = sum(trial.seconds for trial in study.trials if trial.goes_on_from is None)
    spent += sum(
        trial.seconds - study.trials[trial.goes_on_from - 1].seconds
        for trial in study.trials
        if trial.goes_on_from is not None
    )
    return [
        ("The recipe as it is", study.metrics[0].text(first.value), "on validation"),
        ("Trials", str(len(study.trials)), f"{failed} failed" if failed else ""),
        ("Search", study.plan.oracle, f"seed {study.plan.seed}"),
        ("Training time", wording.duration(max(spent, 0.0)), ""),
    ]


def _values(study: "Study") -> list[dict[str, str]]:
    """Return the searched fields with the recipe's value, the values tried, and the best."""
    own = study.plan.space.own_values(study.plan.recipe)
    return [
        {
            "path": field.path,
            "own": _show(own[field.path]),
            "best": _show(study.best.values[field.path]),
            "tried": ", ".join(map(_show, field.choices))
            if field.choices
            else f"{_show(field.low)} – {_show(field.high)}"
            + (" (log)" if field.sampling == "log" else ""),
        }
        for field in study.plan.space.fields
    ]


def _rows(study: "Study") -> list[dict[str, Any]]:
    """Return the trials, the best first, those that failed last."""
    sign = -1 if study.mode == "max" else 1

    def order(trial: Trial) -> tuple:
        value = sign * trial.value if trial.completed else 0.0
        return (not trial.completed, value, trial.loss or 0.0, trial.number)

    return [
        {
            "number": trial.number,
            "best": trial.number == study.best.number,
            "value": study.metrics[0].text(trial.value) if trial.completed else "failed",
            "loss": "–" if trial.loss is None else f"{trial.loss:.4g}",
            "epochs": f"{trial.epoch}/{trial.epochs}" if trial.completed else f"–/{trial.epochs}",
            "time": clock(trial.seconds),
            "values": [_show(trial.values[field.path]) for field in study.plan.space.fields],
            "goes_on_from": trial.goes_on_from,
        }
        for trial in sorted(study.trials, key=order)
    ]


def _show(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value) if value != "" else "off"
