"""Names of RepVGG: timm's, of both forms."""

from zoo.pretrained.names import NameMap

_BLOCKS = {"stem": "stem", "stages.{s}.{b}": "stage{s+1}_block{b+1}"}

MAPS = {
    "torch": NameMap(
        {
            **{
                f"{theirs}.{part}": f"{ours}_{layer}"
                for theirs, ours in _BLOCKS.items()
                for part, layer in {
                    "conv_kxk.conv": "3x3_conv",
                    "conv_kxk.bn": "3x3_norm",
                    "conv_1x1.conv": "1x1_conv",
                    "conv_1x1.bn": "1x1_norm",
                    "identity": "identity_norm",
                    "reparam_conv": "conv",
                }.items()
            },
            "head.fc": "head_logits",
        }
    )
}
