"""The inputs of `zoo predict` and `zoo embed`, from words of the command line and standard input."""

import sys
from pathlib import Path

from zoo.errors import DataError
from zoo.files import as_path


def inputs_of(given: list[str], *, texts: bool) -> list[str | Path]:
    """Return paths, and - as the lines of standard input; for text models, other words as texts.

    Raises:
        DataError: standard input holds nothing.
    """
    items: list[str | Path] = []
    for word in given:
        if word == "-":
            items += _lines(texts=texts)
        elif texts and not _is_path(word):
            items.append(word)
        else:
            items.append(as_path(word))
    return items


def _lines(*, texts: bool) -> list[str | Path]:
    """Return the texts or paths on standard input, one for each line that is not blank."""
    lines = [line.rstrip("\r\n") for line in sys.stdin]
    found = [line for line in lines if line.strip()]
    if not found:
        raise DataError(
            f"Standard input held no {'text' if texts else 'path'}.",
            fix=f"give one {'text' if texts else 'path'} per line",
        )
    return found if texts else [as_path(line) for line in found]


def _is_path(word: str) -> bool:
    from recipes.runs.inputs import looks_like_a_path

    return _exists(word) or looks_like_a_path(word)


def _exists(word: str) -> bool:
    try:
        return bool(word) and Path(word).expanduser().exists()
    except (OSError, ValueError):  # longer than a file's name may be, or with a NUL
        return False
