"""What is special about EfficientNet."""

import pytest

from zoo.models.image.efficientnet import efficientnet

TINY = {"depths": (1, 2, 1, 1, 1, 1, 1), "widths": (8,) * 7, "stem_width": 8, "last_width": 16}
TWICE = {"width_multiplier": 2.0, "depth_multiplier": 2.0}


def blocks(model, stage):
    name = f"stage{stage}_block"
    return sum(
        layer.name.startswith(name) and layer.name.endswith("project_conv")
        for layer in model.layers
    )


def test_multipliers_widen_and_deepen_everything_or_leave_the_ends():
    whole = efficientnet(input_shape=(32, 32, 3), **TINY, **TWICE)
    inner = efficientnet(input_shape=(32, 32, 3), scale_ends=False, **TINY, **TWICE)
    assert [blocks(whole, stage) for stage in (1, 2, 7)] == [2, 4, 2]
    assert [blocks(inner, stage) for stage in (1, 2, 7)] == [1, 4, 1]
    assert whole.output["stride_32"].shape[-1] == 32 and inner.output["stride_32"].shape[-1] == 16
    assert whole.output["stride_16"].shape[-1] == inner.output["stride_16"].shape[-1] == 16


def test_squeeze_and_excitation_is_a_quarter_of_what_enters():
    model = efficientnet(input_shape=(32, 32, 3), **TINY)
    assert model.get_layer("stage2_block1_se_reduce").kernel.shape == (1, 1, 48, 2)
    without = efficientnet(input_shape=(32, 32, 3), squeeze_ratio=0.0, **TINY)
    assert not any("_se_" in layer.name for layer in without.layers)
    with pytest.raises(ValueError, match="7 stages"):
        efficientnet(widths=(8,))
