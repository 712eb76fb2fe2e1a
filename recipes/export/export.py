"""Export a trained model to other runtimes, SavedModel, ONNX or LiteRT, and compare the result."""

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.export.formats import convert, divided_logits, quietly, random_inputs
from recipes.runs.answering import temperature_of, tempered_assets
from recipes.runs.run import Run, load
from zoo import devices
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError, MachineError, RunError, ZooError, unknown_name
from zoo.files import FULL, as_path, write_text
from zoo.ownership import install_command

if TYPE_CHECKING:
    from recipes.ensembles.ensemble import Ensemble
    from recipes.export.runtimes import Exported

FILES = {"saved_model": "saved_model", "onnx": "model.onnx", "litert": "model.tflite"}
FORMATS = tuple(FILES)
EXAMPLES = 256
_PACKAGES = {
    "saved_model": (),
    "onnx": ("tf2onnx", "onnx", "onnxruntime"),
    "litert": ("ai_edge_litert",),
}
_BATCH_SIZE = 32
_NEARLY = {"rtol": 1e-3, "atol": 1e-4}


def export(
    target: "str | Path | Run | Ensemble",
    *,
    format: str = "saved_model",
    output: str | Path | None = None,
    check: bool = True,
    examples: int = EXAMPLES,
    data_dir: str | None = None,
    calibrated: bool | float = False,
) -> dict[str, Any]:
    """Export a model to another runtime, with its labels and a page that shows how to use it.

    Numeric preprocessing is part of the file: it takes images as pixels 0–255 and speech as a waveform.
    It takes text as ids, since no format can hold a tokenizer; `assets.json` in the same folder has it,
    with the labels and sizes. The output is logits; of a model without a head, "vector".

    Args:
        target: run directory, folder of an ensemble, weight name or recipe name.
        format: "saved_model" (TensorFlow), "onnx" or "litert" (once TensorFlow Lite).
        output: a new folder; named after the target and the format by default.
        check: run the file in its own runtime and compare it with the model.
        examples: most examples to compare, from the test split if the data is available, otherwise
            seeded random inputs.
        data_dir: folder of TFDS data; TFDS_DATA_DIR by default.
        calibrated: True divides the file's logits by the temperature that was fitted on validation; a
            number is such a temperature.

    Returns:
        {"name", "format", "path", "file", "size_bytes", "task", "inputs", "outputs", "temperature",
        "parity"}; temperature is None where logits are those of the model. parity is None without
        `check`, else {"source", "examples", "max_difference", "equal", "of"}: the largest difference
        between outputs, and how many labels (of a language model: next tokens; of voices and of a model
        without a head: vectors) agree.

    Raises:
        UnknownNameError: no such format or target.
        MachineError: a package is missing, or the folder cannot be written.
        RunError: the folder exists, or `calibrated` is True and no temperature was fitted.
        ArgumentError: the format cannot hold the model, or no temperature suits it.

    >>> zoo.export("cnn_small.digits", format="onnx")["parity"]["equal"]  # doctest: +SKIP
    256
    """
    _check_format(format)
    run = load(target)
    temperature = _temperature(run, calibrated)
    folder = _free_folder(run, output, format)
    _check_backend(format)
    with _new_folder(folder) as beside:
        model = run.float32_model()
        model = model if temperature is None else divided_logits(model, temperature)
        convert(model, beside / FILES[format], run.assets, format=format)
        checked = {"count": examples if check else 0, "data_dir": data_dir}
        facts = _complete(beside, run, format, temperature=temperature, **checked)
    return facts | {"path": str(folder)}


def _complete(
    folder: Path,
    run: "Run | Ensemble",
    format: str,
    *,
    temperature: float | None,
    count: int,
    data_dir: str | None,
) -> dict[str, Any]:
    """Test a converted model and write the files beside it; return facts about it."""
    from recipes.export.runtimes import open_exported
    from recipes.export.usage import usage_page

    path = folder / FILES[format]
    with quietly():
        exported = open_exported(path, format)
        exported(random_inputs(run.assets, 1))
    facts = {
        "name": run.name,
        "format": format,
        "file": path.name,
        "size_bytes": sum(part.stat().st_size for part in _files_of(path)),
        "task": run.task.name,
        "inputs": exported.inputs,
        "outputs": exported.outputs,
        "temperature": temperature,
        "parity": _compare(exported, run, count, data_dir, temperature) if count else None,
    }
    told = {"classes": list(run.assets.classes), "sizes": run.assets.sizes}
    told |= {"targets": list(run.assets.numbers)} if run.assets.numbers else {}
    told |= {"labels": list(run.assets.outputs)} if run.assets.label_sets else {}
    fitted = tempered_assets(run.assets, temperature).to_dict()
    assets = facts | {"weights_sha256": run.sha256} | fitted | told
    write_text(folder / "assets.json", json.dumps(assets, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "README.md", usage_page(run, facts))
    return facts


# --- before anything is written


def _temperature(run: "Run | Ensemble", calibrated: bool | float) -> float | None:
    if isinstance(run, Run):
        return temperature_of(run, calibrated)
    run.refuse_temperature(calibrated)
    return None


def _check_format(format: str) -> None:
    if format not in FORMATS:
        raise unknown_name("export format", format, FORMATS, fix=f"use one of {', '.join(FORMATS)}")
    missing = [name for name in _PACKAGES[format] if importlib.util.find_spec(name) is None]
    if missing:
        raise MachineError(
            f"Exporting to {format} needs {', '.join(missing)}, which {_is(missing)} not installed.",
            expected=f"the packages {', '.join(_PACKAGES[format])}",
            fix=f"{install_command('export')}; or export to saved_model",
        )


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _check_backend(format: str) -> None:
    devices.load_tensorflow()  # before Keras, so that it starts quietly
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise MachineError(
            f"Exporting to {format} goes through TensorFlow; Keras runs on {backend} here.",
            expected="KERAS_BACKEND=tensorflow, or no such variable",
            fix=f"KERAS_BACKEND=tensorflow zoo export … --format {format}; the weights work with both",
        )


def _free_folder(run: "Run | Ensemble", output: str | Path | None, format: str) -> Path:
    name = run.path.name if run.path else run.name
    folder = as_path(output) if output is not None else Path(f"{name}-{format}")
    if folder.suffix in (".onnx", ".tflite", ".pb"):
        raise ArgumentError(
            f"{folder} looks like a file name; an export is a folder.",
            expected=f"a new folder; the model in it will be {FILES[format]}",
            fix=f"--output {folder.with_suffix('')}",
        )
    if folder.exists() or folder.is_symlink():
        raise RunError(
            f"{folder} exists already; nothing was written.",
            expected="a new folder",
            fix="give another one with --output",
        )
    return folder


# --- the folder, whole or not at all


@contextlib.contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """Give a folder beside `folder` to fill; flush its files and rename it on success."""
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        beside.mkdir(parents=True)
        yield beside
        for path in _files_of(beside):
            with path.open("r+b") as stream:
                os.fsync(stream.fileno())
        beside.rename(folder)
    except OSError as error:
        if error.errno not in FULL and not _concerns(error, beside):
            raise
        raise _unwritable(folder, error.strerror) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _concerns(error: OSError, beside: Path) -> bool:
    """Tell whether an error is about what is written, not about what is read."""
    named = isinstance(error.filename, str | os.PathLike)
    return named and beside.absolute().parent in (p := Path(error.filename).absolute(), *p.parents)


def _unwritable(folder: Path, why: object) -> MachineError:
    return MachineError(
        f"{folder} cannot be written: {why}.",
        fix="check the path, its permissions and the space left, or give another --output",
    )


def _files_of(path: Path) -> list[Path]:
    return [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]


# --- comparison


def _compare(
    exported: "Exported",
    run: "Run | Ensemble",
    count: int,
    data_dir: str | None,
    temperature: float | None,
) -> dict[str, Any]:
    """Run file and model on the same examples: the largest difference, and equal labels."""
    batches, source = _batches(run, count, data_dir)
    largest, equal, total, seen = 0.0, 0, 0, 0
    for x in batches:
        expected = _outputs(run.model.predict_on_batch(x))
        if temperature is not None:
            expected["logits"] = expected["logits"] / temperature
        found = _outputs(exported(x))
        largest = max(largest, *(float(np.abs(expected[k] - found[k]).max()) for k in expected))
        same = _agreeing(expected, found, word=_compared_by(run, found))
        counted = _counted(x, run.assets, same.shape)
        equal, total = equal + int(same[counted].sum()), total + int(counted.sum())
        seen += len(same)
    return {
        "source": source,
        "examples": seen,
        "max_difference": largest,
        "word": _compared_by(run, exported.outputs),
        "equal": equal,
        "of": total,
    }


def _compared_by(run: "Run | Ensemble", outputs: Iterable[str]) -> str:
    """Return what is counted: "labels", or "numbers" and "vectors", which are close as a whole."""
    if "vector" in outputs or "logits" not in outputs:
        return "vectors"
    return "numbers" if run.assets.outputs and not run.assets.label else "labels"


def _outputs(given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, "float64") for name, value in given.items()}


def _agreeing(
    expected: Mapping[str, np.ndarray], found: Mapping[str, np.ndarray], *, word: str
) -> np.ndarray:
    """Tell where the most likely label is the same; without labels, where all numbers are close."""
    if "logits" in expected and word == "labels":
        return expected["logits"].argmax(axis=-1) == found["logits"].argmax(axis=-1)
    return np.array(
        [all(np.allclose(expected[k][i], found[k][i], **_NEARLY) for k in expected)
         for i in range(len(next(iter(expected.values()))))]
    )  # fmt: skip


def _counted(x: Mapping[str, np.ndarray], assets: Assets, shape: tuple[int, ...]) -> np.ndarray:
    """Say which labels count: all, but at padding where there is one for each position."""
    for name, spec in assets.specs()[0].items():
        if len(shape) == 2 and spec.shape == (None,) and x[name].shape == shape:
            return x[name] != spec.padding
    return np.ones(shape, bool)


def _batches(
    run: "Run | Ensemble", count: int, data_dir: str | None
) -> tuple[Iterator[dict[str, np.ndarray]], str]:
    """Return inputs in batches, and where they come from."""
    from zoo.data.pipeline import Encoded

    try:
        dataset = run.dataset(data_dir=data_dir)
    except ZooError:  # another machine: the weights are here and the data is not
        x = random_inputs(run.assets, count)
        parts = (
            {name: value[start : start + _BATCH_SIZE] for name, value in x.items()}
            for start in range(0, count, _BATCH_SIZE)
        )
        return parts, "seeded random inputs, as the data is not available"
    has_head = not run.assets.label or run.assets.classes
    assets = run.assets if has_head else replace(run.assets, y={})
    encoded = Encoded(dataset.splits["test"], run.task, assets)
    places = np.linspace(0, len(encoded) - 1, min(count, len(encoded))).astype(int)
    parts = (
        encoded.batch(places[start : start + _BATCH_SIZE])[0]
        for start in range(0, len(places), _BATCH_SIZE)
    )
    return parts, f"test split of {dataset.name}"
