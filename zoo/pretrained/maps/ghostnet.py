"""Names of GhostNet: timm's."""

from zoo.pretrained.names import NameMap

_BLOCKS = {  # a stage of theirs is a part of one of the paper's
    "blocks.0.0": "stage1_block1",
    "blocks.1.0": "stage2_block1",
    "blocks.2.0": "stage2_block2",
    "blocks.3.0": "stage3_block1",
    "blocks.4.0": "stage3_block2",
    "blocks.5.0": "stage4_block1",
    "blocks.6.{b}": "stage4_block{b+2}",
    "blocks.7.0": "stage5_block1",
    "blocks.8.{b}": "stage5_block{b+2}",
}
_PARTS = {
    "ghost{i}.primary_conv.0": "ghost{i}_primary_conv",
    "ghost{i}.primary_conv.1": "ghost{i}_primary_norm",
    "ghost{i}.cheap_operation.0": "ghost{i}_cheap_conv",
    "ghost{i}.cheap_operation.1": "ghost{i}_cheap_norm",
    "conv_dw": "depthwise_conv",
    "bn_dw": "depthwise_norm",
    "se.conv_reduce": "se_reduce",
    "se.conv_expand": "se_expand",
    "shortcut.0": "shortcut1_conv",
    "shortcut.1": "shortcut1_norm",
    "shortcut.2": "shortcut2_conv",
    "shortcut.3": "shortcut2_norm",
}

MAPS = {
    "torch": NameMap(
        {
            "conv_stem": "stem_conv",
            "bn1": "stem_norm",
            "blocks.9.0.conv": "last_conv",
            "blocks.9.0.bn1": "last_norm",
            "conv_head": "pooled_dense",
            "classifier": "head_logits",
        }
        | {
            f"{block}.{part}": f"{ours}_{layer}"
            for block, ours in _BLOCKS.items()
            for part, layer in _PARTS.items()
        }
    )
}
