"""Score a model on corrupted copies of the examples that it is scored on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recipes.runs.answering import decoder, tempered
from recipes.runs.base import TrainedModel
from recipes.runs.evaluate import BATCH_SIZE, decoded, groups_of
from recipes.runs.scored import Scored
from recipes.shift.advice import advice
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError
from zoo.metrics.base import Metric
from zoo.metrics.estimators import Estimator, Statistics
from zoo.metrics.intervals import Sampling, bootstrap
from zoo.transforms.corruptions import SEVERITIES, Corruption, chosen, corruptions

CALIBRATION = "ece"
Progress = Callable[[int, int, str], None]


def chosen_for(run: TrainedModel, names: str | Sequence[str]) -> dict[str, Corruption]:
    """Return the corruptions of a run's input by name, before anything is computed.

    Args:
        run: of one input.
        names: of corruptions or groups, in a list or with commas between; "all" for all.

    Raises:
        ArgumentError: the run has several inputs, an input that no corruption is for, or is scored on
            pieces of its examples.
        UnknownNameError: there is no corruption of that name.
    """
    inputs = run.assets.x
    leave = "leave --shift (shift=) out"
    if run.task.writes:
        raise _in_pieces(run)
    if len(inputs) > 1:
        raise ArgumentError(
            f"{run.name} has several inputs: {', '.join(inputs)}. Corruptions are for models of one.",
            expected="a model of one image, sound or text",
            fix=leave,
        )
    column = next(iter(inputs.values()))
    known = corruptions(column)
    if not known:
        raise ArgumentError(
            f"There are no corruptions of {column.word}, which {run.name} takes.",
            expected="a model of images, sounds or texts",
            fix=leave,
        )
    return chosen(known, names)


def shifted(
    run: TrainedModel,
    scored: Scored,
    *,
    names: str | Sequence[str] = "all",
    examples: int | None = None,
    batch_size: int = BATCH_SIZE,
    tta: int = 0,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Score a run on every corruption at severity 1 to 5, with 95 % intervals.

    Differences from clean are of the same examples. The calibration error has no interval.

    Args:
        run: of one input.
        scored: what `zoo.evaluate` scored; a temperature of it is used here, too.
        names: as `chosen_for`.
        examples: so many at random; None for all.
        batch_size, tta: as in `zoo.evaluate`.
        seed: of the draws, and of which examples are taken.
        progress: called with the number of scores so far, that of all, and the next one's name.

    Returns:
        {"metric", "examples", "seed", "clean": {metric: entry}, "corruptions": {name: {"group",
        "severities": [{metric: entry}, …], "mean", "difference"}}, "mean": {metric: value},
        "difference": entry, "worst", "advice"}, entries as {"value", "low", "high", "method"};
        "difference" is that of the first metric from clean, in the mean.

    Raises:
        ArgumentError, UnknownNameError: as `chosen_for`; or `examples` is out of range.
    """
    wanted = chosen_for(run, names)
    scorer = _Scorer.of(run, scored, batch_size=batch_size, tta=tta)
    split, places = _some(scored.found.split, examples, seed)
    seeds = [(seed, int(place)) for place in places]
    source = next((column.source or name) for name, column in run.assets.x.items())
    clean, sampling = scorer(split)
    found, everything, total = {}, [], len(wanted) * len(SEVERITIES)
    for name, corruption in wanted.items():
        cells = []
        for severity in SEVERITIES:
            progress(len(everything) + len(cells), total, f"{name} {severity}")
            values = _Corrupted(split, source, corruption, severity, seeds)
            cells.append(scorer(_with_column(split, source, values))[0])
        everything += cells
        listed = [scorer.entries(cell, sampling) for cell in cells]
        found[name] = {"group": corruption.group, "severities": listed}
        found[name] |= scorer.together(cells, clean, sampling)
    return {
        "metric": scorer.metrics[0].name,
        "examples": len(split),
        "seed": seed,
        "clean": scorer.entries(clean, sampling),
        "corruptions": found,
        **scorer.together(everything, clean, sampling),
        **_worst(found, wanted, scorer.metrics[0], run),
    }


def _worst(
    found: Mapping[str, Any], wanted: Mapping[str, Corruption], metric: Metric, run: TrainedModel
) -> dict[str, str]:
    """Return the corruption that costs most in the mean, and what may help against it."""
    name = min(found, key=lambda each: metric.sign * found[each]["difference"]["value"])
    hint = advice(wanted[name], found[name]["difference"], metric, run.task.regularization)
    return {"worst": name, "advice": hint}


def _in_pieces(run: TrainedModel) -> ArgumentError:
    return ArgumentError(
        f"{run.name} is scored on pieces of its examples, which a corruption moves.",
        expected="a model that answers once for each example, such as a classifier",
        fix="leave --shift (shift=) out",
    )


def _some(split: Split, examples: int | None, seed: int) -> tuple[Split, np.ndarray]:
    """Return some examples of a split, in its order, and where they are in it."""
    places = np.arange(len(split))
    if examples is None or examples >= len(split):
        return split, places
    if examples < 1:
        raise ArgumentError(
            f"examples={examples} is out of range.",
            expected="1 or more",
            fix="leave it out for all",
        )
    places = np.sort(np.random.default_rng(seed).permutation(len(split))[:examples])
    return split.take(places), places


def _with_column(split: Split, name: str, values: Sequence[Any]) -> Split:
    """Return a split with other values, decoded, in one column."""
    decode = {key: function for key, function in split.decode.items() if key != name}
    return Split({**split.columns, name: values}, decode=decode, names=split.names)


class _Corrupted(Sequence):
    """The corrupted values of a column, each made when it is read."""

    def __init__(
        self,
        split: Split,
        name: str,
        corruption: Corruption,
        severity: int,
        seeds: Sequence[tuple[int, ...]],
    ):
        self.values, self.decode = split.columns[name], split.decode.get(name)
        self.corruption, self.severity, self.seeds = corruption, severity, seeds

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Any:
        value = self.values[index]
        if value is None:
            return None
        value = value if self.decode is None else self.decode(value)
        return self.corruption(value, severity=self.severity, seed=self.seeds[index])


@dataclass(frozen=True)
class _Scorer:
    """Predicts a split and keeps what the metrics need of it."""

    run: TrainedModel
    scored: Scored
    decode: Callable[[Mapping[str, np.ndarray]], Any]
    batch_size: int
    metrics: tuple[Metric, ...]

    @classmethod
    def of(cls, run: TrainedModel, scored: Scored, *, batch_size: int, tta: int) -> "_Scorer":
        metrics = tuple(
            metric
            for place, metric in enumerate(run.task.metrics)
            if place == 0 or metric.name == CALIBRATION
        )
        return cls(run, scored, decoder(run, tta=tta), batch_size, metrics)

    def __call__(self, split: Split) -> tuple[Statistics, Sampling]:
        task, found = self.run.task, self.scored.found
        encoded = Encoded(split, task, self.run.assets)
        if len(encoded) != len(split):
            raise _in_pieces(self.run)
        predictions, truths = decoded(self.decode, encoded, batch_size=self.batch_size)
        if self.scored.temperature is not None:
            predictions = tempered(predictions, self.scored.temperature["value"])
        groups = groups_of(encoded.split, found.train)
        sampling = Sampling.of(len(split), groups, noun=found.noun)
        return task.statistics(predictions, truths), sampling

    def entries(self, cell: Statistics, sampling: Sampling) -> dict[str, dict[str, Any]]:
        """Return the metrics of one cell with their intervals."""
        found = {}
        for metric in self.metrics:
            estimator: Estimator = self.run.task.estimators[metric.name]
            interval = asdict(estimator.interval(cell, sampling))
            found[metric.name] = {"value": float(estimator(cell))} | interval
        return found

    def together(
        self, cells: Sequence[Statistics], clean: Statistics, sampling: Sampling
    ) -> dict[str, Any]:
        """Return the mean of several cells, and the first metric's difference from clean."""
        estimators = self.run.task.estimators
        means = {
            metric.name: float(np.mean([estimators[metric.name](cell) for cell in cells]))
            for metric in self.metrics
        }
        first = estimators[self.metrics[0].name]

        def difference(weights: np.ndarray) -> np.ndarray:
            found = [first(cell, weights) for cell in cells]
            return np.mean(found, axis=0) - first(clean, weights)

        value = round(means[self.metrics[0].name] - float(first(clean)), 12)
        interval = bootstrap(difference, value, sampling)
        return {"mean": means, "difference": {"value": value} | asdict(interval)}
