"""Files of tensors by name: checked strictly on reading, written whole; no code runs.

A safetensors file is the header's length (8 bytes), a JSON header (name, dtype, shape and offsets
of every tensor), the numbers. Size, header, names and shapes are checked before any memory is taken
for numbers.

More than `SHARD_BYTES` of tensors go into several such files beside one another, the shards. The
file itself then holds no numbers but, in its metadata, the index: name, size and SHA-256 of each
shard. It is written last, and each writing uses new names, so that a reader finds either the old shards
or the new ones. The SHA-256 of the index covers all of them.
"""

import contextlib
import hashlib
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors_numpy

from zoo.errors import WeightsError
from zoo.files import write_bytes

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
MAX_BYTES = 2**31  # of a file about whose content nothing is known
SHARD_BYTES = 2_000_000_000  # of the numbers in one file; a larger tensor has a file to itself
_INDEX = "kerazoo_shards"
_MAX_AXES = 32  # of NumPy 1; NumPy 2 takes 64
_MAX_ELEMENTS = 2**48  # an axis of 0 does not disarm the others: NumPy multiplies them
_LENGTH_BYTES = 8
_BITS = {"float": (16, 32, 64), "int": (8, 16, 32, 64), "uint": (8, 16, 32, 64)}
_DTYPES = {f"{kind[0].upper()}{bits}": f"{kind}{bits}" for kind in _BITS for bits in _BITS[kind]}
_DTYPES["BOOL"] = "bool"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # has no UTF-8
_GET_AGAIN = "get the file again from its source, or train and save the model again"

Shapes = Mapping[str, tuple[int, ...]]


def write_tensors(
    path: str | os.PathLike,
    tensors: Mapping[str, np.ndarray],
    *,
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write a safetensors file, whole or not at all; equal content gives equal bytes.

    Args:
        path: of the file; its folder is made. Shards go beside it.
        tensors: name to array (float16, 32, 64; any integer; bool).
        metadata: text that goes with them.

    Returns:
        The SHA-256 of the file, 64 hex digits.

    Raises:
        WeightsError: a dtype, name or metadata value that the format cannot hold.
    """
    path, metadata = Path(path), dict(metadata or {})
    # The library reads the buffer as it lies, strides or not.
    arrays = {name: np.asarray(tensor, order="C") for name, tensor in tensors.items()}
    for name, array in arrays.items():
        if array.dtype.name not in _DTYPES.values():
            raise WeightsError(
                f"{name!r} has the dtype {array.dtype}, which {path} cannot hold.",
                fix=f"cast it to one of {', '.join(_DTYPES.values())}",
            )
    for text in (*arrays, *metadata, *metadata.values()):
        if not _is_text(text) or text in ("__metadata__", _INDEX):
            raise WeightsError(
                f"{_short(text)} cannot be stored in the header of {path}.",
                fix="write names and metadata as text (json.dumps), under other names",
            )
    groups, new = _groups(arrays), []
    try:
        if len(groups) > 1:
            metadata |= {_INDEX: json.dumps({"shards": _write_shards(path, arrays, groups, new)})}
            arrays = {}
        data = _with_metadata(safetensors_numpy.save(arrays), metadata)
        write_bytes(path, data)
    except BaseException:
        for shard in new:
            shard.unlink(missing_ok=True)
        raise
    for shard in set(_shards_beside(path)) - set(new):  # of an earlier writing, finished or not
        shard.unlink(missing_ok=True)
    return hashlib.sha256(data).hexdigest()


def _groups(arrays: Mapping[str, np.ndarray]) -> list[list[str]]:
    """Divide names, in their order, into groups of at most `SHARD_BYTES` of numbers."""
    groups: list[list[str]] = [[]]
    size = 0
    for name, array in arrays.items():
        if groups[-1] and size + array.nbytes > SHARD_BYTES:
            groups.append([])
            size = 0
        groups[-1].append(name)
        size += array.nbytes
    return groups


def _write_shards(
    path: Path, arrays: Mapping[str, np.ndarray], groups: list[list[str]], new: list[Path]
) -> list[dict[str, Any]]:
    """Write each group to a file beside `path` that did not exist; note it in `new` beforehand."""
    generation = 1 + max(_shards_beside(path).values(), default=0)
    entries = []
    for number, names in enumerate(groups, 1):
        name = f"{path.stem}.{generation}-{number:05d}-of-{len(groups):05d}{path.suffix}"
        data = safetensors_numpy.save({name: arrays[name] for name in names})
        new.append(path.with_name(name))
        write_bytes(new[-1], data)
        digest = hashlib.sha256(data).hexdigest()
        entries.append({"file": name, "bytes": len(data), "sha256": digest})
    return entries


def _shards_beside(path: Path) -> dict[Path, int]:
    """Return the shards beside a file, of any generation, with its number."""
    pattern = re.compile(
        rf"{re.escape(path.stem)}\.(\d+)-\d{{5}}-of-\d{{5}}{re.escape(path.suffix)}"
    )
    found = {other: pattern.fullmatch(other.name) for other in path.parent.glob(f"*{path.suffix}")}
    return {other: int(match[1]) for other, match in found.items() if match}


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
    max_bytes: int | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read an untrusted safetensors file, with its shards.

    Args:
        expected: name to shape; the file must hold these and no others.
        sha256: hex digest that the file must have.
        max_bytes: largest file that is read, > 0; by default 2 GiB, or what `expected` takes.

    Returns:
        Arrays by name, and the metadata.

    Raises:
        WeightsError: no such file; too large, truncated, damaged, ill-formed; other names, shapes
            or digest than asked for.
    """
    path = Path(path)
    if max_bytes is None:
        numbers = sum(math.prod(shape) for shape in expected.values()) if expected else 0
        max_bytes = max(MAX_BYTES, MAX_HEADER_BYTES + 8 * numbers)
    tensors, metadata = _read_file(path, expected=expected, sha256=sha256, max_bytes=max_bytes)
    shards = _shards(path, metadata)
    if not shards:
        return tensors, metadata
    del metadata[_INDEX]
    shapes = [_open_head(shard, max_bytes)[0] for shard, _ in shards]
    joined = {name: shape for part in shapes for name, shape in part.items()}
    if tensors or len(joined) != sum(map(len, shapes)):
        raise _unsound(path, "a name occurs in two of its shards, or beside them")
    if expected is not None:
        check_shapes(joined, expected, found_in=str(path))
    for (shard, digest), part in zip(shards, shapes, strict=True):
        tensors |= _read_file(shard, expected=part, sha256=digest, max_bytes=max_bytes)[0]
    return tensors, metadata


def read_metadata(path: str | os.PathLike) -> dict[str, str]:
    """Return the metadata of a safetensors file without reading its numbers.

    Raises:
        WeightsError: no such file; ill-formed.
    """
    path = Path(path)
    metadata = _open_head(path, None)[1]
    metadata.pop(_INDEX, None)
    return metadata


def stored_bytes(path: str | os.PathLike) -> int:
    """Return the size of a safetensors file, with its shards."""
    path = Path(path)
    shards = _shards(path, _open_head(path, None)[1])
    return sum(file.stat().st_size for file in (path, *(shard for shard, _ in shards)))


def _open_head(path: Path, max_bytes: int | None) -> tuple[Shapes, dict[str, str]]:
    """Return shapes by name and metadata, checked; no numbers are read."""
    with _opened(path) as (stream, size):
        head = _read_head(stream, size=size, path=path, max_bytes=max_bytes)
        return _checked(head, data_bytes=size - len(head), path=path)


def _shards(path: Path, metadata: Mapping[str, str]) -> list[tuple[Path, str]]:
    """Return the shards that an index names, with their digests; none where there is no index."""
    if _INDEX not in metadata:
        return []
    try:
        entries = json.loads(metadata[_INDEX])["shards"]
        named = [(str(entry["file"]), str(entry["sha256"])) for entry in entries]
        if not named or any(Path(name).name != name or name == path.name for name, _ in named):
            raise ValueError("it names other files than its shards")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unsound(path, f"in its index of shards, {error!r}") from error
    return [(path.with_name(name), digest) for name, digest in named]


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    try:
        if not path.is_file():  # a pipe would block
            raise WeightsError(f"There is no weight file {path}.", fix="check the path")
        with path.open("rb") as stream:
            yield stream, os.fstat(stream.fileno()).st_size
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}.", fix="check the path") from error


def _read_file(
    path: Path, *, expected: Shapes | None, sha256: str | None, max_bytes: int
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read one file, whole."""
    with _opened(path) as (stream, size):
        head = _read_head(stream, size=size, path=path, max_bytes=max_bytes)
        shapes, metadata = _checked(head, data_bytes=size - len(head), path=path)
        if expected is not None and _INDEX not in metadata:
            check_shapes(shapes, expected, found_in=str(path))
        # The header that was checked is the one that is parsed, even if the file changes.
        data = head + stream.read(size - len(head))
    digest = hashlib.sha256(data).hexdigest()
    if sha256 is not None and digest != sha256.lower():
        raise WeightsError(
            f"{path} has the SHA-256 {digest}.", expected=sha256.lower(), fix=_GET_AGAIN
        )
    try:
        return safetensors_numpy.load(data), metadata
    except SafetensorError as error:
        raise _unsound(path, f"the safetensors library refuses it ({error})") from error


def _read_head(stream: BinaryIO, *, size: int, path: Path, max_bytes: int | None) -> bytes:
    """Return the header with the length before it, once that is known to be small enough."""
    if max_bytes is not None and size > max_bytes:
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
            raise ValueError(
                f"{_short(name)} has the shape {_short(shape)}, too large for any memory"
            )
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
    """Tell whether `values` is a list of integers >= 0; JSON's true is not one."""
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def _unsound(path: Path, found: str) -> WeightsError:
    return WeightsError(f"{path} is damaged or not a weight file: {found}.", fix=_GET_AGAIN)


def _short(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def check_shapes(found: Shapes, expected: Shapes, *, found_in: str) -> None:
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
