"""Exported files, opened and run by their own runtime."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from zoo.columns.usage import variable_of

Arrays = Mapping[str, np.ndarray]
Shape = list[int | None]
_DTYPES = {
    "tensor(float)": "float32",
    "tensor(int32)": "int32",
}  # of ONNX, as far as models here go


@final
@dataclass(frozen=True)
class Exported:
    """An exported model: `exported({"image": pixels})["logits"]`.

    Attributes:
        inputs: name to {"shape", "dtype"} as the file declares them; None is an axis that varies.
        outputs: as `inputs`.
        run: of the runtime, on whole batches.
    """

    inputs: Mapping[str, Mapping[str, Any]]
    outputs: Mapping[str, Mapping[str, Any]]
    run: Callable[[Arrays], Arrays]

    def __call__(self, x: Arrays) -> dict[str, np.ndarray]:
        """Run a batch: in one go, or example by example where the file takes one at a time."""
        x = {variable_of(name): value for name, value in x.items()}
        x = {name: np.asarray(x[name], facts["dtype"]) for name, facts in self.inputs.items()}
        count = len(next(iter(x.values())))
        if all(facts["shape"][0] is None for facts in self.inputs.values()):
            return dict(self.run(x))
        rows = [
            self.run({name: value[i : i + 1] for name, value in x.items()}) for i in range(count)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in self.outputs}


def open_exported(path: Path, format: str) -> Exported:
    """Open a file (a folder for SavedModel) of `recipes.export.export.export`.

    Args:
        path: of the model itself.
        format: "saved_model", "onnx" or "litert".
    """
    return {"saved_model": _saved_model, "onnx": _onnx, "litert": _litert}[format](path)


def _saved_model(path: Path) -> Exported:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]

    def run(x: Arrays) -> Arrays:
        # Through `loaded`, which owns the variables: its functions do not keep them alive.
        serve = loaded.signatures["serving_default"]
        outputs = serve(**{name: tf.constant(value) for name, value in x.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    def facts(specs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: _facts(spec.shape.as_list(), spec.dtype.name) for name, spec in specs.items()}

    return Exported(
        facts(serve.structured_input_signature[1]), facts(serve.structured_outputs), run
    )


def _onnx(path: Path) -> Exported:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def facts(values: Any) -> dict[str, Any]:
        return {
            value.name: _facts(
                [size if isinstance(size, int) else None for size in value.shape],
                _DTYPES[value.type],
            )
            for value in values
        }

    def run(x: Arrays) -> Arrays:
        return dict(zip(names, session.run(names, dict(x)), strict=True))

    return Exported(facts(session.get_inputs()), facts(session.get_outputs()), run)


def _litert(path: Path) -> Exported:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_path=str(path)).get_signature_runner()

    def facts(details: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: _facts(
                [None if size < 0 else int(size) for size in detail["shape_signature"]],
                np.dtype(detail["dtype"]).name,
            )
            for name, detail in details.items()
        }

    return Exported(
        facts(runner.get_input_details()),
        facts(runner.get_output_details()),
        lambda x: runner(**x),
    )


def _facts(shape: Shape, dtype: str) -> dict[str, Any]:
    return {"shape": shape, "dtype": dtype}
