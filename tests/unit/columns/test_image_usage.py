"""The lines on the page of an exported model prepare a picture as kerazoo itself does."""

import numpy as np
import pytest
from PIL import Image as Pillow

from zoo.columns import Image
from zoo.columns.readers.images import read_image

rng = np.random.default_rng(0)
PHOTO = Pillow.fromarray(rng.integers(0, 256, (37, 53, 3), dtype="uint8"))
ALPHA = Pillow.fromarray(rng.integers(0, 256, (37, 53, 4), dtype="uint8"))
DEEP = Pillow.fromarray(rng.integers(0, 65536, (53, 37), dtype="uint16"))
EXIF = {number: Pillow.Exif() for number in (3, 6)}
for number, exif in EXIF.items():
    exif[0x0112] = number
SAVED = {
    "photo.png": (PHOTO, {}),
    "photo.jpg": (PHOTO, {}),
    "upside_down.jpg": (PHOTO, {"exif": EXIF[3]}),
    "sideways.jpg": (PHOTO, {"exif": EXIF[6]}),
    "sideways.png": (DEEP, {"exif": EXIF[6]}),
    "sideways.tif": (PHOTO, {"exif": EXIF[6]}),
    "cmyk.jpg": (PHOTO.convert("CMYK"), {}),
    "deep.png": (DEEP, {}),
    "deep.tif": (DEEP, {}),
    "transparent.png": (ALPHA, {}),
    "palette.gif": (ALPHA.convert("RGB").quantize(8), {"transparency": 3}),
    "bits.png": (PHOTO.convert("1"), {}),
}
COLUMNS = {
    "as training does by default": Image((24, 24, 3)),
    "gray": Image((24, 30, 1)),
    "native size": Image((37, 53, 3)),
    "another filter": Image((24, 30, 3), {"interpolation": "nearest"}),
    "the centre": Image((24, 24, 3), {"crop_share": 0.875, "interpolation": "bicubic"}),
    "a wide centre": Image((20, 31, 1), {"crop_share": 0.9, "interpolation": "lanczos"}),
}


@pytest.mark.parametrize("file", SAVED)
@pytest.mark.parametrize("name", COLUMNS)
def test_the_lines_give_the_pixels_that_the_model_is_given(name, file, tmp_path, monkeypatch):
    picture, options = SAVED[file]
    picture.save(tmp_path / file, **options)
    column = COLUMNS[name]
    usage = column.usage("image")
    code = "\n".join(("import numpy as np", usage.imports, *usage.lines))
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code.replace("picture.png", file), names)
    expected = column.encode(read_image(tmp_path / file))[""]
    np.testing.assert_array_equal(names["image"][0], expected)


def test_the_lines_are_short_and_say_what_they_do():
    for column in COLUMNS.values():
        lines = column.usage("image").lines
        assert len(lines) <= 10
        assert max(map(len, lines)) <= 130
