"""Data sets of TensorFlow Datasets (TFDS) by their names there: images, audio and text."""

import os
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Column, Image, Label, Text
from zoo.columns.readers.images import read_image
from zoo.data.dataset import Dataset, Split
from zoo.data.splits import stratified_indices
from zoo.data.tfds_files import (
    open_builder,
    prepare,
    read_split,
    room_left,
    split_names,
)
from zoo.errors import ArgumentError, DataError, nearest

if TYPE_CHECKING:
    from zoo.data.tfds_files import Builder

_TEST_FRACTION = 0.2
_TEST_SEED = 0  # never changed: a result is only comparable on the same test split


class _Columns(NamedTuple):
    """Which columns are used, and as what."""

    kind: str  # "image", "audio" or "text"
    example: str
    label: str  # empty where the set has no classes

    @property
    def keys(self) -> list[str]:
        return [key for key in (self.example, self.label) if key]


def load(
    name: str,
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    label: str = "",
) -> Dataset:
    """Read a set that is prepared on this machine, or prepare it first.

    It reads sets with classes of images, sounds or single texts, and sets of text only (for language
    modelling). Without a labelled test split, validation is used as one; without both, a stratified
    fifth of train is drawn. `Dataset.notes` says so. The order is
    that of the prepared files. Images of one shape are decoded at once where they fit in memory;
    others stay encoded until an example is asked for. Pillow decodes: a JPEG may differ by a level
    or two from TensorFlow's.

    Args:
        name: as TFDS knows it: "cifar10", "glue/sst2", "mnist_corrupted/fog", "mnist:3.0.1".
        data_dir: where data sets are prepared; None takes TFDS_DATA_DIR, then TFDS's own default.
        download: fetch and prepare the set if it is missing.
        label: the column of classes; empty takes the card's choice, then the only one there is.

    Returns:
        image uint8 (H, W, 1) or (H, W, 3), audio float32 (samples,) in [-1, 1], or text str; with
        label int64 unless the set is text alone.

    Raises:
        UnknownNameError: no such set or configuration.
        ArgumentError: `label` is not a column of classes.
        DataError: not prepared, not downloadable, damaged, too large, or of another kind.
    """
    card = next((card for card in DATASETS if card.name == name.partition(":")[0]), None)
    builder = open_builder(name, data_dir)
    columns = _choose(name, builder, label or (card.arguments.get("label", "") if card else ""))
    prepare(name, builder, download=download)
    names = split_names(name, builder)
    room = room_left(name, builder, names)
    values = {split: read_split(name, builder, split, columns.keys) for split in names}
    note = _settle_test(name, values, columns.label)
    feature, splits = _make_splits(name, builder, columns, values, room)
    features, classes = {columns.kind: feature}, ()
    if columns.label:
        kind = builder.info.features[columns.label]
        features["label"] = Label()
        classes = tuple(kind.names or map(str, range(kind.num_classes)))
    if "test" not in splits:
        splits |= _drawn_test(splits["train"], classes)
    return Dataset(
        name=name,
        splits=splits,
        features=features,
        classes=classes,
        licence=card.licence if card else builder.info.redistribution_info.license or "not stated",
        source="tfds",
        homepage=card.homepage if card else builder.info.homepage,
        notes=(note,) if note else (),
    )


def read_columns(
    name: str,
    columns: Sequence[str],
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
) -> dict[str, dict[str, list[Any]]]:
    """Read columns of a TFDS set as they are, for a loader that makes something else of them.

    Args:
        name: as TFDS knows it.
        columns: keys of its features, at least one.
        data_dir, download: as for `load`.

    Returns:
        For each of train, validation and test that exists the columns, in the order of the files:
        text as str, labels as int, images as the bytes of their files, audio as integers,
        (samples,), int16 where they fit and int32 otherwise.

    Raises:
        UnknownNameError, DataError: as for `load`, and for a column that does not exist.

    >>> read_columns("spoken_digit", ["audio", "audio/filename"])  # doctest: +SKIP
    """
    builder = open_builder(name, data_dir)
    features = builder.info.features
    for column in columns:
        if column not in features:
            raise DataError(
                f"{name} has no column {column!r}.", expected=f"one of: {', '.join(features)}"
            )
    prepare(name, builder, download=download)
    names = split_names(name, builder)
    room_left(name, builder, names)
    return {split: read_split(name, builder, split, columns) for split in names}


def _choose(name: str, builder: "Builder", label: str) -> _Columns:
    """Return the columns of the example and the label: as asked, the supervised pair, or the only."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    kinds = dict(features.items()) if isinstance(features, tfds.features.FeaturesDict) else {}
    of_type = {
        "image": [key for key, kind in kinds.items() if type(kind) is tfds.features.Image],
        "audio": [key for key, kind in kinds.items() if type(kind) is tfds.features.Audio],
        "text": [key for key, kind in kinds.items() if isinstance(kind, tfds.features.Text)],
    }
    labels = [key for key, kind in kinds.items() if isinstance(kind, tfds.features.ClassLabel)]
    listing = ", ".join(f"{key} ({type(kind).__name__})" for key, kind in kinds.items())
    listing = listing or type(features).__name__
    if label and label not in labels:
        near = nearest(label, labels) or labels
        raise ArgumentError(
            f"{name} has no label column {label!r}.",
            expected=f"one of: {', '.join(labels) or 'none'}; it has {listing}",
            fix=f"set data.arguments.label={near[0]}" if near else "leave data.arguments.label out",
        )
    supervised = builder.info.supervised_keys or ("", "")
    kind = next((kind for kind, keys in of_type.items() if keys), "")
    if kind == "text" and len(kinds) == 1:
        return _Columns("text", *of_type["text"], "")
    examples = of_type.get(kind, [])
    examples = [key for key in examples if key == supervised[0]] or examples
    labels = [label] if label else [key for key in labels if key == supervised[1]] or labels
    if len(examples) != 1 or not labels:
        several = f"; several {kind} columns at once are not supported" if examples[1:] else ""
        raise DataError(
            f"{name} cannot be used: it has {listing}{several}.",
            expected="one Image, Audio or Text with a ClassLabel, or one Text alone",
            fix="choose another data set",
        )
    if len(labels) > 1:
        raise DataError(
            f"{name} has {len(labels)} label columns: {', '.join(labels)}.",
            expected="one of them to be chosen",
            fix=f"set data.arguments.label={labels[0]}",
        )
    return _Columns(kind, examples[0], labels[0])


def _settle_test(name: str, values: dict[str, dict[str, list]], label: str) -> str:
    """Drop a test split without labels and use validation instead; return a note."""
    if label and min(values["train"][label]) < 0:
        raise DataError(
            f"{name} has train examples without a label.", fix="choose another data set"
        )
    hidden = "test" in values and label and min(values["test"][label]) < 0
    if hidden:
        del values["test"]
    if "test" in values:
        return ""
    reason = "The labels of its test split are hidden" if hidden else "It has no test split"
    if "validation" in values:
        values["test"] = values.pop("validation")
        return f"{reason}; its validation split is used as the test split."
    return f"{reason}; one was drawn from train: stratified, {_TEST_FRACTION:.0%}, seed 0."


def _drawn_test(train: Split, classes: tuple[str, ...]) -> dict[str, Split]:
    kept, drawn = stratified_indices(
        train.labels if classes else np.zeros(len(train), "int64"),
        fractions=(1 - _TEST_FRACTION, _TEST_FRACTION),
        seed=_TEST_SEED,
        classes=classes or ("texts",),
    )
    return {"train": train.take(kept), "test": train.take(drawn)}


def _make_splits(
    name: str, builder: "Builder", columns: _Columns, values: dict[str, dict[str, list]], room: int
) -> tuple[Column, dict[str, Split]]:
    """Turn columns into splits; `values` is emptied on the way, so that files are freed."""
    kind = builder.info.features[columns.example]
    examples: dict[str, Any] = {s: found.pop(columns.example) for s, found in values.items()}
    feature, decode = Text(), {}
    if columns.kind == "image":
        feature, decode = _decode_images(name, kind, examples, room)
    elif columns.kind == "audio":
        feature = _scale_sounds(name, kind, examples)
    splits = {}
    for split, found in values.items():
        column = {columns.kind: examples[split]}
        if columns.label:
            column["label"] = np.asarray(found[columns.label], "int64")
        splits[split] = Split(column, decode=decode)
    return feature, splits


def _decode_images(
    name: str, kind: Any, examples: dict[str, Any], room: int
) -> tuple[Column, dict[str, Any]]:
    """Decode the images in place where they fit in memory; otherwise return how to do it."""
    dtype = np.dtype(kind.np_dtype)
    if dtype not in (np.uint8, np.uint16):
        raise DataError(f"The images of {name} are {dtype}.", expected="uint8 or uint16")
    height, width, channels = kind.shape
    shape = (height, width, 1 if channels == 1 else 3)
    decode = partial(read_image, name=f"an image of {name}", channels=shape[-1])
    if height is None or width is None:
        return Image(shape), {"image": decode}
    count = sum(len(files) for files in examples.values())
    if count * int(np.prod(shape)) > room:
        return Image(shape), {"image": decode}
    for split in examples:  # frees the files of a split once it is decoded
        examples[split] = np.stack([decode(file) for file in examples[split]])
    return Image(shape), {}


def _scale_sounds(name: str, kind: Any, examples: dict[str, Any]) -> Column:
    """Scale samples in place to [-1, 1]: by the narrowest integers of files that hold them all.

    TFDS does not record how many bits a sample had in its file. Samples that are floats already
    are clipped.
    """
    if not kind.sample_rate:
        raise DataError(
            f"{name} does not say at which rate its audio was sampled.",
            expected="an Audio feature with a sample rate",
            fix="choose another data set",
        )
    sounds = [sound for split in examples.values() for sound in split]
    if any(sound.ndim != 1 or sound.dtype.kind not in "if" for sound in sounds):
        raise DataError(
            f"The audio of {name} is not decoded, or has several channels.",
            expected="one channel of numbers",
            fix="choose another data set",
        )
    full_scale = _full_scale(sounds)
    for split, stored in examples.items():
        examples[split] = [
            np.clip(sound, -1, 1).astype("float32")
            if sound.dtype.kind == "f"
            else (sound / full_scale).astype("float32")
            for sound in stored
        ]
    return Audio(int(kind.sample_rate))


def _full_scale(sounds: list[np.ndarray]) -> int:
    integers = [sound for sound in sounds if sound.dtype.kind == "i" and sound.size]
    low = min((int(sound.min()) for sound in integers), default=0)
    high = max((int(sound.max()) for sound in integers), default=0)
    scales = (2**7, 2**15, 2**31, 2**63)
    return next(scale for scale in scales if -scale <= low and high < scale)
