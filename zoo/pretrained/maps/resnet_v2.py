"""Names of ResNets for CIFAR with normalization first, as PyTorch ports of Wide ResNets have them."""

from zoo.pretrained.names import NameMap

_BLOCK = "block{s}.layer.{b}"
_OURS = "stage{s}_block{b+1}"

MAPS = {
    "torch": NameMap(
        {
            "conv1": "stem_conv",
            f"{_BLOCK}.bn{{i}}": f"{_OURS}_{{i}}_norm",
            f"{_BLOCK}.conv{{i}}": f"{_OURS}_{{i}}_conv",
            f"{_BLOCK}.convShortcut": f"{_OURS}_shortcut",
            "bn1": "final_norm",
            "fc": "head_logits",
        }
    )
}
