"""The kinds of files in a folder: images, sounds, texts; and how each becomes a column."""

import abc
import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, final

import numpy as np

from zoo.catalog.tasks import IMAGE_SIZE
from zoo.columns import Audio, Column, Image, Text
from zoo.columns.readers import formats, images, texts
from zoo.errors import DataError

SUFFIXES = (*formats.IMAGES, *formats.SOUNDS, *formats.TEXTS)
ARRAY_LIMIT_BYTES = 1_000_000_000  # decoded values are kept in memory up to this
LARGE_SIDE = 512  # pixels; larger images of one size are rarely meant to be trained on whole

Values = np.ndarray | list[Any]
Decode = Callable[[Path], np.ndarray] | None


class Kind(abc.ABC):
    """One kind of file.

    Attributes:
        column: of the examples.
        word: plural name of the examples.
        suffixes: of the files, in lower case.
    """

    column: str
    word: str
    suffixes: tuple[str, ...]

    @abc.abstractmethod
    def header(self, path: Path, *, whole: bool) -> Any:
        """Return what must be known of every file; with `whole`, make sure that all is sound.

        Raises:
            DataError: it cannot be read.
        """

    @abc.abstractmethod
    def feature(self, headers: Sequence[Any]) -> Column:
        """Return the type of the column that these files make."""

    @abc.abstractmethod
    def values(
        self, paths: Sequence[Path], headers: Sequence[Any], feature: Column, *, in_memory: bool
    ) -> tuple[Values, Decode]:
        """Return the stored column, and the function that decodes a value where that is needed."""

    @abc.abstractmethod
    def size_bytes(self, headers: Sequence[Any], feature: Column) -> int | None:
        """Return the size of all decoded values; None where they are to stay files."""

    def note(self, headers: Sequence[Any], feature: Column) -> str:
        """Return notes on these files for readers of a result."""
        return ""


@final
class Images(Kind):
    """Image files; a header is the shape (H, W, C)."""

    column, word, suffixes = "image", "images", formats.IMAGES

    def header(self, path: Path, *, whole: bool) -> tuple[int, ...]:
        shape = images.image_shape(path)
        if whole:
            images.read_image(path)
        return shape

    def feature(self, headers: Sequence[tuple[int, ...]]) -> Column:
        heights, widths, channels = (set(axis) for axis in zip(*headers, strict=True))
        height = heights.pop() if len(heights) == 1 else None
        width = widths.pop() if len(widths) == 1 else None
        return Image((height, width, max(channels)))

    def size_bytes(self, headers: Sequence[tuple[int, ...]], feature: Column) -> int | None:
        return None if None in feature.shape else len(headers) * int(np.prod(feature.shape))

    def values(
        self, paths: Sequence[Path], headers: Sequence[Any], feature: Column, *, in_memory: bool
    ) -> tuple[Values, Decode]:
        decode = partial(images.read_image, channels=feature.shape[-1])
        if not in_memory:
            return list(paths), decode
        column = np.empty((len(paths), *feature.shape), dtype="uint8")
        for image, path in zip(column, paths, strict=True):  # no second copy of all of them
            image[...] = decode(path)
        return column, None

    def note(self, headers: Sequence[tuple[int, ...]], feature: Column) -> str:
        if None not in feature.shape:
            height, width = feature.shape[:2]
            if max(height, width) <= LARGE_SIDE:
                return ""
            return (
                f"Every image is {width} x {height} pixels, and a model takes it at that size. "
                f"Set task.arguments.image_size={IMAGE_SIZE} (or another size) to train on less."
            )
        sizes = sorted({(height * width, width, height) for height, width, _ in headers})
        (_, *least), (_, *most) = sizes[0], sizes[-1]
        return (
            f"Images differ in size ({len(sizes)} sizes, {least[0]} x {least[1]} to "
            f"{most[0]} x {most[1]} pixels), so each is resized for a model: to "
            f"task.arguments.image_size, or to {IMAGE_SIZE} x {IMAGE_SIZE} where that is not set."
        )


@final
class Sounds(Kind):
    """Audio files; a header is (samples, rate in Hz)."""

    column, word, suffixes = "audio", "sounds", formats.SOUNDS

    def header(self, path: Path, *, whole: bool) -> tuple[int, int]:
        from zoo.columns.readers.audio import audio_info, read_audio

        info = audio_info(path)
        if whole:
            read_audio(path)
        return info.samples, info.sample_rate_hz

    def feature(self, headers: Sequence[tuple[int, int]]) -> Column:
        rates = Counter(rate for _, rate in headers)
        usual = max(rates, key=lambda rate: (rates[rate], rate))  # of equally many, the higher
        return Audio(usual)

    def size_bytes(self, headers: Sequence[tuple[int, int]], feature: Column) -> int | None:
        seconds = sum(samples / rate for samples, rate in headers)
        return round(4 * seconds * feature.sample_rate_hz)

    def values(
        self, paths: Sequence[Path], headers: Sequence[Any], feature: Column, *, in_memory: bool
    ) -> tuple[Values, Decode]:
        decode = partial(_samples, sample_rate_hz=feature.sample_rate_hz)
        return (list(map(decode, paths)), None) if in_memory else (list(paths), decode)

    def note(self, headers: Sequence[tuple[int, int]], feature: Column) -> str:
        rates = Counter(rate for _, rate in headers)
        if len(rates) == 1:
            return ""
        found = ", ".join(f"{count} at {rate:,} Hz" for rate, count in sorted(rates.items()))
        usual = feature.sample_rate_hz
        others = len(headers) - rates[usual]
        return (
            f"Sample rates differ ({found}); {others} {'was' if others == 1 else 'were'} resampled "
            f"to {usual:,} Hz, the most frequent."
        )


@final
class Texts(Kind):
    """Plain texts, one per file; a header is the text itself."""

    column, word, suffixes = "text", "texts", formats.TEXTS

    def __init__(self, encoding: str = ""):
        self.encoding = encoding

    def header(self, path: Path, *, whole: bool) -> str:
        return texts.read_text(path, encoding=self.encoding).strip()

    def feature(self, headers: Sequence[str]) -> Column:
        return Text()

    def size_bytes(self, headers: Sequence[str], feature: Column) -> int | None:
        return 0  # they are in memory already

    def values(
        self, paths: Sequence[Path], headers: Sequence[Any], feature: Column, *, in_memory: bool
    ) -> tuple[Values, Decode]:
        return list(headers), None


def _samples(path: str | os.PathLike, *, sample_rate_hz: int) -> np.ndarray:
    from zoo.columns.readers.audio import read_audio

    return read_audio(path, sample_rate_hz=sample_rate_hz)[0]


def kind_of(files: Sequence[Path], *, encoding: str = "") -> Kind | None:
    """Return what these files are; None where none is of a known kind.

    Texts beside images or sounds (a readme, a list) are not examples.

    Raises:
        DataError: there are images and sounds.

    >>> kind_of([Path("a.WAV"), Path("notes.txt")]).word
    'sounds'
    """
    suffixes = Counter(path.suffix.lower() for path in files)
    kinds = (Images(), Sounds(), Texts(encoding))
    counts = [sum(suffixes[suffix] for suffix in kind.suffixes) for kind in kinds]
    if counts[0] and counts[1]:
        odd = kinds[0] if counts[0] < counts[1] else kinds[1]
        example = next(path for path in files if path.suffix.lower() in odd.suffixes)
        raise DataError(
            f"There are {counts[0]} images and {counts[1]} sounds, such as {example}.",
            expected="class folders that hold files of one kind",
            fix="move the others elsewhere",
        )
    return next((kind for kind, count in zip(kinds, counts, strict=True) if count), None)
