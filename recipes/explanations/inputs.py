"""What each of several inputs says for a class: Shapley values of the inputs of one example."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from recipes.explanations.explanation import Explanation
from recipes.explanations.methods import DEFAULT
from recipes.runs.inputs import Input
from recipes.runs.predict import Reading, answers
from recipes.runs.run import Run
from zoo import registry
from zoo.columns import is_presence
from zoo.errors import ArgumentError, unknown_name
from zoo.metrics.reliance import shapley_values

METHOD, BASELINE = "shapley_values_of_inputs", "absent"
MOST_INPUTS = 10  # 2 ** M variants of an example are run
METHODS = (DEFAULT, "kernel_shap")  # that are asked for: of inputs the values are exact either way


class SeveralInputs:
    """An example of several inputs, which draws its explanation."""

    def write(self, found: Explanation, folder: Path, stem: str) -> list[Path]:
        """Write a page with the names of the inputs on their colours: STEM.html."""
        from recipes.explanations.drawing import coloured_tokens
        from zoo.files import write_text

        path = folder / f"{stem}.html"
        write_text(path, coloured_tokens(found))
        return [path]


def explained_by_inputs(
    run: Run,
    inputs: Sequence[Input],
    *,
    method: str,
    label: str | None,
    baseline: str | None,
    column: str | None,
) -> Iterator[tuple[SeveralInputs, Explanation]]:
    """Yield for each example how much every input adds to the logit of a class.

    The value of an input is its mean gain over all orders in which inputs may come, with those that have
    not come yet absent (Shapley 1953; 2205.00302). The values sum to the logit less that of
    an example without any input. An input that is absent has the value 0. Where training took no input
    away, what a model makes of absence is chance.

    Args:
        run: classifies examples of several inputs.
        inputs: as `zoo.predict` takes them.
        method: one of `METHODS`.
        label: the class; None takes the predicted one.
        baseline: None or "absent".
        column: refused by `answers`.

    Raises:
        ArgumentError: another method or baseline, or a model that does not classify.
        UnknownNameError: there is no such class.
    """
    _check(run, method, label, baseline)
    names, classes = tuple(run.assets.x), run.assets.outputs

    def decode(x: Mapping[str, np.ndarray]) -> list[Explanation]:
        logits = _by_subset(run, x, names)  # (2 ** M, K)
        place = int(logits[-1].argmax()) if label is None else classes.index(label)
        worth = logits[:, place]
        return [
            Explanation(
                method=METHOD,
                label=classes[place],
                score=float(worth[-1]),
                attribution=shapley_values(worth),
                tokens=names,
                completeness=0.0,
                baseline=BASELINE,
                baseline_score=float(worth[0]),
            )
        ]

    for item, found in answers(run, inputs, reading=Reading(1, column), decode=decode):
        yield SeveralInputs(), replace(found, source=item.source)


def _by_subset(run: Run, x: Mapping[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    """Return the logits of one example with each subset of its inputs, float64 (2 ** M, K)."""
    subsets = np.arange(2 ** len(names))
    batch = {part: np.repeat(np.asarray(value), len(subsets), axis=0) for part, value in x.items()}
    for place, name in enumerate(names):
        there = (subsets >> place & 1).astype("float32")
        for part in batch:
            if is_presence(part) and part.partition(".")[0] == name:
                batch[part] = batch[part] * there
    return np.asarray(run.float32_model().predict_on_batch(batch)["logits"], "float64")


def _check(run: Run, method: str, label: str | None, baseline: str | None) -> None:
    assets = run.assets
    optional = all(column.optional for column in assets.x.values())
    if not assets.classes or not optional or len(assets.x) > MOST_INPUTS:
        raise ArgumentError(
            f"{run.name} cannot be explained by its inputs: its task is "
            f"{registry.task_card(run.recipe.task.name).name}.",
            expected="a run of multimodal_classification, any input of which may be absent",
            fix="zoo explain takes models of one input, too",
        )
    if method not in METHODS:
        raise ArgumentError(
            f"{method} explains models of one input; {run.name} has {', '.join(assets.x)}.",
            expected=f"{' or '.join(METHODS)}: the Shapley values of the inputs",
            fix="leave the method out",
        )
    if baseline not in (None, BASELINE):
        raise ArgumentError(
            f"There is no baseline {baseline!r} for several inputs.",
            expected=f"{BASELINE}: the other inputs are taken away",
            fix="leave the baseline out",
        )
    if label is not None and label not in assets.outputs:
        fix = "leave it out to explain the class that is predicted"
        raise unknown_name(f"class of {run.name}", label, assets.outputs, fix=fix)
