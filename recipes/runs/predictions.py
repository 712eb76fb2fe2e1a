"""What a model answered for each example that it was scored on, as a file."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.scored import Scored
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, RunError
from zoo.files import write_text
from zoo.tasks.decision import answers_of

MOST_CLASSES = 20  # whose probabilities are written one by one
ENDINGS = (".csv", ".jsonl")


def check_predictions(path: Path, assets: Assets) -> None:
    """Check, before anything is computed, that predictions can be written here.

    Raises:
        ArgumentError: the ending is not known, or the model gives no answers of one row each.
        RunError: the file exists already, or its folder does not.
    """
    if path.suffix.lower() not in ENDINGS:
        raise ArgumentError(
            f"{path} is neither a .csv nor a .jsonl file.",
            expected=" or ".join(ENDINGS),
            fix="give another --predictions",
        )
    if path.exists():
        raise RunError(f"{path} exists already; nothing was written.", fix="give another file name")
    if not path.absolute().parent.is_dir():
        raise RunError(
            f"There is no folder {path.absolute().parent}.", fix="create it, or give another one"
        )
    if not assets.outputs:
        raise ArgumentError(
            "This model does not predict classes, labels or numbers.",
            fix="leave --predictions out",
        )


def write_predictions(path: Path, scored: Scored, assets: Assets) -> None:
    """Write one row for each example: its name, the truth, the answer and the probabilities.

    A CSV file has the columns `name`, `label`, `answer`, `probability` (of the answer) and, up to 20
    classes, `p_CLASS`. Several labels are joined by semicolons, as `labels` and `answers`; numbers are
    `true_NAME` and `predicted_NAME`. JSON Lines hold the same, with lists and a dictionary.

    Args:
        path: a new file, .csv or .jsonl.
        scored: predictions and truths.
        assets: name the outputs.
    """
    found = rows(scored, assets)
    if path.suffix.lower() == ".jsonl":
        write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found))
        return
    flat = [_flat(row) for row in found]
    buffer = io.StringIO()
    columns = list(dict.fromkeys(key for row in flat for key in row))
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    write_text(path, buffer.getvalue())


def rows(scored: Scored, assets: Assets) -> list[dict[str, Any]]:
    """Return one dictionary of JSON values for each example, in order."""
    names = [scored.found.split.name_of(i) for i in range(len(scored.predictions))]
    if assets.label:
        made = _of_classes(scored, assets)
    elif assets.label_sets:
        made = _of_label_sets(scored, assets)
    else:
        made = _of_numbers(scored, assets)
    return [{"name": name} | row for name, row in zip(names, made, strict=True)]


def _of_classes(scored: Scored, assets: Assets) -> list[dict[str, Any]]:
    probabilities, guesses = answers_of(scored.predictions)
    guesses = probabilities.argmax(axis=-1) if guesses is None else guesses
    return [
        {
            "label": assets.classes[int(label)],
            "answer": assets.classes[int(guess)],
            "probability": round(float(row[guess]), 6),
            **_each(row, assets),
        }
        for row, guess, label in zip(
            probabilities, guesses, scored.truths[assets.label], strict=True
        )
    ]


def _of_label_sets(scored: Scored, assets: Assets) -> list[dict[str, Any]]:
    found = np.asarray(scored.predictions)

    def named(chosen: np.ndarray) -> list[str]:
        return [assets.outputs[k] for k in np.flatnonzero(chosen)]

    return [
        {"labels": named(truth), "answers": named(p[:, 0] >= p[:, 1]), **_each(p[:, 0], assets)}
        for p, truth in zip(found, scored.truths[assets.label_sets], strict=True)
    ]


def _of_numbers(scored: Scored, assets: Assets) -> list[dict[str, Any]]:
    found, names = np.asarray(scored.predictions, "float64"), list(assets.numbers)
    return [
        {f"true_{name}": float(scored.truths[name][i]) for name in names}
        | {f"predicted_{name}": float(found[i, k]) for k, name in enumerate(names)}
        for i in range(len(found))
    ]


def _each(probabilities: np.ndarray, assets: Assets) -> dict[str, Any]:
    if len(assets.outputs) > MOST_CLASSES:
        return {}
    pairs = zip(assets.outputs, probabilities, strict=True)
    return {"probabilities": {name: round(float(value), 6) for name, value in pairs}}


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as cells: lists joined, and a column for each probability."""
    each = {f"p_{name}": value for name, value in row.get("probabilities", {}).items()}
    cells = {key: value for key, value in row.items() if key != "probabilities"}
    return {k: ";".join(v) if isinstance(v, list) else v for k, v in cells.items()} | each
