"""Which of several candidates belongs to an input? They need not have been known in training."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.base import TrainedModel
from recipes.runs.inputs import Input, Item, items_of
from recipes.runs.listing import Listing
from recipes.runs.predict import Reading, answers
from recipes.runs.run import load_run
from zoo import devices
from zoo.columns import Column
from zoo.columns.readers import formats
from zoo.errors import ArgumentError, DataError, unknown_name

LISTED = 5  # candidates of a result


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
            says which input it is, no dictionary is needed.
        among: two candidates or more for another input: texts, files, folders, patterns, tables or
            arrays. {"text": ["cat", "dog"]} names that input where their kind does not.
        top: candidates that are listed, the likeliest first; None lists five.
        batch_size, column, keep_going: as `zoo.predict`.

    Returns:
        One {"file", "task", "predictions": [{"label", "probability", "similarity"}]} for each input;
        the similarity is the cosine.

    Raises:
        ArgumentError: the model does not compare its inputs, or there are fewer than two candidates.
        DataError: a value cannot be read, or does not say which input it is.

    >>> zoo.zero_shot("runs/photos", "pet.jpg", among=["a cat", "a dog"])  # doctest: +SKIP
    """
    run = load_run(target)
    columns = {column.source or name: column for name, column in run.assets.x.items()}
    scale, listed = _scale_of(run), Listing(top).top or LISTED
    named = dict(among) if isinstance(among, Mapping) else {}
    if len(named) > 1 or not set(named) <= set(columns):
        raise unknown_name("input", ", ".join(named), columns, fix="name one input in among")
    given = _listed(next(iter(named.values())) if named else among)
    place = next(iter(named)) if named else _input_of(given, columns, run.name)
    reading = Reading(batch_size, None, keep_going)
    names, candidates = _candidates(run, given, place, columns, reading)
    others = {name: kind for name, kind in columns.items() if name != place}
    items = _queries(run, _listed(inputs), others, columns, column=column)
    if failed := [item.error for item in items if item.error and not keep_going]:
        raise failed[0]
    taken = [{name: item.values.get(name) for name in others} for item in items]
    answered, found = answers(run, taken, reading=reading), []
    for item, (read, vectors) in zip(items, answered, strict=True):
        told, error = {**item.source, "task": run.task.name}, item.error or read.error
        if error is not None:
            found.append(told | {"predictions": [], "error": error.to_dict()})
            continue
        there = np.delete(vectors, list(columns).index(place), axis=0)
        cosines = candidates @ there[there.any(axis=1)].mean(axis=0)
        found.append(told | {"predictions": _likeliest(names, cosines, scale, listed)})
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


def _listed(values: Any) -> list[Any]:
    return [values] if isinstance(values, str | Path | Mapping | np.ndarray) else list(values)


def _input_of(values: Sequence[Any], columns: Mapping[str, Column], model: str) -> str:
    """Return the only input whose kind these values have.

    Raises:
        DataError: several inputs take such values, or none.
    """
    found = [n for n, kind in columns.items() if all(_fits(value, kind) for value in values)]
    if len(found) != 1:
        words = values and isinstance(values[0], str | Path)
        given = f"{str(values[0])[:60]!r}" if words else "A value"
        raise DataError(
            f"{given} does not say which input of {model} it is.",
            expected=f"values of one of {', '.join(columns)}",
            fix=f'name the input: {{"{next(iter(columns))}": …}} in Python, and before candidates '
            f"--among {next(iter(columns))}=…",
        )
    return found[0]


def _fits(value: Any, kind: Column) -> bool:
    """Tell whether a value may be one of a column's, by its type and by the ending of its name."""
    if isinstance(value, np.ndarray):
        shape = kind.value_shape
        return shape is not None and len(shape) == value.ndim
    if not isinstance(value, str | Path):
        return False
    ending = Path(value).suffix.lower()
    if ending in formats.TABLES or Path(value).is_dir():
        return True  # of any column
    if kind.is_file("word") or isinstance(value, Path):
        return ending in kind.suffixes
    return ending not in (*formats.IMAGES, *formats.SOUNDS)


def _candidates(
    run: TrainedModel,
    given: Sequence[Any],
    place: str,
    columns: Mapping[str, Column],
    reading: Reading,
) -> tuple[list[str], np.ndarray]:
    """Return the names of the candidates, and their vectors, (C, D)."""
    items = items_of(given, {place: columns[place]}, model=run.name)
    for item in items:
        if item.error is not None:
            raise item.error
    if len(items) < 2:
        raise ArgumentError(
            f"{len(items)} candidates: there is nothing to choose from.",
            expected="two or more",
            fix='give them as among=["a cat", "a dog"], or --among "a cat,a dog"',
        )
    examples = [{place: item.values[place]} for item in items]
    found = answers(run, examples, reading=replace(reading, keep_going=False))
    vectors = np.stack([one[list(columns).index(place)] for _, one in found])
    names = [item.source.get("text") or item.name or str(i) for i, item in enumerate(items)]
    return names, vectors.astype("float64")


def _queries(
    run: TrainedModel,
    given: Sequence[Any],
    others: Mapping[str, Column],
    columns: Mapping[str, Column],
    *,
    column: str | None,
) -> list[Item]:
    """Return the inputs one by one: examples, and files or values of one of the other inputs."""
    found: list[Item] = []
    for value in given:
        if isinstance(value, Mapping):
            found += items_of([value], columns, model=run.name)
            continue
        name = next(iter(others)) if len(others) == 1 else _input_of([value], others, run.name)
        found += items_of([value], {name: others[name]}, model=run.name, column=column)
    return found


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
