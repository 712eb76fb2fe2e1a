"""Examples to compare: of a data set, a folder or a table, at most so many, drawn at random."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recipes.drift.categories import Categories
from recipes.drift.images import Images
from recipes.drift.kind import Kind
from recipes.drift.numbers import Numbers
from recipes.drift.sounds import Sounds
from recipes.drift.texts import Texts
from zoo.columns import Audio, Column, Group, Image, Label, Number, Text, Transcript, Weight
from zoo.columns.readers import formats
from zoo.columns.readers.audio import read_audio
from zoo.columns.readers.images import read_image
from zoo.columns.readers.texts import read_text
from zoo.data import layout
from zoo.data.load import folder_of
from zoo.data.rows import read_rows
from zoo.errors import DataError

FEWEST = 20  # examples of a sample
FOLDER = "folder"  # column of the sub-folder that a file lies in


@dataclass(frozen=True)
class Sample:
    """One of two samples.

    Attributes:
        name: as it was given.
        cells: column name to values, None where one is absent; all of one length.
        kinds: what each column holds; columns of a table are decided together with the other's.
        examples: that there are, of which `cells` may hold fewer.
        notes: what a reader must know.
    """

    name: str
    cells: Mapping[str, Sequence[Any]]
    kinds: Mapping[str, Kind]
    examples: int
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return max(map(len, self.cells.values()), default=0)


def sample(name: str, *, most: int, seed: int, data_dir: str | None = None) -> Sample:
    """Read a sample.

    Args:
        name: of a data set, whose splits are joined; a folder with files of one kind at any depth, or
            with tables; or a table with any columns.
        most: examples that are drawn.
        seed: of the draw.
        data_dir: folder of TFDS data.

    Raises:
        UnknownNameError, DataError: there is nothing of that name, or fewer than `FEWEST` examples.
    """
    place = folder_of(name)
    if place is None and Path(name).suffix.lower() in formats.TABLES:
        raise DataError(f"There is no file {name}.", fix="check the path")
    if place is None:
        found = _of_dataset(name, most, seed, data_dir)
    elif not place.exists():
        raise DataError(f"There is no folder or file {name}.", fix="check the path")
    elif place.is_dir() and not any(_is_table(path) for path in layout.inside(place)):
        found = _of_folder(name, place, most, seed)
    else:
        found = _of_tables(name, place, most, seed)
    if len(found) < FEWEST:
        raise DataError(
            f"{name} has {len(found)} examples that can be read, too few to compare.",
            expected=f"{FEWEST} or more",
            fix="add examples",
        )
    return found


def _chosen(count: int, most: int, seed: int) -> np.ndarray:
    places = np.random.default_rng(seed).permutation(count)[:most]
    return np.sort(places)


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in formats.TABLES


def _sound(column: Column, value: Any) -> Any:
    return (np.asarray(value), column.sample_rate_hz)


# type of column: what is compared of it, and its value for that
_TYPES: dict[type[Column], tuple[Kind, Callable[[Any, Any], Any]]] = {
    Image: (Images(), lambda column, value: value),
    Audio: (Sounds(), _sound),
    Text: (Texts(), lambda column, value: value),
    Transcript: (Texts(), lambda column, value: value),
    Number: (Numbers(), lambda column, value: float(value)),
    Weight: (Numbers(), lambda column, value: float(value)),
    Group: (Categories(), lambda column, value: str(value)),
}


def _of_dataset(name: str, most: int, seed: int, data_dir: str | None) -> Sample:
    from zoo.data.dataset import joined
    from zoo.data.load import load_dataset

    dataset = load_dataset(name, data_dir=data_dir)
    whole = joined(dataset.splits.values())
    split = whole.take(_chosen(len(whole), most, seed))
    known = {key: column for key, column in dataset.features.items() if type(column) in _TYPES}
    cells: dict[str, list[Any]] = {key: [] for key in known}
    labels = [key for key, column in dataset.features.items() if isinstance(column, Label)]
    cells |= {key: [] for key in labels}
    for index in range(len(split)):
        example = split[index]
        for key, column in known.items():
            value = example.get(key)
            cells[key].append(None if value is None else _TYPES[type(column)][1](column, value))
        for key in labels:
            cells[key].append(dataset.classes[int(example[key])])
    kinds: dict[str, Kind] = {key: _TYPES[type(column)][0] for key, column in known.items()}
    kinds |= {key: Categories() for key in labels}
    left = [key for key in dataset.features if key not in kinds]
    notes = [f"{name}: {', '.join(left)} cannot be compared."] if left else []
    return Sample(name, cells, kinds, len(whole), notes)


# files of a kind: what is compared of them, and how one is read
_FILES: tuple[tuple[tuple[str, ...], str, Kind, Callable[[Path], Any]], ...] = (
    (formats.IMAGES, Image.kind, Images(), read_image),
    (formats.SOUNDS, Audio.kind, Sounds(), lambda path: _heard(path)),
    (formats.TEXTS, Text.kind, Texts(), read_text),
)


def _heard(path: Path) -> tuple[np.ndarray, int]:
    return read_audio(path)[:2]


def _of_folder(name: str, place: Path, most: int, seed: int) -> Sample:
    files = layout.files_below(place)
    suffixes = [path.suffix.lower() for path in files]
    held = next((each for each in _FILES if set(each[0]) & set(suffixes)), None)
    if held is None:
        raise DataError(
            f"{name} holds no images, sounds, texts or tables.",
            expected="a folder with files of one kind, at any depth; or a table",
            fix="give another folder",
        )
    endings, column, kind, read = held
    own = [file for file, suffix in zip(files, suffixes, strict=True) if suffix in endings]
    notes: list[str] = []
    chosen = [own[i] for i in _chosen(len(own), most, seed)]
    folders = [_folder(file, place) for file in chosen]
    values = [_read(file, read, notes) for file in chosen]
    kept = [i for i, value in enumerate(values) if value is not None]
    cells: dict[str, list[Any]] = {column: [values[i] for i in kept]}
    kinds: dict[str, Kind] = {column: kind}
    if any(folders):
        cells[FOLDER], kinds[FOLDER] = [folders[i] for i in kept], Categories()
    return Sample(name, cells, kinds, len(own), _counted(name, notes))


def _folder(file: Path, place: Path) -> str:
    """Return the class folder of a file: the innermost, if that is not a split."""
    inner = file.relative_to(place).parts[:-1]
    return inner[-1] if inner and inner[-1].lower() not in layout.SPLITS else ""


def _read(file: Path, read: Callable[[Path], Any], notes: list[str]) -> Any:
    try:
        return read(file)
    except DataError as error:
        notes.append(error.problem)
        return None


def _counted(name: str, problems: Sequence[str]) -> list[str]:
    if not problems:
        return []
    return [f"{name}: {len(problems)} file(s) that cannot be read were left out: {problems[0]}"]


def _of_tables(name: str, place: Path, most: int, seed: int) -> Sample:
    tables = [place] if place.is_file() else [p for p in layout.inside(place) if _is_table(p)]
    rows, problems = [], []
    for table in tables:
        for _, row in read_rows(table)[1]:
            if isinstance(row, DataError):
                problems.append(row.problem)
            else:
                rows.append((table.parent, row))
    chosen = [rows[i] for i in _chosen(len(rows), most, seed)]
    columns = dict.fromkeys(key for _, row in chosen for key in row)
    cells: dict[str, list[Any]] = {key: [row.get(key) for _, row in chosen] for key in columns}
    kinds: dict[str, Kind] = {}
    for key, values in cells.items():
        held = _of_files([folder for folder, _ in chosen], values, problems)
        if held:
            kinds[key], cells[key] = held
    return Sample(name, cells, kinds, len(rows), _counted(name, problems))


def _of_files(
    folders: Sequence[Path], values: Sequence[Any], problems: list[str]
) -> tuple[Kind, list[Any]] | None:
    """Return the files that the cells of a table name, where more than half of them name one."""
    for suffixes, _, kind, read in _FILES:
        named = [
            folder / value
            if isinstance(value, str) and Path(value).suffix.lower() in suffixes
            else None
            for folder, value in zip(folders, values, strict=True)
        ]
        there = [path if path is not None and path.is_file() else None for path in named]
        if sum(path is not None for path in there) > len(values) / 2:
            return kind, [None if p is None else _read(p, read, problems) for p in there]
    return None
