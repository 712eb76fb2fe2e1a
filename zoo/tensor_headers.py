"""Headers of safetensors files, checked before memory is taken for numbers."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from zoo.errors import WeightsError

MAX_HEADER_BYTES = 100_000_000  # the format's own limit
LENGTH_BYTES = 8
GET_AGAIN = "get the file again from its source, or train and save the model again"
_MAX_AXES = 32  # of NumPy 1; NumPy 2 takes 64
_MAX_ELEMENTS = 2**48  # an axis of 0 does not disarm the others: NumPy multiplies them
_BITS = {"float": (16, 32, 64), "int": (8, 16, 32, 64), "uint": (8, 16, 32, 64)}
DTYPES = {f"{kind[0].upper()}{bits}": f"{kind}{bits}" for kind in _BITS for bits in _BITS[kind]}
DTYPES["BOOL"] = "bool"
_WIDTHS = {name: np.dtype(dtype).itemsize for name, dtype in DTYPES.items()}  # bytes per number
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # has no UTF-8


class Entry(NamedTuple):
    """A tensor in the header of a safetensors file; its bytes count from the end of the header."""

    dtype: str  # the format's name of it, such as "F32"
    shape: tuple[int, ...]
    begin: int
    end: int


def read_entries(
    stream: BinaryIO, *, size: int, path: Path, max_bytes: int
) -> tuple[dict[str, Entry], dict[str, str]]:
    """Return the entries, BF16 among them, and the metadata of a file of `size` bytes.

    The stream then stands where the numbers begin. They fill the file without gap or overlap.

    Raises:
        WeightsError: larger than `max_bytes`; ill-formed.
    """
    head = read_head(stream, size=size, path=path, max_bytes=max_bytes)
    widths = _WIDTHS | {"BF16": 2}
    return checked(head, data_bytes=size - len(head), path=path, widths=widths)


def read_head(stream: BinaryIO, *, size: int, path: Path, max_bytes: int | None) -> bytes:
    """Return the header with the length before it, once that is known to be small enough."""
    if max_bytes is not None and size > max_bytes:
        found = f"{path} has {size} bytes, more than {max_bytes}."
        raise WeightsError(found, fix="raise max_bytes if it is the right file")
    if size < LENGTH_BYTES:
        raise unsound(path, f"it has {size} bytes, too few for a header")
    prefix = stream.read(LENGTH_BYTES)
    length = int.from_bytes(prefix, "little")
    if length > min(MAX_HEADER_BYTES, size - LENGTH_BYTES):
        raise unsound(path, f"it claims a header of {length} bytes in a file of {size} bytes")
    return prefix + stream.read(length)


def checked(
    head: bytes, *, data_bytes: int, path: Path, widths: Mapping[str, int] = _WIDTHS
) -> tuple[dict[str, Entry], dict[str, str]]:
    """Return the entries and the metadata of a header without a fault."""
    try:
        header = _parse_strictly(head[LENGTH_BYTES:])
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(map(is_text, metadata.values())):
            raise ValueError("__metadata__ is not text by name")
        return _checked_layout(header, data_bytes=data_bytes, widths=widths), metadata
    except ValueError as error:
        raise unsound(path, f"in its header, {error}") from error


def _parse_strictly(text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        entries = dict(pairs)
        if len(entries) != len(pairs):
            raise ValueError(f"a name occurs twice among {short([name for name, _ in pairs])}")
        return entries

    if text[:1] != b"{":
        raise ValueError("the first character is not '{'")
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=unique)
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("brackets are nested too deeply") from error


def _checked_layout(
    header: dict[str, Any], *, data_bytes: int, widths: Mapping[str, int]
) -> dict[str, Entry]:
    """Return the entries; ValueError unless the tensors fill the data without gap or overlap."""
    entries, ranges = {}, []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise ValueError(f"{short(name)} is not just dtype, shape and data_offsets")
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in widths:
            raise ValueError(f"{short(name)} has the unknown dtype {short(dtype)}")
        if not _are_sizes(shape) or len(shape) > _MAX_AXES:
            raise ValueError(f"{short(name)} has the impossible shape {short(shape)}")
        if not _are_sizes(offsets) or len(offsets) != 2:
            raise ValueError(f"{short(name)} has the impossible data_offsets {short(offsets)}")
        if math.prod(max(axis, 1) for axis in shape) > _MAX_ELEMENTS:
            raise ValueError(
                f"{short(name)} has the shape {short(shape)}, too large for any memory"
            )
        wanted = math.prod(shape) * widths[dtype]
        if offsets[1] - offsets[0] != wanted:
            raise ValueError(f"{short(name)} takes {wanted} bytes, not {short(offsets)}")
        entries[name] = Entry(dtype, tuple(shape), *offsets)
        ranges.append((*offsets, name))
    position = 0
    for begin, end, name in [*sorted(ranges), (data_bytes, data_bytes, None)]:
        if begin != position:
            kind = "overlap" if begin < position else "leave a gap before"
            last = f"the end of the file ({data_bytes} bytes of {position} are there)"
            raise ValueError(f"the numbers {kind} {last if name is None else short(name)}")
        position = end
    return entries


def _are_sizes(values: Any) -> bool:
    """Tell whether `values` is a list of integers >= 0; JSON's true is not one."""
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def unsound(path: Path, found: str) -> WeightsError:
    """Make the error for a file that holds something impossible."""
    return WeightsError(f"{path} is damaged or not a weight file: {found}.", fix=GET_AGAIN)


def short(value: Any) -> str:
    """Return what a file says, in at most 80 printable characters."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def is_text(value: Any) -> bool:
    """Tell whether a value is a string that UTF-8 can hold."""
    return isinstance(value, str) and not _LONE_SURROGATE.search(value)
