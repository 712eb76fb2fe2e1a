"""Networks with regular stages: RegNet and its relatives, and ResNets and DenseNets for CIFAR."""

from typing import Any

from zoo.cards import FeatureSpec, ImagePreprocessing, ModelCard
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
_REGNETS = {
    "x_002": (13, 24, 36.44, 2.49, 8, (24, 56, 152, 368)),
    "x_004": (22, 24, 24.48, 2.54, 16, (32, 64, 160, 384)),
    "x_008": (16, 56, 35.73, 2.28, 16, (64, 128, 288, 672)),
    "x_032": (25, 88, 26.31, 2.25, 48, (96, 192, 432, 1008)),
    "y_002": (13, 24, 36.44, 2.49, 8, (24, 56, 152, 368)),
    "y_004": (16, 48, 27.89, 2.09, 8, (48, 104, 208, 440)),
    "y_008": (14, 56, 38.84, 2.4, 16, (64, 128, 320, 768)),
    "y_032": (21, 80, 42.63, 2.66, 24, (72, 216, 576, 1512)),
}


def _regnet(size: str) -> ModelCard:
    depth, initial_width, slope, multiplier, group_width, widths = _REGNETS[size]
    squeezed = size.startswith("y")
    return photograph_card(
        name=f"regnet{size}",
        builder="zoo.models.image.regnet:regnet",
        arguments={
            "depth": depth,
            "initial_width": initial_width,
            "slope": slope,
            "multiplier": multiplier,
            "group_width": group_width,
            "squeeze_ratio": 0.25 if squeezed else 0.0,
        },
        family=f"regnet{size[0]}",
        summary=f"RegNet{size[0].upper()} of {int(size[2:]) / 10:.1f} billion multiply-adds: widths by "
        f"a linear rule, grouped convolutions{', weighted channels' if squeezed else ''}.",
        paper="Designing Network Design Spaces",
        arxiv="2003.13678",
        year=2020,
        features=strides((32, *widths)),
        tiny_arguments={
            "depth": 4,
            "initial_width": 8,
            "slope": 8.0,
            "multiplier": 1.6,
            "group_width": 4,
        },
    )


def _resnet_v2(depth: int, *, num_blocks: int, bottleneck: bool) -> ModelCard:
    expansion, kind = (4, "bottlenecks") if bottleneck else (1, "basic blocks")
    return _cifar_card(
        name=f"resnet{depth}_v2",
        builder="zoo.models.image.resnet_v2:resnet_v2",
        arguments={"num_blocks": num_blocks, "bottleneck": bottleneck},
        family="resnet_v2",
        summary=f"ResNet-{depth} for small images: {kind} with normalization first.",
        paper="Identity Mappings in Deep Residual Networks",
        arxiv="1603.05027",
        year=2016,
        features=strides([width * expansion for width in (16, 32, 64)], first=1),
        tiny_arguments={"num_blocks": 1},
    )


def _wide_resnet(depth: int, multiplier: int) -> ModelCard:
    return _cifar_card(
        name=f"wide_resnet_{depth}_{multiplier}",
        builder="zoo.models.image.resnet_v2:resnet_v2",
        arguments={
            "num_blocks": (depth - 4) // 6,
            "bottleneck": False,
            "width_multiplier": multiplier,
        },
        family="wide_resnet",
        summary=f"Wide ResNet of {depth} layers for small images: {multiplier} times the width.",
        paper="Wide Residual Networks",
        arxiv="1605.07146",
        year=2016,
        features=strides([width * multiplier for width in (16, 32, 64)], first=1),
        tiny_arguments={"num_blocks": 1, "width_multiplier": 1},
    )


MODELS: tuple[ModelCard, ...] = (
    _resnet_v2(110, num_blocks=18, bottleneck=False),
    _resnet_v2(164, num_blocks=18, bottleneck=True),
    _wide_resnet(16, 8),
    _wide_resnet(28, 10),
    _wide_resnet(40, 4),
    *map(_regnet, _REGNETS),
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
    photograph_card(
        name="repvgg_a0",
        builder="zoo.models.image.repvgg:repvgg",
        arguments={"depths": (2, 4, 14, 1), "widths": (48, 96, 192, 1280)},
        family="repvgg",
        summary="RepVGG-A0: three branches in training, one 3×3 convolution afterwards.",
        paper="RepVGG: Making VGG-style ConvNets Great Again",
        arxiv="2101.03697",
        year=2021,
        features=strides((48, 48, 96, 192, 1280)),
        tiny_arguments={"depths": (1, 2, 1, 1), "widths": (4, 4, 8, 8)},
    ),
    _cifar_card(
        name="airbench",
        builder="zoo.models.image.airbench:airbench",
        family="airbench",
        summary="AirBench's network: made to reach 94% on CIFAR-10 within seconds.",
        paper="94% on CIFAR-10 in 3.29 Seconds on a Single GPU",
        arxiv="2404.00498",
        year=2024,
        preprocessing=ImagePreprocessing(
            scale=1 / 255, mean=(0.4914, 0.4822, 0.4465), deviation=(0.2470, 0.2435, 0.2616)
        ),
        features=(*strides((64, 256, 256)), FeatureSpec("pooled", None, 256)),
        tiny_arguments={"widths": (4, 8, 8)},
        tiny_input_shape=(16, 16, 3),
    ),
)
