"""What is special about EfficientNetV2."""

import pytest

from zoo.models.image.efficientnet_v2 import efficientnet_v2

STAGES = (("plain", 2, 8, 1, 1, 0.0), ("fused", 2, 16, 2, 4, 0.0), ("inverted", 1, 16, 2, 4, 0.25))


def test_each_kind_of_stage_has_its_layers():
    model = efficientnet_v2(input_shape=(16, 16, 3), stages=STAGES, stem_width=8, last_width=16)
    kernels = {
        layer.name: tuple(layer.kernel.shape) for layer in model.layers if hasattr(layer, "kernel")
    }
    assert kernels["stage1_block2_plain_conv"] == (3, 3, 8, 8)
    assert kernels["stage2_block1_expand_conv"] == (3, 3, 8, 32)
    assert kernels["stage2_block1_project_conv"] == (1, 1, 32, 16)
    assert kernels["stage3_block1_expand_conv"] == (1, 1, 16, 64)
    assert kernels["stage3_block1_se_reduce"] == (1, 1, 64, 4)
    assert "stage2_block1_depthwise_conv" not in kernels
    assert model.output["stride_8"].shape == (None, 2, 2, 16)


def test_a_stage_must_be_of_six_values_and_of_a_known_kind():
    with pytest.raises(ValueError, match="six values"):
        efficientnet_v2(stages=(("plain", 2),))
    with pytest.raises(ValueError, match="kind of a block"):
        efficientnet_v2(stages=(("dense", 1, 8, 1, 1, 0.0),))
