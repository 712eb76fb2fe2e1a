"""Image architectures: each file lists families that belong together."""

from zoo.cards import ModelCard
from zoo.catalog.image import mobile, modern, residual, small, transformers

MODELS: tuple[ModelCard, ...] = (
    *small.MODELS,
    *residual.MODELS,
    *mobile.MODELS,
    *modern.MODELS,
    *transformers.MODELS,
)
