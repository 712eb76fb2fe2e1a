"""Files of torch.save, put together instruction by instruction, without torch."""

import io
import struct
import zipfile
from collections.abc import Mapping

import numpy as np

NONE, TRUE, FALSE, STOP = b"N", b"\x88", b"\x89", b"."
KINDS = {
    "float64": "Double",
    "float32": "Float",
    "float16": "Half",
    "int64": "Long",
    "int32": "Int",
    "uint8": "Byte",
    "bool": "Bool",
}


def text(value: str) -> bytes:
    """Return the instruction that puts a text on the stack."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    """Return the instruction that puts a whole number on the stack."""
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def sequence(*items: bytes) -> bytes:
    """Return the instructions that make a tuple."""
    return b"(" + b"".join(items) + b"t"


def name(module: str, attribute: str) -> bytes:
    """Return the instruction that looks up a name."""
    return b"c" + f"{module}\n{attribute}\n".encode()


def called(function: bytes, *arguments: bytes) -> bytes:
    """Return the instructions that call a function."""
    return function + sequence(*arguments) + b"R"


def ordered(items: Mapping[str, bytes]) -> bytes:
    """Return the instructions that make an OrderedDict with versions of modules, as torch does."""
    pairs = b"".join(text(key) + value for key, value in items.items())
    made = called(name("collections", "OrderedDict")) + b"(" + pairs + b"u"
    return made + plain({"_metadata": called(name("collections", "OrderedDict"))}) + b"b"


def plain(items: Mapping[str, bytes]) -> bytes:
    """Return the instructions that make a dictionary."""
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def storage(kind: str, key: str, count: int, *, old: bool = False) -> bytes:
    """Return the instructions that refer to stored numbers."""
    parts = [text("storage"), name("torch", f"{kind}Storage"), text(key), text("cpu")]
    return sequence(*parts, number(count), *([NONE] if old else [])) + b"Q"


def tensor(
    numbers: bytes, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0
) -> bytes:
    """Return the instructions that make a tensor of stored numbers."""
    return called(
        name("torch._utils", "_rebuild_tensor_v2"),
        numbers,
        number(offset),
        sequence(*map(number, shape)),
        sequence(*map(number, strides)),
        FALSE,
        called(name("collections", "OrderedDict")),
    )


def tensors_of(arrays: Mapping[str, np.ndarray], *, old: bool = False) -> dict[str, bytes]:
    """Return the instructions that make each array, with numbers of its own."""
    made = {}
    for key, (label, array) in enumerate(arrays.items()):
        strides = tuple(stride // array.itemsize for stride in np.empty_like(array).strides)
        kept = storage(KINDS[array.dtype.name], str(key), array.size, old=old)
        made[label] = tensor(kept, array.shape, strides)
    return made


def zipped(
    document: bytes,
    numbers: Mapping[str, bytes],
    *,
    order: str | None = "little",
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """Return a zip as torch.save writes it since PyTorch 1.6."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        file.writestr("archive/data.pkl", b"\x80\x02" + document + STOP)
        if order is not None:
            file.writestr("archive/byteorder", order)
        for key, data in numbers.items():
            file.writestr(f"archive/data/{key}", data)
        file.writestr("archive/version", "3\n")
    return stream.getvalue()


def saved(arrays: Mapping[str, np.ndarray], **options: object) -> bytes:
    """Return a zip of arrays by name."""
    numbers = {str(i): array.tobytes() for i, array in enumerate(arrays.values())}
    return zipped(ordered(tensors_of(arrays)), numbers, **options)


def saved_old(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return a file as torch.save wrote it before PyTorch 1.6."""
    magic = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"
    parts = [magic, b"M" + struct.pack("<H", 1001), plain({"little_endian": TRUE})]
    parts += [ordered(tensors_of(arrays, old=True))]
    parts += [b"](" + b"".join(text(str(i)) for i in range(len(arrays))) + b"e"]
    data = b"".join(b"\x80\x02" + part + STOP for part in parts)
    return data + b"".join(struct.pack("<q", a.size) + a.tobytes() for a in arrays.values())
