"""What is special about CoAtNet."""

import numpy as np
import pytest

from zoo.models.image.coatnet import coatnet

TINY = {
    "depths": (1, 1, 1, 1),
    "widths": (4, 8, 8, 16),
    "stem_widths": (4, 4),
    "head_dim": 4,
    "stem": "small",
}


def changed_places(model, layer):
    """Return which places of a layer's map tell that one corner of the image is another."""
    inner = type(model)(model.input, model.get_layer(layer).output)
    image = np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype("float32")
    image[1] = image[0]
    image[1, 0, 0] += 10
    before, after = np.asarray(inner(image))
    # Some processors round a convolution differently by place in the batch, by 1e-8 here.
    return np.abs(after - before).max(axis=-1) > 1e-6


def test_transformers_see_the_whole_map_and_convolutions_do_not():
    model = coatnet(input_shape=(32, 32, 1), **TINY)
    assert not changed_places(model, "stage1_block1_conv2")[-1, -1]
    assert changed_places(model, "stage3_block1_project").all()


def test_maps_of_odd_sides_lose_their_last_places():
    model = coatnet(input_shape=(28, 44, 1), **TINY)
    shapes = {name: tensor.shape[1:3] for name, tensor in model.output.items()}
    assert shapes == {
        "stride_1": (28, 44),
        "stride_2": (14, 22),
        "stride_4": (7, 11),
        "stride_8": (3, 5),
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (None, None, 3)}, "must be known"),
        ({"input_shape": (16, 64, 3)}, "smaller than 32×32"),
        ({"head_dim": 5}, "does not divide the width 192"),
        ({"stem": "large"}, "standard or small"),
        ({"depths": (1, 1)}, "four stages"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        coatnet(**arguments)
