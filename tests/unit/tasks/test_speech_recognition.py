"""Speech recognition: padding changes nothing, the methods fit together, and what is refused."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes.runs.inputs import Item, encoded
from zoo import registry
from zoo.columns import Audio, Text
from zoo.columns.assets import Assets
from zoo.composition import assemble
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.decoding.word_scores import Recognized
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.regularization import Regularization
from zoo.task_model import TaskModel
from zoo.tasks.speech_recognition import SpeechRecognition
from zoo.tasks.transcript_checks import TOKENIZERS
from zoo.testing import check_metrics, check_mode, check_task

RATE = 8000
FEATURES = {"audio": Audio(RATE), "text": Text()}
TEXTS = ["Go!", "NO", "go on", "no, go"]
TINY = {"num_filters": 2, "kernel_size": 3, "hidden_dim": 4, "num_layers": 1}


def noise(seconds, seed=0):
    wave = np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE))
    return wave.astype("float32")


def split(texts=TEXTS, seconds=(0.3, 0.4, 0.35, 0.5)):
    waves = [noise(one, seed=i) for i, one in enumerate(seconds)]
    return Split(
        {"audio": waves, "text": list(texts)}, names=[f"{i}.wav" for i in range(len(texts))]
    )


def fitted(regularization=None, **arguments):
    arguments = {"max_seconds": 2.0, "num_mels": 20, "lm_order": 2, "beam_width": 4, **arguments}
    if regularization:
        arguments["regularization"] = regularization
    task = SpeechRecognition(**arguments)
    return task, task.fit(split(), features=FEATURES, classes=())


def model_for(task, assets):
    keras.utils.set_random_seed(1)
    card = registry.model_card("deep_speech2_small")
    model = TaskModel(assemble(card, task, assets, arguments=TINY), task=task)
    model.compile(run_eagerly=True)  # tracing takes longer than these few steps
    return model


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_the_methods_fit_together(tokenizer):
    task, assets = fitted(tokenizer=tokenizer, vocabulary_size=12)
    assert assets.y["text"].loaded.kind == tokenizer
    model = model_for(task, assets)
    check_task(task, assets, model, {"audio": noise(0.5), "text": "Go on."})
    again = Assets.from_dict(json.loads(json.dumps(assets.to_dict())))
    assert again.extra == assets.extra
    assert (
        again.y["text"].loaded.encode("go on").tolist()
        == task.encode({"audio": noise(0.5), "text": "Go on."}, assets, None)[1]["text"].tolist()
    )


def test_padding_and_the_rest_of_a_batch_change_neither_loss_nor_transcript():
    task, assets = fitted()
    model = model_for(task, assets)
    encoded = Encoded(split(), task, assets)
    x, y = encoded.batch(np.arange(4))
    longer = {"audio": np.pad(x["audio"], [(0, 0), (0, 3001)])}
    both = [task.decode(model, one, assets) for one in (x, longer)]
    (alone,) = task.decode(model, encoded.batch(np.array([0]))[0], assets)  # the shortest
    for one, again in [*zip(*both, strict=True), (both[0][0], alone)]:
        assert again.greedy == one.greedy
        np.testing.assert_allclose(again.log_probabilities, one.log_probabilities, atol=1e-4)
    losses = [float(task.loss(y, model(one))["loss"]) for one in (x, longer)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_gradients_are_the_same_with_more_padding():
    task, assets = fitted()
    model = model_for(task, assets)
    x, y = Encoded(split(), task, assets).batch(np.arange(4))
    found = []
    for margin in (0, 2500):
        longer = {"audio": np.pad(x["audio"], [(0, 0), (0, margin)])}
        with tf.GradientTape() as tape:
            loss = task.loss(y, model(longer, training=True))["loss"]
        found.append(tape.gradient(loss, model.trainable_variables))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.slow
def test_it_learns_to_tell_two_words_apart():
    time = np.arange(2000) / RATE
    waves = [np.sin(2 * np.pi * hz * time).astype("float32") / 2 for hz in (400, 1600)]
    data = Split({"audio": waves, "text": ["low", "high"]}, names=["a", "b"])
    task = SpeechRecognition(
        max_seconds=1.0, num_mels=20, lm_order=0, tokenizer="word", normalization="clip"
    )
    assets = task.fit(data, features=FEATURES, classes=())
    model = model_for(task, assets)
    x, y = Encoded(data, task, assets).batch(np.arange(2))
    model.compile(keras.optimizers.Adam(0.02))
    for _ in range(60):
        model.train_on_batch(x, y)
    found = task.decode(model, x, assets)
    assert [one.text for one in found] == ["low", "high"]
    assert task.score(found, y) == {"wer": 0, "cer": 0, "greedy_wer": 0}


def test_metrics_compare_texts_and_not_tokens():
    task, none = SpeechRecognition(), np.zeros((0, 3))
    signs = np.zeros((2, 8), "int32")
    for row, text in zip(signs, ("go on", "fünf"), strict=True):
        row[: len(text)] = [*map(ord, text)]
    truths = {"text": np.ones((2, 3), "int32"), "text.signs": signs}
    right = [Recognized("go on", "no", none), Recognized("fünf", "fünf", none)]
    wrong = [Recognized("no", "no", none), Recognized("", "", none)]
    assert task.score(right, truths) == {"wer": 0, "cer": 0, "greedy_wer": pytest.approx(2 / 3)}
    check_metrics(task, wrong, truths)
    check_mode(task, right, wrong, truths)
    assert task.describe(right[0], None) == [{"text": "go on", "greedy": "no"}]


def test_weights_of_the_language_model_are_chosen_on_validation_or_taken_as_given():
    task, assets = fitted()
    model = model_for(task, assets)
    x, y = Encoded(split(), task, assets).batch(np.arange(4))
    chosen = task.calibrated(task.decode(model, x, assets), y, assets)
    assert set(chosen.extra["decoding"]) == {"beam_width", "lm_weight", "word_bonus"}
    task, assets = fitted(lm_weight=0.5, word_bonus=2.0)
    chosen = task.calibrated(task.decode(model, x, assets), y, assets)
    assert chosen.extra["decoding"] == {"beam_width": 4, "lm_weight": 0.5, "word_bonus": 2.0}
    assert "language_model" not in fitted(lm_order=0)[1].extra


@pytest.mark.parametrize("text", ["", "  ", "?!", None])
def test_an_empty_transcript_is_named(text):
    task, _ = fitted()
    with pytest.raises(DataError, match=r"transcript of 2\.wav is empty"):
        task.fit(split(["go", "no", text, "on"]), features=FEATURES, classes=())


def test_a_character_that_train_does_not_have_is_named():
    other = split(["go", "no", "go on", "go für"])
    for tokenizer in ("character", "subword"):
        task, assets = fitted(tokenizer=tokenizer)
        with pytest.raises(DataError, match=r"transcript of 3\.wav has the character 'f'"):
            task.units(other, assets, training=False)
    words, assets = fitted(tokenizer="word")  # an unknown word is a mistake, not a fault
    assert len(words.units(other, assets, training=False)) == 4


def test_a_transcript_that_is_too_long_for_its_recording_is_named():
    task, assets = fitted()
    model_for(task, assets)  # tells the stride
    long = split(["go", "no", "go no go no go no go on", "on"])
    with pytest.raises(
        DataError, match=r"transcript of 2\.wav is too long .* 23 tokens in 0\.35 s"
    ):
        task.units(long, assets, training=True)
    assert len(task.units(long, assets, training=False)) == 4  # it can be scored all the same
    twice = split(["go", "o" * 7, "no", "on"], seconds=(0.5, 0.5, 0.5, 0.5))  # of 12 outputs
    with pytest.raises(DataError, match=r"1\.wav is too long"):
        task.units(twice, assets, training=True)


def test_a_recording_that_is_too_long_is_refused():
    task, assets = fitted()
    with pytest.raises(DataError, match=r"1\.wav lasts 3\.0 s"):
        task.units(split(seconds=(0.5, 3.0, 0.5, 0.5)), assets, training=True)
    with pytest.raises(DataError, match=r"The recording lasts 3\.0 s"):
        task.encode({"audio": noise(3.0)}, assets, None)
    with pytest.raises(
        DataError, match=r"1\.wav: The recording lasts 3\.0 s"
    ):  # where it is scored
        Encoded(split(seconds=(0.5, 3.0, 0.5, 0.5)), task, assets)
    items = [
        Item({"audio": noise(3.0)}, file="long.wav"),
        Item({"audio": noise(0.5)}, file="b.wav"),
    ]

    def encode(item):
        return task.encode(dict(item.values), assets, None)[0]

    with pytest.raises(DataError, match=r"^long\.wav: The recording lasts 3\.0 s"):
        encoded(items, encode, keep_going=False)
    first, second = encoded(items, encode, keep_going=True)
    assert first.error.problem.startswith("long.wav: ") and second.error is None


def test_silence_has_no_words():
    task, assets = fitted()
    model = model_for(task, assets)
    (found,) = task.decode(model, {"audio": np.zeros((1, 16000), "float32")}, assets)
    assert found.text == found.greedy == "" and len(found.log_probabilities) == 0


def test_arguments_out_of_range_are_refused():
    with pytest.raises(UnknownNameError, match="tokenizer"):
        SpeechRecognition(tokenizer="syllable")
    for wrong in ({"max_seconds": 0}, {"beam_width": 0}, {"lm_order": 9}, {"lm_weight": -1.0}):
        with pytest.raises(ArgumentError):
            SpeechRecognition(**wrong)
    with pytest.raises(ArgumentError, match="no language model"):
        SpeechRecognition(lm_order=0, word_bonus=1.0)


def test_clips_of_any_length_change_their_pace_and_stay_padded():
    from zoo.transforms.batches import batch_augmentation

    values = Regularization(speed_change=0.2, noise_probability=1.0, time_shift_ms=100.0)
    _, assets = fitted()
    augment = batch_augmentation(values, assets=assets)
    audio = np.zeros((6, 4000), "float32")
    audio[:, :2000] = 0.5
    changed = np.asarray(augment({"audio": audio}, {}, (0, 7))[0]["audio"])
    assert changed.shape == (6, 5000)
    ends = [np.flatnonzero(clip)[-1] + 1 for clip in changed]
    assert len(set(ends)) == 6 and all(1600 <= end <= 2600 for end in ends)
    assert (np.abs(changed[:, 0]) > 0.05).all()  # it begins where it began
