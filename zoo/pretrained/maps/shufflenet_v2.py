"""Names of ShuffleNetV2: torchvision's."""

from zoo.pretrained.names import NameMap

_THEIRS, _OURS = "stage{s}.{b}", "stage{s-1}_block{b+1}"  # the first is stage2, as in the paper

MAPS = {
    "torch": NameMap(
        {
            "conv1.0": "stem_conv",
            "conv1.1": "stem_norm",
            f"{_THEIRS}.branch1.0": f"{_OURS}_passed1_conv",
            f"{_THEIRS}.branch1.1": f"{_OURS}_passed1_norm",
            f"{_THEIRS}.branch1.2": f"{_OURS}_passed2_conv",
            f"{_THEIRS}.branch1.3": f"{_OURS}_passed2_norm",
            f"{_THEIRS}.branch2.0": f"{_OURS}_1_conv",
            f"{_THEIRS}.branch2.1": f"{_OURS}_1_norm",
            f"{_THEIRS}.branch2.3": f"{_OURS}_2_conv",
            f"{_THEIRS}.branch2.4": f"{_OURS}_2_norm",
            f"{_THEIRS}.branch2.5": f"{_OURS}_3_conv",
            f"{_THEIRS}.branch2.6": f"{_OURS}_3_norm",
            "conv5.0": "last_conv",
            "conv5.1": "last_norm",
            "fc": "head_logits",
        }
    )
}
