"""Image architectures: each file lists families that belong together."""

from zoo.cards import ModelCard
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

MODELS: tuple[ModelCard, ...] = (
    *small.MODELS,
    *residual.MODELS,
    *classic.MODELS,
    *mobile.MODELS,
    *modern.MODELS,
    *regular.MODELS,
    *transformers.MODELS,
    *hybrids.MODELS,
)
