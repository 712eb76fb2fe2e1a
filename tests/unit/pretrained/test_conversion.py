"""Tensors of other projects, placed by rules."""

import keras
import numpy as np
import pytest

from zoo.errors import WeightsError
from zoo.pretrained.conversion import adapt_channels, converted, placed
from zoo.pretrained.names import NameMap

RULES = {
    "conv": "stem_conv",
    "layer{s}.{b}.conv": "stage{s}_block{b+1}_conv",
    "layer{s}.{b}.bn": "stage{s}_block{b+1}_norm",
    "fc": "head_logits",
}


@pytest.fixture
def model():
    image = keras.Input((4, 4, 3), name="image")
    x = keras.layers.Conv2D(2, 3, use_bias=False, name="stem_conv")(image)
    x = keras.layers.DepthwiseConv2D(1, use_bias=False, name="stage1_block1_conv")(x)
    x = keras.layers.BatchNormalization(name="stage1_block1_norm")(x)
    backbone = keras.Model(image, {"stride_1": x}, name="backbone")
    taken = keras.Input((4, 4, 3), name="image")
    x = keras.layers.GlobalAveragePooling2D(name="head_pool")(backbone(taken)["stride_1"])
    return keras.Model(taken, keras.layers.Dense(5, name="head_logits")(x))


def tensors():
    generator = np.random.default_rng(0)
    shapes = {
        "conv.weight": (2, 3, 3, 3),
        "layer1.0.conv.weight": (2, 1, 1, 1),
        "layer1.0.bn.weight": (2,),
        "layer1.0.bn.bias": (2,),
        "layer1.0.bn.running_mean": (2,),
        "layer1.0.bn.running_var": (2,),
        "layer1.0.bn.num_batches_tracked": (),
        "fc.weight": (5, 2),
        "fc.bias": (5,),
    }
    return {name: generator.normal(size=shape) for name, shape in shapes.items()}


def test_each_tensor_lands_in_the_layout_of_its_variable(model):
    theirs = tensors()
    ours = converted(model, theirs, {"torch": NameMap(RULES)}, source="a file").tensors
    assert len(ours) == len(model.weights) == 8
    np.testing.assert_array_equal(ours["head_logits/0.kernel"], theirs["fc.weight"].T)
    kernel = theirs["conv.weight"].transpose(2, 3, 1, 0)
    np.testing.assert_array_equal(ours["backbone/stem_conv/0.kernel"], kernel)
    depthwise = theirs["layer1.0.conv.weight"].transpose(2, 3, 0, 1)
    np.testing.assert_array_equal(ours["backbone/stage1_block1_conv/0.kernel"], depthwise)


def test_two_heads_whose_outputs_are_averaged_become_one(model):
    theirs = tensors()
    theirs |= {"second.weight": np.ones((5, 2)), "second.bias": np.ones(5)}
    names = NameMap(RULES, averaged={"second": "fc"})
    found = converted(model, theirs, {"torch": names}, source="a file")
    ours = found.tensors
    np.testing.assert_array_equal(ours["head_logits/1.bias"], (theirs["fc.bias"] + 1) / 2)
    kernel = (theirs["fc.weight"].T + 1) / 2
    np.testing.assert_array_equal(ours["head_logits/0.kernel"], kernel)
    assert found.left_out["second.weight"] == "averaged with the other head"
    with pytest.raises(WeightsError, match=r"second\.bias"):
        theirs["second.bias"] = np.ones(4)
        converted(model, theirs, {"torch": names}, source="a file")


def test_two_biases_whose_sum_counts_become_one(model):
    theirs = tensors() | {"fc.second_bias": np.ones(5)}
    names = NameMap(RULES, summed={"fc.second_bias": "fc.bias"})
    found = converted(model, theirs, {"torch": names}, source="a file")
    np.testing.assert_array_equal(found.tensors["head_logits/1.bias"], theirs["fc.bias"] + 1)
    assert found.left_out["fc.second_bias"] == "added to the other"
    with pytest.raises(WeightsError, match=r"fc\.second_bias"):
        theirs["fc.second_bias"] = np.ones(4)
        converted(model, theirs, {"torch": names}, source="a file")


def test_a_placement_says_what_was_done_to_each_tensor(model):
    theirs = tensors() | {"fc.weight": np.zeros((5, 2, 1, 1))}
    found = converted(model, theirs, {"torch": NameMap(RULES)}, source="a file")
    done = {move.name: move.done for move in found.moves.values()}
    assert done["conv.weight"] == done["layer1.0.conv.weight"] == "transposed"
    assert done["fc.weight"] == "transposed, reshaped" and done["fc.bias"] == "as it is"
    assert found.moves["head_logits/0.kernel"].shape == (5, 2, 1, 1)
    assert found.left_out == {"layer1.0.bn.num_batches_tracked": "not needed"}


def test_positions_are_resized_and_channels_are_adapted():
    from zoo.layers.grid_positions import GridPositions

    image = keras.Input((4, 4, 1), name="image")
    x = keras.layers.Conv2D(2, 2, strides=2, use_bias=False, name="stem_conv")(image)
    tokens = keras.layers.Reshape((4, 2), name="tokens")(x)
    made = keras.Model(image, GridPositions((2, 2), prefix=0, name="positions")(tokens))
    names = NameMap({"conv": "stem_conv", "pos_embed": "positions/embeddings"})
    theirs = {"conv.weight": np.ones((2, 3, 2, 2)), "pos_embed": np.ones((1, 9, 2))}
    found = converted(made, theirs, {"torch": names}, source="a file")
    done = {move.name: move.done for move in found.moves.values()}
    assert done == {"conv.weight": "transposed, other channels", "pos_embed": "resized"}


def test_what_is_left_over_on_either_side_is_listed(model):
    theirs = tensors()
    theirs["layer1.7.conv.weight"] = theirs.pop("layer1.0.conv.weight")
    with pytest.raises(WeightsError) as error:
        converted(model, theirs, {"torch": NameMap(RULES)}, source="a file")
    message = str(error.value)
    assert "have no place: layer1.7.conv.weight" in message
    assert "get nothing: backbone/stage1_block1_conv/0.kernel" in message


def test_another_shape_is_named(model):
    theirs = tensors() | {"fc.weight": np.zeros((7, 2))}
    with pytest.raises(WeightsError, match=r"fc\.weight: \(2, 7\) does not fit head_logits"):
        converted(model, theirs, {"torch": NameMap(RULES)}, source="a file")


def test_a_head_of_other_classes_can_be_left_out(model):
    theirs = tensors() | {"fc.weight": np.zeros((7, 2)), "fc.bias": np.zeros(7)}
    found = converted(model, theirs, {"torch": NameMap(RULES)}, source="a file", headless=True)
    assert not any(key.startswith("head_") for key in found.tensors) and len(found.tensors) == 6


def test_the_map_whose_names_fit_is_taken(model):
    maps = {"other": NameMap({"x{n}": "stem_conv"}), "torch": NameMap(RULES)}
    under_module = {f"module.{name}": array for name, array in tensors().items()}
    assert len(converted(model, under_module, maps, source="a file").tensors) == 8


def test_a_tensor_is_never_placed_twice(model):
    names = NameMap(RULES | {"copy": "stem_conv"})
    theirs = tensors() | {"copy.weight": np.zeros((2, 3, 3, 3))}
    assert placed(model, theirs, names).unplaced == ["copy.weight"]


def test_channels_are_summed_or_repeated_so_that_the_response_stays():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 3, 4)).astype("float32")
    gray = np.ones((3, 3, 1), "float32")
    expected = np.einsum("hwc,hwcf->f", np.repeat(gray, 3, -1), kernel)
    for channels in (1, 3, 6):
        adapted = kernel if channels == 3 else adapt_channels(kernel, channels)
        found = np.einsum("hwc,hwcf->f", np.repeat(gray, channels, -1), adapted)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("style", ["torch", "keras"])
def test_a_dense_layer_on_a_flattened_map_becomes_a_convolution(style):
    image = keras.Input((2, 3, 4))
    cover = keras.layers.Conv2D(5, (2, 3), use_bias=False, name="cover")
    model = keras.Model(image, cover(image))
    generator = np.random.default_rng(0)
    x, kernel = generator.normal(size=(1, 2, 3, 4)), generator.normal(size=(24, 5))
    tensor = {"fc.weight": kernel.T} if style == "torch" else {"fc/kernel": kernel}
    found = converted(
        model, tensor, {"one": NameMap({"fc": "cover"}, style=style)}, source="a file"
    )
    cover.set_weights(list(found.tensors.values()))
    flat = (x.transpose(0, 3, 1, 2) if style == "torch" else x).reshape(1, -1)
    np.testing.assert_allclose(np.asarray(model(x))[:, 0, 0], flat @ kernel, rtol=1e-4)
