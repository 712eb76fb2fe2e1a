"""Images that are too small for a network: what becomes of its maps, and the size that it needs."""

import re
import warnings
from collections.abc import Callable
from typing import Any

from zoo.cards import ModelCard
from zoo.complexity import shapes_only
from zoo.errors import ArgumentError, SizeWarning

SIDES = (8, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224)  # that are tried, in pixels
# What a builder or Keras raises where the size does not suit.
FAULTS = (TypeError, ValueError, LookupError, ArithmeticError)
_WORDS_OF_KERAS = ("Received", "Exception encountered")  # what follows are values nobody gave


def build_at_size(
    card: ModelCard, shape: tuple[int | None, ...], build: Callable[[tuple[int | None, ...]], Any]
) -> Any:
    """Build a network; refuse images that are too small for it, with the size that it needs.

    Args:
        card: of the model, whose input is the size that it was published for.
        shape: of one input; (H, W, C) of images. Other inputs are built as they are.
        build: makes the backbone for a shape.

    Returns:
        The backbone.

    Raises:
        ArgumentError: nothing is left of such an image; the network can be built for larger ones.

    Warns:
        SizeWarning: the deepest map is a single position, although the network was published for
            larger maps. Networks without maps, such as those of patches in a row, are left alone.

    >>> build_at_size(registry.model_card("vgg11"), (8, 8, 3), builder)  # doctest: +SKIP
    zoo.errors.ArgumentError: an image of (8, 8) has nothing left at stride 32
      expected: images of 32 × 32 pixels or more
    """
    if card.modality != "image":
        return build(shape)
    known = len(shape) == 3 and None not in shape
    try:
        backbone = build(shape)
    except FAULTS as error:
        least = smallest_side(card, shape, build) if known else None
        if least is None:  # it is not the size
            raise
        said = str(error).partition("\n")[0]
        of_keras = any(word in said for word in _WORDS_OF_KERAS)
        raise _too_small(shape, least, said="" if of_keras else said) from error
    maps = _maps(backbone) if known else {}
    if any(0 in sides for sides in maps.values()):
        raise _too_small(shape, smallest_side(card, shape, build))
    if maps and list(maps.values())[-1] == (1, 1) and _published_side(card) > 1:
        _warn(card, shape, stride=_stride(card, list(maps)[-1]))
    return backbone


def smallest_side(
    card: ModelCard, shape: tuple[int | None, ...], build: Callable[[tuple[int | None, ...]], Any]
) -> int | None:
    """Return the smallest of some sides of square images that leaves something of each map.

    Args:
        card: of the model.
        shape: (H, W, C) of images that are too small.
        build: makes the backbone for a shape.

    Returns:
        A number of pixels above the smaller side of `shape`, at most the published one; None where
        the network cannot be built for any of these either.
    """
    published = min(card.input_shape[:2])
    for side in sorted({side for side in SIDES if side < published} | {published}):
        if side <= min(shape[:2]):
            continue
        try:
            with shapes_only():
                maps = _maps(build((side, side, shape[-1])))
        except FAULTS:
            continue
        if not any(0 in sides for sides in maps.values()):
            return side
    return None


def _too_small(shape: tuple[int, ...], least: int | None, *, said: str = "") -> ArgumentError:
    pixels = f"{shape[0]} × {shape[1]} pixels"
    if least is None:
        return ArgumentError(f"nothing is left of images of {pixels}", fix="take larger images")
    return ArgumentError(
        said or f"nothing is left of images of {pixels}",
        expected=f"images of {least} × {least} pixels or more",
        fix=f"input_shape={(least, least, shape[-1])}; in a recipe task.arguments.image_size={least}",
    )


def _warn(card: ModelCard, shape: tuple[int, ...], *, stride: int) -> None:
    better = max(2 * stride, (min(shape[:2]) // stride + 1) * stride)
    height, width = card.input_shape[:2]
    warnings.warn(
        f"{card.name} makes a single position of an image of {shape[0]} × {shape[1]} pixels, so that "
        f"its deepest layers see no shapes. It was published for {height} × {width}; try "
        f"{better} × {better} or more, or a network for small images such as cnn_small.",
        SizeWarning,
        stacklevel=2,
    )


def _maps(backbone: Any) -> dict[str, tuple[int, int]]:
    """Return (H, W) of the features that are maps, by name, from the shallowest to the deepest."""
    output = getattr(backbone, "output", None)
    features = output if isinstance(output, dict) else {}
    return {
        name: tuple(tensor.shape[1:3])
        for name, tensor in features.items()
        if len(tensor.shape) == 4
    }


def _published_side(card: ModelCard) -> int:
    """Return the smaller side of the deepest map at the published size."""
    strides = [spec.stride for spec in card.features if isinstance(spec.stride, int)]
    return -(-min(card.input_shape[:2]) // max(strides, default=1))


def _stride(card: ModelCard, name: str) -> int:
    """Return the stride of a feature: arguments may give other ones than the card declares."""
    found = re.fullmatch(r"stride_(\d+)", name)
    declared = {spec.name: spec.stride for spec in card.features}
    return int(found[1]) if found else declared.get(name) or 1
