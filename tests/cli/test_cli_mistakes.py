"""Every mistake ends in one screen that says what was given, what would be right, and the fix."""

import json
import shutil

import numpy as np
import pytest
from shell import DIGITS

from zoo.weights import read_tensors, write_tensors


@pytest.mark.parametrize(
    ("arguments", "given", "nearest"),
    [
        (("train", DIGITS, "optimizer.learning_rte=0.1"), "learning_rte", "optimizer.learning_rate"),
        (("train", DIGITS, "regularization.dropuot_rate=0.1"), "dropuot", "regularization.dropout_rate"),
        (("train", DIGITS, "regularization.preset=lite"), "lite", "light"),
        (("train", DIGITS, "regularization.preset=automatic"), "automatic", "auto"),
        (("train", DIGITS, "optimizer.name=adamm"), "adamm", "adam"),
        (("train", DIGITS, "model.name=resnet21"), "resnet21", "resnet20"),
        (("train", DIGITS, "model.arguments.width=[4]"), "width", "widths"),
        (("train", DIGITS, "task.name=image_clasification"), "clasification", "image_classification"),
        (("train", DIGITS, "regularization.dropout_rate=2"), "dropout_rate=2", "0 <= value < 1"),
        (("train", DIGITS, "training.epochs=-1"), "training.epochs", "greater than or equal to 0"),
        (("train", DIGITS, f"training.epochs={10**20}"), "training.epochs", "1000000"),
        (("train", DIGITS, f"training.batch_size={10**20}"), "batch_size", "1000000"),
        (("train", DIGITS, "training.batch_size=1000000"), "batch_size", "training.batch_size=122"),
        (("train", DIGITS, f"training.steps_per_epoch={10**20}"), "steps_per_epoch", "1000000000"),
        (("train", DIGITS, "model.arguments.widths=[3200000000]"), "3 x 3 x 1 x 32", "115.2 GB"),
        (("train", DIGITS, "model.name=resnet20"), "belong to cnn_small", "'model.arguments={}'"),
        (("train", DIGITS, "model.name=textcnn"), "textcnn does not support", "text_classification"),
        (("train", "text/pydoc-gpt", "optimizer.name=sgd"), "to muon", "'optimizer.arguments={}'"),
        (("train", DIGITS, "training=3"), "training=3", "a section"),
        (("train", DIGITS, "more"), "'more'", "key=value"),
        (("train", "image/digit-cnn"), "image/digit-cnn", "image/digits-cnn"),
        (("train", DIGITS, "data.name=digitz"), "digitz", "digits"),
        (("train", DIGITS, "data.name=./nowhere"), "nowhere", "PATH/CLASS"),
        (("train", DIGITS, "--device", "tpu"), "'tpu'", "cpu or gpu"),
        (("train", "nowhere.yaml"), "nowhere.yaml", DIGITS),
        (("verify", "image/digit-cnn"), "image/digit-cnn", DIGITS),
        (("recipes", "show", "digits-cnn"), "digits-cnn", DIGITS),
        (("recipes", "copy", "digits-cnn"), "digits-cnn", DIGITS),
        (("info", "resnet2"), "resnet2", "resnet20"),
        (("list", "resnte20"), "resnte20", "resnet20"),
        (("info", "resnet20.fashion"), "resnet20.fashion", "resnet20.fashion_mnist"),
        (("info", DIGITS), DIGITS, f"zoo recipes show {DIGITS}"),
        (("info", "digits"), "'digits'", "zoo data digits"),
        (("list", "--family", "resnets"), "resnets", "resnet"),
        (("list", "--task", "image-classification"), "image-class", "image_classification"),
        (("data", "digitz"), "digitz", "digits"),
        (("data", "./nowhere", "--where"), "nowhere", "check the path"),
        (("data", "--check"), "No dataset", "zoo data"),
        (("evaluate", "image/digit-cnn"), "image/digit-cnn", DIGITS),
        (("predict", "image/digit-cnn", "a.png"), "image/digit-cnn", DIGITS),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_unknown_names_and_values_get_the_nearest(refused, arguments, given, nearest):
    message = refused(*arguments)
    assert given in message
    assert nearest in message


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "cnn_small.digits", ""),
        ("predict", "cnn_small.digits", "a.png", "--csv", ""),
        ("predict", "", "a.png"),
        ("predict", "", "a.png", "--allow-keras-file"),
        ("evaluate", ""),
        ("evaluate", "cnn_small.digits", "--data", ""),
        ("evaluate", "cnn_small.digits", "--data-dir", ""),
        ("finetune", "", "--data", "digits"),
        ("finetune", "cnn_small.digits", "--data", ""),
        ("finetune", "cnn_small.digits", "--data=./photos", "--run-dir="),
        ("generate", "", "--prompt", "a"),
        ("export", ""),
        ("export", "cnn_small.digits", "--output", ""),
        ("data", ""),
        ("data", "", "--where"),
        ("data", "digits", "--picture", ""),
        ("data", "digits", "--data-dir", ""),
        ("train", ""),
        ("train", "", "--continue"),
        ("train", DIGITS, "data.name=''"),
        ("train", DIGITS, "--run-dir", ""),
        ("tune", DIGITS, "--study", ""),
        ("tune", DIGITS, "--space", ""),
        ("verify", ""),
        ("recipes", "show", ""),
    ],
    ids=" ".join,
)  # fmt: skip
def test_an_empty_word_is_not_taken_for_the_current_folder(refused, photos, digit_png, arguments):
    message = refused(*arguments)
    assert "An empty text is not a path." in message
    assert message.count("expected:") == 1


def test_every_option_that_takes_a_path_is_known():
    import typer.main

    from zoo.cli.main import app
    from zoo.cli.options import PATHS
    from zoo.docs.commands import option_types

    found = {o for o, kind in option_types(typer.main.get_command(app)) if kind == "path"}
    assert found | {"--out"} == set(PATHS)  # which is --output, in short


def test_in_python_as_well_an_empty_text_is_not_a_path(photos):
    import zoo
    from zoo.errors import ArgumentError

    for call in (
        lambda: zoo.predict("cnn_small.digits", [""]),
        lambda: zoo.evaluate("cnn_small.digits", data=""),
        lambda: zoo.load_dataset(""),
        lambda: zoo.load_dataset("digits", data_dir=""),
        lambda: zoo.train(DIGITS, run_dir=""),
        lambda: zoo.tune(DIGITS, space=""),
        lambda: zoo.export("cnn_small.digits", output=""),
        lambda: zoo.build("cnn_small", weights=""),
    ):
        with pytest.raises(ArgumentError, match="An empty text is not a path"):
            call()


def test_a_mistake_in_a_file_names_the_file(refused, zoo, in_tmp):
    zoo("recipes", "copy", DIGITS, "my.yaml")
    text = (in_tmp / "my.yaml").read_text()
    (in_tmp / "my.yaml").write_text(text.replace("\n  epochs:", "\n  epohcs:"))
    message = refused("train", "my.yaml")
    assert "my.yaml" in message
    assert "nearest: training.epochs" in message
    (in_tmp / "my.yaml").write_text(text.replace("widths:", "width:"))
    message = refused("train", "my.yaml")
    assert "my.yaml" in message
    assert "nearest: widths" in message
    (in_tmp / "my.yaml").write_text(text + "more: [\n")
    assert "my.yaml, line" in refused("train", "my.yaml")


def test_a_recipe_without_shipped_weights_says_how_to_get_some(
    refused, run_dir, in_tmp, monkeypatch
):
    from zoo import registry

    monkeypatch.setattr(registry, "weight_cards", dict)
    for command in (("predict", DIGITS, "a.png"), ("evaluate", DIGITS)):
        message = refused(*command)
        assert f"{DIGITS} has no weights" in message
        assert f"zoo train {DIGITS}" in message
    shutil.copytree(run_dir, in_tmp / "runs" / "image-digits-cnn-3")
    assert "runs/image-digits-cnn-3" in refused("evaluate", DIGITS)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("text.png", b"no image at all", "not an image that can be read"),
        ("empty.png", b"", "is empty"),
        ("cut.png", None, "damaged or cut short"),
    ],
)
def test_files_that_are_no_images(refused, run_dir, digit_png, in_tmp, name, content, words):
    (in_tmp / name).write_bytes(digit_png.read_bytes()[:60] if content is None else content)
    message = refused("predict", run_dir, name)
    assert name in message
    assert words in message


def test_a_missing_file_and_an_empty_folder_cannot_be_predicted(refused, run_dir):
    assert "missing.png is not a file" in refused("predict", run_dir, "missing.png")
    assert "holds no files to predict" in refused("predict", run_dir, ".")


def test_folders_that_are_no_data(refused, photos):
    (photos / "bird").mkdir()
    assert "photos/bird; it is empty" in refused("train", DIGITS, "data.name=./photos")
    (photos / "bird" / "notes.txt").write_text("none yet")
    assert "notes.txt" in refused("train", DIGITS, "data.name=./photos")
    shutil.rmtree(photos / "bird")
    shutil.rmtree(photos / "cat")
    assert "only one class: dog" in refused("train", DIGITS, "data.name=./photos")


def test_a_class_that_a_split_lacks(refused, photos, in_tmp):
    shutil.copytree(photos, in_tmp / "split" / "train")
    shutil.copytree(photos / "cat", in_tmp / "split" / "test" / "cat")
    message = refused("train", DIGITS, "data.name=./split")
    assert "split/test lacks the class(es) dog" in message


def test_a_corrupt_image_stops_training_and_names_the_switch(refused, photos):
    (photos / "cat" / "03.png").write_bytes((photos / "cat" / "03.png").read_bytes()[:60])
    message = refused("train", DIGITS, "data.name=./photos")
    assert "cat/03.png is damaged" in message
    assert "--skip-corrupt" in message


def test_run_folders_that_are_taken(refused, run_dir, in_tmp):
    (in_tmp / "file").write_text("mine")
    assert "file is a file" in refused("train", DIGITS, "--run-dir", "file")
    (in_tmp / "full").mkdir()
    (in_tmp / "full" / "mine").write_text("mine")
    assert "full holds other files" in refused("train", DIGITS, "--run-dir", "full")
    shutil.copytree(run_dir, in_tmp / "run")
    assert "--resume" in refused("train", DIGITS, "--run-dir", "run")
    assert "values other than" in refused("train", DIGITS, "--run-dir", "run", "--resume")


@pytest.fixture
def damaged(run_dir, in_tmp):
    """A copy of the trained run, to be damaged."""
    shutil.copytree(run_dir, in_tmp / "run")
    return in_tmp / "run"


def header_of(size):
    """A safetensors file that declares `size` numbers and holds none."""
    entry = {"dtype": "F32", "shape": [size], "data_offsets": [0, 4 * size]}
    text = json.dumps({"backbone/0.kernel": entry}).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda data: data[:200], "a file of 200 bytes"),
        (lambda data: data[:-1], "overlap the end of the file"),
        (lambda data: b"", "0 bytes"),
        (lambda data: header_of(10**12), "0 bytes of 4000000000000"),
        (lambda data: (2**40).to_bytes(8, "little") + data[8:], "claims a header"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "SHA-256"),
    ],
    ids=["cut", "cut by a byte", "empty", "huge tensor", "huge header", "one bit"],
)
def test_damaged_weights(refused, damaged, digit_png, content, words):
    path = damaged / "weights.safetensors"
    path.write_bytes(content(path.read_bytes()))
    for command in (("predict", "run", digit_png), ("evaluate", "run")):
        message = refused(*command)
        assert "run/weights.safetensors" in message
        assert words in message


def test_weights_of_another_training_are_refused(refused, damaged, digit_png):
    tensors, metadata = read_tensors(damaged / "weights.safetensors")
    other = {name: np.zeros_like(tensor) for name, tensor in tensors.items()}
    write_tensors(damaged / "weights.safetensors", other, metadata=metadata)
    assert "SHA-256" in refused("predict", "run", digit_png)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("metrics.json", lambda text: text[:100], "run/metrics.json cannot be read"),
        ("metrics.json", lambda text: "{}", "weights_sha256"),
        ("metrics.json", lambda text: "[1]", "metrics.json"),
        ("assets.json", lambda text: text[:50], "run/assets.json cannot be read"),
        ("assets.json", lambda text: "[]", "assets.json"),
        ("assets.json", lambda text: '{"x": {}}', "assets.json"),
        ("recipe.yaml", lambda text: "nonsense", "run/recipe.yaml holds no recipe"),
        ("recipe.yaml", lambda text: "a: [", "run/recipe.yaml, line"),
        ("recipe.yaml", lambda text: "", "run/recipe.yaml holds no recipe"),
        ("recipe.yaml", lambda text: text.replace("epochs:", "epohcs:"), "training.epochs"),
        ("recipe.yaml", lambda text: text.replace("- 8\n", "- 9\n"), "was edited after"),
        ("recipe.yaml", lambda text: text.replace("cnn_small", "cnn_smal"), "cnn_small"),
    ],
)
def test_run_files_that_were_cut_or_edited(refused, damaged, digit_png, name, content, words):
    path = damaged / name
    path.write_text(content(path.read_text()))
    assert words in refused("predict", "run", digit_png)


@pytest.mark.parametrize("name", ["recipe.yaml", "assets.json", "weights.safetensors"])
def test_a_run_that_lacks_a_file(refused, damaged, digit_png, name):
    (damaged / name).unlink()
    assert f"run lacks {name}" in refused("predict", "run", digit_png)


def test_a_run_that_never_finished(refused, damaged, digit_png, in_tmp):
    (damaged / "metrics.json").unlink()
    message = refused("predict", "run", digit_png)
    assert "unfinished" in message
    assert "zoo train run/recipe.yaml --run-dir run --resume" in message
    (in_tmp / "nothing").mkdir()
    assert "holds no run" in refused("evaluate", "nothing")


@pytest.fixture
def keras_file(in_tmp):
    """A .keras classifier of 8 x 8 gray pixels whose answer is always the label 2."""
    import keras

    bias = keras.initializers.Constant([0.0, 0.0, 5.0])
    layers = [
        keras.Input((8, 8, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(3, kernel_initializer="zeros", bias_initializer=bias),
    ]
    keras.Sequential(layers).save(in_tmp / "mine.keras")
    return in_tmp / "mine.keras"


def test_a_keras_file_needs_the_flag(refused, zoo, keras_file, digit_png):
    message = refused("predict", "mine.keras", digit_png)
    assert "can run code" in message
    assert "--allow-keras-file" in message
    assert "can run code" in refused("evaluate", "mine.keras")
    outcome = zoo("predict", "mine.keras", digit_png, "--allow-keras-file", "--json")
    (result,) = outcome.document
    assert result["predictions"][0]["label"] == "2"
    assert sum(item["probability"] for item in result["predictions"]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "text"])
def test_a_damaged_keras_file_is_an_error(refused, keras_file, digit_png, damage):
    data = bytearray(keras_file.read_bytes())
    middle = data.index(b"model.weights.h5") + 600  # inside the weights: a checksum breaks
    data[middle] ^= 0xFF
    keras_file.write_bytes(
        {"cut": data[:-100], "empty": b"", "flipped": data, "text": b"no archive"}[damage]
    )
    message = refused("predict", "mine.keras", digit_png, "--allow-keras-file")
    assert "mine.keras" in message


def test_the_flag_is_for_keras_image_classifiers_only(refused, run_dir, digit_png, in_tmp):
    import keras

    message = refused("predict", run_dir, digit_png, "--allow-keras-file")
    assert "leave --allow-keras-file out" in message
    layers = [keras.Input((7,)), keras.layers.Dense(2)]
    keras.Sequential(layers).save(in_tmp / "rows.keras")
    message = refused("predict", "rows.keras", digit_png, "--allow-keras-file")
    assert "not an image classifier" in message
