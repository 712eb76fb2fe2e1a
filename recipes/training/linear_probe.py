"""A new head that begins as the best linear one on features that are computed once and kept.

A frozen backbone gives an example the same features at every visit. They are computed once, without
augmentation, and a linear model is fitted on them, as `recipes.training.linear_heads` does: with a few
thousand examples that takes seconds. Fine-tuning that begins from there keeps the pretrained features
better than from a random head (2202.10054).
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np

from recipes.runs.predict import embedder
from recipes.runs.run import Run
from recipes.training.linear_heads import class_head, label_head, number_head
from zoo.columns import WEIGHT
from zoo.columns.assets import Assets
from zoo.columns.number import SCALED
from zoo.data.pipeline import Encoded
from zoo.errors import RecipeError, WriteError, ZooError
from zoo.tensor_files import read_tensors, write_tensors

LOGITS = "head_logits"
BATCH_SIZE = 64
FEATURES = "features"


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
    if LOGITS not in names or not assets.outputs:
        raise RecipeError(
            f"{model.name} has no linear head to fit on features.",
            expected="a model of a classification, of several labels or of numbers",
            fix="set initialization.head=random",
        )
    features, targets = kept_features(model, source, assets, train)
    shares = train.split.columns.get(WEIGHT)
    if assets.label:
        how = {"classes": len(assets.classes), "weights": weights, "sample_weight": shares}
        head = class_head(features, targets, **how)
    elif assets.label_sets:
        head = label_head(features, targets, sample_weight=shares)
    else:
        head = number_head(features, targets, sample_weight=shares)
    layer = model.get_layer(LOGITS)
    layer.kernel.assign(head.kernel)
    layer.bias.assign(head.bias)
    size = f"{len(features):,} examples and {features.shape[1]:,} features"
    return f"The head was fitted by {head.fitted_by} on {size}, {head.told}."


def kept_features(
    model: keras.Model, source: Run, assets: Assets, train: Encoded
) -> tuple[np.ndarray, np.ndarray]:
    """Return what the head takes of every example, float32 (N, D), and what it is to answer.

    That is the class, (N,), or labels 0 and 1, (N, K), or standardised numbers, (N, T).

    Features are computed once and then kept, where the folder can be written to, under a digest of
    backbone, preprocessing and inputs, so that they cannot be those of something else.
    """
    digest, targets = _read(model, source, assets, train)
    path = features_folder() / f"{digest}.safetensors"
    try:
        held = read_tensors(path)[0][FEATURES] if path.is_file() else None
    except (ZooError, KeyError):  # damaged: made again
        held = None
    if held is not None and len(held) == len(train):
        return held, targets
    features = _computed(model, assets, train)
    with contextlib.suppress(OSError, WriteError):  # they are only kept to save time
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tensors(path, {FEATURES: features})
    return features, targets


def features_folder() -> Path:
    """Return ZOO_FEATURES_DIR, or kerazoo/features in the user's cache; it may be deleted."""
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    given = os.environ.get("ZOO_FEATURES_DIR") or Path(caches) / "kerazoo" / "features"
    return Path(given).expanduser()


def _read(
    model: keras.Model, source: Run, assets: Assets, train: Encoded
) -> tuple[str, np.ndarray]:
    """Return the digest of all that features depend on, and the targets, in one pass."""
    columns = {name: column.to_dict() for name, column in assets.x.items()}
    facts = {
        "weights": source.sha256,
        "model": source.recipe.model.model_dump(),
        "columns": columns,
        "dtype": model.get_layer(LOGITS).input.dtype,
        "keras": keras.__version__,
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    targets = []
    for x, y in train.batches(BATCH_SIZE):
        targets.append(_answers(y, assets))
        for name in sorted(x):
            digest.update(f"{name} {x[name].dtype} {x[name].shape}".encode())
            digest.update(np.ascontiguousarray(x[name]).tobytes())
    return digest.hexdigest(), np.concatenate(targets)


def _answers(y: Mapping[str, np.ndarray], assets: Assets) -> np.ndarray:
    """Return the targets of a batch as heads take them."""
    if name := assets.label or assets.label_sets:
        return y[name]
    return np.stack([y[f"{name}.{SCALED}"] for name in assets.numbers], axis=-1)


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
