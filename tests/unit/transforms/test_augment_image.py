"""Random changes of images: each image draws its own numbers, and they come from the seed alone."""

from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from zoo.errors import ArgumentError
from zoo.transforms.image import (
    random_crop,
    random_erasing,
    random_flip,
    random_resized_crop,
    resize_windows,
)

SEED = (3, 7)
CHANGES = {
    "crop_zero": partial(random_crop, padding=4),
    "crop_reflect": partial(random_crop, padding=4, mode="reflect"),
    "resized_crop": partial(random_resized_crop, min_scale=0.3, size=(12, 12)),
    "flip": random_flip,
    "erasing": partial(random_erasing, probability=1.0),
}
every_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)


def noise(count, height=12, width=12, channels=3, *, seed=0):
    shape = (count, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def distinct(images):
    return len({image.tobytes() for image in np.asarray(images)})


@every_change
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(change):
    images = noise(16)
    first = change(images, SEED).numpy()
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, change(images, tf.constant(SEED, tf.int64)).numpy())
    assert (first != change(images, (3, 8)).numpy()).any()
    assert (first != change(images, (4, 7)).numpy()).any()


@pytest.mark.parametrize(
    ("name", "least"),
    [("crop_zero", 10), ("crop_reflect", 10), ("resized_crop", 16), ("erasing", 16), ("flip", 2)],
)
def test_equal_images_of_one_batch_are_changed_differently(name, least):
    images = np.repeat(noise(1), 16, axis=0)
    assert distinct(CHANGES[name](images, SEED)) >= least


@every_change
def test_an_image_does_not_depend_on_the_others_of_its_batch(change):
    images, others = noise(6), noise(6, seed=1)
    others[2] = images[2]
    np.testing.assert_array_equal(change(images, SEED)[2], change(others, SEED)[2])


@every_change
@given(
    seed=st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)),
    height=st.integers(6, 11),
    width=st.integers(6, 11),
    channels=st.sampled_from([1, 3]),
)
@settings(max_examples=8, deadline=None)
def test_values_stay_within_the_range(change, seed, height, width, channels):
    images = np.where(noise(5, height, width, channels) < 128, 0, 255).astype("float32")
    changed = change(images, seed).numpy()
    assert changed.shape[0] == 5 and changed.shape[3] == channels
    assert changed.min() >= 0 and changed.max() <= 255


@pytest.mark.parametrize("mode", ["zero", "reflect"])
def test_a_crop_is_a_window_of_the_padded_image_and_every_offset_occurs(mode):
    padding, image = 1, noise(1, 5, 7)[0]
    how = "constant" if mode == "zero" else "reflect"
    padded = np.pad(image, ((padding, padding), (padding, padding), (0, 0)), mode=how)
    windows = {
        padded[y : y + 5, x : x + 7].astype("float32").tobytes() for y in range(3) for x in range(3)
    }
    crops = random_crop(np.repeat(image[None], 100, axis=0), SEED, padding=padding, mode=mode)
    assert {crop.tobytes() for crop in crops.numpy()} == windows


def test_resized_windows_agree_with_scipy():
    images = noise(3, 9, 11).astype("float32")
    windows = np.array([[0, 0, 9, 11], [2.3, 1.7, 4.4, 6.1], [5.5, 0, 3.5, 2.0]], "float32")
    size = (10, 8)
    resized = resize_windows(tf.constant(images), tf.constant(windows), size=size).numpy()
    for image, (top, left, tall, wide), got in zip(images, windows, resized, strict=True):
        y = top + (np.arange(size[0]) + 0.5) * tall / size[0] - 0.5
        x = left + (np.arange(size[1]) + 0.5) * wide / size[1] - 0.5
        for channel in range(3):
            want = map_coordinates(
                image[..., channel], np.meshgrid(y, x, indexing="ij"), order=1, mode="nearest"
            )
            np.testing.assert_allclose(got[..., channel], want, atol=0.01)


def test_resized_crops_have_the_area_and_the_ratio_that_were_asked_for():
    side, steps = 40, np.arange(40.0)
    ramp = np.stack([*np.meshgrid(steps, steps), np.zeros((side, side))], axis=-1)  # x, y, nothing
    images = np.repeat(ramp[None], 300, axis=0)
    crops = random_resized_crop(images, SEED, min_scale=0.35, size=(side, side)).numpy()
    middle = side // 2  # away from the repeated edge, a step is the window's share of the image
    wide = crops[:, middle, middle + 1, 0] - crops[:, middle, middle, 0]
    tall = crops[:, middle + 1, middle, 1] - crops[:, middle, middle, 1]
    area, ratio = wide * tall, wide / tall
    assert 0.349 <= area.min() < 0.4 and 0.9 < area.max() <= 1.001
    assert 0.749 <= ratio.min() < 0.8 and 1.25 < ratio.max() <= 1.334
    assert abs(np.log(ratio).mean()) < 0.04


def test_a_resized_crop_shows_nothing_from_beyond_the_edge():
    white = np.full((64, 9, 9, 1), 255.0)
    crops = random_resized_crop(white, SEED, min_scale=0.08, size=(16, 16)).numpy()
    np.testing.assert_allclose(crops, 255, atol=1e-3)


def test_a_resized_crop_of_the_whole_area_is_the_image():
    images = noise(4)
    crops = random_resized_crop(images, SEED, min_scale=1.0, size=(12, 12)).numpy()
    np.testing.assert_allclose(crops, images, atol=0.01)


def test_a_flip_mirrors_about_half_of_the_images_and_leaves_the_others():
    images = noise(200, 4, 5).astype("float32")
    flipped = random_flip(images, SEED).numpy()
    same = (flipped == images).all(axis=(1, 2, 3))
    mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_erasing_fills_one_rectangle_with_noise():
    height, width = 24, 30
    erased = random_erasing(np.full((200, height, width, 3), -1.0), SEED, probability=1.0).numpy()
    for image in erased:
        touched = (image >= 0).all(axis=-1)
        rows, columns = touched.any(axis=1), touched.any(axis=0)
        tall, wide = rows.sum(), columns.sum()
        assert touched.sum() == tall * wide  # a rectangle without holes
        # Sides were rounded to whole pixels.
        assert (tall - 0.5) * (wide - 0.5) <= height * width / 3
        assert (tall + 0.5) * (wide + 0.5) >= 0.02 * height * width
        assert (wide - 0.5) / (tall + 0.5) <= 3.3 and (wide + 0.5) / (tall - 0.5) >= 0.3
        values = image[touched].ravel()
        assert len(np.unique(values)) > 0.9 * values.size  # each value by itself
    everything = erased[erased >= 0]
    assert abs(everything.mean() - 127.5) < 2 and everything.max() > 254


def test_erasing_touches_the_share_of_images_that_was_asked_for():
    images = np.full((400, 8, 8, 1), -1.0)
    erased = random_erasing(images, SEED, probability=0.25).numpy()
    touched = (erased != images).any(axis=(1, 2, 3)).mean()
    assert 0.16 < touched < 0.34  # four standard deviations


def test_nothing_to_do_changes_nothing():
    images = noise(4)
    np.testing.assert_array_equal(random_crop(images, SEED, padding=0), images)
    np.testing.assert_array_equal(random_erasing(images, SEED, probability=0.0), images)


@pytest.mark.parametrize(
    ("change", "shape", "says"),
    [
        (partial(random_crop, padding=1, mode="wrap"), (2, 8, 8, 3), "mode='wrap'"),
        (partial(random_crop, padding=8, mode="reflect"), (2, 8, 9, 3), "shorter side is 8"),
        (partial(random_crop, padding=-1), (2, 8, 8, 3), "padding=-1"),
        (partial(random_resized_crop, min_scale=0.0, size=(8, 8)), (2, 8, 8, 3), "min_scale=0"),
        (partial(random_erasing, probability=1.5), (2, 8, 8, 3), "probability=1.5"),
        (random_flip, (8, 8, 3), "batch the images"),
        (random_flip, (2, 8, 8, 4), "C = 1 or 3"),
    ],
)
def test_mistakes_are_named(change, shape, says):
    with pytest.raises(ArgumentError, match=says):
        change(np.zeros(shape, "float32"), SEED)
