"""A new head that begins as the best linear one on features that are computed once and kept.

A frozen backbone gives an example the same features at every visit. They are computed once, without
augmentation, and a multinomial logistic regression is fitted on them: with a few thousand examples
that takes seconds. Fine-tuning that begins from there keeps the pretrained features better than from
a random head (2202.10054).
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from recipes.runs.predict import embedder
from recipes.runs.run import Run
from zoo.columns import WEIGHT
from zoo.columns.assets import Assets
from zoo.data.pipeline import Encoded
from zoo.errors import RecipeError, WriteError, ZooError
from zoo.tensor_files import read_tensors, write_tensors

LOGITS = "head_logits"
BATCH_SIZE = 64
FEATURES = "features"
# Inverse strengths of L2 to choose from, for features of mean 0 and deviation 1, and how.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
FOLDS, MOST_SEARCHED, UNSEARCHED = 5, 2000, 1e-2
ABSENT = 10.0  # how far the logit of a class without examples lies below the others


def fit_head(
    model: keras.Model,
    source: Run,
    assets: Assets,
    train: Encoded,
    *,
    weights: Sequence[float] | None = None,
) -> str:
    """Fit the head of a model on its backbone's features, and return a sentence that says so.

    Args:
        model: with the backbone of `source`, not compiled.
        source: the run or weight that the backbone is of.
        assets: of the new run.
        train: its examples, encoded without augmentation.
        weights: of each class; None weighs all alike.

    Raises:
        RecipeError: the model has no linear head.
    """
    names = {layer.name for layer in model.layers}
    if LOGITS not in names or not assets.classes:
        raise RecipeError(
            f"{model.name} has no linear head to fit on features.",
            expected="a model of a classification task",
            fix="set initialization.head=random",
        )
    features, labels = kept_features(model, source, assets, train)
    how = {"classes": len(assets.classes), "weights": weights}
    how |= {"sample_weight": train.split.columns.get(WEIGHT)}
    kernel, bias, told = linear_head(features, labels, **how)
    layer = model.get_layer(LOGITS)
    layer.kernel.assign(kernel)
    layer.bias.assign(bias)
    size = f"{len(features):,} examples and {features.shape[1]:,} features"
    return f"The head was fitted by logistic regression on {size}, {told}."


def kept_features(
    model: keras.Model, source: Run, assets: Assets, train: Encoded
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the head takes of every example, float32 (N, D), and its label, (N,).

    Features are computed once and then kept, where the folder can be written to, under a digest of
    backbone, preprocessing and inputs, so that they cannot be those of something else.
    """
    digest, labels = _read(model, source, assets, train)
    path = features_folder() / f"{digest}.safetensors"
    try:
        held = read_tensors(path)[0][FEATURES] if path.is_file() else None
    except (ZooError, KeyError):  # damaged: made again
        held = None
    if held is not None and len(held) == len(train):
        return held, labels
    features = _computed(model, assets, train)
    with contextlib.suppress(OSError, WriteError):  # they are only kept to save time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(path, {FEATURES: features})
    return features, labels


def features_folder() -> Path:
    """Return ZOO_FEATURES_DIR, or kerazoo/features in the user's cache; it may be deleted."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    given = os.environ.get("ZOO_FEATURES_DIR") or Path(caches) / "kerazoo" / "features"
    return Path(given).expanduser()


def linear_head(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    weights: Sequence[float] | None = None,
    sample_weight: Sequence[float] | None = None,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Fit multinomial logistic regression, its L2 chosen by cross-validation.

    Args:
        features: float32 (N, D).
        labels: integers (N,), below `classes`.
        classes: K, >= 2; those without examples are never predicted.
        weights: of each class; None weighs all alike.
        sample_weight: of each example, (N,), 0 or more; None weighs all alike.

    Returns:
        Kernel (D, K) and bias (K,) for features as they are, and how the L2 was chosen.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    example_weights = None
    if sample_weight is not None:  # an example of weight 0 is as if it were not there
        held = np.flatnonzero(sample_weight)
        features, labels = features[held], labels[held]
        example_weights = np.asarray(sample_weight, "float64")[held]
        example_weights = example_weights / example_weights.mean()
    present = np.unique(labels)
    kernel = np.zeros((features.shape[1], classes), "float32")
    bias = np.full(classes, -ABSENT, "float32")
    if len(present) < 2:
        bias[present] = 0.0
        return kernel, bias, "all of one class"
    own = None if weights is None else {int(k): weights[k] for k in present}
    logistic = LogisticRegression(max_iter=1000, class_weight=own)
    regression = make_pipeline(StandardScaler(), logistic)
    with threadpool_limits(1):  # products this small take up to ten times longer on two threads
        strength, told = _chosen_strength(regression, features, labels, example_weights)
        regression.set_params(logisticregression__C=strength)
        regression.fit(features, labels, **_fit_arguments(example_weights))
    scaler, fitted = regression[0], regression[1]
    weights, intercepts = fitted.coef_, fitted.intercept_  # (K, D), of two classes (1, D)
    if len(present) == 2:
        weights, intercepts = np.vstack([-weights, weights]) / 2, np.r_[-intercepts, intercepts] / 2
    scaled = weights / scaler.scale_  # (K, D)
    kernel[:, present] = scaled.T
    bias[present] = intercepts - scaled @ scaler.mean_
    if len(present) < classes:
        absent = np.setdiff1d(np.arange(classes), present)
        mean = features.mean(axis=0)
        bias[absent] = (mean @ kernel[:, present] + bias[present]).min() - ABSENT
    return kernel, bias, told


def _chosen_strength(
    regression: Any,
    features: np.ndarray,
    labels: np.ndarray,
    example_weights: np.ndarray | None,
) -> tuple[float, str]:
    """Return the inverse strength with the lowest cross-entropy in cross-validation, and how."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    count = len(labels)
    places = np.linspace(0, count - 1, min(count, MOST_SEARCHED)).astype(int)
    features, labels = features[places], labels[places]
    folds = min(FOLDS, np.unique(labels, return_counts=True)[1].min())
    if folds < 2 or len(np.unique(labels)) < 2:
        return UNSEARCHED, f"C = {UNSEARCHED:g}, as a class has a single example"
    search = GridSearchCV(
        regression,
        {"logisticregression__C": STRENGTHS},
        scoring="neg_log_loss",
        cv=StratifiedKFold(folds, shuffle=True, random_state=0),
        refit=False,
    ).fit(
        features,
        labels,
        **_fit_arguments(None if example_weights is None else example_weights[places]),
    )
    strength = search.best_params_["logisticregression__C"]
    return strength, f"C = {strength:g} by {folds}-fold cross-validation"


def _fit_arguments(example_weights: np.ndarray | None) -> dict[str, np.ndarray]:
    if example_weights is None:
        return {}
    return {"logisticregression__sample_weight": example_weights}


def _read(
    model: keras.Model, source: Run, assets: Assets, train: Encoded
) -> tuple[str, np.ndarray]:
    """Return the digest of all that features depend on, and the labels, in one pass."""
    columns = {name: column.to_dict() for name, column in assets.x.items()}
    facts = {
        "weights": source.sha256,
        "model": source.recipe.model.model_dump(),
        "columns": columns,
        "dtype": model.get_layer(LOGITS).input.dtype,
        "keras": keras.__version__,
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    labels = []
    for x, y in train.batches(BATCH_SIZE):
        labels.append(y[assets.label])
        for name in sorted(x):
            digest.update(f"{name} {x[name].dtype} {x[name].shape}".encode())
            digest.update(np.ascontiguousarray(x[name]).tobytes())
    return digest.hexdigest(), np.concatenate(labels)


def _computed(model: keras.Model, assets: Assets, train: Encoded) -> np.ndarray:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress

    network = embedder(model, assets, name=model.name)
    console = Console(stderr=True, file=sys.stderr)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    found = []
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("features", total=len(train))
        for x, _ in train.batches(BATCH_SIZE):
            found.append(np.asarray(network.predict_on_batch(x), "float32"))
            bar.advance(task, len(found[-1]))
    return np.concatenate(found)
