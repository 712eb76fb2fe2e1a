"""Masks as files, and what a report shows of them."""

import numpy as np
import pytest
from PIL import Image

from recipes.report.masks import Masks, colours, over_image
from recipes.runs.masks import predict_masks
from recipes.runs.predict import Reading
from recipes.runs.run import load_run
from recipes.training.train import train
from zoo.columns.readers.images import read_mask
from zoo.errors import ArgumentError, DataError, RunError


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A segmentation of drawn shapes that has seen two batches of them."""
    folder = tmp_path_factory.mktemp("segmentation") / "run"
    changes = {"model.arguments.widths": [4, 8], "data.max_examples": 40}
    from recipes.values.load import load_recipe

    recipe = load_recipe("image/shapes-unet").with_values(changes)
    return train(recipe, smoke=True, run_dir=folder, progress=False)


def test_a_run_has_metrics_with_intervals_and_a_report_of_its_classes(run):
    metrics = run.metrics["metrics"]
    assert list(metrics) == ["miou", "pixel_accuracy", "dice", "foreground_iou", "boundary_f"]
    assert all(0 <= entry["low"] <= entry["value"] <= entry["high"] for entry in metrics.values())
    page = (run.path / "report.html").read_text()
    assert 'id="masks"' in page and "triangle" in page and (run.path / "worst_masks.png").exists()
    assert "one of 4 classes" in (run.path / "README.md").read_text()


def test_masks_have_the_size_of_the_picture_and_the_numbers_of_the_classes(run, tmp_path):
    pixels = run.dataset().splits["test"][0]["image"]
    for name, size in (("one.png", (64, 64)), ("two.jpg", (90, 51))):
        Image.fromarray(pixels).resize(size).save(tmp_path / name)
    inputs = [tmp_path / "one.png", tmp_path / "two.jpg", pixels]
    told = list(predict_masks(run, inputs, tmp_path / "masks", reading=Reading(2)))
    masks = [read_mask(one["mask"]) for one in told]
    assert [mask.shape for mask in masks] == [(64, 64), (51, 90), (64, 64)]
    answer = run.task.decode(run.model, {"image": pixels[None]}, run.assets)[0]
    np.testing.assert_array_equal(masks[0], answer)
    shares = {item["label"]: item["share"] for item in told[0]["predictions"]}
    for number, name in enumerate(run.assets.y["mask"].classes):
        assert shares.get(name, 0) == pytest.approx((answer == number).mean(), abs=1e-6)
    over = np.asarray(Image.open(told[0]["picture"]))
    np.testing.assert_array_equal(over, over_image(pixels, answer, run.assets.y["mask"].classes))


def test_files_of_one_name_do_not_overwrite_each_other(run, tmp_path):
    pixels = run.dataset().splits["test"][0]["image"]
    paths = [tmp_path / folder / "a.png" for folder in ("x", "y")]
    for path in paths:
        path.parent.mkdir()
        Image.fromarray(pixels).save(path)
    told = predict_masks(run, paths, tmp_path / "masks", reading=Reading(2))
    assert len({one["mask"] for one in told}) == 2
    with pytest.raises(RunError, match="not empty"):
        next(predict_masks(run, paths, tmp_path / "masks", reading=Reading(2)))
    with pytest.raises(ArgumentError, match="gives no masks"):
        next(predict_masks(load_run("cnn_small.digits"), paths, tmp_path / "m", reading=Reading(2)))


def test_rows_of_classes_are_counted_by_hand():
    truth = np.array([[[0, 0, 1], [1, -1, 2]]])
    answer = np.array([[[0, 1, 1], [1, 2, 0]]])
    rows = Masks(("background", "a", "b"), truth, answer).rows()
    assert [(row.share, row.iou) for row in rows] == [
        (pytest.approx(2 / 5), pytest.approx(1 / 3)),
        (pytest.approx(2 / 5), pytest.approx(2 / 3)),
        (pytest.approx(1 / 5), 0),
    ]
    assert rows[1].recall == 1 and rows[1].precision == pytest.approx(2 / 3)


def test_the_background_keeps_its_pixels():
    image = np.full((4, 4, 1), 100, "uint8")
    mask = np.zeros((4, 4), int)
    mask[1:3, 1:3] = 1
    shown = over_image(image, mask, ("background", "cell"))
    assert (shown[0] == 100).all() and (shown[1, 1] != 100).any()
    assert len({tuple(colour) for colour in colours([f"c{k}" for k in range(20)]).tolist()}) == 20


@pytest.mark.parametrize("mode", ["1", "L", "P", "I;16"])
def test_masks_are_read_as_the_numbers_they_hold(mode, tmp_path):
    numbers = np.array([[0, 1], [1, 0]])
    if mode == "I;16":
        picture = Image.fromarray((numbers * 3000).astype("uint16"))
        numbers = numbers * 3000
    else:
        picture = Image.fromarray(numbers.astype(bool if mode == "1" else "uint8"))
        picture = picture if mode in ("1", "L") else picture.convert("L").convert("P")
        if mode == "P":
            picture = Image.fromarray(numbers.astype("uint8"), mode="P")
            picture.putpalette([9, 9, 9, 200, 0, 0])
    picture.save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png"), numbers)


def test_colours_and_lossy_files_are_no_numbers(tmp_path):
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    Image.new("L", (8, 8)).save(tmp_path / "b.jpg")
    for name in ("a.png", "b.jpg"):
        with pytest.raises(DataError, match="is not a mask"):
            read_mask(tmp_path / name)
