"""Images that are too small for a network are refused with the size that it needs, or warned of."""

import warnings

import keras
import pytest

from zoo import registry
from zoo.complexity import shapes_only
from zoo.composition import build
from zoo.errors import ArgumentError, SizeWarning
from zoo.image_sizes import build_at_size


def built(name: str, side: int, **arguments):
    """Build a network without memory, for square colour images."""
    with shapes_only():
        return build(name, input_shape=(side, side, 3), num_classes=3, **arguments)


@pytest.mark.parametrize(
    ("name", "side", "least"),
    [
        ("vgg11", 8, 32),  # its builder says so
        ("densenet121", 20, 32),  # Keras does, of a pooling
        ("alexnet", 33, 64),
        ("inception_v3", 64, 96),  # 75 at least
        ("lenet5", 8, 32),
    ],
)
def test_a_size_of_which_nothing_is_left_names_the_one_that_is_needed(name, side, least):
    with pytest.raises(ArgumentError) as caught:
        built(name, side)
    assert caught.value.problem.startswith(
        f"{name} cannot be built with input_shape=({side}, {side}"
    )
    assert caught.value.expected == f"images of {least} × {least} pixels or more"
    assert f"image_size={least}" in caught.value.fix
    assert "Received" not in caught.value.problem
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SizeWarning)
        built(name, least)


@pytest.mark.parametrize("name", ["mobilenetv2_100", "resnet18", "efficientnet_b0"])
def test_a_map_of_one_position_is_warned_of(name):
    with pytest.warns(SizeWarning, match=f"{name} makes a single position .* try 64 × 64"):
        built(name, 8)


def test_images_of_two_positions_are_not_warned_of():
    with warnings.catch_warnings():
        warnings.simplefilter("error", SizeWarning)
        built("resnet18", 33)
        built("cnn_small", 8)
        built("mlp", 2)  # has no maps


def test_arguments_that_lower_the_stride_lower_what_is_advised():
    with pytest.warns(SizeWarning, match="try 16 × 16"):
        built("mobilenetv2_100", 8, stem="small")


def test_another_fault_is_not_put_down_to_the_size():
    with pytest.raises(ArgumentError, match="stem must be standard or small") as caught:
        built("mobilenetv2_100", 8, stem="tiny")
    assert caught.value.expected is None


def test_an_empty_map_is_refused_where_keras_makes_one():
    def cropped(shape):
        image = keras.Input(shape, name="image")
        size = [(2, max(0, min(2, side - 2))) for side in shape[:2]]
        map_ = keras.layers.Cropping2D(size)(image)
        return keras.Model(image, {"stride_1": map_}, name="backbone")

    with pytest.raises(ArgumentError, match="nothing is left of images of 4 × 4 pixels") as caught:
        build_at_size(registry.model_card("resnet20"), (4, 4, 3), cropped)
    assert caught.value.expected == "images of 8 × 8 pixels or more"
