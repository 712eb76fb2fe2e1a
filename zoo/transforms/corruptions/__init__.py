"""Changes of the data that a model may meet after training, at five severities.

Each is a pure function of an example and a seed, written with NumPy, SciPy and Pillow.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from zoo.columns import Audio, Column, Image, Text
from zoo.errors import unknown_name
from zoo.transforms.corruptions.audio import audio_corruptions
from zoo.transforms.corruptions.base import SEVERITIES, Corruption
from zoo.transforms.corruptions.image import image_corruptions
from zoo.transforms.corruptions.text import text_corruptions

__all__ = ["ALL", "SEVERITIES", "Corruption", "chosen", "corruptions"]

ALL = "all"
_BY_TYPE: Mapping[type[Column], Callable[[Any], tuple[Corruption, ...]]] = {
    Image: image_corruptions,
    Audio: audio_corruptions,
    Text: text_corruptions,
}


def corruptions(column: Column) -> dict[str, Corruption]:
    """Return the corruptions of a type of column by name; empty where it has none.

    >>> list(corruptions(Text()))
    ['typos', 'case', 'contractions', 'dropped_words', 'synonyms']
    """
    found = _BY_TYPE[type(column)](column) if type(column) in _BY_TYPE else ()
    return {one.name: one for one in found}


def chosen(known: Mapping[str, Corruption], names: str | Sequence[str]) -> dict[str, Corruption]:
    """Return some of the known corruptions, in their own order.

    Args:
        known: by name.
        names: of corruptions and of groups, in a list or with commas between; "all" for all.

    Raises:
        UnknownNameError: there is no such corruption or group; names the nearest.

    >>> list(chosen(corruptions(Text()), "case,words"))
    ['case', 'dropped_words', 'synonyms']
    """
    listed = names.split(",") if isinstance(names, str) else list(names)
    wanted = {name.strip() for name in listed}
    groups = {one.group for one in known.values()}
    for name in sorted(wanted):
        if name not in {*known, *groups, ALL}:
            raise unknown_name(
                "corruption",
                name,
                [*known, *groups, ALL],
                fix=f"choose from {', '.join(known)}; or groups: {', '.join(sorted(groups))}; or all",
            )
    return {
        name: one
        for name, one in known.items()
        if ALL in wanted or name in wanted or one.group in wanted
    }
