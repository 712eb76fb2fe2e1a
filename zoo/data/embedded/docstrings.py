"""Docstrings of Python's standard library, labelled by the module that they are from."""

import ast
import hashlib
import re
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Label, Text
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError

# Modules with 80 docstrings or more that every installation has (tkinter is often left out).
MODULES = (
    "asyncio",
    "decimal",
    "email",
    "http",
    "importlib",
    "inspect",
    "ipaddress",
    "logging",
    "mailbox",
    "multiprocessing",
    "tarfile",
    "turtle",
    "typing",
    "unittest",
    "urllib",
    "xml",
)
MASK = "MODULE"

_CARD = next(card for card in DATASETS if card.name == "docstrings")
_SOURCES = {"decimal": "_pydecimal"}  # decimal itself only picks between this and its C form
_LEAST_WORDS = 5
_TEST_SHARE = 0.2
_SEED = 0  # never changed: a result is only comparable on the same split
_NAMES = re.compile(rf"\b({'|'.join(MODULES)})\b")


def load() -> Dataset:
    """Return docstrings of functions, methods and classes with their top-level module as class.

    The sources are parsed, never imported. The modules' names would give the answer away: each, as
    it is written in an import, is replaced by MODULE in every text ("XML" and "Decimal" stay). Left
    out are texts of fewer than five words, repetitions within a module, and texts of two modules.
    A hash of the text places it, so that in every process and every version of Python the same
    text is in the same split; about a fifth of each class is the test split.

    Returns:
        text str, label 0..15; splits "train" and "test", no "validation".

    Raises:
        DataError: this Python lacks the sources of its library.

    >>> load().classes[:3]
    ('asyncio', 'decimal', 'email')
    """
    library = Path(sysconfig.get_path("stdlib"))
    found: dict[str, dict[str, str]] = {}  # module to text to place
    modules = defaultdict(set)
    for module in MODULES:
        texts: dict[str, str] = {}
        for place, docstring in _docstrings(library, module):
            text = _NAMES.sub(MASK, docstring)
            if len(text.split()) >= _LEAST_WORDS:
                texts.setdefault(text, place)
                modules[_key(text)].add(module)
        found[module] = texts
    members: dict[str, list[tuple[str, int, str]]] = {"train": [], "test": []}
    for label, module in enumerate(MODULES):
        seen = set()
        for text, place in found[module].items():
            key = _key(text)
            if len(modules[key]) == 1 and key not in seen:
                members[_place(key)].append((text, label, place))
                seen.add(key)
    version = ".".join(map(str, sys.version_info[:3]))
    return Dataset(
        name="docstrings",
        splits={name: _split(examples) for name, examples in members.items()},
        features={"text": Text(), "label": Label()},
        classes=MODULES,
        licence=_CARD.licence,
        source="embedded",
        homepage=_CARD.homepage,
        notes=(
            f"The docstrings are those of Python {version}; other versions differ.",
            f"The test split is kerazoo's own: by a hash of the text, {_TEST_SHARE:.0%}, seed {_SEED}.",
            f"Names of the modules are replaced by {MASK}; methods of one class often resemble one "
            "another, and may be in train and test.",
        ),
    )


def _docstrings(library: Path, module: str) -> Iterator[tuple[str, str]]:
    """Yield place ("http/client.py:251") and docstring in the order of the sources."""
    source = _SOURCES.get(module, module)
    folder, file = library / source, library / f"{source}.py"
    paths = sorted(folder.rglob("*.py")) if folder.is_dir() else [file] if file.is_file() else []
    if not paths:
        raise DataError(
            f"This Python lacks the source of its module {module}.",
            expected=f"{file} or a folder {folder} of .py files",
            fix="use Python from python.org, conda or the system's full package",
        )
    for path in paths:
        relative = path.relative_to(library)
        if {"test", "tests"} & set(relative.parts):  # unittest's own, in some versions
            continue
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        nodes = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, kinds)]
        for node in sorted(nodes, key=lambda node: node.lineno):
            docstring = ast.get_docstring(node)
            if docstring:
                yield f"{relative.as_posix()}:{node.lineno}", docstring


def _key(text: str) -> str:
    """Return a key that is equal for texts that differ only in spaces and case."""
    return " ".join(text.lower().split())


def _place(key: str) -> str:
    digest = hashlib.sha256(f"docstrings {_SEED}: {key}".encode()).digest()
    return "test" if int.from_bytes(digest[:8], "big") / 2**64 < _TEST_SHARE else "train"


def _split(examples: list[tuple[str, int, str]]) -> Split:
    texts, labels, places = zip(*examples, strict=True)
    return Split({"text": list(texts), "label": np.array(labels, "int64")}, names=list(places))
