"""Names of EfficientNetV2: timm's, torchvision's and keras.applications'.

Weights of both others belong to norm_epsilon=1e-3, and those of keras.applications to padding="same".
"""

from string import ascii_lowercase

from zoo.pretrained.mobile import timm_names
from zoo.pretrained.names import NameMap

_END = {"conv_head": "last_conv", "bn2": "last_norm", "classifier": "head_logits"}
_KINDS = ["plain", "fused", "fused"] + ["inverted"] * 4
_MOST = 18  # blocks of a stage, in M
_PARTS = {  # of each kind, in torchvision's order
    "plain": ("plain",),
    "fused": ("expand", "project"),
    "inverted": ("expand", "depthwise", "se", "project"),
}


def _torchvision() -> dict[str, str]:
    rules = {
        "features.0.0": "stem_conv",
        "features.0.1": "stem_norm",
        "classifier.1": "head_logits",
    }
    for last in (7, 8):  # after six or seven stages
        rules |= {f"features.{last}.0": "last_conv", f"features.{last}.1": "last_norm"}
    for stage, kind in enumerate(_KINDS, start=1):
        for place, part in enumerate(_PARTS[kind]):
            theirs, ours = f"features.{stage}.{{b}}.block.{place}", f"stage{stage}_block{{b+1}}"
            if part == "se":
                rules |= {
                    f"{theirs}.fc1": f"{ours}_se_reduce",
                    f"{theirs}.fc2": f"{ours}_se_expand",
                }
            else:
                rules |= {
                    f"{theirs}.0": f"{ours}_{part}_conv",
                    f"{theirs}.1": f"{ours}_{part}_norm",
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
    for block, letter in enumerate(ascii_lowercase[:_MOST], start=1):
        first, theirs, ours = f"block1{letter}", f"block{{s}}{letter}", f"stage{{s}}_block{block}"
        rules |= {
            f"{first}_project_conv": f"stage1_block{block}_plain_conv",
            f"{first}_project_bn": f"stage1_block{block}_plain_norm",
            f"{theirs}_expand_conv": f"{ours}_expand_conv",
            f"{theirs}_expand_bn": f"{ours}_expand_norm",
            f"{theirs}_dwconv2": f"{ours}_depthwise_conv",
            f"{theirs}_bn": f"{ours}_depthwise_norm",
            f"{theirs}_se_reduce": f"{ours}_se_reduce",
            f"{theirs}_se_expand": f"{ours}_se_expand",
            f"{theirs}_project_conv": f"{ours}_project_conv",
            f"{theirs}_project_bn": f"{ours}_project_norm",
        }
    return rules


MAPS = {
    "torch": NameMap(timm_names(_KINDS, _END)),
    "torch, fused from the start": NameMap(timm_names(["fused", *_KINDS[1:]], _END)),
    "torch, torchvision": NameMap(_torchvision()),
    # Their preprocessing is a layer of the network; ours comes before it.
    "keras": NameMap(_keras(), style="keras", ignored=(r"(normalization|rescaling)(_\d+)?/.*",)),
}
