"""What is special about MobileNetV3."""

import pytest

from zoo import registry
from zoo.models.image.mobilenet_v3 import mobilenet_v3

TINY = registry.model_card("mobilenetv3_large_100").tiny_arguments


def test_activations_and_squeezes_are_those_of_the_stages():
    model = mobilenet_v3(input_shape=(32, 32, 3), **TINY)
    names = [layer.name for layer in model.layers]
    found = {
        stage: model.get_layer(f"stage{stage}_block1_depthwise_act").activation.__name__
        for stage in (1, 3, 4, 6)
    }
    assert found == {1: "relu", 3: "relu", 4: "hard_silu", 6: "hard_silu"}
    assert "stage3_block1_se_gate" in names and "stage4_block1_se_gate" not in names
    assert model.get_layer("stage3_block1_se_gate").activation.__name__ == "hard_sigmoid"
    assert model.get_layer("stage3_block1_se_reduce").kernel.shape == (1, 1, 16, 8)


def test_the_last_layer_comes_after_pooling():
    model = mobilenet_v3(input_shape=(32, 64, 3), stem="small", **TINY)
    assert model.output["stride_8"].shape == (None, 4, 8, 48)
    assert model.output["pooled"].shape == (None, 16)
    with pytest.raises(ValueError, match="six values"):
        mobilenet_v3(stages=((16, 3),))
