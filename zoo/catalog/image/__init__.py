"""Image architectures: each file lists families that belong together."""

from zoo.cards import ModelCard
from zoo.catalog.image import classic, mobile, modern, residual, small, transformers

MODELS: tuple[ModelCard, ...] = (
    *small.MODELS,
    *residual.MODELS,
    *classic.MODELS,
    *mobile.MODELS,
    *modern.MODELS,
    *transformers.MODELS,
)
