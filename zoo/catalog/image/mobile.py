"""Networks for phones and microcontrollers, and what grew out of them."""

from typing import Any

from zoo.cards import FeatureSpec, ImagePreprocessing, ModelCard
from zoo.catalog.image.photographs import SIGNED, photograph_card, strides


def _mobilenet_v2(percent: int, widths: tuple[int, ...]) -> ModelCard:
    return photograph_card(
        name=f"mobilenetv2_{percent:03}",
        builder="zoo.models.image.mobilenet_v2:mobilenet_v2",
        arguments={"width_multiplier": percent / 100},
        family="mobilenet_v2",
        summary=f"MobileNetV2 at {percent} % of its width: inverted residuals with narrow ends.",
        paper="MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        arxiv="1801.04381",
        year=2018,
        features=strides(widths),
        tiny_arguments={
            "width_multiplier": 1.0,
            "depths": (1,) * 7,
            "widths": (8,) * 7,
            "stem_width": 8,
            "last_width": 16,
        },
    )


_B_WIDTHS = (16, 24, 40, 112, 1280)
_B2_WIDTHS = (16, 24, 48, 120)


def _efficientnet(
    name: str,
    *,
    size: int,
    width: float = 1.0,
    depth: float = 1.0,
    widths: tuple[int, ...] = _B_WIDTHS,
    **values: Any,
) -> ModelCard:
    arguments = {"width_multiplier": width, "depth_multiplier": depth}
    return photograph_card(
        **{
            "name": f"efficientnet_{name}",
            "builder": "zoo.models.image.efficientnet:efficientnet",
            "family": "efficientnet",
            "summary": f"EfficientNet-{name.upper()}: width, depth and image size grow together.",
            "paper": "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
            "arxiv": "1905.11946",
            "year": 2019,
            "input_shape": (size, size, 3),
            "features": strides(widths),
            "tiny_arguments": {
                "width_multiplier": 1.0,
                "depth_multiplier": 1.0,
                "depths": (1,) * 7,
                "widths": (8,) * 7,
                "stem_width": 8,
                "last_width": 16,
            },
            **values,
            "arguments": arguments | values.get("arguments", {}),
        }
    )


def _efficientnet_lite(number: int, **values: Any) -> ModelCard:
    return _efficientnet(
        f"lite{number}",
        summary=f"EfficientNet-Lite{number}: without squeeze-and-excitation, easy to quantize.",
        preprocessing=SIGNED,
        arguments={
            "scale_ends": False,
            "squeeze_ratio": 0.0,
            "activation": "relu6",
            "padding": "same",
            "norm_epsilon": 1e-3,
        },
        **values,
    )


def _mobilenet_v3(size: str, features: tuple[FeatureSpec, ...], **arguments: Any) -> ModelCard:
    return photograph_card(
        name=f"mobilenetv3_{size}_100",
        builder="zoo.models.image.mobilenet_v3:mobilenet_v3",
        arguments=arguments,
        family="mobilenet_v3",
        summary=f"MobileNetV3, {size}: blocks found by search, hard swish, a layer after pooling.",
        paper="Searching for MobileNetV3",
        arxiv="1905.02244",
        year=2019,
        features=features,
        tiny_arguments={
            "stages": (
                (8, 3, 1, False, "relu", (1,)),
                (8, 3, 2, False, "relu", (2,)),
                (8, 5, 2, True, "relu", (2,)),
                (8, 3, 2, False, "hard_silu", (2,)),
                (8, 3, 1, True, "hard_silu", (2,)),
                (8, 5, 2, True, "hard_silu", (2,)),
            ),
            "stem_width": 8,
            "pooled_dim": 16,
        },
    )


def _mobilenet_v1(percent: int, features: tuple[int, ...], **values: Any) -> ModelCard:
    arguments = {"width_multiplier": percent / 100, **values.pop("arguments", {})}
    return photograph_card(
        name=f"mobilenetv1_{percent:03}",
        builder="zoo.models.image.mobilenet_v1:mobilenet_v1",
        arguments=arguments,
        family="mobilenet_v1",
        paper="MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
        arxiv="1704.04861",
        year=2017,
        features=strides(features),
        tiny_arguments={
            "width_multiplier": 1.0,
            "depths": (1,) * 5,
            "widths": (8,) * 5,
            "stem_width": 8,
        },
        **values,
    )


_MOBILENET_V1 = (
    _mobilenet_v1(
        100,
        (64, 128, 256, 512, 1024),
        summary="MobileNet: depthwise and 1×1 convolutions in turn.",
        preprocessing=SIGNED,
    ),
    _mobilenet_v1(
        25,
        (16, 32, 64, 128, 256),
        summary="MobileNet at a quarter of its width, as in MLPerf Tiny: a person or not, at 96 pixels.",
        arguments={
            "activation": "relu",
            "use_bias": True,
            "padding": "same",
            "norm_epsilon": 1e-3,
            "norm_momentum": 0.99,
        },
        input_shape=(96, 96, 3),
        num_classes=2,
        preprocessing=ImagePreprocessing(mean=(0.0,), scale=1 / 255),
    ),
)
_RESNET8 = photograph_card(
    name="resnet8",
    builder="zoo.models.image.resnet8:resnet8",
    family="resnet8",
    summary="ResNet-8 of MLPerf Tiny: three residual blocks for images of 32 pixels.",
    paper="MLPerf Tiny Benchmark",
    arxiv="2106.07597",
    year=2021,
    input_shape=(32, 32, 3),
    num_classes=10,
    features=strides((16, 32, 64), first=1),
    preprocessing=ImagePreprocessing(scale=1.0, mean=(0.0,)),  # pixels as they are
    tiny_arguments={"widths": (4, 4, 8)},
    tiny_input_shape=(8, 8, 1),
)


def _efficientnet_v2(
    size: str, *, pixels: int, channels: tuple[int, ...], **arguments: Any
) -> ModelCard:
    return photograph_card(
        name=f"efficientnetv2_{size}",
        builder="zoo.models.image.efficientnet_v2:efficientnet_v2",
        arguments=arguments,
        family="efficientnet_v2",
        summary=f"EfficientNetV2-{size.upper()}: full convolutions first, then inverted residuals.",
        paper="EfficientNetV2: Smaller Models and Faster Training",
        arxiv="2104.00298",
        year=2021,
        input_shape=(pixels, pixels, 3),
        features=strides(channels),
        tiny_arguments={
            "stages": (
                ("plain", 1, 8, 1, 1, 0.0),
                ("fused", 1, 8, 2, 2, 0.0),
                ("fused", 1, 8, 2, 2, 0.0),
                ("inverted", 1, 8, 2, 2, 0.25),
                ("inverted", 1, 8, 2, 2, 0.25),
            ),
            "stem_width": 8,
            "last_width": 16,
        },
    )


_EFFICIENTNET_V2 = (
    _efficientnet_v2("s", pixels=384, channels=(24, 48, 64, 160, 1280)),
    _efficientnet_v2(
        "m",
        pixels=480,
        channels=(24, 48, 80, 176, 1280),
        stages=(
            ("plain", 3, 24, 1, 1, 0.0),
            ("fused", 5, 48, 2, 4, 0.0),
            ("fused", 5, 80, 2, 4, 0.0),
            ("inverted", 7, 160, 2, 4, 0.25),
            ("inverted", 14, 176, 1, 6, 0.25),
            ("inverted", 18, 304, 2, 6, 0.25),
            ("inverted", 5, 512, 1, 6, 0.25),
        ),
    ),
    _efficientnet_v2(  # as timm had it before the authors' code was published
        "rw_s",
        pixels=288,
        channels=(24, 48, 64, 160, 1792),
        stages=(
            ("fused", 2, 24, 1, 1, 0.0),
            ("fused", 4, 48, 2, 4, 0.0),
            ("fused", 4, 64, 2, 4, 0.0),
            ("inverted", 6, 128, 2, 4, 0.25),
            ("inverted", 9, 160, 1, 6, 0.25),
            ("inverted", 15, 272, 2, 6, 0.25),
        ),
        last_width=1792,
    ),
)


def _mnasnet(name: str, channels: tuple[int, ...], summary: str, **arguments: Any) -> ModelCard:
    return photograph_card(
        name=name,
        builder="zoo.models.image.mnasnet:mnasnet",
        arguments=arguments,
        family="mnasnet",
        summary=summary,
        paper="MnasNet: Platform-Aware Neural Architecture Search for Mobile",
        arxiv="1807.11626",
        year=2018,
        features=strides(channels),
        tiny_arguments={
            "stages": (
                (1, 8, 3, 1, 1, 0.0),
                (1, 8, 3, 2, 2, 0.0),
                (1, 8, 5, 2, 2, 0.25),
                (1, 8, 3, 2, 2, 0.0),
                (1, 8, 5, 2, 2, 0.25),
            ),
            "stem_width": 8,
            "last_width": 16,
        },
    )


_MNASNET = (
    _mnasnet(
        "mnasnet_100",
        (16, 24, 40, 96, 1280),
        "MnasNet-B1: blocks found by a search on a phone.",
    ),
    _mnasnet(
        "semnasnet_100",
        (16, 24, 40, 112, 1280),
        "MnasNet-A1: found with squeeze-and-excitation in the search.",
        stages=(
            (1, 16, 3, 1, 1, 0.0),
            (2, 24, 3, 2, 6, 0.0),
            (3, 40, 5, 2, 3, 0.25),
            (4, 80, 3, 2, 6, 0.0),
            (2, 112, 3, 1, 6, 0.25),
            (3, 160, 5, 2, 6, 0.25),
            (1, 320, 3, 1, 6, 0.0),
        ),
    ),
)


def _ghostnet(percent: int, channels: tuple[int, ...]) -> ModelCard:
    return photograph_card(
        name=f"ghostnet_{percent:03}",
        builder="zoo.models.image.ghostnet:ghostnet",
        arguments={"width_multiplier": percent / 100},
        family="ghostnet",
        summary=f"GhostNet at {percent} % of its width: half of the channels are cheap copies.",
        paper="GhostNet: More Features from Cheap Operations",
        arxiv="1911.11907",
        year=2019,
        features=(*strides(channels), FeatureSpec("pooled", None, 1280)),
        tiny_arguments={
            "width_multiplier": 1.0,
            "stages": (
                (3, 1, ((8, 8, False),)),
                (3, 2, ((8, 8, False),)),
                (5, 2, ((8, 8, True),)),
                (3, 2, ((8, 8, False),)),
                (5, 2, ((8, 8, True),)),
            ),
            "pooled_dim": 16,
        },
    )


_GHOSTNET = (
    _ghostnet(100, (16, 24, 40, 112, 960)),
    _ghostnet(50, (8, 12, 20, 56, 480)),
    _ghostnet(130, (20, 32, 52, 144, 1248)),
)


def _shufflenet_v2(width: str, widths: tuple[int, ...], last: int = 1024) -> ModelCard:
    return photograph_card(
        name=f"shufflenet_v2_x{width.replace('.', '_')}",
        builder="zoo.models.image.shufflenet_v2:shufflenet_v2",
        arguments={"widths": widths, "last_width": last},
        family="shufflenet_v2",
        summary=f"ShuffleNetV2 {width}×: half of the channels pass each unit, then all are shuffled.",
        paper="ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
        arxiv="1807.11164",
        year=2018,
        features=strides((24, 24, *widths[:2], last)),
        tiny_arguments={"depths": (1, 2, 1), "widths": (8, 8, 8), "last_width": 16},
    )


_SHUFFLENET_V2 = (
    _shufflenet_v2("1.0", (116, 232, 464)),
    _shufflenet_v2("0.5", (48, 96, 192)),
    _shufflenet_v2("1.5", (176, 352, 704)),
    _shufflenet_v2("2.0", (244, 488, 976), 2048),
)


MODELS: tuple[ModelCard, ...] = (
    _mobilenet_v2(100, (16, 24, 32, 96, 1280)),
    _mobilenet_v2(50, (8, 16, 16, 48, 1280)),
    _mobilenet_v2(140, (24, 32, 48, 136, 1792)),
    _efficientnet("b0", size=224),
    _efficientnet("b1", size=240, depth=1.1),
    _efficientnet("b2", size=260, width=1.1, depth=1.2, widths=(*_B2_WIDTHS, 1408)),
    _efficientnet("b3", size=300, width=1.2, depth=1.4, widths=(24, 32, 48, 136, 1536)),
    _efficientnet_lite(0, size=224),
    _efficientnet_lite(1, size=240, depth=1.1),
    _efficientnet_lite(2, size=260, width=1.1, depth=1.2, widths=(*_B2_WIDTHS, 1280)),
    _mobilenet_v3("large", (*strides((16, 24, 40, 112, 960)), FeatureSpec("pooled", None, 1280))),
    _mobilenet_v3(
        "small",
        (*strides((16, 16, 24, 48, 576)), FeatureSpec("pooled", None, 1024)),
        stages=(  # Table 2
            (16, 3, 2, True, "relu", (1,)),
            (24, 3, 2, False, "relu", (4.5, 3.67)),
            (40, 5, 2, True, "hard_silu", (4, 6, 6)),
            (48, 5, 1, True, "hard_silu", (3, 3)),
            (96, 5, 2, True, "hard_silu", (6, 6, 6)),
        ),
        pooled_dim=1024,
    ),
    *_MOBILENET_V1,
    _RESNET8,
    *_EFFICIENTNET_V2,
    *_MNASNET,
    *_GHOSTNET,
    *_SHUFFLENET_V2,
)
