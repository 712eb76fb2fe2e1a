"""From files or arrays to what the model says of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.runs.inputs import Input, Item, encoded, items_of
from zoo.columns import Column
from zoo.data.pipeline import stack
from zoo.errors import ArgumentError

if TYPE_CHECKING:
    from recipes.runs.run import Run


def predict(
    target: Any,
    inputs: Sequence[Input],
    *,
    batch_size: int = 64,
    text_column: str | None = None,
    keep_going: bool = False,
) -> list[dict[str, Any]]:
    """Predict with a run, a shipped weight or a recipe's weight.

    Args:
        target: run directory, weight name or recipe name.
        inputs: paths of files, of folders with files, and of tables of texts (.csv, .tsv, .jsonl), or
            values as a dataset gives them: uint8 images, float32 waveforms at the model's rate, texts.
            For text models a `str` is a text and a `Path` a file. Models of several inputs take a
            dictionary for each example, by column of the data, or a table with these columns; what
            may be absent is left out or None.
        batch_size: of prediction.
        text_column: of tables; None takes "text", or the only column that there is.
        keep_going: give an input that cannot be read a result with "error" and no predictions,
            instead of raising.

    Returns:
        One {"file", "task", "predictions"} for each input, and for each row of a table ("row" says
        which); predictions are typed by the task. For several inputs "inputs" says what was given.

    >>> zoo.predict("cnn_small.digits", ["seven.png"])[0]["predictions"][0]  # doctest: +SKIP
    {'label': '7', 'probability': 0.999}
    """
    from recipes.runs.run import load

    how = {"batch_size": batch_size, "text_column": text_column, "keep_going": keep_going}
    return load(target).predict(inputs, **how)


def predict_inputs(
    run: "Run",
    inputs: Sequence[Input],
    *,
    batch_size: int,
    text_column: str | None = None,
    keep_going: bool = False,
) -> list[dict[str, Any]]:
    """Encode inputs with the code that training used, run the model, and describe the outcome."""
    columns = {column.source or name: column for name, column in run.assets.x.items()}
    words = len(columns) == 1 and not next(iter(columns.values())).is_file("word")
    if text_column and not words:
        raise ArgumentError(
            f"{run.name} takes no texts, so that there is no column to name.",
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
    good = [item for item in items if item.error is None]
    specs, _ = run.assets.specs()
    predictions: list[Any] = []
    for start in range(0, len(good), batch_size):
        chunk = [item.encoded for item in good[start : start + batch_size]]
        x = {key: stack([one[key] for one in chunk], spec) for key, spec in specs.items()}
        predictions += list(run.task.decode(run.model, x, run.assets))
    answers = iter(predictions)
    return [
        {
            **item.source,
            "task": run.task.name,
            **(
                {"predictions": run.task.describe(next(answers), run.assets)}
                if item.error is None
                else {"predictions": [], "error": item.error.to_dict()}
            ),
        }
        for item in items
    ]


def _listed(inputs: Any, columns: Mapping[str, Column]) -> list[Input]:
    """Return inputs one by one: a single one needs no list, and an array may be a stack."""
    if isinstance(inputs, np.ndarray) and len(columns) == 1:
        (column,) = columns.values()
        return list(inputs) if column.is_batch(inputs) else [inputs]
    return [inputs] if isinstance(inputs, str | Path | Mapping) else list(inputs)


def _column_of(run: "Run") -> str | None:
    """Return the column that the run was trained on, where its recipe names one."""
    column = run.recipe.data.arguments.get("text_column")
    return None if column is None else str(column)


def _encoded(run: "Run", columns: Mapping[str, Column], item: Item) -> dict[str, np.ndarray]:
    example = {
        name: None if value is None else columns[name].read(value)
        for name, value in item.values.items()
    }
    return run.task.encode(example, run.assets, None)[0]
