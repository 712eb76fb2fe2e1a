"""The images or sounds that the rows of a table name, or hold as bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zoo.columns import Column
from zoo.data import kinds
from zoo.data.cells import FILE
from zoo.data.rows import bad_row
from zoo.errors import DataError

_SHOWN = 3  # files that cannot be used, in a message
# How files begin, and the ending that says the same.
_BEGINNINGS = {
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"fLaC": ".flac",
    b"OggS": ".ogg",
    b"ID3": ".mp3",
    b"\xff\xfb": ".mp3",
}
_CONTAINERS = {b"WEBP": ".webp", b"WAVE": ".wav", b"AIFF": ".aif", b"AIFC": ".aifc"}

Rows = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class _Listed:
    """What a row names: a path, or the bytes of a file."""

    table: Path
    where: str
    row: Mapping[str, Any]
    column: str = FILE

    @property
    def absent(self) -> bool:
        return self.row[self.column] is None

    @property
    def source(self) -> Path | bytes:
        held = self.row[self.column]
        return held if isinstance(held, bytes) else self.table.parent / held

    @property
    def path(self) -> Path:
        """What tells its kind: the path, or one with the ending that its bytes have."""
        source = self.source
        return Path(f"content{suffix_of(source)}") if isinstance(source, bytes) else source

    @property
    def of_column(self) -> str:
        """Which column names it, where that is not the only one of files."""
        return "" if self.column == FILE else f" in the column {self.column}"

    @property
    def name(self) -> str:
        held = self.row[self.column]
        return "bytes" if isinstance(held, bytes) else held


@dataclass(frozen=True)
class ListedFiles:
    """The files of every split, of one kind, with what is known of each.

    Attributes:
        kind: of all of them.
        rows: split to ("line 7", values) of each example whose file can be used.
        sources: split to the path or the bytes of each; None where a row names no file.
        headers: split to what the kind knows of each, or None.
    """

    kind: kinds.Kind
    rows: Mapping[str, Rows]
    sources: Mapping[str, list[Path | bytes | None]]
    headers: Mapping[str, list[Any]]

    def read(self) -> tuple[Column, dict[str, tuple[Any, Any]], str]:
        """Return the column's type, by split its values and the function that decodes one (None where
        they are decoded), and a note for readers of a result.

        Raises:
            DataError: a file cannot be decoded.
        """
        every = [header for members in self.headers.values() for header in members]
        together = [header for header in every if header is not None]
        feature = self.kind.feature(together)
        size = self.kind.size_bytes(together, feature)
        in_memory = size is not None and size <= kinds.ARRAY_LIMIT_BYTES
        feature = replace(feature, optional=True) if len(together) < len(every) else feature
        values = {split: self._values(split, feature, in_memory) for split in self.sources}
        return feature, values, self.kind.note(together, feature)

    def _values(self, split: str, feature: Column, in_memory: bool) -> tuple[Any, Any]:
        """Return the values of a split and what decodes them; None stays where there is no file."""
        sources = self.sources[split]
        there = [source for source in sources if source is not None]
        headers = [header for header in self.headers[split] if header is not None]
        values, decode = self.kind.values(there, headers, feature, in_memory=in_memory)
        if len(there) < len(sources):
            held = iter(values)
            values = [None if source is None else next(held) for source in sources]
        return values, decode

    def only(self, rows: Mapping[str, Rows]) -> "ListedFiles":
        """Return the files of these rows, which are some of `rows`."""
        places = {
            split: {where: place for place, (where, _) in enumerate(self.rows[split])}
            for split in rows
        }
        sources, headers = (
            {split: [held[split][places[split][w]] for w, _ in rows[split]] for split in rows}
            for held in (self.sources, self.headers)
        )
        return ListedFiles(self.kind, rows, sources, headers)


def listed_files(
    tables: Mapping[str, Path],
    rows: Mapping[str, Rows],
    *,
    skipped: list[str] | None,
    column: str = FILE,
    kind: kinds.Kind | None = None,
) -> ListedFiles:
    """Look at the file of every row, in every split.

    Args:
        tables: split to the table that names its files.
        rows: split to ("line 7", values) of each example.
        skipped: takes the rows whose files cannot be used; None refuses them. All files are decoded
            once where it is a list.
        column: of the rows that holds a path or the bytes of a file; None where there is no file.
        kind: of the files; None takes it from their names.

    Raises:
        DataError: files are missing or cannot be read, or they are of several kinds; counts all of
            them and names the first.
    """
    found = {
        split: [_Listed(tables[split], where, row, column) for where, row in members]
        for split, members in rows.items()
    }
    every = [listed for members in found.values() for listed in members if not listed.absent]
    kind = kind or kinds.kind_of([listed.path for listed in every])
    faults: list[tuple[_Listed, DataError]] = []
    used: dict[str, list[tuple[_Listed, Any]]] = {}
    for split, members in found.items():
        used[split] = []
        for listed in members:
            try:
                used[split].append((listed, _header(listed, kind, whole=skipped is not None)))
            except DataError as error:
                faults.append((listed, error))
    empty = next((split for split, members in used.items() if not members), None)
    if kind is None or (faults and skipped is None) or empty:
        emptied = tables[empty] if empty else None
        faults = [fault for fault in faults if emptied in (None, fault[0].table)]
        raise _refused(faults, len(every), emptied)
    if skipped is not None:
        skipped += [f"{listed.table}, {listed.where}" for listed, _ in faults]
    return ListedFiles(
        kind,
        {
            split: [(listed.where, listed.row) for listed, _ in members]
            for split, members in used.items()
        },
        {
            split: [None if listed.absent else listed.source for listed, _ in members]
            for split, members in used.items()
        },
        {split: [header for _, header in members] for split, members in used.items()},
    )


def _header(listed: _Listed, kind: kinds.Kind | None, *, whole: bool) -> Any:
    """Return what must be known of a file, or None where there is none.

    Raises:
        DataError: it cannot be used; names the line.
    """
    if listed.absent:
        return None
    source, path = listed.source, listed.path
    suffixes = kind.suffixes if kind else kinds.SUFFIXES
    if isinstance(source, Path) and not source.is_file():
        problem = f"names the file {listed.name}{listed.of_column}, which does not exist"
        expected = f"paths from {listed.table.parent}"
        raise bad_row(listed.table, listed.where, problem, expected=expected)
    if path.suffix.lower() not in suffixes:
        told = "holds bytes" if isinstance(source, bytes) else f"names the file {listed.name}"
        word = kind.word if kind else "images, sounds or texts"
        problem = f"{told}{listed.of_column}, which is not a file of {word}"
        expected = f"files that end in {', '.join(suffixes)}"
        raise bad_row(listed.table, listed.where, problem, expected=expected)
    try:
        return kind.header(source, whole=whole)
    except DataError as error:
        problem = f"{listed.table}, {listed.where}: {error.problem}"
        fix = f"{error.fix}; --skip-corrupt (skip_corrupt=True) leaves such rows out"
        raise DataError(problem, expected=error.expected, fix=fix) from error


def _refused(
    faults: Sequence[tuple[_Listed, DataError]], count: int, emptied: Path | None
) -> DataError:
    """Return the error on files that cannot be used: the only one, or how many and the first.

    Args:
        faults: of each of them; at least one.
        count: of all files.
        emptied: the table that has no other; None where there is none.
    """
    first = faults[0][1]
    if len(faults) == 1 and not emptied:
        return first
    shown = ", ".join(f"{listed.where} ({listed.name})" for listed, _ in faults[:_SHOWN])
    more = f" and {len(faults) - _SHOWN:,} more" if len(faults) > _SHOWN else ""
    told = f"{len(faults):,} of the {count:,} files that {faults[0][0].table} names cannot be used"
    fix = "correct the paths or replace the files; --skip-corrupt (skip_corrupt=True) leaves such "
    fix += "rows out"
    if emptied:
        told = f"None of the {len(faults):,} files that {emptied} names can be used"
        fix = "correct the paths or replace the files; look at the first of them"
    return DataError(
        f"{told}: {shown}{more}. The first: {first.problem}", expected=first.expected, fix=fix
    )


def suffix_of(content: bytes) -> str:
    r"""Return the usual ending of a file's name by how it begins; empty where that is not known.

    >>> suffix_of(b"\x89PNG\r\n"), suffix_of(b"RIFF\0\0\0\0WAVE"), suffix_of(b"hello")
    ('.png', '.wav', '')
    """
    if content[:4] in (b"RIFF", b"FORM"):
        return _CONTAINERS.get(content[8:12], "")
    return next((end for start, end in _BEGINNINGS.items() if content.startswith(start)), "")
