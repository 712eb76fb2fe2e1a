"""Image files to arrays and back; axes H (height), W (width), C (channels)."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.errors import ArgumentError, DataError
from zoo.files import replacing

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif")
PIXEL_LIMIT = 80_000_000  # 240 MB as RGB; below Pillow's own warning at 89 million

_ORIENTATION = 0x0112  # EXIF tag; 1 is upright
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GRAY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "I;16N")
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
# What Pillow's decoders raise on damaged files, found by cutting files short and flipping bytes.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def read_image(
    source: str | os.PathLike | bytes, *, name: str | None = None, channels: int | None = None
) -> np.ndarray:
    """Decode a PNG, JPEG, WebP, BMP or GIF (first frame) as a person would see it.

    EXIF orientation is applied. Transparent pixels are laid over white, as most viewers do: the
    colour stored under them is arbitrary. CMYK becomes RGB, 16 bits become 8 by dropping the low
    byte, palettes become RGB.

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
            turn = _TURNS.get(_orientation(picture))
            upright = picture if turn is None else picture.transpose(turn)
            return _pixels(upright, channels or _channels(picture))
        except _DAMAGE as error:
            raise DataError(
                f"{label} is damaged or cut short ({error}).",
                expected="a whole PNG, JPEG, WebP, BMP or GIF file",
                fix="copy it again from its source, or remove it",
            ) from error


def image_shape(source: str | os.PathLike | bytes, *, name: str | None = None) -> tuple[int, ...]:
    """Return the (H, W, C) that `read_image` would give, from the header alone.

    Raises:
        DataError: no such file, no image, or too large; damaged pixels are not noticed.
    """
    label = _label(source, name)
    with _opened(source, label) as picture:
        sideways = _orientation(picture) in (5, 6, 7, 8)
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
        raise _too_large(label, str(error)) from error
    except _DAMAGE as error:
        raise _no_image(source, label, error) from error
    width, height = picture.size
    if width * height > PIXEL_LIMIT:
        picture.close()
        raise _too_large(label, f"{width} x {height} pixels")
    return picture


def _orientation(picture: Image.Image) -> int:
    if picture.format == "PNG" and "exif" not in picture.info:
        return 1  # asking Pillow would decode every pixel, to look for EXIF behind them
    try:
        return picture.getexif().get(_ORIENTATION, 1)
    except _DAMAGE:
        return 1  # damaged metadata is no reason to refuse sound pixels


def _channels(picture: Image.Image) -> int:
    return 1 if picture.mode in _GRAY else 3


def _pixels(picture: Image.Image, channels: int) -> np.ndarray:
    if picture.mode.startswith("I"):  # 16 bits; Pillow's own conversion to 8 would clip at 255
        high = np.clip(np.asarray(picture, dtype="int32"), 0, 65535) >> 8
        picture = Image.fromarray(high.astype("uint8"))
    elif picture.mode in _ALPHA or "transparency" in picture.info:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    mode = "L" if channels == 1 else "RGB"
    if picture.mode != mode:
        picture = picture.convert(mode)
    pixels = np.array(picture)  # a copy, which may be written to
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
    what = "is empty" if size == 0 else "is no image that can be read, whatever its name says"
    return DataError(
        f"{label} {what}.",
        expected="a PNG, JPEG, WebP, BMP or GIF file",
        fix="replace, convert or remove it",
    )


def _too_large(label: str, size: str) -> DataError:
    return DataError(
        f"{label} is too large to be decoded: {size}.",
        expected=f"at most {PIXEL_LIMIT:,} pixels",
        fix="make it smaller with an image editor, or remove it",
    )
