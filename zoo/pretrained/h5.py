"""Keras' HDF5 files of weights: their numbers, and nothing outside the file."""

import itertools
import math
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import h5py
import numpy as np

from zoo.pretrained.arrays import MAX_AXES, numbers
from zoo.tensor_headers import short

MAGIC = b"\x89HDF\r\n\x1a\n"
_OPTIMIZER = ("optimizer_weights", "optimizer")  # groups at the top that hold no weights
_MAX_DEPTH = 24
_MAX_OBJECTS = 200_000
_MAX_CHUNKS = 1_000_000
_MAX_INFLATION = 64  # bytes of arrays per byte of the file; stored numbers hardly compress
_SHUFFLE, _CHECKSUM, _DEFLATE = 2, 3, 1  # filters; HDF5 would load any other from a plug-in
_CHECKSUM_BYTES = 4


def read_h5(stream: BinaryIO, *, size: int, max_bytes: int) -> dict[str, np.ndarray]:
    """Return the arrays of a file that Keras wrote, by "LAYER/VARIABLE".

    Args:
        stream, size: of the file.
        max_bytes: of all arrays together.

    Raises:
        ValueError: links, external or virtual data, too large; other errors that damaged files
            cause.
    """
    with h5py.File(stream, "r", locking=False) as file:
        found = dict(_datasets(file))
        total = sum(math.prod(d.shape) * d.dtype.itemsize for d in found.values())
        if total > min(max_bytes, _MAX_INFLATION * size):
            raise ValueError(f"its arrays take {total} bytes, too many for a file of {size} bytes")
        return {
            name: numbers(name, _array(found[path])) for path, name in _names(list(found)).items()
        }


def _datasets(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the path and the dataset of each array, checked; links are not followed."""
    waiting, seen = [("", file, 0)], set()
    while waiting:
        prefix, group, depth = waiting.pop()
        groups = []
        for word in group:
            path = f"{prefix}{word}"
            if not isinstance(group.get(word, getlink=True), h5py.HardLink):
                raise ValueError(f"{short(path)} is a link to another place")
            if prefix == "" and word in _OPTIMIZER:
                continue
            item = group[word]
            address = h5py.h5o.get_info(item.id).addr
            if address in seen or len(seen) >= _MAX_OBJECTS or depth >= _MAX_DEPTH:
                raise ValueError(f"{short(path)} occurs twice, or is one of too many")
            seen.add(address)
            if isinstance(item, h5py.Group):
                groups.append((f"{path}/", item, depth + 1))
            elif isinstance(item, h5py.Dataset):
                _check(path, item)
                yield path, item
            else:
                raise ValueError(f"{short(path)} is a {type(item).__name__}")
        waiting += reversed(groups)


def _check(path: str, dataset: h5py.Dataset) -> None:
    """Refuse an array that is not wholly in this file, or that declares more than is there."""
    layout = dataset.id.get_create_plist()
    if dataset.is_virtual or layout.get_external_count():
        raise ValueError(f"the numbers of {short(path)} are in another file")
    if dataset.shape is None or dataset.ndim > MAX_AXES or dataset.dtype.kind not in "fiub":
        raise ValueError(f"{short(path)} holds {short(dataset.dtype)}, which are not weights")
    wanted = math.prod(dataset.shape) * dataset.dtype.itemsize
    if dataset.chunks is None:
        if wanted > dataset.id.get_storage_size():
            raise ValueError(f"{short(path)} declares {wanted} bytes that are not stored")
        return
    if not dataset.id.get_type().equal(h5py.h5t.py_create(dataset.dtype, logical=True)):
        raise ValueError(f"{short(path)} holds numbers of an unusual layout")
    filters = [layout.get_filter(i)[0] for i in range(layout.get_nfilters())]
    if filters not in ([], [_SHUFFLE], [_DEFLATE], [_SHUFFLE, _DEFLATE]) and (
        filters[-1:] != [_CHECKSUM]
        or filters[:-1] not in ([], [_SHUFFLE], [_DEFLATE], [_SHUFFLE, _DEFLATE])
    ):
        raise ValueError(f"{short(path)} is compressed in another way than by gzip")
    counts = [math.ceil(n / c) for n, c in zip(dataset.shape, dataset.chunks, strict=True)]
    padded = math.prod(map(max, dataset.shape, dataset.chunks)) * dataset.dtype.itemsize
    if math.prod(counts) > _MAX_CHUNKS or padded > 2 * wanted + 2**20:
        raise ValueError(f"{short(path)} is divided into {math.prod(counts)} pieces of odd sizes")


def _array(dataset: h5py.Dataset) -> np.ndarray:
    """Read an array; what is compressed is inflated here, where its size can be limited."""
    if dataset.chunks is None:
        return dataset[()]
    result = np.zeros(dataset.shape, dataset.dtype)
    steps = [range(0, n, c) for n, c in zip(dataset.shape, dataset.chunks, strict=True)]
    if dataset.id.get_num_chunks() != math.prod(map(len, steps)):
        raise ValueError(f"pieces of {short(dataset.name)} are missing")
    for corner in itertools.product(*steps):
        skipped, raw = dataset.id.read_direct_chunk(corner)
        chunk = _unfiltered(raw, dataset, skipped).reshape(dataset.chunks)
        place = tuple(slice(b, b + c) for b, c in zip(corner, dataset.chunks, strict=True))
        target = result[place]
        target[...] = chunk[tuple(map(slice, target.shape))]
    return result


def _unfiltered(raw: bytes, dataset: h5py.Dataset, skipped: int) -> np.ndarray:
    """Undo the filters of one piece, the last first."""
    width, layout = dataset.dtype.itemsize, dataset.id.get_create_plist()
    wanted = math.prod(dataset.chunks) * width
    for place in reversed(range(layout.get_nfilters())):
        kind = layout.get_filter(place)[0]
        if skipped & (1 << place):
            continue
        if kind == _CHECKSUM:
            raw = raw[:-_CHECKSUM_BYTES]
        elif kind == _DEFLATE:
            raw = zlib.decompressobj().decompress(raw, wanted + 1)
        elif kind == _SHUFFLE:
            raw = np.frombuffer(raw, "uint8").reshape(width, -1).T.tobytes()
    if len(raw) != wanted:
        raise ValueError(f"a piece of {short(dataset.name)} has {len(raw)} bytes, not {wanted}")
    return np.frombuffer(raw, dataset.dtype)


def _names(paths: list[str]) -> dict[str, str]:
    """Return a name for each path: layer and variable, or all of its layers where these are not unique.

    >>> _names(["model_weights/conv1/conv1/kernel:0", "layers/conv/vars/0"])
    {'model_weights/conv1/conv1/kernel:0': 'conv1/kernel', 'layers/conv/vars/0': 'layers/conv/vars/0'}
    """
    whole = {path: _once(path.removesuffix(":0")) for path in paths}
    if len(set(whole.values())) < len(paths):
        whole = {path: path.removesuffix(":0") for path in paths}
    ends = {path: "/".join(name.split("/")[-2:]) for path, name in whole.items()}
    counts: dict[Any, int] = {}
    for end in ends.values():
        counts[end] = counts.get(end, 0) + 1
    return {
        path: whole[path] if counts[end] > 1 or end.startswith("vars/") else end
        for path, end in ends.items()
    }


def _once(path: str) -> str:
    """Return a path without the group of all weights, and a layer's name once: Keras writes it twice.

    >>> _once("model_weights/conv1/bn/conv1/bn/gamma")
    'conv1/bn/gamma'
    """
    *layers, variable = path.removeprefix("model_weights/").split("/")
    half = len(layers) // 2
    return "/".join([*(layers[:half] if layers[:half] == layers[half:] else layers), variable])
