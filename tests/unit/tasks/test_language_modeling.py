"""Language modelling: every token once, random phases, and perplexity against an independent sum."""

import dataclasses
import math

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Text
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.models.text.gpt import gpt
from zoo.regularization import Regularization
from zoo.task_model import TaskModel
from zoo.tasks.language_modeling import LanguageModeling
from zoo.testing import check_task
from zoo.tokenizers import PADDING_ID, UNKNOWN_ID, CharacterTokenizer

TEXT = "the cat sat on the mat, and the dog sat on the log. " * 4
FEATURES = {"text": Text()}


def fitted(text=TEXT, **arguments):
    """Return a task, its assets and the split that they were fitted to."""
    task = LanguageModeling(**{"context_length": 8} | arguments)
    texts = [text] if isinstance(text, str) else text
    split = Split({"text": texts})
    return task, task.fit(split, features=FEATURES, classes=()), split


def model_of(task, assets):
    keras.utils.set_random_seed(1)
    backbone = gpt(**assets.sizes, num_layers=1, num_heads=2, hidden_dim=8)
    return TaskModel(task.build(backbone, assets), task=task)


def predictions_of(task, assets, split, model):
    x, y = Encoded(split, task, assets).batch(
        np.arange(len(task.units(split, assets, training=False)))
    )
    return task.decode(model, x, assets), y


def ids_of(assets, text):
    return assets.x["ids"].loaded.encode(text)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(2, 12))
def test_evaluation_predicts_each_token_but_the_first_exactly_once(length, context):
    task, assets, split = fitted(TEXT[:length], context_length=context)
    units = task.units(split, assets, training=False)
    targets = np.concatenate([unit["ids"][1:] for unit in units])
    np.testing.assert_array_equal(targets, ids_of(assets, TEXT[:length])[1:])
    assert all(1 < len(unit["ids"]) <= context for unit in units)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(2, 12))
def test_training_reaches_every_token_and_stays_inside_the_text(length, context):
    task, assets, split = fitted(TEXT[:length], context_length=context)
    ids, units = ids_of(assets, TEXT[:length]), task.units(split, assets, training=True)
    places = np.concatenate(
        [
            start + np.arange(len(unit["ids"]))
            for start, unit in zip(units.columns["ids"], units, strict=True)
        ]
    )
    assert set(places.tolist()) == set(range(len(ids)))
    for unit in units:
        x, _ = task.encode(unit, assets, 12345)
        assert len(x["ids"]) == min(context, len(ids))


def test_training_draws_every_phase_and_repeats_it_with_the_seed():
    task, assets, split = fitted()
    unit = task.units(split, assets, training=True)[1]
    found = {tuple(task.encode(unit, assets, seed)[0]["ids"]) for seed in range(200)}
    assert found == {tuple(unit["ids"][start : start + 8]) for start in range(9)}
    one, same = (task.encode(unit, assets, 77)[0]["ids"] for _ in range(2))
    np.testing.assert_array_equal(one, same)


def test_documents_are_joined_with_a_blank_line():
    task, assets, split = fitted(["a cat", "a dog"])
    units = task.units(split, assets, training=False)
    ids = [*units[0]["ids"], *units[1]["ids"][1:]]
    assert assets.x["ids"].loaded.decode(ids) == "a cat\n\na dog"


def test_the_last_window_is_padded_and_its_padding_counts_nothing():
    task, assets, split = fitted(TEXT[:12])
    model = model_of(task, assets)
    nats, y = predictions_of(task, assets, split, model)
    assert y["ids"].shape == (2, 8) and (y["ids"] == 0).sum() == 3
    assert np.isnan(nats).sum() == 3
    assert y["characters"].tolist() == [7, 4]
    whole = {name: value[:1] for name, value in y.items()}
    alone = task.score(nats[:1], whole)["loss"]
    assert task.score(nats, y)["loss"] == pytest.approx(np.nanmean(nats))
    assert task.score(nats, y)["loss"] != pytest.approx(alone)


def independent_nats(model, ids, context):
    """Sum of -log softmax in float64, one window after the other."""
    total = 0.0
    for start in range(0, len(ids) - 1, context - 1):
        window = ids[start : start + context]
        logits = np.asarray(model({"ids": window[None]})["logits"], dtype="float64")[0]
        for place, target in enumerate(window[1:]):
            total += np.log(np.exp(logits[place]).sum()) - logits[place, target]
    return total


def test_perplexity_is_an_independent_sum():
    task, assets, split = fitted()
    model = model_of(task, assets)
    ids = ids_of(assets, TEXT)
    expected = independent_nats(model, ids, 8) / (len(ids) - 1)
    scores = task.score(*predictions_of(task, assets, split, model))
    assert scores["loss"] == pytest.approx(expected, rel=1e-5)
    assert scores["perplexity"] == pytest.approx(math.exp(expected), rel=1e-5)
    assert scores["bits_per_character"] == pytest.approx(expected / math.log(2), rel=1e-5)


def test_the_training_loss_is_the_score():
    task, assets, split = fitted(TEXT[:12])
    model = model_of(task, assets)
    x, y = Encoded(split, task, assets).batch(np.arange(2))
    nats = task.decode(model, x, assets)
    loss = float(task.loss(y, model(x))["loss"])
    assert loss == pytest.approx(task.score(nats, y)["loss"], rel=1e-5)


def test_label_smoothing_mixes_in_the_uniform_distribution():
    logits = np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")
    ids = np.array([[1, 3, 2, 0]], "int32")  # two targets, then padding
    log_shares = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    hard = -np.mean([log_shares[0, 0, 3], log_shares[0, 1, 2]])
    uniform = -log_shares[0, :2].mean()
    for smoothing in (0.0, 0.1):
        task = LanguageModeling(regularization=Regularization(label_smoothing=smoothing))
        loss = float(task.loss({"ids": ids}, {"logits": logits})["loss"])
        assert loss == pytest.approx((1 - smoothing) * hard + smoothing * uniform, rel=1e-5)


def test_byte_pairs_count_characters_for_bits_per_character():
    text = "naïve café — naïve café. " * 10
    task, assets, _ = fitted(text, tokenizer="bpe", vocabulary_size=270)
    ids = ids_of(assets, text)
    assert len(ids) < len(text.encode())
    nats = np.full((1, len(ids) - 1), 0.5)
    _, y = task.encode({"text": text}, assets, None)
    truths = {name: np.asarray(value)[None] for name, value in y.items()}
    expected = 0.5 / math.log(2) * len(ids) / len(text)
    assert task.score(nats, truths)["bits_per_character"] == pytest.approx(expected)


def test_a_long_text_is_predicted_as_evaluation_predicts_it():
    task, assets, split = fitted()
    model = model_of(task, assets)
    x, _ = task.encode({"text": TEXT}, assets, None)
    batch = {"ids": np.stack([x["ids"], np.pad(x["ids"][:5], (0, len(x["ids"]) - 5))])}
    nats = task.decode(model, batch, assets)
    windows, _ = predictions_of(task, assets, split, model)
    np.testing.assert_allclose(nats[0], windows.ravel()[: len(TEXT) - 1], atol=1e-5)
    assert np.isnan(nats[1, 4:]).all() and not np.isnan(nats[1, :4]).any()
    (said,) = task.describe(nats[0], assets)
    assert said["tokens"] == len(TEXT) - 1
    assert said["perplexity"] == pytest.approx(math.exp(said["loss"]))
    assert said["bits_per_character"] == pytest.approx(said["loss"] / math.log(2))


def test_a_diverged_model_scores_no_number():
    task, assets, split = fitted(TEXT[:12])
    _, y = Encoded(split, task, assets).batch(np.arange(2))
    assert math.isnan(task.score(np.full((2, 7), np.nan), y)["loss"])


def test_a_hopeless_model_has_a_finite_perplexity():
    task, assets, split = fitted(TEXT[:12])
    _, y = Encoded(split, task, assets).batch(np.arange(2))
    assert math.isfinite(task.score(np.full((2, 7), 1e4), y)["perplexity"])


def test_its_methods_fit_together():
    task, assets, split = fitted()
    unit = task.units(split, assets, training=False)[0]
    check_task(task, assets, model_of(task, assets), unit)


def test_an_unknown_tokenizer_is_named():
    with pytest.raises(UnknownNameError, match="nearest: character"):
        LanguageModeling(tokenizer="characters")


@pytest.mark.parametrize("length", [1, 0, "64", 10**6])
def test_a_context_length_out_of_range_is_named(length):
    with pytest.raises(ArgumentError, match="2 to 65536 tokens"):
        LanguageModeling(context_length=length)


def test_a_text_too_short_to_predict_is_named():
    task, assets, _ = fitted()
    with pytest.raises(DataError, match="The text is too short"):
        task.encode({"text": "t"}, assets, None)
    with pytest.raises(DataError, match="The split is too short"):
        task.units(Split({"text": [""]}), assets, training=False)


def test_data_without_text_is_named():
    with pytest.raises(DataError, match="takes texts; the data holds nothing"):
        LanguageModeling().fit(Split({"image": np.zeros((2, 4, 4, 1))}), features={}, classes=())


# --- characters that the tokenizer does not know


class Uniform:
    """A model that finds every id equally likely."""

    def __init__(self, vocabulary_size):
        self.vocabulary_size = vocabulary_size

    def predict_on_batch(self, x):
        return {"logits": np.zeros((*x["ids"].shape, self.vocabulary_size), "float32")}


def test_an_unknown_character_costs_what_telling_it_from_all_others_costs():
    task, assets, _ = fitted()
    x, y = task.encode({"text": "the жat"}, assets, None)
    size, known = assets.sizes["vocabulary_size"], assets.sizes["vocabulary_size"] - 2
    nats = task.decode(Uniform(size), {"ids": x["ids"][None]}, assets)
    expected = np.full(6, math.log(size))
    expected[3] += math.log(1_114_112 - known)
    np.testing.assert_allclose(nats[0], expected, rtol=1e-6)
    truths = {name: np.asarray(value)[None] for name, value in y.items()}
    bits = task.score(nats, truths)["bits_per_character"]
    assert bits == pytest.approx(expected.sum() / math.log(2) / 6, rel=1e-6)


@pytest.mark.parametrize("known", ["", "a", "abcdefgh", "abcdefghijklmnop"])
def test_no_text_costs_less_than_its_entropy_however_little_is_known(known):
    """Letters drawn at random from 16 hold 4 bits each; the best model of their ids is uniform."""
    letters = "abcdefghijklmnop"
    text = "".join(np.random.default_rng(0).choice(list(letters), 4000))
    task, assets, _ = fitted(letters)
    tokenizer = CharacterTokenizer(known, lowercase=False)
    ids = dataclasses.replace(assets.x["ids"], tokenizer=tokenizer.to_dict())
    assets = dataclasses.replace(assets, x={"ids": ids})
    x, y = task.encode({"text": text}, assets, None)
    share = np.bincount(x["ids"], minlength=tokenizer.vocabulary_size) / len(text)

    class Best:
        def predict_on_batch(self, x):
            with np.errstate(divide="ignore"):
                logits = np.maximum(np.log(share), -99).astype("float32")
            return {"logits": np.broadcast_to(logits, (*x["ids"].shape, len(share)))}

    nats = task.decode(Best(), {"ids": x["ids"][None]}, assets)
    truths = {name: np.asarray(value)[None] for name, value in y.items()}
    assert task.score(nats, truths)["bits_per_character"] >= 4 - 0.01


@pytest.mark.parametrize("training", [True, False])
def test_a_text_in_other_letters_is_refused(training):
    task, assets, _ = fitted()
    with pytest.raises(DataError, match=r"does not know 77\.1% of the characters") as caught:
        task.units(Split({"text": ["привет"] * 9}), assets, training=training)
    message = str(caught.value)
    assert "'п', 'р', 'и', 'в', 'е' and" in message
    assert "tokenizer=bpe" in message and "at most 1%" in message
    assert ("training text" if training else "held-out text") in message


def test_a_rare_unknown_character_is_scored():
    task, assets, _ = fitted()
    units = task.units(Split({"text": [TEXT * 20 + "ж"]}), assets, training=False)
    assert units[-1]["ids"][-1] == UNKNOWN_ID


def test_a_vocabulary_that_leaves_out_letters_is_refused():
    with pytest.raises(DataError, match="With vocabulary_size=3, ") as caught:
        fitted(vocabulary_size=3)
    distinct = len(set(TEXT + "\n"))
    assert f"vocabulary_size={distinct + 2} or more" in str(caught.value)
    _, assets, _ = fitted(vocabulary_size=distinct + 2)
    assert assets.sizes["vocabulary_size"] == distinct + 2


def test_byte_pairs_know_every_text():
    task, assets, _ = fitted(tokenizer="bpe", vocabulary_size=258)
    units = task.units(Split({"text": ["привет"]}), assets, training=False)
    assert UNKNOWN_ID not in np.concatenate([unit["ids"] for unit in units])


def test_the_unknown_sign_is_never_written():
    """However likely a model finds it."""
    from recipes.runs.generate import continuations

    _, assets, _ = fitted()
    size = assets.sizes["vocabulary_size"]
    ids = keras.Input((None,), dtype="int32", name="ids")
    logits = keras.layers.Embedding(size, size, name="table")
    model = keras.Model(ids, logits(ids))
    table = np.zeros((size, size), "float32")
    table[:, [PADDING_ID, UNKNOWN_ID]] = 50
    logits.set_weights([table])
    ((_, text),) = continuations(model, assets, ["the"], max_tokens=40, seed=1)
    assert len(text) == 40 and "\ufffd" not in text
