"""What is special about MLPerf Tiny's ResNet-8."""

from zoo.models.image.resnet8 import resnet8


def test_shortcuts_of_strided_blocks_have_a_bias_and_no_normalization():
    model = resnet8(input_shape=(8, 8, 3))
    names = {layer.name for layer in model.layers}
    assert "block1_shortcut_conv" not in names and "block2_shortcut_norm" not in names
    assert model.get_layer("block2_shortcut_conv").use_bias
    assert model.get_layer("block2_1_norm").epsilon == 1e-3
