"""From files or arrays to predictions."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Input, Item, encoded, items_of
from zoo.columns import Column, Spec
from zoo.columns.assets import Assets
from zoo.data.pipeline import stack
from zoo.errors import ArgumentError, RunError


def predict_inputs(
    run: TrainedModel,
    inputs: Sequence[Input],
    *,
    batch_size: int,
    text_column: str | None = None,
    keep_going: bool = False,
) -> list[dict[str, Any]]:
    """Encode inputs with the code that training used, run the model, and describe the outcome."""
    how = {"batch_size": batch_size, "text_column": text_column, "keep_going": keep_going}
    return described(answers(run, inputs, **how), run.task, run.assets)


def answers(
    run: TrainedModel,
    inputs: Sequence[Input],
    *,
    batch_size: int,
    text_column: str | None = None,
    keep_going: bool = False,
) -> list[tuple[Item, Any]]:
    """Return each input with its prediction as `decode` gives it; None for one that has an error."""
    items, batches = _prepared(
        run, inputs, batch_size=batch_size, text_column=text_column, keep_going=keep_going
    )
    predictions: list[Any] = []
    for x in batches:
        predictions += list(run.task.decode(run.model, x, run.assets))
    found = iter(predictions)
    return [(item, next(found) if item.error is None else None) for item in items]


def described(
    answered: Sequence[tuple[Item, Any]], task: Any, assets: Assets
) -> list[dict[str, Any]]:
    """Return what `zoo predict` says of each input."""
    return [
        {
            **item.source,
            "task": task.name,
            **(
                {"predictions": task.describe(prediction, assets)}
                if item.error is None
                else {"predictions": [], "error": item.error.to_dict()}
            ),
        }
        for item, prediction in answered
    ]


def embed_inputs(
    run: TrainedModel, inputs: Sequence[Input], *, batch_size: int, text_column: str | None = None
) -> np.ndarray:
    """Encode inputs as for a prediction, and return what the head takes: float32 (N, D)."""
    _, batches = _prepared(
        run, inputs, batch_size=batch_size, text_column=text_column, keep_going=False
    )
    network = embedder(run.model, run.assets, name=run.name)
    found = [np.asarray(network.predict_on_batch(x), "float32") for x in batches]
    return np.concatenate(found) if found else np.zeros((0, network.output.shape[-1]), "float32")


def embedder(model: Any, assets: Assets, *, name: str) -> Any:
    """Return a Keras model from the inputs of `model` to what its head takes, (B, D).

    Raises:
        RunError: it has no head that takes one vector per example.
    """
    import keras

    if not assets.outputs:
        taken = model.output["logits"]  # of a model without a head
    elif "head_logits" in {layer.name for layer in model.layers}:
        taken = model.get_layer("head_logits").input
    else:
        raise RunError(
            f"{name} has no head that takes one vector per example.",
            expected="a model of a classification task",
            fix="zoo.build(NAME, features_only=True) gives every feature of the backbone",
        )
    return keras.Model(model.input, taken)


def _prepared(
    run: TrainedModel,
    inputs: Sequence[Input],
    *,
    batch_size: int,
    text_column: str | None,
    keep_going: bool,
) -> tuple[list[Item], Iterator[dict[str, np.ndarray]]]:
    """Return the inputs one by one, and the batches of those that could be read."""
    columns = {column.source or name: column for name, column in run.assets.x.items()}
    words = len(columns) == 1 and not next(iter(columns.values())).is_file("word")
    if text_column and not words:
        raise ArgumentError(
            f"{run.name} takes no texts, so there is no column to name.",
            fix="leave --text-column (text_column=) out",
        )
    items = items_of(
        _listed(inputs, columns),
        columns,
        model=run.name,
        text_column=text_column or _column_of(run),
    )
    for item in items:
        if item.error is not None and not keep_going:
            raise item.error  # at once, before Keras is loaded
    # All are read before anything is run; only what the model takes is kept of each.
    items = encoded(items, lambda item: _encoded(run, columns, item), keep_going=keep_going)
    good = [item.encoded for item in items if item.error is None]
    return items, _batches(good, run.assets.specs()[0], batch_size)


def _batches(
    good: Sequence[Mapping[str, np.ndarray]], specs: Mapping[str, Spec], batch_size: int
) -> Iterator[dict[str, np.ndarray]]:
    for start in range(0, len(good), batch_size):
        chunk = good[start : start + batch_size]
        yield {key: stack([one[key] for one in chunk], spec) for key, spec in specs.items()}


def _listed(inputs: Any, columns: Mapping[str, Column]) -> list[Input]:
    """Return inputs one by one: a single one needs no list, and an array may be a stack."""
    if isinstance(inputs, np.ndarray) and len(columns) == 1:
        (column,) = columns.values()
        return list(inputs) if column.is_batch(inputs) else [inputs]
    return [inputs] if isinstance(inputs, str | Path | Mapping) else list(inputs)


def _column_of(run: TrainedModel) -> str | None:
    """Return the column that the run was trained on, where its recipe names one."""
    column = run.recipe.data.arguments.get("text_column")
    return None if column is None else str(column)


def _encoded(run: TrainedModel, columns: Mapping[str, Column], item: Item) -> dict[str, np.ndarray]:
    example = {
        name: None if value is None else columns[name].read(value)
        for name, value in item.values.items()
    }
    return run.task.encode(example, run.assets, None)[0]
