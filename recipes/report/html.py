"""The report: one HTML file that needs nothing else, neither network nor scripts."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from recipes.report import (
    explained,
    figures,
    label_sets,
    masks,
    modalities,
    numbers,
    panels,
    pictures,
    rare_classes,
    simple_models,
    targets,
    verification,
    wording,
)
from recipes.report.data import ReportInput
from recipes.report.examples import Shown
from recipes.report.retrieval import Direction
from zoo.metrics.multilabel import LEAST_EXAMPLES
from zoo.quantities import human

WORST_MASKS = 8
FOLDED_CLASSES = 15  # a longer table shows its worst rows and folds the others
# `optimizer.learning_rate=0.1`, or its short form `=medium` in a list of choices
_OVERRIDE = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)+=[\w.+-]*\w|(?<=[ ,])=[\w.]+\w")


def render_report(data: ReportInput) -> str:
    """Return the report as one HTML document.

    No script runs and nothing is fetched: a content security policy in the page forbids both. All
    text is escaped; only the figures, which matplotlib has escaped, go in as they are.
    """
    template = _environment().get_template("report.html.jinja")
    return template.render(
        data=data,
        main=_metric(data, data.main_metric.name),
        others=[
            _metric(data, name) for name in data.metrics["metrics"] if name != data.main_metric.name
        ],
        verdict=wording.expectation(data),
        facts=_facts(data),
        findings=[_finding(item) for item in data.findings],
        curves=_drawings(
            data, panels.loss, panels.metric, panels.learning_rate, width=3.7, height=2.8
        ),
        best_epoch=numbers.best_epoch(data),
        folded=FOLDED_CLASSES,
        beside=simple_models.of_run(data),
        samples=_samples(data.train_samples),
        augmented=_samples(data.augmented_samples),
        inside=_inside(data),
        recipe=wording.yaml_text(data.recipe),
        counts=_counts(data),
        environment=wording.flat(data.environment),
        weights=_weights(data),
        targets=_targets(data) if data.targets else None,
        sets=_label_sets(data) if data.label_sets else None,
        masks=_masks(data) if data.masks else None,
        retrieval=_retrieval(data) if data.retrieval else None,
        reasons=_reasons(data) if data.reasons else None,
        pairs_drawings=[
            Markup(figures.answers_svg(panel, data.verification))
            for panel in (verification.detection_errors, verification.pair_scores)
            if data.verification
        ],
        **_modalities(data),
        **(_classes(data) if data.classes else {}),
    )


def _modalities(data: ReportInput) -> dict[str, Any]:
    """Return what only models of several inputs have."""
    found = data.metrics.get("modalities", {})
    drawn = [modalities.shares, *([modalities.alone] if "alone" in found else [])]
    return {
        "modalities": modalities.of_run(data),
        "modality_drawings": [
            Markup(figures.answers_svg(panel, found, height=2.6)) for panel in drawn if found
        ],
        "training_drawings": _drawings(data, modalities.heads, modalities.encoder_gradients)
        if found
        else [],
    }


def _classes(data: ReportInput) -> dict[str, Any]:
    """Return what only tasks with classes have: per-class scores, confusion, calibration."""
    return {
        "rows": sorted(numbers.class_rows(data), key=lambda row: (not row.examples, row.f1)),
        "rare": rare_classes.told(data),
        "confusion": Markup(figures.confusion_svg(data)),
        "matrix": len(data.classes) <= panels.MATRIX_CLASSES,
        "pairs": numbers.confused_pairs(data, count=10),
        "rare_drawings": _drawings(data, *rare_classes.panels_of(data))
        if rare_classes.drawn(data)
        else [],
        "reliability": _drawings(data, panels.reliability, panels.confidences),
        "calibration_error": numbers.calibration(data).error,
        "temperature": wording.told_of_temperature(data.metrics.get("temperature")),
        "mistakes": _mistakes(data),
        "errors": numbers.error_count(data),
    }


def _targets(data: ReportInput) -> dict[str, Any]:
    """Return what only tasks that predict numbers have."""
    measures = [data.measure(name) for name in data.metrics["metrics"]]
    first, shown = data.targets[0], data.targets[: figures.TARGETS]
    alone = data.metrics["metrics"] if len(data.targets) == 1 else {}
    return {
        "columns": [measure.label for measure in measures],
        "rows": [
            {
                "name": target.name,
                "metrics": [m.text((target.metrics or alone)[m.name]["value"]) for m in measures],
                "half_width": "–" if target.half_width is None else f"{target.half_width:.4g}",
                "covered": "–" if target.covered is None else wording.percent(target.covered),
            }
            for target in data.targets
        ],
        "told": wording.told_of_intervals(first.half_width, first.level, first.calibrated_on),
        "drawings": [
            Markup(figures.answers_svg(panel, target))
            for target in shown
            for panel in (targets.agreement, targets.residuals)
        ],
        "worst": [
            _example(data.example_of(index))
            | {
                "name": data.name_of(index),
                "truth": ", ".join(f"{target.truth[index]:.4g}" for target in shown),
                "guess": ", ".join(f"{target.guess[index]:.4g}" for target in shown),
            }
            for index in targets.worst(data.targets, count=figures.MISTAKES)
        ],
    }


def _label_sets(data: ReportInput) -> dict[str, Any]:
    """Return what only tasks of several labels have."""
    sets = data.label_sets
    drawn = (label_sets.together_in_truth, label_sets.together_in_answers)
    return {
        "rows": sorted(sets.rows(), key=lambda row: (not row.examples, row.f1)),
        "least": LEAST_EXAMPLES,
        "drawings": [Markup(figures.answers_svg(panel, sets, height=4.8)) for panel in drawn],
        "worst": [
            _example(data.example_of(i))
            | dict(zip(("name", "truth", "guess"), (data.name_of(i), *sets.named(i)), strict=True))
            for i in sets.worst(count=figures.MISTAKES)
        ],
    }


def _masks(data: ReportInput) -> dict[str, Any]:
    """Return what only tasks with a class for each pixel have."""
    found, drawings = data.masks, (masks.confused_pixels, masks.scores_of_pictures)

    def drawn(index: int) -> list[str]:
        parts = masks.beside(found, data.example_of(index), index)
        return [pictures.data_uri(part) for part in parts]

    return {
        "rows": sorted(found.rows(), key=lambda row: (not row.share, row.iou)),
        "drawings": [Markup(figures.answers_svg(panel, found, height=4.8)) for panel in drawings],
        "worst": [
            {"name": data.name_of(i), "score": float(found.scores[i]), "images": drawn(i)}
            for i in found.worst(count=WORST_MASKS)
        ],
    }


def _retrieval(data: ReportInput) -> dict[str, Any]:
    """Return what only tasks that compare inputs have: recall by direction, queries with answers."""
    measures = [data.measure(name) for name in data.metrics["metrics"]]

    def part(index: int, place: int, **more: Any) -> dict[str, Any]:
        return _example(data.example_of(index)[place]) | {"name": data.name_of(index)} | more

    def cells(direction: Direction) -> list[str]:
        entries = [(m, direction.metrics[m.name]) for m in measures]
        told = [f"{m.text(entry['value'])} {_in_brackets(m.span(entry))}" for m, entry in entries]
        return [*told, *(wording.percent(value, 1) for value in direction.chance.values())]

    chances = [f"{m.label} by chance" for m in measures[: len(data.retrieval[0].chance)]]
    return {
        "columns": [*(m.label for m in measures), *chances],
        "rows": [{"name": d.name, "cells": cells(d)} for d in data.retrieval],
        "groups": [
            {
                "name": d.name,
                "rows": [
                    {
                        "query": part(query.index, d.query),
                        "rank": f"{query.rank:g}",
                        "nearest": [part(i, d.answer, right=right) for i, right in query.nearest],
                    }
                    for query in d.queries
                ],
            }
            for d in data.retrieval
            if d.queries
        ],
    }


def _reasons(data: ReportInput) -> dict[str, Any]:
    """Return what the page shows of explanations."""
    found = data.reasons
    return {
        "against": found.against,
        "mistakes": [
            (_example(data.example_of(item.index)) if found.beside else {"images": []})
            | {"name": data.name_of(item.index), "truth": item.truth, "guess": item.guess}
            | {"confidence": item.confidence, "heats": [explained.shown(h) for h in item.heats]}
            for item in found.mistakes
        ],
        "shortcuts": [
            {"told": item.told, "heats": [explained.shown(heat) for heat in item.heats]}
            for item in found.shortcuts
        ],
    }


def _in_brackets(text: str) -> str:
    return f"({text})" if text else ""


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": wording.percent, "overrides": overrides}
    return environment


def overrides(text: str) -> Markup:
    """Escape a piece of advice and set its recipe overrides as code."""
    parts, end = [], 0
    for match in _OVERRIDE.finditer(text):
        parts += [escape(text[end : match.start()]), Markup("<code>{}</code>").format(match[0])]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def _metric(data: ReportInput, name: str) -> dict[str, str]:
    entry = data.metrics["metrics"][name]
    return {
        "label": data.measure(name).label,
        "value": data.measure(name).text(entry["value"]),
        "interval": data.measure(name).span(entry),
        "method": wording.method(entry),
    }


def _facts(data: ReportInput) -> list[tuple[str, str]]:
    operations = data.multiply_adds
    return [
        ("Parameters", human(data.parameters)),
        ("Multiply-adds", "not counted" if operations is None else human(operations)),
        ("Epochs", str(len(data.history))),
        *wording.noise_scale(data.metrics.get("noise_scale")),
        ("Training time", wording.duration(data.seconds)),
    ]


def _finding(item: Any) -> dict[str, str]:
    return {
        "severity": item.severity,
        "word": wording.SEVERITY_WORDS[item.severity],
        "title": item.title,
        "meaning": wording.MEANINGS.get(item.kind, ""),
        "evidence": item.evidence,
        "advice": item.advice,
    }


def _drawings(
    data: ReportInput, *drawn: figures.Panel, width: float = 4.8, height: float = 3.1
) -> list[Markup]:
    return [Markup(figures.panel_svg(panel, data, width=width, height=height)) for panel in drawn]


def _inside(data: ReportInput) -> list[Markup]:
    if not data.records:
        return []
    return _drawings(
        data,
        panels.gradient_by_depth,
        panels.gradient_by_epoch,
        panels.updates,
        panels.dead_units,
    )


def _mistakes(data: ReportInput) -> list[dict[str, Any]]:
    return [
        {
            **_example(data.example_of(item.index)),
            "name": data.name_of(item.index),
            "truth": item.truth,
            "guess": item.guess,
            "confidence": wording.percent(item.confidence, 0),
        }
        for item in numbers.mistakes(data, count=figures.MISTAKES)
    ]


def _samples(samples: Any) -> list[dict[str, Any]]:
    return [_example(sample) | {"name": name} for sample, name in samples[: figures.SAMPLES]]


def _example(sample: Shown) -> dict[str, Any]:
    """Return what the page shows of an example: the addresses of "images", and "texts"."""
    parts = sample if isinstance(sample, tuple) else (sample,)
    return {
        "images": [pictures.data_uri(part) for part in parts if not isinstance(part, str)],
        "texts": [part for part in parts if isinstance(part, str)],
    }


def _counts(data: ReportInput) -> dict[str, Any]:
    """Return examples by split, and by class where the source says so."""
    splits = dict(data.dataset.get("counts") or {})
    rows = [
        (name, [counts[i] if i < len(counts) else 0 for counts in splits.values()])
        for i, name in enumerate(data.classes)
    ]
    return {"splits": list(splits), "rows": rows, "totals": [sum(c) for c in splits.values()]}


def _weights(data: ReportInput) -> dict[str, str]:
    shown = {name: str(value) for name, value in data.weights.items() if value is not None}
    if "size_bytes" in shown:
        shown["size"] = wording.size(int(shown.pop("size_bytes")))
    return shown
