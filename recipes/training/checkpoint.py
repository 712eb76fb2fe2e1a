"""Everything a run needs to go on bit for bit, in one file written whole or not at all."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.errors import RunError
from zoo.weights import read_tensors, seed_variables, tensor_keys, write_tensors

FORMAT = "kerazoo-checkpoint-1"


def save_checkpoint(path: Path, model: keras.Model, state: dict[str, Any]) -> None:
    """Write weights, optimizer, seed generators and `state`.

    Args:
        path: of the file; the old one stays until the new one is whole.
        model: compiled, its optimizer built.
        state: JSON values: epoch, history, what callbacks remember.
    """
    tensors = {name: _numpy(variable) for name, variable in _variables(model).items()}
    write_tensors(path, tensors, metadata={"format": FORMAT, "state": json.dumps(state)})


def load_checkpoint(path: Path, model: keras.Model) -> dict[str, Any]:
    """Put a checkpoint back into a compiled model with a built optimizer; return its state.

    Raises:
        WeightsError: the file is damaged or of another model.
        RunError: the file is no checkpoint.
    """
    variables = _variables(model)
    tensors, metadata = read_tensors(
        path, expected={name: tuple(variable.shape) for name, variable in variables.items()}
    )
    if metadata.get("format") != FORMAT:
        raise RunError(
            f"{path} is not a checkpoint of this version.",
            expected=f"format {FORMAT}",
            fix="start the run again without --resume, in another folder",
        )
    for name, variable in variables.items():
        variable.assign(tensors[name])
    return json.loads(metadata["state"])


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    named = {f"model/{name}": variable for name, variable in tensor_keys(model).items()}
    named |= {f"seed/{name}": variable for name, variable in seed_variables(model).items()}
    # Position is enough: the optimizer is rebuilt from the same recipe, in the same order.
    named |= {f"optimizer/{i}": variable for i, variable in enumerate(model.optimizer.variables)}
    return named


def _numpy(variable: keras.Variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable))
