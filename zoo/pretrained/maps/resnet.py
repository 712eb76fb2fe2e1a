"""Names of residual networks: torchvision's and timm's."""

from zoo.pretrained.names import NameMap

_BLOCK = "layer{s}.{b}"
_OURS = "stage{s}_block{b+1}"
_TORCH = {
    "conv1": "stem_conv",
    "bn1": "stem_norm",
    f"{_BLOCK}.conv{{i}}": f"{_OURS}_{{i}}_conv",
    f"{_BLOCK}.bn{{i}}": f"{_OURS}_{{i}}_norm",
    f"{_BLOCK}.se.fc1": f"{_OURS}_se_reduce",
    f"{_BLOCK}.se.fc2": f"{_OURS}_se_expand",
    f"{_BLOCK}.downsample.0": f"{_OURS}_shortcut_conv",
    f"{_BLOCK}.downsample.1": f"{_OURS}_shortcut_norm",
    "fc": "head_logits",
}
_DEEP = {
    "conv1.0": "stem1_conv",
    "conv1.1": "stem1_norm",
    "conv1.3": "stem2_conv",
    "conv1.4": "stem2_norm",
    "conv1.6": "stem3_conv",
    "bn1": "stem3_norm",
    f"{_BLOCK}.downsample.1": f"{_OURS}_shortcut_conv",  # after the pooling
    f"{_BLOCK}.downsample.2": f"{_OURS}_shortcut_norm",
}

MAPS = {
    "torch": NameMap(_TORCH),
    "torch, deep stem": NameMap(
        {name: ours for name, ours in _TORCH.items() if ".downsample." not in name} | _DEEP
    ),
}
