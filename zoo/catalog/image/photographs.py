"""What the cards of networks for photographs share."""

from collections.abc import Sequence
from typing import Any

from zoo.cards import FeatureSpec, FineTuning, ImagePreprocessing, ModelCard

# Of ImageNet's training pixels, in the order R, G, B (torchvision's and timm's constants).
IMAGENET = ImagePreprocessing(
    scale=1 / 255,
    mean=(0.485, 0.456, 0.406),
    deviation=(0.229, 0.224, 0.225),
    crop_share=0.875,
    interpolation="bicubic",
)
SIGNED = ImagePreprocessing(crop_share=0.875, interpolation="bicubic")  # [-1, 1]

# Networks of attention or layer normalization want small steps, smaller towards the image
# (MAE's fine-tuning, 2111.06377 §A.1, has this decay and 1e-3 for a batch of 256, so 6e-5 for 16).
# Not measured here.
GENTLE = FineTuning(learning_rate=1e-4, layer_decay=0.75)


def strides(widths: Sequence[int], *, first: int = 2) -> tuple[FeatureSpec, ...]:
    """Return features "stride_2", "stride_4", … of these widths."""
    return tuple(
        FeatureSpec(f"stride_{first * 2**i}", first * 2**i, width) for i, width in enumerate(widths)
    )


def photograph_card(
    *, features: tuple[FeatureSpec, ...], head_feature: str | None = None, **values: Any
) -> ModelCard:
    """Return a card with 224×224 RGB, 1000 classes and ImageNet's preprocessing unless given."""
    defaults = {
        "modality": "image",
        "tasks": ("image_classification",),
        "input_shape": (224, 224, 3),
        "num_classes": 1000,
        "preprocessing": IMAGENET,
        "tiny_input_shape": (32, 32, 3),
    }
    return ModelCard(
        **{**defaults, **values},
        features=features,
        head_feature=head_feature or features[-1].name,
    )
