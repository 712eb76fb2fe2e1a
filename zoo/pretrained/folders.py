"""A folder of weights: which of its files is meant, and the shards of an index as one file."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol, final

from zoo.errors import WeightsError
from zoo.pretrained.arrays import MAX_BYTES
from zoo.pretrained.readers import shards_of
from zoo.tensor_headers import (
    LENGTH_BYTES,
    MAX_HEADER_BYTES,
    Entry,
    read_entries,
    short,
    unsound,
)

INDEX = ".index.json"
ENDINGS = (".safetensors", INDEX, ".pt", ".pth", ".th", ".bin", ".h5")
_SHOWN = 10  # candidates that an error names
_ALIGNED = 8  # bytes that the header of a safetensors file is a multiple of
_PIECE_BYTES = 2**20


class Bytes(Protocol):
    """What can be read from its beginning to its end."""

    def read(self, size: int, /) -> bytes:
        """Return some bytes, `size` at most, and none at the end."""
        ...


def weight_file(path: str | os.PathLike) -> Path:
    """Return the only weight file of a folder; any other path as it is.

    Files are known by the endings of their names. An index counts, and not the shards that it names.

    Raises:
        WeightsError: the folder has none or several, or cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        return path
    try:
        files = sorted(file for file in path.iterdir() if _is_candidate(file))
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error}.", fix="check the path") from error
    shards = {name for file in files if file.name.endswith(INDEX) for name in _named(file)}
    found = [file for file in files if file.name not in shards]
    if len(found) == 1:
        return found[0]
    if not found:
        raise WeightsError(
            f"{path} is a folder without a weight file.",
            expected=f"a name that ends in {', '.join(ENDINGS)}",
            fix="give the path of the file",
        )
    names = ", ".join(file.name for file in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise WeightsError(
        f"{path} is a folder with {len(found)} weight files: {names}{more}.",
        expected="one weight file, or one index with its shards",
        fix=f"give the path of one of them, such as {found[0]}",
    )


def _is_candidate(file: Path) -> bool:
    hidden = file.name.startswith(".")
    return not hidden and file.name.lower().endswith(ENDINGS) and file.is_file()


def _named(index: Path) -> set[str]:
    """Return the shards that an index names; none where it is damaged."""
    with contextlib.suppress(OSError, WeightsError), index.open("rb") as stream:
        return set(shards_of(stream, path=index).values())
    return set()


def is_index(file: Path) -> bool:
    """Tell by its first byte whether a file is an index of shards.

    Raises:
        OSError: it cannot be read.
    """
    with file.open("rb") as stream:
        return stream.read(1) == b"{"


@contextlib.contextmanager
def opened(file: Path) -> Iterator[Bytes]:
    """Open a file of weights; an index reads as one safetensors file of all its tensors.

    Raises:
        WeightsError: an index that names other than safetensors files beside it, or whose shards hold
            other tensors than it says.
        OSError: a file cannot be read.
    """
    with file.open("rb") as stream:
        yield Joined(file, shards_of(stream, path=file)) if is_index(file) else stream


@final
class Joined:
    """The bytes of one safetensors file with the tensors of several.

    The numbers follow one another as they are in the shards, and the types stay what they are.

    Args:
        index: path of the file that names the shards beside it.
        places: the shard of each tensor, by its name.

    >>> Joined(Path("model.safetensors.index.json"), {}).read(8)
    b'\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x00'
    """

    def __init__(self, index: Path, places: Mapping[str, str]):
        self._shards = [index.with_name(name) for name in dict.fromkeys(places.values())]
        header, begin = {}, 0
        for shard in self._shards:
            with shard.open("rb") as stream:
                entries, size = _entries(stream, shard)
            if set(entries) != {name for name, place in places.items() if place == shard.name}:
                raise unsound(index, f"{short(shard.name)} does not hold the tensors that it says")
            for name, entry in entries.items():
                header[name] = {
                    "dtype": entry.dtype,
                    "shape": entry.shape,
                    "data_offsets": (begin + entry.begin, begin + entry.end),
                }
            begin += size
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % _ALIGNED)
        if len(text) > MAX_HEADER_BYTES:
            raise unsound(index, f"its tensors need a header of {len(text)} bytes")
        self._pieces = self._all_pieces(len(text).to_bytes(LENGTH_BYTES, "little"), text)

    def read(self, size: int, /) -> bytes:
        """Return the next piece, which may have fewer bytes than `size`; none at the end."""
        return next(self._pieces, b"")

    def _all_pieces(self, length: bytes, text: bytes) -> Iterator[bytes]:
        yield length
        yield text
        for shard in self._shards:
            with shard.open("rb") as stream:
                _entries(stream, shard)  # to where its numbers begin
                while piece := stream.read(_PIECE_BYTES):
                    yield piece


def _entries(stream: BinaryIO, shard: Path) -> tuple[dict[str, Entry], int]:
    """Return the tensors of a shard and the bytes of its numbers, where the stream then stands."""
    size = os.fstat(stream.fileno()).st_size
    head = stream.read(LENGTH_BYTES + 1)
    stream.seek(0)
    if head[LENGTH_BYTES:] != b"{":
        raise WeightsError(
            f"{shard} is a shard in another format than safetensors.",
            fix="name the path of its index in sources.toml, where all formats are read",
        )
    entries, _ = read_entries(stream, size=size, path=shard, max_bytes=MAX_BYTES)
    return entries, size - stream.tell()
