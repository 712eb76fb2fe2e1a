"""Images, masks and boxes go through one geometry and stay where they belong."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from zoo.columns import Boxes, Image, Label, Mask
from zoo.columns.assets import Assets
from zoo.columns.image import fit_image
from zoo.errors import ArgumentError
from zoo.regularization import Regularization
from zoo.transforms.examples import example_transforms
from zoo.transforms.geometry import (
    CenterCrop,
    Flip,
    Geometry,
    Letterbox,
    PaddedCrop,
    RandomResizedCrop,
    Resize,
    composed,
    moved,
)

sizes = st.tuples(st.integers(6, 40), st.integers(6, 40))
seeds = st.integers(0, 2**31 - 1)
steps = st.lists(
    st.one_of(
        st.builds(Resize, sizes),
        st.builds(CenterCrop, sizes, st.sampled_from([0.5, 0.875, 1.0])),
        st.builds(Letterbox, sizes),
        st.builds(PaddedCrop, st.integers(0, 5)),
        st.builds(RandomResizedCrop, sizes, st.sampled_from([0.08, 0.5, 1.0])),
        st.builds(Flip, st.sampled_from([0.0, 0.5, 1.0])),
    ),
    max_size=4,
)


def drawn_box(size, seed):
    """Left, top, right, bottom of a box of whole pixels."""
    generator = np.random.default_rng(seed)
    left, right = sorted(generator.choice(size[1] + 1, 2, replace=False))
    top, bottom = sorted(generator.choice(size[0] + 1, 2, replace=False))
    return int(left), int(top), int(right), int(bottom)


def filled(size, box):
    left, top, right, bottom = box
    mask = np.zeros(size, "int64")
    mask[top:bottom, left:right] = 1
    return mask


def pixels_of(corners):
    """The pixels whose centres lie in a box: first and last column and row, ends excluded."""
    return np.ceil(np.asarray(corners) - 0.5).astype(int)


@given(size=sizes, steps=steps, seed=seeds)
@settings(max_examples=300, deadline=None)
def test_boxes_equal_the_extents_of_their_masks(size, steps, seed):
    box = drawn_box(size, seed)
    example = {
        "image": np.zeros((*size, 3), "uint8"),
        "mask": filled(size, box),
        "boxes": {"corners": [box], "class": [0]},
    }
    columns = {"image": Image(), "mask": Mask(), "boxes": Boxes(("thing",))}
    after = moved(example, columns, {"image": steps}, seed=seed)
    assert after["image"].shape[:2] == after["mask"].shape
    rows, places = np.nonzero(after["mask"] == 1)
    corners = np.asarray(after["boxes"]["corners"])
    assume((np.abs(corners % 1 - 0.5) > 1e-6).all())  # an edge through a centre may go either way
    if len(rows):
        left, top, right, bottom = pixels_of(corners[0])
        assert (left, right) == (places.min(), places.max() + 1)
        assert (top, bottom) == (rows.min(), rows.max() + 1)
    elif len(corners):  # what is left of it lies between the centres of pixels
        left, top, right, bottom = pixels_of(corners[0])
        assert left == right or top == bottom
    assert len(after["boxes"]["class"]) == len(corners)


@given(size=sizes, steps=steps, seed=seeds)
@settings(max_examples=60, deadline=None)
def test_composing_is_doing_one_after_the_other(size, steps, seed):
    whole = composed(steps, size, seed=seed, space="image")
    points = np.random.default_rng(seed).uniform(0, 40, (3, 5))
    points[2] = 1
    one_by_one = Geometry.unchanged(size)
    by_hand = points
    for number in range(len(steps)):
        until = composed(steps[: number + 1], size, seed=seed, space="image")
        step = until.matrix @ np.linalg.inv(one_by_one.matrix)
        by_hand, one_by_one = step @ by_hand, until
    np.testing.assert_allclose(whole.matrix @ points, by_hand, rtol=1e-6, atol=1e-6)
    assert whole.size == (one_by_one.size)


def test_the_first_step_acts_first():
    shift = Geometry(np.array([[1.0, 0, 3], [0, 1, 0], [0, 0, 1]]), (8, 8))
    mirror = Geometry(np.array([[-1.0, 0, 8], [0, 1, 0], [0, 0, 1]]), (8, 8))
    point = np.array([1.0, 1, 1])
    assert (mirror.after(shift).matrix @ point)[0] == 4  # 1 -> 4 -> 4
    assert (shift.after(mirror).matrix @ point)[0] == 10  # 1 -> 7 -> 10


@pytest.mark.parametrize("channels", [1, 3])
def test_without_a_step_nothing_changes(channels):
    image = np.random.default_rng(0).integers(0, 256, (7, 9, channels), dtype="uint8")
    same = Geometry.unchanged((7, 9))
    np.testing.assert_array_equal(Image().warp(image, same), image)
    mask = np.arange(63).reshape(7, 9)
    np.testing.assert_array_equal(Mask().warp(mask, same), mask)
    box = {"corners": [[1, 2, 3, 4]], "class": ["a"]}
    assert Boxes(("a",)).warp(box, same)["corners"].tolist() == [[1, 2, 3, 4]]


@given(size=sizes, target=sizes, seed=seeds)
@settings(max_examples=40, deadline=None)
def test_resizing_is_what_encoding_does_to_an_image_alone(size, target, seed):
    image = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype="uint8")
    geometry = composed([Resize(target)], size, seed=seed, space="image")
    np.testing.assert_array_equal(Image().warp(image, geometry), fit_image(image, (*target, 3)))


def test_flips_mirror_and_shifts_bring_black_in():
    image = np.random.default_rng(0).integers(1, 256, (5, 6, 1), dtype="uint8")
    flipped = composed([Flip(1.0)], (5, 6), seed=0, space="image")
    np.testing.assert_array_equal(Image().warp(image, flipped), image[:, ::-1])
    for seed in range(20):
        geometry = composed([PaddedCrop(2)], (5, 6), seed=seed, space="image")
        right, down = (-geometry.matrix[:2, 2]).astype(int)
        padded = np.pad(image, [(2, 2), (2, 2), (0, 0)])
        expected = padded[2 + down : 7 + down, 2 + right : 8 + right]
        np.testing.assert_array_equal(Image().warp(image, geometry), expected)


def test_a_letterbox_shows_the_whole_image_and_black_around_it():
    image = np.full((10, 20, 3), 200, "uint8")
    out = Image().warp(image, composed([Letterbox((20, 20))], (10, 20), seed=0, space="image"))
    assert (out[5:15] == 200).all() and (out[:4] == 0).all() and (out[16:] == 0).all()
    mask = Mask().warp(
        np.ones((10, 20), int), composed([Letterbox((20, 20))], (10, 20), seed=0, space="image")
    )
    assert (mask[5:15] == 1).all() and (mask[:5] == -1).all()


def test_a_centre_crop_keeps_its_share_of_the_shorter_side():
    geometry = composed([CenterCrop((224, 224), 0.875)], (512, 256), seed=0, space="image")
    corners = np.linalg.inv(geometry.matrix) @ np.array([[0, 224], [0, 224], [1, 1]])
    assert corners[:2].tolist() == [[16.0, 240.0], [144.0, 368.0]]


def test_a_random_resized_crop_keeps_area_and_shape_in_their_ranges():
    areas, ratios = [], []
    for seed in range(300):
        step = RandomResizedCrop((32, 32), 0.3)
        matrix = step.draw((100, 120), np.random.default_rng(seed)).matrix
        wide, tall = 32 / matrix[0, 0], 32 / matrix[1, 1]
        left, top = -matrix[0, 2] / matrix[0, 0], -matrix[1, 2] / matrix[1, 1]
        assert left >= -1e-9 and top >= -1e-9
        assert left + wide <= 120 + 1e-9 and top + tall <= 100 + 1e-9
        areas.append(wide * tall / 12_000)
        ratios.append(wide / tall)
    assert 0.3 <= min(areas) < 0.4 and 0.8 < max(areas) <= 1
    assert 0.75 <= min(ratios) < 0.85 and 1.2 < max(ratios) <= 4 / 3


def test_draws_differ_by_seed_and_by_column_and_repeat():
    def drawn(seed, space):
        step = [RandomResizedCrop((8, 8), 0.1), Flip()]
        return composed(step, (40, 40), seed=seed, space=space).matrix

    np.testing.assert_array_equal(drawn(1, "left"), drawn(1, "left"))
    assert not np.array_equal(drawn(1, "left"), drawn(2, "left"))
    assert not np.array_equal(drawn(1, "left"), drawn(1, "right"))


# --- which knobs act on examples


def assets_of(**targets):
    return Assets(
        x={"image": Image((8, 8, 3), source="image")}, y=targets or {"label": Label(("a", "b"))}
    )


def test_a_crop_acts_before_an_image_is_resized():
    """A window of a wide image keeps its shape within 3/4 and 4/3: it is not cut from a square."""
    values = Regularization(crop_min_scale=0.2)
    transforms, done = example_transforms(
        values, assets=assets_of(), features={"image": Image((None, None, 3))}
    )
    assert done == {"image": {"crop_padding", "crop_min_scale", "flip"}}
    across = np.broadcast_to(np.arange(200, dtype="uint8")[None, :, None], (40, 200, 3))
    spans = []
    for seed in range(40):
        out = transforms({"image": across}, seed)["image"]
        assert out.shape == (8, 8, 3)
        spans.append(int(out[0, -1, 0]) - int(out[0, 0, 0]))
    # A window is at most 40 rows high and so at most 53 columns wide; of a squashed image it is 90.
    assert max(spans) <= 54


def test_images_of_the_model_s_size_stay_with_the_changes_of_batches():
    values = Regularization(crop_min_scale=0.2, flip=True, crop_padding=1)
    same = {"image": Image((8, 8, 3))}
    assert example_transforms(values, assets=assets_of(), features=same) == (None, {})
    mixed = {"image": Image((None, None, 3))}
    only_flip = Regularization(flip=True, crop_padding=1)
    assert example_transforms(only_flip, assets=assets_of(), features=mixed) == (None, {})


def test_where_boxes_lie_in_an_image_both_move_together():
    assets = assets_of(boxes=Boxes(("a",)))
    features = {"image": Image((8, 8, 3)), "boxes": Boxes(("a",))}
    transforms, done = example_transforms(
        Regularization(flip=True), assets=assets, features=features
    )
    assert done["image"] == {"crop_padding", "crop_min_scale", "flip"}
    image = np.zeros((8, 8, 3), "uint8")
    image[1:3, 1:2] = 255
    example = {"image": image, "boxes": {"corners": [[1, 1, 2, 3]], "class": [0]}}
    found = set()
    for seed in range(20):
        after = transforms(example, seed)
        ((left, top, right, bottom),) = np.asarray(after["boxes"]["corners"], int)
        assert (after["image"][top:bottom, left:right] == 255).all()
        found.add(left)
    assert found == {1, 6}
    with pytest.raises(ArgumentError, match="boxes in them"):
        example_transforms(Regularization(auto_augment="rand"), assets=assets, features=features)
