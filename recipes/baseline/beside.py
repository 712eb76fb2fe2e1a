"""Simple models beside a network, or by themselves: their metrics on the test split."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from recipes.baseline.fit import fit_baselines, inputs_of
from recipes.baseline.label_sets import fit_label_sets
from recipes.baseline.numbers import fit_numbers
from recipes.baseline.shallow import Fitted
from recipes.baseline.verdict import verdict
from recipes.runs.evaluate import groups_of, intervals
from recipes.waiting import Waiting
from zoo import devices
from zoo.catalog.metrics import (
    ACCURACY,
    BALANCED_ACCURACY,
    CLASSIFICATION,
    LANGUAGE,
    MACRO_F1,
    MCC,
    MULTILABEL,
    REGRESSION,
)
from zoo.data.dataset import Dataset
from zoo.data.load import load_dataset
from zoo.errors import DataError
from zoo.metrics import classification, multilabel, regression
from zoo.metrics.base import Metric
from zoo.metrics.classification import classification_statistics
from zoo.metrics.estimators import Estimator
from zoo.metrics.multilabel import multilabel_statistics
from zoo.metrics.regression import regression_statistics

VALIDATION_FRACTION, SPLIT_SEED = 0.1, 0  # as in recipes
LANGUAGE_MODELING = "language_modeling"
OF_ANSWERS = (ACCURACY, MACRO_F1, BALANCED_ACCURACY, MCC)  # which need no probabilities
CLASSES, LABEL_SETS, NUMBERS = "classes", "sets of labels", "numbers"  # what is predicted
METRICS = {CLASSES: CLASSIFICATION, LABEL_SETS: MULTILABEL, NUMBERS: REGRESSION}
ESTIMATORS_OF = {
    CLASSES: classification.ESTIMATORS,
    LABEL_SETS: multilabel.ESTIMATORS,
    NUMBERS: regression.ESTIMATORS,
}


@dataclass(frozen=True)
class _Scored:
    """What `intervals` asks of a task, for the answers of simple models."""

    metrics: tuple[Metric, ...]
    estimators: Mapping[str, Estimator]
    statistics: Callable[[Any, Mapping[str, Any]], dict[str, np.ndarray]]


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

    For data with classes the majority class, and logistic regression on pixels and on gradients for
    images, on TF-IDF for texts, with a naive-Bayes SVM beside it, on words that two texts share, and on
    log-mel for sounds. For several
    labels their frequencies, and such a regression for each. For numbers the mean, and ridge regression
    on the same features. For texts alone the frequencies of characters. Strengths are chosen on the
    validation split, and the result is the same every time.

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
    with Waiting("simple models", shown=progress, each_line=True) as tell:
        return _of_data(dataset, tell)


def on_validation(dataset: Dataset, *, progress: bool = False) -> dict[str, Any]:
    """Return what `baseline` does, scored on validation: a choice must not depend on test.

    Strengths are chosen on the same examples, so that the scores are a little too good.

    Args:
        dataset: with splits train, validation and test.
        progress: show on stderr what takes more than two seconds.
    """
    splits = {**dataset.splits, "test": dataset.splits["validation"]}
    asked = replace(dataset, splits=splits, _memo={})
    with Waiting("simple models", shown=progress, each_line=True) as tell:
        return _of_data(asked, tell) | {"split": "validation"}


def _of_data(dataset: Dataset, tell: Callable[[str], None]) -> dict[str, Any]:
    """Return what `baseline` does."""
    if "test" not in dataset.splits:
        raise DataError(
            f"{dataset.name} has no test split.",
            expected="splits train and test",
            fix="put some examples into a folder named test",
        )
    dataset = dataset.with_validation(fraction=VALIDATION_FRACTION, seed=SPLIT_SEED)
    kind = kind_of(dataset)
    if kind == LANGUAGE_MODELING:
        devices.load_tensorflow()  # quietly, before the task loads Keras
        from recipes.baseline.tokens import of_characters

        metrics, found = LANGUAGE, _of_tokens(dataset, *of_characters(dataset))
    elif kind:
        metrics, found = METRICS[kind], _of_targets(kind, dataset, tell)
    else:
        held = ", ".join(column.word for column in dataset.features.values())
        raise DataError(
            f"There is no simple model for {dataset.name}, which holds {held}.",
            expected="images, sounds or texts with labels or numbers to predict, or texts alone",
            fix="zoo data shows the data sets",
        )
    facts = {"data": dataset.name, "split": "test", "examples": len(dataset.splits["test"])}
    return facts | {"metric": metrics[0].name} | found


def metric_of(dataset: Dataset) -> Metric:
    """Return the metric that decides on a data set of which there are simple models."""
    kind = kind_of(dataset)
    return (LANGUAGE if kind == LANGUAGE_MODELING else METRICS[kind])[0]


def kind_of(dataset: Dataset) -> str:
    """Return what simple models predict of a data set: a key of `METRICS`, or language modeling."""
    kinds = {column.kind for column in dataset.features.values()}
    if not inputs_of(dataset):
        return ""
    if dataset.classes and "label" in dataset.features:
        return CLASSES
    if "labels" in kinds:
        return LABEL_SETS
    if "number" in kinds:
        return NUMBERS
    return LANGUAGE_MODELING if _is_text(dataset) else ""


def beside(
    dataset: Dataset,
    task: Any,
    assets: Any,
    *,
    network: Mapping[str, Mapping[str, Any]],
    progress: bool,
) -> dict[str, Any]:
    """Return what a run's metrics say of simple models on its own splits; empty where there are none.

    They exist for classifications, several labels and numbers of a single input or of two texts, and
    for language modeling. Tasks that are scored otherwise have none.

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
    with Waiting("simple models", shown=progress, each_line=True) as tell:
        try:
            if task.name == LANGUAGE_MODELING and task.metrics == LANGUAGE:
                found = _of_tokens(dataset, task, assets)
            elif kind := _kind_beside(dataset, task, assets):
                found = _of_targets(kind, dataset, tell, targets=list(assets.numbers))
            else:
                return {}
        except DataError as error:  # a file that is gone by now, or texts that are absent
            return {"models": [], "notes": [f"There is no simple model: {error.problem}"]}
    judged = verdict(found["models"], network[task.metric], task.metrics[0])
    return found | ({"outcome": judged.outcome, "verdict": judged.sentence} if judged else {})


def _kind_beside(dataset: Dataset, task: Any, assets: Any) -> str:
    """Return the key of `METRICS` of a task that takes the one input that simple models take."""
    inputs = [column.source or name for name, column in assets.x.items()]
    kind = next((kind for kind in METRICS if _is_scored_as(kind, task)), "")
    if not kind or not inputs or sorted(inputs) != sorted(inputs_of(dataset)):
        return ""
    sources = [assets.y[name].source or name for name in assets.y]
    if kind == CLASSES:
        labelled = sources == ["label"] and tuple(assets.classes) == tuple(dataset.classes)
        return kind if labelled and dataset.classes else ""
    return kind if all(source in dataset.features for source in sources) else ""


def _is_scored_as(kind: str, task: Any) -> bool:
    """Say whether a task has the metrics of simple models, of which another one may decide."""
    known, metrics = ESTIMATORS_OF[kind], METRICS[kind]
    if task.metrics[0] not in metrics or not {*metrics} <= {*task.metrics}:
        return False
    return all(task.estimators.get(one.name) is known.get(one.name) for one in metrics)


def _is_text(dataset: Dataset) -> bool:
    return [column.kind for column in dataset.features.values() if column.modality] == ["text"]


def _of_targets(
    kind: str,
    dataset: Dataset,
    tell: Callable[[str], None],
    *,
    targets: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the simple models of a data set, scored on its test split.

    Args:
        kind: a key of `METRICS`.
        dataset: with splits train, validation and test.
        tell: called with what is about to be done.
        targets: columns of numbers; none takes all of them.
    """
    test, notes = dataset.splits["test"], []
    how = {"notes": notes, "tell": tell}
    if kind == CLASSES:
        found, truths = fit_baselines(dataset, **how), {"label": test.labels}
    elif kind == LABEL_SETS:
        name = next(n for n, column in dataset.features.items() if column.kind == "labels")
        column = dataset.features[name]
        truth = np.stack([column.encode(value)[""] for value in test.columns[name]])
        found, truths = fit_label_sets(dataset, name, **how), {"labels": truth}
    else:
        every = [name for name, column in dataset.features.items() if column.kind == "number"]
        names = sorted(targets or every)
        truths = {name: np.asarray(test.columns[name], "float64") for name in names}
        found = fit_numbers(dataset, names, **how)
    models = []
    for answers in found:
        scored = _scored(kind, answers.fitted.has_probabilities)
        metrics = intervals(scored, answers.answers, truths, **_groups(dataset))
        models.append(_entry(answers.fitted, metrics, answers.seconds))
    return {"models": models, "notes": notes}


def _scored(kind: str, has_probabilities: bool) -> _Scored:
    if kind == NUMBERS:
        statistics = _of_numbers
    elif kind == LABEL_SETS:
        statistics = _of_label_sets
    else:
        statistics = _of_classes
    metrics = METRICS[kind] if has_probabilities else OF_ANSWERS
    return _Scored(metrics, ESTIMATORS_OF[kind], statistics)


def _of_classes(answers: Any, truths: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return classification_statistics(answers, truths["label"])


def _of_label_sets(answers: Any, truths: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return multilabel_statistics(answers[..., 0], answers[..., 1], truths["labels"])


def _of_numbers(answers: Any, truths: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return regression_statistics(answers, np.stack([truths[n] for n in sorted(truths)], axis=-1))


def _of_tokens(dataset: Dataset, task: Any, assets: Any) -> dict[str, Any]:
    """Return the unigram of a language model's tokens, scored on the test split."""
    from recipes.baseline.tokens import NAME, TOLD, predicted

    began = time.perf_counter()
    metrics = intervals(task, *predicted(task, assets, dataset))
    kind = assets.x["ids"].tokenizer["kind"]
    name = f"{NAME} of {'characters' if kind == 'character' else 'tokens'}"
    examples, seconds = len(dataset.splits["train"]), time.perf_counter() - began
    return {"models": [_entry(Fitted(name, examples, TOLD, None), metrics, seconds)], "notes": []}


def _groups(dataset: Dataset) -> dict[str, Any]:
    """Return the groups of the test examples, as a run takes them for its intervals."""
    group, splits = dataset.features.get("group"), dataset.splits
    noun = group.plural if group else ""
    return {"groups": groups_of(splits["test"], splits["train"]), "noun": noun}


def _entry(fitted: Fitted, metrics: dict[str, Any], seconds: float) -> dict[str, Any]:
    facts = {"name": fitted.name, "metrics": metrics, "examples": fitted.examples}
    return facts | {"told": fitted.told, "seconds": round(seconds, 1)}
