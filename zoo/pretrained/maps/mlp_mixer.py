"""Names of MLP-Mixers: timm's."""

from zoo.pretrained.names import NameMap

MAPS = {
    "torch": NameMap(
        {
            "stem.proj": "patches",
            "blocks.{b}.norm{i}": "block{b+1}_norm{i}",
            "blocks.{b}.mlp_tokens.fc{i}": "block{b+1}_places_{i}",
            "blocks.{b}.mlp_channels.fc{i}": "block{b+1}_channels_{i}",
            "norm": "final_norm",
            "head": "head_logits",
        }
    ),
}
