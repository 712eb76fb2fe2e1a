"""Reading and writing image files."""

import io
import struct
import tracemalloc
import zlib
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zoo.columns.readers import images
from zoo.columns.readers.images import PIXEL_LIMIT, image_shape, read_image, write_png
from zoo.errors import ArgumentError, DataError

GRADIENT = np.arange(0, 240, 10, dtype="uint8").reshape(4, 6)  # (H, W)


def encode(picture: Image.Image, format_name: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_name, **options)
    return buffer.getvalue()


def png_header_of_size(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and holds a few bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])).flatmap(
        lambda shape: arrays.arrays("uint8", shape)
    )
)
def test_a_written_png_reads_back_as_the_same_pixels(
    tmp_path_factory: pytest.TempPathFactory, image: np.ndarray
) -> None:
    path = tmp_path_factory.getbasetemp() / "round_trip.png"
    write_png(path, image)
    again = read_image(path)
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, image)
    assert image_shape(path) == image.shape


def test_a_flat_array_is_written_as_gray(tmp_path: Path) -> None:
    write_png(tmp_path / "gray.png", GRADIENT)
    np.testing.assert_array_equal(read_image(tmp_path / "gray.png")[..., 0], GRADIENT)
    assert [path.name for path in tmp_path.iterdir()] == ["gray.png"]


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 2), "float32"), np.zeros((2, 2, 4), "uint8"), np.zeros((0, 2), "uint8")]
)
def test_what_is_no_image_is_not_written(tmp_path: Path, bad: np.ndarray) -> None:
    with pytest.raises(ArgumentError, match=r"uint8 of shape"):
        write_png(tmp_path / "bad.png", bad)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_every_format_gives_its_colour(format_name: str) -> None:
    red = Image.new("RGB", (6, 4), (250, 10, 20))
    image = read_image(encode(red, format_name))
    assert image.shape == (4, 6, 3)
    assert np.abs(image.astype(int) - [250, 10, 20]).max() <= 6


def test_an_animated_gif_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (5, 5), colour) for colour in ("red", "blue")]
    image = read_image(encode(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    np.testing.assert_array_equal(image[0, 0], [255, 0, 0])


def test_transparent_pixels_are_laid_over_white() -> None:
    picture = Image.new("RGBA", (2, 1), (200, 0, 0, 255))
    picture.putpixel((1, 0), (9, 9, 9, 0))
    np.testing.assert_array_equal(read_image(encode(picture))[0], [[200, 0, 0], [255, 255, 255]])


def test_transparency_of_gray_and_palette_files_is_seen_too() -> None:
    gray = Image.new("LA", (2, 1), (50, 255))
    gray.putpixel((1, 0), (7, 0))
    np.testing.assert_array_equal(read_image(encode(gray))[0], [[50], [255]])
    palette = Image.new("P", (2, 1), 0)
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putpixel((1, 0), 1)
    image = read_image(encode(palette, transparency=1))
    np.testing.assert_array_equal(image[0], [[10, 20, 30], [255, 255, 255]])


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    image = read_image(encode(cyan, "JPEG", quality=95))
    assert image.shape == (8, 8, 3)
    assert np.abs(image[4, 4].astype(int) - [0, 255, 255]).max() <= 6


def test_sixteen_bits_lose_their_low_byte() -> None:
    values = np.array([[0, 255, 256], [4660, 32768, 65535]], dtype="uint16")
    image = read_image(encode(Image.fromarray(values)))
    np.testing.assert_array_equal(image[..., 0], values >> 8)


@pytest.mark.parametrize(
    ("orientation", "upright"),
    [
        (1, GRADIENT),
        (2, GRADIENT[:, ::-1]),
        (3, GRADIENT[::-1, ::-1]),
        (4, GRADIENT[::-1]),
        (5, GRADIENT.T),
        (6, np.rot90(GRADIENT, -1)),
        (7, np.rot90(GRADIENT, 2).T),
        (8, np.rot90(GRADIENT)),
    ],
)
def test_exif_orientation_is_applied(orientation: int, upright: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(Image.fromarray(GRADIENT), exif=exif.tobytes())
    np.testing.assert_array_equal(read_image(data)[..., 0], upright)
    assert image_shape(data) == (*upright.shape, 1)


def test_channels_can_be_asked_for() -> None:
    gray = encode(Image.fromarray(GRADIENT))
    np.testing.assert_array_equal(read_image(gray, channels=3), np.stack([GRADIENT] * 3, axis=-1))
    assert read_image(encode(Image.new("RGB", (3, 2))), channels=1).shape == (2, 3, 1)
    with pytest.raises(ArgumentError, match="4 channels"):
        read_image(gray, channels=4)


def test_a_read_image_may_be_written_to() -> None:
    image = read_image(encode(Image.fromarray(GRADIENT)))
    image[:] = 0
    assert image.max() == 0


def test_too_many_pixels_are_refused_from_the_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    side = int(PIXEL_LIMIT**0.5) + 1
    path.write_bytes(png_header_of_size(side, side))
    with pytest.raises(DataError, match=r"bomb.png is too large"):
        read_image(path)
    with pytest.raises(DataError, match=r"bomb.png is too large"):
        image_shape(path)
    path.write_bytes(png_header_of_size(10 * side, 10 * side))  # beyond Pillow's own limit
    with pytest.raises(DataError, match=r"bomb.png is too large"):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "x.png is empty"),
        (b"just some text", "x.png is not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "x.png is not an image"),
        (encode(Image.fromarray(GRADIENT))[:60], "x.png is damaged or cut short"),
        (png_header_of_size(400, 400), "x.png is damaged or cut short"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        read_image(path)
    assert caught.value.fix


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_a_file_cut_short_raises_no_other_error(format_name: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype="uint8")
    data = encode(Image.fromarray(noise), format_name)
    for length in range(0, len(data) // 2, 7):
        with pytest.raises(DataError, match="photo"):
            read_image(data[:length], name="photo")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_image(tmp_path / "none.png")
    with pytest.raises(DataError, match="is a folder"):
        read_image(tmp_path)


def test_damaged_exif_does_not_spoil_sound_pixels() -> None:
    data = encode(Image.fromarray(GRADIENT), exif=b"Exif\0\0not a header at all")
    np.testing.assert_array_equal(read_image(data)[..., 0], GRADIENT)


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16")


def picture_of(mode: str, *, width: int = 37, height: int = 23) -> Image.Image:
    values = np.random.default_rng(3).integers(0, 256, (height, width, 4), dtype="uint8")
    if mode == "I;16":
        return Image.fromarray(values[..., 0].astype("uint16") * 257)
    picture = Image.fromarray(values[..., :3])
    return Image.fromarray(values).convert(mode) if "A" in mode else picture.convert(mode)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", MODES)
def test_decoding_in_strips_gives_the_pixels_of_the_whole(
    monkeypatch: pytest.MonkeyPatch, mode: str, channels: int
) -> None:
    data = encode(picture_of(mode), "TIFF" if mode == "CMYK" else "PNG")
    whole = read_image(data, channels=channels)
    monkeypatch.setattr(images, "_STRIP_PIXELS", 80)  # two rows
    np.testing.assert_array_equal(read_image(data, channels=channels), whole)
    assert whole.shape == (23, 37, channels)


def test_a_large_picture_takes_little_memory_beyond_its_pixels() -> None:
    """Counted by tracemalloc, which sees NumPy's arrays and Python's bytes, not Pillow's own copy."""
    data = encode(Image.new("RGBA", (4000, 3000)))
    tracemalloc.start()
    image = read_image(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < image.nbytes + 20_000_000


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
def test_a_tiff_is_turned_upright(orientation: int, compression: str | None) -> None:
    gray = np.kron(GRADIENT, np.ones((16, 16), "uint8"))
    tags = {0x0112: orientation}
    data = encode(Image.fromarray(gray), "TIFF", tiffinfo=tags, compression=compression)
    exif = Image.Exif()
    exif[0x0112] = orientation
    wanted = read_image(encode(Image.fromarray(gray), exif=exif.tobytes()))
    image = read_image(data)
    assert image_shape(data) == image.shape == wanted.shape
    assert np.abs(image.astype(int) - wanted).mean() < 3


def test_a_tiff_gives_its_first_page_and_drops_low_bytes() -> None:
    pages = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    image = read_image(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    np.testing.assert_array_equal(image[0, 0], [255, 0, 0])
    deep = Image.fromarray(np.array([[0, 255, 256, 65535]], "uint16"))
    np.testing.assert_array_equal(read_image(encode(deep, "TIFF"))[0, :, 0], [0, 0, 1, 255])


@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_a_tiff_of_32_bits_is_refused(dtype: str) -> None:
    data = encode(Image.fromarray(np.ones((3, 3), dtype)), "TIFF")
    for read in (read_image, image_shape):
        with pytest.raises(DataError, match="holds 32 bits per pixel"):
            read(data)


def test_a_webp_which_takes_more_memory_has_a_lower_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "PIXEL_LIMIT", 100)
    assert read_image(encode(Image.new("RGB", (10, 10)))).shape == (10, 10, 3)
    with pytest.raises(DataError, match=r"too large(?s:.*)at most 50 pixels"):
        read_image(encode(Image.new("RGB", (10, 10)), "WEBP"))
