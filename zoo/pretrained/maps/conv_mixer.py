"""Names of ConvMixers: timm's."""

from zoo.pretrained.names import NameMap

MAPS = {
    "torch": NameMap(
        {
            "stem.0": "patches",
            "stem.2": "patches_norm",
            "blocks.{b}.0.fn.0": "block{b+1}_places",
            "blocks.{b}.0.fn.2": "block{b+1}_places_norm",
            "blocks.{b}.1": "block{b+1}_channels",
            "blocks.{b}.3": "block{b+1}_channels_norm",
            "head": "head_logits",
        }
    ),
}
