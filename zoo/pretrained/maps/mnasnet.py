"""Names of MnasNet: timm's and torchvision's."""

from zoo.pretrained.mobile import timm_names
from zoo.pretrained.names import NameMap

_END = {"conv_head": "last_conv", "bn2": "last_norm", "classifier": "head_logits"}
_THEIRS, _OURS = "layers.{s}.{b}.layers", "stage{s-6}_block{b+1}"  # the second stage is layers.8

MAPS = {
    "torch": NameMap(timm_names(["separable"] + ["inverted"] * 6, _END)),
    "torch, torchvision": NameMap(
        {
            "layers.0": "stem_conv",
            "layers.1": "stem_norm",
            "layers.3": "stage1_block1_depthwise_conv",
            "layers.4": "stage1_block1_depthwise_norm",
            "layers.6": "stage1_block1_project_conv",
            "layers.7": "stage1_block1_project_norm",
            "layers.14": "last_conv",
            "layers.15": "last_norm",
            "classifier.1": "head_logits",
            f"{_THEIRS}.0": f"{_OURS}_expand_conv",
            f"{_THEIRS}.1": f"{_OURS}_expand_norm",
            f"{_THEIRS}.3": f"{_OURS}_depthwise_conv",
            f"{_THEIRS}.4": f"{_OURS}_depthwise_norm",
            f"{_THEIRS}.6": f"{_OURS}_project_conv",
            f"{_THEIRS}.7": f"{_OURS}_project_norm",
        }
    ),
}
