"""From files or arrays to what the model says of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data.pipeline import stack
from zoo.errors import DataError

if TYPE_CHECKING:
    from recipes.runs.run import Run

Input = str | Path | np.ndarray
TEXT_LIMIT_BYTES = 10_000_000
EXPECTED = {
    "image": "image files: png, jpg, webp, bmp, gif",
    "audio": "audio files: wav, flac, ogg",
    "ids": "texts, or files of text in UTF-8",
}
_SUFFIX = {"image": ".png", "audio": ".wav", "ids": ".txt"}
_COLUMNS = {"image": "image", "audio": "audio", "ids": "text"}
_AXES_OF_A_BATCH = {"image": 4, "audio": 2, "ids": 1}


def predict(target: Any, inputs: Sequence[Input], *, batch_size: int = 64) -> list[dict[str, Any]]:
    """Predict with a run, a shipped weight or a recipe's weight.

    Args:
        target: run directory, weight name or recipe name.
        inputs: paths of files, or values as a dataset gives them: uint8 images, float32 waveforms at
            the model's rate, texts. For text models a `str` is a text and a `Path` a file.
        batch_size: of prediction.

    Returns:
        One {"file", "task", "predictions"} for each input; predictions are typed by the task.

    >>> zoo.predict("cnn_small.digits", ["seven.png"])[0]["predictions"][0]  # doctest: +SKIP
    {'label': '7', 'probability': 0.999}
    """
    from recipes.runs.run import load

    return load(target).predict(inputs, batch_size=batch_size)


def predict_inputs(run: "Run", inputs: Sequence[Input], *, batch_size: int) -> list[dict[str, Any]]:
    """Encode inputs with the code that training used, run the model, and describe the outcome."""
    if isinstance(inputs, str | Path | np.ndarray):
        many = isinstance(inputs, np.ndarray) and inputs.ndim == _AXES_OF_A_BATCH[_input(run)]
        inputs = list(inputs) if many else [inputs]
    for item in inputs:  # at once, before Keras is loaded
        if _is_file(run, item):
            _check_file(Path(item).expanduser(), _input(run))
    # All are read before anything is run; only what the model takes is kept of each.
    examples = [{_COLUMNS[_input(run)]: _value(run, item)} for item in inputs]
    encoded = [run.task.encode(example, run.assets, None)[0] for example in examples]
    results = []
    for start in range(0, len(encoded), batch_size):
        chunk = encoded[start : start + batch_size]
        x = {
            name: stack([item[name] for item in chunk], spec) for name, spec in run.assets.x.items()
        }
        predictions = run.task.decode(run.model, x, run.assets)
        for item, prediction in zip(inputs[start : start + batch_size], predictions, strict=True):
            results.append(
                {
                    "file": str(item) if _is_file(run, item) else None,
                    **({"text": item} if _is_text(run, item) else {}),
                    "task": run.task.name,
                    "predictions": run.task.describe(prediction, run.assets),
                }
            )
    return results


def _input(run: "Run") -> str:
    (name,) = run.assets.x  # every task so far takes one input
    return name


def _is_text(run: "Run", item: Input) -> bool:
    return isinstance(item, str) and _input(run) == "ids"


def _is_file(run: "Run", item: Input) -> bool:
    return isinstance(item, str | Path) and not _is_text(run, item)


def _value(run: "Run", item: Input) -> Any:
    """Return what a dataset would give: pixels, samples at the model's rate, or a text."""
    if not _is_file(run, item):
        return item
    path, name = Path(item).expanduser(), _input(run)
    if name == "image":
        from zoo.data.images import read_image

        return read_image(path)
    if name == "audio":
        from zoo.data.audio import read_audio

        return read_audio(path, sample_rate_hz=run.assets.extra["front"]["sample_rate_hz"])[0]
    return _read_text(path)


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
            f"{path} is no UTF-8 text: byte {error.start} is not.",
            expected="text in UTF-8",
            fix="convert it, for example with: iconv -f cp1252 -t utf-8",
        ) from error


def _check_file(path: Path, name: str) -> None:
    if not path.is_file():
        raise DataError(
            f"{path} is no file.",
            expected=EXPECTED[name],
            fix=f"check the path; for a folder, give its files: FOLDER/*{_SUFFIX[name]}",
        )
