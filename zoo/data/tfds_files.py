"""Prepared files of TensorFlow Datasets: found by name, fetched where missing, read by column."""

import contextlib
import os
import re
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.errors import DataError, UnknownNameError, ZooError, unknown_name

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

    Builder = tfds.core.DatasetBuilder

MEMORY_LIMIT_BYTES = 8_000_000_000
REACH_SECONDS = 5.0  # how long a download host may take to answer

_RANDOM_ACCESS = ("array_record", "parquet")  # formats that are read without TensorFlow
_READ_BATCH = 1024


def open_builder(name: str, data_dir: str | os.PathLike | None) -> "Builder":
    """Return the TFDS builder of a name, its files prepared or not.

    Raises:
        UnknownNameError: no such set or configuration.
        DataError: no such version, a package is missing, or its files are damaged.
    """
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
            f"{name} needs a package that is not installed: {error.name or first_line(error)}.",
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
        f"{name} in {where} cannot be opened: {first_line(error)}.",
        fix="remove that folder and prepare the set again with `zoo data NAME --download`",
    )


def prepare(name: str, builder: "Builder", *, download: bool) -> None:
    """Check that the files of a set are there; download and prepare them if that is requested.

    Raises:
        DataError: not prepared and not requested, or not downloadable; names the folder.
    """
    if builder.is_prepared():
        return
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
            f"{name} could not be prepared in {builder.data_path}: {first_line(error)}.",
            fix=" ".join(by_hand.split()) if by_hand else f"fix that and run `{command}` again",
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


def split_names(name: str, builder: "Builder") -> list[str]:
    splits = builder.info.splits
    names = [s for s in ("train", "validation", "test") if s in splits and splits[s].num_examples]
    if "train" not in names:
        raise DataError(
            f"{name} has no train split, only: {', '.join(splits) or 'none'}.",
            fix="choose a data set that has one",
        )
    return names


def room_left(name: str, builder: "Builder", split_names: Sequence[str]) -> int:
    """Return the bytes of memory left beside the prepared splits; refuse what takes too many."""
    size = sum(builder.info.splits[split].num_bytes for split in split_names)
    if size > MEMORY_LIMIT_BYTES:
        raise DataError(
            f"{name} takes {size / 1e9:.0f} GB.",
            expected=f"at most {MEMORY_LIMIT_BYTES / 1e9:.0f} GB, as it is kept in memory",
            fix="choose a smaller one; images may lie in a folder, which is read from disk",
        )
    return MEMORY_LIMIT_BYTES - size


def read_split(
    name: str, builder: "Builder", split: str, columns: Sequence[str]
) -> dict[str, list[Any]]:
    """Return the columns of one split in the order of its files.

    Returns:
        Text as str, labels as int, images as the bytes of their files, audio as the integers that
        are stored, (samples,), in int16 where they fit and int32 otherwise.

    Raises:
        DataError: the files are damaged or incomplete.
    """
    from google.protobuf.message import DecodeError

    fast = builder.info.file_format.value in _RANDOM_ACCESS
    rows = (
        _rows(builder, split, columns) if fast else _rows_with_tensorflow(builder, split, columns)
    )
    found: dict[str, list[Any]] = {column: [] for column in columns}
    plain = {column: _plain(builder.info.features[column]) for column in columns}
    try:
        for row in rows:
            for column, values in found.items():
                values.append(plain[column](row[column]))
    except (OSError, ValueError, RuntimeError, IndexError, DecodeError) as error:
        raise damaged(name, builder, first_line(error)) from error
    expected = builder.info.splits[split].num_examples
    count = len(found[columns[0]])
    if count != expected:
        raise damaged(name, builder, f"{split} has {count} of {expected} examples")
    return found


def _rows(builder: "Builder", split: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    decoders = _image_decoders(builder, columns)
    yield from builder.as_data_source(split, decoders=decoders or None)


def _rows_with_tensorflow(
    builder: "Builder", split: str, columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    options = tf.data.Options()
    options.deterministic = True
    features = builder.info.features
    # TFDS pads what differs in length when it batches.
    batched = not any(isinstance(features[column], tfds.features.Audio) for column in columns)
    dataset = builder.as_dataset(
        split,
        batch_size=_READ_BATCH if batched else None,
        shuffle_files=False,
        decoders=tfds.decode.PartialDecoding(
            dict.fromkeys(columns, True), decoders=_image_decoders(builder, columns)
        ),
        # One file after the other is the order of random access too.
        read_config=tfds.ReadConfig(
            options=options, try_autocache=False, interleave_cycle_length=1
        ),
    )
    try:
        for element in dataset.as_numpy_iterator():
            if not batched:
                yield element
                continue
            for values in zip(*(element[column] for column in columns), strict=True):
                yield dict(zip(columns, values, strict=True))
    except tf.errors.OpError as error:
        raise OSError(error.message) from error


def _image_decoders(builder: "Builder", columns: Sequence[str]) -> dict[str, Any]:
    import tensorflow_datasets as tfds

    features = builder.info.features
    images = [column for column in columns if isinstance(features[column], tfds.features.Image)]
    return {column: tfds.decode.SkipDecoding() for column in images}


def _plain(feature: "tfds.features.FeatureConnector") -> Callable[[Any], Any]:
    """Return the function from a value of this feature as TFDS reads it to a plain one."""
    import tensorflow_datasets as tfds

    if isinstance(feature, tfds.features.Text):
        return lambda value: bytes(value).decode("utf-8")
    if isinstance(feature, tfds.features.ClassLabel):
        return int
    if isinstance(feature, tfds.features.Audio):
        return _narrow
    return lambda value: value


def _narrow(samples: np.ndarray) -> np.ndarray:
    """Keep samples in the least memory: TFDS stores them as int64, files hold 16 bits or 32."""
    samples = np.asarray(samples)
    if samples.dtype.kind != "i" or not samples.size:
        return samples
    low, high = samples.min(), samples.max()
    for dtype in ("int16", "int32"):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return samples.astype(dtype)
    return samples


def damaged(name: str, builder: "Builder", reason: str) -> DataError:
    return DataError(
        f"The prepared files of {name} in {builder.data_path} cannot be read: {reason}.",
        fix=f"remove that folder and run `zoo data {name} --download`",
    )


def first_line(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(".")
