"""Networks for photographs that convolve first and attend later."""

from dataclasses import replace
from typing import Any

from zoo.cards import FeatureSpec, ModelCard
from zoo.catalog.image.photographs import GENTLE, IMAGENET, SIGNED, photograph_card, strides

_COATNET = {
    "finetuning": GENTLE,
    "family": "coatnet",
    "paper": "CoAtNet: Marrying Convolution and Attention for All Data Sizes",
    "arxiv": "2106.04803",
    "year": 2021,
}
_EFFICIENTFORMER = {
    "finetuning": GENTLE,
    "family": "efficientformer",
    "paper": "EfficientFormer: Vision Transformers at MobileNet Speed",
    "arxiv": "2206.01191",
    "year": 2022,
    "preprocessing": replace(IMAGENET, crop_share=0.95),
}
_MAXVIT = {
    "finetuning": GENTLE,
    "family": "maxvit",
    "paper": "MaxViT: Multi-Axis Vision Transformer",
    "arxiv": "2204.01697",
    "year": 2022,
    "preprocessing": replace(IMAGENET, crop_share=0.95),
}


def _coatnet(size: str, *, widths: tuple[int, ...], crop: float, **values: Any) -> ModelCard:
    return photograph_card(
        name=f"coatnet_{size}_rw",
        builder="zoo.models.image.coatnet:coatnet",
        features=strides((64, *widths)),
        tiny_arguments={
            "depths": (1, 1, 1, 1),
            "widths": (4, 8, 8, 16),
            "stem_widths": (4, 4),
            "head_dim": 4,
        },
        tiny_input_shape=(64, 64, 3),
        preprocessing=replace(SIGNED, crop_share=crop),
        **values,
        **_COATNET,
    )


def _efficientformer(
    size: int, *, depths: tuple[int, ...], widths: tuple[int, ...], attention: int
) -> ModelCard:
    blocks = "block has" if attention == 1 else f"{attention} blocks have"
    return photograph_card(
        name=f"efficientformer_l{size}",
        builder="zoo.models.image.efficientformer:efficientformer",
        arguments={"depths": depths, "widths": widths, "num_attention": attention},
        summary=f"EfficientFormer-L{size}: average pooling mixes the places, and only the last "
        f"{blocks} attention; one head, the mean of the two that distillation trains.",
        features=strides(widths, first=4),
        tiny_arguments={"depths": (1, 1, 1, 2), "widths": (8, 8, 8, 8), "num_attention": 1},
        tiny_input_shape=(64, 64, 3),
        **_EFFICIENTFORMER,
    )


MODELS: tuple[ModelCard, ...] = (
    _coatnet(
        "nano",
        widths=(64, 128, 256, 512),
        crop=0.9,
        arguments={
            "depths": (3, 4, 6, 3),
            "widths": (64, 128, 256, 512),
            "norm_activation": False,
            "squeeze_first": False,
            "squeeze_activation": "silu",
            "use_bias": True,
        },
        summary="A smaller CoAtNet than the paper's, timm's coatnet_nano_rw_224: SiLU in the "
        "convolutions, and average pooling in place of strides.",
    ),
    _coatnet(
        "0",
        widths=(96, 192, 384, 768),
        crop=0.95,
        summary="CoAtNet-0 as timm trained it, coatnet_0_rw_224. The paper's has two transformers "
        "fewer in the third stage, GELU in the convolutions too, strides or maximum pooling in place "
        "of average pooling, and a wider stem.",
    ),
    _efficientformer(1, depths=(3, 2, 6, 4), widths=(48, 96, 224, 448), attention=1),
    _efficientformer(3, depths=(4, 4, 12, 6), widths=(64, 128, 320, 512), attention=4),
    photograph_card(
        name="maxvit_tiny_tf",
        builder="zoo.models.image.maxvit:maxvit",
        summary="MaxViT-T: each block convolves, attends inside windows and attends across the whole "
        "map; timm's maxvit_tiny_tf_224.",
        features=(*strides((64, 64, 128, 256, 512)), FeatureSpec("pooled", None, 512)),
        tiny_arguments={
            "depths": (1, 1, 1, 1),
            "widths": (4, 4, 8, 8),
            "stem_width": 4,
            "head_dim": 4,
        },
        tiny_input_shape=(64, 64, 3),
        **_MAXVIT,
    ),
)
