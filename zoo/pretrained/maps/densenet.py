"""Names of DenseNet: torchvision's and timm's, which agree, and keras.applications'.

torchvision's files have "norm.1" where its network has "norm1". Those of keras.applications were written
when its first layers had other names.
"""

from zoo.pretrained.names import NameMap

_LAYER = "features.denseblock{s}.denselayer{i}"
_OURS = "stage{s}_layer{i}"
_KERAS = "conv{s}_block{i}"  # the stem is their stage 1
_OURS_FROM_KERAS = "stage{s-1}_layer{i}"

MAPS = {
    "torch": NameMap(
        {
            "features.conv0": "stem_conv",
            "features.norm0": "stem_norm",
            f"{_LAYER}.norm{{j}}": f"{_OURS}_{{j}}_norm",
            f"{_LAYER}.conv{{j}}": f"{_OURS}_{{j}}_conv",
            f"{_LAYER}.norm.{{j}}": f"{_OURS}_{{j}}_norm",
            f"{_LAYER}.conv.{{j}}": f"{_OURS}_{{j}}_conv",
            "features.transition{s}.norm": "transition{s}_norm",
            "features.transition{s}.conv": "transition{s}_conv",
            "features.norm5": "final_norm",
            "classifier": "head_logits",
        }
    ),
    "keras": NameMap(
        {
            "conv1_conv": "stem_conv",
            "conv1_bn": "stem_norm",
            "conv": "stem_conv",  # "conv1/conv", of which the reader keeps the end
            "conv1/bn": "stem_norm",
            f"{_KERAS}_0_bn": f"{_OURS_FROM_KERAS}_1_norm",
            f"{_KERAS}_1_conv": f"{_OURS_FROM_KERAS}_1_conv",
            f"{_KERAS}_1_bn": f"{_OURS_FROM_KERAS}_2_norm",
            f"{_KERAS}_2_conv": f"{_OURS_FROM_KERAS}_2_conv",
            "pool{s}_bn": "transition{s-1}_norm",
            "pool{s}_conv": "transition{s-1}_conv",
            "bn": "final_norm",
            "predictions": "head_logits",
            "fc1000": "head_logits",
        },
        style="keras",
    ),
}
