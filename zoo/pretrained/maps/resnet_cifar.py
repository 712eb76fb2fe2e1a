"""Names of CIFAR residual networks: those of akamaster/pytorch_resnet_cifar10."""

from zoo.pretrained.names import NameMap

MAPS = {
    "torch": NameMap(
        {
            "conv1": "stem_conv",
            "bn1": "stem_norm",
            "layer{s}.{b}.conv{i}": "stage{s}_block{b+1}_{i}_conv",
            "layer{s}.{b}.bn{i}": "stage{s}_block{b+1}_{i}_norm",
            "linear": "head_logits",
        }
    )
}
