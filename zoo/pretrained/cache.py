"""The folder of weights that were fetched: each file under its SHA-256, with a record of its origin.

    FOLDER/NAME/SHA256        the file, as it came
    FOLDER/NAME/record.json   digest, size and origin of each file of that name

A file is written under another name, flushed and renamed. One process at a time writes a name.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo.errors import MachineError, RunError, WeightsError, check_format, command
from zoo.files import FULL, locked, write_text
from zoo.pretrained.folders import opened
from zoo.pretrained.readers import check_digest, digest_of

FORMAT = 1
WAIT_SECONDS = 600.0  # for another process that fetches the same weight
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RECORD = "record.json"
_PIECE_BYTES = 2**20
_POLL_SECONDS = 0.2
_ELSEWHERE = "free some disk space, or set ZOO_WEIGHTS_DIR to a folder on another disk"


@dataclass(frozen=True)
class Record:
    """What is known of a file.

    Attributes:
        sha256: of its bytes, 64 hex digits.
        size_bytes: of the file.
        origin: "kind" and the fields of the source that it came from.
        pinned: the digest was known before; otherwise it was recorded when the file was first fetched.
    """

    sha256: str
    size_bytes: int
    origin: Mapping[str, Any]
    pinned: bool


def folder() -> Path:
    """Return the folder of all weights: ZOO_WEIGHTS_DIR, or kerazoo/weights in the user's cache."""
    given = os.environ.get("ZOO_WEIGHTS_DIR")
    if given:
        return Path(given).expanduser()
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(caches).expanduser() / "kerazoo" / "weights"


def checked_name(name: str) -> str:
    """Return a weight's name; raise WeightsError where it cannot be the name of a folder."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith("."):
        raise WeightsError(
            f"{name!r} cannot be the name of a weight.",
            expected="letters, digits, '.', '_' and '-', 128 at most, such as 'resnet50.a1_in1k'",
            fix="give another name",
        )
    return name


def checked_sha256(digest: str, *, of: str) -> str:
    """Return a SHA-256 in lower case; raise WeightsError unless it is 64 hex digits."""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest.lower()):
        raise WeightsError(
            f"The sha256 of {of} is {digest!r}.",
            expected="64 hex digits",
            fix="`sha256sum FILE` prints them",
        )
    return digest.lower()


def names() -> list[str]:
    """Return the names that the cache knows, in order."""
    found = folder().glob(f"*/{_RECORD}")
    return sorted(path.parent.name for path in found if _NAME.fullmatch(path.parent.name))


def records(name: str) -> list[Record]:
    """Return what is recorded of a weight, the latest first; empty where nothing is.

    Raises:
        WeightsError: the record is damaged, or of a newer version.
    """
    path = folder() / checked_name(name) / _RECORD
    try:
        document = json.loads(path.read_bytes())
        check_format(str(path), document["format"], known=FORMAT, error=WeightsError)
        found = [Record(**entry) for entry in document["files"]]
        for record in found:
            checked_sha256(record.sha256, of=str(path))
            if not isinstance(record.origin, dict):
                raise TypeError("an origin is not a table")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(
            f"{path} is damaged: {error!r:.100}.",
            fix=f"{command('zoo', 'weights', 'remove', name, '--forget')}, then pull it again",
        ) from error
    return found


def note(name: str, record: Record) -> None:
    """Put a record before the others of a weight; the caller holds the weight."""
    same = (record.sha256, record.origin)
    _write(name, [record, *(one for one in records(name) if (one.sha256, one.origin) != same)])


def _write(name: str, found: list[Record]) -> None:
    files = [dataclasses.asdict(record) for record in found]
    text = json.dumps({"format": FORMAT, "files": files}, indent=1)
    try:
        write_text(folder() / name / _RECORD, text + "\n")
    except MachineError as error:
        raise MachineError(error.problem, fix=_ELSEWHERE) from error


def place(name: str, sha256: str) -> Path:
    """Return where a file of a weight is, or would be."""
    return folder() / checked_name(name) / checked_sha256(sha256, of=name)


def cached(name: str) -> Path | None:
    """Return the latest file of a weight in the cache, or None; its digest is not checked."""
    paths = (place(name, record.sha256) for record in records(name))
    return next((path for path in paths if path.is_file()), None)


def path(name: str) -> Path:
    """Return the latest file of a weight, after a check of its digest.

    Raises:
        WeightsError: the cache has none, or it is damaged.
    """
    check(name)
    return cached(name)


def check(name: str) -> Record:
    """Compare the latest file of a weight with its digest and return its record.

    Raises:
        WeightsError: the cache has none, or it is damaged.
    """
    found = cached(name)
    if found is None:
        raise WeightsError(
            f"The cache has no file of {name}.",
            expected=f"one of: {', '.join(names()) or 'none yet'}",
            fix=f"{command('zoo', 'weights', 'pull', name)}, or add a file that you have",
        )
    check_digest(found, digest_at(found), found.name)
    return next(record for record in records(name) if record.sha256 == found.name)


def digest_at(file: str | os.PathLike) -> str:
    """Return the SHA-256 of a file.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        with Path(file).open("rb") as stream:
            return digest_of(stream)
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file} cannot be read: {error}.", fix="check the path") from error


def add(name: str, file: str | os.PathLike, *, sha256: str | None = None) -> Path:
    """Copy a file that the user has into the cache; return its place there.

    Args:
        name: of the weight.
        file: of any format that `zoo.pretrained.readers.read` takes; the safetensors files that an
            index names are joined to one.
        sha256: hex digest that it must have, where one is known.

    Raises:
        WeightsError: no such file, another digest, or an index that does not fit its shards.
        MachineError: the disk is full.

    >>> add("mine.v1", "downloads/mine.safetensors")  # doctest: +SKIP
    """
    file = Path(file)
    try:
        with held(name), opened(file) as stream:
            part = part_of(name, {"kind": "added", "file": str(file)})
            digest = copied(stream, part)
            if sha256 is not None:
                with removing(part):
                    check_digest(file, digest, checked_sha256(sha256, of=name))
            origin = {"kind": "added", "file": file.name}
            return adopt(name, part, digest, origin=origin, pinned=sha256 is not None)
    except OSError as error:
        raise WeightsError(f"{file} cannot be added: {error}.", fix="check the path") from error


@contextlib.contextmanager
def removing(part: Path) -> Iterator[None]:
    """Remove a file if the block fails."""
    try:
        yield
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def part_of(name: str, origin: Mapping[str, Any]) -> Path:
    """Return the file that a download from an origin grows in; the next try finds it again."""
    text = json.dumps(dict(origin), sort_keys=True)
    return folder() / name / f".{hashlib.sha256(text.encode()).hexdigest()[:16]}.part"


def copied(stream: Any, part: Path, *, max_bytes: int | None = None) -> str:
    """Write a stream to a file and return its SHA-256; on any failure the file is removed.

    Raises:
        WeightsError: it has more than `max_bytes`.
        MachineError: the disk is full.
    """
    digest, size = hashlib.sha256(), 0
    with removing(part), writing(part, "wb") as target:
        while piece := _piece(stream):
            size += len(piece)
            if max_bytes is not None and size > max_bytes:
                raise too_large(size, max_bytes)
            digest.update(piece)
            target.write(piece)
    return digest.hexdigest()


def _piece(stream: Any) -> bytes:
    try:
        return stream.read(_PIECE_BYTES)
    except OSError as error:  # else it would pass for one of the file that is written
        raise WeightsError(f"It cannot be read: {error}.", fix="check the file") from error


def too_large(size: int, max_bytes: int) -> WeightsError:
    """Make the error for a file above the limit."""
    return WeightsError(
        f"the file has {size} bytes or more, above the limit of {max_bytes}.",
        fix="raise max_bytes if it is the right file",
    )


@contextlib.contextmanager
def writing(part: Path, mode: str) -> Iterator[Any]:
    """Open a file to write to; an error of writing becomes a MachineError, a full disk removes it."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with part.open(mode) as target:
            yield target
    except OSError as error:
        if error.errno in FULL:
            part.unlink(missing_ok=True)
            raise no_space() from error
        raise MachineError(
            f"{part} cannot be written: {error.strerror or error}.",
            fix="check the permissions of its folder, or set ZOO_WEIGHTS_DIR to another one",
        ) from error


def no_space() -> MachineError:
    """Make the error for a full disk."""
    return MachineError(
        f"There is no space left for weights in {folder()}.",
        fix=_ELSEWHERE,
    )


def adopt(name: str, part: Path, digest: str, *, origin: Mapping[str, Any], pinned: bool) -> Path:
    """Give a whole file, whose digest was checked, its place; the caller holds the weight."""
    target = place(name, digest)
    size = part.stat().st_size
    with part.open("r+b") as stream:
        os.fsync(stream.fileno())
    part.replace(target)
    note(name, Record(digest, size, dict(origin), pinned))
    return target


def remove(name: str, *, forget: bool = False) -> int:
    """Remove the files of a weight and return the bytes that were freed.

    A digest that was recorded when a file was first fetched is kept: a later file must have it.

    Args:
        name: of the weight.
        forget: remove such digests too.

    Raises:
        WeightsError: another process is fetching it.
    """
    target = folder() / checked_name(name)
    if not target.is_dir():
        return 0
    with held(name):
        kept = [] if forget else [record for record in records(name) if not record.pinned]
        files = [path for path in target.rglob("*") if path.is_file() and path.name != ".lock"]
        freed = sum(path.stat().st_size for path in files)
        for path in target.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != ".lock":
                path.unlink(missing_ok=True)
        if kept:
            _write(name, kept)
    return freed


@contextlib.contextmanager
def held(name: str, *, wait_seconds: float | None = None) -> Iterator[None]:
    """Hold a weight for this process, and wait while another one holds it.

    Raises:
        WeightsError: the other one takes longer than `wait_seconds`, by default `WAIT_SECONDS`.
        MachineError: the folder cannot be made or locked.
    """
    target = folder() / checked_name(name)
    end = time.monotonic() + (WAIT_SECONDS if wait_seconds is None else wait_seconds)
    with contextlib.ExitStack() as stack:
        while True:
            try:
                stack.enter_context(locked(target))
                break
            except RunError as error:
                if time.monotonic() >= end:
                    raise WeightsError(
                        f"{name} is being fetched by another process: {error.problem}",
                        fix="wait until it has ended, then try again",
                    ) from error
                time.sleep(_POLL_SECONDS)
        yield
    with contextlib.suppress(OSError):  # only where nothing is in it
        target.rmdir()
