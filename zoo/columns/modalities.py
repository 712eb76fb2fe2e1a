"""The input of a model of one modality: its name and its column."""

from zoo.cards import ModelCard, SoundPreprocessing
from zoo.columns.audio import Audio
from zoo.columns.base import Column
from zoo.columns.image import Image
from zoo.columns.text import Text
from zoo.errors import ArgumentError

WORDS = {kind.modality: kind.word for kind in (Image, Text, Audio)}
_INPUTS = {Image.modality: "image", Audio.modality: "audio", Text.modality: "ids"}


def input_of(card: ModelCard, shape: tuple[int | None, ...]) -> dict[str, Column]:
    """Return the input of a model that is built by name, without any data.

    Args:
        card: of the model.
        shape: of one example, without the batch axis.

    Raises:
        ArgumentError: the card is of another modality, or of several.
    """
    own = card.preprocessing
    front = dict(own.log_mel) if isinstance(own, SoundPreprocessing) else {}
    sounds = Audio(
        front.get("sample_rate_hz", 0), preprocessing={"log_mel": front} if front else {}
    )
    columns = {"image": Image(), "audio": sounds, "ids": Text()}
    if card.modality not in _INPUTS:
        raise ArgumentError(
            f"{card.name} takes {card.modality}, of which nothing is known without data.",
            expected="a model of images, sounds or texts",
            fix="train it with a recipe, or call its builder yourself",
        )
    name = _INPUTS[card.modality]
    return {name: columns[name].shaped(shape)}
