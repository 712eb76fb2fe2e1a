"""Data for scripts of one's own: arrays, tf.data and pandas frames."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from zoo.columns import Group, Image, Label, Text
from zoo.columns.readers.images import read_image, write_png
from zoo.data.dataset import Dataset, Split
from zoo.data.embedded.digits import load
from zoo.errors import ArgumentError, DataError, MachineError, UnknownNameError
from zoo.tasks.image_classification import ImageClassification
from zoo.tasks.text_classification import TextClassification


@pytest.fixture
def files(tmp_path: Path) -> Split:
    """Three images that are files, each of its own value."""
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for i, path in enumerate(paths):
        write_png(path, np.full((2, 4, 1), i, "uint8"))
    return Split(
        {"image": paths, "label": np.array([0, 1, 0])},
        decode={"image": read_image},
        names=[path.name for path in paths],
    )


def texts() -> Dataset:
    words = ["good", "so bad", "fine and well", "poor"]
    split = Split({"text": words, "label": np.array([0, 1, 0, 1]), "group": list("abab")})
    return Dataset(
        name="texts",
        splits={"train": split, "test": split.take([1, 0])},
        features={"text": Text(), "label": Label(), "group": Group()},
        classes=("pos", "neg"),
        licence="",
        source="table",
    )


def of_images(split: Split, shape: tuple[int | None, ...] = (2, 4, 1)) -> Dataset:
    return Dataset(
        name="images",
        splits={"train": split},
        features={"image": Image(shape), "label": Label()},
        classes=("a", "b"),
        licence="",
        source="folder",
    )


def test_stored_files_become_one_array(files: Split) -> None:
    arrays = files.as_arrays()
    assert arrays["image"].dtype == np.uint8
    np.testing.assert_array_equal(arrays["image"][:, 0, 0, 0], [0, 1, 2])
    assert arrays["image"].shape == (3, 2, 4, 1)
    np.testing.assert_array_equal(arrays["label"], [0, 1, 0])


def test_arrays_in_memory_are_not_copied() -> None:
    split = load().splits["train"]
    assert split.as_arrays()["image"] is split.columns["image"]


def test_texts_become_an_array_of_objects() -> None:
    arrays = texts().splits["train"].as_arrays()
    assert arrays["text"].dtype == object
    assert arrays["text"].tolist() == ["good", "so bad", "fine and well", "poor"]


def test_examples_of_different_shapes_do_not_become_one_array(files: Split) -> None:
    write_png(files.columns["image"][2], np.zeros((3, 4, 1), "uint8"))
    with pytest.raises(DataError, match=r"column image have different shapes, such as \(2, 4, 1\)"):
        files.as_arrays()
    sounds = Split({"audio": [np.zeros(3, "float32"), np.zeros(1, "float32")]})
    with pytest.raises(DataError, match=r"\(3,\) and \(1,\)"):
        sounds.as_arrays()


def test_a_task_encodes_what_tf_data_gives() -> None:
    dataset = load()
    task = ImageClassification(image_size=16)
    batches = list(dataset.as_tf_data(task, split="test", batch_size=100))
    assert [len(y["label"]) for _, y in batches] == [100, 100, 100, 59]
    assert batches[0][0]["image"].shape == (100, 16, 16, 1)
    labels = np.concatenate([y["label"].numpy() for _, y in batches])
    np.testing.assert_array_equal(labels, dataset.splits["test"].labels)


def test_a_task_is_fitted_on_train_whatever_the_split() -> None:
    task = TextClassification(tokenizer="word")
    x, y = next(iter(texts().as_tf_data(task, split="test")))
    train, _ = next(iter(texts().as_tf_data(task)))
    np.testing.assert_array_equal(y["label"], [1, 0])
    width = min(x["ids"].shape[1], train["ids"].shape[1])
    np.testing.assert_array_equal(x["ids"][0, :width], train["ids"][1, :width])


def test_without_a_task_the_columns_come_as_they_are(files: Split) -> None:
    (batch,) = texts().as_tf_data(batch_size=8)
    assert batch["text"].numpy().tolist()[1] == b"so bad"
    assert batch["group"].numpy().tolist() == [b"a", b"b", b"a", b"b"]
    (images,) = of_images(files).as_tf_data(batch_size=8)
    np.testing.assert_array_equal(images["image"], files.as_arrays()["image"])


def test_examples_of_different_shapes_come_singly_or_by_a_task(files: Split) -> None:
    write_png(files.columns["image"][2], np.zeros((3, 4, 1), "uint8"))
    dataset = of_images(files, (None, 4, 1))
    with pytest.raises(DataError, match=r"has no batches(?s:.*)batch_size=None"):
        dataset.as_tf_data()
    shapes = [tuple(example["image"].shape) for example in dataset.as_tf_data(batch_size=None)]
    assert shapes == [(2, 4, 1), (2, 4, 1), (3, 4, 1)]
    ((x, _),) = dataset.as_tf_data(ImageClassification(image_size=8))
    assert x["image"].shape == (3, 8, 8, 1)


def test_a_seed_draws_another_order_in_each_pass_and_loses_nothing() -> None:
    stream = load().as_tf_data(split="test", batch_size=359, seed=1)
    first, second = (next(iter(stream))["label"].numpy() for _ in range(2))
    labels = load().splits["test"].labels
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, labels)
    np.testing.assert_array_equal(np.sort(first), np.sort(labels))


def test_keras_fits_what_it_gives() -> None:
    import keras

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    stream = load().as_tf_data(ImageClassification(), split="test", batch_size=64)
    pairs = stream.map(lambda x, y: (x["image"], y["label"]))
    assert len(model.fit(pairs, verbose=0).history["loss"]) == 1


def test_mistakes_are_named() -> None:
    with pytest.raises(UnknownNameError, match="validation"):
        load().as_tf_data(split="validation")
    with pytest.raises(ArgumentError, match="batch_size=0"):
        load().as_tf_data(batch_size=0)


def test_a_frame_has_a_row_for_each_example(monkeypatch: pytest.MonkeyPatch, files: Split) -> None:
    def frame(columns, index):
        return SimpleNamespace(columns=columns, index=index)

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=frame))
    made = files.to_frame()
    assert made.index == ["0.png", "1.png", "2.png"]
    assert list(made.columns["label"]) == [0, 1, 0]
    assert made.columns["image"][2].max() == 2


def test_pandas_itself_makes_the_frame() -> None:
    pytest.importorskip("pandas")
    made = texts().splits["train"].to_frame()
    assert made["text"].tolist()[0] == "good"
    assert made.shape == (4, 3)


def test_a_missing_pandas_is_named(monkeypatch: pytest.MonkeyPatch, files: Split) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MachineError, match=r"pandas is not installed(?s:.*)pip install pandas"):
        files.to_frame()
