"""What is special about ResNets with normalization first."""

import numpy as np
import pytest

from zoo.complexity import count_params, shapes_only
from zoo.models.image.resnet_v2 import resnet_v2

# 1605.07146 Tab. 4 and 5: millions of parameters, with a head for 10 classes.
PUBLISHED = {(16, 8): 11.0, (28, 10): 36.5, (40, 4): 8.9}


@pytest.mark.parametrize(("depth", "multiplier"), PUBLISHED)
def test_wide_resnets_have_as_many_parameters_as_published(depth, multiplier):
    with shapes_only():
        model = resnet_v2(
            num_blocks=(depth - 4) // 6, bottleneck=False, width_multiplier=multiplier
        )
    head = 64 * multiplier * 10 + 10
    assert round((count_params(model) + head) / 1e6, 1) == PUBLISHED[depth, multiplier]


def test_shortcuts_stay_untouched():
    """With branches that give nothing, a stage passes on what it takes (1603.05027 eq. 4)."""
    model = resnet_v2(input_shape=(8, 8, 1), num_blocks=2, bottleneck=False)
    for layer in model.layers:
        if layer.name.endswith("_2_conv"):
            layer.set_weights([np.zeros_like(layer.get_weights()[0])])
    image = np.random.default_rng(0).normal(size=(1, 8, 8, 1)).astype("float32")
    stem = np.asarray(model.get_layer("stem_conv")(image))
    np.testing.assert_allclose(model(image)["stride_1"], stem, atol=1e-6)


def test_dropout_is_of_basic_blocks():
    with pytest.raises(ValueError, match="basic blocks"):
        resnet_v2(dropout_rate=0.3)
