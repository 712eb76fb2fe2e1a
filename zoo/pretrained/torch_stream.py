"""Files of torch.save before PyTorch 1.6: five pickles, then the numbers; read without torch."""

import io
import struct
from typing import BinaryIO

import numpy as np

from zoo.pretrained import pickles
from zoo.pretrained.arrays import exactly
from zoo.pretrained.torch_tensors import (
    KNOWN,
    Storage,
    arrays_of,
    check_total,
    selected,
    storage_of,
)
from zoo.tensor_headers import short

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the pickle of torch's magic number
_PROTOCOL = 1001
_COUNT = struct.Struct("<q")


def read_old_torch(
    stream: BinaryIO, *, size: int, max_bytes: int, entry: str | None
) -> dict[str, np.ndarray]:
    """Return the tensors of a file that begins with `MAGIC`; arguments as `torch_zip.read_torch`.

    Raises:
        ValueError: what is wrong with it; other errors that damaged files cause.
    """
    data = io.BytesIO(stream.read(min(size, pickles.MAX_BYTES)))
    stored: dict[str, Storage] = {}

    def storage(identifier: tuple) -> Storage:
        found = storage_of(identifier, 6)
        if stored.setdefault(found.key, found) != found:
            raise ValueError(f"the numbers {short(found.key)} are declared in two ways")
        return found

    pickles.load(data, known={})  # the magic number
    protocol, system = pickles.load(data, known={}), pickles.load(data, known={})
    if protocol != _PROTOCOL or not isinstance(system, dict) or not system.get("little_endian"):
        raise ValueError(f"it is of the protocol {short(protocol)}, or of a big-endian machine")
    document = pickles.load(data, known=KNOWN, persistent=storage)
    keys = pickles.load(data, known={})
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ValueError("it does not list its storages")
    tensors = dict(selected(document, entry))
    check_total(tensors, size=size, max_bytes=max_bytes)
    places = _places(stream, data.tell(), size=size, keys=keys, stored=stored)

    def raw(storage: Storage) -> np.ndarray:
        if storage.key not in places:
            raise ValueError(f"the numbers {short(storage.key)} are missing")
        stream.seek(places[storage.key])
        return exactly(stream, storage.bytes)

    return arrays_of(tensors, raw, order="<")


def _places(
    stream: BinaryIO, position: int, *, size: int, keys: list[str], stored: dict[str, Storage]
) -> dict[str, int]:
    """Return where the numbers of each storage begin; each has its count before it."""
    places = {}
    for key in keys:
        storage = stored.get(key)
        if storage is None or key in places:
            raise ValueError(f"the numbers {short(key)} belong to no tensor, or occur twice")
        stream.seek(position)
        (count,) = _COUNT.unpack(stream.read(_COUNT.size))
        position += _COUNT.size
        if count != storage.count:
            raise ValueError(f"{count} numbers are declared where {storage.count} are expected")
        if position + storage.bytes > size:
            raise ValueError(
                f"it ends at byte {size:,}, in the midst of its numbers: it is cut off"
            )
        places[key] = position
        position += storage.bytes
    return places
