"""Names of RegNet: timm's and torchvision's.

torchvision rounds some widths to whole groups by another rule; its 400MF form of RegNetX and 800MF form
of RegNetY have other shapes, which loading refuses.
"""

from zoo.pretrained.names import NameMap

_OURS = "stage{s}_block{b}"
_TIMM = "s{s}.b{b}"
_TORCHVISION = "trunk_output.block{s}.block{s}-{b}"
_OURS_FROM_0 = "stage{s}_block{b+1}"

MAPS = {
    "torch": NameMap(
        {
            "stem.conv": "stem_conv",
            "stem.bn": "stem_norm",
            f"{_TIMM}.conv{{i}}.conv": f"{_OURS}_{{i}}_conv",
            f"{_TIMM}.conv{{i}}.bn": f"{_OURS}_{{i}}_norm",
            f"{_TIMM}.se.fc1": f"{_OURS}_se_reduce",
            f"{_TIMM}.se.fc2": f"{_OURS}_se_expand",
            f"{_TIMM}.downsample.conv": f"{_OURS}_shortcut_conv",
            f"{_TIMM}.downsample.bn": f"{_OURS}_shortcut_norm",
            "head.fc": "head_logits",
        }
    ),
    "torch, torchvision": NameMap(
        {
            "stem.0": "stem_conv",
            "stem.1": "stem_norm",
            **{
                f"{_TORCHVISION}.f.{letter}.{part}": f"{_OURS_FROM_0}_{number}_{layer}"
                for number, letter in enumerate("abc", start=1)
                for part, layer in enumerate(("conv", "norm"))
            },
            f"{_TORCHVISION}.f.se.fc1": f"{_OURS_FROM_0}_se_reduce",
            f"{_TORCHVISION}.f.se.fc2": f"{_OURS_FROM_0}_se_expand",
            f"{_TORCHVISION}.proj.0": f"{_OURS_FROM_0}_shortcut_conv",
            f"{_TORCHVISION}.proj.1": f"{_OURS_FROM_0}_shortcut_norm",
            "fc": "head_logits",
        }
    ),
}
