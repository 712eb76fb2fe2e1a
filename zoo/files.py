"""Files that are written whole or not at all; folders that one process works in at a time."""

import contextlib
import datetime
import errno
import json
import os
import platform
import secrets
from collections.abc import Iterator
from pathlib import Path

from zoo.errors import ArgumentError, MachineError, RunError, WriteError

LOCK = ".lock"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # the errors of a full disk
_LOCKED_BYTE = 2**30  # of the lock file on Windows, where a locked byte cannot be read by others
_held: set[int] = set()  # descriptors of the locks of this process


def as_path(given: str | os.PathLike) -> Path:
    """Return the path that a user gave, with ~ as the home folder.

    Raises:
        ArgumentError: it is an empty text, which pathlib would take for the current folder.

    >>> as_path("runs/digits-1").name
    'digits-1'
    """
    if not os.fspath(given):
        raise ArgumentError(
            "An empty text is not a path.",
            expected="the name of a file or folder; . is the current folder",
            fix="name it, or leave it out; a variable of the shell in its place may be unset",
        )
    return Path(given).expanduser()


def check_new_png(path: Path) -> None:
    """Check, before anything is computed, that a picture can be written.

    Raises:
        ArgumentError: the name does not end in .png.
        RunError: the file exists.
    """
    if path.suffix.lower() != ".png":
        raise ArgumentError(
            f"{path} is not the name of a picture.",
            expected="a name that ends in .png",
            fix=f"give another name, for example {path.with_suffix('.png')}",
        )
    if path.exists():
        raise RunError(f"{path} already exists; it was not changed.", fix="give another name")


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a path beside `path` to write to; flush it and rename it to `path` on success.

    On failure the file beside is removed and `path` stays as it was.

    Raises:
        WriteError: the disk is full, or the folder cannot be written to.

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
        if error.errno in FULL:
            raise WriteError(
                f"There is no space left to write {path}.",
                fix="free some disk space, or write elsewhere",
            ) from error
        if _concerns(error, beside=beside, path=path):
            raise WriteError(
                f"{path} cannot be written: {error.strerror}.",
                fix="check the path and its permissions, or write elsewhere",
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
    """Make the rename survive a power cut, where the system can; the file is complete either way."""
    with contextlib.suppress(OSError):  # Windows and some network drives cannot
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def reserve(parent: Path, stem: str) -> Path:
    """Make the first of "STEM-1", "STEM-2" … in `parent` that does not exist yet, and return it.

    Two processes that ask at once get two folders: making a folder succeeds for one of them.

    Raises:
        MachineError: no folder can be made there.

    >>> import tempfile; parent = Path(tempfile.mkdtemp())
    >>> [reserve(parent, "digits").name for _ in range(2)]
    ['digits-1', 'digits-2']
    """
    number = 1
    while True:
        folder = parent / f"{stem}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        except FileNotFoundError:  # another process may also have taken an empty parent away
            make_folder(parent)
        except OSError as error:
            raise _unmade(folder, error) from error
        else:
            return folder


def make_folder(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the ones that were missing, the deepest first.

    Raises:
        MachineError: it cannot be made.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unmade(folder, error) from error
    return missing


def _unmade(folder: Path, error: OSError) -> MachineError:
    return MachineError(
        f"The folder {folder} cannot be made: {error.strerror}.",
        fix="check the path and its permissions, or work in another folder",
    )


@contextlib.contextmanager
def locked(folder: str | os.PathLike) -> Iterator[None]:
    """Hold a folder for this process while the block runs; the folder is made if it is missing.

    The system's own lock on the file `.lock` decides and ends with the process, however that ends.
    What the file says only names the holder. Processes that are forked do not hold the lock.

    Raises:
        RunError: another process, or another part of this one, holds it; names the process.
        MachineError: the system or its file system has no such locks.
    """
    path = Path(folder) / LOCK
    descriptor = _acquire(path)
    _held.add(descriptor)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows cannot remove an open file; it stays, unlocked
            path.unlink()
        _held.discard(descriptor)
        os.close(descriptor)


def _acquire(path: Path) -> int:
    """Return the descriptor of the locked file."""
    while True:
        make_folder(path.parent)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # the folder was taken away again by who had made it
            continue
        except OSError as error:
            raise MachineError(
                f"{path.parent} cannot be locked: {error.strerror}.",
                fix="check its permissions, or work in another folder",
            ) from error
        try:
            if not _take(descriptor, path):
                raise RunError(
                    f"{path.parent} is in use by {_holder(path)}.",
                    expected="a folder that no other process works in",
                    fix="wait until it has ended, or stop it, or work in another folder",
                )
            if _is_same_file(descriptor, path):  # not one that its last holder has just removed
                who = {"pid": os.getpid(), "host": platform.node(), "since": _now()}
                with contextlib.suppress(OSError):  # a full disk; the lock holds without it
                    os.truncate(descriptor, 0)
                    os.write(descriptor, json.dumps(who).encode())
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> bool:
    """Lock an open file, or return False where another holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        return _take_on_windows(descriptor, path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise _no_locks(path) from error
    return True


def _take_on_windows(descriptor: int, path: Path) -> bool:
    try:
        import msvcrt
    except ImportError as error:
        raise _no_locks(path) from error
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def _no_locks(path: Path) -> MachineError:
    return MachineError(
        f"{path.parent} cannot be locked: this system or file system has no file locks.",
        expected="a folder in which two processes cannot write at once unnoticed",
        fix="work in a folder on a local disk",
    )


def _is_same_file(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _holder(path: Path) -> str:
    """Name the process that holds a lock, as far as the file tells."""
    try:
        who = json.loads(path.read_bytes()[:1000])
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _now() -> str:
    return datetime.datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")


def _let_go() -> None:
    """Close the locks that a forked process got from its parent; the parent keeps them."""
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)
