"""Everything a run needs to continue bit for bit, in one file written whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from recipes.diagnosis.probe import kernels
from zoo.errors import RunError, check_format
from zoo.tensor_files import read_metadata, read_tensors, write_tensors
from zoo.weights import seed_variables, tensor_keys

FORMAT = 2  # 1, of 0.1.0, knows ends of epochs only, and not the recipe
_FORMAT = "kerazoo-checkpoint-"


@dataclass(frozen=True)
class Midway:
    """The state of an unfinished epoch.

    Attributes:
        metrics: state of the running means, in the model's order.
        began: tensors by the probe's key, as they were when the epoch began.
    """

    metrics: list[np.ndarray]
    began: Mapping[str, np.ndarray]


def save_checkpoint(
    path: Path, model: keras.Model, state: dict[str, Any], *, midway: Midway | None = None
) -> None:
    """Write weights, optimizer, seed generators and `state`.

    Args:
        path: of the file; the old one stays until the new one is whole.
        model: compiled, its optimizer built.
        state: JSON values: epoch, history, what callbacks remember.
        midway: of the unfinished epoch; None at the end of an epoch.
    """
    tensors = {name: _numpy(variable) for name, variable in _variables(model).items()}
    if midway is not None:
        tensors |= {f"metric/{i}": value for i, value in enumerate(midway.metrics)}
        tensors |= {f"began/{key}": value for key, value in midway.began.items()}
    write_tensors(
        path, tensors, metadata={"format": f"{_FORMAT}{FORMAT}", "state": json.dumps(state)}
    )


def load_checkpoint(path: Path, model: keras.Model) -> tuple[dict[str, Any], Midway | None]:
    """Put a checkpoint back into a compiled model with a built optimizer.

    Returns:
        Its state, and that of an unfinished epoch, if there was one.

    Raises:
        WeightsError: the file is damaged or of another model.
        RunError: the file is not a checkpoint, or one of a newer version.
    """
    form, text = (read_metadata(path).get(key, "") for key in ("format", "state"))
    if not form.startswith(_FORMAT):
        raise RunError(
            f"{path} is not a checkpoint of a run.",
            expected="a file as `zoo train` wrote it",
            fix="start the run again without --resume, in another folder",
        )
    check_format(str(path), form.removeprefix(_FORMAT), known=FORMAT)
    variables, under_way = _variables(model), bool(json.loads(text).get("step"))
    wanted = dict(variables)
    if under_way:
        wanted |= {f"metric/{i}": v for i, v in enumerate(model.metrics_variables)}
        wanted |= {f"began/{key}": variable for key, variable in kernels(model).items()}
    tensors, metadata = read_tensors(
        path, expected={name: tuple(variable.shape) for name, variable in wanted.items()}
    )
    for name, variable in variables.items():
        variable.assign(tensors[name])
    state = json.loads(metadata["state"])
    if not under_way:
        return state, None
    return state, Midway(
        metrics=[tensors[f"metric/{i}"] for i in range(len(model.metrics_variables))],
        began={key: tensors[f"began/{key}"] for key in kernels(model)},
    )


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    named = {f"model/{name}": variable for name, variable in tensor_keys(model).items()}
    named |= {f"seed/{name}": variable for name, variable in seed_variables(model).items()}
    # Position is enough: the optimizer is rebuilt from the same recipe, in the same order.
    named |= {f"optimizer/{i}": variable for i, variable in enumerate(model.optimizer.variables)}
    return named


def _numpy(variable: keras.Variable) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(variable))
