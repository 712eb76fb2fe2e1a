"""SST-2 as GLUE has it (Socher et al. 2013), from TFDS: phrases of film reviews, with their sentence."""

import dataclasses
import os
from collections.abc import Sequence

from zoo.columns import Group
from zoo.data import tfds
from zoo.data.dataset import Dataset, Split


def load(
    name: str = "glue/sst2", *, data_dir: str | os.PathLike | None = None, download: bool = False
) -> Dataset:
    """Read the set that is prepared on this machine, or prepare it first.

    Train holds the phrases of each sentence's parse beside the sentence. The column "group" says
    whose they are, so that validation is carved by whole sentences: else nine in ten of its phrases
    would be parts of what is trained on.

    Args:
        name: as TFDS knows it.
        data_dir: where data sets are prepared; None takes TFDS_DATA_DIR, then TFDS's own default.
        download: fetch and prepare the set if it is missing.

    Returns:
        text str, label int64, group str; splits "train" and "test" (GLUE's validation split, since
        the labels of its test split are hidden).

    Raises:
        DataError: not prepared, not downloadable, or damaged.
    """
    dataset = tfds.load(name, data_dir=data_dir, download=download)
    return dataclasses.replace(
        dataset,
        splits={part: _with_sentences(part, split) for part, split in dataset.splits.items()},
        features=dataset.features | {"group": Group()},
        _memo={},
    )


def sentence_of(phrases: Sequence[str]) -> list[int]:
    """Return for each phrase the position of the longest one that holds it, word by word.

    A phrase that several hold goes to the longest, and of equals to the first.

    >>> sentence_of(["a fine film", "fine", "dull", "so dull"])
    [0, 0, 3, 3]
    """
    words = [tuple(phrase.split()) for phrase in phrases]
    known, owner = set(words), {}
    for place in sorted(range(len(words)), key=lambda i: -len(words[i])):
        whole = words[place]
        if whole in owner:
            continue
        for start in range(len(whole) + 1):
            for end in range(start, len(whole) + 1):
                if whole[start:end] in known:
                    owner.setdefault(whole[start:end], place)
    return [owner[part] for part in words]


def _with_sentences(part: str, split: Split) -> Split:
    groups = [f"{part} {place}" for place in sentence_of(split.columns["text"])]
    return Split(split.columns | {"group": groups}, decode=split.decode, names=split.names)
