"""Names of Inception-v3: timm's and torchvision's, which agree.

keras.applications has no map: its layers are numbered in the order in which they were made.
"""

from zoo.pretrained.names import NameMap

_STEM = ("1a_3x3", "2a_3x3", "2b_3x3", "3b_1x1", "4a_3x3")
_BLOCKS = {
    "5b": "stage1_block1",
    "5c": "stage1_block2",
    "5d": "stage1_block3",
    "6a": "stage2_reduction",
    "6b": "stage2_block1",
    "6c": "stage2_block2",
    "6d": "stage2_block3",
    "6e": "stage2_block4",
    "7a": "stage3_reduction",
    "7b": "stage3_block1",
    "7c": "stage3_block2",
}
_BRANCHES = (
    "branch1x1",
    "branch3x3",
    "branch_pool",
    *(f"branch{kind}_{{i}}" for kind in ("3x3", "5x5", "7x7", "3x3dbl", "7x7dbl", "7x7x3")),
    *(f"branch{kind}{letter}" for kind in ("3x3_2", "3x3dbl_3") for letter in "ab"),
)
_PARTS = {"conv": "conv", "bn": "norm"}

MAPS = {
    "torch": NameMap(
        {
            **{
                f"Conv2d_{theirs}.{part}": f"stem{number}_{layer}"
                for number, theirs in enumerate(_STEM, start=1)
                for part, layer in _PARTS.items()
            },
            **{
                f"Mixed_{theirs}.{branch}.{part}": f"{ours}_{branch}_{layer}"
                for theirs, ours in _BLOCKS.items()
                for branch in _BRANCHES
                for part, layer in _PARTS.items()
            },
            "fc": "head_logits",
        },
        ignored=(r"AuxLogits\..*",),
    )
}
