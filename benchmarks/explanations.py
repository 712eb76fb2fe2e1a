"""Measure which methods of explanation pass their tests on three recipes, and what they cost.

    python benchmarks/explanations.py --write

Results are appended to a file, and what it holds already is not run again. The last table needs the
published weights efficientnet_lite0.in1k, and the one before it TFDS_DATA_DIR.
"""

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from looking import measured, panels, parser, publish, start, table
from sklearn.datasets import load_sample_image

import zoo
from recipes.explanations.checks.check import CURVE, EXAMPLES
from recipes.explanations.checks.verdict import ERRORS, LARGEST_CORRELATION
from recipes.explanations.methods import METHODS
from recipes.report import theme
from recipes.runs.run import load_run

RECIPES = ("image/digits-cnn", "text/docstrings-textcnn", "speech/vowels-dscnn")
CLASSIFIERS = (
    "cnn_small.digits",
    "resnet20.fashion_mnist",
    "textcnn.docstrings",
    "ds_cnn_s.vowels",
    "ds_cnn_s.spoken_digit",
    "ds_cnn_s.spoken_digit-speaker",
)
PHOTOGRAPHS = ("china.jpg", "flower.jpg")  # that come with scikit-learn
PRETRAINED, ROUNDS = "efficientnet_lite0.in1k", 5
DEAF = 0.5  # correlation with a random head, above which a map hardly depends on the head
EXPECTED_FAILURES = ("guided_backpropagation",)  # 1810.03292
Found = dict[tuple[Any, ...], Any]


def main(arguments: list[str] | None = None) -> None:
    """Run what is missing, print the page, and write it where asked."""
    options = parser(__doc__.partition("\n")[0], seeds=3)
    options.add_argument("--examples", type=int, default=12, help="test examples of a run")
    options.add_argument("--results", type=Path, default=Path("explanations.jsonl"))
    options.add_argument("--page", action="store_true", help="run nothing, show what is there")
    options = options.parse_args(arguments)
    page, results = vars(options).pop("page"), vars(options).pop("results")
    with start():
        seeds = range(1, options.seeds + 1)
        cells = [(f"check {options.examples}", name, seed) for seed in seeds for name in RECIPES]
        cells += [("sum", name, EXAMPLES) for name in CLASSIFIERS]
        cells += [("cost", name, place) for place in range(ROUNDS) for name in PHOTOGRAPHS]
        found = measured(results, [] if page else cells, measure)
        publish("explanations", to_lines(found, options), draw(found), options)


def measure(what: str, name: str, number: int) -> Any:
    """Return the result of one cell."""
    if what == "cost":
        run = load_run(PRETRAINED)
        image, _ = load_sample_image(name), run.model
        began, work = time.perf_counter(), time.process_time()
        (found,) = zoo.explain(run, [image], progress=False)
        times = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - work}
        return times | {"completeness": found.completeness}
    if what == "sum":
        return sums(name, number)
    with tempfile.TemporaryDirectory() as folder:
        run = zoo.train(
            name, f"training.seed={number}", run_dir=Path(folder) / "run", progress=False
        )
        examples = int(what.split()[1])
        found = zoo.check_explanations(run, examples=examples, seed=number, progress=False)
        return found.to_dict() | {"name": name}


def sums(name: str, examples: int) -> list[float]:
    """Return the completeness error of integrated gradients on evenly spread test examples."""
    run = load_run(name)
    ((key, column),) = run.assets.x.items()
    values = run.dataset().splits["test"].columns[column.source or key]
    places = np.linspace(0, len(values) - 1, examples).round().astype(int)
    found = zoo.explain(run, [values[int(place)] for place in places], progress=False)
    return [one.completeness for one in found]


def to_lines(found: Found, options: argparse.Namespace) -> list[str]:
    """Return the lines of the page."""
    lines = ["# Which explanations may be believed", "", *_about(options)]
    for recipe in RECIPES:
        checks = _checks(found, recipe)
        if not checks:
            continue
        random = statistics.fmean(one["random"]["deletion"] for one in checks)
        named = ", then ".join(f"`{name}`" for name in checks[0]["stages"])
        lines += [
            "",
            f"## {recipe}",
            "",
            f"Seeds: {len(checks)}. A random order has a deletion area of {random:.3f}. Layers are "
            f"randomised from the top down to {named}.",
            "",
        ]
        columns = ("method", "deletion gain", "seeds that beat random", "insertion gain")
        columns += (
            "head alone",
            "correlation",
            "of strengths",
            "sensitivity",
            "seconds",
            "verdict",
        )
        lines += table(columns, [_row(checks, method) for method in _methods(checks)])
    lines += ["", "## What the tables say", "", *_summary(found)]
    lines += ["", "## Do integrated gradients add up", "", *_sum_table(found)]
    return [*lines, "", "## Cost", "", *_cost(found)]


def _about(options: argparse.Namespace) -> list[str]:
    return [
        f"Runs of a recipe for each modality, each tested on {options.examples} test examples by "
        "`zoo explain --check`; each seed trains, and draws orders, weights and noise.",
        "",
        "- *Deletion gain*: the area below the curve of a random order less that of the method; "
        "*insertion gain*: the method's less the random order's. Both with a standard error over "
        "examples, paired, and all seeds. A seed beats random where its deletion gain is above "
        f"{ERRORS:.0f} of its own standard errors.",
        "- *Correlation*: Spearman's rank correlation of a map with that of the trained network, when "
        "the numbers of each tensor are shuffled in all layers, or in all but the first, whichever is "
        "higher; *head alone*: when only the last layer is shuffled. *Of strengths*: that of the maps "
        "without their signs.",
        "- *Sensitivity*: how far a map moves, relative to its norm, when the input moves by up to 2 % "
        "of its range. *Seconds*: for one example.",
        f"- A seed passes if it beats random, its correlation is at most {LARGEST_CORRELATION}, and its "
        "numbers add up where the method promises so.",
    ]


def _checks(found: Found, recipe: str) -> list[dict[str, Any]]:
    return [one for (what, name, _), one in found.items() if what[:5] == "check" and name == recipe]


def _methods(checks: list[dict[str, Any]]) -> list[str]:
    served = {one["method"] for check in checks for one in check["methods"]}
    return [name for name in METHODS if name in served]


def _each(checks: list[dict[str, Any]], method: str) -> list[dict[str, Any]]:
    return [one for check in checks for one in check["methods"] if one["method"] == method]


def _row(checks: list[dict[str, Any]], method: str) -> tuple[str, ...]:
    each = _each(checks, method)
    beats = sum(_beats(one) for one in each)
    passed = sum(one["believe"] for one in each)
    return (
        f"`{method}`",
        _pooled([one["deletion_gain"] for one in each]),
        f"{beats} of {len(each)}",
        _pooled([one["insertion_gain"] for one in each]),
        _pooled([one["correlations"][0] for one in each], digits=2),
        _pooled([_higher(one["correlations"]) for one in each], digits=2),
        _pooled([_higher(one["strengths"]) for one in each], digits=2),
        _pooled([one["sensitivity"] for one in each], digits=2),
        f"{statistics.median(one['seconds'] for one in each):.2f}",
        f"passes in {passed} of {len(each)}",
    )


def _beats(one: dict[str, Any]) -> bool:
    return one["deletion_gain"]["value"] > ERRORS * one["deletion_gain"]["error"]


def _higher(stages: list[dict[str, float]]) -> dict[str, float]:
    return max(stages[-2:], key=lambda one: np.nan_to_num(one["value"], nan=-1.0))


def _pooled(means: list[dict[str, float]], *, digits: int = 3) -> str:
    """Write the mean of means, and its standard error from those of each."""
    value = statistics.fmean(one["value"] for one in means)
    error = sum(one["error"] ** 2 for one in means) ** 0.5 / len(means)
    told = "–" if math.isnan(error) else f"{error:.{digits}f}"  # of one example
    return f"{value:+.{digits}f} ± {told}"


def _summary(found: Found) -> list[str]:
    """Say for each recipe which methods beat random in all seeds, and whose maps stay."""
    lines = []
    for recipe in RECIPES:
        checks = _checks(found, recipe)
        if not checks:
            lines.append(f"- {recipe} is not measured yet.")
            continue
        methods = _methods(checks)
        always = [m for m in methods if all(map(_beats, _each(checks, m)))]
        stay = [m for m in methods if _mean_correlation(checks, m) > LARGEST_CORRELATION]
        lines.append(
            f"- {recipe}: the deletion curves of {_listed(always)} ({len(always)}) beat random in every "
            f"seed. With random weights the maps of {_listed(stay)} stay correlated above "
            f"{LARGEST_CORRELATION} in the mean over seeds; those of the other "
            f"{len(methods) - len(stay)} do not. With a random head alone, those of "
            f"{_listed(_deaf(checks))} stay above {DEAF}."
        )
    return lines


def _deaf(checks: list[dict[str, Any]]) -> list[str]:
    """Return the methods whose maps hardly depend on the head."""
    heads = {
        method: statistics.fmean(one["correlations"][0]["value"] for one in _each(checks, method))
        for method in _methods(checks)
    }
    return [method for method, value in heads.items() if value > DEAF]


def _mean_correlation(checks: list[dict[str, Any]], method: str) -> float:
    each = _each(checks, method)
    return statistics.fmean(_higher(one["correlations"])["value"] for one in each)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "no method"


def _sum_table(found: Found) -> list[str]:
    rows = []
    for name in CLASSIFIERS:
        errors = np.array(found["sum", name, EXAMPLES])
        told = (np.median(errors), errors.max(), (errors <= 0.01).mean())
        rows.append((f"`{name}`", len(errors), *(f"{100 * one:.2f} %" for one in told)))
    columns = ("classifier", "examples", "median error", "largest", "at most 1 %")
    return table(columns, rows)


def _cost(found: Found) -> list[str]:
    each = {
        name: [one for (what, given, _), one in found.items() if (what, given) == ("cost", name)]
        for name in PHOTOGRAPHS
    }
    rows = []
    for name, rounds in each.items():
        spans = []
        for key in ("seconds", "cpu"):
            times = [one[key] for one in rounds]
            spans.append(f"{statistics.median(times):.1f} ({min(times):.1f}–{max(times):.1f})")
        rows.append((name, *spans, f"{100 * rounds[0]['completeness']:.2f} %"))
    columns = ("photograph of scikit-learn", "seconds", "CPU seconds", "sum is off by")
    return [
        f"The default explanation of one photograph at 224 × 224 by `{PRETRAINED}` after it was loaded: "
        f"median (range) of {ROUNDS} rounds.",
        "",
        *table(columns, rows),
    ]


def draw(found: Found) -> Any:
    """Return the mean deletion curves of each recipe, with that of a random order."""
    recipes = [recipe for recipe in RECIPES if _checks(found, recipe)]
    figure, axes = panels(len(recipes), width=3.6, height=3.4)
    shares = 100 * np.linspace(0, 1, CURVE)
    lines = {}
    for panel, recipe in zip(axes, recipes, strict=True):
        checks = _checks(found, recipe)
        panel.set(title=recipe, xlabel="parts removed, %")
        for place, method in enumerate(METHODS):
            each = [one["curves"]["deletion"] for one in _each(checks, method)]
            if each:
                dashes = "--" if method in EXPECTED_FAILURES else "-"
                (lines[method],) = panel.plot(
                    shares, np.mean(each, axis=0), f"C{place}{dashes}", linewidth=1.2
                )
        random = np.mean([one["random"]["curves"]["deletion"] for one in checks], axis=0)
        (lines["a random order"],) = panel.plot(shares, random, color=theme.INK, linewidth=2)
        panel.set_ylim(0, None)
    axes[0].set_ylabel("probability of the class")
    names = [name.replace("_", " ") for name in lines]
    figure.legend(list(lines.values()), names, loc="outside lower center", ncols=4, fontsize=8)
    return figure


if __name__ == "__main__":
    main()
