"""Writing with kept keys and values: the same as running the whole model again for each token."""

import itertools

import keras
import numpy as np
import pytest

from zoo import registry
from zoo.decoding.encoder_decoder import Writer, beam_search, greedy
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


def test_the_places_of_padding_are_taken_again(model):
    audio, ids = sounds(1), np.array([[1, 2, 5, 9, 3]])
    expected = np.asarray(model({"audio": audio, "ids": ids}, training=False))
    writer = Writer(model, length=8)
    writing = writer.begin(audio)
    first = writer.write(writing, np.array([[1, 2, 5, 7, 7, 7]]))[:, :3]
    writing.position = 3
    rest = writer.write(writing, ids[:, 3:])
    np.testing.assert_allclose(np.concatenate([first, rest], axis=1), expected, atol=1e-5)


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


def searched(model, audio, ids, *, length=8, **how):
    writer = Writer(model, length=length)
    writing = writer.begin(audio)
    return beam_search(writer, writing, writer.write(writing, ids)[:, -1], **how)


def test_one_beam_finds_what_is_found_greedily(model):
    audio, ids = sounds(3), np.array([[1, 2], [3, 4], [5, 6]])
    end = int(greedy(Writer(model, length=8), audio, ids)[0][2])
    expected = greedy(Writer(model, length=8), audio, ids, end=end)
    found = searched(model, audio, ids, beam=1, end=end)
    assert [one.ids for (one,) in found] == [tuple(row) for row in expected]
    assert len({len(one.ids) for (one,) in found}) > 1


def test_as_many_beams_as_texts_find_the_likeliest_of_all(model):
    """Every text of three ids at most is scored by the whole model, without a cache."""
    audio, ids, end = sounds(2), np.array([[1], [3]]), 4
    whole = WORDS**3  # beams: none is left out
    found = searched(model, audio, ids, length=3, beam=whole, end=end)
    texts = [one for n in range(3) for one in itertools.product(range(WORDS), repeat=n)]
    texts = [(*one, end) for one in texts if end not in one]
    rows = np.array([(*one, *[end] * (3 - len(one))) for one in texts])
    for i, best in enumerate(found):
        given = np.concatenate([np.repeat(ids[i : i + 1], len(rows), 0), rows[:, :-1]], axis=1)
        logits = model({"audio": np.repeat(audio[i : i + 1], len(rows), 0), "ids": given})
        nats = np.asarray(keras.ops.log_softmax(logits, axis=-1))
        sums = {
            one[:-1]: sum(nats[row, place, token] for place, token in enumerate(one))
            for row, one in enumerate(texts)
        }
        ended = {one.ids: one.log_probability for one in best if len(one.ids) < 3}
        assert sums.keys() == ended.keys()
        np.testing.assert_allclose([ended[key] for key in sums], list(sums.values()), atol=1e-4)
        expected = max(sums, key=lambda text: sums[text] / max(len(text), 1))
        assert next(one.ids for one in best if len(one.ids) < 3) == expected


def test_what_a_rule_forbids_is_in_no_text(model):
    audio, ids, forbidden = sounds(2), np.array([[1], [3]]), [0, 2, 4, 6]

    def rule(logits, text):
        logits = np.array(logits)
        logits[forbidden] = -np.inf
        if text:
            logits[text[-1]] = -np.inf  # nor the same twice
        return logits

    found = searched(model, audio, ids, beam=3, end=WORDS - 1, rule=rule, longest=5)
    for text in (one.ids for row in found for one in row):
        assert not set(text) & set(forbidden) and len(text) <= 5
        assert all(a != b for a, b in itertools.pairwise(text))
    assert all(len(row) == 3 for row in found)


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
