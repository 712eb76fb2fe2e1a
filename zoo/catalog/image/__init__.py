"""Image architectures: each file lists families that belong together."""

from zoo.cards import ModelCard
from zoo.catalog.image import mobile, modern, residual, small

MODELS: tuple[ModelCard, ...] = (
    *small.MODELS,
    *residual.MODELS,
    *mobile.MODELS,
    *modern.MODELS,
)
