"""The input of a model of one modality: its name and its column."""

from collections.abc import Mapping
from dataclasses import replace

from zoo import registry
from zoo.cards import ColumnCard, ModelCard, SoundPreprocessing, WaveformPreprocessing
from zoo.columns.audio import Audio
from zoo.columns.base import Column
from zoo.columns.image import Image
from zoo.columns.text import Text
from zoo.columns.vector import Vector
from zoo.errors import ArgumentError

_WORDS = {kind.modality: kind.word for kind in (Image, Text, Audio)}
_INPUTS = {Image.modality: "image", Audio.modality: "audio", Text.modality: "ids"}
_INPUTS |= {"vector": "vector", "series": "vector"}


def word_of(modality: str) -> str | None:
    """Return what people call several inputs of a modality; None where none is known by that name.

    >>> word_of("speech"), word_of("smell")
    ('sounds', None)
    """
    card = None if modality in _WORDS else _card_of(modality)
    return card.word if card else _WORDS.get(modality)


def input_of(
    card: ModelCard, shape: tuple[int | None, ...] | Mapping[str, tuple[int | None, ...]]
) -> dict[str, Column]:
    """Return the input, or inputs, of a model that is built by name, without any data.

    The ids of what a model writes about its input are not among them.

    Args:
        card: of the model.
        shape: of one example, without the batch axis; by name for a model of several inputs.

    Raises:
        ArgumentError: the card is of another modality.
    """
    if isinstance(shape, Mapping):
        return _several(card, shape)
    own, name = card.preprocessing, _INPUTS.get(card.modality)
    own = own.get(name) if isinstance(own, Mapping) else own
    front = dict(own.log_mel) if isinstance(own, SoundPreprocessing) else {}
    rate = own.sample_rate_hz if isinstance(own, WaveformPreprocessing) else 0
    sounds = Audio(
        front.get("sample_rate_hz", rate), preprocessing={"log_mel": front} if front else {}
    )
    columns = {"image": Image(), "audio": sounds, "ids": Text(), "vector": Vector()}
    if name is not None:
        return {name: columns[name].shaped(shape)}
    found = _card_of(card.modality)
    if found is None:
        raise ArgumentError(
            f"{card.name} takes {card.modality}, of which nothing is known without data.",
            expected="a model of images, sounds or texts, or of a column that was registered",
            fix="train it with a recipe, or call its builder yourself",
        )
    return {found.input_name or found.name: registry.resolve(found.column)().shaped(shape)}


def _several(card: ModelCard, shapes: Mapping[str, tuple[int | None, ...]]) -> dict[str, Column]:
    """Return the inputs of a model of several, which may be absent, by their names on its card."""
    found, modalities = {}, {name: modality for modality, name in _INPUTS.items()}
    for name, shape in shapes.items():
        modality = modalities[name]
        alone = replace(
            card, modality=modality, preprocessing=(card.preprocessing or {}).get(modality)
        )
        found[name] = replace(input_of(alone, tuple(shape))[name], optional=True)
    return found


def _card_of(modality: str) -> ColumnCard | None:
    """Return the card of the type of column that models of a modality from outside take."""
    return next((c for c in registry.COLUMNS.values() if c.modality == modality), None)
