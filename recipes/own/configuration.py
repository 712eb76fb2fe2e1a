"""The configuration of a Keras model as JSON values, and back: only of layers that run no other code."""

import copy
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import keras

from recipes.values.architecture import Architecture
from zoo.errors import RunError

# Keras' own layers that run what a file says, or read files that it names.
_REFUSED = (
    "Lambda",
    "TFSMLayer",
    "TorchModuleWrapper",
    "JaxLayer",
    "FlaxLayer",
    "StringLookup",
    "IntegerLookup",
    "TextVectorization",
    "IndexLookup",
)


def config_of(backbone: keras.Model) -> Any:
    """Return the configuration as JSON values; float32 becomes the precision of the recipe."""
    values = _without_float32(keras.saving.serialize_keras_object(backbone))
    return json.loads(json.dumps(values, default=str))  # as it comes back from a file


def _without_float32(values: Any) -> Any:
    if isinstance(values, list | tuple):
        return [_without_float32(value) for value in values]
    if not isinstance(values, dict):
        return values
    return {
        key: _without_float32(value)
        for key, value in values.items()
        if not (key == "dtype" and isinstance(value, dict) and _is_float32(value))
    }


def _is_float32(policy: Mapping[str, Any]) -> bool:
    config = policy.get("config")
    return isinstance(config, dict) and config.get("name") == "float32"


def foreign_in(values: Any) -> Iterator[str]:
    """Yield the classes in a configuration that are not Keras' or kerazoo's own, or may run code."""
    if isinstance(values, list):
        for value in values:
            yield from foreign_in(value)
    if not isinstance(values, dict):
        return
    name, module = str(values.get("class_name", "")), values.get("module")
    if "class_name" in values and "config" in values and name != "__keras_tensor__":
        is_function = name == "function"
        allowed = re.fullmatch(r"keras(\.[\w.]+)?|zoo\.layers\.\w+", str(module))
        if name in _REFUSED or not (allowed or (is_function and module == "builtins")):
            yield str(values["config"]) if is_function else name
    for value in values.values():
        yield from foreign_in(value)


def rebuilt(architecture: Architecture) -> keras.Model:
    """Build the backbone from its configuration; what could run code is refused."""
    foreign = tuple(foreign_in(architecture.config))
    if foreign:
        raise RunError(
            f"The architecture of {architecture.name} holds {', '.join(foreign)}, which could run code.",
            expected="Keras' own layers",
            fix="use the folder as training wrote it",
        )
    for module in set(_modules(architecture.config)):
        importlib.import_module(module)  # a layer of kerazoo is known once its file is imported
    config = copy.deepcopy(architecture.config)  # Keras changes what it is given
    try:
        return keras.saving.deserialize_keras_object(config, safe_mode=True)
    except (ValueError, TypeError, KeyError, AttributeError, LookupError) as error:
        said = str(error).strip().partition("\n")[0][:200]
        raise RunError(
            f"The architecture of {architecture.name} cannot be built: {said}",
            expected="an architecture that this version of Keras knows",
            fix="use the version of Keras that trained it",
        ) from error


def _modules(values: Any) -> Iterator[str]:
    """Yield the modules of kerazoo's layers in a configuration."""
    if isinstance(values, dict):
        if re.fullmatch(r"zoo\.layers\.\w+", str(values.get("module"))):
            yield values["module"]
        values = list(values.values())
    for value in values if isinstance(values, list) else ():
        yield from _modules(value)
