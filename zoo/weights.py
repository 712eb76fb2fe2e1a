"""The weights of a model under stable keys, as files of tensors.

Keras is imported only where a model is given.
"""

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import WeightsError, check_format
from zoo.tensor_files import check_shapes, read_metadata, read_tensors, write_tensors

if TYPE_CHECKING:
    import keras

FORMAT = 2  # 0.1.0 wrote none, which counts as 1
_FORMAT = "kerazoo_weights"
_AUTOMATIC_NAME = re.compile(r"variable(_\d+)?")  # Keras counts these up over the whole process


def tensor_keys(model: "keras.Model", *, adapters: bool = True) -> dict[str, "keras.Variable"]:
    """Return every entry of `model.weights`, trainable or not, under a key that a rebuild repeats.

    A key is the names of the layers from outside in, then position and variable name inside the
    leaf layer: "backbone/stage1_conv/0.kernel". Nested models are entered; any other layer is a
    leaf, with all that it holds. A variable that two layers share is listed once, where it is met
    first. `Variable.path` plays no part: Keras changes it from one build to the next.

    Args:
        model: built.
        adapters: False leaves those of LoRA out; all others have the keys of the model without them.

    Raises:
        WeightsError: the model is not built, or two variables have the same key.

    >>> import keras
    >>> dense = keras.layers.Dense(2, name="dense")
    >>> list(tensor_keys(keras.Sequential([keras.Input((3,)), dense])))
    ['dense/0.kernel', 'dense/1.bias']
    """
    if adapters:
        return _keys(model, lambda layer: layer.weights)
    return _keys(model, lambda layer: [v for v in layer.weights if not is_adapter(v)])


def is_adapter(variable: "keras.Variable") -> bool:
    """Tell whether Keras' `enable_lora` made a variable."""
    return variable.name.startswith("lora_")


def seed_variables(model: "keras.Model") -> dict[str, "keras.Variable"]:
    """Return the states of the model's seed generators, keyed as `tensor_keys` keys weights.

    Keras keeps them out of `model.weights` and of every file that it writes; resuming bit for bit
    needs them.

    Raises:
        WeightsError: as `tensor_keys`.
    """
    return _keys(model, _seeds_of)


def _seeds_of(layer: "keras.Layer") -> list["keras.Variable"]:
    weights = {id(variable) for variable in layer.weights}
    # Keras lists a generator once for each layer that holds it.
    seeds = {id(variable): variable for variable in layer.variables if id(variable) not in weights}
    return list(seeds.values())


def _keys(
    model: "keras.Model", variables_of: Callable[["keras.Layer"], list["keras.Variable"]]
) -> dict[str, "keras.Variable"]:
    import keras

    if not model.built:
        raise WeightsError(
            f"The model {model.name!r} is not built, so it has no weights yet.",
            fix="give it an Input layer, or call it once on a batch",
        )
    keys: dict[str, keras.Variable] = {}
    seen: set[int] = set()

    def visit(layer: keras.Layer, prefix: str) -> None:
        children = layer.layers if isinstance(layer, keras.Model) else []
        for child in children:
            visit(child, f"{prefix}{child.name}/")
        below = {id(variable) for child in children for variable in variables_of(child)}
        own = [variable for variable in variables_of(layer) if id(variable) not in below]
        for position, variable in enumerate(own):
            if id(variable) in seen:
                continue
            seen.add(id(variable))
            name = "variable" if _AUTOMATIC_NAME.fullmatch(variable.name) else variable.name
            key = f"{prefix}{position}.{name}"
            if key in keys:
                raise WeightsError(
                    f"Two variables of the model {model.name!r} have the same key {key!r}.",
                    fix="give each layer of a model its own name",
                )
            keys[key] = variable

    visit(model, "")
    if seen != {id(variable) for variable in variables_of(model)}:
        raise WeightsError(
            f"The layers of the model {model.name!r} hold other variables than the model.",
            fix="build it as a functional model, without overriding `layers` or `weights`",
        )
    return keys


def load_into(model: "keras.Model", tensors: Mapping[str, np.ndarray]) -> None:
    """Assign arrays to the variables of the same key, cast to each variable's dtype: all or none.

    Raises:
        WeightsError: names, shapes or kinds of number differ; the model is then as it was.
    """
    variables = tensor_keys(model)
    shapes = {key: tuple(variable.shape) for key, variable in variables.items()}
    found = {key: np.shape(tensor) for key, tensor in tensors.items()}
    check_shapes(found, shapes, found_in="the file")
    arrays = {key: _cast(key, np.asarray(tensors[key]), variables[key].dtype) for key in shapes}
    for key, variable in variables.items():
        variable.assign(arrays[key])


def _cast(key: str, array: np.ndarray, dtype: str) -> np.ndarray:
    """Change the width of numbers, not their kind; infinities must be there before."""
    with np.errstate(over="ignore"):
        cast = array.astype(dtype)
    if "float" in array.dtype.name and "float" in dtype:
        fits = np.array_equal(np.isfinite(cast), np.isfinite(array))
    else:
        fits = array.dtype.kind == cast.dtype.kind and np.array_equal(cast, array)
    if not fits:
        raise WeightsError(
            f"{key!r} holds {array.dtype} numbers that {dtype} cannot hold.",
            fix="save with dtype='float32', or build the model that the file was saved from",
        )
    return cast


def save_model_weights(
    path: str | os.PathLike,
    model: "keras.Model",
    *,
    dtype: str = "float32",
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write all weights of a model; optimizer and seed generators stay out.

    Args:
        path, metadata: as `write_tensors`, which gives the SHA-256 returned here.
        model: built.
        dtype: "float16" or "float32", for all floating-point tensors.

    Raises:
        WeightsError: a number is too large for `dtype`, or as `tensor_keys` and `write_tensors`.
    """
    if dtype not in ("float16", "float32"):
        raise WeightsError(f"Weights cannot be saved as {dtype!r}.", fix="use float16 or float32")
    tensors = {}
    for key, variable in tensor_keys(model).items():
        array = variable.numpy()
        tensors[key] = _cast(key, array, dtype) if "float" in array.dtype.name else array
    return write_tensors(path, tensors, metadata={_FORMAT: str(FORMAT)} | dict(metadata or {}))


def load_model_weights(
    path: str | os.PathLike, model: "keras.Model", *, sha256: str | None = None
) -> dict[str, str]:
    """Read a file of `save_model_weights` into a built model; return the file's metadata.

    Raises:
        WeightsError: as `read_tensors` and `load_into`.
    """
    check_format(str(path), read_metadata(path).get(_FORMAT, "1"), known=FORMAT, error=WeightsError)
    expected = {key: tuple(variable.shape) for key, variable in tensor_keys(model).items()}
    tensors, metadata = read_tensors(path, expected=expected, sha256=sha256)
    load_into(model, tensors)
    metadata.pop(_FORMAT, None)
    return metadata
