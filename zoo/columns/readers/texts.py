"""Text files to strings: UTF-8, UTF-16 by its mark, any other encoding where it is named."""

import codecs
import os
from pathlib import Path

from zoo.errors import ArgumentError, DataError, nearest

TEXT_LIMIT_BYTES = 1_000_000_000  # of a file; as many as an array of images may take

_ENCODINGS = ("utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030", "euc_kr", "cp1251")
_MARKS = (  # the longer ones first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_text(path: str | os.PathLike, *, encoding: str = "") -> str:
    r"""Read a text file; every line ends in "\n", whichever system wrote it.

    Args:
        path: of the file.
        encoding: by Python's name, such as "cp1252"; where it is empty, the byte order mark
            decides, and UTF-8 is taken where there is none.

    Raises:
        DataError: no such file, a folder, empty, too large, bytes that the encoding lacks (named by
            line), or NUL characters, which no text has.
        ArgumentError: no such encoding.

    >>> import tempfile; path = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = path.write_bytes("straße\r\n".encode("utf-16"))
    >>> read_text(path)
    'straße\n'
    """
    if encoding:
        check_encoding(encoding)
    raw = _bytes(Path(path))
    marked = next((name for mark, name in _MARKS if raw.startswith(mark)), "utf-8")
    if encoding and codecs.lookup(encoding).name == "utf-8":
        encoding = ""  # the mark is not part of the text
    try:
        text = raw.decode(encoding or marked)
    except UnicodeDecodeError as error:
        raise _undecoded(path, raw, error, encoding, marked) from error
    except UnicodeError as error:
        raise DataError(f"{path} is not {encoding} ({error}).", fix="try encoding=utf-8") from error
    text = text.lstrip("\ufeff")  # a second mark, of files that were saved twice
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError(f"{path} is empty.", expected="text", fix="fill it, or remove it")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            f"{path}, line {line} holds a NUL character, which no text has.",
            expected="text in UTF-8, or in UTF-16 with its byte order mark",
            fix="set encoding=utf-16-le where it is UTF-16 without a mark, or save it as UTF-8",
        )
    return text


def check_encoding(encoding: str) -> None:
    """Raise ArgumentError unless this is a text encoding that Python knows."""
    try:
        b" ".decode(encoding, errors="replace")
    except (LookupError, UnicodeError, ValueError, TypeError) as error:
        near = nearest(str(encoding), _ENCODINGS)
        raise ArgumentError(
            f"There is no text encoding {encoding!r}.",
            expected=f"nearest: {', '.join(near)}" if near else f"such as {', '.join(_ENCODINGS)}",
            fix="leave encoding out where the text is UTF-8",
        ) from error


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a text file.", fix="give a file inside it")
    try:
        size = path.stat().st_size
        if size > TEXT_LIMIT_BYTES:
            raise DataError(
                f"{path} is too large to be read at once: {size:,} bytes.",
                expected=f"at most {TEXT_LIMIT_BYTES:,} bytes",
                fix="divide it into several files",
            )
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"There is no file {path}.", fix="check the path") from error
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror}).", fix="check its permissions"
        ) from error
    return raw


def _undecoded(
    path: str | os.PathLike, raw: bytes, error: UnicodeDecodeError, encoding: str, marked: str
) -> DataError:
    before = raw[: error.start].decode(encoding or marked, errors="replace")
    line = before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    fix = "name the right encoding, or save it as UTF-8"
    if not encoding:
        fix = "name its encoding, such as encoding=cp1252 (Windows, Europe), or save it as UTF-8"
    return DataError(
        f"{path}, line {line} is not {encoding or marked.removesuffix('-sig')}: "
        f"byte 0x{raw[error.start]:02x} ({error.reason}).",
        expected="text in UTF-8, or in UTF-16 with its byte order mark",
        fix=fix + " (in a recipe: data.arguments.encoding=cp1252)",
    )
