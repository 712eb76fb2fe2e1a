"""Test every method of explanation on the test examples of a run: `zoo.check_explanations`."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from recipes.explanations.checks.deletion import Curves, curves
from recipes.explanations.checks.sensitivity import max_sensitivity
from recipes.explanations.checks.verdict import LARGEST_ERROR, Mean, MethodCheck
from recipes.explanations.explainer import Explainer, Question
from recipes.explanations.methods import METHODS
from recipes.explanations.progress import Progress
from recipes.runs.predict import Reading, answers
from recipes.runs.run import load
from zoo.errors import ArgumentError

EXAMPLES = 20
FEW = 6  # examples of the tests that explain each of them many times
WEIGHTS = 3  # draws of random weights, which these examples share
ORDERS = 5  # random ones of each example
CURVE = 21  # points of a mean curve


@dataclass(frozen=True)
class ExplanationChecks:
    """What the tests found.

    Attributes:
        name: of the run.
        examples: of deletion, insertion and completeness.
        few: examples of randomisation and sensitivity.
        seed: of random orders, random weights and noise.
        stages: the lowest layer that was randomised, stage by stage, the top first.
        random: areas of a random order, "deletion" and "insertion", and its mean curves.
        methods: those that serve the run.
        left_out: methods that do not, and why.
    """

    name: str
    examples: int
    few: int
    seed: int
    stages: tuple[str, ...]
    random: dict[str, Any]
    methods: tuple[MethodCheck, ...]
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        told = {key: getattr(self, key) for key in ("name", "examples", "few", "seed", "random")}
        return told | {
            "stages": list(self.stages),
            "methods": [one.to_dict() for one in self.methods],
            "left_out": self.left_out,
        }


def check_explanations(
    target: Any,
    *,
    methods: Sequence[str] | None = None,
    examples: int = EXAMPLES,
    seed: int = 1,
    data_dir: str | None = None,
    progress: bool = True,
) -> ExplanationChecks:
    """Test which methods of explanation may be believed on a run.

    Each test example is explained for its predicted class. Numbers must add up where a method promises
    it; removing the parts that matter most must lower the probability of the class sooner than a random
    order; and maps must change when the weights are shuffled, layer by layer from the top.

    Args:
        target: run, run directory, weight name or recipe name.
        methods: names; None takes all that serve the run.
        examples: of the test split, evenly spread; randomisation and sensitivity take the first six.
        seed: of random orders, random weights and noise.
        data_dir: where data sets lie, as `zoo.evaluate` takes it.
        progress: show on stderr what takes more than two seconds.

    Raises:
        ArgumentError: an ensemble, or the model does not classify one image, text or sound; a method
            that does not serve it.
        UnknownNameError: there is no such method.

    >>> found = zoo.check_explanations("cnn_small.digits")  # doctest: +SKIP
    >>> [one.method for one in found.methods if not one.faults]  # doctest: +SKIP
    """
    run = load(target)
    if hasattr(run, "members"):
        raise ArgumentError(
            f"{run.name} is an ensemble, whose explanations are means of its members'.",
            expected="one run",
            fix="check a member by itself",
        )
    if examples < 2:
        raise ArgumentError(
            f"{examples} example(s) have no standard error.", expected="2 or more", fix="give more"
        )
    with Progress(shown=progress) as show:
        explainer = Explainer(run, tell=show.tell)
        chosen = list(explainer.methods if methods is None else methods)
        for name in chosen:
            explainer.check(name)
        encoded = _test_examples(run, examples, data_dir)
        return _Checks(explainer, encoded, seed, show).of(chosen)


def _test_examples(run: Any, count: int, data_dir: str | None) -> list[np.ndarray]:
    """Return test examples as the model takes them, evenly spread over the split."""
    ((name, column),) = run.assets.x.items()
    values = run.dataset(data_dir=data_dir).splits["test"].columns[column.source or name]
    places = np.unique(np.linspace(0, len(values) - 1, count).round().astype(int))

    def decode(x: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        return list(next(iter(x.values())))

    given = [values[int(place)] for place in places]
    return [found for _, found in answers(run, given, reading=Reading(1), decode=decode)]


@final
class _Checks:
    """The tests of all methods on the same examples."""

    def __init__(
        self, explainer: Explainer, encoded: Sequence[np.ndarray], seed: int, show: Progress
    ):
        self.explainer, self.encoded, self.seed, self.show = explainer, encoded, seed, show
        self.baseline = explainer.kind.baselines[0]
        self.questions = [explainer.question(one) for one in encoded]

    def of(self, chosen: Sequence[str]) -> ExplanationChecks:
        """Return what the tests find of some methods."""
        left_out = {
            name: why for name in METHODS if (why := self.explainer.why_not(name)) is not None
        }
        maps: dict[str, list[np.ndarray]] = {}
        errors, seconds = {}, {}
        for name in chosen:
            self.show.what = name
            began = time.perf_counter()
            try:
                found = [self._map(question, name) for question in self.questions]
            except ArgumentError as error:  # Grad-CAM of a head that does not use positions
                left_out[name] = error.problem
                continue
            seconds[name] = (time.perf_counter() - began) / len(found)
            maps[name], errors[name] = ([one[place] for one in found] for place in (0, 1))
        random, by_method = self._deletions(maps)
        names, correlations = self._randomised(maps)
        methods = [
            MethodCheck(
                method=name,
                **_completeness(errors[name]),
                **_gains(by_method[name], random),
                correlations=tuple(map(Mean.of, correlations[name][..., 0])),
                strengths=tuple(map(Mean.of, correlations[name][..., 1])),
                sensitivity=Mean.of(self._sensitivities(name, maps[name])),
                curves=_mean_curves(by_method[name]),
                seconds=seconds[name],
            )
            for name in maps
        ]
        return ExplanationChecks(
            name=self.explainer.run.name,
            examples=len(self.encoded),
            few=min(FEW, len(self.encoded)),
            seed=self.seed,
            stages=names,
            random=_random_areas(random),
            methods=tuple(methods),
            left_out=left_out,
        )

    def _map(self, question: Question, name: str) -> tuple[np.ndarray, float | None]:
        return self.explainer.attribution(question, name, self.baseline)

    def _deletions(
        self, maps: Mapping[str, list[np.ndarray]]
    ) -> tuple[list[list[Curves]], dict[str, list[Curves]]]:
        """Return the curves of random orders and of each method, example by example."""
        self.show.what = "deletion and insertion"
        generator = np.random.default_rng(self.seed)
        random, by_method = [], {name: [] for name in maps}
        for place, question in enumerate(self.questions):
            subject = question.subject
            parts = subject.removed_parts()
            count = int(parts.max()) + 1
            scores = self.explainer.likely(question).masked(self.baseline)
            orders = [generator.permutation(count) for _ in range(ORDERS)]
            random.append([curves(scores, parts, order) for order in orders])
            for name, found in maps.items():
                of_parts = subject.by_part(found[place], parts)
                order = np.argsort(-of_parts, kind="stable")
                by_method[name].append(curves(scores, parts, order))
        return random, by_method

    def _randomised(
        self, maps: Mapping[str, list[np.ndarray]]
    ) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
        """Return the lowest layer of each stage, and correlations by method (stages, examples, 2).

        The few examples share a few draws of weights, so that no single draw decides.
        """
        from recipes.explanations.checks.randomisation import kept, randomise, stages

        model, places = self.explainer.compiled.model, range(min(FEW, len(self.questions)))
        groups, generator = stages(model), np.random.default_rng(self.seed)
        found = {name: np.full((len(groups), len(places), 2), np.nan) for name in maps}
        for draw in range(min(WEIGHTS, len(places))):
            with kept(model):
                for stage, layers in enumerate(groups):
                    randomise(layers, generator)
                    for place in places[draw::WEIGHTS]:
                        for name, own in maps.items():
                            self.show.what = f"random weights {draw + 1} of {WEIGHTS}, {name}"
                            found[name][stage, place] = self._likeness(place, name, own[place])
        return tuple(layers[-1].name for layers in groups), found

    def _likeness(self, place: int, name: str, own: np.ndarray) -> tuple[float, float]:
        """Return the rank correlation of a map with that of the trained network, and of strengths."""
        from recipes.explanations.checks.randomisation import rank_correlation

        trained = self.questions[place]
        question = self.explainer.question(self.encoded[place], trained.label)
        before = trained.subject.compared(own, self.baseline)
        now = question.subject.compared(self._map(question, name)[0], self.baseline)
        return rank_correlation(before, now), rank_correlation(np.abs(before), np.abs(now))

    def _sensitivities(self, name: str, maps: Sequence[np.ndarray]) -> list[float]:
        self.show.what = f"noise, {name}"
        found = []
        for question, own in list(zip(self.questions, maps, strict=True))[:FEW]:

            def explain(numbers: np.ndarray, question: Question = question) -> np.ndarray:
                near = replace(question, subject=question.subject.at(numbers))
                return self._map(near, name)[0]

            found.append(max_sensitivity(explain, question.subject.input, own, seed=self.seed))
        return found


def _completeness(errors: Sequence[float | None]) -> dict[str, float | None]:
    told = [error for error in errors if error is not None]
    if not told:
        return {"completeness": None, "within": None}
    within = float(np.mean(np.array(told) <= LARGEST_ERROR))
    return {"completeness": float(np.median(told)), "within": within}


def _gains(found: Sequence[Curves], random: Sequence[Sequence[Curves]]) -> dict[str, Mean]:
    """Return areas, and differences from the random orders of the same example."""
    deletion = np.array([one.deletion_area for one in found])
    insertion = np.array([one.insertion_area for one in found])
    by_chance = np.array(
        [[(one.deletion_area, one.insertion_area) for one in orders] for orders in random]
    ).mean(axis=1)  # (examples, 2)
    return {
        "deletion": Mean.of(deletion),
        "insertion": Mean.of(insertion),
        "deletion_gain": Mean.of(by_chance[:, 0] - deletion),
        "insertion_gain": Mean.of(insertion - by_chance[:, 1]),
    }


def _random_areas(random: Sequence[Sequence[Curves]]) -> dict[str, Any]:
    each = [one for orders in random for one in orders]
    areas = {
        "deletion": float(np.mean([one.deletion_area for one in each])),
        "insertion": float(np.mean([one.insertion_area for one in each])),
    }
    return areas | {"curves": _mean_curves(each)}


def _mean_curves(found: Sequence[Curves]) -> dict[str, list[float]]:
    """Return mean curves at equal shares of the parts, whose number differs between texts."""
    shares = np.linspace(0, 1, CURVE)
    return {
        name: np.mean(
            [
                np.interp(shares, np.linspace(0, 1, len(curve)), curve)
                for curve in (getattr(one, name) for one in found)
            ],
            axis=0,
        ).tolist()
        for name in ("deletion", "insertion")
    }
