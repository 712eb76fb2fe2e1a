"""Files of weights as other projects publish them: numbers only, whatever the file says.

A file is recognized by its content. No code of a file runs, no class is looked up, and no path that a
file names is opened, but for shards beside an index. Sizes are compared with the bytes that are there
before memory is taken.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from zoo.errors import WeightsError
from zoo.pretrained import h5, torch_stream, torch_zip
from zoo.pretrained.arrays import MAX_BYTES, exactly, numbers, result_bytes, typed
from zoo.tensor_headers import DTYPES, LENGTH_BYTES, read_entries, short

_HEAD_BYTES = 512
_MAX_INDEX_BYTES = 2**24
_MAX_SHARDS = 1000
_HASH_BYTES = 2**20
_SAFE = "safetensors.torch.save_file(TENSORS, 'NAME.safetensors')"
_FORMATS = "safetensors, files of torch.save, Keras' .h5 and .weights.h5"
_AS_TENSORS = f"where you trust its origin, open it with its own library and call {_SAFE}"
_OTHERS = (  # first bytes, what that is, how to convert it
    (
        b"\x93NUMPY",
        "one array of numpy.save",
        "safetensors.numpy.save_file({'NAME': numpy.load(FILE)}, …)",
    ),
    (b"GGUF", "a GGUF file", "take the file that it was made of"),
    (b"\x1f\x8b", "compressed by gzip", "gunzip it first"),
    (b"\xfd7zXZ", "compressed by xz", "unxz it first"),
    (b"<", "a page of a web site", "check the address that it was downloaded from"),
    (b"version https://git-lfs", "a pointer of Git LFS", "git lfs pull, where it comes from"),
)
_LITERT, _TAR = (b"TFL3", 4), (b"ustar", 257)  # bytes, and where they are


def read(
    path: str | os.PathLike,
    *,
    sha256: str | None = None,
    max_bytes: int = MAX_BYTES,
    entry: str | None = None,
) -> dict[str, np.ndarray]:
    """Read a file of weights that may come from anyone.

    Args:
        path: of a safetensors file, the JSON index of its shards, a file of torch.save, or a .h5 or
            .weights.h5 file of Keras.
        sha256: hex digest that the file must have; it is compared before anything else is read. That
            of an index says nothing about its shards.
        max_bytes: of the file, and of all its arrays together, > 0.
        entry: which part of a checkpoint of torch.save to take, where it holds several networks.

    Returns:
        Arrays by name, in the file's order: float32 for every kind of floating-point number, integers
        and bool as they are.

    Raises:
        WeightsError: no such file; another format, too large, damaged, or asking for more than
            numbers; float64 numbers that float32 cannot hold.

    >>> import tempfile, safetensors.numpy
    >>> path = tempfile.mkdtemp() + "/model.safetensors"
    >>> safetensors.numpy.save_file({"w": np.ones(2, "float16")}, path)
    >>> read(path)
    {'w': array([1., 1.], dtype=float32)}
    """
    path = Path(path)
    limits = {"max_bytes": max_bytes, "entry": entry}
    with _opened(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > max_bytes:
            raise WeightsError(
                f"{path} has {size} bytes, more than {max_bytes}.",
                fix="raise max_bytes if it is the right file",
            )
        if sha256 is not None:
            check_digest(path, digest_of(stream), sha256)
        if _head(stream)[:1] == b"{":
            return _guarded(_read_index, stream, path=path, size=size, **limits)
        return _guarded(_read_one, stream, path=path, size=size, **limits)


def digest_of(stream: BinaryIO) -> str:
    """Return the SHA-256 of a whole file as 64 hex digits; the stream goes back to its beginning."""
    digest = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(_HASH_BYTES):
        digest.update(piece)
    stream.seek(0)
    return digest.hexdigest()


def check_digest(path: str | os.PathLike, found: str, expected: str) -> None:
    """Raise WeightsError unless two SHA-256 digests are equal; the case of letters does not matter."""
    if found != expected.lower():
        raise WeightsError(
            f"{path} has the SHA-256 {found}; it is damaged, or another file.",
            expected=expected.lower(),
            fix="get the file again from its source",
        )


def _opened(path: Path) -> BinaryIO:
    try:
        if not path.is_file():  # a pipe would block
            raise WeightsError(f"There is no weight file {path}.", fix="check the path")
        return path.open("rb")
    except (OSError, ValueError) as error:  # such as a path with a null character
        raise WeightsError(f"{path} cannot be read: {error}.", fix="check the path") from error


def _head(stream: BinaryIO) -> bytes:
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    return head


def _guarded(
    reader: Callable[..., dict[str, Any]], stream: BinaryIO, *, path: Path, **options: Any
) -> dict[str, Any]:
    """Call a reader; whatever a damaged file makes it raise becomes a WeightsError."""
    try:
        return reader(stream, path=path, **options)
    except WeightsError:
        raise
    except Exception as error:
        # zipfile, pickletools, h5py and NumPy raise errors of a dozen types for damaged files.
        found = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        raise WeightsError(
            f"{path} cannot be read as weights: {_printable(found)}.",
            expected=_FORMATS,
            fix="get the file again from its source, or save its tensors with safetensors",
        ) from error


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:300])


def _read_one(
    stream: BinaryIO, *, path: Path, size: int, max_bytes: int, entry: str | None
) -> dict[str, np.ndarray]:
    head = _head(stream)
    limits = {"size": size, "max_bytes": max_bytes}
    length = int.from_bytes(head[:LENGTH_BYTES], "little")
    if head[LENGTH_BYTES : LENGTH_BYTES + 1] == b"{" and length <= size:
        return _read_safetensors(stream, path=path, **limits)
    if head.startswith(h5.MAGIC):
        return h5.read_h5(stream, **limits)
    if head.startswith(torch_stream.MAGIC):
        return torch_stream.read_old_torch(stream, **limits, entry=entry)
    if head.startswith(b"PK"):
        return torch_zip.read_torch(stream, **limits, entry=entry)
    raise _other(path, head)


def _other(path: Path, head: bytes) -> WeightsError:
    """Say what a file is that holds no weights we read, and how to convert it."""
    found, fix = "not a weight file that kerazoo knows", _AS_TENSORS
    for magic, what, how in _OTHERS:
        if head.startswith(magic):
            found, fix = what, how
    for (magic, place), what in {
        _LITERT: "a LiteRT model, whose tensors have no names of layers",
        _TAR: "a tar, such as torch.save wrote before PyTorch 0.2",
    }.items():
        if head[place : place + len(magic)] == magic:
            found = what
    if head[:1] == b"\x80" and head[1:2] <= b"\x05":
        found = "a pickle, which may run any code when it is opened"
    return WeightsError(f"{path} is {found}.", expected=_FORMATS, fix=fix)


def _read_safetensors(
    stream: BinaryIO, *, path: Path, size: int, max_bytes: int
) -> dict[str, np.ndarray]:
    entries, _ = read_entries(stream, size=size, path=path, max_bytes=max_bytes)
    begin = stream.tell()
    names = DTYPES | {"BF16": "bfloat16"}
    total = sum(result_bytes(names[entry.dtype], entry.shape) for entry in entries.values())
    if total > max_bytes:
        raise ValueError(f"its tensors take {total} bytes, more than {max_bytes}")
    arrays = {}
    for name, entry in entries.items():
        stream.seek(begin + entry.begin)
        vector = typed(exactly(stream, entry.end - entry.begin), names[entry.dtype])
        arrays[name] = numbers(name, vector.reshape(entry.shape))
    return arrays


def shards_of(stream: BinaryIO, *, path: Path) -> dict[str, str]:
    """Return the file of each tensor that an index of shards names, by the name of the tensor.

    Raises:
        WeightsError: it is not an index, or a shard is not a name of a file beside it.
    """
    size = os.fstat(stream.fileno()).st_size
    return _guarded(_places, stream, path=path, size=size)


def _places(stream: BinaryIO, *, path: Path, size: int) -> dict[str, str]:
    if size > _MAX_INDEX_BYTES:
        raise ValueError(f"it has {size} bytes, too many for an index of shards")
    document = json.loads(stream.read())
    places = document.get("weight_map")
    if not isinstance(places, dict) or not places:
        raise ValueError("it is JSON, but not an index of shards")
    files = set(map(_shard_name, places.values()))
    if len(files) > _MAX_SHARDS:
        raise ValueError(f"it names {len(files)} shards")
    return places


def _read_index(
    stream: BinaryIO, *, path: Path, size: int, max_bytes: int, entry: str | None
) -> dict[str, np.ndarray]:
    """Read the shards beside an index such as model.safetensors.index.json."""
    places = shards_of(stream, path=path)
    arrays: dict[str, np.ndarray] = {}
    for file in dict.fromkeys(places.values()):
        left = max_bytes - sum(array.nbytes for array in arrays.values())
        part = _read_shard(path.with_name(file), max_bytes=left, entry=entry)
        if set(part) != {name for name, place in places.items() if place == file}:
            raise ValueError(f"{short(file)} does not hold the tensors that the index says")
        arrays |= part
    return {name: arrays[name] for name in places}


def _shard_name(value: Any) -> str:
    """Return the name of a shard; a path is refused, and so is a way out of the folder."""
    if not isinstance(value, str) or value != Path(value).name or set(value) & set("\\:\0"):
        raise ValueError(f"its shard {short(value)} is not a file beside it")
    return value


def _read_shard(path: Path, **limits: Any) -> Mapping[str, np.ndarray]:
    with _opened(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limits["max_bytes"]:
            raise ValueError(f"its shards have more than the {limits['max_bytes']} bytes left")
        return _guarded(_read_one, stream, path=path, size=size, **limits)
