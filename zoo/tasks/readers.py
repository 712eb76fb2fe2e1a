"""What reads an image, a text or a sound, for tasks that take any of them: the task of it alone."""

from collections.abc import Mapping
from typing import Any

from zoo.columns import Audio, Column, Image, Text
from zoo.tasks.classification import Classification
from zoo.tasks.image_classification import ImageClassification
from zoo.tasks.keyword_spotting import KeywordSpotting
from zoo.tasks.text_classification import TextClassification

_READERS: dict[type[Column], type[Classification]] = {
    Image: ImageClassification,
    Text: TextClassification,
    Audio: KeywordSpotting,
}


def arguments_by_kind(
    *,
    image_size: int | None,
    tokenizer: str,
    vocabulary_size: int,
    max_tokens: int,
    lowercase: bool,
    min_count: int,
    **sounds: Any,
) -> dict[type[Column], dict[str, Any]]:
    """Return the arguments of the reader of each kind of column.

    Args:
        image_size: of images, as `ImageClassification`.
        tokenizer, vocabulary_size, max_tokens, lowercase, min_count: of texts, as
            `TextClassification`.
        **sounds: as `KeywordSpotting`.
    """
    texts = {"tokenizer": tokenizer, "vocabulary_size": vocabulary_size, "max_tokens": max_tokens}
    texts |= {"lowercase": lowercase, "min_count": min_count}
    return {Image: {"image_size": image_size}, Text: texts, Audio: sounds}


def readers_of(
    arguments: Mapping[type[Column], Mapping[str, Any]],
) -> dict[type[Column], Classification]:
    """Return the reader of each kind of column, of `arguments_by_kind`."""
    return {kind: _READERS[kind](**own) for kind, own in arguments.items()}
