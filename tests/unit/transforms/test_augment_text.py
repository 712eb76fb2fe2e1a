"""Word dropout: how often, where, and reproducibly."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Text
from zoo.columns.assets import Assets
from zoo.regularization import Regularization
from zoo.tokenizers import PADDING_ID, UNKNOWN_ID
from zoo.transforms.batches import batch_augmentation
from zoo.transforms.text import word_dropout

ASSETS = Assets(x={"ids": Text()}, y={})
seeds = st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**31 - 1))


def drawn_ids(*, texts=8, tokens=12, seed=0):
    """Return ids (texts, tokens), int32, the end of each text padded."""
    generator = np.random.default_rng(seed)
    ids = generator.integers(2, 50, (texts, tokens)).astype("int32")
    lengths = generator.integers(1, tokens + 1, texts)
    ids[np.arange(tokens) >= lengths[:, None]] = PADDING_ID
    return ids


@given(seed=seeds, rate=st.sampled_from([0.0, 0.1, 0.5, 0.99]), data=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_a_token_stays_or_becomes_unknown_and_padding_stays(seed, rate, data):
    ids = drawn_ids(seed=data)
    dropped = word_dropout(ids, seed, rate=rate).numpy()
    assert dropped.dtype == ids.dtype
    assert ((dropped == ids) | (dropped == UNKNOWN_ID)).all()
    np.testing.assert_array_equal(dropped == PADDING_ID, ids == PADDING_ID)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_tokens_are_dropped_as_often_as_asked_for(rate):
    ids = np.full((200, 200), 7, "int32")
    dropped = word_dropout(ids, (3, 4), rate=rate).numpy() == UNKNOWN_ID
    assert dropped.mean() == pytest.approx(
        rate, abs=0.01
    )  # five standard errors of 0.0025 and less
    if rate:
        assert 0 < dropped.mean(axis=0).std() < 0.05  # another draw for each text
        assert 0 < dropped.mean(axis=1).std() < 0.05  # and for each place


def test_the_same_seed_drops_the_same_words_and_another_seed_others():
    ids = drawn_ids()
    once, again, other = (word_dropout(ids, s, rate=0.5).numpy() for s in ((1, 2), (1, 2), (1, 3)))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_no_knob_no_function():
    assert batch_augmentation(Regularization(), assets=ASSETS) is None
    assert batch_augmentation(Regularization(embedding_dropout_rate=0.5), assets=ASSETS) is None


def test_the_batch_function_changes_ids_alone():
    ids, label = drawn_ids(), np.arange(8)
    augment = batch_augmentation(Regularization(word_dropout_rate=0.5), assets=ASSETS)
    x, y = augment({"ids": tf.constant(ids), "more": 1}, {"label": label}, tf.constant([5, 6]))
    assert set(x) == {"ids", "more"} and x["more"] == 1
    assert y["label"] is label
    changed = (x["ids"].numpy() != ids)[ids != PADDING_ID]
    assert 0.2 < changed.mean() < 0.8


def test_it_runs_inside_a_pipeline_on_texts_of_any_length():
    augment = batch_augmentation(Regularization(word_dropout_rate=0.5), assets=ASSETS)

    def batches():
        for tokens in (3, 5):
            yield np.full((2, tokens), 7, "int32")

    signature = tf.TensorSpec((None, None), tf.int32)
    stream = tf.data.Dataset.from_generator(batches, output_signature=signature)
    stream = stream.map(lambda ids: augment({"ids": ids}, {}, tf.constant([1, 2]))[0]["ids"])
    assert [batch.shape for batch in stream.as_numpy_iterator()] == [(2, 3), (2, 5)]
