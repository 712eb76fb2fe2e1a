"""Stored bytes as arrays of the few kinds that models use; nothing is allocated unchecked."""

import math
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from zoo.tensor_headers import short

MAX_BYTES = 2**31  # of a file, and of the arrays that are made of it
MAX_AXES = 32
_PIECE_BYTES = 2**20
DTYPES = {  # by the names that PyTorch gives its storages
    "Double": "f8",
    "Float": "f4",
    "Half": "f2",
    "BFloat16": "bfloat16",
    "Long": "i8",
    "Int": "i4",
    "Short": "i2",
    "Char": "i1",
    "Byte": "u1",
    "Bool": "?",
}


def item_bytes(dtype: str) -> int:
    """Return the bytes of one number; NumPy has no "bfloat16" of its own."""
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize


def result_bytes(dtype: str, shape: Sequence[int]) -> int:
    """Return the bytes that `numbers` gives an array: floating-point numbers become float32."""
    is_float = dtype == "bfloat16" or np.dtype(dtype).kind == "f"
    return math.prod(shape) * (4 if is_float else item_bytes(dtype))


def exactly(stream: BinaryIO, count: int) -> np.ndarray:
    """Read `count` bytes, of which the caller knows that the file can hold them.

    Raises:
        ValueError: there are fewer.
    """
    raw = np.empty(count, "uint8")
    view = memoryview(raw)
    for begin in range(0, count, _PIECE_BYTES):
        piece = view[begin : begin + _PIECE_BYTES]
        filled = 0
        while filled < len(piece):
            more = stream.readinto(piece[filled:])
            if not more:
                raise ValueError(f"{count} bytes are declared, {begin + filled} are there")
            filled += more
    return raw


def typed(raw: np.ndarray, dtype: str, *, order: str = "<") -> np.ndarray:
    """Return bytes as a vector of numbers; bfloat16 becomes float32, bit for bit.

    Args:
        raw: of type uint8.
        dtype: a value of `DTYPES`.
        order: "<" or ">", of the bytes of a number.
    """
    if dtype == "bfloat16":  # the upper half of a float32
        wide = raw.view(f"{order}u2").astype("uint32") << np.uint32(16)
        return wide.view("float32")
    return raw.view(np.dtype(dtype).newbyteorder(order))


def numbers(name: str, array: np.ndarray) -> np.ndarray:
    """Return a contiguous array in the machine's order: float32, an integer or bool.

    Raises:
        ValueError: numbers of another kind, or a float64 that float32 cannot hold.
    """
    kind = array.dtype.kind
    if kind not in "fiub" or array.dtype.itemsize > 8:
        raise ValueError(f"{short(name)} holds {array.dtype} values, which are not weights")
    if kind != "f":
        return np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(array, "float32")
    if array.dtype.itemsize > 4 and not np.array_equal(np.isfinite(array), np.isfinite(result)):
        raise ValueError(f"{short(name)} holds numbers that are too large for float32")
    return result
