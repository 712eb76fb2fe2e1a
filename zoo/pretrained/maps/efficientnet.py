"""Names of EfficientNet: timm's, torchvision's, efficientnet_pytorch's and keras.applications'.

Of keras.applications and of the Lite variants, weights belong to padding="same" and norm_epsilon=1e-3.
"""

from collections.abc import Sequence

from zoo.pretrained.mobile import timm_names
from zoo.pretrained.names import NameMap

_HEAD = {"conv_head": "last_conv", "bn2": "last_norm", "classifier": "head_logits"}
# Blocks of each stage of B0 and Lite0, Lite1 and Lite2, B1 and B2, B3, Lite3: flat numbers need them.
_DEPTHS = (
    (1, 2, 2, 3, 3, 4, 1),
    (1, 3, 3, 4, 4, 5, 1),
    (2, 3, 3, 4, 4, 5, 2),
    (2, 3, 3, 5, 5, 6, 2),
    (1, 3, 3, 5, 5, 6, 1),
)
_MOST = 6


def _torchvision() -> dict[str, str]:
    first, later = "features.1.{b}.block", "features.{s}.{b}.block"
    ours, ours_first = "stage{s}_block{b+1}", "stage1_block{b+1}"
    return {
        "features.0.0": "stem_conv",
        "features.0.1": "stem_norm",
        "features.8.0": "last_conv",
        "features.8.1": "last_norm",
        "classifier.1": "head_logits",
        f"{first}.0.0": f"{ours_first}_depthwise_conv",
        f"{first}.0.1": f"{ours_first}_depthwise_norm",
        f"{first}.1.fc1": f"{ours_first}_se_reduce",
        f"{first}.1.fc2": f"{ours_first}_se_expand",
        f"{first}.2.0": f"{ours_first}_project_conv",
        f"{first}.2.1": f"{ours_first}_project_norm",
        f"{later}.0.0": f"{ours}_expand_conv",
        f"{later}.0.1": f"{ours}_expand_norm",
        f"{later}.1.0": f"{ours}_depthwise_conv",
        f"{later}.1.1": f"{ours}_depthwise_norm",
        f"{later}.2.fc1": f"{ours}_se_reduce",
        f"{later}.2.fc2": f"{ours}_se_expand",
        f"{later}.3.0": f"{ours}_project_conv",
        f"{later}.3.1": f"{ours}_project_norm",
    }


def _package(depths: Sequence[int]) -> dict[str, str]:
    rules = {
        "_conv_stem": "stem_conv",
        "_bn0": "stem_norm",
        "_conv_head": "last_conv",
        "_bn1": "last_norm",
        "_fc": "head_logits",
    }
    blocks = [(stage, block) for stage, depth in enumerate(depths, 1) for block in range(depth)]
    for number, (stage, block) in enumerate(blocks):
        theirs, ours = f"_blocks.{number}", f"stage{stage}_block{block + 1}"
        rules |= {
            f"{theirs}._expand_conv": f"{ours}_expand_conv",
            f"{theirs}._bn0": f"{ours}_expand_norm",
            f"{theirs}._depthwise_conv": f"{ours}_depthwise_conv",
            f"{theirs}._bn1": f"{ours}_depthwise_norm",
            f"{theirs}._se_reduce": f"{ours}_se_reduce",
            f"{theirs}._se_expand": f"{ours}_se_expand",
            f"{theirs}._project_conv": f"{ours}_project_conv",
            f"{theirs}._bn2": f"{ours}_project_norm",
        }
    return rules


def _keras() -> dict[str, str]:
    rules = {
        "stem_conv": "stem_conv",
        "stem_bn": "stem_norm",
        "top_conv": "last_conv",
        "top_bn": "last_norm",
        "predictions": "head_logits",
    }
    for block, letter in enumerate("abcdefgh"[:_MOST], start=1):
        theirs, ours = f"block{{s}}{letter}", f"stage{{s}}_block{block}"
        rules |= {
            f"{theirs}_expand_conv": f"{ours}_expand_conv",
            f"{theirs}_expand_bn": f"{ours}_expand_norm",
            f"{theirs}_dwconv": f"{ours}_depthwise_conv",
            f"{theirs}_bn": f"{ours}_depthwise_norm",
            f"{theirs}_se_reduce": f"{ours}_se_reduce",
            f"{theirs}_se_expand": f"{ours}_se_expand",
            f"{theirs}_project_conv": f"{ours}_project_conv",
            f"{theirs}_project_bn": f"{ours}_project_norm",
        }
    return rules


MAPS = {
    "torch": NameMap(timm_names(["separable"] + ["inverted"] * 6, _HEAD)),
    "torch, torchvision": NameMap(_torchvision()),
    **{
        f"torch, efficientnet_lite_pytorch, {sum(depths)} blocks": NameMap(_package(depths))
        for depths in _DEPTHS
    },
    # Their preprocessing is a layer of the network; ours comes before it.
    "keras": NameMap(_keras(), style="keras", ignored=(r"(normalization|rescaling)(_\d+)?/.*",)),
}
