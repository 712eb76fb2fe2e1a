"""Explain predictions: `zoo.explain`, and what the command draws besides."""

import importlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from rich.console import Console

from recipes.explanations.explanation import Explanation
from recipes.explanations.methods import DEFAULT, METHODS
from recipes.explanations.subject import EMBEDDING, LOG_MEL, Subject
from recipes.runs.answering import decoder
from recipes.runs.inputs import Input
from recipes.runs.predict import Reading, answers
from recipes.runs.run import Run, load_run
from zoo import devices, registry
from zoo.cards import ModelCard
from zoo.errors import ArgumentError, unknown_name

QUIET_SECONDS = 2.0  # after which progress is shown
# kind of column: the module and class of its examples
SUBJECTS = {
    "audio": ("recipes.explanations.sounds", "SoundSubject"),
    "image": ("recipes.explanations.images", "ImageSubject"),
    "text": ("recipes.explanations.texts", "TextSubject"),
}


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
    or sounds. docs/hard/black_boxes.md says what each method means and where it fails.

    Args:
        target: run, run directory, weight name, name of published weights, or recipe name.
        inputs: as `zoo.predict` takes them.
        method: "integrated_gradients", "gradient_times_input", "smooth_grad", "grad_cam",
            "grad_cam_plus_plus", "occlusion", "rise" or "kernel_shap".
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
            needs.
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
) -> Iterator[tuple[Subject, Explanation]]:
    """Yield what `explain` returns with the example behind it; the arguments are the same."""
    run = load_run(target)
    kind = _kind_of(run)
    chosen = _method(run, kind, method)
    if label is not None and label not in run.assets.outputs:
        fix = "leave it out to explain the class that is predicted"
        raise unknown_name(f"class of {run.name}", label, run.assets.outputs, fix=fix)
    if baseline is not None and baseline not in kind.baselines:
        raise unknown_name(
            "baseline for " + next(iter(run.assets.x.values())).word,
            baseline,
            kind.baselines,
            fix=f"leave it out to take {kind.baselines[0]}",
        )
    nothing = baseline or kind.baselines[0]
    feature = _feature(run, kind, method) if METHODS[method].needs_positions else ""
    show = _Progress(shown=progress)
    compiled = _compiled(run, kind, show.tell)

    def decode(x: Mapping[str, np.ndarray]) -> list[tuple[Subject, Explanation]]:
        subject, told = _subject(run, kind, compiled, next(iter(x.values())), label)
        attribution, error = chosen(subject, nothing, feature)
        tokens = subject.tokens  # without the padding behind a text
        has_baseline = METHODS[method].has_baseline
        ground = subject.network.scores(subject.baseline(nothing)[None]) if has_baseline else None
        found = Explanation(
            method=method,
            label=told[0],
            score=told[1],
            attribution=np.asarray(attribution, "float64")[: tokens and len(tokens)],
            tokens=tokens,
            completeness=error,
            baseline=nothing if has_baseline else None,
            baseline_score=float(ground[0]) if has_baseline else None,
        )
        return [(subject, found)]

    with show:
        for item, found in answers(run, inputs, reading=Reading(1, column), decode=decode):
            subject, explanation = found
            yield subject, replace(explanation, source=item.source)


def _kind_of(run: Run) -> type[Subject]:
    """Return the class of a run's examples.

    Raises:
        ArgumentError: the model does not classify, has several inputs, or one of another kind.
        RunError: published weights without a head.
    """
    decoder(run)  # refuses published weights without a head
    columns = run.assets.x
    known = len(columns) == 1 and next(iter(columns.values())).kind in SUBJECTS
    if not known or not (run.assets.classes or run.assets.label_sets):
        does = registry.task_card(run.recipe.task.name).name
        words = " and ".join(column.word for column in columns.values())
        raise ArgumentError(
            f"{run.name} cannot be explained yet: its task is {does}, from {words}.",
            expected="a model that sorts images, texts or sounds into classes",
            fix="zoo list --weights shows trained models with their tasks",
        )
    (column,) = columns.values()
    module, of_kind = SUBJECTS[column.kind]
    return getattr(importlib.import_module(module), of_kind)


def _method(run: Run, kind: type[Subject], name: str) -> Callable[..., Any]:
    """Return the function of a method.

    Raises:
        UnknownNameError: there is no such method.
        ArgumentError: it needs positions, and this kind of input has none.
    """
    if name not in METHODS:
        raise unknown_name("method", name, METHODS, fix=f"leave it out to take {DEFAULT}")
    if METHODS[name].needs_positions and not kind.positions:
        (column,) = run.assets.x.values()
        raise _without_positions(run, name, f"it takes {column.word}")
    return METHODS[name].run


def _feature(run: Run, kind: type[Subject], method: str) -> str:
    """Return the deepest feature of the backbone that has positions.

    Raises:
        ArgumentError: there is none.
    """
    devices.load_tensorflow()  # quietly, before a module imports it
    from recipes.explanations.network import BACKBONE

    names = {layer.name for layer in run.model.layers}
    outputs = run.model.get_layer(BACKBONE).output if BACKBONE in names else {}
    declared: ModelCard = registry.model_card(run.recipe.model.name)
    strided = {feature.name for feature in declared.features if feature.stride is not None}
    found = [
        name
        for name, tensor in outputs.items()
        if name in strided and len(tensor.shape) - 1 in kind.positions
    ]
    if not found:
        raise _without_positions(run, method, "its backbone declares no feature with positions")
    return found[-1]


def _without_positions(run: Run, method: str, why: str) -> ArgumentError:
    others = [name for name, other in METHODS.items() if not other.needs_positions]
    return ArgumentError(
        f"{method} needs a feature map with positions, and {run.name} has none: {why}.",
        expected=f"one of: {', '.join(others)}",
        fix=f"leave the method out to take {DEFAULT}",
    )


def _compiled(run: Run, kind: type[Subject], tell: Callable[[int], None]) -> Any:
    """Return the run's model as methods ask it.

    Raises:
        ArgumentError: there are tokens, and no layer that embeds them.
    """
    devices.load_tensorflow()
    from recipes.explanations.network import Compiled, first_embedding, first_log_mel

    model = run.float32_model()
    find = {EMBEDDING: first_embedding, LOG_MEL: first_log_mel}.get(kind.front)
    front = find(model) if find else None
    if kind.front == EMBEDDING and front is None:
        raise ArgumentError(
            f"{run.name} has no embedding layer, which explanations of tokens start from.",
            expected="a model with a keras.layers.Embedding, such as textcnn",
            fix="explain another model",
        )
    return Compiled(model, front=front, tell=tell)


def _subject(
    run: Run, kind: type[Subject], compiled: Any, batch: np.ndarray, label: str | None
) -> tuple[Subject, tuple[str, float]]:
    """Return an example with its network, and the class that is explained with its logit."""
    from recipes.explanations.network import Network

    logits = np.asarray(compiled.logits(batch), "float64")[0]
    classes = run.assets.outputs
    position = int(logits.argmax()) if label is None else classes.index(label)
    (column,) = run.assets.x.values()
    subject = kind(Network(compiled, batch, label=position), batch[0], column)
    return subject, (classes[position], float(logits[position]))


class _Progress:
    """Tells on stderr how many inputs of the network were run, after two seconds."""

    def __init__(self, *, shown: bool):
        self.shown, self.console = shown, Console(file=sys.stderr, highlight=False)
        self.began, self.passes, self.status = time.perf_counter(), 0, None

    def __enter__(self) -> "_Progress":
        return self

    def tell(self, points: int) -> None:
        self.passes += points
        if not self.shown or time.perf_counter() - self.began < QUIET_SECONDS:
            return
        words = f"explaining: {self.passes:,} variants of the inputs were run"
        if self.status is not None:
            self.status.update(words)
        elif self.console.is_terminal:
            self.status = self.console.status(words)
            self.status.start()
        else:
            self.console.print("explaining takes more than two seconds …", markup=False)
            self.shown = False  # one line is enough in a file

    def __exit__(self, *error: object) -> None:
        if self.status is not None:
            self.status.stop()
