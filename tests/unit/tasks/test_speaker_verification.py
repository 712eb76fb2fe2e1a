"""Voices told apart: two losses, pairs of speakers never trained on, a threshold, what is refused."""

from dataclasses import fields

import keras
import numpy as np
import pytest

from recipes.runs.evaluate import intervals, predictions_of
from zoo import registry
from zoo.cards import WeightCard
from zoo.columns import Audio, Group, Identity
from zoo.columns.assets import Assets
from zoo.composition import assemble, build
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded, training_stream
from zoo.data.sampling import GroupSampling
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.layers.log_mel import LogMel
from zoo.task_model import TaskModel
from zoo.tasks.speaker_loss import LOSSES
from zoo.tasks.speaker_verification import SpeakerVerification
from zoo.testing import check_metrics, check_mode
from zoo.weights import save_model_weights

RATE = 4_000
FEATURES = {"audio": Audio(RATE), "group": Group(plural="speakers")}
FRONT = {"clip_seconds": 0.5, "num_mels": 20, "normalization": "clip"}


def recordings(names, clips, seed):
    """A tone of its own for each speaker below a louder one of any height, 0.3 to 0.9 s."""
    generator = np.random.default_rng(seed)
    audio, group = [], []
    for name in names:
        for _ in range(clips):
            time = np.arange(int(generator.integers(1_200, 3_600))) / RATE
            own = np.sin(2 * np.pi * (200 + 90 * int(name)) * time + generator.uniform(0, 6))
            word = np.sin(2 * np.pi * generator.uniform(1_000, 1_900) * time)
            noise = generator.normal(0, 0.05, len(time))
            audio.append((0.2 * own + 0.6 * word + noise).astype("float32"))
            group.append(name)
    return Split({"audio": audio, "group": group})


TRAIN, TEST = recordings("02468", 8, 1), recordings("1357", 6, 2)


def made(task=None, **arguments):
    task = task or SpeakerVerification(**FRONT, **arguments)
    assets = task.fit(TRAIN, features=FEATURES, classes=())
    keras.utils.set_random_seed(1)
    front = LogMel(**assets.x["audio"].front)
    mel = keras.Input((front.num_frames(2_000), 20), name="mel")
    x = keras.layers.Conv1D(16, 3, activation="relu", name="conv")(mel)
    x = keras.layers.Dense(16, name="pooled")(keras.layers.GlobalMaxPooling1D(name="pool")(x))
    backbone = keras.Model(mel, {"pooled": x}, name="backbone")
    return task, assets, TaskModel(task.build(backbone, assets, {"audio": front}), task=task)


@pytest.mark.parametrize("loss", LOSSES)
def test_training_on_some_voices_tells_others_apart(loss):
    clips = {"clips_per_speaker": 4} if loss == "ge2e" else {}
    task, assets, model = made(loss=loss, **clips)
    test = Encoded(TEST, task, assets)
    predictions, truths = predictions_of(model, task, assets, test, batch_size=32)
    before = task.score(predictions, truths)["eer"]
    model.compile(keras.optimizers.Adam(0.01))
    stream = training_stream(Encoded(TRAIN, task, assets, training=True), batch_size=20, seed=1)
    history = model.fit(stream, epochs=2, steps_per_epoch=20, shuffle=False, verbose=0).history
    assert history["loss"][1] < history["loss"][0] and history["accuracy"][1] > 0.6
    predictions, truths = predictions_of(model, task, assets, test, batch_size=32)
    np.testing.assert_allclose(np.linalg.norm(predictions, axis=1), 1, atol=1e-5)
    assert (np.asarray(truths["speaker"]) == -1).all()  # none was in train
    assert task.score(predictions, truths)["eer"] < min(before / 1.5, 0.25), before
    check_metrics(task, predictions, truths)
    check_mode(task, predictions, np.roll(predictions, 3, axis=0), truths)
    found = intervals(task, predictions, truths, groups=TEST.columns["group"], noun="speakers")
    assert found["eer"]["method"] in ("bootstrap over 4 speakers", "none")

    chosen = task.calibrated(predictions, truths, assets)
    told = chosen.extra["verification"]
    assert -1 <= told["threshold"] <= 1 and told["trials"] == 24 * 23 // 2
    assert told["eer"] == pytest.approx(task.score(predictions, truths)["eer"])
    assert Assets.from_dict(chosen.to_dict()) == chosen


def test_outputs_are_cosines_with_one_direction_a_speaker_or_the_vector_alone():
    _, assets, model = made()
    x = np.random.default_rng(0).normal(0, 0.1, (2, 2_000)).astype("float32")
    found = model({"audio": x})
    assert found["vector"].shape == (2, 16) and found["logits"].shape == (2, 5)
    assert np.abs(np.asarray(found["logits"])).max() <= 1 + 1e-5
    assert list(made(loss="ge2e")[2]({"audio": x})) == ["vector"]
    assert assets.y["speaker"].names == tuple("02468")


def test_training_hears_another_piece_of_a_long_recording_at_each_visit():
    task, assets, _ = made()
    long = {"audio": np.linspace(0, 1, 6_000, dtype="float32"), "group": "0"}
    starts = {float(task.encode(long, assets, seed)[0]["audio"][0]) for seed in range(20)}
    assert len(starts) > 15 and min(starts) < 0.2 and 0.45 < max(starts) <= 4_000 / 5_999 + 1e-6
    again = [task.encode(long, assets, 7)[0]["audio"] for _ in range(2)]
    np.testing.assert_array_equal(*again)
    middle = task.encode(long, assets, None)[0]["audio"]
    np.testing.assert_array_equal(middle, long["audio"][2_000:4_000])
    short = long | {"audio": long["audio"][:800]}
    for seed in (3, None):
        found = task.encode(short, assets, seed)[0]["audio"]
        np.testing.assert_array_equal(found[:1_600], np.tile(short["audio"], 2))
        np.testing.assert_array_equal(found[1_600:], short["audio"][:400])
    with pytest.raises(DataError, match="not a clip"):
        task.encode(long | {"audio": np.zeros(0, "float32")}, assets, 1)


def test_an_identity_is_a_position_in_train_and_a_number_that_any_name_has():
    column = Identity().fit(["ben", "ann", "ben"])
    assert column.names == ("ann", "ben")
    known, other = column.encode("ben"), column.encode("eva")
    assert (known[""], other[""]) == (1, -1)
    assert known["person"] != other["person"] > 0
    assert Identity().encode("eva")["person"] == other["person"]


def test_what_follows_together_is_of_one_group_and_every_pass_repeats():
    groups = np.array(list("aaaaabbbbbbbcccd"))
    sampling = GroupSampling(groups, 3)
    shown = np.zeros(len(groups))
    for number in range(60):
        order = sampling.order(1, number)
        assert len(order) == len(groups)
        shown += np.bincount(order, minlength=len(groups))
        for start in range(0, len(order) - 2, 3):
            assert len(set(groups[order[start : start + 3]])) == 1
    assert shown[-1] == 0  # d has one example
    assert shown[:-1].min() > 0.6 * shown.max()
    again = GroupSampling(groups, 3)
    np.testing.assert_array_equal(again.order(1, 59), sampling.order(1, 59))
    assert not np.array_equal(sampling.order(2, 59), sampling.order(1, 59))
    with pytest.raises(DataError, match="No group has two"):
        GroupSampling(["a", "b"], 2)


@pytest.mark.parametrize(
    "arguments, error, words",
    [
        ({"loss": "ge2"}, UnknownNameError, "ge2e"),
        ({"margin": 1.5}, ArgumentError, "margin=1.5 is out of range"),
        ({"scale": 0}, ArgumentError, "scale=0 is out of range"),
        ({"loss": "ge2e", "margin": 0.2}, ArgumentError, "belongs to the loss aam_softmax"),
        ({"clips_per_speaker": 4}, ArgumentError, "belongs to the loss ge2e"),
        ({"loss": "ge2e", "clips_per_speaker": 1}, ArgumentError, "out of range"),
        ({"clip_seconds": 0}, ArgumentError, "clip_seconds"),
    ],
)
def test_wrong_arguments_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        SpeakerVerification(**arguments)


def test_data_without_speakers_and_splits_without_pairs_are_refused():
    task, assets, _ = made()
    with pytest.raises(DataError, match="needs the speaker of each recording"):
        task.fit(TRAIN, features={"audio": Audio(RATE)}, classes=("a", "b"))
    for names in ("1", "1357"):
        with pytest.raises(DataError, match="no pairs of one and of two"):
            task.units(recordings(names, 1 if len(names) > 1 else 6, 0), assets, training=False)


def test_a_weight_without_its_head_gives_the_vector_alone(tmp_path, monkeypatch):
    sizes = {"widths": [8, 12], "kernel_sizes": [5, 3], "dilations": [1, 2], "embedding_dim": 6}
    task = SpeakerVerification(**FRONT)
    assets = task.fit(TRAIN, features=FEATURES, classes=())
    model = assemble(registry.model_card("x_vector"), task, assets, arguments=sizes)
    assert sorted(model.output) == ["logits", "vector"]
    sha256 = save_model_weights(tmp_path / "voices.safetensors", model)
    recipe = {"task": {"name": task.name}, "model": {"name": "x_vector", "arguments": sizes}}
    card = dict.fromkeys(field.name for field in fields(WeightCard))
    card |= {"name": "x_vector.toy", "model": "x_vector", "resolved_recipe": recipe}
    card |= {"file": str(tmp_path / "voices.safetensors"), "sha256": sha256}
    card |= {"assets": assets.to_dict(), "preprocessing": {}}
    monkeypatch.setattr(registry, "weight_cards", lambda: {"x_vector.toy": WeightCard(**card)})
    headless = build("x_vector.toy", num_classes=0)
    assert list(headless.output) == ["vector"]
    assert not [layer for layer in headless.layers if layer.name == "head_cosines"]
    x = np.random.default_rng(0).normal(0, 0.1, (2, 2_000)).astype("float32")
    found, expected = (np.asarray(one({"audio": x})["vector"]) for one in (headless, model))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert sorted(build("x_vector.toy").output) == ["logits", "vector"]
