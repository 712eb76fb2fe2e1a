"""Tensors of other projects, brought into the layout of a model's own variables.

Every tensor of the file and every weight of the model is used exactly once, or nothing is loaded.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import keras
import numpy as np

from zoo.complexity import leaf_layers
from zoo.errors import WeightsError
from zoo.pretrained.names import NameMap
from zoo.weights import tensor_keys

HEAD = "head_"
_TORCH = {  # variables of ours that a parameter of theirs may be
    "weight": ("kernel", "gamma", "embeddings"),
    "bias": ("bias", "beta"),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
}
_KERAS = {"depthwise_kernel": ("depthwise_kernel", "kernel")}
_SHOWN = 5


@dataclass
class Placement:
    """What went where.

    Attributes:
        tensors: by our key, in our layout.
        origins: our key to their name.
        unplaced: their tensors that have no place in the model.
        unfilled: our keys that got nothing.
        misfits: sentences about tensors of another shape.
    """

    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)
    unfilled: list[str] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many tensors have no place, weights no tensor, or shapes do not fit."""
        return len(self.unplaced) + len(self.unfilled) + len(self.misfits)


def converted(
    model: keras.Model,
    tensors: Mapping[str, np.ndarray],
    maps: Mapping[str, NameMap],
    *,
    source: str,
    headless: bool = False,
) -> Placement:
    """Place every tensor of a file, by the map that its names fit.

    Args:
        model: built; its backbone is nested in it.
        tensors: by their names; a common "module." in front is taken off.
        maps: of the family, by name.
        source: what error messages call the file.
        headless: leave out what belongs to the head.

    Raises:
        WeightsError: no map uses every tensor and every weight once; lists what is left on both sides.
    """
    tensors = _without_prefix(tensors)
    if not maps:
        raise WeightsError(
            f"Nothing says how the tensors of {source} belong to {model.name}.",
            fix="load a file that `zoo.save_model_weights` wrote",
        )
    best = min(
        (placed(model, tensors, one, headless=headless) for one in maps.values()),
        key=lambda placement: placement.faults,
    )
    if best.faults:
        raise _misplaced(best, source)
    return best


def placed(
    model: keras.Model,
    tensors: Mapping[str, np.ndarray],
    names: NameMap,
    *,
    headless: bool = False,
) -> Placement:
    """Place tensors by one map, and say what is left over."""
    variables, placement = _Variables(model), Placement()
    for name, array in names.with_averages(tensors).items():
        if names.is_ignored(name):
            continue
        target = _target(names, name)
        key = variables.key(*target) if target else None
        if headless and target and (key or target[0]).startswith(HEAD):
            continue
        if key is None or key in placement.tensors:
            placement.unplaced.append(name)
            continue
        try:
            placement.tensors[key] = variables.fitted(key, array, style=names.style)
            placement.origins[key] = name
        except ValueError as error:
            placement.misfits.append(f"{name}: {error}")
            placement.origins[key] = name
    kept = (key for key in variables.keys if not (headless and key.startswith(HEAD)))
    placement.unfilled = [key for key in kept if key not in placement.origins]
    return placement


def _target(names: NameMap, name: str) -> tuple[str, tuple[str, ...]] | None:
    """Return layer and possible variables of a tensor of theirs."""
    whole = names.target(name)
    if whole is not None:
        layer, _, variable = whole.partition("/")
        return layer, (variable,)
    separator = "." if names.style == "torch" else "/"
    module, _, parameter = name.rpartition(separator)
    layer = names.target(module)
    if layer is None:
        return None
    table = _TORCH if names.style == "torch" else _KERAS
    return layer, table.get(parameter, (parameter,))


class _Variables:
    """The variables of a model by layer."""

    def __init__(self, model: keras.Model):
        self.keys = tensor_keys(model)
        self._layers = {layer.name: layer for layer in leaf_layers(model)}
        self._by_layer: dict[str, dict[str, str]] = {}
        for key in self.keys:
            *_, layer, variable = key.split("/")
            own = self._by_layer.setdefault(layer, {})
            own[variable] = key  # "0.kernel"
            own.setdefault(variable.partition(".")[2], key)
        self._channels = model.inputs[0].shape[-1] if len(model.inputs[0].shape) == 4 else None

    def key(self, layer: str, variables: tuple[str, ...]) -> str | None:
        own = self._by_layer.get(layer, {})
        return next((own[name] for name in variables if name in own), None)

    def fitted(self, key: str, array: np.ndarray, *, style: str) -> np.ndarray:
        """Return an array in the layout and shape of a variable.

        Raises:
            ValueError: its numbers do not fit.
        """
        shape, layer = tuple(self.keys[key].shape), self._layers[key.split("/")[-2]]
        variable = key.rpartition("/")[2].partition(".")[2]
        if variable == "kernel" and _is_of_flattened(array, shape):
            array = _unflattened(array, shape, style=style)
        if style == "torch" and variable == "kernel":
            array = _keras_layout(array, layer, shape)
        if array.shape == shape:
            return array
        if _squeezed(array.shape) == _squeezed(shape):
            return array.reshape(shape)
        adapt: Callable | None = getattr(layer, "adapted", None)
        if adapt is not None:
            return adapt(variable, array)
        if self._is_stem(array.shape, shape):
            return adapt_channels(array, shape[2])
        raise ValueError(f"{array.shape} does not fit {key} {shape}")

    def _is_stem(self, theirs: tuple[int, ...], ours: tuple[int, ...]) -> bool:
        return (
            len(theirs) == len(ours) == 4
            and theirs[2] == 3
            and ours[2] == self._channels
            and theirs[:2] + theirs[3:] == ours[:2] + ours[3:]
        )


def adapt_channels(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Give a kernel of RGB images, (h, w, 3, F), other input channels, as timm does.

    One channel gets the sum, which treats gray as R = G = B; other numbers repeat R, G, B and are
    scaled so that the response keeps its size.
    """
    if channels == 1:
        return kernel.sum(axis=2, keepdims=True)
    repeats = math.ceil(channels / 3)
    return np.tile(kernel, (1, 1, repeats, 1))[:, :, :channels] * np.float32(3 / channels)


def _keras_layout(
    array: np.ndarray, layer: keras.layers.Layer, shape: tuple[int, ...]
) -> np.ndarray:
    """Turn a kernel of PyTorch's, (out, in, …), into Keras' layout, (…, in, out)."""
    if array.ndim == 4 and len(shape) == 2 and array.shape[2:] == (1, 1):
        array = array[:, :, 0, 0]
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return array.transpose(2, 3, 0, 1)
    return np.moveaxis(array, (0, 1), (-1, -2)) if array.ndim > 1 else array


def _is_of_flattened(array: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Tell whether a dense layer on a flattened map is, here, a convolution that covers the map."""
    return (
        array.ndim == 2
        and len(shape) == 4
        and shape[:2] != (1, 1)
        and array.size == math.prod(shape)
    )


def _unflattened(array: np.ndarray, shape: tuple[int, ...], *, style: str) -> np.ndarray:
    """Turn its kernel, (out, C · H · W) or (H · W · C, out), into one of the convolution."""
    height, width, channels, filters = shape
    if style == "torch":
        return array.reshape(filters, channels, height, width)
    return array.reshape(shape)


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _without_prefix(tensors: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    """Take off what DataParallel puts before every name."""
    prefix = "module."
    if tensors and all(name.startswith(prefix) for name in tensors):
        return {name.removeprefix(prefix): array for name, array in tensors.items()}
    return tensors


def _misplaced(placement: Placement, source: str) -> WeightsError:
    kinds = {
        "of the file have no place": placement.unplaced,
        "of the model get nothing": placement.unfilled,
        "have another shape": placement.misfits,
    }
    parts = [
        f"{len(names)} {kind}: {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
        for kind, names in kinds.items()
        if names
    ]
    return WeightsError(
        f"The tensors of {source} are not those of this model: {'; '.join(parts)}.",
        fix="build the variant, with the number of classes, that the file is of",
    )
