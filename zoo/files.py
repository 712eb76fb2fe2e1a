"""Files that are written whole or not at all."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import MachineError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path beside `path` to write to; flush it and rename it to `path` on success.

    On failure the file beside is removed and `path` stays as it was.

    Raises:
        MachineError: the disk is full, or the folder cannot be written to.

    >>> import tempfile; folder = tempfile.mkdtemp()
    >>> with replacing(folder + "/a.txt") as beside:
    ...     _ = beside.write_text("whole")
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        with beside.open("r+b") as stream:  # Windows flushes only what is open for writing
            os.fsync(stream.fileno())
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        if error.errno in _FULL:
            raise MachineError(
                f"There is no space left to write {path}.",
                fix="free some disk space, or give another folder with --run-dir",
            ) from error
        if _concerns(error, beside=beside, path=path):
            raise MachineError(
                f"{path} cannot be written: {error.strerror}.",
                fix="check the path and its permissions, or give another folder with --run-dir",
            ) from error
        raise
    finally:
        with contextlib.suppress(OSError):  # never hides the error above
            beside.unlink(missing_ok=True)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write UTF-8 text whole or not at all; line ends stay as they are."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | os.PathLike, data: bytes) -> None:
    """Write bytes whole or not at all."""
    with replacing(path) as beside:
        beside.write_bytes(data)


def _concerns(error: OSError, *, beside: Path, path: Path) -> bool:
    """Tell whether an error is about this file or its folders, not about what the caller reads."""
    if not isinstance(error.filename, str | os.PathLike) or error.errno == errno.ENOENT:
        return False
    return Path(error.filename) in (beside, path, *path.parents)


def _flush_folder(folder: Path) -> None:
    """Make the rename last through a power cut, where the system can: the file is whole anyway."""
    with contextlib.suppress(OSError):  # Windows and some network drives cannot
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
