"""Texts, pairs, transcripts and voices are exported: the file says what the model says."""

import numpy as np
import pytest
import soundfile

from recipes.export.export import FORMATS, export
from recipes.export.runtimes import open_exported
from recipes.runs.run import load_run
from recipes.training.finetune import finetune
from recipes.training.train import train
from tests.unit.pretrained.made_texts import NAME, made_weights
from zoo.weight_conversion import added

for package in ("tf2onnx", "onnxruntime", "ai_edge_litert"):
    pytest.importorskip(package, reason='pip install ".[export]"')

FAST = ("onnx",)
EACH = [f if f in FAST else pytest.param(f, marks=pytest.mark.slow) for f in FORMATS]
RATE = 8_000


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """The name of tiny weights of a text encoder that are in the cache."""
    added(NAME, made_weights(tmp_path, monkeypatch))
    return NAME


def table(folder, header, rows):
    path = folder / "data.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def checked(run, folder, format):
    """Export; check that nearly nothing differs on the run's own test split."""
    facts = export(run, format=format, output=folder / format, examples=6)
    parity = facts["parity"]
    assert parity["equal"] == parity["of"] >= parity["examples"] > 0
    assert parity["max_difference"] < 1e-4
    return facts, open_exported(folder / format / facts["file"], format)


@pytest.mark.parametrize("format", EACH)
def test_published_weights_without_a_head_give_vectors(weights, tmp_path, format):
    run = load_run(weights)
    facts, file = checked(run, tmp_path, format)
    assert facts["parity"]["word"] == "vectors"
    assert list(facts["outputs"]) == ["vector"]
    page = (tmp_path / format / "README.md").read_text()
    assert "what a head would take" in page and "logit" not in page
    ids = run.assets.x["ids"].encode("a good film !")[""][None]
    np.testing.assert_allclose(
        file({"ids": ids})["vector"], run.embed(["a good film !"]), atol=1e-5
    )


@pytest.mark.parametrize("format", EACH)
@pytest.mark.parametrize(
    "paired",
    [pytest.param(False, marks=pytest.mark.slow, id="texts"), pytest.param(True, id="pairs")],
)
def test_a_fine_tuned_encoder_is_exported(weights, tmp_path, format, paired):
    words = ("good", "bad")
    rows = [f"a {words[i % 2]} film{'!' * (i // 2 + 1)},{words[i % 2]}" for i in range(20)]
    header = "text,label"
    if paired:
        rows, header = [f"a good film,{row}" for row in rows], "text,pair,label"
    data = table(tmp_path, header, rows)
    run = finetune(weights, data, epochs=0, run_dir=tmp_path / "run", progress=False)
    facts, _ = checked(run, tmp_path, format)
    names = ["ids", "pair_ids"] if paired else ["ids"]
    assert sorted(facts["inputs"]) == names
    page = (tmp_path / format / "README.md").read_text()
    assert page.count("the tokenizer.") == 1 and "the tokenizer, the tokenizer" not in page
    assert facts["parity"]["source"].startswith("test split")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """A table of recordings with transcripts and speakers."""
    folder, generator = tmp_path_factory.mktemp("recordings"), np.random.default_rng(0)
    rows = []
    for i in range(32):
        sound = generator.normal(0, 0.1, int(RATE * (0.4 + 0.02 * i)))
        soundfile.write(folder / f"{i}.wav", sound, RATE)
        rows.append(f"{i}.wav,{('go', 'no')[i % 2]},person {i % 8}")
    return table(folder, "file,text,person", rows)


NETWORKS = {
    "speech_recognition": {
        "task.arguments": {"max_seconds": 2.0, "num_mels": 20, "lm_order": 0},
        "model.name": "deep_speech2_small",
        "model.arguments": {"num_filters": 2, "kernel_size": 3, "hidden_dim": 4, "num_layers": 1},
        "data.arguments": {"file_column": "file", "text_column": "text", "label_column": ""},
    },
    "speaker_verification": {
        "task.arguments": {"clip_seconds": 0.4, "num_mels": 24},
        "model.name": "x_vector",
        "model.arguments": {"widths": [8, 12], "kernel_sizes": [5, 3], "dilations": [1, 2],
                            "embedding_dim": 6},
        "data.arguments": {"file_column": "file", "group_column": "person",
                           "label_column": ""},
        "data.validation_fraction": 0.3,
    },
}  # fmt: skip
RECIPES = {
    "speech_recognition": "speech/an4-deep-speech2",
    "speaker_verification": "speech/an4_speakers-xvector",
}


@pytest.fixture(
    scope="module",
    params=[pytest.param("speech_recognition", marks=pytest.mark.slow), "speaker_verification"],
)
def speech_run(request, recordings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / request.param
    values = NETWORKS[request.param] | {"data.name": str(recordings)}
    return train(RECIPES[request.param], run_dir=folder, smoke=True, progress=False, **values)


@pytest.mark.parametrize("format", EACH)
def test_transcripts_and_voices_are_exported(speech_run, tmp_path, format):
    facts, file = checked(speech_run, tmp_path, format)
    x = np.random.default_rng(1).normal(0, 0.1, (2, int(0.4 * RATE))).astype("float32")
    if speech_run.task.name == "speaker_verification":
        assert facts["parity"]["word"] == "vectors"
        assert facts["parity"]["of"] == facts["parity"]["examples"]
        assert file({"audio": x})["vector"].shape == (2, 6)
        return
    assert facts["parity"]["of"] > facts["parity"]["examples"]  # each frame counts
    expected = np.asarray(speech_run.model.predict_on_batch({"audio": x})["logits"])
    np.testing.assert_allclose(file({"audio": x})["logits"], expected, atol=1e-3)


def test_a_vector_that_differs_is_counted(weights, tmp_path):
    from recipes.export.export import _agreeing

    one = {"vector": np.eye(3), "logits": np.eye(3)}
    other = {"vector": np.eye(3) * [1, 1, 1.1], "logits": np.eye(3)}
    assert _agreeing(one, other, word="vectors").tolist() == [True, True, False]
    assert _agreeing(one, other, word="labels").all()
