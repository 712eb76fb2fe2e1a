"""The language reference that Python carries for its `help()`: about 60 texts of English prose."""

import hashlib
import sys
from collections import defaultdict

from zoo.catalog.datasets import DATASETS
from zoo.columns import Text
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

_CARD = next(card for card in DATASETS if card.name == "pydoc")
_SHARED_CHARACTERS = 80  # two topics do not share a paragraph of this length by chance
# Never changed: a result is only comparable on the same split. Of the topics that share nothing,
# a fifth each, so that validation and test hold about a tenth of all characters.
_SEED = 50
_TEST_SHARE = 0.2
_VALIDATION_SHARE = 0.2


def load() -> Dataset:
    """Return the topics of `pydoc_data.topics` as documents for language modelling.

    Some topics repeat others ("compound" holds "for", "if" and "while"). A topic that is contained
    whole in a longer one is left out; topics that share a paragraph go to train together. Each of
    the others is placed by a hash of its name: in every process, and in every version of Python,
    a topic is in the same split, though its text is that of the running version.

    Returns:
        text str, blanks at line ends removed; no labels; splits "train", "validation", "test".

    Raises:
        DataError: this Python lacks the topics.

    >>> sorted(load().splits)
    ['test', 'train', 'validation']
    """
    try:
        from pydoc_data.topics import topics  # half a megabyte that listing must not read
    except ImportError as error:
        raise DataError(
            "This Python lacks the topics of its manual (pydoc_data.topics).",
            expected="a complete standard library",
            fix="use Python from python.org, conda or the system's full package",
        ) from error
    texts = {name: _clean(text) for name, text in topics.items()}
    kept = _without_contained(texts)
    sharing = _sharing(kept, texts)
    members: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for name in sorted(kept):
        members["train" if name in sharing else _place(name)].append(name)
    version = ".".join(map(str, sys.version_info[:3]))
    return Dataset(
        name="pydoc",
        splits={
            split: Split({"text": [texts[name] for name in names]}, names=names)
            for split, names in members.items()
        },
        features={"text": Text()},
        classes=(),
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            f"The text is that of Python {version}; other versions differ in wording.",
            f"The splits are kerazoo's own, by a hash of the topic's name, seed {_SEED}; topics that "
            "share a paragraph are in train, and one contained in another is left out.",
        ),
    )


def _clean(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().split("\n"))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _without_contained(texts: dict[str, str]) -> list[str]:
    """Return the names of topics whose text below the title is in no longer topic."""
    kept: list[str] = []
    flat = {name: _flat(text) for name, text in texts.items()}
    for name in sorted(texts, key=lambda name: (-len(flat[name]), name)):
        body = _flat(texts[name].split("\n\n", 1)[-1])
        if not any(body in flat[other] for other in kept):
            kept.append(name)
    return kept


def _sharing(names: list[str], texts: dict[str, str]) -> set[str]:
    """Return the names of topics that have a paragraph in common with another."""
    places = defaultdict(set)
    for name in names:
        for paragraph in map(_flat, texts[name].split("\n\n")):
            if len(paragraph) >= _SHARED_CHARACTERS:
                places[paragraph].add(name)
    return {name for found in places.values() if len(found) > 1 for name in found}


def _place(name: str) -> str:
    digest = hashlib.sha256(f"pydoc {_SEED}: {name}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    if share < _VALIDATION_SHARE:
        return "validation"
    return "test" if share < _VALIDATION_SHARE + _TEST_SHARE else "train"
