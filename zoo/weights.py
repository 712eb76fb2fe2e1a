"""Weight files: numbers under stable keys, read with suspicion and written whole; nothing runs.

A safetensors file is the header's length (8 bytes), a JSON header (name, dtype, shape and offsets
of every tensor), the numbers. Size, header, names and shapes are checked before any memory is taken
for numbers. Keras is imported only where a model is given.
"""

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from zoo.errors import WeightsError
from zoo.files import write_bytes

if TYPE_CHECKING:
    import keras

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
_MAX_AXES = 32  # of NumPy 1; NumPy 2 takes 64
_MAX_ELEMENTS = 2**48  # an axis of 0 does not disarm the others: NumPy multiplies them
_LENGTH_BYTES = 8
_BITS = {"float": (16, 32, 64), "int": (8, 16, 32, 64), "uint": (8, 16, 32, 64)}
_DTYPES = {f"{kind[0].upper()}{bits}": f"{kind}{bits}" for kind in _BITS for bits in _BITS[kind]}
_DTYPES["BOOL"] = "bool"
_AUTOMATIC_NAME = re.compile(r"variable(_\d+)?")  # Keras counts these up over the whole process
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # has no UTF-8
_GET_AGAIN = "get the file again from where it came, or train and save the model again"

Shapes = Mapping[str, tuple[int, ...]]


def tensor_keys(model: "keras.Model") -> dict[str, "keras.Variable"]:
    """Return every entry of `model.weights`, trainable or not, under a key that a rebuild repeats.

    A key is the names of the layers from outside in, then position and variable name inside the
    leaf layer: "backbone/stage1_conv/0.kernel". Nested models are entered; any other layer is a
    leaf, with all that it holds. A variable that two layers share is listed once, where it is met
    first. `Variable.path` plays no part: Keras changes it from one build to the next.

    Raises:
        WeightsError: the model is not built, or two variables have the same key.

    >>> import keras
    >>> dense = keras.layers.Dense(2, name="dense")
    >>> list(tensor_keys(keras.Sequential([keras.Input((3,)), dense])))
    ['dense/0.kernel', 'dense/1.bias']
    """
    return _keys(model, lambda layer: layer.weights)


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


def write_tensors(
    path: str | os.PathLike,
    tensors: Mapping[str, np.ndarray],
    *,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write a safetensors file, whole or not at all; equal content gives equal bytes.

    Args:
        path: of the file; its folder is made.
        tensors: name to array (float16, 32, 64; any integer; bool).
        metadata: text that goes with them.

    Returns:
        The SHA-256 of the file, 64 hex digits.

    Raises:
        WeightsError: a dtype, name or metadata value that the format has no place for.
    """
    # The library reads the buffer as it lies, strides or not.
    arrays = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    for name, array in arrays.items():
        if array.dtype.name not in _DTYPES.values():
            raise WeightsError(
                f"{name!r} has the dtype {array.dtype}, which {path} cannot hold.",
                fix=f"cast it to one of {', '.join(_DTYPES.values())}",
            )
    metadata = dict(metadata or {})
    for text in (*arrays, *metadata, *metadata.values()):
        if not _is_text(text) or text == "__metadata__":
            raise WeightsError(
                f"{_short(text)} cannot stand in the header of {path}.",
                fix="write names and metadata as text (json.dumps); '__metadata__' is no name",
            )
    data = _with_metadata(safetensors_numpy.save(arrays), metadata)
    write_bytes(path, data)
    return hashlib.sha256(data).hexdigest()


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _LONE_SURROGATE.search(value)


def _with_metadata(data: bytes, metadata: dict[str, str]) -> bytes:
    """Put sorted metadata into the header: the library's own order changes with every call."""
    if not metadata:
        return data
    end = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    entries = json.loads(data[_LENGTH_BYTES:end])
    header = {"__metadata__": dict(sorted(metadata.items()))} | entries
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % _LENGTH_BYTES)  # keeps the numbers aligned
    return len(text).to_bytes(_LENGTH_BYTES, "little") + text + data[end:]


def read_tensors(
    path: str | os.PathLike,
    *,
    expected: Shapes | None = None,
    sha256: str | None = None,
    max_bytes: int = 2**31,
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a safetensors file that anybody may have written.

    Args:
        expected: name to shape; the file must hold these and no others.
        sha256: hex digest that the file must have.
        max_bytes: largest file that is read, > 0.

    Returns:
        Arrays by name, and the metadata.

    Raises:
        WeightsError: no such file; too large, truncated, damaged, ill-formed; other names, shapes
            or digest than asked for.
    """
    path = Path(path)
    try:
        if not path.is_file():  # a pipe would block
            raise WeightsError(f"There is no weight file {path}.", fix="check the path")
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            head = _read_head(stream, size=size, path=path, max_bytes=max_bytes)
            shapes, metadata = _checked(head, data_bytes=size - len(head), path=path)
            if expected is not None:
                _compare(shapes, expected, found_in=str(path))
            # The header that was checked is the one that is parsed, whatever happens to the file.
            data = head + stream.read(size - len(head))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}.", fix="check the path") from error
    digest = hashlib.sha256(data).hexdigest()
    if sha256 is not None and digest != sha256.lower():
        raise WeightsError(
            f"{path} has the SHA-256 {digest}.", expected=sha256.lower(), fix=_GET_AGAIN
        )
    try:
        return safetensors_numpy.load(data), metadata
    except SafetensorError as error:
        raise _unsound(path, f"the safetensors library refuses it ({error})") from error


def _read_head(stream: BinaryIO, *, size: int, path: Path, max_bytes: int) -> bytes:
    """Return the header with the length before it, once that is known to be small enough."""
    if size > max_bytes:
        found = f"{path} has {size} bytes, more than {max_bytes}."
        raise WeightsError(found, fix="raise max_bytes if it is the right file")
    if size < _LENGTH_BYTES:
        raise _unsound(path, f"it has {size} bytes, too few for a header")
    prefix = stream.read(_LENGTH_BYTES)
    length = int.from_bytes(prefix, "little")
    if length > min(MAX_HEADER_BYTES, size - _LENGTH_BYTES):
        raise _unsound(path, f"it claims a header of {length} bytes in a file of {size} bytes")
    return prefix + stream.read(length)


def _checked(head: bytes, *, data_bytes: int, path: Path) -> tuple[Shapes, dict[str, str]]:
    """Return shapes by name and the metadata of a header without a fault."""
    try:
        header = _parse_strictly(head[_LENGTH_BYTES:])
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(map(_is_text, metadata.values())):
            raise ValueError("__metadata__ is not text by name")
        return _checked_layout(header, data_bytes=data_bytes), metadata
    except ValueError as error:
        raise _unsound(path, f"in its header, {error}") from error


def _parse_strictly(text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        entries = dict(pairs)
        if len(entries) != len(pairs):
            raise ValueError(f"a name occurs twice among {_short([name for name, _ in pairs])}")
        return entries

    if text[:1] != b"{":
        raise ValueError("the first character is not '{'")
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("brackets are nested too deeply") from error


def _checked_layout(header: dict[str, Any], *, data_bytes: int) -> Shapes:
    """Return shapes by name; ValueError unless the tensors fill the data without gap or overlap."""
    shapes, ranges = {}, []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise ValueError(f"{_short(name)} is not just dtype, shape and data_offsets")
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise ValueError(f"{_short(name)} has the unknown dtype {_short(dtype)}")
        if not _are_sizes(shape) or len(shape) > _MAX_AXES:
            raise ValueError(f"{_short(name)} has the impossible shape {_short(shape)}")
        if not _are_sizes(offsets) or len(offsets) != 2:
            raise ValueError(f"{_short(name)} has the impossible data_offsets {_short(offsets)}")
        if math.prod(max(axis, 1) for axis in shape) > _MAX_ELEMENTS:
            raise ValueError(f"{_short(name)} has the shape {_short(shape)}, beyond all memory")
        wanted = math.prod(shape) * np.dtype(_DTYPES[dtype]).itemsize
        if offsets[1] - offsets[0] != wanted:
            raise ValueError(f"{_short(name)} takes {wanted} bytes, not {_short(offsets)}")
        shapes[name] = tuple(shape)
        ranges.append((*offsets, name))
    position = 0
    for begin, end, name in [*sorted(ranges), (data_bytes, data_bytes, None)]:
        if begin != position:
            kind = "overlap" if begin < position else "leave a gap before"
            last = f"the end of the file ({data_bytes} bytes of {position} are there)"
            raise ValueError(f"the numbers {kind} {last if name is None else _short(name)}")
        position = end
    return shapes


def _are_sizes(values: Any) -> bool:
    """Tell whether `values` is a list of integers >= 0; JSON's true is none."""
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def _unsound(path: Path, found: str) -> WeightsError:
    return WeightsError(f"{path} is damaged or not a weight file: {found}.", fix=_GET_AGAIN)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _compare(found: Shapes, expected: Shapes, *, found_in: str) -> None:
    """Raise WeightsError that lists what is missing, unexpected and of another shape."""
    kinds = {
        "missing": [_short(name) for name in expected if name not in found],
        "unexpected": [_short(name) for name in found if name not in expected],
        "of another shape": [
            f"{_short(name)} {_short(found[name])} instead of {shape}"
            for name, shape in expected.items()
            if name in found and found[name] != tuple(shape)
        ],
    }
    parts = [
        f"{len(names)} {kind}: {', '.join(names[:3])}{', …' if len(names) > 3 else ''}"
        for kind, names in kinds.items()
        if names
    ]
    if parts:
        raise WeightsError(
            f"The tensors of {found_in} are not those of the model: {'; '.join(parts)}.",
            fix="build the model that the file was saved from",
        )


def load_into(model: "keras.Model", tensors: Mapping[str, np.ndarray]) -> None:
    """Assign arrays to the variables of the same key, cast to each variable's dtype: all or none.

    Raises:
        WeightsError: names, shapes or kinds of number differ; the model is then as it was.
    """
    variables = tensor_keys(model)
    shapes = {key: tuple(variable.shape) for key, variable in variables.items()}
    found = {key: np.shape(tensor) for key, tensor in tensors.items()}
    _compare(found, shapes, found_in="the file")
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
    return write_tensors(path, tensors, metadata=metadata)


def load_model_weights(
    path: str | os.PathLike, model: "keras.Model", *, sha256: str | None = None
) -> dict[str, str]:
    """Read a file of `save_model_weights` into a built model; return the file's metadata.

    Raises:
        WeightsError: as `read_tensors` and `load_into`.
    """
    expected = {key: tuple(variable.shape) for key, variable in tensor_keys(model).items()}
    tensors, metadata = read_tensors(path, expected=expected, sha256=sha256)
    load_into(model, tensors)
    return metadata
