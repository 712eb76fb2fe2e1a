"""The tokenizer beside published weights: fetched, added, and read as a state.

It is kept in the cache as a weight of the name NAME.tokenizer is, and removed with the weights.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from zoo.cards import (
    FileSource,
    HubSource,
    PretrainedCard,
    PublishedTexts,
    Source,
    UrlSource,
)
from zoo.errors import DataError, WeightsError, command
from zoo.pretrained import cache, sources
from zoo.published_tokenizer import MAX_BYTES, PublishedTokenizer, wordpiece

ENDING = ".tokenizer"
FILES = ("tokenizer.json", "vocab.txt")


def state_of(
    published: PretrainedCard,
    *,
    offline: bool = False,
    progress: Callable[[int, int | None], Any] | None = None,
) -> dict[str, Any]:
    """Return the state of the tokenizer of published weights, which is fetched unless it is cached.

    Args:
        published: of texts.
        offline, progress: as `zoo.pretrained.sources.fetch`.

    Raises:
        WeightsError: no source has it, or it is not a tokenizer.
    """
    how = {"offline": offline, "progress": progress}
    path = sources.fetch(published.name + ENDING, published.texts.tokenizer, **how)
    return read_state(path, published.texts)


def pull(published: PretrainedCard | None, *, offline: bool = False) -> None:
    """Fetch the tokenizer of published weights into the cache; nothing for weights without texts."""
    if published is not None and published.texts is not None:
        state_of(published, offline=offline)


def add(published: PretrainedCard, place: Path) -> Path | None:
    """Copy the tokenizer that lies beside weights into the cache; return its place there.

    Args:
        published: of texts.
        place: the folder of the weights, or a file in it.

    Returns:
        None where the cache has one already and the folder none.

    Raises:
        WeightsError: there is none, it is not a tokenizer, or another one than the sources state.
    """
    folder = place if place.is_dir() else place.parent
    stated = {_file_name(source) for source in published.texts.tokenizer}
    found = [folder / name for name in sorted(FILES, key=lambda name: name not in stated)]
    file = next((path for path in found if path.is_file()), None)
    name = published.name + ENDING
    if file is None:
        if cache.cached(name):
            return None
        raise WeightsError(
            f"{folder} holds no tokenizer; {published.name} takes texts.",
            expected=f"{' or '.join(FILES)} beside the weights",
            fix=f"put it there, then: {command('zoo', 'weights', 'add', published.name, folder)}",
        )
    read_state(file, published.texts)
    digest = cache.digest_at(file)
    known = {source.sha256 for source in published.texts.tokenizer if source.sha256}
    if known and file.name in stated and digest not in known:
        raise WeightsError(
            f"{file} has the SHA-256 {digest}; it is not that of {published.name}.",
            expected=" or ".join(sorted(known)),
            fix="get the file that the authors published",
        )
    pinned = digest in known
    with cache.held(name), file.open("rb") as stream:
        origin = {"kind": "added", "file": file.name}
        part = cache.part_of(name, origin)
        digest = cache.copied(stream, part, max_bytes=MAX_BYTES)
        return cache.adopt(name, part, digest, origin=origin, pinned=pinned)


def _file_name(source: Source) -> str:
    if isinstance(source, HubSource):
        return Path(source.file).name
    if isinstance(source, UrlSource):
        return Path(urlsplit(source.url).path).name
    return Path(source.path if isinstance(source, FileSource) else source.member).name


def read_state(path: Path, texts: PublishedTexts) -> dict[str, Any]:
    """Return the state of a tokenizer from its file, whose form its first sign tells.

    Raises:
        WeightsError: it cannot be read, or is not a tokenizer.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"It has more than {MAX_BYTES:,} bytes.")
        text = path.read_text(encoding="utf-8")
        if not text.lstrip().startswith("{"):
            words = text.split("\n")
            words = words[:-1] if words[-1] == "" else words
            text = wordpiece([word.rstrip("\r") for word in words], lowercase=texts.lowercase)
        return PublishedTokenizer(text).to_dict()
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read: {error}.", fix="check the path") from error
    except DataError as error:
        raise WeightsError(
            f"{path} is not a tokenizer: {error.problem}",
            expected=error.expected,
            fix="get the file from the place that published the weights",
        ) from error
