"""Residual networks for photographs and their descendants."""

from typing import Any

from zoo.cards import ModelCard
from zoo.catalog.image.photographs import photograph_card, strides

_DEPTHS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
_RESNET = {
    "paper": "Deep Residual Learning for Image Recognition",
    "arxiv": "1512.03385",
    "year": 2015,
}
_RESNET_D = {
    "paper": "Bag of Tricks for Image Classification with Convolutional Neural Networks",
    "arxiv": "1812.01187",
    "year": 2018,
}
_RESNEXT = {
    "paper": "Aggregated Residual Transformations for Deep Neural Networks",
    "arxiv": "1611.05431",
    "year": 2016,
}


def _resnet(
    depth: int, *, name: str, family: str = "resnet", summary: str, **values: Any
) -> ModelCard:
    bottleneck = depth >= 50
    arguments = {"depths": _DEPTHS[depth], "bottleneck": bottleneck, **values.pop("arguments", {})}
    expansion = 4 if bottleneck else 1
    return photograph_card(
        name=name,
        builder="zoo.models.image.resnet:resnet",
        arguments=arguments,
        family=family,
        summary=summary,
        features=strides((64, *(width * expansion for width in (64, 128, 256, 512)))),
        tiny_arguments={"depths": (1, 1, 1, 1)},
        **values,
    )


def _plain(depth: int) -> ModelCard:
    blocks = "bottleneck" if depth >= 50 else "basic"
    summary = f"ResNet-{depth} for photographs: {blocks} residual blocks."
    return _resnet(depth, name=f"resnet{depth}", summary=summary, **_RESNET)


def _deep(depth: int) -> ModelCard:
    return _resnet(
        depth,
        name=f"resnet{depth}d",
        summary=f"ResNet-{depth}-D: a stem of three 3×3 convolutions, pooled shortcuts.",
        arguments={"stem": "deep"},
        **_RESNET_D,
    )


MODELS: tuple[ModelCard, ...] = (
    _plain(18),
    _plain(34),
    _plain(50),
    _plain(101),
    _plain(152),
    _deep(18),
    _deep(34),
    _deep(50),
    _deep(101),
    _resnet(
        50,
        name="resnext50_32x4d",
        family="resnext",
        summary="ResNeXt-50: 32 groups of 4 channels in each bottleneck.",
        arguments={"groups": 32, "width_per_group": 4},
        **_RESNEXT,
    ),
    _resnet(
        101,
        name="resnext101_32x8d",
        family="resnext",
        summary="ResNeXt-101: 32 groups of 8 channels in each bottleneck.",
        arguments={"groups": 32, "width_per_group": 8},
        **_RESNEXT,
    ),
    _resnet(
        50,
        name="seresnet50",
        family="seresnet",
        summary="SE-ResNet-50: channels are weighted by what the whole image holds.",
        arguments={"squeeze_ratio": 1 / 16},
        paper="Squeeze-and-Excitation Networks",
        arxiv="1709.01507",
        year=2017,
    ),
    _resnet(
        50,
        name="wide_resnet50_2",
        family="resnet",
        summary="Wide ResNet-50-2: bottlenecks of twice the width.",
        arguments={"width_per_group": 128},
        paper="Wide Residual Networks",
        arxiv="1605.07146",
        year=2016,
    ),
)
