"""Networks for phones and microcontrollers, and what grew out of them."""

from zoo.cards import ModelCard
from zoo.catalog.image.photographs import photograph_card, strides


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


MODELS: tuple[ModelCard, ...] = (
    _mobilenet_v2(100, (16, 24, 32, 96, 1280)),
    _mobilenet_v2(50, (8, 16, 16, 48, 1280)),
    _mobilenet_v2(140, (24, 32, 48, 136, 1792)),
)
