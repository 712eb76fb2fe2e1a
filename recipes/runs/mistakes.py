"""The examples that a model answered wrongly, as files to look at and to listen to."""

import csv
import io
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recipes.runs.predictions import rows
from recipes.runs.scored import Scored
from zoo.columns import Audio, Column, Image, Text
from zoo.columns.assets import Assets
from zoo.columns.readers import formats
from zoo.columns.readers.audio import write_wav
from zoo.columns.readers.images import write_png
from zoo.errors import ArgumentError, RunError
from zoo.files import make_folder, write_text

MOST = 100  # files that are written, unless another number is given
LIST = "mistakes.csv"
_LONGEST = 60  # characters of each part of a file's name
Writer = Callable[[Path, Any, Any], None]


def check_mistakes(folder: Path, assets: Assets) -> None:
    """Check, before anything is computed, that mistakes can be saved in a folder.

    Raises:
        ArgumentError: the model does not choose one of several classes, or takes no files.
        RunError: the folder is not empty, or is a file.
    """
    if not assets.label:
        raise ArgumentError(
            "Mistakes are saved for models that choose one of several classes.",
            fix="leave --save-mistakes out; --predictions writes every answer",
        )
    kinds = [column.word for column in assets.x.values() if _writer(column) is None]
    if kinds:
        raise ArgumentError(
            f"Examples of {', '.join(kinds)} cannot be saved as files.",
            expected="a model of images, sounds or texts",
            fix="leave --save-mistakes out; --predictions writes every answer",
        )
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(
            f"{folder} is {'a file' if folder.is_file() else 'not empty'}; nothing was written.",
            expected="a new or empty folder",
            fix="give another --save-mistakes",
        )


def save_mistakes(folder: Path, scored: Scored, assets: Assets, *, most: int = MOST) -> int:
    """Write examples that were answered wrongly, the most confident first.

    A file is named LABEL-as-ANSWER-NAME: the true class, the answer, and the example's own name.
    `mistakes.csv` lists them in order, with the probability of the answer.

    Args:
        folder: new or empty.
        scored: predictions and truths.
        assets: inputs and classes.
        most: files at most; the surest mistakes are kept.

    Returns:
        Number of mistakes among all examples, of which `most` are written.
    """
    answered = rows(scored, assets)
    wrong = [i for i, row in enumerate(answered) if row["label"] != row["answer"]]
    wrong.sort(key=lambda i: (-answered[i]["probability"], i))
    make_folder(folder)
    listed, taken = [], set()
    for i in wrong[:most]:
        row = answered[i]
        stem = _stem(row["label"], row["answer"], row["name"], taken)
        files = _write(folder, stem, scored.found.split[i], assets.x)
        told = {name: row[name] for name in ("name", "label", "answer", "probability")}
        listed.append({"file": ";".join(files)} | told)
    buffer = io.StringIO()
    columns = ("file", "name", "label", "answer", "probability")
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    write_text(folder / LIST, buffer.getvalue())
    return len(wrong)


def _stem(label: str, answer: str, name: str, taken: set[str]) -> str:
    """Return a file's name without its ending that no other has, also where case does not count."""
    place = Path(name)
    known = (*formats.IMAGES, *formats.SOUNDS, *formats.TEXTS)
    bare = place.with_suffix("") if place.suffix.lower() in known else place
    stem = f"{_safe(label)}-as-{_safe(answer)}-{_safe(str(bare))}"
    number, found = 1, stem
    while found.lower() in taken:
        number += 1
        found = f"{stem}-{number}"
    taken.add(found.lower())
    return found


def _safe(words: str) -> str:
    """Return words as a part of a file's name; the end of long ones is kept.

    >>> _safe("../a cat/1")
    'a_cat_1'
    """
    return re.sub(r"[^\w.-]+", "_", words).strip("._-")[-_LONGEST:] or "_"


def _write(
    folder: Path, stem: str, example: Mapping[str, Any], columns: Mapping[str, Column]
) -> list[str]:
    """Write each input of an example that is there; return the names of the files."""
    files = []
    for name, column in columns.items():
        value = example.get(column.source or name)
        if value is None:
            continue
        ending, write = _writer(column)
        beyond = f"-{_safe(name)}" if len(columns) > 1 else ""
        file = folder / f"{stem}{beyond}{ending}"
        write(file, value, column)
        files.append(file.name)
    return files


def _writer(column: Column) -> tuple[str, Writer] | None:
    """Return the ending and the function that write a value; None where a type has neither."""
    for kind, writer in _WRITERS.items():
        if isinstance(column, kind):
            return writer
    return None


def _write_image(path: Path, value: Any, column: Column) -> None:
    write_png(path, np.asarray(value))


def _write_sound(path: Path, value: Any, column: Any) -> None:
    rate = column.data_rate_hz or column.sample_rate_hz
    write_wav(path, np.clip(value, -1, 1), sample_rate_hz=rate)


def _write_words(path: Path, value: Any, column: Column) -> None:
    write_text(path, str(value))


_WRITERS: Mapping[type[Column], tuple[str, Writer]] = {
    Image: (".png", _write_image),
    Audio: (".wav", _write_sound),
    Text: (".txt", _write_words),
}
