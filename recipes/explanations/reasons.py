"""What the report of a run says of explanations: its worst mistakes, and parts that alone decide."""

from dataclasses import replace

import numpy as np

from recipes.diagnosis.finding import Finding
from recipes.explanations.pieces import OF_KIND, Pieces, speaks_for
from recipes.explanations.shortcuts import Suspect, search
from recipes.explanations.split_explainer import SplitExplainer
from recipes.explanations.work import BACKWARD, Budget
from recipes.report import numbers, wording
from recipes.report.data import ReportInput
from recipes.report.explained import Explained, Heat, Reasons, Shortcut
from recipes.runs.run import Run
from zoo.data.pipeline import Encoded
from zoo.errors import ZooError

MISTAKES = 6  # that are explained
SHOWN = 3  # examples of a class with a shortcut
FEW = 5  # shortcuts that are shown


def with_reasons(report: ReportInput, run: Run, test: Encoded, *, trained: int) -> ReportInput:
    """Return a report with the worst mistakes explained, and with what a search for shortcuts found.

    It stays as it is where the model does not classify one image, text or sound. How much is
    explained depends on the model's multiply-adds, never on a clock.

    Args:
        report: of a trained run.
        run: its model.
        test: the split that was scored.
        trained: examples that training has seen, repetitions included.
    """
    budget = Budget(report.multiply_adds, trained=BACKWARD * trained)
    answered = report.classes and np.isfinite(report.probabilities).all()
    if not answered or not budget.mistakes(1)[0]:
        return report
    try:
        explainer = SplitExplainer(run)
    except ZooError:  # neither one image nor one text nor one sound
        return report
    pieces = OF_KIND[explainer.kind](explainer.column)
    donors = budget.donors(len(report.classes))
    answers = numbers.guesses(report)
    found = list(search(explainer, test, answers, donors=donors)) if donors else []
    shortcuts = sorted((one for one in found if one.is_shortcut), key=lambda one: -one.gain)
    reasons = Reasons(
        against=pieces.against,
        beside=not pieces.shows_all,
        mistakes=_mistakes(report, explainer, pieces, test, budget),
        shortcuts=[_shown(one, explainer, pieces, test) for one in shortcuts[:FEW]],
    )
    metrics = dict(report.metrics)
    if found:
        metrics["shortcuts"] = [one.to_dict() for one in found]
    findings = [finding_of(found), *report.findings] if shortcuts else list(report.findings)
    findings += [finding_of(found)] if found and not shortcuts else []
    return replace(report, reasons=reasons, findings=findings, metrics=metrics)


def finding_of(found: list[Suspect]) -> Finding:
    """Return what the diagnosis says of a search; the strongest suspect speaks for all."""
    worst = max(found, key=lambda one: (one.is_shortcut, one.gain))
    classes = f"{len(found)} classes" if len(found) > 1 else "one class"
    if not worst.is_shortcut:
        return Finding(
            "shortcut",
            "fine",
            "No small part of the inputs alone decides for a class.",
            f"the strongest, {worst.where} for {worst.label}, takes examples of other classes "
            f"{worst.gain:.0%} of the way; {classes} tested",
        )
    also = [one.label for one in found if one.is_shortcut and one is not worst]
    more = f" The same holds for {', '.join(also)}." if also else ""
    return Finding(
        "shortcut",
        "problem",
        f"A small part of the input makes the model answer {worst.label}: {worst.where}.{more}",
        evidence_of(worst),
        "Look at examples of the class: a stamp, a click or a word that only they have does not "
        "occur in new data. Remove it, or give it to all classes, and train again",
    )


def evidence_of(found: Suspect) -> str:
    """Return the numbers that a suspicion rests on, in words."""
    return (
        f"put into {found.recipients} examples of other classes, it takes them {found.way:.0%} of the "
        f"way to {found.label} ({found.placebo:.0%} with what others have in that place), and "
        f"{found.flipped:.0%} are taken for it; without it {found.kept:.0%} of {found.donors} "
        f"examples of {found.label} are recognized"
    )


def _mistakes(
    report: ReportInput, explainer: SplitExplainer, pieces: Pieces, test: Encoded, budget: Budget
) -> list[Explained]:
    """Return the most confident wrong answers, explained for the answer and for the truth."""
    count, steps = budget.mistakes(MISTAKES)
    found = []
    for item in numbers.mistakes(report, count=count):
        (example,) = explainer.inputs(test, np.array([item.index]))
        heats = []
        for label in (item.guess, item.truth):
            heat = explainer.map(example, report.classes.index(label), most_steps=steps)
            told = pieces.told(heat, example) if speaks_for(heat) else ""
            heats.append(Heat(label, told, **pieces.drawn(example, heat)))
        confidence = wording.percent(item.confidence, 0)
        found.append(Explained(item.index, item.truth, item.guess, confidence, tuple(heats)))
    return found


def _shown(found: Suspect, explainer: SplitExplainer, pieces: Pieces, test: Encoded) -> Shortcut:
    """Return what the page shows of a shortcut."""
    examples = explainer.inputs(test, np.array(found.places[:SHOWN]))
    together = zip(examples, found.maps, found.pieces, strict=False)
    heats = [
        Heat(found.label, "", **pieces.drawn(example, heat, piece))
        for example, heat, piece in together
    ]
    return Shortcut(f"{found.label}: {found.where}. Measured: {evidence_of(found)}.", tuple(heats))
