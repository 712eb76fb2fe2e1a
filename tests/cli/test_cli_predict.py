"""`zoo predict` sees in files what `zoo evaluate` sees in arrays."""

import csv

import numpy as np
import pytest

from zoo.columns.readers.images import write_png


def labels_from_files(zoo, run_dir, images, folder):
    """Write arrays as PNG files; return the labels that `zoo predict` gives them."""
    files = [folder / f"{i:03d}.png" for i in range(len(images))]
    for file, image in zip(files, images, strict=True):
        write_png(file, image)
    results = zoo("predict", run_dir, *files, "--json").document
    assert [result["file"] for result in results] == [str(file) for file in files]
    return [result["predictions"][0]["label"] for result in results]


def labels_from_evaluation(run_dir, split):
    """Return the labels that evaluation gives the examples of a split."""
    from recipes.runs.evaluate import predictions_of
    from recipes.runs.run import load
    from zoo.data.pipeline import Encoded

    run = load(run_dir)
    encoded = Encoded(split, run.task, run.assets)
    probabilities, _ = predictions_of(run.model, run.task, run.assets, encoded, batch_size=256)
    return [run.assets.classes[i] for i in np.asarray(probabilities).argmax(axis=-1)]


def test_100_digits_in_png_files_are_predicted_as_evaluation_predicts_them(zoo, run_dir, tmp_path):
    from zoo.data.load import load_dataset

    split = load_dataset("digits").splits["test"].take(np.arange(100))
    expected = labels_from_evaluation(run_dir, split)
    assert len(set(expected)) >= 4  # equal answers are no news where there is but one
    images = [example["image"] for example in split]
    assert labels_from_files(zoo, run_dir, images, tmp_path) == expected


@pytest.mark.slow
def test_100_clothes_in_png_files_are_predicted_as_evaluation_predicts_them(
    zoo, fashion_dir, tmp_path
):
    from zoo.data.load import load_dataset

    outcome = zoo(
        "train",
        "image/fashion_mnist-resnet20",
        "data.max_examples=600",
        "training.epochs=2",
        "training.batch_size=32",
        "optimizer.learning_rate=0.05",
        "--data-dir",
        fashion_dir,
        "--run-dir",
        tmp_path / "run",
    )
    assert outcome.code == 0, outcome.err
    dataset = load_dataset("fashion_mnist", data_dir=fashion_dir)
    split = dataset.splits["test"].take(np.arange(100))
    expected = labels_from_evaluation(tmp_path / "run", split)
    assert len(set(expected)) >= 3
    images = [example["image"] for example in split]
    assert labels_from_files(zoo, tmp_path / "run", images, tmp_path) == expected


def test_the_table_names_every_file_and_its_label(zoo, run_dir, digit_png):
    (result,) = zoo("predict", run_dir, digit_png, "--json").document
    outcome = zoo("predict", run_dir, digit_png)
    assert outcome.code == 0
    (row,) = [line.split() for line in outcome.out.splitlines() if str(digit_png) in line]
    assert row[1] == result["predictions"][0]["label"]


def test_batch_size_changes_no_label(zoo, run_dir, tmp_path):
    from zoo.data.load import load_dataset

    files = []
    for i, example in enumerate(load_dataset("digits").splits["test"].take(np.arange(7))):
        files.append(tmp_path / f"{i}.png")
        write_png(files[-1], example["image"])
    together = zoo("predict", run_dir, *files, "--json").document
    apart = zoo("predict", run_dir, *files, "--batch-size", 3, "--json").document
    for one, other in zip(together, apart, strict=True):
        assert one["predictions"][0]["label"] == other["predictions"][0]["label"]


def test_one_bad_file_does_not_abort_the_others(zoo, run_dir, digit_png, in_tmp):
    (in_tmp / "bad.png").write_text("not an image")
    outcome = zoo("predict", run_dir, "bad.png", digit_png, "--json")
    bad, good = outcome.document
    assert outcome.code == 1
    assert "bad.png" in bad["error"]["problem"] and bad["error"]["fix"]
    assert good["predictions"] and "error" not in good
    outcome = zoo("predict", run_dir, "bad.png", digit_png)
    assert outcome.code == 1
    (row,) = [line for line in outcome.out.splitlines() if line.startswith("bad.png")]
    assert "not an image that can be read" in row
    assert "1 of them failed" in outcome.out


def test_a_folder_is_predicted_file_by_file_and_written_as_csv(zoo, run_dir, digit_png, in_tmp):
    (in_tmp / "some digits").mkdir()
    for name in ("a.png", "b.png"):
        (in_tmp / "some digits" / name).write_bytes(digit_png.read_bytes())
    (in_tmp / "some digits" / "c.png").write_text("not an image")
    outcome = zoo("predict", run_dir, "some digits", "--csv", "out.csv", "--json")
    assert [result["file"] for result in outcome.document] == [
        f"some digits/{name}.png" for name in "abc"
    ]
    with (in_tmp / "out.csv").open(newline="") as file:
        a, b, c = csv.DictReader(file)
    assert a["label"] == b["label"] == outcome.document[0]["predictions"][0]["label"]
    assert 0 < float(a["probability"]) <= 1 and a["error"] == ""
    assert c["label"] == "" and "c.png" in c["error"]


def test_a_csv_file_that_is_there_is_left_alone(refused, run_dir, digit_png, in_tmp):
    (in_tmp / "out.csv").write_text("mine")
    message = refused("predict", run_dir, digit_png, "--csv", "out.csv")
    assert "out.csv exists already" in message
