"""Which of several candidates belongs to an input? They need not have been known in training."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Input, Item
from recipes.runs.listing import Listing
from recipes.runs.naming import (
    input_of,
    items_as,
    items_of_example,
    items_unnamed,
    possible,
    values_of,
)
from recipes.runs.predict import Reading, answers
from recipes.runs.run import load_run
from zoo import devices
from zoo.columns import Column
from zoo.columns.readers import formats
from zoo.errors import ArgumentError, DataError, RepeatedCandidateWarning, unknown_name

LISTED = 5  # candidates of a result
GIVEN = 'give them as among=["a cat", "a dog"], or --among "a cat,a dog"'


def zero_shot(
    target: Any,
    inputs: Sequence[Input] | Input,
    *,
    among: Sequence[Any] | Mapping[str, Sequence[Any]],
    top: int | None = None,
    batch_size: int = 64,
    column: str | None = None,
    keep_going: bool = False,
) -> list[dict[str, Any]]:
    """Tell which candidates belong to an input: labels for a picture, or pictures for a text.

    Probabilities are the softmax over the candidates of their cosines with the input times the
    learned scale (2103.00020 §3.1). Where an example has several inputs, their logits are averaged.

    Args:
        target: run, weight or recipe name of the task contrastive_pairs.
        inputs: as `zoo.predict` takes them; where the model has two inputs, or the kind of a value
            says which input it is, no dictionary is needed. A table may have the inputs as columns.
        among: two candidates or more for another input: texts, files, folders, patterns, tables or
            arrays. {"text": ["cat", "dog"]} names that input where neither their kind nor the
            inputs do. Equal candidates count once, and a RepeatedCandidateWarning names them.
        top: candidates that are listed, the likeliest first; None lists five.
        batch_size, column, keep_going: as `zoo.predict`.

    Returns:
        One {"file", "task", "direction", "predictions": [{"label", "probability", "similarity"}]}
        for each input; the direction, such as "image to text", says which input it was taken as and
        which the candidates are; the similarity is the cosine.

    Raises:
        ArgumentError: the model does not compare its inputs, or fewer than two candidates differ.
        DataError: a value cannot be read, or does not say which input it is.
        UnknownNameError: among names an input that the model does not have.

    >>> zoo.zero_shot("runs/photos", "pet.jpg", among=["a cat", "a dog"])  # doctest: +SKIP
    """
    run = load_run(target)
    columns = {column.source or name: column for name, column in run.assets.x.items()}
    scale, listed = _scale_of(run), Listing(top).top or LISTED
    asked, (given, place) = values_of("inputs", inputs), _choices(among, columns)
    examples = [items_of_example(run, value, columns) for value in asked]
    named = _checked([item for items in examples for item in items or ()], keep_going)
    taken = {name for item in named for name in item.values if item.values[name] is not None}
    place = place or input_of(given, columns, model=run.name, taken=taken)
    reading = Reading(batch_size, None, keep_going)
    labels, candidates = _candidates(run, given, place, columns, reading)
    items: list[Item] = []
    for value, read in zip(asked, examples, strict=True):
        items += items_unnamed(run, value, place, columns, column) if read is None else read
    items, found = _checked([_query(item, place) for item in items], keep_going), []
    for told, vectors in _answered(run, items, place, list(columns), reading):
        if vectors is not None:
            cosines = candidates @ vectors[vectors.any(axis=1)].mean(axis=0)
            told["predictions"] = _likeliest(labels, cosines, scale, listed)
        found.append(told)
    return found


def _scale_of(run: TrainedModel) -> float:
    """Return the learned number that cosines are multiplied by."""
    devices.load_tensorflow()  # quietly, before anything else loads it
    from zoo.heads.contrastive import SCALE

    if SCALE not in run.model.output:
        raise ArgumentError(
            f"{run.name} does not compare its inputs: its task is {run.task.name}.",
            expected="a run of the task contrastive_pairs",
            fix="train one, such as zoo train multimodal/formant_digits-dual-encoder",
        )
    return float(np.exp(run.model.get_layer(SCALE).log_scale))


def _choices(among: Any, columns: Mapping[str, Column]) -> tuple[list[Any], str]:
    """Return the candidates, and the input that they are for; "" where none is named.

    Raises:
        ArgumentError: there are none, they are for several inputs, or they are one text.
        UnknownNameError: there is no such input.
    """
    given, place = among, ""
    if isinstance(among, Mapping):
        place, given = next(iter(among.items()), ("", []))
    values = values_of("among", given, fix=GIVEN)
    examples = [value for value in values if isinstance(value, Mapping)]
    if examples and not place:
        place = next(iter(examples[0]), "")
        values = [value.get(place) if isinstance(value, Mapping) else value for value in values]
    wrong = [name for one in (among, *examples) if isinstance(one, Mapping) for name in one]
    if set(wrong) - {place} or 0 < len(examples) < len(values):
        raise ArgumentError(
            "The candidates of among are not all of one input.",
            expected=f"one of {', '.join(columns)} for all candidates",
            fix=f'name it once: among={{"{place}": […]}}',
        )
    if place and place not in columns:
        raise unknown_name("input", str(place), columns, fix="name one input in among")
    values = values_of("among", values, fix=GIVEN)
    kinds = [columns[name] for name in ([place] if place else possible(values, columns))]
    is_text = kinds and isinstance(given, str) and not any(kind.is_file(given) for kind in kinds)
    if is_text and Path(given).suffix.lower() not in formats.TABLES:
        raise ArgumentError(
            f"among is one text, {given!r:.60}.",
            expected="a list of two candidates or more",
            fix='give them one by one: among=["a cat", "a dog"]',
        )
    return values, place


def _checked(items: list[Item], keep_going: bool) -> list[Item]:
    """Return the items; raise the error of the first that has one, unless `keep_going`."""
    failed = [item.error for item in items if item.error is not None]
    if failed and not keep_going:
        raise failed[0]
    return items


def _query(item: Item, place: str) -> Item:
    """Return an item without the input of the candidates."""
    if item.error is not None:
        return item
    there = {n: value for n, value in item.values.items() if value is not None and n != place}
    if not there:
        error = DataError(
            f"It has none of {', '.join(item.values)}.", fix="give one, or leave the example out"
        )
        if item.values.get(place) is not None:
            error = DataError(
                f"The query and the candidates are both {place}.",
                expected="a query that has another input",
                fix="give another input, or candidates for another one",
            )
        return replace(item, error=error.about(item.name))
    (first, *more) = there.values()
    file = str(first) if isinstance(first, Path) and not more else item.file
    return replace(item, values=there, file=file)


def _answered(
    run: TrainedModel, items: Sequence[Item], place: str, names: Sequence[str], reading: Reading
) -> Iterator[tuple[dict[str, Any], np.ndarray | None]]:
    """Yield the result of each query but for its predictions, and its vectors (inputs, D) or None.

    The direction is written as in `metrics.json`.
    """
    taken = [{name: item.values.get(name) for name in names} for item in items]
    for item, (read, vectors) in zip(items, answers(run, taken, reading=reading), strict=True):
        told: dict[str, Any] = {**item.source, "task": run.task.name}
        there = [n for n, value in item.values.items() if value is not None and n != place]
        if there:
            told["direction"] = f"{' and '.join(there)} to {place}"
        told["predictions"] = []
        if (error := item.error or read.error) is not None:
            yield told | {"error": error.to_dict()}, None
        else:
            yield told, np.delete(vectors, names.index(place), axis=0)


def _candidates(
    run: TrainedModel,
    given: Sequence[Any],
    place: str,
    columns: Mapping[str, Column],
    reading: Reading,
) -> tuple[list[str], np.ndarray]:
    """Return the names of the candidates, and their vectors, (C, D)."""
    read = [item for value in given for item in items_as(run, value, place, columns)]
    found: dict[Any, tuple[str, Item]] = {}
    repeated: dict[str, None] = {}
    for position, item in enumerate(_checked(read, keep_going=False)):
        value = item.values[place]
        if value is None:  # a row of a table that lacks it
            continue
        is_array = isinstance(value, np.ndarray)
        key = (value.dtype, value.shape, value.tobytes()) if is_array else str(value)
        if key in found:
            repeated[found[key][0]] = None
        else:
            found[key] = (item.name or str(position) if is_array else str(value), item)
    _check(list(found.values()), list(repeated))
    examples = [{place: item.values[place]} for _, item in found.values()]
    told = answers(run, examples, reading=replace(reading, keep_going=False))
    vectors = np.stack([one[list(columns).index(place)] for _, one in told])
    return [label for label, _ in found.values()], vectors.astype("float64")


def _check(found: Sequence[Any], repeated: Sequence[str]) -> None:
    """Warn of repeated candidates, and refuse fewer than two that differ.

    Raises:
        ArgumentError: there are fewer.
    """
    if len(found) < 2:
        count = "1 candidate" if found else "0 candidates"
        raise ArgumentError(
            f"{count}{', repeated' if repeated else ''}: there is nothing to choose from.",
            expected="two or more that differ",
            fix=GIVEN,
        )
    if repeated:
        listed = ", ".join(map(repr, repeated[:LISTED])) + (" …" if len(repeated) > LISTED else "")
        warnings.warn(
            f"candidates given more than once count once: {listed}",
            RepeatedCandidateWarning,
            stacklevel=4,
        )


def _likeliest(
    names: Sequence[str], cosines: np.ndarray, scale: float, count: int
) -> list[dict[str, Any]]:
    """Return the candidates with the highest cosines, with their probabilities among all."""
    logits = scale * (cosines - cosines.max())
    shares = np.exp(logits) / np.exp(logits).sum()
    return [
        {
            "label": names[k],
            "probability": round(float(shares[k]), 6),
            "similarity": round(float(cosines[k]), 6),
        }
        for k in np.argsort(-cosines, kind="stable")[:count]
    ]
