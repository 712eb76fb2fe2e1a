"""What is special about GhostNet."""

from zoo.models.image.ghostnet import ghostnet

STAGES = ((3, 1, ((8, 8, False), (8, 8, True))), (5, 2, ((16, 12, False),)))


def test_half_of_the_channels_come_from_the_other_half():
    model = ghostnet(input_shape=(16, 16, 3), stages=STAGES, width_multiplier=0.5, pooled_dim=4)
    names = {layer.name for layer in model.layers}
    assert model.get_layer("stage2_block1_ghost1_primary_conv").kernel.shape == (1, 1, 4, 4)
    assert model.get_layer("stage2_block1_ghost1_cheap_conv").kernel.shape == (3, 3, 4, 1)
    assert model.get_layer("stage2_block1_ghost1_join").output.shape[-1] == 8
    assert "stage2_block1_ghost1_cheap_act" in names  # and none in the linear second module
    assert "stage2_block1_ghost2_cheap_act" not in names


def test_shortcuts_are_convolved_where_the_shape_changes():
    model = ghostnet(input_shape=(16, 16, 3), stages=STAGES, width_multiplier=0.5, pooled_dim=4)
    names = {layer.name for layer in model.layers}
    assert "stage1_block2_shortcut1_conv" not in names
    assert model.get_layer("stage2_block1_shortcut1_conv").kernel.shape == (5, 5, 4, 1)
    assert model.output["stride_4"].shape == (None, 4, 4, 8)
