"""Image files to arrays and back; axes H (height), W (width), C (channels)."""

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.columns.readers.formats import IMAGE_FORMATS
from zoo.errors import ArgumentError, DataError
from zoo.files import replacing

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
PIXEL_LIMIT = 80_000_000  # 240 MB as RGB; below Pillow's own warning at 89 million

_WEBP_COPIES = 2  # as much memory is taken as for other formats: 16 bytes per pixel, not 7
_ORIENTATION = 0x0112  # EXIF tag; 1 is upright
_SIDEWAYS = (5, 6, 7, 8)
_STORED = {  # a view of upright pixels (H, W, C) as the file has them, by orientation
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: np.rot90,
    7: lambda upright: upright[::-1, ::-1].swapaxes(0, 1),
    8: lambda upright: np.rot90(upright, -1),
}
_STRIP_PIXELS = 1_000_000  # converted at once
_GRAY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
# Modes whose values are numbers, and their type.
_NUMBERS = {"1": "uint8", "L": "uint8", "P": "uint8"}
_NUMBERS |= dict.fromkeys(("I;16", "I;16L", "I;16B", "I;16N"), "uint16") | {"I": "int32"}
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
# What Pillow's decoders raise on damaged files, found by cutting files short and flipping bytes.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    EOFError,
    LookupError,
    struct.error,
    zlib.error,
)
# Pillow says by a warning, too, what the error on a damaged TIFF says.
warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def read_image(
    source: str | os.PathLike | bytes,
    *,
    name: str | None = None,
    channels: int | None = None,
) -> np.ndarray:
    """Decode a PNG, JPEG, WebP, BMP, GIF or TIFF (first frame or page) as a person would see it.

    EXIF orientation is applied. Transparent pixels are laid over white, as most viewers do: the
    colour stored under them is arbitrary. CMYK becomes RGB, 16 bits become 8 by dropping the low
    byte, palettes become RGB. Besides the result, memory is taken for Pillow's own copy (4 bytes per
    pixel of colour) and little more.

    Args:
        source: a path, or the bytes of a file.
        name: what error messages call bytes.
        channels: 1 for gray (ITU-R 601 luma), 3 for RGB, None for what the file holds.

    Returns:
        uint8, (H, W, 1) or (H, W, 3), values 0..255.

    Raises:
        DataError: no such file, no image, cut short, or more than `PIXEL_LIMIT` pixels.

    >>> buffer = io.BytesIO(); Image.new("L", (3, 2), 7).save(buffer, "PNG")
    >>> read_image(buffer.getvalue()).shape
    (2, 3, 1)
    """
    if channels not in (None, 1, 3):
        raise ArgumentError(f"An image of {channels} channels was asked for.", expected="1 or 3")
    label = _label(source, name)
    with _opened(source, label) as picture:
        try:
            return _pixels(picture, channels or _channels(picture))
        except _DAMAGE as error:
            raise DataError(
                f"{label} is damaged or cut short ({error}).",
                expected=f"a whole {IMAGE_FORMATS} file",
                fix="copy it again from its source, or remove it",
            ) from error


def read_mask(source: str | os.PathLike | bytes, *, name: str | None = None) -> np.ndarray:
    """Decode a PNG, TIFF, BMP or GIF whose pixels are numbers of classes or objects.

    Args:
        source: a path, or the bytes of a file.
        name: what error messages call bytes.

    Returns:
        uint8, uint16 or int32 (H, W): gray values, or positions in the palette.

    Raises:
        DataError: no such file, no image, or one of colours, whose numbers nothing states.

    >>> buffer = io.BytesIO(); Image.new("P", (3, 2), 7).save(buffer, "PNG")
    >>> read_mask(buffer.getvalue()).tolist()
    [[7, 7, 7], [7, 7, 7]]
    """
    label = _label(source, name)
    with _opened(source, label) as picture:
        is_exact = picture.format in ("PNG", "TIFF", "BMP", "GIF")
        if picture.mode not in _NUMBERS or not is_exact:
            raise DataError(
                f"{label} is not a mask: {picture.format} of mode {picture.mode}.",
                expected="a PNG of gray values or of a palette, one number for each class",
                fix="map each colour to a number first; JPEG and WebP change numbers",
            )
        try:
            return np.asarray(picture).astype(_NUMBERS[picture.mode])
        except _DAMAGE as error:
            raise DataError(
                f"{label} is damaged or cut short ({error}).",
                expected="a whole PNG file",
                fix="copy it again from its source, or remove it",
            ) from error


def image_shape(source: str | os.PathLike | bytes, *, name: str | None = None) -> tuple[int, ...]:
    """Return the (H, W, C) that `read_image` would give, reading only the header.

    Raises:
        DataError: no such file, no image, or too large; damaged pixels are not noticed.
    """
    label = _label(source, name)
    with _opened(source, label) as picture:
        sideways = _orientation(picture) in _SIDEWAYS
        width, height = picture.size[::-1] if sideways else picture.size
        return height, width, _channels(picture)


def write_png(path: str | os.PathLike, image: np.ndarray) -> None:
    """Write uint8 pixels, (H, W), (H, W, 1) or (H, W, 3), as a PNG file, whole or not at all.

    Raises:
        ArgumentError: another type or shape.
    """
    image = np.asarray(image)
    flat = image[..., 0] if image.ndim == 3 and image.shape[-1] == 1 else image
    is_image = flat.ndim == 2 or (flat.ndim == 3 and flat.shape[-1] == 3)
    if image.dtype != np.uint8 or not is_image or not image.size:
        raise ArgumentError(
            f"An array of {image.dtype} and shape {image.shape} cannot be written as {path}.",
            expected="uint8 of shape (H, W), (H, W, 1) or (H, W, 3)",
        )
    with replacing(path) as beside:
        Image.fromarray(np.ascontiguousarray(flat)).save(beside, format="PNG")


def _label(source: str | os.PathLike | bytes, name: str | None) -> str:
    return name or ("the image" if isinstance(source, bytes) else os.fspath(source))


def _opened(source: str | os.PathLike | bytes, label: str) -> Image.Image:
    """Read the header; the limit on pixels is checked before any is decoded."""
    try:
        picture = Image.open(
            io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS
        )
    except FileNotFoundError as error:
        raise DataError(f"There is no file {label}.", fix="check the path") from error
    except _BOMB as error:
        raise _too_large(label, str(error), limit=PIXEL_LIMIT) from error
    except _DAMAGE as error:
        raise _no_image(source, label, error) from error
    width, height = picture.size
    limit = PIXEL_LIMIT // (_WEBP_COPIES if picture.format == "WEBP" else 1)
    if width * height > limit:
        picture.close()
        raise _too_large(label, f"{width} x {height} pixels", limit=limit)
    if picture.format == "TIFF" and picture.mode in ("I", "F"):
        picture.close()
        raise DataError(
            f"{label} holds 32 bits per pixel, and nothing says which value is white.",
            expected="8 or 16 bits per channel",
            fix="convert it to 8 bits, with the range that you choose",
        )
    return picture


def _orientation(picture: Image.Image) -> int:
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1  # asking Pillow would decode every pixel, to look for EXIF behind them
    if picture.format == "TIFF":
        return 1  # Pillow turns these itself
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except _DAMAGE:
        return 1  # intact pixels are read in spite of damaged metadata


def _channels(picture: Image.Image) -> int:
    return 1 if picture.mode in _GRAY else 3


def _pixels(picture: Image.Image, channels: int) -> np.ndarray:
    turn = _orientation(picture)
    sideways = turn in _SIDEWAYS
    picture.load()
    width, height = picture.size
    upright = np.empty((*((width, height) if sideways else (height, width)), channels), "uint8")
    stored = _STORED.get(turn, np.asarray)(upright)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):  # in strips: each conversion of the whole is another copy
        bottom = min(top + rows, height)
        stored[top:bottom] = _converted(picture.crop((0, top, width, bottom)), channels)
    return upright


def _converted(picture: Image.Image, channels: int) -> np.ndarray:
    if picture.mode.startswith("I"):  # 16 bits; Pillow's own conversion to 8 would clip at 255
        high = np.clip(np.asarray(picture, dtype="int32"), 0, 65535) >> 8
        picture = Image.fromarray(high.astype("uint8"))
    elif picture.mode in _ALPHA or "transparency" in picture.info:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    mode = "L" if channels == 1 else "RGB"
    if picture.mode != mode:
        picture = picture.convert(mode)
    pixels = np.asarray(picture)
    return pixels[..., None] if channels == 1 else pixels


def _no_image(source: str | os.PathLike | bytes, label: str, error: Exception) -> DataError:
    if isinstance(source, bytes):
        size = len(source)
    elif Path(source).is_dir():
        return DataError(f"{label} is a folder, not an image file.", fix="give a file inside it")
    elif isinstance(error, PermissionError):
        return DataError(f"{label} may not be read.", fix="check its permissions")
    else:
        size = Path(source).stat().st_size
    what = "is empty" if size == 0 else "is not an image that can be read, despite its name"
    return DataError(
        f"{label} {what}.",
        expected=f"a {IMAGE_FORMATS} file",
        fix="replace, convert or remove it",
    )


def _too_large(label: str, size: str, *, limit: int) -> DataError:
    return DataError(
        f"{label} is too large to be decoded: {size}.",
        expected=f"at most {limit:,} pixels",
        fix="make it smaller with an image editor, or remove it",
    )
