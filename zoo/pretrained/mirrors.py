"""The user's own places of weights, from sources.toml: every file is pinned by its SHA-256.

[["resnet50.a1_in1k"]]
url = "https://mirror.example.org/resnet50.a1_in1k.safetensors"
sha256 = "…"
"""

import dataclasses
import os
import tomllib
from pathlib import Path
from typing import Any

from zoo.cards import FileSource, HubSource, PackageSource, Source, UrlSource
from zoo.errors import WeightsError
from zoo.pretrained import cache

KINDS: dict[str, type] = {  # the field that tells the kind
    "repo": HubSource,
    "url": UrlSource,
    "path": FileSource,
    "package": PackageSource,
}


def sources_file() -> Path:
    """Return the file of the user's sources: ZOO_SOURCES, or sources.toml in the cache."""
    given = os.environ.get("ZOO_SOURCES")
    return Path(given).expanduser() if given else cache.folder() / "sources.toml"


def mirrors() -> dict[str, tuple[Source, ...]]:
    """Return the user's sources by the name of the weight, in the file's order.

    Raises:
        WeightsError: the file that ZOO_SOURCES names is missing; it is not TOML; a source is not one
            of the four kinds, or lacks a digest.
    """
    path = sources_file()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if not os.environ.get("ZOO_SOURCES"):
            return {}
        raise WeightsError(
            f"There is no file {path}, which ZOO_SOURCES names.", fix="check the path, or unset it"
        ) from error
    except (OSError, ValueError) as error:
        raise WeightsError(
            f"{path} cannot be read: {error}.", fix="docs/pretrained.md shows what it may hold"
        ) from error
    return {name: tuple(_sources(name, value, path)) for name, value in document.items()}


def _sources(name: str, value: Any, path: Path) -> list[Source]:
    entries = value if isinstance(value, list) else [value]
    if all(isinstance(entry, dict) for entry in entries):
        return [_source(name, entry, path) for entry in entries]
    raise _wrong(path, name, f"is {value!r:.60}, not tables")


def _source(name: str, entry: dict[str, Any], path: Path) -> Source:
    kinds = [KINDS[field] for field in KINDS if field in entry]
    if not kinds and any(isinstance(inner, dict | list) for inner in entry.values()):
        raise _wrong(path, name, "is divided by a dot: put the whole name in quotation marks")
    if len(kinds) != 1:
        raise _wrong(path, name, "does not say one of repo, url, path and package")
    (kind,) = kinds
    fields = [field for field in dataclasses.fields(kind) if field.name != "sha256_prefix"]
    needed = [f.name for f in fields if f.default is dataclasses.MISSING] + ["sha256"]
    missing = [field for field in needed if field not in entry]
    unknown = [field for field in entry if field not in {f.name for f in fields}]
    if missing or unknown:
        found = f"lacks {', '.join(missing)}" if missing else f"has unknown {', '.join(unknown)}"
        raise _wrong(path, name, found)
    for field, text in entry.items():
        if not isinstance(text, str) or not text:
            raise _wrong(path, name, f"has {field} = {text!r:.40}, which is not text")
        if field.endswith("sha256"):
            entry[field] = cache.checked_sha256(text, of=f"{name} in {path}")
    if kind is FileSource:  # as seen from the file that names it
        entry["path"] = str(path.parent / Path(entry["path"]).expanduser())
    return kind(**entry)


def _wrong(path: Path, name: str, found: str) -> WeightsError:
    return WeightsError(
        f"In {path}, {name!r} {found}.",
        expected="repo, file, revision; url; path; or package, version, wheel_sha256, member; "
        "and sha256 in each",
        fix=f'write, for example:\n  [["{name}"]]\n  url = "https://mirror.example.org/{name}.pt"\n'
        '  sha256 = "64 hex digits, from sha256sum"\ndocs/pretrained.md shows the other kinds',
    )
