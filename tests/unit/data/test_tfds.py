"""Image sets of TensorFlow Datasets: tiny ones that are prepared here, and the real ones."""

import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets

from zoo.data import tfds_files
from zoo.data.tfds import load
from zoo.errors import DataError, UnknownNameError

FEATURES = tensorflow_datasets.features


class _Toy(tensorflow_datasets.core.GeneratorBasedBuilder, skip_registration=True):
    """Gray 6 x 5 images; the value of every pixel counts the examples of a split."""

    VERSION = tensorflow_datasets.core.Version("1.0.0")
    SPLITS = {"train": 40, "validation": 6, "test": 8}  # noqa: RUF012
    SHAPE = (6, 5, 1)

    def _info(self) -> tensorflow_datasets.core.DatasetInfo:
        return tensorflow_datasets.core.DatasetInfo(
            builder=self,
            features=FEATURES.FeaturesDict(
                {
                    "image": FEATURES.Image(shape=self.SHAPE),
                    "label": FEATURES.ClassLabel(names=["cat", "dog"]),
                    "id": FEATURES.Text(),
                }
            ),
            homepage="https://example.org/toy",
            license="CC0 1.0",
        )

    def _split_generators(self, dl_manager: object) -> dict:
        return {name: self._generate_examples(name, n) for name, n in self.SPLITS.items()}

    def _generate_examples(self, split: str, count: int) -> Iterator[tuple[int, dict]]:
        for i in range(count):
            image = np.full((6, 5, self.SHAPE[-1]), i, "uint8")
            yield i, {"image": image, "label": self.label_of(split, i), "id": f"{split} {i}"}

    def label_of(self, split: str, index: int) -> int:
        return index % 2


class KerazooToy(_Toy):
    """Train, validation and test."""


class KerazooTrainOnly(_Toy):
    """One split only."""

    SPLITS = {"train": 40}  # noqa: RUF012


class KerazooHiddenTest(_Toy):
    """A test split without labels; images whose size is not declared."""

    SHAPE = (None, None, 3)

    def label_of(self, split: str, index: int) -> int:
        return -1 if split == "test" else index % 2


class KerazooTestOnly(_Toy):
    """Nothing to learn from."""

    SPLITS = {"test": 8}  # noqa: RUF012


class KerazooBoxes(_Toy):
    """An image, and nothing that classifies it."""

    def _info(self) -> tensorflow_datasets.core.DatasetInfo:
        features = {"image": FEATURES.Image(), "box": FEATURES.BBoxFeature()}
        return tensorflow_datasets.core.DatasetInfo(
            builder=self, features=FEATURES.FeaturesDict(features)
        )


PREPARED = (KerazooToy, KerazooTrainOnly, KerazooHiddenTest, KerazooTestOnly)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy sets prepared as TFRecord files."""
    folder = tmp_path_factory.mktemp("tfds")
    for builder in PREPARED:
        builder(data_dir=folder).download_and_prepare(file_format="tfrecord")
    return folder


@pytest.fixture
def damaged(prepared: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    shutil.copytree(prepared, tmp_path / "tfds")
    return tmp_path / "tfds"


def values(dataset, split: str) -> list[int]:
    return [int(example["image"].max()) for example in dataset.splits[split]]


def test_a_prepared_set_is_read_whole(prepared: Path) -> None:
    dataset = load("kerazoo_toy", data_dir=prepared)
    assert dataset.counts() == {"train": [20, 20], "validation": [3, 3], "test": [4, 4]}
    assert sorted(values(dataset, "train")) == list(range(40))
    for example in dataset.splits["train"]:
        assert example["image"].shape == (6, 5, 1)
        assert example["image"].max() % 2 == example["label"]
    assert isinstance(dataset.splits["train"].columns["image"], np.ndarray)
    assert dataset.classes == ("cat", "dog")
    assert (dataset.licence, dataset.homepage) == ("CC0 1.0", "https://example.org/toy")
    assert dataset.notes == ()


def test_the_order_is_the_same_in_every_file_format(tmp_path: Path) -> None:
    shards = tensorflow_datasets.download.DownloadConfig(num_shards=3)
    read = []
    for file_format in ("tfrecord", "parquet", "array_record"):
        builder = KerazooToy(data_dir=tmp_path / file_format)
        builder.download_and_prepare(file_format=file_format, download_config=shards)
        assert builder.info.splits["train"].num_shards == 3
        read.append(load("kerazoo_toy", data_dir=tmp_path / file_format))
    assert len({dataset.fingerprint for dataset in read}) == 1
    assert values(read[0], "train") != list(range(40))  # TFDS shuffles when it prepares


def test_the_folder_may_come_from_the_environment(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared))
    assert len(load("kerazoo_toy").splits["test"]) == 8


def test_train_alone_gets_a_fixed_test_split(prepared: Path) -> None:
    dataset = load("kerazoo_train_only", data_dir=prepared)
    assert dataset.counts() == {"train": [16, 16], "test": [4, 4]}
    assert sorted(values(dataset, "train") + values(dataset, "test")) == list(range(40))
    assert "drawn from train" in dataset.notes[0]


def test_a_test_split_without_labels_gives_way_to_validation(prepared: Path) -> None:
    dataset = load("kerazoo_hidden_test", data_dir=prepared)
    assert dataset.counts() == {"train": [20, 20], "test": [3, 3]}
    assert sorted(values(dataset, "test")) == list(range(6))
    assert "hidden; its validation split is used" in dataset.notes[0]


def test_images_of_undeclared_size_stay_encoded(prepared: Path) -> None:
    dataset = load("kerazoo_hidden_test", data_dir=prepared)
    assert dataset.features["image"].shape == (None, None, 3)
    assert isinstance(dataset.splits["train"].columns["image"][0], bytes)
    assert dataset.splits["train"][0]["image"].shape == (6, 5, 3)


def test_what_does_not_fit_decoded_stays_encoded_and_what_does_not_fit_at_all_is_refused(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    splits = tensorflow_datasets.builder("kerazoo_toy", data_dir=prepared).info.splits
    encoded = sum(split.num_bytes for split in splits.values())
    monkeypatch.setattr(tfds_files, "MEMORY_LIMIT_BYTES", encoded + 54 * 30 - 1)
    dataset = load("kerazoo_toy", data_dir=prepared)
    assert isinstance(dataset.splits["train"].columns["image"], list)
    assert sorted(values(dataset, "test")) == list(range(8))
    monkeypatch.setattr(tfds_files, "MEMORY_LIMIT_BYTES", encoded - 1)
    with pytest.raises(DataError, match="kerazoo_toy takes"):
        load("kerazoo_toy", data_dir=prepared)


def test_sets_that_cannot_be_used_are_explained(prepared: Path) -> None:
    with pytest.raises(DataError, match="no train split, only: test"):
        load("kerazoo_test_only", data_dir=prepared)
    with pytest.raises(DataError, match=r"image \(Image\), box \(BBoxFeature\)") as caught:
        load("kerazoo_boxes", data_dir=prepared)
    assert "with a ClassLabel" in caught.value.expected


def test_a_set_that_is_not_prepared_says_where_and_how(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cifar10/3\.\d\.\d") as caught:
        load("cifar10", data_dir=tmp_path)
    assert "zoo data cifar10 --download" in caught.value.fix
    assert str(tmp_path) in caught.value.problem


def test_another_prepared_version_is_mentioned(tmp_path: Path) -> None:
    (tmp_path / "cifar10" / "1.2.3").mkdir(parents=True)
    with pytest.raises(DataError, match=r"but version 1\.2\.3"):
        load("cifar10", data_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("fashion_mnits", "fashion_mnist"),
        ("huggingface:mnist", "mnist"),
        ("mnist_corrupted/foog", "mnist_corrupted/fog"),
        ("mnist/gray", "mnist"),
        ("no such name!", None),
        ("", None),
    ],
)
def test_an_unknown_name_gives_the_nearest(tmp_path: Path, name: str, near: str | None) -> None:
    with pytest.raises(UnknownNameError) as caught:
        load(name, data_dir=tmp_path)
    assert near is None or near in caught.value.expected


def test_an_unknown_version_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mnist has no version 0\.0\.1") as caught:
        load("mnist:0.0.1", data_dir=tmp_path)
    assert "3.0.1" in caught.value.expected


def test_a_download_without_a_network_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*args: object, **kwargs: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(tfds_files.socket, "create_connection", unreachable)
    with pytest.raises(DataError, match="does not answer"):
        load("cifar10", data_dir=tmp_path, download=True)
    assert not list(tmp_path.iterdir())


def test_a_host_that_never_answers_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def silent(*args: object, **kwargs: object) -> None:
        release.wait()
        raise OSError("timed out")

    monkeypatch.setattr(tfds_files.socket, "create_connection", silent)
    monkeypatch.setattr(tfds_files, "REACH_SECONDS", 0.05)
    try:
        with pytest.raises(DataError, match=r"within 0\.05 seconds"):
            load("cifar10", data_dir=tmp_path, download=True)
    finally:
        release.set()


def test_a_missing_set_is_prepared_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    monkeypatch.setattr(tfds_files, "_hosts", lambda builder: [server.server_address])
    try:
        dataset = load("kerazoo_train_only", data_dir=tmp_path, download=True)
    finally:
        server.server_close()
    assert dataset.counts()["test"] == [4, 4]
    assert load("kerazoo_train_only", data_dir=tmp_path).fingerprint == dataset.fingerprint


def test_a_folder_left_half_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tfds_files, "_hosts", lambda builder: [])
    (tmp_path / "kerazoo_toy" / "1.0.0").mkdir(parents=True)
    with pytest.raises(DataError, match="exists but is not complete"):
        load("kerazoo_toy", data_dir=tmp_path, download=True)


def test_what_goes_wrong_while_preparing_is_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tfds_files, "_hosts", lambda builder: [])
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    with pytest.raises(DataError, match="could not be prepared"):
        load("kerazoo_toy", data_dir=in_the_way, download=True)


def test_a_proxy_is_asked_instead_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = tensorflow_datasets.builder("cifar10")
    monkeypatch.setattr(tfds_files.urllib.request, "getproxies", lambda: {})
    assert tfds_files._hosts(builder) == [("www.cs.toronto.edu", 443)]
    proxies = {"https": "http://proxy:3128"}
    monkeypatch.setattr(tfds_files.urllib.request, "getproxies", lambda: proxies)
    assert tfds_files._hosts(builder) == [("proxy", 3128)]


@pytest.mark.parametrize("pattern", ["*train.tfrecord*", "dataset_info.json"])
def test_damaged_files_are_named(damaged: Path, pattern: str) -> None:
    (path,) = (damaged / "kerazoo_toy" / "1.0.0").glob(pattern)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="kerazoo_toy"):
        load("kerazoo_toy", data_dir=damaged)


@pytest.mark.parametrize("keep", [0, 0.5])
def test_damaged_parquet_is_named(tmp_path: Path, keep: float) -> None:
    KerazooTrainOnly(data_dir=tmp_path).download_and_prepare(file_format="parquet")
    (path,) = tmp_path.glob("*/*/*.parquet*")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    with pytest.raises(DataError, match="cannot be read"):
        load("kerazoo_train_only", data_dir=tmp_path)


def test_fashion_mnist_is_the_published_one(fashion_dir: str) -> None:
    dataset = load("fashion_mnist", data_dir=fashion_dir)
    assert dataset.counts() == {"train": [6000] * 10, "test": [1000] * 10}
    assert (
        dataset.features["image"].shape == dataset.splits["train"][0]["image"].shape == (28, 28, 1)
    )
    assert dataset.classes[9] == "Ankle boot"
    assert dataset.licence == "MIT"
    # The mean and deviation of the 47 million train pixels, as commonly quoted: 0.2860 and 0.3530.
    pixels = dataset.splits["train"].columns["image"] / np.float32(255)
    assert pixels.mean() == pytest.approx(0.2860, abs=5e-5)
    assert pixels.std() == pytest.approx(0.3530, abs=5e-5)
