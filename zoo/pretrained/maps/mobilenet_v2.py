"""Names of MobileNetV2: timm's, torchvision's and keras.applications'.

The weights of keras.applications belong to padding="same" and norm_epsilon=1e-3. Their file was written
when the blocks had other names.
"""

from zoo.pretrained.mobile import timm_names
from zoo.pretrained.names import NameMap

_DEPTHS = (1, 2, 3, 4, 3, 3, 1)
_BLOCKS = [
    f"stage{stage}_block{block}"
    for stage, depth in enumerate(_DEPTHS, start=1)
    for block in range(1, depth + 1)
]
_HEAD = {"conv_head": "last_conv", "bn2": "last_norm", "classifier": "head_logits"}


def _torchvision() -> dict[str, str]:
    rules = {
        "features.0.0": "stem_conv",
        "features.0.1": "stem_norm",
        "features.1.conv.0.0": "stage1_block1_depthwise_conv",
        "features.1.conv.0.1": "stage1_block1_depthwise_norm",
        "features.1.conv.1": "stage1_block1_project_conv",
        "features.1.conv.2": "stage1_block1_project_norm",
        "features.18.0": "last_conv",
        "features.18.1": "last_norm",
        "classifier.1": "head_logits",
    }
    for number, ours in enumerate(_BLOCKS[1:], start=2):
        rules |= {
            f"features.{number}.conv.0.0": f"{ours}_expand_conv",
            f"features.{number}.conv.0.1": f"{ours}_expand_norm",
            f"features.{number}.conv.1.0": f"{ours}_depthwise_conv",
            f"features.{number}.conv.1.1": f"{ours}_depthwise_norm",
            f"features.{number}.conv.2": f"{ours}_project_conv",
            f"features.{number}.conv.3": f"{ours}_project_norm",
        }
    return rules


def _keras() -> dict[str, str]:
    rules = {
        "Conv1": "stem_conv",
        "bn_Conv1": "stem_norm",
        "Conv_1": "last_conv",
        "Conv_1_bn": "last_norm",
        "predictions": "head_logits",
    }
    for number, ours in enumerate(_BLOCKS):
        theirs = f"block_{number}" if number else "expanded_conv"
        for part in ("expand", "depthwise", "project"):
            rules[f"{theirs}_{part}"] = f"{ours}_{part}_conv"
            rules[f"{theirs}_{part}_BN"] = f"{ours}_{part}_norm"
    return rules


def _keras_first() -> dict[str, str]:
    rules = {
        "Conv1": "stem_conv",
        "bn_Conv1": "stem_norm",
        "Conv_1": "last_conv",
        "Conv_1_bn": "last_norm",
        "Logits": "head_logits",
    }
    for number, ours in enumerate(_BLOCKS):
        for part in ("expand", "depthwise", "project"):
            rules[f"mobl{number}_conv_{number}_{part}"] = f"{ours}_{part}_conv"
            rules[f"bn{number}_conv_{number}_bn_{part}"] = f"{ours}_{part}_norm"
    return rules


MAPS = {
    "torch": NameMap(timm_names(["separable"] + ["inverted"] * 6, _HEAD)),
    "torch, torchvision": NameMap(_torchvision()),
    "keras": NameMap(_keras(), style="keras"),
    "keras, first names": NameMap(_keras_first(), style="keras"),
}
