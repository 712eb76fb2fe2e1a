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
from zoo.tensor_headers import (
    DTYPES,
    GET_AGAIN,
    LENGTH_BYTES,
    MAX_HEADER_BYTES,
    Entry,
    checked,
    is_text,
    read_head,
    short,
    unsound,
)

MAX_BYTES = 2**31  # of a file about whose content nothing is known
SHARD_BYTES = 2_000_000_000  # of the numbers in one file; a larger tensor has a file to itself
_INDEX = "kerazoo_shards"

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
        if array.dtype.name not in DTYPES.values():
            raise WeightsError(
                f"{name!r} has the dtype {array.dtype}, which {path} cannot hold.",
                fix=f"cast it to one of {', '.join(DTYPES.values())}",
            )
    for text in (*arrays, *metadata, *metadata.values()):
        if not is_text(text) or text in ("__metadata__", _INDEX):
            raise WeightsError(
                f"{short(text)} cannot be stored in the header of {path}.",
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


def _with_metadata(data: bytes, metadata: dict[str, str]) -> bytes:
    """Put sorted metadata into the header: the library's own order changes with every call."""
    if not metadata:
        return data
    end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
    entries = json.loads(data[LENGTH_BYTES:end])
    header = {"__metadata__": dict(sorted(metadata.items()))} | entries
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % LENGTH_BYTES)  # keeps the numbers aligned
    return len(text).to_bytes(LENGTH_BYTES, "little") + text + data[end:]


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
        raise unsound(path, "a name occurs in two of its shards, or beside them")
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
        head = read_head(stream, size=size, path=path, max_bytes=max_bytes)
        entries, metadata = checked(head, data_bytes=size - len(head), path=path)
        return _shapes(entries), metadata


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
        raise unsound(path, f"in its index of shards, {error!r}") from error
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
        head = read_head(stream, size=size, path=path, max_bytes=max_bytes)
        entries, metadata = checked(head, data_bytes=size - len(head), path=path)
        if expected is not None and _INDEX not in metadata:
            check_shapes(_shapes(entries), expected, found_in=str(path))
        # The header that was checked is the one that is parsed, even if the file changes.
        data = head + stream.read(size - len(head))
    digest = hashlib.sha256(data).hexdigest()
    if sha256 is not None and digest != sha256.lower():
        raise WeightsError(
            f"{path} has the SHA-256 {digest}.", expected=sha256.lower(), fix=GET_AGAIN
        )
    try:
        return safetensors_numpy.load(data), metadata
    except SafetensorError as error:
        raise unsound(path, f"the safetensors library refuses it ({error})") from error


def _shapes(entries: Mapping[str, Entry]) -> Shapes:
    return {name: entry.shape for name, entry in entries.items()}


def check_shapes(found: Shapes, expected: Shapes, *, found_in: str) -> None:
    """Raise WeightsError that lists what is missing, unexpected and of another shape."""
    kinds = {
        "missing": [short(name) for name in expected if name not in found],
        "unexpected": [short(name) for name in found if name not in expected],
        "of another shape": [
            f"{short(name)} {short(found[name])} instead of {shape}"
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
