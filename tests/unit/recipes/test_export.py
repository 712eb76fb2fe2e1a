"""What is exported says what the model says, in its own runtime, by the names that the page gives."""

import importlib.util
import json
import re
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from recipes.export import runtimes, usage
from recipes.export.export import FORMATS, export
from recipes.export.formats import convert
from recipes.export.runtimes import open_exported
from recipes.objects import make_model, make_task
from recipes.runs.run import Run
from recipes.values.load import load_recipe
from zoo.columns import Audio, Label, Spec, Text, Transcript
from zoo.columns.assets import Assets
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, MachineError, RunError, UnknownNameError
from zoo.tokenizers import fit_tokenizer
from zoo.weights import save_model_weights

for package in ("tf2onnx", "onnxruntime", "ai_edge_litert"):
    pytest.importorskip(package, reason='pip install ".[export]"')

TINY = {
    "image/digits-cnn": ("model.arguments.widths=[4,8]",),
    "text/docstrings-textcnn": (
        "model.arguments={embedding_dim: 8, num_filters: 4}",
        "task.arguments.vocabulary_size=300",
    ),
    "text/pydoc-gpt": ("model.arguments={num_layers: 1, hidden_dim: 16, num_heads: 2}",),
    "speech/vowels-dscnn": (),
}


def run_of(folder, name="image/digits-cnn", *overrides):
    """A run whose model was never trained: random weights tell examples apart as well."""
    recipe = load_recipe(name, *TINY[name], *overrides)
    task, dataset = make_task(recipe), load_dataset(recipe.data.name)
    assets = task.fit(dataset.splits["train"], features=dataset.features, classes=dataset.classes)
    sha256 = save_model_weights(folder / "weights", make_model(recipe, task, assets))
    return Run(
        name="untrained",
        recipe=recipe,
        assets=assets,
        metrics={},
        weights_path=folder / "weights",
        sha256=sha256,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return run_of(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module", params=FORMATS)
def exported(request, run, tmp_path_factory):
    """One export in each format: what it says of itself, and its folder."""
    folder = tmp_path_factory.mktemp("exports") / request.param
    return export(run, format=request.param, output=folder, examples=40), folder


def test_every_label_of_the_test_split_is_the_model_s(exported):
    facts, _ = exported
    parity = facts["parity"]
    assert parity["source"] == "test split of digits"
    assert (parity["equal"], parity["of"], parity["examples"]) == (40, 40, 40)
    assert parity["max_difference"] < 1e-5


def test_names_shapes_and_types_are_the_plain_ones(exported):
    facts, folder = exported
    assert facts["inputs"] == {"image": {"shape": [None, 8, 8, 1], "dtype": "float32"}}
    assert facts["outputs"] == {"logits": {"shape": [None, 10], "dtype": "float32"}}
    again = open_exported(folder / facts["file"], facts["format"])
    assert (again.inputs, again.outputs) == (facts["inputs"], facts["outputs"])


@pytest.mark.parametrize("count", [1, 3, 17])
def test_batches_of_any_size_are_taken_with_pixels_as_they_are(exported, run, count):
    facts, folder = exported
    images = np.random.default_rng(count).integers(0, 256, (count, 8, 8, 1), dtype="uint8")
    found = open_exported(folder / facts["file"], facts["format"])({"image": images})["logits"]
    expected = run.model.predict_on_batch({"image": images})["logits"]
    np.testing.assert_allclose(found, np.asarray(expected), atol=1e-5)


def test_the_assets_beside_it_hold_labels_sizes_and_whence_it_came(exported, run):
    facts, folder = exported
    assets = json.loads((folder / "assets.json").read_text())
    assert assets["classes"] == list("0123456789")
    assert Assets.from_dict(assets) == run.assets
    assert assets["weights_sha256"] == run.sha256
    assert assets["parity"] == facts["parity"]
    assert assets["inputs"] == facts["inputs"]


def lines_of(folder, monkeypatch, capsys, **files):
    """What the lines of a page print, with files of the test's own in place of those it names."""
    (code,) = re.findall(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.DOTALL)
    for name, path in files.items():
        code, old = code.replace(f"{name}{path.suffix}", str(path)), code
        assert code != old
    monkeypatch.chdir(folder)
    capsys.readouterr()
    exec(code, {})
    return capsys.readouterr().out.strip()


def test_the_lines_of_the_page_give_the_model_s_label(exported, run, tmp_path, monkeypatch, capsys):
    _, folder = exported
    image = load_dataset("digits").splits["test"][3]["image"]
    write_png(tmp_path / "picture.png", image)
    printed = lines_of(folder, monkeypatch, capsys, picture=tmp_path / "picture.png")
    assert printed == run.predict([image])[0]["predictions"][0]["label"]
    assert "40 of 40 labels are equal" in (folder / "README.md").read_text()


def test_a_saved_model_holds_each_weight_once(exported, run):
    facts, folder = exported
    if facts["format"] != "saved_model":
        pytest.skip("the other formats are one file")
    size = sum(4 * np.prod(variable.shape) for variable in run.model.weights)
    data = next(folder.rglob("variables.data*")).stat().st_size
    assert size <= data < 1.5 * size


def test_axes_of_an_onnx_file_have_names(exported):
    facts, folder = exported
    if facts["format"] != "onnx":
        pytest.skip("the other formats name no axes")
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / facts["file"]))
    assert session.get_inputs()[0].shape == ["batch", 8, 8, 1]
    assert session.get_outputs()[0].shape == ["batch", 10]


def test_a_model_of_another_precision_is_exported_in_float32(tmp_path):
    run = run_of(tmp_path, "image/digits-cnn", "training.precision=mixed_bfloat16")
    model = run.float32_model()
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}
    facts = export(run, format="onnx", output=tmp_path / "out", examples=20)
    assert facts["inputs"]["image"]["dtype"] == "float32"
    assert facts["parity"]["max_difference"] < 0.1


def test_without_the_data_seeded_inputs_are_compared(run, tmp_path, monkeypatch):
    from zoo.errors import DataError

    def gone(self, *, data_dir=None):
        raise DataError("It is not here.")

    monkeypatch.setattr(Run, "dataset", gone)
    facts = export(run, output=tmp_path / "out", examples=50)
    assert facts["parity"]["source"] == "seeded random inputs, as the data is not available"
    assert (facts["parity"]["examples"], facts["parity"]["equal"]) == (50, 50)


def test_without_a_check_there_is_no_parity_and_the_page_claims_none(run, tmp_path):
    facts = export(run, output=tmp_path / "out", check=False)
    assert facts["parity"] is None
    assert "labels are equal" not in (tmp_path / "out" / "README.md").read_text()


# --- a temperature


def with_metrics(run, metrics):
    """The same run, of which training stored other metrics."""
    values = {k: getattr(run, k) for k in ("name", "recipe", "assets", "weights_path", "sha256")}
    return Run(**values, metrics=metrics)


@pytest.mark.parametrize("format", FORMATS)
def test_the_softmax_of_a_calibrated_file_gives_calibrated_probabilities(run, tmp_path, format):
    fitted = with_metrics(run, {"temperature": {"value": 2.5}})
    facts = export(fitted, format=format, output=tmp_path / "out", examples=20, calibrated=True)
    assert facts["temperature"] == 2.5
    assert facts["parity"]["equal"] == 20
    assert facts["parity"]["max_difference"] < 1e-5
    images = [load_dataset("digits").splits["test"][i]["image"] for i in range(5)]
    logits = open_exported(tmp_path / "out" / facts["file"], format)({"image": np.stack(images)})
    found = np.asarray(keras.ops.softmax(logits["logits"]))
    for row, told in zip(found, fitted.predict(images, calibrated=True, top=10), strict=True):
        for item in told["predictions"]:
            assert row[int(item["label"])] == pytest.approx(item["probability"], abs=2e-6)
    assert json.loads((tmp_path / "out" / "assets.json").read_text())["temperature"] == 2.5
    page = (tmp_path / "out" / "README.md").read_text()
    assert "divided by the temperature 2.5; the softmax gives calibrated probabilities" in page


def test_a_number_is_a_temperature_too_and_without_one_nothing_is_said(run, tmp_path):
    assert export(run, output=tmp_path / "a", examples=2, calibrated=4)["temperature"] == 4
    assert export(run, output=tmp_path / "b", examples=2)["temperature"] is None
    assert "temperature" not in (tmp_path / "b" / "README.md").read_text()


@pytest.mark.parametrize(
    ("calibrated", "error", "words"),
    [(True, RunError, "has no temperature"), (1000.0, ArgumentError, "out of range")],
)
def test_a_temperature_that_is_not_there_is_refused(run, tmp_path, calibrated, error, words):
    with pytest.raises(error, match=words):
        export(run, output=tmp_path / "out", calibrated=calibrated)
    assert not (tmp_path / "out").exists()


# --- sounds and texts


def test_a_text_goes_in_as_ids_of_the_tokenizer_beside_it(tmp_path, monkeypatch, capsys):
    run = run_of(tmp_path, "text/docstrings-textcnn")
    facts = export(run, format="onnx", output=tmp_path / "out", examples=20)
    assert facts["inputs"] == {"ids": {"shape": [None, None], "dtype": "int32"}}
    assert facts["parity"]["equal"] == facts["parity"]["of"] == 20
    printed = lines_of(tmp_path / "out", monkeypatch, capsys)
    assert printed == run.predict(["What is this?"])[0]["predictions"][0]["label"]


def test_a_language_model_gives_the_next_token_at_each_position(tmp_path, monkeypatch, capsys):
    run = run_of(tmp_path, "text/pydoc-gpt")
    facts = export(run, format="onnx", output=tmp_path / "out", examples=3)
    assert len(facts["outputs"]["logits"]["shape"]) == 3
    assert facts["parity"]["equal"] == facts["parity"]["of"] > 3 * 30
    assert lines_of(tmp_path / "out", monkeypatch, capsys) != ""
    assert "of the next token" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize(  # shorter and longer than the clips of the model
    "seconds", [0.3, pytest.param(0.9, marks=pytest.mark.slow)]
)
def test_a_sound_goes_in_as_a_waveform(tmp_path, monkeypatch, capsys, seconds):
    import soundfile

    run = run_of(tmp_path, "speech/vowels-dscnn")
    facts = export(run, format="onnx", output=tmp_path / "out", examples=20)
    rate = run.assets.x["audio"].sample_rate_hz
    assert facts["inputs"] == {"audio": {"shape": [None, rate // 2], "dtype": "float32"}}
    assert facts["parity"]["equal"] == facts["parity"]["of"] == 20
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, round(seconds * rate)).astype("float32")
    soundfile.write(tmp_path / "clip.wav", sound, rate, subtype="FLOAT")
    printed = lines_of(tmp_path / "out", monkeypatch, capsys, clip=tmp_path / "clip.wav")
    assert printed == run.predict([tmp_path / "clip.wav"])[0]["predictions"][0]["label"]
    assert f"one channel at {rate} Hz" in (tmp_path / "out" / "README.md").read_text()


@pytest.mark.parametrize("tokenizer", ["character", "subword", "word"])
def test_a_transcript_is_written_by_the_lines_of_the_page(tokenizer, capsys):
    texts = ["zero one", "one two one"]
    fitted = fit_tokenizer(tokenizer, texts, vocabulary_size=20)
    assets = Assets(x={"audio": Audio(8000)}, y={"text": Transcript(fitted.to_dict())})
    ids = fitted.encode("two one zero")
    logits = np.eye(fitted.vocabulary_size)[np.stack([ids, ids, 0 * ids], axis=1).ravel()]
    values = {"assets": json.loads(json.dumps(assets.to_dict())), "logits": logits[None], "np": np}
    exec(usage._greedy(SimpleNamespace(assets=assets), "text"), values)
    assert capsys.readouterr().out == "two one zero\n"


# --- networks that formats hold in ways of their own


def of_ids(make, *, tokens=12):
    """A classifier of ids, as text tasks build them, and its assets."""
    ids = keras.Input((None,), dtype="int32", name="ids")
    x = keras.layers.Embedding(50, 8, name="embedding")(ids)
    x = make(x, keras.ops.not_equal(ids, 0))
    logits = keras.layers.Dense(3, name="head_logits")(x)
    assets = Assets(x={"ids": Text(buckets=(tokens,))}, y={"label": Label(("a", "b", "c"))})
    return keras.Model({"ids": ids}, {"logits": logits}), assets


def recurrent(layer):
    def make(x, mask):
        return keras.layers.Bidirectional(layer(4), name="both_ways")(x, mask=mask)

    return make


def attention(x, mask):
    layer = keras.layers.MultiHeadAttention(2, 4, name="attention")
    return keras.layers.GlobalAveragePooling1D()(layer(x, x, attention_mask=mask[:, None, :]))


LSTM, GRU = recurrent(keras.layers.LSTM), recurrent(keras.layers.GRU)


@pytest.mark.parametrize(
    ("make", "format"),
    [
        pytest.param(LSTM, "saved_model", id="lstm-saved_model", marks=pytest.mark.slow),
        pytest.param(LSTM, "onnx", id="lstm-onnx", marks=pytest.mark.slow),
        pytest.param(LSTM, "litert", id="lstm-litert"),
        pytest.param(GRU, "litert", id="gru-litert", marks=pytest.mark.slow),
        pytest.param(attention, "onnx", id="attention-onnx"),
        pytest.param(attention, "litert", id="attention-litert", marks=pytest.mark.slow),
    ],
)
def test_text_of_any_length_is_taken_in_every_format(make, format, tmp_path):
    model, assets = of_ids(make)
    path = tmp_path / {"saved_model": "saved", "onnx": "a.onnx", "litert": "a.tflite"}[format]
    convert(model, path, assets, format=format)
    exported = open_exported(path, format)
    assert exported.inputs["ids"]["shape"] in ([None, None], [1, None])
    generator = np.random.default_rng(0)
    for count, tokens in ((1, 12), (3, 7)):
        ids = generator.integers(1, 50, (count, tokens)).astype("int32")
        ids[0, tokens // 2 :] = 0
        expected = model.predict_on_batch({"ids": ids})["logits"]
        np.testing.assert_allclose(exported({"ids": ids})["logits"], expected, atol=1e-6)


@pytest.mark.parametrize("format", FORMATS)
def test_gelu_is_held_by_every_format(format, tmp_path):
    x = keras.Input((5,), name="image")
    model = keras.Model({"image": x}, {"logits": keras.layers.Activation("gelu", name="gelu")(x)})
    assets = Assets(x={"image": Spec((5,), "float32")}, y={})
    path = tmp_path / {"saved_model": "saved", "onnx": "a.onnx", "litert": "a.tflite"}[format]
    convert(model, path, assets, format=format)
    x = np.linspace(-6, 6, 50, dtype="float32").reshape(10, 5)
    found = open_exported(path, format)({"image": x})["logits"]
    np.testing.assert_allclose(found, keras.activations.gelu(x), atol=2e-6)


@pytest.mark.parametrize("format", ["onnx", "litert"])
def test_what_a_format_cannot_hold_is_refused_with_what_can(format, tmp_path):
    @keras.saving.register_keras_serializable(package="test")
    class Inverse(keras.layers.Layer):
        def call(self, x):
            return keras.ops.erfinv(x / 10)

    x = keras.Input((3,), name="image")
    model = keras.Model({"image": x}, {"logits": Inverse(name="inverse")(x)})
    assets = Assets(x={"image": Spec((3,), "float32")}, y={})
    path = tmp_path / {"onnx": "a.onnx", "litert": "a.tflite"}[format]
    with pytest.raises(ArgumentError, match="cannot hold this model") as caught:
        convert(model, path, assets, format=format)
    assert "Erfinv" in str(caught.value)
    assert "--format saved_model" in str(caught.value)


def test_only_labels_at_text_count_in_a_language_model(run):
    from recipes.export.export import _counted

    x = {"ids": np.array([[5, 6, 0, 0]])}
    assets = Assets(x={"ids": Spec((None,), "int32", padding=0)}, y={})
    assert _counted(x, assets, (1, 4)).tolist() == [[True, True, False, False]]
    assert _counted(x, assets, (1,)).tolist() == [True]


# --- mistakes, and nothing half-written


def test_what_is_there_is_left_alone(run, tmp_path):
    (tmp_path / "out").mkdir()
    with pytest.raises(RunError, match="exists already"):
        export(run, output=tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_file_name_is_no_folder(run, tmp_path):
    with pytest.raises(ArgumentError, match="looks like a file"):
        export(run, format="onnx", output=tmp_path / "mine.onnx")


def test_an_unknown_format_gives_the_nearest(run):
    with pytest.raises(UnknownNameError, match="nearest: litert"):
        export(run, format="tflite")


def test_a_missing_package_names_the_extra(run, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find(name)
    )
    with pytest.raises(MachineError, match=r"\[export\]"):
        export(run, format="onnx", output=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_failure_on_the_way_leaves_nothing(run, tmp_path, monkeypatch):
    def fail(path, format):
        raise ValueError("the runtime says no")

    monkeypatch.setattr(runtimes, "open_exported", fail)
    with pytest.raises(ValueError, match="says no"):
        export(run, output=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MachineError, match="cannot be written"):
        export(run, output=tmp_path / "file" / "out")
