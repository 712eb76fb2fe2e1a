"""What is special about MobileNet."""

import pytest

from zoo.models.image.mobilenet_v1 import mobilenet_v1

TINY = {"depths": (1, 2, 1, 1, 1), "widths": (8,) * 5, "stem_width": 8}


def test_blocks_have_no_shortcut_and_two_activations():
    model = mobilenet_v1(input_shape=(32, 32, 3), **TINY)
    names = [layer.name for layer in model.layers]
    assert not any(name.endswith(("_add", "_expand_conv")) for name in names)
    assert {"stage2_block2_depthwise_act", "stage2_block2_project_act"} <= set(names)
    with pytest.raises(ValueError, match="5 stages"):
        mobilenet_v1(depths=(1,))


def test_biases_are_there_only_if_asked_for():
    plain = mobilenet_v1(input_shape=(32, 32, 3), **TINY)
    biased = mobilenet_v1(input_shape=(32, 32, 3), use_bias=True, **TINY)
    assert len(biased.weights) - len(plain.weights) == 1 + 2 * 6  # stem and both layers of a block
