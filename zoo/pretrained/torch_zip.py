"""Files of torch.save since PyTorch 1.6: a zip of a pickle and of the numbers, read without torch."""

import io
import re
import zipfile
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

_MAX_DIRECTORY_BYTES = 2**23  # about 100,000 tensors
_KEY = re.compile(r"[0-9]{1,9}")
_ORDERS = {b"little": "<", b"big": ">"}


def read_torch(
    stream: BinaryIO, *, size: int, max_bytes: int, entry: str | None
) -> dict[str, np.ndarray]:
    """Return the tensors of a zip of torch.save.

    Args:
        stream, size: of the file.
        max_bytes: of all arrays together.
        entry: which part of a checkpoint to take, where it holds several networks.

    Raises:
        ValueError: what is wrong with it; other errors that damaged zips cause.
    """
    archive = _Archive(stream, size)
    document = pickles.load(io.BytesIO(archive.pickle), known=KNOWN, persistent=archive.storage)
    tensors = dict(selected(document, entry))
    check_total(tensors, size=size, max_bytes=max_bytes)
    return arrays_of(tensors, archive.raw, order=archive.order)


class _Head:
    """A stream that refuses to read much at once, while zipfile reads its directory whole."""

    def __init__(self, stream: BinaryIO):
        self._stream, self.limited = stream, True
        self.seek, self.tell = stream.seek, stream.tell

    def seekable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        if not self.limited:
            return self._stream.read(count)
        most = _MAX_DIRECTORY_BYTES + 1
        data = self._stream.read(most if count < 0 else min(count, most))
        if len(data) > _MAX_DIRECTORY_BYTES:
            raise ValueError(f"its directory has more than {_MAX_DIRECTORY_BYTES} bytes")
        return data


class _Archive:
    """The members of the zip; all are stored as they are, and none is more than the file."""

    def __init__(self, stream: BinaryIO, size: int):
        head = _Head(stream)
        self._zip = zipfile.ZipFile(head)
        head.limited = False
        members = self._zip.infolist()
        self._members = {member.filename: member for member in members}
        self._refuse_others()
        if len(self._members) != len(members):
            raise ValueError("a name occurs twice in its directory")
        for member in members:
            if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
                raise ValueError(f"{short(member.filename)} is compressed or encrypted")
        if sum(member.file_size for member in members) > size:
            raise ValueError("its directory declares more bytes than the file has")
        (root,) = [name for name in self._members if re.fullmatch(r"[^/]+/data\.pkl", name)] or [""]
        self._folder = root.removesuffix("data.pkl")
        order = bytes(self._read("byteorder", 16)) if self._has("byteorder") else b"little"
        if order not in _ORDERS:
            raise ValueError(f"its byte order is {short(order)}")
        self.order = _ORDERS[order]
        self.pickle = bytes(self._read("data.pkl", pickles.MAX_BYTES))

    def _refuse_others(self) -> None:
        """Say what other zips are that people take for weights."""
        names = self._members
        if "config.json" in names and "model.weights.h5" in names:
            raise ValueError(
                "it is a whole Keras model. In the project that it is of: "
                "keras.saving.load_model(FILE).save_weights('NAME.weights.h5')"
            )
        if names and all(name.endswith(".npy") for name in names):
            raise ValueError(
                "it is a file of numpy.savez. Convert it: "
                "safetensors.numpy.save_file(dict(numpy.load(FILE)), 'NAME.safetensors')"
            )
        if any(name.endswith("/constants.pkl") for name in names):
            raise ValueError(
                "it is a TorchScript program. Where torch is installed: "
                "torch.save(torch.jit.load(FILE).state_dict(), 'NAME.pt')"
            )
        if not any(re.fullmatch(r"[^/]+/data\.pkl", name) for name in names):
            raise ValueError("it is a zip, but not one of torch.save")

    def _has(self, name: str) -> bool:
        return f"{self._folder}{name}" in self._members

    def _read(self, name: str, limit: int) -> np.ndarray:
        member = self._members[f"{self._folder}{name}"]
        if member.file_size > limit:
            raise ValueError(f"{short(name)} has {member.file_size} bytes, more than {limit}")
        with self._zip.open(member) as stream:
            raw = exactly(stream, member.file_size)
            stream.read(1)  # compares the checksum, at the end
        return raw

    def storage(self, identifier: tuple) -> Storage:
        """Return what a persistent id names, once its numbers are known to be in the file."""
        storage = storage_of(identifier, 5)
        if not _KEY.fullmatch(storage.key) or not self._has(f"data/{storage.key}"):
            raise ValueError(f"it has no numbers by the name of {short(storage.key)}")
        stored = self._members[f"{self._folder}data/{storage.key}"].file_size
        if storage.bytes > stored:
            raise ValueError(f"{storage.bytes} bytes are declared where {stored} are stored")
        return storage

    def raw(self, storage: Storage) -> np.ndarray:
        """Return the bytes of a storage."""
        member = self._members[f"{self._folder}data/{storage.key}"]
        return self._read(f"data/{storage.key}", member.file_size)
