"""Names of PoolFormers: timm's."""

from zoo.pretrained.names import NameMap

_BLOCK = "stages.{s}.blocks.{b}"
_OURS = "stage{s+1}_block{b+1}"

MAPS = {
    "torch": NameMap(
        {
            "stem.conv": "stem",
            "stages.{s}.downsample.conv": "stage{s+1}_down",
            f"{_BLOCK}.norm{{i}}": f"{_OURS}_norm{{i}}",
            f"{_BLOCK}.mlp.fc{{i}}": f"{_OURS}_mlp_{{i}}",
            f"{_BLOCK}.layer_scale{{i}}.scale": f"{_OURS}_{{i}}_scale/gamma",
            "head.norm": "pool_norm",
            "head.fc": "head_logits",
        }
    ),
}
