"""Names of SqueezeNet: torchvision's, of the backbone alone.

Its classifier applies ReLU before the mean over positions, which our head does not; a model with a head
therefore refuses its files, and one with `num_classes=0` takes them.
"""

from collections.abc import Sequence

from zoo.pretrained.names import NameMap


def _numbered(*stages: Sequence[int]) -> NameMap:
    """Place fire modules that are numbered within `features`, by stage."""
    rules = {"features.0": "stem_conv"}
    for stage, numbers in enumerate(stages, start=1):
        for index, number in enumerate(numbers, start=1):
            theirs, ours = f"features.{number}", f"stage{stage}_fire{index}"
            rules[f"{theirs}.squeeze"] = f"{ours}_squeeze_conv"
            for size in (1, 3):
                rules[f"{theirs}.expand{size}x{size}"] = f"{ours}_expand{size}_conv"
    return NameMap(rules, ignored=(r"classifier\..*",))


MAPS = {
    "torch, 1.0": _numbered((3, 4, 5), (7, 8, 9, 10), (12,)),
    "torch, 1.1": _numbered((3, 4), (6, 7), (9, 10, 11, 12)),
}
