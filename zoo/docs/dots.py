"""What the pictures of the models show: each model, and each published weight, with its counts."""

from dataclasses import dataclass

from zoo import registry
from zoo.catalog.image import (
    classic,
    hybrids,
    mobile,
    modern,
    regular,
    residual,
    small,
    transformers,
)

KINDS = {
    "convolutions": (small, classic, residual, regular),
    "mobile and EfficientNet": (mobile,),
    "ConvNeXt, mixers, pooling": (modern,),
    "attention": (transformers, hybrids),
}
_MORE_DATA = ("in21k", "in12k")  # in the tag of a weight: what it was trained on before


@dataclass(frozen=True)
class Dot:
    """A model, or a published weight of one.

    Attributes:
        name: of the model or the weight.
        kind: a key of `KINDS`.
        family: of the model.
        params: parameters.
        macs: multiply-adds for one image, of the size that the accuracy is of.
        accuracy: stated top-1 accuracy on ImageNet's validation images, 0–1; None for a model.
        more_data: trained on a larger set of labelled images before ImageNet-1k.
    """

    name: str
    kind: str
    family: str
    params: int
    macs: int
    accuracy: float | None = None
    more_data: bool = False


def models() -> list[Dot]:
    """Return all image models of the catalog at the input of their cards."""
    return [
        Dot(card.name, kind, card.family, counts["params"], counts["macs"])
        for kind, modules in KINDS.items()
        for module in modules
        for card in module.MODELS
        for counts in (registry.measured()[card.name],)
    ]


def published() -> list[Dot]:
    """Return all published weights with a stated accuracy on ImageNet."""
    of = {dot.name: dot for dot in models()}
    return [
        Dot(
            card.name,
            of[card.model].kind,
            of[card.model].family,
            of[card.model].params,
            _macs(card.model, card.resolution),
            card.value,
            any(word in card.name for word in _MORE_DATA),
        )
        for card in registry.pretrained_cards().values()
        if card.data == "imagenet_1k" and card.value is not None
    ]


def _macs(model: str, side: int) -> int:
    counts = registry.measured()[model]
    own = registry.model_card(model).input_shape[0]
    return counts["macs"] if side == own else counts["macs_at"][str(side)]


def frontier(dots: list[Dot]) -> list[Dot]:
    """Return the dots that no other one beats with as few multiply-adds, the cheapest first.

    >>> costs = ((1, 0.5), (2, 0.4), (3, 0.6))
    >>> dots = [Dot(str(m), "attention", "vit", 1, m, accuracy) for m, accuracy in costs]
    >>> [dot.name for dot in frontier(dots)]
    ['1', '3']
    """
    best: list[Dot] = []
    for dot in sorted(dots, key=lambda dot: (dot.macs, -dot.accuracy)):
        if not best or dot.accuracy > best[-1].accuracy:
            best.append(dot)
    return best
