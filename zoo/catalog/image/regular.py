"""Networks with regular stages: RegNet and its relatives, and ResNets and DenseNets for CIFAR."""

from typing import Any

from zoo.cards import ImagePreprocessing, ModelCard
from zoo.catalog.image.photographs import photograph_card, strides

_SIGNED = ImagePreprocessing()  # [-1, 1]


def _cifar_card(**values: Any) -> ModelCard:
    """Return a card with 32×32 RGB and 10 classes."""
    defaults = {
        "input_shape": (32, 32, 3),
        "num_classes": 10,
        "preprocessing": _SIGNED,
        "tiny_input_shape": (8, 8, 1),
    }
    return photograph_card(**{**defaults, **values})


# 2003.13678 Tab. 8 and 9: depth, w_0, w_a, w_m, group width; the widths of the stages that follow.


MODELS: tuple[ModelCard, ...] = (
    _cifar_card(
        name="densenet_bc_100_12",
        builder="zoo.models.image.densenet:densenet",
        arguments={"depths": (16, 16, 16), "growth": 12, "stem": "small"},
        family="densenet",
        summary="DenseNet-BC of 100 layers for small images, each adding 12 channels.",
        paper="Densely Connected Convolutional Networks",
        arxiv="1608.06993",
        year=2016,
        features=strides((216, 300, 342), first=1),
        tiny_arguments={"depths": (1, 1, 1), "growth": 4},
    ),
)
