"""Compare a model's own test examples with other data, by three scores."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from recipes.out_of_distribution.answers import (
    MOST_EXAMPLES,
    Answers,
    Network,
    check_model,
    other_split,
)
from recipes.out_of_distribution.detection import detection
from recipes.out_of_distribution.energy import negative_energy
from recipes.out_of_distribution.mahalanobis import Mahalanobis
from recipes.out_of_distribution.max_softmax import max_softmax
from recipes.runs.base import TrainedModel
from recipes.runs.evaluate import BATCH_SIZE
from recipes.runs.scored import Scored
from recipes.runs.splits import splits_of
from zoo.data.load import folder_of
from zoo.errors import ArgumentError, ZooError

MAX_SOFTMAX, ENERGY, MAHALANOBIS = "max_softmax", "energy", "mahalanobis"
Progress = Callable[[str], None]


def names_of(against: str | Sequence[str]) -> tuple[str, ...]:
    """Return the data sets that are named, in a list or with commas between.

    Raises:
        ArgumentError: none is.
    """
    listed = against.split(",") if isinstance(against, str) else [str(name) for name in against]
    names = tuple(dict.fromkeys(name.strip() for name in listed if name.strip()))
    if not names:
        raise ArgumentError(
            "No other data is named.",
            expected="names of data sets, folders or tables, with commas between",
            fix="--against mnist, for example",
        )
    return names


def compared_with(
    run: TrainedModel,
    scored: Scored,
    *,
    against: str | Sequence[str],
    data: str | None = None,
    data_dir: str | None = None,
    batch_size: int = BATCH_SIZE,
    progress: Progress = lambda words: None,
) -> tuple[dict[str, Any], dict[str, dict[str, np.ndarray]]]:
    """Score a run's test examples and those of other data sets.

    Args:
        run: of one input, that chooses one of several classes.
        scored: what `zoo.evaluate` scored: its examples are the run's own.
        against: data sets of the catalog, folders, tables; classes are not looked at.
        data, data_dir, batch_size: as in `zoo.evaluate`.
        progress: called with what is about to be done.

    Returns:
        {"examples", "notes", "sets": {name: {"examples", "what", "scores": {score: `detection`}}}}, and
        the scores themselves by set and score; "" is the run's own. Scores are of logits and features
        as they are, without views or temperature. "mahalanobis" is left out, with a note, where the
        training examples are not at hand or the head takes no single vector.

    Raises:
        ArgumentError: the run has several inputs or no classes, or no data is named.
        UnknownNameError, DataError: other data is not there, or of another kind.
    """
    check_model(run)
    names, notes = names_of(against), []
    places = {name: folder_of(name) for name in names}
    others = {
        name: other_split(run, name, data_dir=data_dir) for name in names if places[name] is None
    }
    network = Network(run, batch_size=batch_size)
    moved = data if scored.found.as_trained else None
    distance = _fitted(network, data=moved, data_dir=data_dir, notes=notes, progress=progress)
    progress("the run's own test examples")
    own = network.of_split(scored.found.split)
    values, sets = {"": _scores(own, distance)}, {}
    for name in names:
        progress(name)
        if places[name] is None:
            split, feature, what = others[name]
            found = network.of_split(split, feature=feature)
        else:
            found, what = network.of_files(places[name]), "all examples"
        values[name] = _scores(found, distance)
        told = {score: detection(values[""][score], row) for score, row in values[name].items()}
        sets[name] = {"examples": len(found.logits), "what": what, "scores": told}
    if network.is_cut:
        notes.append(f"{MOST_EXAMPLES:,} examples of a set at most were taken, at random.")
    return {"examples": len(own.logits), "notes": notes, "sets": sets}, values


def _scores(found: Answers, distance: Mahalanobis | None) -> dict[str, np.ndarray]:
    scores: Mapping[str, Any] = {
        MAX_SOFTMAX: max_softmax(found.logits),
        ENERGY: negative_energy(found.logits),
    }
    return {**scores, **({MAHALANOBIS: distance(found.features)} if distance else {})}


def _fitted(
    network: Network,
    *,
    data: str | None,
    data_dir: str | None,
    notes: list[str],
    progress: Progress,
) -> Mahalanobis | None:
    """Return class means and covariance of train; None, with a note, where they cannot be had."""
    reason = "the model's head takes no single vector"
    if network.has_features:
        try:
            progress("training examples, for Mahalanobis distances")
            train = splits_of(network.run, data=data, data_dir=data_dir)["train"]
            found = network.of_split(train)
            return Mahalanobis.fitted(found.features, found.labels)
        except ZooError as error:
            reason = error.problem
    notes.append(f"{MAHALANOBIS} is left out: {reason}")
    return None
