"""What an example looks like in a report: pictures and pieces of text, by type of column."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from zoo.columns import Audio, Column, Image, Text

Part = np.ndarray | str  # uint8 image (H, W, C), or text
Shown = Part | tuple[Part, ...]  # several where an example has several inputs
LONGEST_TEXT = 400  # characters that are shown of a text
ABSENT = "–"


def shown(example: Mapping[str, Any], columns: Mapping[str, Column]) -> Shown:
    """Return a picture of an image or a clip, or the beginning of a text, of each input.

    Args:
        example: as a dataset gives it.
        columns: of the inputs, by the names that examples have for them.
    """
    parts = [
        ABSENT if example.get(name) is None else stored_value(column, example[name])
        for name, column in columns.items()
    ]
    return parts[0] if len(parts) == 1 else tuple(parts)


def shown_input(x: Mapping[str, Any], columns: Mapping[str, Column]) -> Shown:
    """Return a picture or text of one example as the model takes it, augmentation included.

    Args:
        x: tensor name to array, without the batch axis.
        columns: of the inputs.
    """
    parts = [
        ABSENT if not x.get(f"{name}.present", 1) else _taken(column, _value(x, name))
        for name, column in columns.items()
    ]
    return parts[0] if len(parts) == 1 else tuple(parts)


def stored_value(column: Column, value: Any) -> Part:
    """Return a picture or the text of a value as a dataset gives it."""
    return _STORED.get(type(column), _as_text)(column, value)


def first_of(sample: Shown) -> Part:
    """Return the part of an example to show where there is room for one: a picture if it has one."""
    if not isinstance(sample, tuple):
        return sample
    pictures = [part for part in sample if not isinstance(part, str)]
    return pictures[0] if pictures else " · ".join(sample)


def shortened(text: str) -> str:
    """Cut a text to what a report shows."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _value(x: Mapping[str, Any], name: str) -> Any:
    if name in x:
        return np.asarray(x[name])
    return {
        key.removeprefix(f"{name}."): np.asarray(x[key]) for key in x if key.startswith(f"{name}.")
    }


def _picture_of_sound(column: Audio, value: Any) -> np.ndarray:
    from recipes.report.pictures import audio_picture

    audio = np.clip(np.asarray(value), -1, 1)
    return audio_picture(audio, sample_rate_hz=column.sample_rate_hz)


def _text_of_ids(column: Text, ids: np.ndarray) -> str:
    return shortened(column.loaded.decode(ids))


def _taken(column: Column, value: Any) -> Part:
    return _TAKEN.get(type(column), _as_text)(column, value)


def _as_text(column: Column, value: Any) -> str:
    with np.printoptions(precision=3, threshold=20, edgeitems=4):
        return shortened(str(value))


# How a value of each type is drawn: as it is stored, and as a model takes it; others are printed.
_STORED: dict[type[Column], Callable[[Any, Any], Part]] = {
    Image: lambda column, value: np.asarray(value),
    Audio: _picture_of_sound,
    Text: lambda column, value: shortened(str(value)),
}
DRAWN = (Image, Audio)  # of which `_STORED` gives pictures
PRINTED = (Text,)
_TAKEN: dict[type[Column], Callable[[Any, Any], Part]] = {
    Image: lambda column, value: np.clip(value, 0, 255).astype("uint8"),
    Audio: _picture_of_sound,
    Text: _text_of_ids,
}
