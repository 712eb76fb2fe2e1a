"""What is special about MnasNet."""

import pytest

from zoo.models.image.mnasnet import mnasnet

STAGES = ((1, 8, 3, 1, 1, 0.0), (2, 8, 5, 2, 3, 0.25), (1, 16, 3, 2, 6, 0.0))


def test_stages_have_their_own_kernels_expansions_and_squeezes():
    model = mnasnet(input_shape=(16, 16, 3), stages=STAGES, stem_width=8, last_width=16)
    names = {layer.name for layer in model.layers}
    assert model.get_layer("stage2_block2_depthwise_conv").kernel.shape == (5, 5, 24, 1)
    assert model.get_layer("stage2_block2_se_reduce").kernel.shape == (1, 1, 24, 2)
    assert "stage1_block1_add" not in names and "stage2_block2_add" in names
    assert "stage3_block1_se_reduce" not in names
    with pytest.raises(ValueError, match="six values"):
        mnasnet(stages=((1, 8),))
