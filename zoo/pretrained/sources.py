"""Fetch weights that others published: from the cache, or from the first source that has them."""

import contextlib
import dataclasses
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zoo.cards import FileSource, HubSource, PackageSource, Source, UrlSource
from zoo.errors import WeightsError, command
from zoo.pretrained import cache, downloads
from zoo.pretrained.cache import Record
from zoo.pretrained.downloads import Progress
from zoo.pretrained.folders import is_index, weight_file
from zoo.pretrained.mirrors import mirrors, sources_file
from zoo.pretrained.readers import check_digest

_KINDS = {HubSource: "hub", UrlSource: "url", FileSource: "file", PackageSource: "package"}
_ON = ("1", "true", "yes", "on")
_log = logging.getLogger(__name__)


def fetch(
    name: str,
    sources: Sequence[Source],
    *,
    offline: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Return the file of a weight: the cached one, or that of the first source that has it.

    The user's own sources (`sources.toml`) are tried before the given ones. The digest is compared
    on every call. Where a source states none, the first file's digest is recorded, with a warning in
    the log, and every later file from there must have it. A file on this machine is used where it is.

    Args:
        name: of the weight.
        sources: where it may be, tried in this order.
        offline: use only the cache and files on this machine, as ZOO_OFFLINE=1 does.
        progress: called with the bytes that are there and those of the whole file, or None.

    Raises:
        WeightsError: no source has it, with the reason for each.
        MachineError: the disk is full, or the cache cannot be written to.

    >>> fetch("mine.v1", [UrlSource("https://example.org/mine.pt")])  # doctest: +SKIP
    """
    sources = (*mirrors().get(cache.checked_name(name), ()), *sources)
    found = _cached(name, sources)
    if found is not None:
        return found
    offline = offline or os.environ.get("ZOO_OFFLINE", "").lower() in _ON
    reasons = []
    with cache.held(name):
        found = _cached(name, sources)  # by a process that held it until now
        if found is not None:
            return found
        for source in sources:
            try:
                return _from(source, name, offline=offline, progress=progress)
            except WeightsError as error:
                expected = f" (expected {error.expected})" if error.expected else ""
                reasons.append(f"  {described(source)}: {error.problem}{expected}")
    raise _not_found(name, reasons, offline=offline)


def add(name: str, file: str | os.PathLike, sources: Sequence[Source] = ()) -> Path:
    """Copy a file that the user has into the cache; return its place there.

    Args:
        name: of the weight.
        file: of any format that `zoo.pretrained.readers.read` takes, or a folder with one such file.
            The safetensors files that an index names are joined to one.
        sources: of the weight; where all of them state a digest, the file must have one of these.

    Raises:
        WeightsError: no such file, or another one than the sources state; a folder with none or
            several.
        MachineError: the disk is full.

    >>> add("mine.v1", "downloads/mine.safetensors")  # doctest: +SKIP
    """
    sources = (*mirrors().get(cache.checked_name(name), ()), *sources)
    stated = {source.sha256.lower() for source in sources if source.sha256}
    file = weight_file(file)
    digest = cache.digest_at(file)
    if sources and all(source.sha256 for source in sources) and digest not in stated:
        raise WeightsError(
            f"{file} has the SHA-256 {digest}; it is not the file of {name}.",
            expected=" or ".join(sorted(stated)),
            fix="get the file that the authors published, or give yours by its path: weights=FILE",
        )
    known = digest in stated and not is_index(file)  # the shards of an index are not in its digest
    return cache.add(name, file, sha256=digest if known else None)


def _not_found(name: str, reasons: Sequence[str], *, offline: bool) -> WeightsError:
    tried = "No source had it:" if reasons else "No source is known."
    add = command("zoo", "weights", "add", name, "FILE")
    online = "unset ZOO_OFFLINE and leave out --offline, or " if offline else ""
    return WeightsError(
        "\n".join([f"{name} could not be fetched. {tried}", *reasons]),
        fix=f"{online}get the file in another way and run {add}, or name a place of your own in "
        f"{sources_file()}",
    )


def described(source: Source) -> str:
    """Return a source in a few words.

    >>> described(HubSource("timm/resnet50.a1_in1k", "model.safetensors"))
    'hub timm/resnet50.a1_in1k/model.safetensors@main'
    """
    if isinstance(source, HubSource):
        return f"hub {source.repo}/{source.file}@{source.revision}"
    if isinstance(source, UrlSource):
        return f"url {source.url}"
    if isinstance(source, FileSource):
        return f"file {source.path}"
    return f"package {source.package}=={source.version}, {source.member}"


def origin_of(source: Source) -> dict[str, Any]:
    """Return a source as JSON values, without its digest."""
    values = dataclasses.asdict(source)
    kept = {key: value for key, value in values.items() if key not in ("sha256", "sha256_prefix")}
    return {"kind": _KINDS[type(source)], **kept}


def _expected(name: str, source: Source) -> str | None:
    """Return the digest that a source states, or the one that was recorded when it stated none."""
    if source.sha256:
        return cache.checked_sha256(source.sha256, of=described(source))
    origin = origin_of(source)
    recorded = (one for one in cache.records(name) if one.origin == origin and not one.pinned)
    return next((record.sha256 for record in recorded), None)


def _cached(name: str, sources: Sequence[Source]) -> Path | None:
    """Return a whole file of the cache that one of the sources, or the user, put there."""
    for digest in _digests(name, sources):
        path = cache.place(name, digest)
        if not path.is_file():
            continue
        if cache.digest_at(path) == digest:
            return path
        _log.warning("%s is damaged and is fetched again.", path)
        with contextlib.suppress(OSError):
            path.unlink()
    return None


def _digests(name: str, sources: Sequence[Source]) -> Iterator[str]:
    stated = [_expected(name, source) for source in sources]
    yield from filter(None, stated)
    if not all(source.sha256 for source in sources) or not sources:
        for record in cache.records(name):  # nothing says that the user's own file is another
            if record.origin.get("kind") == "added":
                yield record.sha256


def _from(source: Source, name: str, *, offline: bool, progress: Progress | None) -> Path:
    expected = _expected(name, source)
    origin = origin_of(source)
    if isinstance(source, FileSource):
        return _local(source, name, expected)
    is_file = isinstance(source, UrlSource) and urlsplit(source.url).scheme == "file"
    if offline and not is_file and not isinstance(source, HubSource):
        raise WeightsError("offline.", fix="go online")
    part = cache.part_of(name, origin)
    digest = _checked_part(source, part, expected, offline=offline, progress=progress)
    path = cache.adopt(name, part, digest, origin=origin, pinned=bool(source.sha256))
    if expected is None:
        _tell(name, source, digest)
    return path


def _checked_part(
    source: Source, part: Path, expected: str | None, *, offline: bool, progress: Progress | None
) -> str:
    """Fetch to `part` and return its digest; a file with another digest is removed."""
    while True:
        continued = False
        if isinstance(source, UrlSource):
            continued = downloads.get_url(source.url, part, progress=progress)
        elif isinstance(source, HubSource):
            pinned = dataclasses.replace(source, sha256=expected)
            downloads.get_hub(pinned, part, offline=offline, progress=progress)
        else:
            downloads.get_package(source, part)
        digest = cache.digest_at(part)
        known = expected or getattr(source, "sha256_prefix", "")
        if digest.startswith(known):
            return digest
        part.unlink(missing_ok=True)
        if not continued:  # else its beginning may be that of another file
            check_digest("what it gave", digest, expected or f"{known}…")


def _local(source: FileSource, name: str, expected: str | None) -> Path:
    path = Path(source.path).expanduser()
    digest = cache.digest_at(path)
    if expected is not None:
        check_digest(path, digest, expected)
        return path
    record = Record(digest, path.stat().st_size, origin_of(source), pinned=False)
    cache.note(name, record)
    _tell(name, source, digest)
    return path


def _tell(name: str, source: Source, digest: str) -> None:
    stated = "only the beginning of its" if getattr(source, "sha256_prefix", "") else "no"
    _log.warning(
        "%s: %s states %s digest. Recorded what it gave, and later files must have it: SHA-256 %s",
        name,
        described(source),
        stated,
        digest,
    )
