"""A trained model as methods of explanation take it: which of them serve it, and what they say."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from recipes.explanations.explanation import Explanation
from recipes.explanations.methods import ATTENTION, DEFAULT, METHODS, POSITIONS, RELUS
from recipes.explanations.subject import EMBEDDING, LOG_MEL, Subject
from recipes.runs.answering import decoder
from recipes.runs.run import Run
from zoo import devices, registry
from zoo.cards import ModelCard
from zoo.errors import ArgumentError, unknown_name

# what a method needs of a model, in words
NEEDS = {
    POSITIONS: "a feature map with positions",
    RELUS: "ReLUs, and no other activations between its layers",
    ATTENTION: "attention from all tokens to all tokens, and a class token or their mean",
}
# kind of column: the module and class of its examples
SUBJECTS = {
    "audio": ("recipes.explanations.sounds", "SoundSubject"),
    "image": ("recipes.explanations.images", "ImageSubject"),
    "text": ("recipes.explanations.texts", "TextSubject"),
}


@dataclass(frozen=True)
class Question:
    """What is to be explained.

    Attributes:
        subject: an example with its network.
        label: the class.
        score: its logit.
    """

    subject: Subject
    label: str
    score: float


@final
class Explainer:
    """The network of a run, compiled once for all examples and methods.

    Args:
        run: classifies one image, text or sound.
        tell: called with how many points were run.

    Raises:
        ArgumentError: the model does not classify, has several inputs or one of another kind, or takes
            tokens and has no layer that embeds them.
        RunError: published weights without a head.
    """

    def __init__(self, run: Run, *, tell: Callable[[int], None] = lambda points: None):
        self.run, self.kind = run, _kind_of(run)
        devices.load_tensorflow()  # quietly, before a module imports it
        from recipes.explanations.layers import first_embedding, first_log_mel
        from recipes.explanations.network import Compiled

        model = run.float32_model()
        find = {EMBEDDING: first_embedding, LOG_MEL: first_log_mel}.get(self.kind.front)
        front = find(model) if find else None
        if self.kind.front == EMBEDDING and front is None:
            raise ArgumentError(
                f"{run.name} has no embedding layer, which explanations of tokens start from.",
                expected="a model with a keras.layers.Embedding, such as textcnn",
                fix="explain another model",
            )
        self.compiled = Compiled(model, front=front, tell=tell)
        link = "softmax" if run.assets.classes else "sigmoid"
        self.probabilities = Compiled(model, front=front, tell=tell, link=link)

    @property
    def methods(self) -> list[str]:
        """Names of the methods that serve the model."""
        return [name for name in METHODS if self.why_not(name) is None]

    def check(self, method: str, *, label: str | None = None, baseline: str | None = None) -> None:
        """Refuse what cannot be asked.

        Raises:
            UnknownNameError: there is no such method, class or baseline.
            ArgumentError: the method does not serve the model; the message names those that do.
        """
        run = self.run
        if method not in METHODS:
            raise unknown_name("method", method, METHODS, fix=f"leave it out to take {DEFAULT}")
        if label is not None and label not in run.assets.outputs:
            fix = "leave it out to explain the class that is predicted"
            raise unknown_name(f"class of {run.name}", label, run.assets.outputs, fix=fix)
        if baseline is not None and baseline not in self.kind.baselines:
            word = next(iter(run.assets.x.values())).word
            fix = f"leave it out to take {self.kind.baselines[0]}"
            raise unknown_name(f"baseline for {word}", baseline, self.kind.baselines, fix=fix)
        why = self.why_not(method)
        if why is not None:
            raise ArgumentError(
                f"{method} needs {NEEDS[METHODS[method].needs]}. {run.name} has none: {why}.",
                expected=f"one of: {', '.join(self.methods)}",
                fix=f"leave the method out to take {DEFAULT}",
            )

    def why_not(self, method: str) -> str | None:
        """Return why a method does not serve the model; None where it does."""
        from recipes.explanations import layers

        model, needs = self.compiled.model, METHODS[method].needs
        if needs == POSITIONS and not self.kind.positions:
            return f"it takes {next(iter(self.run.assets.x.values())).word}"
        if needs == POSITIONS and not self.feature:
            return "its backbone declares no feature with positions"
        if needs == RELUS and layers.other_activations(model):
            return f"its activations are {', '.join(layers.other_activations(model))}"
        if needs == RELUS and not layers.relu_layers(model):
            return "it has no ReLU"
        if needs == ATTENTION and not layers.attention_layers(model):
            return "it has no such layers"
        if needs == ATTENTION and layers.pooling(model) is None:
            return "it weighs the tokens for its answer in another way"
        return None

    @property
    def feature(self) -> str:
        """The deepest feature of the backbone that has positions; "" where there is none."""
        from recipes.explanations.network import BACKBONE

        model = self.compiled.model
        names = {layer.name for layer in model.layers}
        outputs = model.get_layer(BACKBONE).output if BACKBONE in names else {}
        declared: ModelCard = registry.model_card(self.run.recipe.model.name)
        strided = {feature.name for feature in declared.features if feature.stride is not None}
        found = [
            name
            for name, tensor in outputs.items()
            if name in strided and len(tensor.shape) - 1 in self.kind.positions
        ]
        return found[-1] if found else ""

    def question(self, encoded: np.ndarray, label: str | None = None) -> Question:
        """Return an example with its network, for a class or the one that is predicted.

        Args:
            encoded: an example as the model takes it, (…).
            label: the class; None takes that of the highest logit.
        """
        from recipes.explanations.network import Network

        batch = encoded[None]
        logits = np.asarray(self.compiled.logits(batch), "float64")[0]
        classes = self.run.assets.outputs
        position = int(logits.argmax()) if label is None else classes.index(label)
        (column,) = self.run.assets.x.values()
        subject = self.kind(Network(self.compiled, batch, label=position), encoded, column)
        return Question(subject, classes[position], float(logits[position]))

    def likely(self, question: Question) -> Subject:
        """Return the example with a network whose score is the probability of the class."""
        from recipes.explanations.network import Network

        subject = question.subject
        example, label = subject.encoded[None], subject.network.label
        return self.kind(
            Network(self.probabilities, example, label=label), subject.encoded, subject.column
        )

    def attribution(
        self, question: Question, method: str, baseline: str
    ) -> tuple[np.ndarray, float | None]:
        """Return the map of a method, float64, and the completeness error where it promises one."""
        found, error = METHODS[method].run(question.subject, baseline, self._feature_for(method))
        return np.asarray(found, "float64"), error

    def explanation(self, question: Question, method: str, baseline: str | None) -> Explanation:
        """Explain an example by a method that serves the model; None takes the first baseline."""
        subject, nothing = question.subject, baseline or self.kind.baselines[0]
        attribution, error = self.attribution(question, method, nothing)
        tokens = subject.tokens  # without the padding behind a text
        has_baseline = METHODS[method].has_baseline
        ground = subject.network.scores(subject.baseline(nothing)[None]) if has_baseline else None
        return Explanation(
            method=method,
            label=question.label,
            score=question.score,
            attribution=attribution[: tokens and len(tokens)],
            tokens=tokens,
            completeness=error,
            baseline=nothing if has_baseline else None,
            baseline_score=float(ground[0]) if has_baseline else None,
        )

    def _feature_for(self, method: str) -> str:
        return self.feature if METHODS[method].needs == POSITIONS else ""


def _kind_of(run: Run) -> type[Subject]:
    """Return the class of a run's examples."""
    decoder(run)  # refuses published weights without a head
    columns = run.assets.x
    first = next(iter(columns.values()))
    # An optional input has a tensor beside it that says whether it is there.
    known = len(columns) == 1 and first.kind in SUBJECTS and not first.optional
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
