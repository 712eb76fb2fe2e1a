"""What a model predicts for the examples that it is scored on, and what the scores are."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from recipes.runs.answering import TEMPERATURE, check_calibrated, decoder, tempered
from recipes.runs.base import TrainedModel
from recipes.runs.evaluate import (
    BATCH_SIZE,
    decoded,
    groups_of,
    intervals,
    intervals_of_parts,
    recalls,
)
from recipes.runs.splits import Examples, column_bytes, examples_to_score, splits_of
from zoo.data.pipeline import Encoded
from zoo.errors import RunError
from zoo.metrics.temperature import MEASURED, fit_temperature
from zoo.tasks.decision import answers_of


@dataclass(frozen=True)
class Scored:
    """Predictions and truths of the examples that a model is scored on.

    Attributes:
        found: the examples, and what a reader of the result must know about them.
        predictions: of the task's `decode`, N of them.
        truths: targets by name, (N, …) each.
        groups: group of each, (N,); None where examples are independent.
        where: "test", or "out of fold" where each was predicted by a model that had not seen it.
        temperature: of the probabilities, as `zoo.metrics.temperature` describes it; None for none.
        uncalibrated: the predictions without it.
    """

    found: Examples
    predictions: Any
    truths: dict[str, np.ndarray]
    groups: Sequence[Any] | None
    where: str = "test"
    temperature: dict[str, Any] | None = None
    uncalibrated: Any = None

    def take(self, order: np.ndarray) -> "Scored":
        """Return the same examples in another order; each is one unit of its task."""
        listed = isinstance(self.predictions, list)
        return replace(
            self,
            found=replace(self.found, split=self.found.split.take(order)),
            predictions=[self.predictions[i] for i in order]
            if listed
            else np.asarray(self.predictions)[order],
            truths={name: values[order] for name, values in self.truths.items()},
            groups=None if self.groups is None else [self.groups[i] for i in order],
        )

    def intervals(self, task: Any) -> dict[str, dict[str, Any]]:
        """Return the metrics of a task with their intervals."""
        how = {"groups": self.groups, "noun": self.found.noun}
        return intervals(task, self.predictions, self.truths, **how)

    def result(
        self, task: Any, *, name: str, data: str, classes: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return what `zoo evaluate` says: see `Run.evaluate`."""
        how = {"groups": self.groups, "noun": self.found.noun}
        by_target = intervals_of_parts(task, self.predictions, self.truths, **how)
        by_class = recalls(task, self.predictions, self.truths, classes=classes, **how)
        return {
            "name": name,
            "data": data,
            "split": self.where,
            "examples": len(self.predictions),
            "data_as_trained": self.found.as_trained,
            "notes": list(self.found.notes),
            "metrics": self.intervals(task),
            **({"targets": by_target} if by_target else {}),
            **({"recall_by_class": by_class} if by_class else {}),
            **self._told_of_temperature(task),
        }

    def result_of(self, model: Any, *, data: Any = None) -> dict[str, Any]:
        """Return the same for a run or an ensemble, and the data that it was asked to score."""
        place = model.recipe.data.name if data is None else str(data)
        return self.result(model.task, name=model.name, data=place, classes=model.assets.classes)

    def _told_of_temperature(self, task: Any) -> dict[str, Any]:
        if self.temperature is None:
            return {}
        before = task.score(self.uncalibrated, self.truths)
        changed = {name: before[name] for name in MEASURED if name in before}
        return {"temperature": self.temperature, "uncalibrated": changed}


def scored(
    run: TrainedModel,
    *,
    data: str | None = None,
    data_dir: str | None = None,
    batch_size: int = BATCH_SIZE,
    tta: int = 0,
    calibrated: bool | float = False,
) -> Scored:
    """Predict the examples that a run was tested on, or those of other data.

    Args:
        run: one trained model.
        data: where its data is now, or other data; None takes the original place.
        data_dir: folder of TFDS data.
        batch_size: examples per prediction step.
        tta, calibrated: as `Run.evaluate`.

    Raises:
        RunError, DataError, ArgumentError: as `Run.evaluate`.
    """
    if calibrated is not False:
        check_calibrated(run, calibrated)
    decode = decoder(run, tta=tta)
    found = examples_to_score(run, data=data, data_dir=data_dir)

    def predicted(split: Any) -> tuple[Encoded, Any, dict[str, np.ndarray]]:
        encoded = Encoded(split, run.task, run.assets)
        return encoded, *decoded(decode, encoded, batch_size=batch_size)

    encoded, predictions, truths = predicted(found.split)
    plain = Scored(found, predictions, truths, groups_of(encoded.split, found.train))
    if calibrated is False:
        return plain

    def validated() -> tuple[Any, dict[str, np.ndarray]]:
        moved = data if found.as_trained else None
        fix = "give one with --temperature (calibrated=NUMBER)"
        return predicted(splits_of(run, data=moved, data_dir=data_dir, fix=fix)["validation"])[1:]

    told = _temperature(run, calibrated, validated)
    changed = tempered(predictions, told["value"])
    return replace(plain, predictions=changed, temperature=told, uncalibrated=predictions)


def _temperature(
    run: TrainedModel, calibrated: bool | float, validated: Callable[[], Any]
) -> dict[str, Any]:
    """Return the temperature that was given, that is stored, or that fits validation now."""
    if calibrated is not True:
        return {"value": float(calibrated)}
    if run.metrics.get(TEMPERATURE):
        return dict(run.metrics[TEMPERATURE])
    predictions, truths = validated()
    fitted = fit_temperature(answers_of(predictions)[0], truths[run.assets.label])
    if fitted is None:
        raise RunError(
            f"No temperature can be fitted for {run.name}: it gives no finite probabilities for the "
            "validation examples.",
            fix="leave --calibrated (calibrated=) out",
        )
    return fitted.to_dict()


def example_keys(found: Examples) -> list[str]:
    """Return a hash of what each example holds, targets included; groups do not count."""
    split = found.split
    names = sorted(name for name in split.columns if name != "group")
    keys = []
    for i in range(len(split)):
        digest = hashlib.sha256()
        for name in names:
            raw = column_bytes(split.columns[name][i])
            digest.update(f"{name}:{len(raw)}:".encode() + raw)
        keys.append(digest.hexdigest())
    return keys


def same_order(keys: Sequence[str], others: Sequence[str]) -> np.ndarray | None:
    """Return where each of `keys` is among `others`; None unless both hold the same examples.

    >>> same_order(["a", "b", "a"], ["b", "a", "a"])
    array([1, 0, 2])
    """
    if len(keys) != len(others):
        return None
    places: dict[str, list[int]] = {}
    for place in reversed(range(len(others))):
        places.setdefault(others[place], []).append(place)
    found = [places[key].pop() if places.get(key) else None for key in keys]
    return None if None in found else np.array(found, "int64")
