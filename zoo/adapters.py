"""Low-rank adapters (LoRA, 2106.09685): a frozen kernel W becomes W + A·B, and only A and B are trained.

Keras' own `enable_lora` adds A and B to a layer. A file of adapters holds them as "KEY.lora_a" and
"KEY.lora_b", KEY being that of the kernel in `zoo.weights.tensor_keys`, with all that is not frozen, and
says which weights they are added to. Keras is imported only where a model is given.
"""

import json
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import WeightsError
from zoo.tensor_files import read_metadata, read_tensors, write_tensors
from zoo.weights import is_adapter, tensor_keys

if TYPE_CHECKING:
    import keras

_PARENT = "kerazoo_parent"  # in the metadata of a file: {"weights", "sha256"}
_A, _B = ".lora_a", ".lora_b"


def add_adapters(layers: Iterable["keras.Layer"], rank: int) -> int:
    """Add adapters to every dense layer and embedding, also inside other layers.

    A begins with random numbers (He) and B with zeros, so that the model's answers stay as they are.

    Args:
        layers: built, without adapters.
        rank: columns of A and rows of B, >= 1.

    Returns:
        How many layers have adapters now.

    >>> import keras
    >>> dense = keras.layers.Dense(3)
    >>> dense.build((None, 4))
    >>> add_adapters([dense], 2), [tuple(variable.shape) for variable in dense.weights]
    (1, [(4, 3), (3,), (4, 2), (2, 3)])
    """
    import keras

    kinds = (keras.layers.Dense, keras.layers.EinsumDense, keras.layers.Embedding)
    parts = {id(part): part for layer in layers for part in layer._flatten_layers()}
    adapted = [part for part in parts.values() if isinstance(part, kinds)]
    for part in adapted:
        part.enable_lora(rank)
    return len(adapted)


def has_adapter(layer: "keras.Layer") -> bool:
    """Tell whether a layer, or one inside it, has an adapter."""
    return any(is_adapter(variable) for variable in layer.weights)


def save_adapters(
    path: str | os.PathLike, model: "keras.Model", *, kept: str, parent: Mapping[str, str]
) -> str:
    """Write the adapters of a model, and its tensors whose key begins with `kept`.

    Args:
        path: as `zoo.tensor_files.write_tensors`, which gives the SHA-256 returned here.
        model: with adapters.
        kept: beginning of the keys of what is not frozen.
        parent: {"weights", "sha256"} of what the adapters are added to.
    """
    adapters = {
        f"{key}{end}": variable.numpy()
        for key, pair in _pairs(model).items()
        for end, variable in zip((_A, _B), pair, strict=True)
    }
    others = {
        key: variable.numpy()
        for key, variable in tensor_keys(model, adapters=False).items()
        if key.startswith(kept)
    }
    return write_tensors(path, adapters | others, metadata={_PARENT: json.dumps(dict(parent))})


def is_adapter_file(path: str | os.PathLike) -> bool:
    """Tell whether a safetensors file of a run holds adapters, and not a whole model."""
    return _PARENT in read_metadata(path)


def are_adapters(names: Iterable[str]) -> bool:
    """Tell whether the names of a file's tensors are those of adapters.

    >>> are_adapters(["backbone/block1_mlp_in/0.kernel.lora_a", "head_logits/0.kernel"])
    True
    """
    return any(name.endswith((_A, _B)) for name in names)


def joined(
    tensors: Mapping[str, np.ndarray], path: str | os.PathLike, *, sha256: str | None = None
) -> dict[str, np.ndarray]:
    """Return the tensors of a model with a file of adapters added to its kernels.

    Args:
        tensors: of the parent, by key.
        path: of `save_adapters`.
        sha256: that the file must have.

    Raises:
        WeightsError: the file is damaged, or its adapters are not of these tensors.
    """
    held, _ = read_tensors(path, sha256=sha256)
    whole = dict(tensors)
    for key, array in held.items():
        if key.endswith(_A):
            kernel = key.removesuffix(_A)
            whole[kernel] = _added(whole.get(kernel), array, held.get(kernel + _B), key, path)
        elif not key.endswith(_B):
            whole[key] = array
    return whole


def merged(model: "keras.Model") -> dict[str, np.ndarray]:
    """Return the tensors of a model with its adapters added to their kernels, by key.

    The same numbers as `joined` gives from a file.
    """
    found = {key: v.numpy() for key, v in tensor_keys(model, adapters=False).items()}
    for key, (a, b) in _pairs(model).items():
        found[key] = _added(found[key], a.numpy(), b.numpy(), key, model.name)
    return found


def _added(
    kernel: np.ndarray | None, a: np.ndarray, b: np.ndarray | None, key: str, where: object
) -> np.ndarray:
    if kernel is not None and b is not None and a.ndim >= 2 and a.shape[-1:] == b.shape[:1]:
        product = a @ b
        if product.shape == kernel.shape:
            return kernel.astype(product.dtype) + product  # a parent's file may hold float16
    raise WeightsError(
        f"{key} of {where} is not an adapter of the model's weights.",
        expected="adapters of the weights that the file names as their parent",
        fix="copy the whole folder of the run again, or train again",
    )


def _pairs(model: "keras.Model") -> dict[str, tuple["keras.Variable", "keras.Variable"]]:
    """Return A and B of each layer by the key of its kernel."""
    keys = {id(v): key for key, v in tensor_keys(model, adapters=False).items()}
    pairs = {}
    for layer in model._flatten_layers():
        if getattr(layer, "lora_enabled", False):
            kernel = next(v for v in layer.weights if id(v) in keys and len(v.shape) >= 2)
            pairs[keys[id(kernel)]] = tuple(v for v in layer.weights if is_adapter(v))
    return pairs
