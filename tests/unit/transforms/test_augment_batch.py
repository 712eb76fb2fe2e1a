"""Mixing within a batch, and all image augmentation in its order."""

from functools import partial

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Image, Label, Text
from zoo.columns.assets import Assets
from zoo.errors import ArgumentError
from zoo.regularization import Regularization, resolve
from zoo.transforms.auto_augment import trivial_augment
from zoo.transforms.batches import batch_augmentation
from zoo.transforms.image import (
    fold_seed,
    random_crop,
    random_erasing,
    random_flip,
    random_resized_crop,
)
from zoo.transforms.mixing import cutmix, draw_beta, mixup

SEED = (3, 7)
MIXES = {"mixup": mixup, "cutmix": cutmix}
every_mix = pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
seeds = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))


def classes(count):
    label = Label(tuple(map(str, range(count))))
    return Assets(x={"image": Image((12, 12, 3))}, y={"label": label})


def noise(count, height=12, width=12, channels=3, *, seed=0):
    shape = (count, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def one_hot(count, classes=None):
    return np.eye(classes or count, dtype="float32")[np.arange(count) % (classes or count)]


@every_mix
@given(seed=seeds, alpha=st.sampled_from([0.05, 0.2, 1.0, 4.0]), count=st.integers(1, 9))
@settings(max_examples=10, deadline=None)
def test_labels_sum_to_one_and_values_stay_within_the_range(mix, seed, alpha, count):
    images = np.where(noise(count) < 128, 0, 255)
    mixed, labels = mix(images, one_hot(count, 4), seed, alpha=alpha)
    np.testing.assert_allclose(labels.numpy().sum(axis=1), 1, atol=1e-6)
    assert labels.numpy().min() >= 0
    assert mixed.numpy().min() >= 0 and mixed.numpy().max() <= 255


@given(seed=seeds)
@settings(max_examples=10, deadline=None)
def test_mixup_blends_images_and_labels_by_the_same_share(seed):
    count = 9
    images = 255 * np.eye(count, dtype="float32").reshape(count, 3, 3, 1)  # pixel i marks image i
    mixed, labels = mixup(images, one_hot(count), seed, alpha=1.0)
    np.testing.assert_allclose(mixed.numpy().reshape(count, -1) / 255, labels.numpy(), atol=1e-6)


@given(seed=seeds, height=st.integers(1, 11), width=st.integers(1, 11))
@settings(max_examples=12, deadline=None)
def test_cutmix_weights_labels_by_the_pixels_that_were_pasted(seed, height, width):
    count = 8
    marks = np.arange(count, dtype="float32")
    images = np.broadcast_to(marks[:, None, None, None], (count, height, width, 1))
    mixed, labels = cutmix(images, one_hot(count), seed, alpha=1.0)
    shares = (mixed.numpy().reshape(count, -1, 1) == marks).mean(axis=1)  # of each source image
    np.testing.assert_allclose(shares, labels.numpy(), atol=1e-6)


def test_cutmix_pastes_one_box_from_the_same_place_of_the_partner():
    images = noise(16).astype("float32")
    mixed, labels = (t.numpy() for t in cutmix(images, one_hot(16), SEED, alpha=1.0))
    with_a_border = 0
    for i, (image, label) in enumerate(zip(mixed, labels, strict=True)):
        pasted = (image != images[i]).any(axis=-1)
        if not pasted.any():
            continue
        (partner,) = set(np.flatnonzero(label)) - {i}
        rows, columns = np.flatnonzero(pasted.any(axis=1)), np.flatnonzero(pasted.any(axis=0))
        box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert pasted[box].all()
        np.testing.assert_array_equal(image[box], images[partner][box])
        with_a_border += not pasted.all()
    assert with_a_border >= 8


@every_mix
def test_each_image_draws_its_own_share(mix):
    _, labels = mix(noise(16), one_hot(16), SEED, alpha=1.0)
    assert len(np.unique(np.diag(labels.numpy()).round(4))) >= 10


@every_mix
def test_alpha_zero_changes_nothing(mix):
    images, labels = noise(4), one_hot(4)
    mixed, mixed_labels = mix(images, labels, SEED, alpha=0.0)
    np.testing.assert_array_equal(mixed, images)
    np.testing.assert_array_equal(mixed_labels, labels)


@every_mix
def test_integer_labels_and_negative_alpha_are_refused(mix):
    with pytest.raises(ArgumentError, match="one_hot"):
        mix(noise(4), np.arange(4), SEED, alpha=1.0)
    with pytest.raises(ArgumentError, match="alpha=-1"):
        mix(noise(4), one_hot(4), SEED, alpha=-1)


@pytest.mark.parametrize("alpha", [0.1, 0.8, 1.0, 3.0])
def test_shares_follow_the_beta_distribution(alpha):
    drawn = draw_beta(2000, SEED, alpha=alpha).numpy()
    levels = np.linspace(0.01, 0.99, 50)
    below = (drawn[:, None] <= levels).mean(axis=0)
    expected = scipy.stats.beta(alpha, alpha).cdf(levels)
    assert np.abs(below - expected).max() < 0.045  # four standard deviations


def test_shares_stay_finite_when_alpha_is_tiny():
    drawn = draw_beta(500, SEED, alpha=0.01).numpy()
    assert ((drawn < 0.01) | (drawn > 0.99)).mean() > 0.9
    assert 0.35 < drawn.mean() < 0.65


def test_nothing_is_returned_when_every_knob_is_off():
    others = Regularization(dropout_rate=0.5, weight_decay=0.1, label_smoothing=0.1)
    assert batch_augmentation(others, assets=classes(3)) is None


def test_without_mixing_labels_and_other_entries_pass_through():
    augment = batch_augmentation(Regularization(flip=True, crop_padding=2), assets=classes(3))
    x = {"image": noise(4), "text": tf.constant(["a", "b", "c", "d"])}
    y = {"label": tf.constant([0, 1, 2, 0], tf.int64)}
    new_x, new_y = augment(x, y, SEED)
    assert new_x["image"].dtype == tf.float32 and new_x["image"].shape == (4, 12, 12, 3)
    assert new_x["text"] is x["text"] and new_y["label"] is y["label"]
    assert x["image"].dtype == np.uint8  # what came in is as it was


@pytest.mark.parametrize("knobs", [{"mixup_alpha": 0.3}, {"cutmix_alpha": 1.0}])
def test_with_mixing_labels_become_rows_that_sum_to_one(knobs):
    augment = batch_augmentation(Regularization(**knobs), assets=classes(3))
    y = {"label": tf.constant([0, 1, 2, 0], tf.int64), "weight": tf.ones(4)}
    _, new_y = augment({"image": noise(4)}, y, SEED)
    assert new_y["label"].shape == (4, 3) and new_y["label"].dtype == tf.float32
    np.testing.assert_allclose(new_y["label"].numpy().sum(axis=1), 1, atol=1e-6)
    assert new_y["weight"] is y["weight"]


def test_mixup_and_cutmix_take_turns_by_batch():
    augment = batch_augmentation(Regularization(mixup_alpha=1, cutmix_alpha=1), assets=classes(6))
    images = np.broadcast_to(40 * np.arange(6)[:, None, None, None], (6, 8, 8, 1))
    blended = 0
    for step in range(40):
        x, _ = augment({"image": images}, {"label": tf.range(6)}, (0, step))
        blended += not np.isin(x["image"].numpy(), 40 * np.arange(6)).all()
    assert 8 < blended < 32  # 20 expected, four standard deviations


ALL_ON = {
    "crop_padding": 2,
    "crop_min_scale": 0.5,
    "flip": True,
    "auto_augment": "trivial",
    "erasing_probability": 0.5,
    "mixup_alpha": 0.5,
}


@pytest.mark.parametrize(
    ("number", "knobs", "change"),
    [
        (0, {"crop_padding": 2}, partial(random_crop, padding=2)),
        (1, {"crop_min_scale": 0.5}, partial(random_resized_crop, min_scale=0.5, size=(12, 12))),
        (2, {"flip": True}, random_flip),
        (3, {"auto_augment": "trivial"}, trivial_augment),
        (4, {"erasing_probability": 0.5}, partial(random_erasing, probability=0.5)),
    ],
)
def test_each_stage_folds_its_own_number_into_the_seed(number, knobs, change):
    augment = batch_augmentation(Regularization(**knobs), assets=classes(8))
    x, _ = augment({"image": noise(32)}, {"label": tf.range(32)}, SEED)
    np.testing.assert_array_equal(x["image"], change(noise(32), fold_seed(SEED, number)))


@pytest.mark.parametrize("off", ["crop_padding", "crop_min_scale", "flip", "auto_augment"])
def test_switching_a_stage_off_leaves_the_draws_of_the_others(off):
    def draws(knobs):
        """Read mixup's draws from the labels, and erasing's from the noise, which is no integer."""
        mixed = batch_augmentation(Regularization(**knobs), assets=classes(8))
        _, y = mixed({"image": noise(8)}, {"label": tf.range(8)}, SEED)
        plain = batch_augmentation(Regularization(**knobs | {"mixup_alpha": 0}), assets=classes(8))
        x, _ = plain({"image": np.zeros((8, 10, 10, 3))}, {"label": tf.range(8)}, SEED)
        image = x["image"].numpy()
        return y["label"].numpy(), np.where(image % 1 > 0, image, 0)

    without = {name: value for name, value in ALL_ON.items() if name != off}
    for full, reduced in zip(draws(ALL_ON), draws(without), strict=True):
        assert full.any()
        np.testing.assert_array_equal(full, reduced)


def test_what_has_more_than_one_input_cannot_be_mixed():
    several = Assets(x={"image": Image((8, 8, 3)), "text": Text()}, y={"label": Label(("a", "b"))})
    with pytest.raises(ArgumentError, match="image, text with label cannot be mixed") as caught:
        batch_augmentation(Regularization(mixup_alpha=0.2), assets=several)
    assert "mixup_alpha=0" in caught.value.fix


def test_two_inputs_of_one_type_draw_different_numbers():
    two = Assets(
        x={"left": Image((12, 12, 3)), "right": Image((12, 12, 3))}, y={"label": Label(("a", "b"))}
    )
    augment = batch_augmentation(Regularization(flip=True), assets=two)
    images = noise(64)
    x, _ = augment({"left": images, "right": images}, {"label": tf.zeros(64)}, SEED)
    mirrored = [(x[name].numpy() != images).any(axis=(1, 2, 3)) for name in ("left", "right")]
    assert 10 < (mirrored[0] != mirrored[1]).sum() < 54


@pytest.fixture(scope="module")
def strong_pipeline():
    """Return batches of the strongest preset from `start` on, with parallel maps or without."""
    augment = batch_augmentation(
        resolve("strong", modality="image", optimizer="adamw", knobs={"crop_padding": 2}),
        assets=classes(5),
    )
    images, labels = noise(48), np.arange(48) % 5

    def load(start, parallel):
        def one_step(step, image, label):
            x, y = augment(
                {"image": image}, {"label": label}, tf.stack([tf.constant(11, tf.int64), step])
            )
            return x["image"], y["label"]

        steps = np.arange(6), images.reshape(6, 8, 12, 12, 3), labels.reshape(6, 8)
        dataset = tf.data.Dataset.from_tensor_slices(steps).skip(start)
        dataset = dataset.map(one_step, num_parallel_calls=parallel)
        return [(image.numpy(), label.numpy()) for image, label in dataset]

    return load


def assert_equal_batches(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_parallel_maps_give_the_same_bits_each_time(strong_pipeline):
    first = strong_pipeline(0, 2)
    assert_equal_batches(first, strong_pipeline(0, 2))
    assert_equal_batches(first, strong_pipeline(0, None))
    assert len({image.tobytes() for image, _ in first}) == 6


def test_a_resumed_pass_goes_on_with_the_same_bits(strong_pipeline):
    assert_equal_batches(strong_pipeline(0, 2)[4:], strong_pipeline(4, 2))
