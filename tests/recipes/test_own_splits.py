"""A run is evaluated on its own test split, wherever its data lies and whatever was added to it."""

import shutil

import numpy as np
import pytest

from recipes.runs.run import load
from recipes.runs.splits import SPLITS, write_splits
from recipes.training.train import train
from zoo.columns import Image, Label
from zoo.columns.readers.images import write_png
from zoo.data.dataset import Dataset, Split
from zoo.data.load import load_dataset
from zoo.errors import DataError, RunError

SMALL = {
    "model.arguments": {"widths": [4, 8]},
    "training.epochs": 1,
    "training.batch_size": 16,
    "training.steps_per_epoch": 2,
    "schedule.warmup_epochs": 0,
}


def write_pictures(folder, *, count=24, seed=0, size=16):
    """Three classes of noise, of another brightness each."""
    generator = np.random.default_rng(seed)
    for k, name in enumerate("abc"):
        for i in range(count):
            pixels = generator.integers(0, 120, (size, size, 3)) + 60 * k
            write_png(folder / name / f"{i:02d}.png", pixels.astype("uint8"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run on pictures, its folder and theirs; tests work on copies of both."""
    folder = tmp_path_factory.mktemp("own")
    write_pictures(folder / "pictures")
    values = SMALL | {"data.name": str(folder / "pictures")}
    return train("image/digits-cnn", run_dir=folder / "run", progress=False, **values)


@pytest.fixture
def run(trained, tmp_path):
    """The run, its data beside it in a folder that a test may change."""
    shutil.copytree(trained.path.with_name("pictures"), tmp_path / "pictures")
    shutil.copytree(trained.path, tmp_path / "run")
    return load(tmp_path / "run")


def names_of(path, split):
    dataset = load_dataset(path)
    return [dataset.splits[split].name_of(i) for i in range(len(dataset.splits[split]))]


def values_of(result):
    return {name: entry["value"] for name, entry in result["metrics"].items()}


def test_a_picture_that_was_removed_from_train_changes_nothing(run, trained, tmp_path):
    pictures = tmp_path / "pictures"
    tested = names_of(pictures, "test")
    (pictures / names_of(pictures, "train")[0]).unlink()
    drawn_anew = set(names_of(pictures, "test"))
    assert drawn_anew - set(tested), "the case needs a split that is drawn otherwise"
    result = run.evaluate(data=pictures)
    assert result["data_as_trained"]
    assert result["examples"] == len(tested)
    assert result["metrics"] == trained.metrics["metrics"]


def test_the_data_may_have_moved(run, trained, tmp_path):
    moved = (tmp_path / "pictures").rename(tmp_path / "elsewhere")
    result = run.evaluate(data=moved)
    assert result["metrics"] == trained.metrics["metrics"]
    assert result["data_as_trained"]
    assert result["data"] == str(moved)


def test_pictures_that_were_added_are_left_out_and_counted(run, trained, tmp_path):
    write_pictures(tmp_path / "more", count=2, seed=1)
    for file in (tmp_path / "more").rglob("*.png"):
        shutil.copy(file, tmp_path / "pictures" / file.parent.name / f"new{file.name}")
    result = run.evaluate(data=tmp_path / "pictures")
    assert result["metrics"] == trained.metrics["metrics"]
    assert any("6 example(s)" in note and "left out" in note for note in result["notes"])


def test_a_test_picture_that_is_gone_or_changed_is_named(trained, tmp_path):
    data = trained.path.with_name("pictures")
    first, second = names_of(data, "test")[:2]
    kept = {name: (data / name).read_bytes() for name in (first, second)}
    try:
        (data / first).unlink()
        write_png(data / second, np.zeros((16, 16, 3), "uint8"))
        with pytest.raises(RunError) as caught:
            trained.evaluate()
    finally:
        for name, content in kept.items():
            (data / name).write_bytes(content)
    assert "2 of the 15 test examples" in str(caught.value)
    assert first in str(caught.value) and second in str(caught.value)
    assert f"zoo evaluate {trained.path} --data {data}" in str(caught.value)


def test_other_data_is_scored_on_all_of_it_and_what_was_trained_on_is_counted(run, tmp_path):
    other = tmp_path / "other"
    write_pictures(other, count=5, seed=3)
    trained_on = names_of(tmp_path / "pictures", "train")
    for name in trained_on:  # one that is not in the run's validation split, for sure three
        shutil.copy(tmp_path / "pictures" / name, other / name[0] / f"copy-{name[2:]}")
    result = run.evaluate(data=other)
    assert not result["data_as_trained"]
    assert result["examples"] == 15 + len(trained_on)
    validation = round(0.15 * 19) * 3
    note = f"{len(trained_on) - validation} of these {result['examples']} examples were trained on"
    assert any(note in line for line in result["notes"])
    assert any(
        "is not the data that" in line and "no test split" in line for line in result["notes"]
    )


def test_other_data_with_a_test_split_of_its_own_is_scored_on_that(run, tmp_path):
    write_pictures(tmp_path / "other" / "train", count=6, seed=4)
    write_pictures(tmp_path / "other" / "test", count=3, seed=5)
    result = run.evaluate(data=tmp_path / "other")
    assert result["examples"] == 9
    assert not any("trained on" in note and "of these" in note for note in result["notes"])


def test_other_data_may_have_a_single_picture_of_a_class(run, tmp_path):
    write_pictures(tmp_path / "few", count=1, seed=9)
    result = run.evaluate(data=tmp_path / "few")
    assert result["examples"] == 3 and not result["data_as_trained"]
    assert "scored on all of its examples, as it has no test split" in result["notes"][0]
    said = [
        run.predict([tmp_path / "few" / name / "00.png"])[0]["predictions"][0]["label"]
        for name in "abc"
    ]
    right = sum(label == name for label, name in zip(said, "abc", strict=True))
    assert result["metrics"]["accuracy"]["value"] == pytest.approx(right / 3)


def test_a_test_split_is_scored_beside_a_train_split_of_single_pictures(run, tmp_path):
    write_pictures(tmp_path / "few" / "train", count=1, seed=8)
    write_pictures(tmp_path / "few" / "test", count=2, seed=9)
    result = run.evaluate(data=tmp_path / "few")
    assert result["examples"] == 6 and "scored on its test split" in result["notes"][0]


def test_a_single_picture_of_a_class_is_still_too_few_to_train_on(tmp_path):
    write_pictures(tmp_path / "few", count=1, seed=9)
    values = SMALL | {"data.name": str(tmp_path / "few")}
    with pytest.raises(DataError, match=r"Class a has 1 example\(s\) for 2 splits"):
        train("image/digits-cnn", run_dir=tmp_path / "new", **values)


def test_a_folder_that_is_all_test_is_not_trained_on(tmp_path):
    write_pictures(tmp_path / "few", count=3)
    values = SMALL | {"data.name": str(tmp_path / "few"), "data.arguments": {"test_fraction": 1}}
    with pytest.raises(DataError, match="has no train split"):
        train("image/digits-cnn", run_dir=tmp_path / "new", **values)


def test_data_with_other_classes_or_columns_is_refused(run, tmp_path):
    shutil.move(tmp_path / "pictures" / "c", tmp_path / "pictures" / "d")
    shutil.copytree(tmp_path / "pictures" / "a", tmp_path / "pictures" / "aa")
    with pytest.raises(RunError, match=r"does not have the classes[^§]*aa, d\.") as caught:
        run.evaluate(data=tmp_path / "pictures")
    assert caught.value.expected == "nearest to aa: a"
    rows = [f"{letter} text {i},{letter}" for letter in "abc" for i in range(10)]
    (tmp_path / "texts.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match="takes images"):
        run.evaluate(data=tmp_path / "texts.csv")


def test_a_damaged_list_of_examples_is_said(run, tmp_path):
    (tmp_path / "run" / SPLITS).write_bytes(b"not gzip")
    (tmp_path / "pictures" / "a" / "01.png").unlink()
    with pytest.raises(RunError, match=SPLITS):
        run.evaluate(data=tmp_path / "pictures")


def test_a_row_that_moved_in_its_table_is_found_again(tmp_path):
    rows = [f"word{i % 7} other{i % 5} number{i},{'ab'[i % 2]}" for i in range(60)]
    table = tmp_path / "table.csv"
    table.write_text("text,label\n" + "\n".join(rows) + "\n")
    values = SMALL | {"model.arguments": {"embedding_dim": 4, "num_filters": 4}}
    run = train(
        "text/docstrings-textcnn",
        run_dir=tmp_path / "run",
        progress=False,
        **values | {"data.name": str(table)},
    )
    table.write_text("text,label\na new row,a\n" + "\n".join(rows) + "\n")
    result = run.evaluate()
    assert result["data_as_trained"]
    assert values_of(result) == pytest.approx(
        {name: entry["value"] for name, entry in run.metrics["metrics"].items()}, rel=1e-6
    )


def test_the_list_of_examples_without_names_is_small(tmp_path):
    def split(count, seed):
        values = np.random.default_rng(seed).integers(0, 255, (count, 2, 2, 1), "uint8")
        return Split({"image": values, "label": np.zeros(count, "int64")})

    dataset = Dataset(
        name="many",
        splits={"train": split(60_000, 0), "test": split(10_000, 1)},
        features={"image": Image((2, 2, 1)), "label": Label()},
        classes=("one",),
        licence="",
        source="embedded",
    )
    write_splits(tmp_path, dataset)
    assert (tmp_path / SPLITS).stat().st_size < 1000
