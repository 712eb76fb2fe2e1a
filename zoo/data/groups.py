"""The owners of files in a folder, found in their names by a regular expression."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from zoo.data.dataset import Split
from zoo.errors import ArgumentError, DataError

_EXAMPLE = "such as ^[^_]+_([^_]+)_ for 7_jackson_3.wav"


def with_groups(split: Split, pattern: str, *, below: Sequence[str]) -> Split:
    """Add the column "group": what the first group of a pattern finds for each file.

    Args:
        split: with the names of its files.
        pattern: a regular expression; where it holds a "/", it is searched in `below`, otherwise in
            the last part of it, the file's name.
        below: path of each file inside its class folder, with "/" between folders.

    Raises:
        ArgumentError: not a regular expression, or one without a group.
        DataError: a file in whose name it finds nothing.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ArgumentError(
            f"group_pattern={pattern!r} is not a regular expression ({error}).",
            expected=f"one with a group in brackets, {_EXAMPLE}",
            fix="escape what is meant literally, such as \\( for a bracket",
        ) from error
    if not compiled.groups:
        raise ArgumentError(
            f"group_pattern={pattern!r} has no group.",
            expected=f"one that finds the owner of a file, {_EXAMPLE}",
            fix="put brackets around the part that names the speaker or writer",
        )
    groups = []
    for name, path in zip(split.names, below, strict=True):
        match = compiled.search(path if "/" in pattern else PurePosixPath(path).name)
        if match is None or not match[1]:
            raise DataError(
                f"group_pattern={pattern!r} finds no group in the name of {name}.",
                expected=f"a name that fits it, {_EXAMPLE}",
                fix="rename the file, or change the pattern",
            )
        groups.append(match[1])
    return Split({**split.columns, "group": groups}, decode=split.decode, names=split.names)
