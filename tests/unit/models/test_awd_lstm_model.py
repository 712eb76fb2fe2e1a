"""AWD-LSTM: what each kind of dropout takes, and one matrix that embeds and predicts."""

import keras
import numpy as np
import pytest

from zoo.models.text.awd_lstm import VocabularyDropout, awd_lstm

TINY = {"vocabulary_size": 11, "embedding_dim": 6, "hidden_dim": 8, "num_layers": 2}
RATES = (
    "weight_dropout_rate",
    "token_dropout_rate",
    "embedding_dropout_rate",
    "layer_dropout_rate",
    "output_dropout_rate",
)


def outputs(model, ids, **arguments):
    return {k: np.asarray(v) for k, v in model(np.asarray(ids, "int32"), **arguments).items()}


def test_logits_are_the_products_with_the_embeddings_and_a_bias():
    model = awd_lstm(**TINY)
    table = np.asarray(model.get_layer("embedding").embeddings)
    model.get_layer("logits").bias.assign(np.arange(11.0))
    found = outputs(model, [[3, 1, 4, 1]])
    np.testing.assert_allclose(
        found["logits"], found["tokens"] @ table.T + np.arange(11), atol=1e-6
    )
    assert [layer.name for layer in model.layers if "embedding" in layer.name] == ["embedding"]


def test_padding_behind_a_text_changes_nothing_before_it():
    model = awd_lstm(**TINY)
    short, padded = outputs(model, [[3, 1, 4]]), outputs(model, [[3, 1, 4, 0, 0]])
    np.testing.assert_allclose(padded["logits"][:, :3], short["logits"], atol=1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_each_dropout_acts_in_training_only(rate):
    keras.utils.set_random_seed(1)
    model, ids = awd_lstm(**TINY, **{rate: 0.5}), [[3, 1, 4, 1, 5]]
    plain = outputs(model, ids)["logits"]
    np.testing.assert_array_equal(outputs(model, ids)["logits"], plain)
    assert np.abs(outputs(model, ids, training=True)["logits"] - plain).max() > 1e-6


def test_a_word_is_dropped_wherever_it_occurs_and_the_others_grow():
    ids = np.random.default_rng(0).integers(0, 50, (8, 40)).astype("int32")
    x = np.ones((8, 40, 3), "float32")
    found = np.asarray(VocabularyDropout(50, 0.25, seed=1)(x, ids, training=True))
    by_word = {word: np.unique(found[ids == word]) for word in np.unique(ids)}
    assert all(len(values) == 1 for values in by_word.values())
    values = np.array([values[0] for values in by_word.values()])
    np.testing.assert_allclose(np.unique(values), [0, 4 / 3], rtol=1e-6)
    assert (values == 0).mean() == pytest.approx(0.25, abs=0.15)


def test_dropout_of_outputs_takes_the_same_elements_at_all_tokens():
    keras.utils.set_random_seed(2)
    model = awd_lstm(**TINY, output_dropout_rate=0.5)
    tokens = outputs(model, np.ones((4, 9)), training=True)["tokens"]
    dropped = tokens == 0
    assert 0.2 < dropped.mean() < 0.8
    np.testing.assert_array_equal(dropped, np.broadcast_to(dropped[:, :1], dropped.shape))
