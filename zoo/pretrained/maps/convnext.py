"""Names of ConvNeXts: timm's, and those of the authors' own files."""

from zoo.pretrained.names import NameMap

_BLOCK = "stages.{s}.blocks.{b}"
_OURS = "stage{s+1}_block{b+1}"

MAPS = {
    "torch": NameMap(
        {
            "stem.0": "stem",
            "stem.1": "stem_norm",
            "stages.{s}.downsample.0": "stage{s+1}_down_norm",
            "stages.{s}.downsample.1": "stage{s+1}_down",
            f"{_BLOCK}.conv_dw": f"{_OURS}_conv",
            f"{_BLOCK}.norm": f"{_OURS}_norm",
            f"{_BLOCK}.mlp.fc{{i}}": f"{_OURS}_mlp_{{i}}",
            f"{_BLOCK}.mlp.grn": f"{_OURS}_response",
            f"{_BLOCK}.gamma": f"{_OURS}_scale/gamma",
            "head.norm": "pool_norm",
            "head.fc": "head_logits",
        }
    ),
    "torch, the authors'": NameMap(
        {
            "downsample_layers.0.0": "stem",
            "downsample_layers.0.1": "stem_norm",
            "downsample_layers.{s}.0": "stage{s+1}_down_norm",
            "downsample_layers.{s}.1": "stage{s+1}_down",
            "stages.{s}.{b}.dwconv": f"{_OURS}_conv",
            "stages.{s}.{b}.norm": f"{_OURS}_norm",
            "stages.{s}.{b}.pwconv{i}": f"{_OURS}_mlp_{{i}}",
            "stages.{s}.{b}.grn.gamma": f"{_OURS}_response/gamma",
            "stages.{s}.{b}.grn.beta": f"{_OURS}_response/beta",
            "stages.{s}.{b}.gamma": f"{_OURS}_scale/gamma",
            "norm": "pool_norm",
            "head": "head_logits",
        }
    ),
}
