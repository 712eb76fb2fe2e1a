"""The figures of a run: as PNG files beside it, as SVG inside the report."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from recipes.report import (
    label_sets,
    masks,
    numbers,
    panels,
    pictures,
    rare_classes,
    targets,
    verification,
    wording,
)
from recipes.report.data import ReportInput
from recipes.report.examples import Shown, first_of
from recipes.report.texts import text_list
from recipes.report.theme import note, style, to_png, to_svg
from zoo.files import write_bytes

MISTAKES = 24  # shown at most
SAMPLES = 16  # of each kind, shown at most
TARGETS = 6  # shown at most
Panel = Callable[[Axes, ReportInput], None]


def save_figures(data: ReportInput, folder: str | PathLike) -> list[Path]:
    """Write every figure as PNG into `folder` and return their paths.

    learning_curves, samples and gradients; for tasks with classes confusion_matrix, reliability and
    mistakes, and precision_recall where they are few or some are rare; for numbers predictions and
    largest_errors; for several labels labels_together and wrong_labels; for recordings that are compared
    pairs. A figure that has nothing to show says so.
    """
    of_classes = {
        "confusion_matrix": lambda: confusion_figure(data),
        "reliability": lambda: _row(data, panels.reliability, panels.confidences),
        "mistakes": lambda: _mistakes(data),
    }
    if rare_classes.drawn(data):
        panels_of = rare_classes.panels_of(data)
        of_classes["precision_recall"] = lambda: _row(data, *panels_of)
    of_targets = {
        "predictions": lambda: targets_figure(data),
        "largest_errors": lambda: _largest_errors(data),
    }
    of_labels = {
        "labels_together": lambda: _labels_together(data.label_sets),
        "wrong_labels": lambda: _wrong_labels(data),
    }
    makers = {
        "learning_curves": lambda: _row(data, panels.loss, panels.metric, panels.learning_rate),
        **(of_classes if data.classes else {}),
        **(of_targets if data.targets else {}),
        **(of_labels if data.label_sets else {}),
        **({"worst_masks": lambda: _worst_masks(data)} if data.masks else {}),
        **({"pairs": lambda: pairs_figure(data.verification)} if data.verification else {}),
        "samples": lambda: _samples(data),
        "gradients": lambda: _gradients(data),
    }
    paths = []
    with style():
        for name, make in makers.items():
            path = Path(folder) / f"{name}.png"
            write_bytes(path, to_png(make()))
            paths.append(path)
    return paths


def panel_svg(panel: Panel, data: ReportInput, *, width: float, height: float) -> str:
    """Draw one panel as an `<svg>` element; sizes in inches give the shape, the page the size."""
    with style():
        figure = Figure(figsize=(width, height), layout="constrained")
        panel(figure.subplots(), data)
        return to_svg(figure, name=panel.__name__.replace("_", "-"))


def confusion_svg(data: ReportInput) -> str:
    """Draw the confusion matrix, or the most confused pairs of many classes."""
    with style():
        return to_svg(confusion_figure(data), name="confusion")


def confusion_figure(data: ReportInput) -> Figure:
    """Draw the confusion matrix, or the most confused pairs of many classes."""
    classes = len(data.classes)
    if classes > panels.MATRIX_CLASSES:
        figure = Figure(figsize=(6, 5.6), layout="constrained")
        panels.confused(figure.subplots(), data)
        return figure
    side = 3.2 + 0.3 * classes
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    panels.confusion(figure.subplots(), data)
    return figure


def answers_svg(panel: Callable[[Axes, Any], None], answers: Any, *, height: float = 3.4) -> str:
    """Draw one panel of a target or of labels as an `<svg>` element."""
    with style():
        figure = Figure(figsize=(4.8, height), layout="constrained")
        panel(figure.subplots(), answers)
        place = "".join(sign if sign.isalnum() else "-" for sign in getattr(answers, "name", ""))
        return to_svg(figure, name=f"{panel.__name__.replace('_', '-')}-{place}")


def pairs_figure(pairs: verification.Pairs) -> Figure:
    """Draw errors by threshold, and the scores of pairs."""
    figure = Figure(figsize=(9.6, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    verification.detection_errors(left, pairs)
    verification.pair_scores(right, pairs)
    return figure


def targets_figure(data: ReportInput) -> Figure:
    """Draw each target, one below the other."""
    shown = data.targets[:TARGETS]
    drawn = (targets.agreement, targets.residuals, targets.spread)
    figure = Figure(figsize=(4.4 * len(drawn), 3.6 * len(shown)), layout="constrained")
    rows = figure.subplots(len(shown), len(drawn), squeeze=False)
    for row, target in zip(rows, shown, strict=True):
        for axes, panel in zip(row, drawn, strict=True):
            panel(axes, target)
    return figure


def _labels_together(sets: label_sets.LabelSets) -> Figure:
    drawn = (
        label_sets.together_in_truth,
        label_sets.together_in_answers,
        label_sets.precision_recall,
    )
    figure = Figure(figsize=(5 * len(drawn), 4.8), layout="constrained")
    for axes, panel in zip(figure.subplots(1, len(drawn)), drawn, strict=True):
        panel(axes, sets)
    return figure


def _wrong_labels(data: ReportInput) -> Figure:
    sets = data.label_sets
    wrong = [(data.example_of(i), *sets.named(i)) for i in sets.worst(count=MISTAKES)]
    title = "Most wrong labels: the truth in black, the answer in colour"
    return _drawn(wrong, title=title, empty="Every label of every example is right.")


def _worst_masks(data: ReportInput) -> Figure:
    """Draw the worst pictures, each with the truth and with the answer over it."""
    found, drawn = data.masks, []
    for index in found.worst(count=MISTAKES // 2):
        parts = masks.beside(found, data.example_of(index), index)
        said = (data.name_of(index), "truth", f"IoU {100 * found.scores[index]:.0f} %")
        drawn += [(part, words, "") for part, words in zip(parts, said, strict=True)]
    return pictures.grid(drawn, title="Worst pictures: truth, answer", empty="none", columns=6)


def _largest_errors(data: ReportInput) -> Figure:
    wrong = [
        (
            data.example_of(index),
            ", ".join(f"{target.truth[index]:.4g}" for target in data.targets[:TARGETS]),
            ", ".join(f"{target.guess[index]:.4g}" for target in data.targets[:TARGETS]),
        )
        for index in targets.worst(data.targets, count=MISTAKES)
    ]
    title = "Largest errors: the truth in black, the prediction in colour"
    return _drawn(wrong, title=title, empty="There are no test examples.")


def _row(data: ReportInput, *drawn: Panel) -> Figure:
    figure = Figure(figsize=(4.4 * len(drawn), 3.4), layout="constrained")
    row = figure.subplots(1, len(drawn), squeeze=False)[0]
    for axes, panel in zip(row, drawn, strict=True):
        panel(axes, data)
    return figure


def _gradients(data: ReportInput) -> Figure:
    if not data.records:
        figure = Figure(figsize=(8, 3), layout="constrained")
        note(figure.subplots(), "Gradients were not measured in this run.")
        return figure
    figure = Figure(figsize=(9.6, 6.6), layout="constrained")
    drawn = (
        panels.gradient_by_depth,
        panels.gradient_by_epoch,
        panels.updates,
        panels.dead_units,
    )
    for axes, panel in zip(figure.subplots(2, 2).flat, drawn, strict=True):
        panel(axes, data)
    return figure


def _mistakes(data: ReportInput) -> Figure:
    wrong = [
        (
            data.example_of(item.index),
            item.truth,
            f"{item.guess} {wording.percent(item.confidence, 0)}",
        )
        for item in numbers.mistakes(data, count=MISTAKES)
    ]
    return _drawn(
        wrong,
        title="Worst mistakes: the truth in black, the answer in colour",
        empty=f"No mistakes among {len(data.labels):,} test examples.",
    )


def _samples(data: ReportInput) -> Figure:
    samples = [
        *((sample, name, "") for sample, name in data.train_samples[:SAMPLES]),
        *((sample, name, "as trained on") for sample, name in data.augmented_samples[:SAMPLES]),
    ]
    return _drawn(samples, title="Training samples", empty="No samples were kept.")


def _drawn(examples: list[tuple[Shown, str, str]], *, title: str, empty: str) -> Figure:
    """Lay out images in a grid, texts in a list; an absent image among others is not shown."""
    single = [(first_of(example), *said) for example, *said in examples]
    drawn = [one for one in single if not isinstance(one[0], str)]
    if single and not drawn:
        return text_list(single, title=title)
    return pictures.grid(drawn, title=title, empty=empty)
