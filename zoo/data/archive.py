"""Sets of files that lie in a folder as their source gave them: checked, then read in place."""

import contextlib
import gzip
import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from zoo.cards import DatasetCard
from zoo.errors import DataError
from zoo.files import as_path

LIMIT_BYTES = 2_000_000_000  # that a file, or all members of an archive, may unpack to

_CHUNK_BYTES = 1 << 20
_DAMAGED = (EOFError, OSError, zlib.error, tarfile.TarError, zipfile.BadZipFile)
_UNSUPPORTED = (NotImplementedError, RuntimeError)  # a compression or encryption of zip files


def find_files(
    card: DatasetCard, *, data_dir: str | os.PathLike | None = None, folder: str = ""
) -> dict[str, Path]:
    """Return where each file of `card.files` lies, after its bytes were checked by SHA-256.

    The files lie in a sub-folder of `data_dir`. A file "x" may be compressed
    as "x.gz" beside: what was compressed is then checked, since no two tools compress alike.

    Args:
        card: of the data set; its `files` maps names to hexadecimal SHA-256.
        data_dir: the folder of all such sets; None takes ZOO_DATA_DIR.
        folder: the name of the sub-folder; empty takes the card's name.

    Raises:
        DataError: no folder is given, a file is missing, or it is not the one that is expected.
    """
    root = data_dir or os.environ.get("ZOO_DATA_DIR")
    files, folder = ", ".join(card.files), folder or card.name
    expected = f"a folder {folder} with {files}, as they are or .gz; source: {card.homepage}"
    if not root:
        raise DataError(
            f"The folder of the files of {card.name} is not known.",
            expected=expected,
            fix=f"set ZOO_DATA_DIR, or give --data-dir: the folder that holds {folder}",
        )
    place = as_path(root) / folder
    found = {}
    for name, sha256 in card.files.items():
        places = [path for path in (place / name, place / f"{name}.gz") if path.is_file()]
        if not places:
            raise DataError(
                f"{card.name} needs {place / name}, which does not exist.",
                expected=expected,
                fix="put the file there, or set ZOO_DATA_DIR or --data-dir to where it is",
            )
        found[name] = places[0]
        _check(card, places[0], compressed=places[0].name != name, sha256=sha256)
    return found


def read_file(path: Path, *, limit_bytes: int = LIMIT_BYTES) -> bytes:
    """Return the bytes of a file, decompressed if its name ends in .gz.

    Raises:
        DataError: it cannot be read, is damaged, or holds more than `limit_bytes`.
    """
    with _mistakes(path), _open(path, compressed=path.suffix == ".gz") as stream:
        return _read(stream, path, limit_bytes)


def read_members(path: Path, *, limit_bytes: int = LIMIT_BYTES) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of the files in a zip or (compressed) tar archive, in their order.

    Nothing is written, so it does not matter where a name points to. Links and devices are left
    out.

    Args:
        path: the archive; its content tells its kind.
        limit_bytes: what all members together may unpack to.

    Raises:
        DataError: no such archive, it is damaged or encrypted, or it holds more than `limit_bytes`.
    """
    with _mistakes(path):
        members = _zip_members if zipfile.is_zipfile(path) else _tar_members
        left = limit_bytes
        for name, stream in members(path):
            with stream:
                content = _read(stream, path, left)
            left -= len(content)
            yield name, content


def _zip_members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if not info.is_dir():
                yield info.filename, archive.open(info)


def _tar_members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(path, "r:*") as archive:
        for info in archive:
            if info.isfile():
                yield info.name, archive.extractfile(info)


def _check(card: DatasetCard, path: Path, *, compressed: bool, sha256: str) -> None:
    digest, left = hashlib.sha256(), LIMIT_BYTES
    with _mistakes(path), _open(path, compressed=compressed) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            left -= len(chunk)
            if compressed and left < 0:
                raise _too_large(path, LIMIT_BYTES)
    if digest.hexdigest() != sha256:
        raise DataError(
            f"{path} is not the file that {card.name} is made from"
            + (" once it is decompressed." if compressed else "."),
            expected=f"SHA-256 {sha256}; it has {digest.hexdigest()}",
            fix=f"fetch it again from {card.homepage}",
        )


def _open(path: Path, *, compressed: bool) -> IO[bytes]:
    return gzip.open(path) if compressed else path.open("rb")


def _read(stream: IO[bytes], path: Path, limit_bytes: int) -> bytes:
    content = stream.read(limit_bytes + 1)
    if len(content) > limit_bytes:
        raise _too_large(path, limit_bytes)
    return content


def _too_large(path: Path, limit_bytes: int) -> DataError:
    return DataError(
        f"{path} unpacks to more than the {limit_bytes:,} bytes that its limit leaves.",
        expected=f"at most {LIMIT_BYTES:,} bytes in all",
        fix="fetch the file again; an intact one is smaller",
    )


@contextlib.contextmanager
def _mistakes(path: Path) -> Iterator[None]:
    try:
        yield
    except (*_DAMAGED, *_UNSUPPORTED) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise DataError(
            f"{path} cannot be read: {reason.rstrip('.')}.",
            expected="a whole file that may be read, without a password",
            fix="check its permissions, or fetch it again",
        ) from error
