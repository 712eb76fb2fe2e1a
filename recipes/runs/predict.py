"""From files or arrays to what the model says of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.runs.inputs import Input, Item, encoded, items_of
from zoo.data import formats, images
from zoo.data.pipeline import stack
from zoo.errors import ArgumentError, DataError

if TYPE_CHECKING:
    from recipes.runs.run import Run

TEXT_LIMIT_BYTES = 10_000_000
_SUFFIXES = {  # by the name of the input
    "image": formats.IMAGES,
    "audio": formats.SOUNDS,
    "ids": (*formats.TEXTS, *formats.TABLES),
}
_WORDS = {"image": "image files", "audio": "audio files", "ids": "texts, or files of text in UTF-8"}
_COLUMNS = {"image": "image", "audio": "audio", "ids": "text"}
_AXES_OF_A_BATCH = {"image": 4, "audio": 2, "ids": 1}


def expected(name: str) -> str:
    """Say which files a model takes, by the name of its input.

    >>> expected("audio").startswith("audio files: wav, flac, ogg")
    True
    """
    return f"{_WORDS[name]}: {', '.join(suffix[1:] for suffix in _SUFFIXES[name])}"


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
            For text models a `str` is a text and a `Path` a file.
        batch_size: of prediction.
        text_column: of tables; None takes "text", or the only column that there is.
        keep_going: give an input that cannot be read a result with "error" and no predictions,
            instead of raising.

    Returns:
        One {"file", "task", "predictions"} for each input, and for each row of a table ("row" says
        which); predictions are typed by the task.

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
    name = _input(run)
    if isinstance(inputs, str | Path | np.ndarray):
        many = isinstance(inputs, np.ndarray) and inputs.ndim == _AXES_OF_A_BATCH[name]
        inputs = list(inputs) if many else [inputs]
    if text_column and name != "ids":
        raise ArgumentError(
            f"{run.name} takes no texts, so that there is no column to name.",
            fix="leave --text-column (text_column=) out",
        )
    items = items_of(
        inputs,
        suffixes=_SUFFIXES[name],
        expected=expected(name),
        texts_too=name == "ids",
        text_column=text_column or _column_of(run),
    )
    for item in items:
        if item.error is not None and not keep_going:
            raise item.error  # at once, before Keras is loaded
    # All are read before anything is run; only what the model takes is kept of each.
    items = encoded(items, lambda item: _encoded(run, item), keep_going=keep_going)
    good = [item for item in items if item.error is None]
    predictions: list[Any] = []
    for start in range(0, len(good), batch_size):
        chunk = [item.encoded for item in good[start : start + batch_size]]
        x = {key: stack([one[key] for one in chunk], spec) for key, spec in run.assets.x.items()}
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


def _input(run: "Run") -> str:
    (name,) = run.assets.x  # every task so far takes one input
    return name


def _column_of(run: "Run") -> str | None:
    """Return the column that the run was trained on, where its recipe names one."""
    column = run.recipe.data.arguments.get("text_column")
    return None if column is None else str(column)


def _encoded(run: "Run", item: Item) -> dict[str, np.ndarray]:
    return run.task.encode({_COLUMNS[_input(run)]: _value(run, item)}, run.assets, None)[0]


def _value(run: "Run", item: Item) -> Any:
    """Return what a dataset would give: pixels, samples at the model's rate, or a text."""
    if item.file is None or item.row is not None:
        return item.value
    name = _input(run)
    if name == "image":
        return images.read_image(item.value)
    if name == "audio":
        from zoo.data.audio import read_audio

        rate = run.assets.extra["front"]["sample_rate_hz"]
        return read_audio(item.value, sample_rate_hz=rate)[0]
    return _read_text(item.value)


def _read_text(path: Path) -> str:
    if path.stat().st_size > TEXT_LIMIT_BYTES:
        raise DataError(
            f"{path} is too large for one text: {path.stat().st_size / 1e6:.0f} MB.",
            expected=f"at most {TEXT_LIMIT_BYTES / 1e6:.0f} MB",
            fix="cut it into smaller files",
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text: byte {error.start} is something else.",
            expected="text in UTF-8",
            fix="convert it, for example with: iconv -f cp1252 -t utf-8",
        ) from error
