"""What the pickles of torch.save say about tensors, checked and without torch."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.pretrained import pickles
from zoo.pretrained.arrays import DTYPES, MAX_AXES, item_bytes, numbers, result_bytes, typed
from zoo.tensor_headers import short

WRAPPERS = (  # what people put the tensors of a network under
    *("state_dict", "model_state_dict", "model_state", "model", "net", "network", "params"),
)
_MAX_DEPTH = 16
_MAX_VISITS = 200_000
_MAX_SHARING = 8  # bytes of arrays per byte of the file; tied tensors share their numbers
_log = logging.getLogger(__name__)
_DTYPE_NAMES = (
    *("float16", "float32", "float64", "half", "float", "double", "bfloat16"),
    *("uint8", "int8", "int16", "int32", "int64", "bool"),
)


@dataclass(frozen=True)
class Storage:
    """Numbers in the file that tensors are views of."""

    key: str
    dtype: str
    count: int

    @property
    def bytes(self) -> int:
        """How many bytes they take."""
        return self.count * item_bytes(self.dtype)


@dataclass(frozen=True)
class Tensor:
    """A view of a storage; offset and strides count numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _StorageType:
    dtype: str


@dataclass(frozen=True)
class _Name:
    """A value of torch that stands for itself and cannot be called, such as torch.float32."""

    name: str


def storage_of(identifier: tuple, length: int) -> Storage:
    """Return what a persistent id of `length` parts says; whether its numbers exist is not checked.

    Raises:
        ValueError: it is not the id of a storage.
    """
    if len(identifier) != length:
        raise ValueError(f"its pickle refers to {short(identifier)}")
    word, kind, key, _, count, *view = identifier
    is_storage = word == "storage" and isinstance(kind, _StorageType) and isinstance(key, str)
    if not is_storage or type(count) is not int or count < 0 or view not in ([], [None]):
        raise ValueError(f"its pickle refers to {short(identifier)}")
    return Storage(key, kind.dtype, count)


def check_total(tensors: Mapping[str, Tensor], *, size: int, max_bytes: int) -> None:
    """Refuse tensors that take far more bytes than a file of `size` bytes holds.

    Raises:
        ValueError: they do.
    """
    total = sum(result_bytes(t.storage.dtype, t.shape) for t in tensors.values())
    if total > min(max_bytes, _MAX_SHARING * size):
        raise ValueError(f"its tensors take {total} bytes, too many for a file of {size} bytes")


def arrays_of(
    tensors: Mapping[str, Tensor], read: Callable[[Storage], np.ndarray], *, order: str
) -> dict[str, np.ndarray]:
    """Read each storage once and return the arrays, in the order of the tensors.

    Args:
        tensors: by name.
        read: returns the bytes of a storage.
        order: "<" or ">", of the bytes of a number.
    """
    by_storage: dict[Storage, list[str]] = defaultdict(list)
    for name, tensor in tensors.items():
        by_storage[tensor.storage].append(name)
    found = {}
    for storage, names in by_storage.items():
        vector = typed(read(storage)[: storage.bytes], storage.dtype, order=order)
        for name in names:
            found[name] = numbers(name, _view(vector, tensors[name]))
    return {name: found[name] for name in tensors}


def _view(vector: np.ndarray, tensor: Tensor) -> np.ndarray:
    strides = [stride * vector.itemsize for stride in tensor.strides]
    # `_rebuilt` has seen to it that the last number is in the vector.
    return np.lib.stride_tricks.as_strided(
        vector[tensor.offset :], tensor.shape, strides, writeable=False
    ).copy()


def _rebuilt(storage: Any, offset: Any, shape: Any, strides: Any, *_more: Any) -> Tensor:
    """Do what torch._utils._rebuild_tensor_v2 does, checked."""
    if not isinstance(storage, Storage):
        raise ValueError("a tensor has no numbers")
    if not _are_sizes(shape) or not _are_sizes(strides) or not _are_sizes((offset,)):
        raise ValueError(f"a tensor has the shape {short(shape)} and the strides {short(strides)}")
    if len(shape) != len(strides) or len(shape) > MAX_AXES:
        raise ValueError(f"a tensor has the shape {short(shape)} and the strides {short(strides)}")
    count = 1
    for length in shape:
        count *= length
        if count > storage.count:  # torch.expand, and bombs
            raise ValueError(f"a tensor of the shape {short(shape)} has {storage.count} numbers")
    last = sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if count and offset + last >= storage.count:
        raise ValueError(f"a tensor of the shape {short(shape)} reaches beyond its numbers")
    if not count:  # NumPy takes no strides that reach nowhere
        return Tensor(storage, 0, shape, (0,) * len(shape))
    return Tensor(storage, offset, shape, strides)


def _are_sizes(values: Any) -> bool:
    return isinstance(values, tuple) and all(
        type(value) is int and 0 <= value < 2**48 for value in values
    )


def _parameter(data: Any, _grad: Any = None, _hooks: Any = None) -> Tensor:
    if not isinstance(data, Tensor):
        raise ValueError("a parameter is not a tensor")
    return data


KNOWN = (
    {
        "torch._utils _rebuild_tensor": pickles.Function(_rebuilt),  # before PyTorch 0.4
        "torch._utils _rebuild_tensor_v2": pickles.Function(_rebuilt),
        "torch._utils _rebuild_parameter": pickles.Function(_parameter),
        "collections OrderedDict": pickles.Function(pickles.ordered_dict),
    }
    | {f"torch {name}Storage": _StorageType(dtype) for name, dtype in DTYPES.items()}
    | {f"torch {name}": _Name(f"torch.{name}") for name in _DTYPE_NAMES}
)


def selected(document: Any, entry: str | None) -> Iterator[tuple[str, Tensor]]:
    """Yield names and tensors of the network in a checkpoint.

    A dictionary of tensors is taken whole, with dictionaries inside joined by dots. Otherwise the one
    under `entry` is taken, or under one of `WRAPPERS`, or the only one. Where others with tensors lie
    beside it, such as an average of the weights, the log says which one was taken.

    Raises:
        ValueError: it holds no tensors by name, or several networks.
    """
    for _ in range(_MAX_DEPTH):
        if not isinstance(document, dict):
            break
        if entry is not None and isinstance(document.get(entry), dict):
            document, entry = document[entry], None
            continue
        if entry is None and any(isinstance(value, Tensor) for value in document.values()):
            yield from _flat(document)
            return
        inner = [k for k, v in document.items() if isinstance(v, dict) and _holds_tensors(v)]
        wrapped = [key for key in WRAPPERS if key in inner] or inner
        if entry is not None or not inner or (len(inner) > 1 and wrapped is inner):
            choices = f"; choose one with entry: {short(inner)}" if inner else ""
            missing = (
                "the entry " + short(entry) if entry is not None else "one dictionary of tensors"
            )
            raise ValueError(f"it does not hold {missing}{choices}")
        if len(inner) > 1 and entry is None:
            others = ", ".join(short(key) for key in inner if key != wrapped[0])
            _log.warning("Read %s; the file also holds %s.", short(wrapped[0]), others)
        document = document[wrapped[0]]
    raise ValueError("it holds no tensors by name")


def _flat(document: dict) -> Iterator[tuple[str, Tensor]]:
    visits, seen = 0, set()
    waiting = [("", document, 0)]
    while waiting:
        prefix, part, depth = waiting.pop()
        for key, value in part.items():
            visits += 1
            name = f"{prefix}{key}"
            if isinstance(value, dict):
                if visits > _MAX_VISITS or depth >= _MAX_DEPTH:
                    raise ValueError("it has too many dictionaries in one another")
                waiting.append((f"{name}.", value, depth + 1))
            elif isinstance(value, Tensor):
                if not isinstance(key, str) or name in seen:
                    raise ValueError(f"the name of a tensor is {short(key)}, or occurs twice")
                seen.add(name)
                yield name, value


def _holds_tensors(document: dict) -> bool:
    """Tell whether a dictionary holds a tensor, however deep; one that is met again is not entered."""
    waiting, met = [document], {id(document)}
    while waiting:
        for value in waiting.pop().values():
            if isinstance(value, Tensor):
                return True
            if isinstance(value, dict) and id(value) not in met:
                met.add(id(value))
                waiting.append(value)
    return False
