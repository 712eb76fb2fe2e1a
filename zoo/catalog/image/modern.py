"""Convolutional networks and mixers that took over the proportions of transformers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from zoo.cards import FeatureSpec, ModelCard
from zoo.catalog.image.photographs import GENTLE, IMAGENET, SIGNED, photograph_card, strides

_CONVNEXT = {
    "finetuning": GENTLE,
    "family": "convnext",
    "paper": "A ConvNet for the 2020s",
    "arxiv": "2201.03545",
    "year": 2022,
}
_CONVNEXT_V2 = {
    "finetuning": GENTLE,
    "family": "convnext_v2",
    "paper": "ConvNeXt V2: Co-designing and Scaling ConvNets with Masked Autoencoders",
    "arxiv": "2301.00808",
    "year": 2023,
    "arguments": {"layer_scale": 0.0, "response_norm": True},
}
_MIXER = {
    "finetuning": GENTLE,
    "family": "mlp_mixer",
    "paper": "MLP-Mixer: An all-MLP Architecture for Vision",
    "arxiv": "2105.01601",
    "year": 2021,
    "preprocessing": SIGNED,
}
_CONV_MIXER = {
    "family": "conv_mixer",
    "paper": "Patches Are All You Need?",
    "arxiv": "2201.09792",
    "year": 2022,
    "preprocessing": replace(IMAGENET, crop_share=0.96),
}
_POOLFORMER = {
    "finetuning": GENTLE,
    "family": "poolformer",
    "paper": "MetaFormer Is Actually What You Need for Vision",
    "arxiv": "2111.11418",
    "year": 2021,
    "preprocessing": replace(IMAGENET, crop_share=0.9),
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


def _mixer(size: str, patch: int, *, num_layers: int, hidden_dim: int) -> ModelCard:
    return photograph_card(
        name=f"mixer_{size}{patch}",
        builder="zoo.models.image.mlp_mixer:mlp_mixer",
        arguments={"patch_size": patch, "num_layers": num_layers, "hidden_dim": hidden_dim},
        summary=f"Mixer-{size.upper()}/{patch}: dense layers over places and over channels in turn; "
        f"timm's mixer_{size}{patch}_224.",
        features=(FeatureSpec("tokens", patch, hidden_dim),),
        tiny_arguments={"num_layers": 1, "hidden_dim": 8},
        tiny_input_shape=(2 * patch, 2 * patch, 3),
        **_MIXER,
    )


def _conv_mixer(
    name: str, *, width: int, depth: int, patch: int, kernel: int, activation: str
) -> ModelCard:
    return photograph_card(
        name=name,
        builder="zoo.models.image.conv_mixer:conv_mixer",
        arguments={
            "width": width,
            "num_layers": depth,
            "patch_size": patch,
            "kernel_size": kernel,
            "activation": activation,
        },
        summary=f"ConvMixer-{width}/{depth}: patches of {patch}×{patch} pixels, depthwise "
        f"{kernel}×{kernel} convolutions at one resolution.",
        features=(FeatureSpec(f"stride_{patch}", patch, width),),
        tiny_arguments={"width": 8, "num_layers": 1},
        **_CONV_MIXER,
    )


def _poolformer(name: str, *, depths: Sequence[int], summary: str) -> ModelCard:
    widths = (64, 128, 320, 512)
    return photograph_card(
        name=name,
        builder="zoo.models.image.poolformer:poolformer",
        arguments={"depths": tuple(depths), "widths": widths},
        summary=summary,
        features=(*strides(widths, first=4), FeatureSpec("pooled", None, widths[-1])),
        tiny_arguments={**_TINY_STAGES, "layer_scale": 0.1},  # else one step moves no number
        **_POOLFORMER,
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
    _mixer("s", 32, num_layers=8, hidden_dim=512),
    _mixer("s", 16, num_layers=8, hidden_dim=512),
    _mixer("b", 16, num_layers=12, hidden_dim=768),
    _conv_mixer("convmixer_768_32", width=768, depth=32, patch=7, kernel=7, activation="relu"),
    _conv_mixer(
        "convmixer_1024_20_ks9_p14", width=1024, depth=20, patch=14, kernel=9, activation="gelu"
    ),
    _poolformer(
        "poolformer_s12",
        depths=(2, 2, 6, 2),
        summary="PoolFormer-S12: a transformer with pooling in place of attention, 12 blocks.",
    ),
    _poolformer(
        "poolformer_s24",
        depths=(4, 4, 12, 4),
        summary="PoolFormer-S24: a transformer with pooling in place of attention, 24 blocks.",
    ),
)
