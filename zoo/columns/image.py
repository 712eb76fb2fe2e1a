"""Images: pixels in, pixels of the model's size out; axes H (height), W (width), C (channels)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from zoo.catalog.tasks import IMAGE_SIZE
from zoo.columns.base import Column, GeometryLike, Parts, Spec, as_json
from zoo.columns.readers import formats
from zoo.errors import DataError

if TYPE_CHECKING:
    from zoo.columns.usage import Usage


@final
@dataclass(frozen=True)
class Image(Column):
    """Pixels uint8 (H, W, C), 0–255, with C 1 (gray) or 3 (RGB).

    Args:
        shape: (H, W, C); None where images differ.
        preprocessing: values of `zoo.cards.ImagePreprocessing` that a model's training fixed;
            "crop_share" and "interpolation" act here, the others in layers of the model.

    >>> Image((8, 8, 1)).encode(np.zeros((16, 16, 3), "uint8"))[""].shape
    (8, 8, 1)
    """

    kind: ClassVar[str] = "image"
    word: ClassVar[str] = "images"
    modality: ClassVar[str] = "image"
    suffixes: ClassVar[tuple[str, ...]] = formats.IMAGES
    example: ClassVar[str] = "image.png"
    has_pixels: ClassVar[bool] = True

    shape: tuple[int | None, int | None, int] = (None, None, 3)
    preprocessing: Mapping[str, Any] = field(default_factory=dict)

    def sized(self, size: int | None) -> "Image":
        """Return the column of a model: `size` pixels per side, or the data's own size."""
        height, width, channels = self.shape
        if size or height is None or width is None:
            height = width = size or IMAGE_SIZE
        return replace(self, shape=(height, width, channels or 3))

    def shaped(self, shape: tuple[int | None, ...]) -> "Image":
        return replace(self, shape=tuple(shape))

    def specs(self) -> dict[str, Spec]:
        return {"": Spec(tuple(self.shape), "uint8")}

    def read(self, raw: Any) -> np.ndarray:
        if not self.is_file(raw) and not isinstance(raw, bytes):
            return raw
        from zoo.columns.readers.images import read_image

        return read_image(raw)

    def encode(self, value: Any) -> Parts:
        values = self.preprocessing
        return {
            "": fit_image(
                value,
                self.shape,
                crop_share=values.get("crop_share"),
                interpolation=values.get("interpolation", "bilinear"),
            )
        }

    def length(self, value: Any) -> tuple[str, float]:
        return "pixels", float(value.shape[0] * value.shape[1])

    def preprocessed(self, values: Mapping[str, Any]) -> "Image":
        return replace(self, preprocessing={**self.preprocessing, **as_json(values)})

    def placed(self) -> "Image":
        return self.preprocessed({"crop_share": None}) if self.preprocessing else self

    def warp(self, value: Any, geometry: GeometryLike) -> np.ndarray:
        """Resample once, bilinear with antialiasing, black where the image ends."""
        from zoo.columns.resampling import warp_pixels

        return warp_pixels(checked(value), geometry)

    def is_batch(self, raw: Any) -> bool:
        return isinstance(raw, np.ndarray) and raw.ndim == 4

    def random(self, generator: np.random.Generator, count: int) -> Parts:
        return {"": generator.integers(0, 256, (count, *self.shape), dtype="uint8")}

    def usage(self, name: str) -> "Usage":
        from zoo.columns.usage import Usage, presence, variable_of

        height, width, channels = self.shape
        variable = variable_of(name)
        more, tensors = presence(name, optional=self.optional)
        file = "picture.png" if name == self.kind else f"{variable}.png"
        return Usage(
            meaning="pixels 0–255, as they are in the file; scaling is inside",
            lines=(
                *_lines(file, self.shape, self.preprocessing),
                f'{variable} = np.asarray(picture, "float32")'
                f".reshape(1, {height}, {width}, {channels})",
                *more,
            ),
            tensors={variable: variable} | tensors,
            imports="from PIL import Image, ImageOps",
            package="pillow",
        )


def _lines(
    file: str, shape: tuple[int | None, ...], preprocessing: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return Python that makes `picture` of a file as `read_image` and `fit_image` do, with Pillow."""
    height, width, channels = shape
    share = preprocessing.get("crop_share")
    filter = f"Image.Resampling.{preprocessing.get('interpolation', 'bilinear').upper()}"
    fitted: tuple[str, ...] = (f"picture = picture.resize(({width}, {height}), {filter})",)
    if share is not None:
        across, down = (math.floor(side / share) for side in (width, height))
        fitted = (
            f"size = max(({across}, {across} * picture.height // picture.width), "
            f"({down} * picture.width // picture.height, {down}))  # {width} x {height} is the centre",
            f"left, top = round((size[0] - {width}) / 2), round((size[1] - {height}) / 2)",
            f"picture = picture.resize(size, {filter})",
            f"picture = picture.crop((left, top, left + {width}, top + {height}))",
        )
    return (
        f'picture = ImageOps.exif_transpose(Image.open("{file}"))  # upright',
        'if picture.mode.startswith("I"):  # 16 bits, of which the high 8 count',
        '    picture = Image.fromarray((np.asarray(picture) >> 8).astype("uint8"))',
        'white = Image.new("RGBA", picture.size, "white")  # where the picture is transparent',
        'picture = Image.alpha_composite(white, picture.convert("RGBA"))'
        f'.convert("{"L" if channels == 1 else "RGB"}")',
        *fitted,
    )


def checked(image: Any) -> np.ndarray:
    """Return an image with three axes.

    Raises:
        DataError: another type or shape.
    """
    image = np.asarray(image)
    image = image[..., None] if image.ndim == 2 else image
    is_image = image.dtype == np.uint8 and image.ndim == 3 and image.shape[-1] in (1, 3)
    if not is_image or not image.size:
        raise DataError(
            f"An array of {image.dtype} and shape {image.shape} is not an image.",
            expected="uint8, 0–255, of shape (H, W), (H, W, 1) or (H, W, 3)",
            fix='for values in [0, 1]: (image * 255).round().astype("uint8")',
        )
    return image


def fit_image(
    image: np.ndarray,
    shape: tuple[int | None, ...],
    *,
    crop_share: float | None = None,
    interpolation: str = "bilinear",
) -> np.ndarray:
    """Give an image the channels and size that a model takes.

    Gray becomes RGB by repetition, RGB becomes gray by ITU-R 601 luma; resizing is antialiased.

    Args:
        image: uint8, (h, w), (h, w, 1) or (h, w, 3).
        shape: (H, W, C) with C 1 or 3.
        crop_share: keep the aspect: resize until the crop is this share of the shorter side, (0, 1],
            and take the centre, as torchvision and timm evaluate. None resizes both sides to (H, W)
            without keeping the aspect.
        interpolation: "nearest", "bilinear", "bicubic" or "lanczos".

    Returns:
        uint8, (H, W, C).

    Raises:
        DataError: another type or shape.
    """
    height, width, channels = shape
    image = checked(image)
    if image.shape == (height, width, channels) and crop_share is None:
        return image
    from PIL import Image as Pillow

    picture = Pillow.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    picture = picture.convert("L" if channels == 1 else "RGB")
    filter = Pillow.Resampling[interpolation.upper()]
    if crop_share is not None:
        size = _covering(picture.size, (width, height), crop_share)
        left, top = (round((a - b) / 2) for a, b in zip(size, (width, height), strict=True))
        picture = picture.resize(size, filter) if picture.size != size else picture
        picture = picture.crop((left, top, left + width, top + height))
    elif picture.size != (width, height):
        picture = picture.resize((width, height), filter)
    out = np.asarray(picture)
    return out[..., None] if channels == 1 else out


def _covering(size: tuple[int, int], crop: tuple[int, int], crop_share: float) -> tuple[int, int]:
    """Return the size of the same aspect of which `crop` is at most `crop_share` a side.

    Rounded down as torchvision and timm do.

    >>> _covering((500, 375), (224, 224), 0.875)
    (341, 256)
    """
    wanted = [math.floor(side / crop_share) for side in crop]
    short = max((0, 1), key=lambda axis: wanted[axis] / size[axis])
    other = 1 - short
    covering = [0, 0]
    covering[short] = wanted[short]
    covering[other] = max(crop[other], wanted[short] * size[other] // size[short])
    return covering[0], covering[1]
