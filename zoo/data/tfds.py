"""Image classification sets of TensorFlow Datasets (TFDS), by their names there."""

import contextlib
import os
import re
import socket
import threading
import urllib.parse
import urllib.request
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.data.dataset import Dataset, Feature, Split
from zoo.data.images import read_image
from zoo.data.splits import stratified_indices
from zoo.errors import DataError, UnknownNameError, ZooError, unknown_name

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

    Builder = tfds.core.DatasetBuilder
    Encoded = dict[str, tuple[list[bytes], np.ndarray]]  # split name to image files and labels

MEMORY_LIMIT_BYTES = 8_000_000_000
REACH_SECONDS = 5.0  # how long a download host may take to answer

_RANDOM_ACCESS = ("array_record", "parquet")  # formats that are read without TensorFlow
_READ_BATCH = 1024
_TEST_FRACTION = 0.2
_TEST_SEED = 0  # never changed: a result is only comparable on the same test split


def load(
    name: str, *, data_dir: str | os.PathLike | None = None, download: bool = False
) -> Dataset:
    """Read an image classification set that is prepared on this machine, or prepare it first.

    Images of one shape are decoded at once where they fit in memory; others stay encoded until an
    example is asked for. Where there is no test split with labels, validation serves as one, and
    without both a stratified fifth of train is drawn; `Dataset.notes` says so. The order is that of
    the prepared files. Pillow decodes: a JPEG may differ by a level or two from TensorFlow's.

    Args:
        name: as TFDS knows it: "cifar10", "mnist_corrupted/fog", "mnist:3.0.1".
        data_dir: where data sets are prepared; None takes TFDS_DATA_DIR, then TFDS's own default.
        download: fetch and prepare the set if it is missing.

    Returns:
        image uint8 (H, W, 1) or (H, W, 3), label int64.

    Raises:
        UnknownNameError: no such set or configuration.
        DataError: not prepared, not downloadable, damaged, too large, or no image classification.
    """
    builder = _builder(name, data_dir)
    image_key, label_key = _columns(name, builder)
    if not builder.is_prepared():
        _prepare(name, builder, download=download)
    names = _split_names(name, builder)
    shape, decoded = _shape(name, builder, image_key, names)
    encoded = {split: _read(name, builder, split, image_key, label_key) for split in names}
    note = _settle_test(name, encoded)
    label = builder.info.features[label_key]
    splits = {}
    for split in list(encoded):
        images, labels = encoded.pop(split)  # let go of the files of a split once it is decoded
        splits[split] = _split(name, images, labels, channels=shape[-1], decoded=decoded)
    if "test" not in splits:
        splits |= _drawn_test(splits["train"], label.names)
    card = next((card for card in DATASETS if card.name == name.partition(":")[0]), None)
    return Dataset(
        name=name,
        splits=splits,
        features={"image": Feature("image", shape), "label": Feature("label")},
        classes=tuple(label.names or map(str, range(label.num_classes))),
        licence=card.licence if card else builder.info.redistribution_info.license or "not stated",
        source="tfds",
        homepage=card.homepage if card else builder.info.homepage,
        notes=(note,) if note else (),
    )


def _builder(name: str, data_dir: str | os.PathLike | None) -> "Builder":
    import tensorflow_datasets as tfds
    from google.protobuf.json_format import ParseError

    folder = data_dir or os.environ.get("TFDS_DATA_DIR") or None
    # A namespace ("huggingface:mnist") would make TFDS ask a server, without a time limit.
    if not re.fullmatch(r"\w+(/[\w.\-+=,]+)*(:[\d.*]+)?", name):
        raise _unknown(name)
    try:
        return tfds.builder(name, data_dir=None if folder is None else os.fspath(folder))
    except tfds.core.DatasetNotFoundError as error:
        raise _unknown(name) from error
    except ImportError as error:
        raise DataError(
            f"{name} needs a package that is not installed: {error.name or _first_line(error)}.",
            fix=f"pip install {error.name}" if error.name else "install it",
        ) from error
    except (ValueError, AssertionError, RuntimeError, OSError, ParseError) as error:
        raise _unbuildable(name, folder, error) from error


def _unknown(name: str) -> UnknownNameError:
    import tensorflow_datasets as tfds

    listed = tfds.list_builders(with_community_datasets=False)  # those would be asked for online
    known = {card.name for card in DATASETS} | set(listed)
    return unknown_name(
        "data set", name, known, fix="use such a name, or give a folder of images as ./FOLDER"
    )


def _unbuildable(name: str, folder: str | os.PathLike | None, error: Exception) -> ZooError:
    """Tell apart an unknown configuration or version, and prepared files that are damaged."""
    import tensorflow_datasets as tfds

    base, _, version = name.partition(":")
    base, _, config = base.partition("/")
    if base not in tfds.list_builders(with_community_datasets=False):
        configs, versions = [], []
    else:
        known = tfds.builder_cls(base)
        configs = list(known.builder_configs)
        versions = [str(v) for v in (known.VERSION, *known.SUPPORTED_VERSIONS)]
    if config and config not in configs:
        choices = [f"{base}/{choice}" for choice in configs] or [base]
        return unknown_name("data set", name, choices, fix="use one of its configurations")
    if version and version not in versions:
        return DataError(
            f"{base} has no version {version} here.",
            expected=f"one of: {', '.join(versions)}",
            fix=f"leave the version out: {base}",
        )
    where = folder or "TFDS's own data folder"
    return DataError(
        f"{name} in {where} cannot be opened: {_first_line(error)}.",
        fix="remove that folder and prepare the set again with `zoo data NAME --download`",
    )


def _columns(name: str, builder: "Builder") -> tuple[str, str]:
    """Return the keys of the image and the label: the supervised pair, or the only ones."""
    import tensorflow_datasets as tfds

    features = builder.info.features
    columns = dict(features.items()) if isinstance(features, tfds.features.FeaturesDict) else {}
    images = [key for key, kind in columns.items() if type(kind) is tfds.features.Image]
    labels = [key for key, kind in columns.items() if isinstance(kind, tfds.features.ClassLabel)]
    supervised = builder.info.supervised_keys
    if supervised and supervised[0] in images and supervised[1] in labels:
        images, labels = [supervised[0]], [supervised[1]]
    if len(images) != 1 or len(labels) != 1:
        kinds = ", ".join(f"{key} ({type(kind).__name__})" for key, kind in columns.items())
        raise DataError(
            f"{name} is no image classification set.",
            expected=f"one Image and one ClassLabel; it has {kinds or type(features).__name__}",
            fix="choose another data set",
        )
    dtype = np.dtype(columns[images[0]].np_dtype)
    if dtype not in (np.uint8, np.uint16):
        raise DataError(f"The images of {name} are {dtype}.", expected="uint8 or uint16")
    return images[0], labels[0]


def _prepare(name: str, builder: "Builder", *, download: bool) -> None:
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download import download_manager, extractor

    command = f"zoo data {name} --download"
    if not download:
        others = sorted(p.name for p in builder.data_path.parent.glob("[0-9]*.[0-9]*.[0-9]*"))
        raise DataError(
            f"{name} is not prepared: there is no {builder.data_path}"
            + (f" (but version {', '.join(others)})." if others else "."),
            fix=f"run `{command}`, or set TFDS_DATA_DIR to the folder that holds it",
        )
    by_hand = builder.MANUAL_DOWNLOAD_INSTRUCTIONS
    if not by_hand:
        _require_network(name, builder)
    try:
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(try_download_gcs=False)
        )
    except (
        OSError,
        AssertionError,  # a set whose files must be fetched by hand
        ImportError,
        ValueError,
        RuntimeError,
        tfds.download.DownloadError,
        download_manager.NonMatchingChecksumError,
        extractor.ExtractError,
        extractor.UnsafeArchiveError,
    ) as error:
        raise DataError(
            f"{name} could not be prepared in {builder.data_path}: {_first_line(error)}.",
            fix=" ".join(by_hand.split()) if by_hand else f"mend that and run `{command}` again",
        ) from error
    if not builder.is_prepared():
        raise DataError(
            f"{builder.data_path} exists but is not complete.",
            fix=f"remove it and run `{command}` again",
        )


def _require_network(name: str, builder: "Builder") -> None:
    """Ask each download host for a connection: TFDS itself would retry for many minutes."""
    for host, port in _hosts(builder):
        answers: list[bool] = []
        # In a thread, because looking a name up has no time limit of its own.
        thread = threading.Thread(target=_reach, args=(host, port, answers), daemon=True)
        thread.start()
        thread.join(REACH_SECONDS)
        if not answers:
            raise DataError(
                f"{name} cannot be downloaded: {host} does not answer.",
                expected=f"an answer on port {port} within {REACH_SECONDS:g} seconds",
                fix="check the network and proxy, or copy a prepared set to TFDS_DATA_DIR",
            )


def _hosts(builder: "Builder") -> list[tuple[str, int]]:
    proxies = urllib.request.getproxies()
    proxy = proxies.get("https") or proxies.get("http")
    urls = [proxy] if proxy else list(builder.url_infos or {}) or [builder.info.homepage]
    ports = {"http": 80, "https": 443, "ftp": 21}
    parts = [urllib.parse.urlsplit(url if "//" in url else f"//{url}") for url in urls]
    hosts = {(p.hostname, p.port or ports.get(p.scheme, 443)) for p in parts if p.hostname}
    return sorted(hosts)


def _reach(host: str, port: int, answers: list[bool]) -> None:
    with contextlib.suppress(OSError):
        socket.create_connection((host, port), timeout=REACH_SECONDS).close()
        answers.append(True)


def _split_names(name: str, builder: "Builder") -> list[str]:
    splits = builder.info.splits
    names = [s for s in ("train", "validation", "test") if s in splits and splits[s].num_examples]
    if "train" not in names:
        raise DataError(
            f"{name} has no train split, only: {', '.join(splits) or 'none'}.",
            fix="choose a data set that has one",
        )
    return names


def _shape(
    name: str, builder: "Builder", image_key: str, split_names: list[str]
) -> tuple[tuple[int | None, ...], bool]:
    """Return (H, W, C), and whether all images fit in memory decoded; refuse what cannot fit."""
    splits = [builder.info.splits[split] for split in split_names]
    height, width, channels = builder.info.features[image_key].shape
    encoded = sum(split.num_bytes for split in splits)
    if encoded > MEMORY_LIMIT_BYTES:
        raise DataError(
            f"{name} takes {encoded / 1e9:.0f} GB.",
            expected=f"at most {MEMORY_LIMIT_BYTES / 1e9:.0f} GB, as it is kept in memory",
            fix="write its images to a folder, one sub-folder a class: folders are read from disk",
        )
    shape = (height, width, 1 if channels == 1 else 3)
    if height is None or width is None:
        return shape, False
    decoded = sum(split.num_examples for split in splits) * int(np.prod(shape))
    return shape, encoded + decoded <= MEMORY_LIMIT_BYTES


def _read(
    name: str, builder: "Builder", split: str, image_key: str, label_key: str
) -> tuple[list[bytes], np.ndarray]:
    """Return the encoded images and the labels, (N,), of one split in the order of its files."""
    from google.protobuf.message import DecodeError

    fast = builder.info.file_format.value in _RANDOM_ACCESS
    read = _read_rows if fast else _read_with_tensorflow
    try:
        images, labels = read(builder, split, image_key, label_key)
    except (OSError, ValueError, RuntimeError, IndexError, DecodeError) as error:
        raise _damaged(name, builder, _first_line(error)) from error
    expected = builder.info.splits[split].num_examples
    if len(images) != expected:
        raise _damaged(name, builder, f"{split} has {len(images)} of {expected} examples")
    return images, np.asarray(labels, dtype="int64")


def _read_rows(
    builder: "Builder", split: str, image_key: str, label_key: str
) -> tuple[list[bytes], list[int]]:
    import tensorflow_datasets as tfds

    rows = builder.as_data_source(split, decoders={image_key: tfds.decode.SkipDecoding()})
    images, labels = [], []
    for row in rows:
        images.append(row[image_key])
        labels.append(row[label_key])
    return images, labels


def _read_with_tensorflow(
    builder: "Builder", split: str, image_key: str, label_key: str
) -> tuple[list[bytes], list[int]]:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    options = tf.data.Options()
    options.deterministic = True
    batches = builder.as_dataset(
        split,
        batch_size=_READ_BATCH,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(
            {image_key: True, label_key: True}, decoders={image_key: tfds.decode.SkipDecoding()}
        ),
        # One file after the other is the order of random access too.
        read_config=tfds.ReadConfig(
            options=options, try_autocache=False, interleave_cycle_length=1
        ),
    )
    images: list[bytes] = []
    labels: list[int] = []
    try:
        for batch in batches.as_numpy_iterator():
            images += batch[image_key].tolist()
            labels += batch[label_key].tolist()
    except tf.errors.OpError as error:
        raise OSError(error.message) from error
    return images, labels


def _settle_test(name: str, encoded: "Encoded") -> str:
    """Drop a test split without labels, let validation stand in; return what was done."""
    if (encoded["train"][1] < 0).any():
        raise DataError(
            f"{name} has train examples without a label.", fix="choose another data set"
        )
    hidden = "test" in encoded and (encoded["test"][1] < 0).any()
    if hidden:
        del encoded["test"]
    if "test" in encoded:
        return ""
    reason = "The labels of its test split are hidden" if hidden else "It has no test split"
    if "validation" in encoded:
        encoded["test"] = encoded.pop("validation")
        return f"{reason}; its validation split is used as the test split."
    return f"{reason}; one was drawn from train: stratified, {_TEST_FRACTION:.0%}, seed 0."


def _drawn_test(train: Split, classes: list[str] | None) -> dict[str, Split]:
    kept, drawn = stratified_indices(
        train.labels,
        fractions=(1 - _TEST_FRACTION, _TEST_FRACTION),
        seed=_TEST_SEED,
        classes=classes,
    )
    return {"train": train.take(kept), "test": train.take(drawn)}


def _split(
    name: str, images: list[bytes], labels: np.ndarray, *, channels: int, decoded: bool
) -> Split:
    decode = partial(read_image, name=f"an image of {name}", channels=channels)
    if not decoded:
        return Split({"image": images, "label": labels}, decode={"image": decode})
    return Split({"image": np.stack([decode(image) for image in images]), "label": labels})


def _damaged(name: str, builder: "Builder", reason: str) -> DataError:
    return DataError(
        f"The prepared files of {name} in {builder.data_path} cannot be read: {reason}.",
        fix=f"remove that folder and run `zoo data {name} --download`",
    )


def _first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
