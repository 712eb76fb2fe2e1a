"""Names of MobileNetV3: timm's, torchvision's and keras.applications'.

Weights of both others belong to norm_epsilon=1e-3, and those of keras.applications to padding="same".
"""

from zoo.pretrained.mobile import timm_names
from zoo.pretrained.names import NameMap

_VARIANTS = {  # blocks of each stage, and the stages with squeeze-and-excitation
    "large": ((1, 2, 3, 4, 2, 3), (3, 5, 6)),
    "small": ((1, 2, 3, 2, 3), (1, 3, 4, 5)),
}


def _timm(variant: str) -> dict[str, str]:
    stages = len(_VARIANTS[variant][0])
    end = {
        f"blocks.{stages}.0.conv": "last_conv",
        f"blocks.{stages}.0.bn1": "last_norm",
        "conv_head": "pooled_dense",
        "classifier": "head_logits",
    }
    return timm_names(["separable"] + ["inverted"] * (stages - 1), end)


def _blocks(variant: str) -> list[tuple[int, int]]:
    depths = _VARIANTS[variant][0]
    return [
        (stage, block) for stage, depth in enumerate(depths, 1) for block in range(1, depth + 1)
    ]


def _torchvision(variant: str) -> dict[str, str]:
    blocks = _blocks(variant)
    last = f"features.{len(blocks) + 1}"
    rules = {
        "features.0.0": "stem_conv",
        "features.0.1": "stem_norm",
        f"{last}.0": "last_conv",
        f"{last}.1": "last_norm",
        "classifier.0": "pooled_dense",
        "classifier.3": "head_logits",
    }
    for number, (stage, block) in enumerate(blocks, start=1):
        parts = [] if number == 1 else ["expand"]
        parts += ["depthwise"] + (["se"] if stage in _VARIANTS[variant][1] else []) + ["project"]
        ours = f"stage{stage}_block{block}"
        for place, part in enumerate(parts):
            theirs = f"features.{number}.block.{place}"
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


def _keras(variant: str) -> dict[str, str]:
    rules = {
        "conv": "stem_conv",
        "conv_bn": "stem_norm",
        "conv_1": "last_conv",
        "conv_1_bn": "last_norm",
        "conv_2": "pooled_dense",
        "logits": "head_logits",
    }
    for number, (stage, block) in enumerate(_blocks(variant)):
        theirs = f"expanded_conv_{number}" if number else "expanded_conv"
        ours = f"stage{stage}_block{block}"
        for part in ("expand", "depthwise", "project"):
            rules[f"{theirs}_{part}"] = f"{ours}_{part}_conv"
            rules[f"{theirs}_{part}_bn"] = f"{ours}_{part}_norm"
        rules[f"{theirs}_squeeze_excite_conv"] = f"{ours}_se_reduce"
        rules[f"{theirs}_squeeze_excite_conv_1"] = f"{ours}_se_expand"
    return rules


MAPS = {
    f"{names}, {variant}": NameMap(rules(variant), style=names.partition(",")[0])
    for names, rules in {
        "torch": _timm,
        "torch, torchvision": _torchvision,
        "keras": _keras,
    }.items()
    for variant in _VARIANTS
}
