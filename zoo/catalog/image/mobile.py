"""Networks for phones and microcontrollers, and what grew out of them."""

from typing import Any

from zoo.cards import ModelCard
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
)
