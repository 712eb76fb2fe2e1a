"""Llama's form: sizes by hand, tied or not, positions by distance, and what dropout reaches."""

import keras
import numpy as np
import pytest

from zoo.complexity import count_params
from zoo.models.text.llama import llama

TINY = {
    "vocabulary_size": 11,
    "num_layers": 2,
    "num_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 16,
    "feed_forward_dim": 20,
}


def logits_of(model, ids, **arguments):
    return keras.ops.convert_to_numpy(model(np.asarray(ids, "int32"), **arguments)["logits"])


@pytest.mark.parametrize("tied", [True, False])
def test_sizes_are_those_counted_by_hand(tied):
    # queries and mixing 16 · 16, keys and values 16 · 8 (two heads of 4), three of 16 · 20, two norms
    block = 2 * 16 * 16 + 2 * 16 * 8 + 3 * 16 * 20 + 2 * 16
    tables = (1 if tied else 2) * 11 * 16
    assert count_params(llama(**TINY, tied=tied)) == tables + 2 * block + 16


def test_padding_behind_a_text_changes_nothing_before_it():
    model = llama(**TINY)
    short, padded = logits_of(model, [[3, 1, 4]]), logits_of(model, [[3, 1, 4, 0, 0]])
    np.testing.assert_allclose(padded[:, :3], short, atol=1e-6)


def test_order_matters_beyond_the_last_word():
    keras.utils.set_random_seed(1)
    model = llama(**TINY)
    for layer in model.layers:  # larger weights, so that attention prefers some places
        for variable in layer.trainable_variables:
            if len(variable.shape) == 2:
                variable.assign(10 * variable)
    last = [logits_of(model, [ids])[0, -1] for ids in ([1, 2, 3], [2, 1, 3])]
    assert not np.allclose(*last, atol=1e-4)


def test_dropout_acts_in_training_only():
    for rate in ("embedding_dropout_rate", "layer_dropout_rate"):
        keras.utils.set_random_seed(1)
        model, ids = llama(**TINY, **{rate: 0.5}), [[3, 1, 4, 1, 5]]
        np.testing.assert_array_equal(logits_of(model, ids), logits_of(model, ids))
        trained = [logits_of(model, ids, training=True) for _ in range(2)]
        assert not np.allclose(*trained), rate


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"num_heads": 3}, "num_heads=3 does not divide hidden_dim=16"),
        ({"num_key_value_heads": 3}, "num_key_value_heads=3 does not divide num_heads=4"),
        ({"num_heads": 16}, "num_heads=16 makes heads of 1 numbers"),
    ],
)
def test_heads_that_do_not_fit_are_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        llama(**TINY | wrong)
