"""Networks of attention for photographs."""

from dataclasses import replace
from typing import Any

from zoo.cards import FeatureSpec, ImagePreprocessing, ModelCard
from zoo.catalog.image.photographs import GENTLE, IMAGENET, SIGNED, photograph_card, strides

_VIT = {
    "finetuning": GENTLE,
    "family": "vit",
    "paper": "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
    "arxiv": "2010.11929",
    "year": 2020,
    "preprocessing": replace(SIGNED, crop_share=0.9),
}
_SMALL_DATA = {
    "family": "vit",
    "paper": "Vision Transformer for Small-Size Datasets",
    "arxiv": "2112.13492",
    "year": 2021,
}
_DEIT = {
    "finetuning": GENTLE,
    "family": "deit",
    "paper": "Training data-efficient image transformers & distillation through attention",
    "arxiv": "2012.12877",
    "year": 2020,
    "preprocessing": replace(IMAGENET, crop_share=0.9),
}
_DINO = {
    "finetuning": GENTLE,
    "family": "dinov2",
    "paper": "DINOv2: Learning Robust Visual Features without Supervision",
    "arxiv": "2304.07193",
    "year": 2023,
    "preprocessing": replace(IMAGENET, crop_share=1.0),
}
_SWIN = {
    "finetuning": GENTLE,
    "family": "swin",
    "paper": "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
    "arxiv": "2103.14030",
    "year": 2021,
    "preprocessing": replace(IMAGENET, crop_share=0.9),
}
_CCT = {
    "finetuning": GENTLE,
    "family": "cct",
    "paper": "Escaping the Big Data Paradigm with Compact Transformers",
    "arxiv": "2104.05704",
    "year": 2021,
}
_CIFAR = {  # 32×32 pixels, normalized by the mean and deviation of CIFAR-10's training pixels
    "input_shape": (32, 32, 3),
    "num_classes": 10,
    "preprocessing": ImagePreprocessing(
        scale=1 / 255,
        mean=(0.4914, 0.4822, 0.4465),
        deviation=(0.247, 0.2435, 0.2616),
        interpolation="bicubic",
    ),
}
_MOBILEVIT = {
    "finetuning": GENTLE,
    "family": "mobilevit",
    "paper": "MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer",
    "arxiv": "2110.02178",
    "year": 2021,
    "preprocessing": ImagePreprocessing(
        scale=1 / 255, mean=(0.0,), crop_share=0.9, interpolation="bicubic"
    ),
}
_SIZES = {  # hidden_dim, num_heads
    "tiny": (192, 3),
    "small": (384, 6),
    "base": (768, 12),
}


def _vit(size: str, patch: int, *, name: str, summary: str, **values: Any) -> ModelCard:
    hidden_dim, num_heads = _SIZES[size]
    return photograph_card(
        name=name,
        builder="zoo.models.image.vit:vit",
        arguments={
            "patch_size": patch,
            "hidden_dim": hidden_dim,
            "num_heads": num_heads,
            **values.pop("arguments", {}),
        },
        summary=summary,
        features=(
            FeatureSpec("tokens", patch, hidden_dim),
            FeatureSpec("pooled", None, hidden_dim),
        ),
        tiny_arguments={"num_layers": 1, "hidden_dim": 8, "num_heads": 2},
        tiny_input_shape=(2 * patch, 2 * patch, 3),
        **values,
    )


def _swin(size: str, *, depth: int, hidden_dim: int, heads: int) -> ModelCard:
    return photograph_card(
        name=f"swin_{size}_patch4_window7",
        builder="zoo.models.image.swin:swin",
        arguments={
            "depths": (2, 2, depth, 2),
            "num_heads": tuple(heads * 2**i for i in range(4)),
            "hidden_dim": hidden_dim,
        },
        summary=f"Swin-{size[0].upper()}: attention inside shifted windows of 7×7 places; "
        f"timm's swin_{size}_patch4_window7_224.",
        features=strides([hidden_dim * 2**i for i in range(4)], first=4),
        tiny_arguments={
            "depths": (2, 1, 1, 1),
            "num_heads": (1, 1, 1, 1),
            "hidden_dim": 4,
            "window_size": 4,
        },
        tiny_input_shape=(64, 64, 3),
        **_SWIN,
    )


def _cct(
    layers: int,
    kernel: int,
    convolutions: int,
    *,
    heads: int,
    hidden_dim: int,
    expansion: int,
    **values: Any,
) -> ModelCard:
    stride = (2 * max(1, kernel // 2 - 1)) ** convolutions
    return photograph_card(
        name=f"cct_{layers}_{kernel}x{convolutions}",
        builder="zoo.models.image.cct:cct",
        arguments={
            "kernel_size": kernel,
            "num_convolutions": convolutions,
            "num_layers": layers,
            "num_heads": heads,
            "hidden_dim": hidden_dim,
            "expansion": expansion,
        },
        summary=f"CCT-{layers}/{kernel}×{convolutions}: a transformer of {layers} blocks whose "
        "tokens come from convolutions and are pooled by learned weights.",
        features=(
            FeatureSpec("tokens", stride, hidden_dim),
            FeatureSpec("pooled", None, hidden_dim),
        ),
        tiny_arguments={"num_layers": 1, "hidden_dim": 8, "num_heads": 2},
        **_CCT,
        **values,
    )


def _mobilevit(
    size: str, *, widths: tuple[int, ...], hidden_dims: tuple[int, ...], final: int
) -> ModelCard:
    return photograph_card(
        name=f"mobilevit_{size}",
        builder="zoo.models.image.mobilevit:mobilevit",
        arguments={"widths": widths, "hidden_dims": hidden_dims, "final_width": final},
        summary=f"MobileViT-{size.upper()}: inverted residuals, and transformers across the map.",
        input_shape=(256, 256, 3),
        features=strides((*widths[:-1], final)),
        tiny_arguments={
            "widths": (4, 4, 4, 4, 4),
            "hidden_dims": (8, 8, 8),
            "num_layers": (1, 1, 1),
            "stem_width": 4,
            "final_width": 8,
        },
        tiny_input_shape=(96, 96, 3),
        **_MOBILEVIT,
    )


MODELS: tuple[ModelCard, ...] = (
    *(
        _vit(
            size,
            patch,
            name=f"vit_{size}_patch{patch}",
            summary=f"ViT-{size.capitalize()}: attention among patches of {patch}×{patch} pixels; "
            f"timm's vit_{size}_patch{patch}_224.",
            **_VIT,
        )
        for size, patch in (("tiny", 16), ("small", 32), ("small", 16), ("base", 32), ("base", 16))
    ),
    _vit(
        "tiny",
        4,
        name="vit_cifar_patch4",
        summary="A ViT for images of 32×32 pixels, its paper's baseline: 9 blocks, 12 heads, "
        "feed-forward pairs twice as wide as the tokens, no bias in queries, keys and values.",
        arguments={"num_layers": 9, "num_heads": 12, "expansion": 2, "qkv_bias": False},
        **_SMALL_DATA,
        **_CIFAR,
    ),
    *(
        _vit(
            size,
            16,
            name=f"deit_{size}_patch16",
            summary=f"DeiT-{size.capitalize()}: a ViT trained on ImageNet alone; "
            f"timm's deit_{size}_patch16_224.",
            **_DEIT,
        )
        for size in _SIZES
    ),
    _vit(
        "small",
        14,
        name="vit_small_patch14_dinov2",
        summary="DINOv2's ViT-Small: LayerScale, patches of 14×14 pixels; its files come without "
        "classes.",
        arguments={"layer_scale": 1e-5},
        **_DINO,
    ),
    _swin("tiny", depth=6, hidden_dim=96, heads=3),
    _swin("small", depth=18, hidden_dim=96, heads=3),
    _swin("base", depth=18, hidden_dim=128, heads=4),
    _cct(2, 3, 2, heads=2, hidden_dim=128, expansion=1, **_CIFAR),
    _cct(7, 3, 1, heads=4, hidden_dim=256, expansion=2, **_CIFAR),
    _cct(14, 7, 2, heads=6, hidden_dim=384, expansion=3),
    _mobilevit("xs", widths=(32, 48, 64, 80, 96), hidden_dims=(96, 120, 144), final=384),
    _mobilevit("s", widths=(32, 64, 96, 128, 160), hidden_dims=(144, 192, 240), final=640),
)
