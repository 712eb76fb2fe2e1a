"""Tensors of other projects, brought into the layout of a model's own variables.

Every tensor of the file and every weight of the model is used exactly once, or nothing is loaded.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import keras
import numpy as np

from zoo.complexity import leaf_layers
from zoo.errors import WeightsError
from zoo.pretrained.names import NameMap
from zoo.weights import tensor_keys

HEAD = "head_"
AS_IT_IS = "as it is"
NOT_NEEDED, OF_THE_HEAD, AVERAGED = "not needed", "of the head", "averaged with the other head"
SUMMED = "added to the other"
_TORCH = {  # variables of ours that a parameter of theirs may be
    "weight": ("kernel", "gamma", "embeddings"),
    "bias": ("bias", "beta"),
    "running_mean": ("moving_mean",),
    "running_var": ("moving_variance",),
}
_TRANSPOSED = ("kernel", "recurrent_kernel")
_KERAS = {"depthwise_kernel": ("depthwise_kernel", "kernel")}
_SHOWN = 5


@dataclass(frozen=True)
class Move:
    """How a tensor of a file became a weight of a model.

    Attributes:
        name: theirs.
        shape: in the file.
        done: "as it is", or what was done: "transposed", "reshaped", "resized", "other channels".
    """

    name: str
    shape: tuple[int, ...]
    done: str = AS_IT_IS


@dataclass
class Placement:
    """What went where.

    Attributes:
        tensors: by our key, in our layout.
        moves: by our key.
        left_out: their tensors that the model does not need, with the reason.
        unplaced: their tensors that have no place in the model.
        unfilled: our keys that got nothing.
        misfits: by our key: a tensor of another shape, in one sentence.
        head_classes: of a head in the file that does not fit.
    """

    tensors: dict[str, np.ndarray] = field(default_factory=dict)
    moves: dict[str, Move] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    unplaced: list[str] = field(default_factory=list)
    unfilled: list[str] = field(default_factory=list)
    misfits: dict[str, str] = field(default_factory=dict)
    head_classes: int | None = None

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
    given, tensors = tensors, _without_prefix(tensors)
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
    names = dict(zip(tensors, given, strict=True))
    best.moves = {key: replace(move, name=names[move.name]) for key, move in best.moves.items()}
    best.left_out = {names[name]: why for name, why in best.left_out.items()}
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
    averaged = names.with_averages(tensors)
    placement.left_out |= {name: AVERAGED for name in tensors if name not in averaged}
    merged = names.with_sums(averaged)
    placement.left_out |= {name: SUMMED for name in averaged if name not in merged}
    for name, array in merged.items():
        if names.is_ignored(name):
            placement.left_out[name] = NOT_NEEDED
            continue
        target = _target(names, name)
        key = variables.key(*target) if target else None
        if headless and target and (key or target[0]).startswith(HEAD):
            placement.left_out[name] = OF_THE_HEAD
            continue
        if key is None or key in placement.tensors:
            placement.unplaced.append(name)
            continue
        try:
            placement.tensors[key], done = variables.fitted(key, array, style=names.style)
            placement.moves[key] = Move(name, array.shape, done)
        except ValueError as error:
            placement.misfits[key] = f"{name}: {error}"
            if key.startswith(HEAD) and array.ndim == 1:
                placement.head_classes = len(array)
    kept = (key for key in variables.keys if not (headless and key.startswith(HEAD)))
    filled = placement.moves.keys() | placement.misfits.keys()
    placement.unfilled = [key for key in kept if key not in filled]
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

    def fitted(self, key: str, array: np.ndarray, *, style: str) -> tuple[np.ndarray, str]:
        """Return an array in the layout and shape of a variable, and what was done to it.

        Raises:
            ValueError: its numbers do not fit.
        """
        shape, layer, steps = tuple(self.keys[key].shape), self._layers[key.split("/")[-2]], []
        variable = key.rpartition("/")[2].partition(".")[2]
        if variable == "kernel" and _is_of_flattened(array, shape):
            array = _unflattened(array, shape, style=style)
            steps.append("reshaped")
        if style == "torch" and variable in _TRANSPOSED and array.ndim > 1:
            axes = array.ndim
            array = _keras_layout(array, layer, shape)
            steps += ["transposed"] + ["reshaped"] * (array.ndim != axes)
        if array.shape != shape:
            array, step = self._adapted(key, array, layer)
            steps.append(step)
        return array, ", ".join(dict.fromkeys(steps)) or AS_IT_IS

    def _adapted(
        self, key: str, array: np.ndarray, layer: keras.layers.Layer
    ) -> tuple[np.ndarray, str]:
        """Give an array the shape of a variable where that is possible, and say how."""
        shape, variable = tuple(self.keys[key].shape), key.rpartition("/")[2].partition(".")[2]
        if _squeezed(array.shape) == _squeezed(shape):
            return array.reshape(shape), "reshaped"
        adapt: Callable | None = getattr(layer, "adapted", None)
        if adapt is not None:
            return adapt(variable, array), "resized"
        if self._is_stem(array.shape, shape):
            return adapt_channels(array, shape[2]), "other channels"
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
        "have another shape": list(placement.misfits.values()),
    }
    parts = [
        f"{len(names)} {kind}: {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
        for kind, names in kinds.items()
        if names
    ]
    return WeightsError(
        f"The tensors of {source} are not those of this model: {'; '.join(parts)}.",
        fix=_fix(placement),
    )


def _fix(placement: Placement) -> str:
    """Return what to do, which is simple where only the head does not fit."""
    without, wrong = "num_classes=0 leaves the head out", [*placement.unfilled, *placement.misfits]
    if placement.unplaced or not all(key.startswith(HEAD) for key in wrong):
        return "build the variant, with the number of classes, that the file is of"
    if placement.unfilled:
        return f"the file has no such head: {without}"
    classes = placement.head_classes
    return f"num_classes={classes} takes the head of the file; {without}" if classes else without
