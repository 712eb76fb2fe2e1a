"""Convolutional networks and mixers that took over the proportions of transformers."""

from collections.abc import Sequence
from typing import Any

from zoo.cards import FeatureSpec, ModelCard
from zoo.catalog.image.photographs import photograph_card, strides

_CONVNEXT = {
    "family": "convnext",
    "paper": "A ConvNet for the 2020s",
    "arxiv": "2201.03545",
    "year": 2022,
}
_CONVNEXT_V2 = {
    "family": "convnext_v2",
    "paper": "ConvNeXt V2: Co-designing and Scaling ConvNets with Masked Autoencoders",
    "arxiv": "2301.00808",
    "year": 2023,
    "arguments": {"layer_scale": 0.0, "response_norm": True},
}
_TINY_STAGES = {"depths": (1, 1, 1, 1), "widths": (4, 8, 8, 16)}


def _convnext(
    name: str, *, depths: Sequence[int], width: int, summary: str, **values: Any
) -> ModelCard:
    widths = tuple(width * 2**i for i in range(4))
    return photograph_card(
        name=name,
        builder="zoo.models.image.convnext:convnext",
        arguments={"depths": tuple(depths), "widths": widths, **values.pop("arguments", {})},
        summary=summary,
        features=(*strides(widths, first=4), FeatureSpec("pooled", None, widths[-1])),
        tiny_arguments=_TINY_STAGES,
        **{**_CONVNEXT, **values},
    )


MODELS: tuple[ModelCard, ...] = (
    _convnext(
        "convnext_atto",
        depths=(2, 2, 6, 2),
        width=40,
        summary="ConvNeXt-Atto: the smallest, from timm; depthwise 7×7 convolutions, LayerNorm.",
    ),
    _convnext(
        "convnext_femto",
        depths=(2, 2, 6, 2),
        width=48,
        summary="ConvNeXt-Femto, from timm: depthwise 7×7 convolutions, LayerNorm.",
    ),
    _convnext(
        "convnext_pico",
        depths=(2, 2, 6, 2),
        width=64,
        summary="ConvNeXt-Pico, from timm: depthwise 7×7 convolutions, LayerNorm.",
    ),
    _convnext(
        "convnext_nano",
        depths=(2, 2, 8, 2),
        width=80,
        summary="ConvNeXt-Nano, from timm: depthwise 7×7 convolutions, LayerNorm.",
    ),
    _convnext(
        "convnext_tiny",
        depths=(3, 3, 9, 3),
        width=96,
        summary="ConvNeXt-T: a convolutional network with the proportions of Swin-T.",
    ),
    _convnext(
        "convnext_small",
        depths=(3, 3, 27, 3),
        width=96,
        summary="ConvNeXt-S: a convolutional network with the proportions of Swin-S.",
    ),
    _convnext(
        "convnext_base",
        depths=(3, 3, 27, 3),
        width=128,
        summary="ConvNeXt-B: a convolutional network with the proportions of Swin-B.",
    ),
    _convnext(
        "convnextv2_atto",
        depths=(2, 2, 6, 2),
        width=40,
        summary="ConvNeXt V2-Atto: ConvNeXt with global response normalization in each block.",
        **_CONVNEXT_V2,
    ),
    _convnext(
        "convnextv2_femto",
        depths=(2, 2, 6, 2),
        width=48,
        summary="ConvNeXt V2-Femto: ConvNeXt with global response normalization in each block.",
        **_CONVNEXT_V2,
    ),
    _convnext(
        "convnextv2_pico",
        depths=(2, 2, 6, 2),
        width=64,
        summary="ConvNeXt V2-Pico: ConvNeXt with global response normalization in each block.",
        **_CONVNEXT_V2,
    ),
    _convnext(
        "convnextv2_nano",
        depths=(2, 2, 8, 2),
        width=80,
        summary="ConvNeXt V2-Nano: ConvNeXt with global response normalization in each block.",
        **_CONVNEXT_V2,
    ),
    _convnext(
        "convnextv2_tiny",
        depths=(3, 3, 9, 3),
        width=96,
        summary="ConvNeXt V2-Tiny: ConvNeXt with global response normalization in each block.",
        **_CONVNEXT_V2,
    ),
)
