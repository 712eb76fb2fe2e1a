"""Explain predictions: `zoo.explain`, and what the command draws besides."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

import numpy as np

from recipes.ensembles.ensemble import Ensemble, mean_prediction
from recipes.explanations.explainer import Explainer
from recipes.explanations.explanation import Explanation
from recipes.explanations.inputs import SeveralInputs, explained_by_inputs
from recipes.explanations.integrated_gradients import completeness_error
from recipes.explanations.methods import DEFAULT
from recipes.explanations.progress import Progress
from recipes.explanations.subject import Subject
from recipes.runs.inputs import Input
from recipes.runs.predict import Reading, answers
from recipes.runs.run import load
from zoo.errors import ArgumentError

BATCH_SIZE = 64  # of the predictions of an ensemble


def explain(
    target: Any,
    inputs: Sequence[Input],
    *,
    method: str = DEFAULT,
    label: str | None = None,
    baseline: str | None = None,
    column: str | None = None,
    progress: bool = True,
) -> list[Explanation]:
    """Say which pixels, tokens or moments speak for a class, and by how much.

    What is explained is the logit of the class, before softmax, of models that classify images, texts
    or sounds; of an ensemble the mean logit of its members. docs/hard/black_boxes.md says what each
    method means and where it fails.

    Args:
        target: run, run directory, ensemble, weight name, name of published weights, or recipe name.
        inputs: as `zoo.predict` takes them.
        method: "integrated_gradients", "attention_rollout", "gradient_times_input", "grad_cam",
            "grad_cam_plus_plus", "guided_backpropagation", "kernel_shap", "occlusion", "rise" or
            "smooth_grad".
        label: the class to explain; None takes the predicted one of each input.
        baseline: what stands for "nothing there": "zeros" (black), "mean" or "blur" for images, "zeros",
            "padding" or "unknown" vectors for tokens, "silence" for sounds. None takes the first.
        column: of a table, as `zoo.predict`.
        progress: show on stderr what takes more than two seconds.

    Returns:
        One `Explanation` for each input, in their order.

    Raises:
        UnknownNameError: there is no such method, class or baseline.
        ArgumentError: the model does not classify one image, text or sound, or lacks what the method
            needs; the message names the methods that serve it.
        DataError: an input cannot be read.

    >>> found = zoo.explain("cnn_small.digits", ["seven.png"])[0]  # doctest: +SKIP
    >>> found.label, found.attribution.shape, found.completeness < 0.01  # doctest: +SKIP
    ('7', (8, 8), True)
    """
    how = {"label": label, "baseline": baseline, "column": column, "progress": progress}
    return [found for _, found in explained(target, inputs, method=method, **how)]


def explained(
    target: Any,
    inputs: Sequence[Input],
    *,
    method: str = DEFAULT,
    label: str | None = None,
    baseline: str | None = None,
    column: str | None = None,
    progress: bool = True,
) -> Iterator[tuple[Subject | SeveralInputs, Explanation]]:
    """Yield what `explain` returns with the example behind it; the arguments are the same."""
    run = load(target)
    members = run.members if isinstance(run, Ensemble) else (run,)
    inputs = list(inputs) if isinstance(inputs, Iterator) else inputs
    if len(members) == 1 and len(run.assets.x) > 1:
        how = {"method": method, "label": label, "baseline": baseline, "column": column}
        yield from explained_by_inputs(run, inputs, **how)
        return
    with Progress(shown=progress) as show:
        explainers = [Explainer(member, tell=show.tell) for member in members]
        for explainer in explainers:
            explainer.check(method, label=label, baseline=baseline)
        labels: Iterable[str | None] = repeat(label)
        if label is None and len(members) > 1:
            labels = _predicted(members, inputs, column)
        how = {"method": method, "baseline": baseline, "column": column}
        each = [_explained(explainer, inputs, iter(labels), **how) for explainer in explainers]
        for found in zip(*each, strict=True):
            subjects, explanations = zip(*found, strict=True)
            yield subjects[0], mean_explanation(explanations, run.name)


def _explained(
    explainer: Explainer,
    inputs: Sequence[Input],
    labels: Iterator[str | None],
    *,
    method: str,
    baseline: str | None,
    column: str | None,
) -> Iterator[tuple[Subject, Explanation]]:
    """Yield the explanations of one model."""

    def decode(x: Mapping[str, np.ndarray]) -> list[tuple[Subject, Explanation]]:
        (encoded,) = next(iter(x.values()))
        question = explainer.question(encoded, next(labels))
        return [(question.subject, explainer.explanation(question, method, baseline))]

    for item, found in answers(explainer.run, inputs, reading=Reading(1, column), decode=decode):
        yield found[0], replace(found[1], source=item.source)


def _predicted(members: Sequence[Any], inputs: Sequence[Input], column: str | None) -> list[str]:
    """Return the class that the mean of several models finds likeliest, for each input."""
    reading = Reading(BATCH_SIZE, column)
    each = [answers(member, inputs, reading=reading) for member in members]
    labels = []
    for found in zip(*each, strict=True):
        mean = mean_prediction([np.asarray(answer) for _, answer in found])
        likely = mean[..., 0] if mean.ndim > 1 else mean  # beside thresholds, where there are any
        labels.append(members[0].assets.outputs[int(likely.argmax())])
    return labels


def mean_explanation(found: Sequence[Explanation], name: str) -> Explanation:
    """Return the mean explanation of several models; that of one model stays as it is.

    Raises:
        ArgumentError: the models see the input in different pieces.
    """
    first, *others = found
    if not others:
        return first
    if any(
        (one.tokens, one.attribution.shape) != (first.tokens, first.attribution.shape)
        for one in others
    ):
        raise ArgumentError(
            f"The members of {name} cut the input into different pieces.",
            expected="members with one tokenizer, or one size of images",
            fix="explain a member by itself",
        )
    attribution = np.mean([one.attribution for one in found], axis=0)
    score = float(np.mean([one.score for one in found]))
    if first.baseline is None:
        return replace(first, attribution=attribution, score=score)
    ground = float(np.mean([one.baseline_score for one in found]))
    adds_up = first.completeness is not None
    error = completeness_error(float(attribution.sum()), score - ground) if adds_up else None
    return replace(
        first, attribution=attribution, score=score, baseline_score=ground, completeness=error
    )
