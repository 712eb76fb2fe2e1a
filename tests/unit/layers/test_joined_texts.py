"""Two texts as one: order, padding, and what is cut."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.layers.joined_texts import JoinedTexts

FIRST, SECOND = [[4, 5, 6, 7], [4, 0, 0, 0]], [[8, 0, 0], [8, 9, 10]]


def joined(layer, first=FIRST, second=SECOND):
    return np.asarray(layer(np.array(first, "int32"), np.array(second, "int32"))).tolist()


def test_the_second_text_follows_the_first_one_and_padding_comes_last():
    assert joined(JoinedTexts(between=(99,))) == [
        [4, 5, 6, 7, 99, 8, 0, 0],
        [4, 99, 8, 9, 10, 0, 0, 0],
    ]


def test_the_longer_text_is_cut_first():
    assert joined(JoinedTexts(5, between=(99,))) == [[4, 5, 6, 99, 8], [4, 99, 8, 9, 10]]
    assert joined(JoinedTexts(5, between=(99,)), [[1, 2, 3, 4]], [[5, 6, 7, 8]]) == [
        [1, 2, 99, 5, 6]
    ]
    assert joined(JoinedTexts(4), [[1, 2, 3, 4]], [[5, 6, 7, 8]]) == [[1, 2, 5, 6]]
    assert joined(JoinedTexts(5), [[1, 2, 3, 4]], [[5, 6, 7, 8]]) == [[1, 2, 3, 5, 6]]


def test_marks_of_a_published_tokenizer_stay_and_its_first_one_comes_once():
    layer = JoinedTexts(6, marks_before=1, marks_behind=1)
    first, second = [[101, 1, 2, 3, 102]], [[101, 4, 5, 6, 102, 0]]
    assert joined(layer, first, second) == [[101, 1, 102, 4, 5, 102]]
    whole = JoinedTexts(marks_before=1, marks_behind=1)
    assert joined(whole, first, second)[0][:9] == [101, 1, 2, 3, 102, 4, 5, 6, 102]


def test_padding_may_have_another_id():
    layer = JoinedTexts(between=(2,), marks_before=1, marks_behind=1, padding_id=1)
    first, second = [[0, 7, 2, 1]], [[0, 8, 9, 2]]
    assert joined(layer, first, second) == [[0, 7, 2, 2, 8, 9, 2, 1, 1]]


def by_hand(first, second, limit, between, before, behind):
    """Drop ids from the end of the longer text, marks apart, until both fit."""
    second = second[before:]
    ends = [text[len(text) - behind :] for text in (first, second)]
    first, second = (text[: len(text) - behind] for text in (first, second))
    while limit and len(first) + len(second) + 2 * behind + len(between) > limit:
        longer = first if len(first) > len(second) else second
        del longer[-1]
    return [*first, *ends[0], *between, *second, *ends[1]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=4),
    st.integers(8, 24),
    st.sampled_from([((50,), 0, 0), ((), 1, 1), ((51,), 1, 1)]),
    st.integers(0, 3),
)
def test_any_pair_is_joined_as_by_hand(lengths, limit, marks, padding):
    between, before, behind = marks
    rng = np.random.default_rng(len(lengths) * limit)
    pairs = [
        tuple(rng.integers(1, 40, n + before + behind).tolist() for n in each) for each in lengths
    ]
    arrays = []
    for texts in zip(*pairs, strict=True):
        width = max(map(len, texts)) + padding
        arrays.append(np.array([text + [0] * (width - len(text)) for text in texts], "int32"))
    layer = JoinedTexts(limit, between=between, marks_before=before, marks_behind=behind)
    found = np.asarray(layer(*arrays)).tolist()
    for ids, (first, second) in zip(found, pairs, strict=True):
        expected = by_hand(list(first), list(second), limit, between, before, behind)
        assert ids == expected + [0] * (len(ids) - len(expected))
        assert len(ids) <= limit


def test_the_layer_comes_back_from_its_configuration():
    layer = JoinedTexts(6, between=(3,), marks_before=1, marks_behind=1, padding_id=1, name="join")
    again = JoinedTexts.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert joined(again) == joined(layer)


@pytest.mark.parametrize("limit", [0, 6])
def test_a_model_takes_texts_of_any_length(limit):
    inputs = [keras.Input((None,), dtype="int32") for _ in range(2)]
    model = keras.Model(inputs, JoinedTexts(limit, between=(99,))(*inputs))
    assert model.output.shape == (None, None)
    some = [np.array(FIRST, "int32"), np.array(SECOND, "int32")]
    expected = joined(JoinedTexts(limit, between=(99,)))
    assert model.predict_on_batch(some).tolist() == expected
