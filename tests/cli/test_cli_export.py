"""`zoo export` writes a folder that another runtime takes, and says how it compares."""

import json

import pytest

for package in ("tf2onnx", "onnxruntime"):
    pytest.importorskip(package, reason='pip install ".[export]"')


def test_an_export_is_a_folder_with_model_labels_and_page(zoo, run_dir, in_tmp):
    outcome = zoo("export", run_dir, "--format", "onnx", "--output", "mine", "--json")
    assert outcome.code == 0, outcome.err
    result = outcome.document
    assert sorted(path.name for path in (in_tmp / "mine").iterdir()) == [
        "README.md",
        "assets.json",
        "model.onnx",
    ]
    assert result["path"] == "mine"
    assert result["parity"]["equal"] == result["parity"]["of"] == result["parity"]["examples"]
    assert json.loads((in_tmp / "mine" / "assets.json").read_text())["file"] == result["file"]
    assert [path.name for path in in_tmp.iterdir()] == ["mine"]


def test_the_table_says_names_parity_and_where_it_lies(zoo, run_dir, in_tmp):
    outcome = zoo("export", run_dir, "--examples", 5)
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    folder = f"{run_dir.name}-saved_model"
    assert (in_tmp / folder / "saved_model" / "saved_model.pb").is_file()
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["in", "image", "?", "×", "8", "×", "8", "×", "1", "float32"] in rows
    assert ["out", "logits", "?", "×", "10", "float32"] in rows
    assert ["usage", f"{folder}/README.md"] in rows
    assert "5 of 5 labels are equal" in outcome.out


def test_labels_that_differ_end_in_exit_code_1(zoo, run_dir, in_tmp, monkeypatch):
    import recipes.export.export

    parity = {"source": "x", "examples": 100, "max_difference": 1.0, "equal": 98, "of": 100}
    monkeypatch.setattr(recipes.export.export, "_compare", lambda *_: parity)
    outcome = zoo("export", run_dir)
    assert outcome.code == 1
    assert "98 of 100 labels are equal" in outcome.out


def test_a_check_can_be_left_out(zoo, run_dir, in_tmp):
    outcome = zoo("export", run_dir, "--no-check", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.document["parity"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "tflite"), "nearest: litert"),
        (("--format", "onnx", "--output", "mine.onnx"), "--output mine"),
        (("--output", "taken"), "exists already"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(refused, run_dir, in_tmp, arguments, words):
    (in_tmp / "taken").mkdir()
    assert words in refused("export", run_dir, *arguments)


def test_a_missing_package_is_told_with_the_extra(refused, run_dir, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *_: None if name == "tf2onnx" else find(name)
    )
    message = refused("export", run_dir, "--format", "onnx")
    assert "tf2onnx, which is not installed" in message
    assert "pip install " in message
    assert "[export]" in message
