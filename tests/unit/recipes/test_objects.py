"""Recipes meet data: what a task takes must be what the data holds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recipes.objects import make_dataset
from recipes.values.load import load_recipe
from zoo.columns.readers.audio import write_wav
from zoo.errors import DataError

IMAGES, TEXTS, SOUNDS = "image/digits-cnn", "text/docstrings-textcnn", "speech/vowels-dscnn"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "plain.csv"
    path.write_text("text,label\n" + "good,1\nbad,0\n" * 10)
    return path


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    for name in ("no", "yes"):
        (tmp_path / "sounds" / name).mkdir(parents=True)
        for i in range(6):
            clip = np.sin(np.arange(800) * (i + 1) / 50) / 2
            write_wav(tmp_path / "sounds" / name / f"{i}.wav", clip, sample_rate_hz=8000)
    return tmp_path / "sounds"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("cat", "dog"):
        (tmp_path / "images" / name).mkdir(parents=True)
        for i in range(6):
            Image.new("L", (8, 8), i).save(tmp_path / "images" / name / f"{i}.png")
    return tmp_path / "images"


@pytest.mark.parametrize(
    ("recipe", "data", "says"),
    [
        (IMAGES, "table", "takes images, and .* holds texts"),
        (IMAGES, "sounds", "takes images, and .* holds sounds"),
        (TEXTS, "images", "takes texts, and .* holds images"),
        (TEXTS, "sounds", "takes texts, and .* holds sounds"),
        (SOUNDS, "table", "takes sounds, and .* holds texts"),
        (SOUNDS, "images", "takes sounds, and .* holds images"),
    ],
)
def test_data_of_another_kind_than_the_recipes_is_refused(
    request: pytest.FixtureRequest, recipe: str, data: str, says: str
) -> None:
    path = request.getfixturevalue(data)
    with pytest.raises(DataError, match=says) as caught:
        make_dataset(load_recipe(recipe, f"data.name={path}"))
    assert {"table": TEXTS, "sounds": SOUNDS, "images": IMAGES}[data] in caught.value.fix


def test_data_of_the_recipes_kind_is_taken(table: Path) -> None:
    dataset = make_dataset(load_recipe(TEXTS, f"data.name={table}"))
    assert set(dataset.splits) == {"train", "validation", "test"}
