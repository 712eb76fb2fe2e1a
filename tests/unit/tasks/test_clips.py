"""Tasks on clips: lengths, rates, features, and what is refused."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Audio, Image, Label
from zoo.columns.assets import Assets
from zoo.columns.audio import fit_clip
from zoo.data.dataset import Split
from zoo.errors import ArgumentError, DataError
from zoo.layers.log_mel import LogMel
from zoo.models.speech.ds_cnn import ds_cnn
from zoo.regularization import Regularization
from zoo.tasks.keyword_spotting import KeywordSpotting
from zoo.tasks.speaker_identification import SpeakerIdentification

RATE = 8_000
FEATURES = {"audio": Audio(RATE), "label": Label()}
both = pytest.mark.parametrize("task_class", [KeywordSpotting, SpeakerIdentification])


def tone(hz=440.0, seconds=0.5, rate=RATE):
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype("float32")


def split():
    return Split({"audio": [tone(300), tone(500, 0.7)], "label": np.array([0, 1])})


def fitted(task):
    return task.fit(split(), features=FEATURES, classes=("low", "high"))


@both
def test_assets_declare_the_clip_and_the_features(task_class):
    task = task_class(clip_seconds=0.6, window_ms=32.0, hop_ms=16.0, num_mels=20)
    assets = fitted(task)
    assert assets.x["audio"].shape == (4_800,) and assets.specs()[0]["audio"].dtype == "float32"
    assert assets.classes == ("low", "high")
    front = LogMel(**assets.x["audio"].front)
    assert front.compute_output_shape((None, 4_800)) == (None, 36, 20)
    assert Assets.from_dict(assets.to_dict()) == assets


@settings(max_examples=25, deadline=None)
@given(size=st.integers(1, 50), samples=st.integers(1, 50))
def test_a_clip_keeps_its_middle_or_lies_in_the_middle(size, samples):
    audio = np.arange(1, size + 1, dtype="float32")
    fit = fit_clip(audio, samples)
    assert fit.shape == (samples,)
    heard = fit[fit != 0]
    np.testing.assert_array_equal(heard, audio[(size - heard.size) // 2 :][: heard.size])
    assert heard.size == min(size, samples)
    silent = np.flatnonzero(fit) if heard.size else np.array([0])
    assert abs(silent[0] - (samples - 1 - silent[-1])) <= 1


def test_encoding_gives_what_the_assets_declare():
    task = KeywordSpotting(clip_seconds=1.0)
    assets = fitted(task)
    x, y = task.encode({"audio": tone(seconds=0.5), "label": 1}, assets, None)
    assert x["audio"].shape == (8_000,) and x["audio"].dtype == np.float32 and y["label"] == 1
    np.testing.assert_array_equal(x["audio"][2_000:6_000], tone(seconds=0.5))
    assert not x["audio"][:2_000].any() and not x["audio"][6_000:].any()
    assert task.encode({"audio": tone()}, assets, None)[1] == {}


@pytest.mark.parametrize("rate", [4_000, 16_000])
def test_clips_are_brought_to_the_rate_of_the_model(rate):
    task = KeywordSpotting(sample_rate_hz=rate, clip_seconds=0.5)
    assets = fitted(task)
    assert assets.x["audio"].shape == (rate // 2,)
    assert assets.x["audio"].sample_rate_hz == rate
    units = task.units(split(), assets, training=True)
    assert len(units) == 2 and units.labels.tolist() == [0, 1]
    audio = units[0]["audio"]
    assert audio.shape == (rate // 2,) and audio.dtype == np.float32
    np.testing.assert_allclose(audio[200:-200], tone(300, rate=rate)[200:-200], atol=5e-3)
    # What was decoded from files is decoded before.
    stored = Split({"audio": [tone(300) * 2], "label": [0]}, decode={"audio": lambda a: a / 2})
    np.testing.assert_allclose(
        task.units(stored, assets, training=False)[0]["audio"], audio, atol=1e-6
    )


def test_clips_at_the_model_s_rate_are_left_alone():
    task = KeywordSpotting()
    examples = split()
    assert task.units(examples, fitted(task), training=True) is examples


@pytest.mark.parametrize(
    "audio",
    [
        np.zeros((2, 100), "float32"),
        np.zeros(0, "float32"),
        np.zeros(100, "int16"),
        np.full(100, np.nan, "float32"),
        "clip.wav",
    ],
)
def test_what_is_no_clip_is_refused(audio):
    task = KeywordSpotting()
    with pytest.raises(DataError, match=r"finite floats of shape \(samples,\)"):
        task.encode({"audio": audio}, fitted(task), None)


def test_data_without_sound_are_refused():
    with pytest.raises(DataError, match=r"takes sounds; the data holds image \(images\), label"):
        KeywordSpotting().fit(
            split(), features={"image": Image(), "label": Label()}, classes=("a",)
        )


@pytest.mark.parametrize(
    "wrong, says",
    [
        (dict(sample_rate_hz=16), "sample_rate_hz=16"),
        (dict(sample_rate_hz=16e3), "sample_rate_hz=16000.0"),
        (dict(sample_rate_hz=True), "sample_rate_hz=True"),
        (dict(clip_seconds=0), "clip_seconds=0"),
        (dict(clip_seconds=61), "at most 60 seconds"),
        (dict(clip_seconds="1"), "clip_seconds='1'"),
        (dict(clip_seconds=float("nan")), "clip_seconds=nan"),
        (dict(window_ms="25"), "window_ms is '25'"),
        (dict(num_mels=500), "would hold no frequency"),
        (dict(normalization="mean"), "one of none, clip, utterance"),
        (dict(high_hz=9_000.0), "half the sample rate"),
        (dict(clip_seconds=0.01), "too short for a window"),
    ],
)
@both
def test_a_setting_that_makes_no_sense_is_named_before_training(task_class, wrong, says):
    with pytest.raises(ArgumentError) as caught:
        fitted(task_class(**wrong))
    assert says in str(caught.value) and "to fix:" in str(caught.value)


@both
def test_the_model_goes_from_waveforms_to_logits(task_class):
    task = task_class(
        clip_seconds=0.3, hop_ms=20.0, num_mels=10, regularization=Regularization(dropout_rate=0.2)
    )
    assets = fitted(task)
    front = LogMel(**assets.x["audio"].front)
    model = task.build(ds_cnn(input_shape=(14, 10)), assets, {"audio": front})
    assert model.input_shape == (None, 2_400) and model.output_shape == (None, 2)
    assert [layer.name for layer in model.layers][-2:] == ["head_dropout", "head_logits"]


@both
def test_probabilities_scores_and_descriptions(task_class):
    task = task_class()
    assets = fitted(task)
    audio = keras.Input((4,))
    model = keras.Model(audio, {"logits": keras.layers.Dense(2, use_bias=False)(audio)})
    model.set_weights([np.array([[1.0, 0.0], [0.0, 1.0], [0, 0], [0, 0]])])
    x = {"audio": np.array([[2.0, 0, 0, 0], [0, 3.0, 0, 0]], "float32")}
    got = task.decode(model, x["audio"], assets)
    np.testing.assert_allclose(got.sum(axis=1), 1)
    assert got[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))
    scores = task.score(got, {"label": np.array([0, 0])})
    assert scores["accuracy"] == 0.5 and {"macro_f1", "loss", "ece"} < set(scores)
    assert task.describe(got[1], assets)[0]["label"] == "high"
    assert task.metric in scores and task.mode == "max"


def test_label_smoothing_acts_in_the_loss():
    y, logits = (
        {"label": np.array([0, 1])},
        {"logits": np.array([[4.0, 0.0], [0.0, 4.0]], "float32")},
    )
    plain = float(KeywordSpotting().loss(y, logits)["loss"])
    smoothing = KeywordSpotting(regularization=Regularization(label_smoothing=0.2))
    assert float(smoothing.loss(y, logits)["loss"]) == pytest.approx(plain + 0.1 * 4, rel=1e-4)
