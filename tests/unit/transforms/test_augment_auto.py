"""TrivialAugment and RandAugment: operations as PIL's, drawn for each image."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps
from scipy.ndimage import binary_erosion

from zoo.errors import ArgumentError
from zoo.transforms import auto_augment as auto
from zoo.transforms.auto_augment import (
    RAND_OPERATIONS,
    TRIVIAL_OPERATIONS,
    rand_augment,
    trivial_augment,
)

SEED = (3, 7)
POLICIES = {"trivial": trivial_augment, "rand": rand_augment}
every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
every_channels = pytest.mark.parametrize("channels", [1, 3])


def noise(count, height=12, width=12, channels=3, *, low=0, high=256, seed=0):
    shape = (count, height, width, channels)
    return np.random.default_rng(seed).integers(low, high, shape).astype("uint8")


def picture(image):
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def through_pil(image, change):
    out = np.asarray(change(picture(image))).astype("float32")
    return out[..., None] if out.ndim == 2 else out


def ours(operation, image, *arguments, **options):
    levels = [tf.constant([float(argument)]) for argument in arguments]
    return operation(tf.constant(image[None], tf.float32), *levels, **options)[0].numpy()


def assert_close_inside(got, image, change):
    """Compare with PIL where the input covers the result; the borders are blended differently."""
    covered = through_pil(np.full_like(image, 255), change)[..., 0] == 255
    inside = binary_erosion(covered, iterations=2)
    assert inside.sum() >= 20
    dropped = (got - through_pil(image, change))[inside]  # PIL drops the fraction of a level
    assert dropped.min() >= -0.002 and dropped.max() <= 1.002  # float32 rounds


def pil_affine(*matrix):
    return lambda im: im.transform(
        im.size, Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )


GEOMETRY = [
    (auto.shear_x, 0.3, pil_affine(1, 0.3, 0, 0, 1, 0)),
    (auto.shear_x, -0.7, pil_affine(1, -0.7, 0, 0, 1, 0)),
    (auto.shear_y, 0.25, pil_affine(1, 0, 0, 0.25, 1, 0)),
    (auto.translate_x, 5.3, pil_affine(1, 0, 5.3, 0, 1, 0)),
    (auto.translate_y, -4.6, pil_affine(1, 0, 0, 0, 1, -4.6)),
    (auto.rotate, 17, lambda im: im.rotate(17, Image.Resampling.BILINEAR)),
    (auto.rotate, -101.5, lambda im: im.rotate(-101.5, Image.Resampling.BILINEAR)),
]


@every_channels
@pytest.mark.parametrize(("operation", "argument", "change"), GEOMETRY)
def test_geometry_agrees_with_pil(operation, argument, change, channels):
    image = noise(1, 20, 26, channels)[0]
    got = ours(operation, image, argument, fill=0)
    assert_close_inside(got, image, change)


@pytest.mark.parametrize("fill", [0, 128])
def test_geometry_shows_the_fill_where_the_input_ends(fill):
    got = ours(auto.translate_x, noise(1)[0], 6, fill=fill)
    np.testing.assert_array_equal(got[:, 6:], np.full((12, 6, 3), fill))


@every_channels
@pytest.mark.parametrize(
    ("operation", "arguments", "change"),
    [
        *((auto.posterize, [b], lambda im, b=b: ImageOps.posterize(im, b)) for b in (1, 4, 8)),
        *((auto.solarize, [t], lambda im, t=t: ImageOps.solarize(im, t)) for t in (0, 128, 256)),
        (auto.equalize, [], ImageOps.equalize),
        (auto.invert, [], ImageOps.invert),
        (auto.solarize_add, [60], lambda im: im.point(lambda i: i + 60 if i < 128 else i)),
    ],
)
def test_levels_agree_exactly_with_pil(operation, arguments, change, channels):
    for seed, (low, high) in enumerate([(0, 256), (90, 140), (0, 2), (7, 8)]):
        image = noise(1, 30, 30, channels, low=low, high=high, seed=seed)[0]
        got = ours(operation, image, *arguments)
        np.testing.assert_array_equal(got, through_pil(image, change))


@every_channels
def test_autocontrast_agrees_with_pil(channels):
    for low, high in [(0, 256), (90, 140), (7, 8)]:
        image = noise(1, 9, 9, channels, low=low, high=high)[0]
        want = through_pil(image, ImageOps.autocontrast)
        np.testing.assert_allclose(ours(auto.autocontrast, image), want, atol=1)


@every_channels
@pytest.mark.parametrize("factor", [0.01, 0.4, 1.0, 1.9])
@pytest.mark.parametrize("name", ["brightness", "color", "contrast", "sharpness"])
def test_enhancement_agrees_with_pil(name, factor, channels):
    image = noise(1, 15, 11, channels, low=40, high=200)[0]
    enhance = getattr(ImageEnhance, name.capitalize())
    want = through_pil(image, lambda im: enhance(im).enhance(factor))
    # PIL drops the fraction of the result (1 level) and rounds the plain version (1/2).
    np.testing.assert_allclose(ours(getattr(auto, name), image, factor), want, atol=1.5)


@pytest.mark.parametrize(
    ("table", "without_neutral_level"),
    [
        (TRIVIAL_OPERATIONS, {"solarize", "autocontrast", "equalize"}),
        (RAND_OPERATIONS, {"posterize", "autocontrast", "equalize", "invert"}),
    ],
    ids=POLICIES,
)
def test_magnitude_zero_leaves_images_as_they_are(table, without_neutral_level):
    image = noise(1)[0]
    for name in set(table) - without_neutral_level:
        for sign in (-1, 1):
            np.testing.assert_allclose(ours(table[name], image, 0, sign), image, atol=1e-3)


STRONGEST = [
    (TRIVIAL_OPERATIONS, "shear_x", 1, pil_affine(1, 0.99, 0, 0, 1, 0)),
    (TRIVIAL_OPERATIONS, "shear_y", -1, pil_affine(1, 0, 0, -0.99, 1, 0)),
    (TRIVIAL_OPERATIONS, "translate_x", 1, pil_affine(1, 0, 32, 0, 1, 0)),
    (TRIVIAL_OPERATIONS, "translate_y", -1, pil_affine(1, 0, 0, 0, 1, -32)),
    (TRIVIAL_OPERATIONS, "rotate", -1, lambda im: im.rotate(-135, Image.Resampling.BILINEAR)),
    (TRIVIAL_OPERATIONS, "posterize", 1, lambda im: ImageOps.posterize(im, 2)),
    (TRIVIAL_OPERATIONS, "solarize", 1, ImageOps.invert),
    (TRIVIAL_OPERATIONS, "brightness", -1, lambda im: ImageEnhance.Brightness(im).enhance(0.01)),
    (TRIVIAL_OPERATIONS, "contrast", 1, lambda im: ImageEnhance.Contrast(im).enhance(1.99)),
    (RAND_OPERATIONS, "shear_x", 1, pil_affine(1, 0.3, 0, 0, 1, 0)),
    (RAND_OPERATIONS, "shear_y", -1, pil_affine(1, 0, 0, -0.3, 1, 0)),
    (RAND_OPERATIONS, "translate_x", 1, pil_affine(1, 0, 0.45 * 44, 0, 1, 0)),
    (RAND_OPERATIONS, "translate_y", -1, pil_affine(1, 0, 0, 0, 1, -0.45 * 40)),
    (RAND_OPERATIONS, "rotate", 1, lambda im: im.rotate(30, Image.Resampling.BILINEAR)),
    (RAND_OPERATIONS, "posterize", 1, lambda im: im.point([0] * 768)),
    (RAND_OPERATIONS, "solarize", 1, ImageOps.invert),
    (RAND_OPERATIONS, "sharpness", 1, lambda im: ImageEnhance.Sharpness(im).enhance(1.9)),
    (RAND_OPERATIONS, "color", -1, lambda im: ImageEnhance.Color(im).enhance(0.1)),
]


@pytest.mark.parametrize(("table", "name", "sign", "change"), STRONGEST)
def test_the_strongest_magnitude_is_the_published_one(table, name, sign, change):
    image = noise(1, 40, 44)[0]
    got = ours(table[name], image, 1, sign)
    if name in ("shear_x", "shear_y", "translate_x", "translate_y", "rotate"):
        assert_close_inside(got, image, change)
    else:
        np.testing.assert_allclose(got, through_pil(image, change), atol=1.5)


def test_small_images_are_shifted_by_at_most_their_side():
    image = noise(1, 8, 8)[0]
    half = ours(TRIVIAL_OPERATIONS["translate_x"], image, 0.5, 1)
    np.testing.assert_array_equal(half[:, :4], image[:, 4:])


def all_trivial_results(image):
    """Return every result that one operation can give, by operation."""
    levels = np.repeat(np.arange(31) / 30, 2).astype("float32")
    signs = np.tile([-1.0, 1.0], 31).astype("float32")
    batch = tf.constant(np.repeat(image[None], levels.size, axis=0), tf.float32)
    return {
        name: operation(batch, tf.constant(levels), tf.constant(signs)).numpy()
        for name, operation in TRIVIAL_OPERATIONS.items()
    }


def test_trivial_augment_applies_exactly_one_operation_to_each_image():
    image = noise(1, 18, 18)[0]  # below 256 pixels equalize has nothing to do
    candidates = all_trivial_results(image)
    changed = trivial_augment(np.repeat(image[None], 150, axis=0), SEED).numpy()
    seen = set()
    for result in changed:
        names = {
            name
            for name, results in candidates.items()
            if np.abs(results - result).max(axis=(1, 2, 3)).min() < 1e-3
        }
        assert names
        seen |= names
    assert seen == set(TRIVIAL_OPERATIONS)


@every_policy
def test_equal_images_of_one_batch_get_different_operations(policy):
    changed = policy(np.repeat(noise(1), 16, axis=0), SEED).numpy()
    assert len({image.tobytes() for image in changed}) >= 8


@every_policy
def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not(policy):
    images = noise(16)
    first = policy(images, SEED).numpy()
    np.testing.assert_array_equal(first, policy(images, tf.constant(SEED, tf.int64)).numpy())
    assert (first != policy(images, (3, 8)).numpy()).any()


@every_policy
def test_an_image_does_not_depend_on_the_others_of_its_batch(policy):
    images, others = noise(12), noise(12, seed=1)
    for position in (0, 5, 11):
        others[position] = images[position]
        np.testing.assert_array_equal(
            policy(images, SEED)[position], policy(others, SEED)[position]
        )


@every_policy
@given(
    seed=st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1)),
    count=st.integers(1, 12),
    side=st.integers(1, 9),
    channels=st.sampled_from([1, 3]),
)
@settings(max_examples=12, deadline=None)
def test_any_batch_keeps_its_shape_and_range(policy, seed, count, side, channels):
    images = np.where(noise(count, side, side + 1, channels) < 128, 0, 255)
    changed = policy(images, seed).numpy()
    assert changed.shape == images.shape
    assert changed.min() >= 0 and changed.max() <= 255


@every_policy
def test_it_runs_in_a_graph_that_does_not_know_the_batch_size(policy):
    images = noise(5)

    @tf.function(input_signature=[tf.TensorSpec((None, 12, 12, 3), tf.uint8)])
    def graph(batch):
        return policy(batch, SEED)

    for count in (5, 1, 0):
        want = policy(images[:count], SEED).numpy()
        np.testing.assert_allclose(graph(images[:count]).numpy(), want, atol=1e-3)


def test_color_leaves_gray_images_as_they_are():
    image = noise(1, channels=1)[0]
    np.testing.assert_array_equal(ours(auto.color, image, 0.1), image)


def test_rand_augment_applies_a_drawn_operation_half_of_the_time():
    images = noise(400, 8, 8, low=60, high=190)
    changed = rand_augment(images, SEED, num_layers=1, magnitude=9).numpy()
    share = (changed != images).any(axis=(1, 2, 3)).mean()
    assert 0.4 < share < 0.6  # four standard deviations


def test_rand_augment_without_layers_changes_nothing():
    images = noise(4)
    np.testing.assert_array_equal(rand_augment(images, SEED, num_layers=0), images)


def test_the_standard_deviation_draws_a_magnitude_for_each_image():
    images = np.repeat(noise(1), 300, axis=0)
    results = []
    for std in (0.0, 1.0):
        changed = rand_augment(images, SEED, num_layers=1, magnitude=5, magnitude_std=std).numpy()
        results.append(len({image.tobytes() for image in changed}))
    assert results[0] <= 2 * len(RAND_OPERATIONS) + 1 < results[1]


@pytest.mark.parametrize(
    "knobs", [{"num_layers": -1}, {"magnitude": 11}, {"magnitude": -1}, {"magnitude_std": -0.5}]
)
def test_values_out_of_range_are_named(knobs):
    ((name, value),) = knobs.items()
    with pytest.raises(ArgumentError, match=f"{name}={value}"):
        rand_augment(noise(2), SEED, **knobs)
