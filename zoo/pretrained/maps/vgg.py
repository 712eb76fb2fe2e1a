"""Names of VGG: torchvision's, timm's and keras.applications'."""

from collections.abc import Sequence

from zoo.pretrained.names import NameMap

_DEPTHS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
_DENSE = {  # timm has 1×1 and 7×7 convolutions where torchvision has dense layers
    "pre_logits.fc1": "fc6_conv",
    "pre_logits.fc2": "fc7_conv",
    "head.fc": "head_logits",
    "classifier.0": "fc6_conv",
    "classifier.3": "fc7_conv",
    "classifier.6": "head_logits",
}


def _torch(depths: Sequence[int], *, normalized: bool) -> NameMap:
    """Number the layers of all stages in one sequence, as both do; poolings have numbers too."""
    rules, number = {}, 0
    for stage, depth in enumerate(depths, start=1):
        for index in range(1, depth + 1):
            rules[f"features.{number}"] = f"stage{stage}_{index}_conv"
            if normalized:
                rules[f"features.{number + 1}"] = f"stage{stage}_{index}_norm"
            number += 3 if normalized else 2  # the activation is the last
        number += 1
    return NameMap(rules | _DENSE)


MAPS = {
    **{f"torch, {name}": _torch(depths, normalized=False) for name, depths in _DEPTHS.items()},
    **{f"torch, {name}_bn": _torch(depths, normalized=True) for name, depths in _DEPTHS.items()},
    "keras": NameMap(
        {
            "block{s}_conv{i}": "stage{s}_{i}_conv",
            "fc1": "fc6_conv",
            "fc2": "fc7_conv",
            "predictions": "head_logits",
        },
        style="keras",
    ),
}
