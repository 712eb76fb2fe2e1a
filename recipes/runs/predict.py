"""From files or arrays to predictions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.abstention import Abstention
from recipes.runs.answering import Decode, decoder, temperature_of, tempered, tempered_assets
from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Input, Item, encoded, items_of
from recipes.runs.listing import Listing
from recipes.runs.transcribe import TASK, transcribe_each
from zoo.columns import Column, Spec
from zoo.columns.assets import Assets
from zoo.data.pipeline import stack
from zoo.errors import ArgumentError, RunError


@dataclass(frozen=True)
class Reading:
    """How inputs are read and put into batches.

    Attributes:
        batch_size: examples per prediction step.
        column: of tables, as `items_of` takes it.
        keep_going: an input that cannot be read becomes a result with its error.
    """

    batch_size: int
    column: str | None = None
    keep_going: bool = False


def predict_inputs(
    run: TrainedModel,
    inputs: Sequence[Input],
    *,
    reading: Reading,
    listing: Listing,
    tta: int = 0,
    calibrated: bool | float = False,
    abstain: float | Abstention | None = None,
) -> Iterator[dict[str, Any]]:
    """Encode inputs with the code that training used, run the model, and describe the outcome.

    Results come one by one; mistakes in the arguments are raised before the first.
    """
    listing.check(run.assets, run.name)
    if abstain is not None and not isinstance(abstain, Abstention):
        abstain = Abstention.of(run, abstain, tta=tta, calibrated=calibrated)
    if run.task.name == TASK:
        how = {"column": reading.column, "keep_going": reading.keep_going}
        return transcribe_each(run, inputs, **how, tta=tta, calibrated=calibrated)
    temperature = temperature_of(run, calibrated)
    found = answers(run, inputs, reading=reading, tta=tta)
    if temperature is not None:
        found = (
            (item, None if answer is None else tempered(np.asarray(answer)[None], temperature)[0])
            for item, answer in found
        )
    return described(found, run.task, tempered_assets(run.assets, temperature), listing, abstain)


def answers(
    run: TrainedModel,
    inputs: Sequence[Input],
    *,
    reading: Reading,
    tta: int = 0,
    decode: Decode | None = None,
    check: Callable[[Item, Mapping[str, Any]], None] | None = None,
) -> Iterator[tuple[Item, Any]]:
    """Return each input with its prediction; None for one that has an error.

    Args:
        run, inputs, reading, tta: as `predict_inputs`.
        decode: from a batch to one answer for each example; None takes the task's.
        check: raises DataError for an input whose values, by column, cannot be used.
    """
    items = _items(run, inputs, reading)
    encode = partial(_encoded, run, _columns(run), check=check)
    if not reading.keep_going:
        # All are read before anything is run; only what the model takes is kept of each.
        items = encoded(items, encode, keep_going=False)
    decode = decode or decoder(run, tta=tta)
    return _answered(items, encode, decode, run.assets.specs()[0], reading)


def _answered(
    items: Sequence[Item],
    encode: Callable[[Item], Any],
    decode: Decode,
    specs: Mapping[str, Spec],
    reading: Reading,
) -> Iterator[tuple[Item, Any]]:
    """Yield answers batch by batch, so that results do not wait for inputs that come later."""
    for start in range(0, len(items), reading.batch_size):
        chunk = items[start : start + reading.batch_size]
        if reading.keep_going:
            chunk = encoded(chunk, encode, keep_going=True)
        good = [item.encoded for item in chunk if item.error is None]
        found = iter(decode(_stacked(good, specs)) if good else ())
        for item in chunk:
            yield replace(item, encoded=None), next(found) if item.error is None else None


def described(
    answered: Iterable[tuple[Item, Any]],
    task: Any,
    assets: Assets,
    listing: Listing,
    abstention: Abstention | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield what `zoo predict` says of each input."""
    for item, prediction in answered:
        told = {**item.source, "task": task.name}
        if item.error is None:
            judged = {} if abstention is None else abstention.told(prediction)
            yield told | listing.of(prediction, task, assets) | judged
        else:
            yield told | {"predictions": [], "error": item.error.to_dict()}


def embed_inputs(
    run: TrainedModel, inputs: Sequence[Input], *, reading: Reading
) -> tuple[list[str], np.ndarray]:
    """Encode inputs as for a prediction, and return what the head takes.

    Returns:
        A name for each input, which is its file, row or position, and the vectors, float32 (N, D).
    """
    if run.task.name == TASK:
        raise RunError(
            f"{run.name} transcribes speech; it has no head that takes one vector per example.",
            expected="a model of a classification task",
            fix='zoo.build(NAME, features_only=True) gives the "frames" of its encoder',
        )
    items = _items(run, inputs, reading)
    items = encoded(items, partial(_encoded, run, _columns(run)), keep_going=False)
    network, specs = embedder(run.model, run.assets, name=run.name), run.assets.specs()[0]
    found = []
    for start in range(0, len(items), reading.batch_size):
        chunk = [item.encoded for item in items[start : start + reading.batch_size]]
        found.append(np.asarray(network.predict_on_batch(_stacked(chunk, specs)), "float32"))
    empty = np.zeros((0, network.output.shape[-1]), "float32")
    names = [item.name or str(position) for position, item in enumerate(items)]
    return names, np.concatenate(found) if found else empty


def embedder(model: Any, assets: Assets, *, name: str) -> Any:
    """Return a Keras model from the inputs of `model` to what its head takes, (B, D).

    Raises:
        RunError: it has no head that takes one vector per example.
    """
    import keras

    from zoo.heads.contrastive import SCALE, mean_embedding

    if "vector" in model.output:
        taken = model.output["vector"]
    elif SCALE in model.output:
        taken = mean_embedding(model.output)
    elif assets.outputs and "head_logits" in {layer.name for layer in model.layers}:
        taken = model.get_layer("head_logits").input
    else:
        raise RunError(
            f"{name} has no head that takes one vector per example.",
            expected="a model of a classification task",
            fix="zoo.build(NAME, features_only=True) gives every feature of the backbone",
        )
    return keras.Model(model.input, taken)


def _columns(run: TrainedModel) -> dict[str, Column]:
    """Return the columns of a model's inputs by the names that examples have for them."""
    return {column.source or name: column for name, column in run.assets.x.items()}


def _items(run: TrainedModel, inputs: Sequence[Input], reading: Reading) -> list[Item]:
    """Return the inputs one by one.

    Raises:
        ZooError: one of them is missing, unless `keep_going`.
    """
    columns = _columns(run)
    if reading.column and len(columns) > 1:
        raise ArgumentError(
            f"{run.name} takes {' and '.join(columns)}: the columns of a table have these names.",
            fix="leave --column (column=) out",
        )
    how = {"model": run.name, "column": reading.column or _column_of(run), "called": called(run)}
    items = items_of(_listed(inputs, columns), columns, **how)
    for item in items:
        if item.error is not None and not reading.keep_going:
            raise item.error  # at once, before Keras is loaded
    return items


def _stacked(
    good: Sequence[Mapping[str, np.ndarray]], specs: Mapping[str, Spec]
) -> dict[str, np.ndarray]:
    return {key: stack([one[key] for one in good], spec) for key, spec in specs.items()}


def _listed(inputs: Any, columns: Mapping[str, Column]) -> list[Input]:
    """Return inputs one by one: a single one needs no list, and an array may be a stack."""
    if isinstance(inputs, np.ndarray) and len(columns) == 1:
        (column,) = columns.values()
        return list(inputs) if column.is_batch(inputs) else [inputs]
    return [inputs] if isinstance(inputs, str | Path | Mapping) else list(inputs)


def _column_of(run: TrainedModel) -> str | None:
    """Return the column that the run was trained on, where its recipe names one."""
    arguments = run.recipe.data.arguments
    column = None if arguments.get("file_column") else arguments.get("text_column")
    return None if column is None else str(column)


def called(run: TrainedModel) -> dict[str, str]:
    """Return what the table of training called the two texts, where its recipe says so."""
    named = {name: run.recipe.data.arguments.get(f"{name}_column") for name in ("text", "pair")}
    return {name: str(column) for name, column in named.items() if column}


def _encoded(
    run: TrainedModel,
    columns: Mapping[str, Column],
    item: Item,
    check: Callable[[Item, Mapping[str, Any]], None] | None = None,
) -> dict[str, np.ndarray]:
    example = {
        name: None if value is None else columns[name].read(value)
        for name, value in item.values.items()
    }
    if check is not None:
        check(item, example)
    return run.task.encode(example, run.assets, None)[0]
