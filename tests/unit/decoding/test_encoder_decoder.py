"""Writing with kept keys and values: the same as running the whole model again for each token."""

import keras
import numpy as np
import pytest

from zoo import registry
from zoo.decoding.encoder_decoder import Writer, greedy
from zoo.testing import tiny_model

WORDS = 11


@pytest.fixture(scope="module")
def model():
    """A tiny Whisper whose numbers are large enough for each token to matter."""
    made = tiny_model("whisper_tiny", num_classes=WORDS)
    generator = np.random.default_rng(3)
    for variable in made.trainable_variables:
        if len(variable.shape) > 1:
            spread = (2 / variable.shape[-2]) ** 0.5
            variable.assign(generator.normal(0, spread, variable.shape))
    return made


def sounds(count):
    return np.random.default_rng(0).uniform(-1, 1, (count, 3_200)).astype("float32")


def uncached(model, audio, ids, *, length):
    """Run the whole model on all tokens for each new one."""
    ids = np.asarray(ids, "int32")
    while ids.shape[1] < length + 1:
        logits = np.asarray(model({"audio": audio, "ids": ids[:, :length]}, training=False))
        ids = np.concatenate([ids, logits[:, -1:].argmax(-1).astype("int32")], axis=1)
    return ids


def test_logits_are_those_of_the_whole_model(model):
    audio, ids = sounds(2), np.random.default_rng(1).integers(0, WORDS, (2, 8)).astype("int32")
    expected = np.asarray(model({"audio": audio, "ids": ids}, training=False))
    writer = Writer(model, length=8)
    writing = writer.begin(audio)
    parts = [writer.write(writing, ids[:, a:b]) for a, b in ((0, 3), (3, 4), (4, 5), (5, 8))]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, atol=1e-5)
    assert expected.std() > 0.1


def test_tokens_are_those_without_a_cache(model):
    audio, ids = sounds(3), np.array([[1, 2], [3, 4], [5, 6]])
    expected = uncached(model, audio, ids, length=8)[:, 2:]
    found = greedy(Writer(model, length=8), audio, ids)
    np.testing.assert_array_equal(np.stack(found), expected)
    assert len(np.unique(expected)) > 2


def test_a_text_stops_at_its_end(model):
    audio, ids = sounds(3), np.array([[1, 2], [3, 4], [5, 6]])
    whole = greedy(Writer(model, length=8), audio, ids)
    end = int(whole[0][2])
    for found, row in zip(greedy(Writer(model, length=8), audio, ids, end=end), whole, strict=True):
        places = np.flatnonzero(row == end)
        np.testing.assert_array_equal(found, row[: places[0]] if places.size else row)


def test_a_text_cannot_be_longer_than_the_length(model):
    writer = Writer(model, length=4)
    writing = writer.begin(sounds(1))
    writer.write(writing, np.ones((1, 3)))
    with pytest.raises(ValueError, match="4 tokens at most"):
        writer.write(writing, np.ones((1, 2)))


def test_the_task_writes_up_to_the_context_of_the_model(model):
    task = registry.resolve(registry.task_card("speech_to_text").task)()
    x = {"audio": sounds(2), "ids": np.ones((2, 1), "int32")}
    found = task.decode(model, x, None)
    np.testing.assert_array_equal(
        np.stack(found), uncached(model, x["audio"], x["ids"], length=8)[:, 1:]
    )
    y = {"ids": np.array([[1, 2, 5], [1, 3, -1]], "int32")}
    logits = np.zeros((2, 3, WORDS), "float32")
    assert float(task.loss(y, {"logits": logits})["loss"]) == pytest.approx(np.log(WORDS))
    logits[0, 0, 2] = logits[0, 1, 5] = logits[1, 0, 3] = 100
    logits[1, 1, 0] = -100  # padding
    assert float(task.loss(y, {"logits": keras.ops.convert_to_tensor(logits)})["loss"]) < 1e-6
