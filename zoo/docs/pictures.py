"""The pictures of the models in docs/figures, and which of them are out of date.

A picture is drawn by matplotlib, whose versions differ in small ways. So it states the digest of its
numbers and of the program that drew it, and only these are compared. That takes neither matplotlib
nor TensorFlow.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from zoo.docs.dots import models, published

FOLDER = Path(__file__).parents[2] / "docs" / "figures"
NAMES = ("models", "published")


def stale() -> list[Path]:
    """Return the pictures whose numbers or program have changed since they were drawn."""
    return [path for path in map(_path, NAMES) if not _is_current(path)]


def draw(path: Path) -> str:
    """Return a picture of `NAMES` as SVG, drawn anew."""
    from zoo.docs import drawing

    return f"{drawing.DRAWERS[path.stem]()}<!-- of {digest()} -->\n"


def digest() -> str:
    """Return the SHA-256 of what the pictures show and of the program that draws them."""
    dots = [asdict(dot) for dot in (*models(), *published())]
    program = Path(__file__).with_name("drawing.py").read_text(encoding="utf-8")
    return hashlib.sha256(f"{json.dumps(dots)}\n{program}".encode()).hexdigest()


def _path(name: str) -> Path:
    return FOLDER / f"{name}.svg"


def _is_current(path: Path) -> bool:
    if not path.is_file():
        return False
    return path.read_text(encoding="utf-8").endswith(f"<!-- of {digest()} -->\n")
