"""Names of MLPerf Tiny's ResNet-8: Keras numbered its layers as they were made."""

from zoo.pretrained.names import NameMap

MAPS = {
    "keras": NameMap(
        {
            "conv2d": "stem_conv",
            "batch_normalization": "stem_norm",
            "conv2d_1": "block1_1_conv",
            "batch_normalization_1": "block1_1_norm",
            "conv2d_2": "block1_2_conv",
            "batch_normalization_2": "block1_2_norm",
            "conv2d_3": "block2_1_conv",
            "batch_normalization_3": "block2_1_norm",
            "conv2d_4": "block2_2_conv",
            "batch_normalization_4": "block2_2_norm",
            "conv2d_5": "block2_shortcut_conv",
            "conv2d_6": "block3_1_conv",
            "batch_normalization_5": "block3_1_norm",
            "conv2d_7": "block3_2_conv",
            "batch_normalization_6": "block3_2_norm",
            "conv2d_8": "block3_shortcut_conv",
            "dense": "head_logits",
        },
        style="keras",
    )
}
