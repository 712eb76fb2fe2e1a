"""Simple models beside a network, or by themselves: their metrics on the test split."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from recipes.baseline.fit import fit_baselines, input_of
from recipes.baseline.verdict import verdict
from recipes.runs.evaluate import groups_of, intervals
from zoo.catalog.metrics import (
    ACCURACY,
    BALANCED_ACCURACY,
    CLASSIFICATION,
    LANGUAGE,
    MACRO_F1,
    MCC,
)
from zoo.data.dataset import Dataset
from zoo.data.load import load_dataset
from zoo.errors import DataError
from zoo.metrics.classification import ESTIMATORS, classification_statistics

QUIET_SECONDS = 2.0  # after which progress is shown
VALIDATION_FRACTION, SPLIT_SEED = 0.1, 0  # as in recipes
LANGUAGE_MODELING = "language_modeling"
OF_ANSWERS = (ACCURACY, MACRO_F1, BALANCED_ACCURACY, MCC)  # which need no probabilities


class _Classes:
    """What `intervals` asks of a task, for probabilities of classes or answers alone."""

    estimators = ESTIMATORS

    def __init__(self, *, has_probabilities: bool):
        self.metrics = CLASSIFICATION if has_probabilities else OF_ANSWERS

    def statistics(self, predictions: Any, truths: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return classification_statistics(predictions, truths["label"])


def baseline(
    data: "str | Path | Dataset",
    *,
    data_dir: str | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    progress: bool = True,
    **arguments: Any,
) -> dict[str, Any]:
    """Fit simple models of scikit-learn to a data set and score them on its test split.

    The majority class for any data with classes; logistic regression on pixels and on gradients for
    images, on TF-IDF for texts, with a naive-Bayes SVM beside it, and on log-mel for sounds; for texts
    without classes the frequencies of characters. Strengths are chosen on the validation split, and the
    result is the same every time.

    Args:
        data: a dataset's name, any TFDS name, a folder, a table, or a `Dataset`.
        data_dir: folder of TFDS data; TFDS_DATA_DIR by default.
        download: let TFDS download and prepare data that is missing.
        skip_corrupt: leave unreadable files of a folder out instead of raising.
        progress: show on stderr what takes more than two seconds.
        **arguments: of the loader, as for `zoo.load_dataset`.

    Returns:
        {"data", "split", "examples", "metric", "models", "notes"}; a model is {"name", "metrics",
        "examples", "told", "seconds"}, its metrics {name: {"value", "low", "high", "method"}}.

    Raises:
        UnknownNameError, ArgumentError: as `zoo.load_dataset`.
        DataError: the data cannot be read, or there is no simple model for its kind.

    >>> zoo.baseline("digits")["models"][1]["name"]  # doctest: +SKIP
    'logistic regression on pixels'
    """
    how = {"data_dir": data_dir, "download": download, "skip_corrupt": skip_corrupt}
    dataset = data if isinstance(data, Dataset) else load_dataset(data, **how, **arguments)
    with _Progress(shown=progress) as tell:
        return _of_data(dataset, tell)


def _of_data(dataset: Dataset, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return what `baseline` does."""
    if "test" not in dataset.splits:
        raise DataError(
            f"{dataset.name} has no test split.",
            expected="splits train and test",
            fix="put some examples into a folder named test",
        )
    dataset = dataset.with_validation(fraction=VALIDATION_FRACTION, seed=SPLIT_SEED)
    if dataset.classes and input_of(dataset):
        metrics, found = CLASSIFICATION, _of_classes(dataset, tell)
    elif not dataset.classes and _is_text(dataset):
        from recipes.baseline.tokens import of_characters

        metrics, found = LANGUAGE, _of_tokens(dataset, *of_characters(dataset))
    else:
        held = ", ".join(column.word for column in dataset.features.values())
        raise DataError(
            f"There is no simple model for {dataset.name}, which holds {held}.",
            expected="images, sounds or texts with one label each, or texts alone",
            fix="zoo data shows the data sets",
        )
    facts = {"data": dataset.name, "split": "test", "examples": len(dataset.splits["test"])}
    return facts | {"metric": metrics[0].name} | found


def beside(
    dataset: Dataset,
    task: Any,
    assets: Any,
    *,
    network: Mapping[str, Mapping[str, Any]],
    progress: bool,
) -> dict[str, Any]:
    """Return what a run's metrics say of simple models on its own splits; empty where there are none.

    They exist for tasks that are scored as classifications of a single input, and for language
    modeling. Tasks that are scored otherwise have none.

    Args:
        dataset: of the run, with its splits.
        task: of the run.
        assets: fitted on train.
        network: the metrics of the run on test.
        progress: show on stderr what takes more than two seconds.

    Returns:
        {"models", "notes", "outcome", "verdict"}. Data of which the simple models can make nothing
        gives a note that says why.
    """
    with _Progress(shown=progress) as tell:
        try:
            if task.name == LANGUAGE_MODELING and task.metrics == LANGUAGE:
                found = _of_tokens(dataset, task, assets)
            elif _is_classification(dataset, task, assets):
                found = _of_classes(dataset, tell)
            else:
                return {}
        except DataError as error:  # a file that is gone by now, or texts that are absent
            return {"models": [], "notes": [f"There is no simple model: {error.problem}"]}
    judged = verdict(found["models"], network[task.metric], task.metrics[0])
    return found | ({"outcome": judged.outcome, "verdict": judged.sentence} if judged else {})


def _is_classification(dataset: Dataset, task: Any, assets: Any) -> bool:
    """Tell whether a task is scored as a classification of the one input that simple models take."""
    scored = task.metrics == CLASSIFICATION and task.estimators is ESTIMATORS
    inputs = [column.source or name for name, column in assets.x.items()]
    sources = [assets.y[name].source or name for name in assets.y]
    labelled = sources == ["label"] and tuple(assets.classes) == tuple(dataset.classes)
    return scored and labelled and bool(dataset.classes) and inputs == [input_of(dataset)]


def _is_text(dataset: Dataset) -> bool:
    return [column.kind for column in dataset.features.values() if column.modality] == ["text"]


def _of_classes(dataset: Dataset, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return the simple models of a data set with classes, scored on its test split."""
    models, notes = [], []
    truths = {"label": dataset.splits["test"].labels}
    for answers in fit_baselines(dataset, notes=notes, tell=tell):
        fitted = answers.fitted
        scored = _Classes(has_probabilities=fitted.has_probabilities)
        metrics = intervals(scored, answers.probabilities, truths, **_groups(dataset))
        models.append(_entry(fitted.name, metrics, fitted.examples, fitted.told, answers.seconds))
    return {"models": models, "notes": notes}


def _of_tokens(dataset: Dataset, task: Any, assets: Any) -> dict[str, Any]:
    """Return the unigram of a language model's tokens, scored on the test split."""
    from recipes.baseline.tokens import NAME, TOLD, predicted

    began = time.perf_counter()
    metrics = intervals(task, *predicted(task, assets, dataset))
    kind = assets.x["ids"].tokenizer["kind"]
    name = f"{NAME} of {'characters' if kind == 'character' else 'tokens'}"
    examples, seconds = len(dataset.splits["train"]), time.perf_counter() - began
    return {"models": [_entry(name, metrics, examples, TOLD, seconds)], "notes": []}


def _groups(dataset: Dataset) -> dict[str, Any]:
    """Return the groups of the test examples, as a run takes them for its intervals."""
    group, splits = dataset.features.get("group"), dataset.splits
    noun = group.plural if group else ""
    return {"groups": groups_of(splits["test"], splits["train"]), "noun": noun}


def _entry(
    name: str, metrics: dict[str, Any], examples: int, told: str, seconds: float
) -> dict[str, Any]:
    facts = {"name": name, "metrics": metrics, "examples": examples, "told": told}
    return facts | {"seconds": round(seconds, 1)}


class _Progress:
    """Say on stderr what is being done, once it takes longer than `QUIET_SECONDS`."""

    def __init__(self, *, shown: bool):
        self.shown, self.console = shown, Console(file=sys.stderr, highlight=False)
        self.began = time.perf_counter()
        self.status: Any = None

    def __enter__(self) -> Callable[[str], None]:
        return self.tell

    def tell(self, words: str) -> None:
        if not self.shown or time.perf_counter() - self.began < QUIET_SECONDS:
            return
        if not self.console.is_terminal:
            self.console.print(f"simple models: {words}", markup=False)
        elif self.status is None:
            self.status = self.console.status(f"simple models: {words}")
            self.status.start()
        else:
            self.status.update(f"simple models: {words}")

    def __exit__(self, *error: object) -> None:
        if self.status is not None:
            self.status.stop()
