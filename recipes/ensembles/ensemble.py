"""An ensemble: several trained models of one task, whose answers are averaged."""

import functools
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from recipes.ensembles.entry import FOLDS
from recipes.ensembles.graph import combined_assets, combined_model
from recipes.runs.base import TrainedModel
from recipes.runs.evaluate import BATCH_SIZE, together
from recipes.runs.listing import Listing
from recipes.runs.predict import Reading, answers, described
from recipes.runs.scored import Scored, example_keys, same_order
from zoo.errors import ArgumentError, RunError, command
from zoo.tasks.decision import THRESHOLD

if TYPE_CHECKING:
    import keras

    from zoo.columns.assets import Assets
    from zoo.data.dataset import Dataset
    from zoo.tasks.base import Task


@final
class Ensemble:
    """Several runs as one: probabilities, or predicted numbers, are averaged.

    Each member encodes inputs in its own way, so members may differ in their vocabularies or in the size
    of their images. A file of another runtime holds one graph: only members that encode
    inputs alike can be exported.

    Attributes:
        members: two runs or more, of one task with the same classes or targets.
        kind: "folds", "seeds" or "runs".
        path: folder of the ensemble.
        name: the folder, as text.

    Raises:
        RunError: the members do not answer the same question.
    """

    def __init__(self, members: Sequence[TrainedModel], *, kind: str, path: Path):
        self.members, self.kind, self.path, self.name = tuple(members), kind, path, str(path)
        _check_alike(self.members)

    def __repr__(self) -> str:
        return f"Ensemble({self.name!r}, members={len(self.members)})"

    @property
    def recipe(self) -> Any:
        """The recipe of the first member."""
        return self.members[0].recipe

    @property
    def task(self) -> "Task":
        """The task of the members."""
        return self.members[0].task

    @functools.cached_property
    def assets(self) -> "Assets":
        """What the first member was fitted with; thresholds are the means over the members."""
        return combined_assets([member.assets for member in self.members])

    @property
    def metrics(self) -> dict[str, Any]:
        """Facts of the first member that reading its data needs."""
        return self.members[0].metrics

    @property
    def sha256(self) -> str:
        """A checksum of the members' checksums."""
        return hashlib.sha256("".join(m.sha256 for m in self.members).encode()).hexdigest()

    @property
    def contents(self) -> str:
        """What the model is, in words."""
        names = " and ".join(dict.fromkeys(member.contents for member in self.members))
        return f"an ensemble of {len(self.members)} networks ({names})"

    @functools.cached_property
    def model(self) -> "keras.Model":
        """One graph of all members, whose logits are those of the mean answer.

        Raises:
            RunError: the members encode inputs differently.
        """
        _check_encodings(self.members)
        return self._graph([member.model for member in self.members])

    def float32_model(self) -> "keras.Model":
        """Return the graph in float32, also where members were trained in another precision."""
        if all(member.recipe.training.precision == "float32" for member in self.members):
            return self.model
        _check_encodings(self.members)
        return self._graph([member.float32_model() for member in self.members])

    def _graph(self, models: Sequence["keras.Model"]) -> "keras.Model":
        return combined_model(models, [member.assets for member in self.members])

    def dataset(self, *, data_dir: str | None = None) -> "Dataset":
        """Load the data that the first member was trained on."""
        return self.members[0].dataset(data_dir=data_dir)

    def predict(
        self,
        inputs: Any,
        *,
        batch_size: int = 64,
        column: str | None = None,
        text_column: str | None = None,
        keep_going: bool = False,
        tta: int = 0,
        calibrated: bool | float = False,
        top: int | None = None,
        threshold: float | None = None,
    ) -> list[dict[str, Any]]:
        """Predict files, arrays or texts with the mean of the members.

        Args:
            inputs, batch_size, column, text_column, keep_going, tta, top, threshold: as `Run.predict`,
                which describes the result.
            calibrated: refused, as each member has a temperature of its own.
        """
        found = self.predict_each(
            inputs,
            batch_size=batch_size,
            column=column or text_column,
            keep_going=keep_going,
            tta=tta,
            calibrated=calibrated,
            top=top,
            threshold=threshold,
        )
        return list(found)

    def predict_each(
        self,
        inputs: Any,
        *,
        batch_size: int = 64,
        column: str | None = None,
        keep_going: bool = False,
        tta: int = 0,
        calibrated: bool | float = False,
        top: int | None = None,
        threshold: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield what `predict` returns, batch by batch; the arguments are the same."""
        self.refuse_temperature(calibrated)
        listing = Listing(top, threshold)
        listing.check(self.assets, self.name)
        inputs = list(inputs) if isinstance(inputs, Iterator) else inputs
        reading = Reading(batch_size, column, keep_going)
        by_member = [answers(member, inputs, reading=reading, tta=tta) for member in self.members]
        return described(_mean_answers(by_member), self.task, self.assets, listing)

    def evaluate(
        self,
        *,
        data: str | Path | None = None,
        data_dir: str | None = None,
        batch_size: int = BATCH_SIZE,
        tta: int = 0,
        calibrated: bool | float = False,
    ) -> dict[str, Any]:
        """Score the examples that the members were tested on, or other data.

        Members that were tested on the same examples are scored together, by their mean. Those of folds
        were not: each example is then scored by the one member that was not trained on it.

        Args:
            data, data_dir, batch_size, tta: as `Run.evaluate`, which describes the result.
            calibrated: refused, as each member has a temperature of its own.

        Raises:
            RunError: the members were tested on different examples.
            ArgumentError: `calibrated` is given.
        """
        how = {"data_dir": data_dir, "batch_size": batch_size, "tta": tta, "calibrated": calibrated}
        return self.scored(data=data, **how).result_of(self, data=data)

    def scored(
        self,
        *,
        data: str | Path | None = None,
        data_dir: str | None = None,
        batch_size: int = BATCH_SIZE,
        tta: int = 0,
        calibrated: bool | float = False,
    ) -> Scored:
        """Predict the examples that `evaluate` scores; the arguments are the same."""
        self.refuse_temperature(calibrated)
        how = {"data": data, "data_dir": data_dir, "batch_size": batch_size, "tta": tta}
        parts = [member.scored(**how) for member in self.members]
        same = aligned(parts)
        if same is not None:
            return mean_of(same)
        if self.kind == FOLDS and all(part.found.as_trained for part in parts):
            return out_of_fold(parts)
        raise RunError(
            f"The members of {self.name} were tested on different examples.",
            expected="members with one test split, which none of them was trained on",
            fix="score them on other data: "
            + command("zoo", "evaluate", self.name, "--data", "FOLDER"),
        )

    def refuse_temperature(self, calibrated: bool | float) -> None:
        """Refuse anything but False.

        Raises:
            ArgumentError: the message says why.
        """
        if calibrated is not False:
            raise ArgumentError(
                f"{self.name} is an ensemble, for which no temperature is fitted.",
                expected="one run; the mean of several is less sure of itself than each of them",
                fix="leave --calibrated and --temperature (calibrated=) out",
            )


def _mean_answers(by_member: Sequence[Iterator[Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield each input with the mean of the members' answers; None where one could not read it."""
    for found in zip(*by_member, strict=True):
        failed = next((item for item, _ in found if item.error is not None), None)
        mean = None if failed else mean_prediction([np.asarray(guess) for _, guess in found])
        yield failed or found[0][0], mean


def mean_prediction(predictions: Sequence[np.ndarray]) -> np.ndarray:
    """Return the mean of several models' predictions, float64, of the shape of each."""
    return np.mean(np.stack(predictions), axis=0, dtype="float64")


def aligned(parts: Sequence[Scored]) -> list[Scored] | None:
    """Return what several models predict in the order of the first; None for other examples."""
    first, keys = parts[0], example_keys(parts[0].found)
    found = [first]
    for part in parts[1:]:
        order = same_order(keys, example_keys(part.found))
        if order is None or len(part.predictions) != len(first.predictions):
            return None
        found.append(part if _unmoved(order) else part.take(order))
    return found


def _unmoved(order: np.ndarray) -> bool:
    return bool((order == np.arange(len(order))).all())


def mean_of(parts: Sequence[Scored]) -> Scored:
    """Return the mean of what several models predict for the same examples, in the same order."""
    notes = tuple(dict.fromkeys(note for part in parts for note in part.found.notes))
    as_trained = all(part.found.as_trained for part in parts)
    found = replace(parts[0].found, notes=notes, as_trained=as_trained)
    predictions = mean_prediction([np.asarray(part.predictions) for part in parts])
    return replace(parts[0], found=found, predictions=predictions)


def out_of_fold(parts: Sequence[Scored]) -> Scored:
    """Join the test splits of folds, each predicted by the model that was not trained on it."""
    from zoo.data.dataset import joined

    predictions, truths = together(
        [part.predictions for part in parts], [part.truths for part in parts]
    )
    grouped = all(part.groups is not None for part in parts)
    groups = [group for part in parts for group in part.groups] if grouped else None
    note = (
        "Each example is scored by the one model that was not trained on it: these are the scores of "
        "single models, not of their mean."
    )
    notes = dict.fromkeys([note, *(told for part in parts for told in part.found.notes)])
    found = replace(
        parts[0].found,
        split=joined([part.found.split for part in parts]),
        notes=tuple(notes),
        train=None,
    )
    return Scored(found, predictions, truths, groups, where="out of fold")


def _check_alike(members: Sequence[TrainedModel]) -> None:
    """Raise RunError unless the members are several models that answer the same question."""
    if len(members) < 2:
        raise RunError(
            f"An ensemble of {len(members)} model(s) is not an ensemble.",
            expected="two runs or more",
            fix="zoo ensemble RUN RUN --output FOLDER",
        )
    first = members[0]
    if not first.assets.outputs:
        raise RunError(
            f"Models of {first.recipe.task.name} cannot be averaged.",
            expected="models that predict classes, labels or numbers",
            fix="use the best of them by itself",
        )
    for other in members[1:]:
        for what, ours, theirs in (
            ("task", first.recipe.task.name, other.recipe.task.name),
            ("targets", _listed(first.assets.outputs), _listed(other.assets.outputs)),
            ("inputs", _inputs(first.assets), _inputs(other.assets)),
            ("threshold", _positive(first.assets), _positive(other.assets)),
        ):
            if ours != theirs:
                raise RunError(
                    f"{first.name} and {other.name} differ in their {what}.",
                    expected=f"{what} of all members: {ours}, not {theirs}",
                    fix="leave one of them out",
                )


def _inputs(assets: "Assets") -> str:
    columns: Mapping[str, Any] = assets.x
    return ", ".join(f"{column.source or name} ({column.word})" for name, column in columns.items())


def _positive(assets: "Assets") -> str:
    """Return the class that a chosen threshold decides for; "none" where the likeliest class wins."""
    return assets.extra.get(THRESHOLD, {}).get("positive", "none")


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} … ({len(names)})" if len(names) > 8 else shown


def _check_encodings(members: Sequence[TrainedModel]) -> None:
    """Raise RunError unless one graph can take the inputs of all members."""
    first = {name: column.to_dict() for name, column in members[0].assets.x.items()}
    for other in members[1:]:
        theirs = {name: column.to_dict() for name, column in other.assets.x.items()}
        differ = [
            column.source or name
            for name, column in other.assets.x.items()
            if first[name] != theirs[name]
        ]
        if differ:
            raise RunError(
                f"{members[0].name} and {other.name} encode {', '.join(differ)} differently, as each "
                "was fitted on its own training examples.",
                expected="members that encode inputs alike, such as runs that differ in their seed",
                fix="make one graph of runs of `zoo train RECIPE --seeds 1,2,3`; predicting and "
                "evaluating work with these members as well",
            )
