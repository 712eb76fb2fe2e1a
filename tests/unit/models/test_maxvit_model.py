"""What is special about MaxViT."""

import keras
import numpy as np
import pytest

from zoo.models.image.maxvit import _across_grid, _within_windows, maxvit


def seen(attend):
    """Return the places whose result changes when the first place of an 8×8 map does."""
    image = keras.Input((8, 8, 4))
    model = keras.Model(image, attend(image, (2, 2), head_dim=4, name="part"))
    x = np.random.default_rng(0).normal(size=(2, 8, 8, 4)).astype("float32")
    x[1] = x[0]
    x[1, 0, 0] += 10
    before, after = np.asarray(model(x))
    return np.argwhere(np.abs(after - before).max(axis=-1) > 1e-6).tolist()


def test_windows_hold_neighbours_and_grids_places_far_apart():
    assert seen(_within_windows) == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert seen(_across_grid) == [[0, 0], [0, 4], [4, 0], [4, 4]]


def test_small_images_keep_their_size_in_the_first_stage():
    tiny = {"depths": (1, 1, 1, 1), "widths": (4, 4, 4, 4), "stem_width": 4, "head_dim": 4}
    model = maxvit(input_shape=(32, 48, 1), stem="small", **tiny)
    assert list(model.output) == ["stride_1", "stride_2", "stride_4", "stride_8", "pooled"]
    assert model.get_layer("stage2_block1_window_attention").window == (4, 6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (None, None, 3)}, "must be known"),
        ({"input_shape": (48, 64, 3)}, "multiples of 32"),
        ({"head_dim": 5}, "does not divide the width 64"),
        ({"stem": "large"}, "standard or small"),
        ({"depths": (1, 1)}, "four stages"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        maxvit(**arguments)
