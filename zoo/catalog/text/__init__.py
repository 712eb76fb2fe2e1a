"""Text architectures: each file lists families that belong together."""

from zoo.cards import ModelCard
from zoo.catalog.text import classifiers, encoders, writers

MODELS: tuple[ModelCard, ...] = (*classifiers.MODELS, *encoders.MODELS, *writers.MODELS)
