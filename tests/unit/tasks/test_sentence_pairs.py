"""Pairs of texts: one tokenizer, two ways to read them, and what is refused."""

import json

import keras
import numpy as np
import pytest
from tokenizers import Tokenizer as Engine
from tokenizers import models, pre_tokenizers, processors

from recipes.runs.evaluate import intervals
from zoo import registry
from zoo.columns import Image, Label, Number, Text
from zoo.columns.assets import Assets
from zoo.composition import assemble, build
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.layers.joined_texts import JoinedTexts
from zoo.models.text.textcnn import textcnn
from zoo.models.text.transformer_encoder import transformer_encoder
from zoo.published_tokenizer import PublishedTokenizer, wordpiece
from zoo.regularization import Regularization
from zoo.task_model import TaskModel
from zoo.tasks.sentence_pairs import SentencePairs
from zoo.tasks.sentence_similarity import SentenceSimilarity
from zoo.tasks.text_pairs import ENCODERS, joint_of, pair_buckets
from zoo.testing import check_metrics, check_mode, check_task
from zoo.tokenizers import UNKNOWN_ID

TEXTS = ["A fine film.", "a dull film", "Fine, fine!", "dull"]
PAIRS = ["Not bad at all", "bad , very bad , a bore", "good", "dull film"]
FEATURES = {"text": Text(), "pair": Text(), "label": Label()}
CLASSES = ("differ", "same")
ODD = [("fine film", "good"), ("a dull film , " * 5, "dull " * 9), ("film", "a bore " * 12)]


def split(texts=TEXTS, pairs=PAIRS, **columns):
    labels = np.arange(len(texts)) % 2
    return Split({"text": list(texts), "pair": list(pairs), "label": labels, **columns})


def fitted(encoder="cross_encoder", task=SentencePairs, **arguments):
    task = task(encoder=encoder, **arguments)
    numbers = isinstance(task, SentenceSimilarity)
    data = split(score=np.array([4.0, 1.0, 3.5, 5.0])) if numbers else split()
    features = FEATURES | ({"score": Number()} if numbers else {})
    return task, task.fit(data, features=features, classes=() if numbers else CLASSES)


def model_for(task, assets, backbone=textcnn, **arguments):
    keras.utils.set_random_seed(1)
    arguments = arguments or {"embedding_dim": 4, "num_filters": 3}
    network = backbone(vocabulary_size=assets.sizes["vocabulary_size"], **arguments)
    return TaskModel(task.build(network, assets), task=task)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_methods_fit_together(encoder):
    task, assets = fitted(encoder)
    example = {"text": "a fine film", "pair": "good", "label": 1}
    check_task(task, assets, model_for(task, assets), example)
    task, assets = fitted(encoder, SentenceSimilarity)
    example = {"text": "a fine film", "pair": "good", "score": 2.5}
    check_task(task, assets, model_for(task, assets), example)


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("task", [SentencePairs, SentenceSimilarity])
def test_other_examples_of_a_batch_and_padding_change_no_prediction(task, encoder):
    task, assets = fitted(encoder, task, max_tokens=24)
    sizes = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "context_length": 24}
    model = model_for(task, assets, transformer_encoder, **sizes)
    texts, pairs = zip(*ODD, strict=True)
    truth = {name: np.arange(len(ODD)) % 2 for name in ("label", "score")}
    data = Split({"text": list(texts), "pair": list(pairs), **truth})
    encoded = Encoded(data, task, assets)
    together = np.asarray(task.decode(model, encoded.batch(np.arange(len(ODD)))[0], assets))
    assert np.ptp(together, axis=0).max() > 1e-4  # the examples differ
    for place in range(len(ODD)):
        x, _ = encoded.batch(np.array([place]))
        alone = task.decode(model, x, assets)
        np.testing.assert_allclose(np.asarray(alone)[0], together[place], atol=2e-6)
        wider = {n: np.pad(ids, ((0, 0), (0, 24 - ids.shape[1]))) for n, ids in x.items()}
        np.testing.assert_allclose(
            np.asarray(task.decode(model, wider, assets))[0], together[place], atol=2e-6
        )


def test_a_cross_encoder_reads_both_texts_with_an_id_between_them_that_no_word_has():
    task, assets = fitted()
    known = assets.x["ids"].loaded.vocabulary_size
    assert assets.sizes["vocabulary_size"] == known + 1
    x, _ = task.encode({"text": "fine film", "pair": "good"}, assets, None)
    join = model_for(task, assets).get_layer("join")
    found = np.asarray(join(x["ids"][None], x["pair_ids"][None]))[0].tolist()
    assert found == [*x["ids"], known, *x["pair_ids"]]


def test_two_towers_are_one_network_whose_vectors_are_compared():
    task, assets = fitted("two_tower")
    assert assets.sizes["vocabulary_size"] == assets.x["ids"].loaded.vocabulary_size
    model = model_for(task, assets)
    x, _ = task.encode({"text": "fine film", "pair": "good"}, assets, None)
    x = {name: ids[None] for name, ids in x.items()}
    u, v = (np.asarray(model.get_layer("backbone")(ids)["pooled"]) for ids in x.values())
    kernel, bias = (w.numpy() for w in model.get_layer("head_logits").weights)
    expected = np.concatenate([u, v, abs(u - v), u * v], axis=-1) @ kernel + bias
    np.testing.assert_allclose(np.asarray(model(x)["logits"]), expected, rtol=1e-4, atol=1e-6)
    assert sum(layer.name == "backbone" for layer in model.layers) == 1


@pytest.mark.parametrize("encoder", ENCODERS)
def test_the_order_of_two_texts_matters_to_what_is_compared(encoder):
    task, assets = fitted(encoder)
    model = model_for(task, assets)
    x, _ = task.encode({"text": "fine film", "pair": "good"}, assets, None)
    turned, _ = task.encode({"text": "good", "pair": "fine film"}, assets, None)
    one, other = ({k: ids[None] for k, ids in each.items()} for each in (x, turned))
    assert not np.allclose(task.decode(model, one, assets), task.decode(model, other, assets))


def test_one_tokenizer_knows_the_words_of_both_texts():
    task, assets = fitted()
    assert assets.x["ids"].tokenizer == assets.x["pair_ids"].tokenizer
    x, _ = task.encode({"text": "bore", "pair": "fine unheard"}, assets, None)
    assert UNKNOWN_ID not in x["ids"]
    assert x["pair_ids"][1] == UNKNOWN_ID
    again = Assets.from_dict(json.loads(json.dumps(assets.to_dict())))
    assert again == assets
    assert again.sizes == assets.sizes


def test_both_texts_together_or_each_have_the_longest_length():
    task, assets = fitted(max_tokens=20)
    assert assets.sizes["context_length"] == 20
    long = {"text": "fine " * 90, "pair": "film " * 90}
    x, _ = task.encode(long, assets, None)
    assert {ids.size for ids in x.values()} == {20}
    join = model_for(task, assets).get_layer("join")
    assert join.get_config()["limit"] == 20
    assert np.asarray(join(x["ids"][None], x["pair_ids"][None])).shape == (1, 20)


def test_lengths_of_texts_double():
    assert pair_buckets(16) == (16,)
    assert pair_buckets(8) == (8,)
    assert pair_buckets(64) == (16, 32, 64)


def test_a_similarity_is_learnt_and_told_as_a_regression():
    task, assets = fitted(task=SentenceSimilarity, loss="absolute")
    scored = assets.y["score"]
    assert scored.mean == pytest.approx(3.375)
    _, y = task.encode({"text": "a", "pair": "film", "score": 5.0}, assets, None)
    logits = {"logits": np.array([[0.5]], "float32")}
    expected = abs(0.5 - (5 - 3.375) / np.std([4, 1, 3.5, 5]))
    batch = {name: np.asarray(value)[None] for name, value in y.items()}
    assert float(task.loss(batch, logits)["loss"]) == pytest.approx(expected, rel=1e-5)
    told = task.describe(np.array([4.5]), assets)
    assert told == [{"target": "score", "value": 4.5, "low": None, "high": None}]


def test_a_similarity_is_scored_by_rank_first():
    task = SentenceSimilarity()
    truths = {"score": np.array([0.0, 1, 2, 3, 4]), "score.scaled": np.arange(5.0)}
    guesses = np.array([[0.0], [2], [1], [3], [9]])
    assert task.metric == "spearman"
    assert task.score(guesses, truths)["spearman"] == pytest.approx(0.9)  # 1 - 6 * 2 / (5 * 24)
    check_metrics(task, guesses, truths)
    check_mode(task, better=guesses, worse=-guesses, truths=truths)


def test_two_classes_have_an_f1_and_three_have_none():
    task = SentencePairs()
    answers, truths = np.array([[0.2, 0.8], [0.9, 0.1], [0.4, 0.6], [0.7, 0.3]]), [1, 1, 0, 0]
    truths = {"label": np.array(truths)}
    check_metrics(task, answers, truths)
    assert task.score(answers, truths)["f1"] == pytest.approx(0.5)
    wide = np.c_[answers, np.zeros(4)]
    assert set(task.score(answers, truths)) - set(task.score(wide, truths)) == {"f1"}
    found = intervals(task, answers, truths)
    assert found["f1"]["low"] < 0.5 < found["f1"]["high"] and "f1" not in intervals(
        task, wide, truths
    )


def test_the_class_of_a_threshold_is_the_positive_one():
    task, truths = SentencePairs(), {"label": np.array([0, 0, 1])}
    answers = np.array([[0.4, 0.6], [0.2, 0.8], [0.1, 0.9]])
    reached = np.stack([answers, [[0.3, np.nan]] * 3], axis=-1)  # of the first class
    assert task.score(reached, truths)["f1"] == pytest.approx(2 / 3)
    assert task.score(answers, truths)["f1"] == pytest.approx(1 / 2)


def test_head_dropout_acts_in_training_only():
    task, assets = fitted("two_tower", regularization=Regularization(dropout_rate=0.5))
    model = model_for(task, assets)
    x, _ = task.encode({"text": "fine film", "pair": "good"}, assets, None)
    x = {name: np.stack([ids] * 4) for name, ids in x.items()}
    quiet = np.asarray(model(x)["logits"])
    np.testing.assert_array_equal(np.asarray(model(x)["logits"]), quiet)
    assert not np.allclose(np.asarray(model(x, training=True)["logits"]), quiet)


def test_a_model_of_single_texts_takes_pairs_with_its_own_vocabulary():
    task, assets = fitted()
    alone = assets.x["ids"].__class__(tokenizer=assets.x["ids"].tokenizer, context_length=20)
    x = task.adopted({"ids": alone}, FEATURES)
    assert [column.source for column in x.values()] == ["text", "pair"]
    assert x["pair_ids"].sizes == alone.sizes
    both = Assets(x=x, y=assets.y)
    join = model_for(task, both).get_layer("join")
    assert isinstance(join, JoinedTexts)
    assert join.between == (UNKNOWN_ID,)
    assert task.adopted(x, FEATURES) == x  # one of pairs already


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "fine", "dull", "film"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "fine", "dull", "film"]


def published(roberta=False):
    """The column of a model of single texts with a tokenizer of BERT's or RoBERTa's form."""
    if not roberta:
        text = wordpiece(WORDS)
    else:
        vocabulary = {word: place for place, word in enumerate(ROBERTA)}
        engine = Engine(models.WordLevel(vocabulary, unk_token="<unk>"))
        engine.pre_tokenizer = pre_tokenizers.Whitespace()
        marks = (("</s>", 2), ("<s>", 0))
        engine.post_processor = processors.RobertaProcessing(*marks)
        text = engine.to_str()
    return Text(tokenizer=PublishedTokenizer(text).to_dict(), context_length=12)


@pytest.mark.parametrize(
    ("roberta", "expected"),
    [
        (False, [2, 5, 7, 3, 6, 3, 0]),  # [CLS] fine film [SEP] dull [SEP]
        (True, [0, 4, 6, 2, 2, 5, 2, 1]),  # <s> fine film </s> </s> dull </s>
    ],
)
def test_a_published_tokenizer_marks_pairs_as_its_authors_do(roberta, expected):
    task, assets = fitted()
    both = Assets(x=task.adopted({"ids": published(roberta)}, FEATURES), y=assets.y)
    tokenizer = both.x["ids"].loaded
    assert both.sizes["vocabulary_size"] == tokenizer.vocabulary_size
    assert both.sizes["separator_id"] == tokenizer.separator_id
    x, _ = task.encode({"text": "fine film", "pair": "dull"}, both, None)
    found = np.asarray(joint_of(both.x["ids"])(x["ids"][None], x["pair_ids"][None]))[0]
    assert found.tolist() == expected
    assert tokenizer._engine.encode("fine film", "dull").ids == expected[:-1]


def test_a_published_encoder_tells_both_texts_apart_by_their_types():
    task, assets = fitted()
    both = Assets(x=task.adopted({"ids": published()}, FEATURES), y=assets.y)
    model = assemble(
        registry.model_card("bert_tiny"), task, both, arguments={"num_layers": 1, "hidden_dim": 128}
    )
    types = model.get_layer("backbone").get_layer("token_types")
    assert types.separator_id == 3
    towers = SentencePairs(encoder="two_tower")
    assert "separator_id" not in Assets(towers.adopted({"ids": published()}), {}).sizes


def test_a_model_by_name_takes_two_texts():
    model = build("textcnn", task="sentence_pairs", num_classes=3, vocabulary_size=9)
    assert [tensor.name for tensor in model.inputs] == ["ids", "pair_ids"]
    assert model.output.shape == (None, 3)


def test_an_empty_second_text_is_named():
    task, assets = fitted()
    data = Split({"text": ["a", "b"], "pair": ["c", " "]}, names=["x.csv, line 2", "x.csv, line 3"])
    with pytest.raises(DataError, match=r"The pair of example x\.csv, line 3 is empty"):
        task.units(data, assets, training=False)
    with pytest.raises(DataError, match="An example has no pair"):
        task.encode({"text": "fine"}, assets, None)


@pytest.mark.parametrize("task", [SentencePairs, SentenceSimilarity])
def test_data_of_single_texts_is_refused(task):
    data = Split({"text": TEXTS, "score": np.arange(4.0), "label": np.arange(4) % 2})
    features = {"text": Text(), "label": Label(), "score": Number()}
    with pytest.raises(DataError, match=r"takes pairs of texts; the data holds text") as caught:
        task().fit(data, features=features, classes=CLASSES)
    assert "pair_column" in str(caught.value)
    with pytest.raises(DataError, match="holds image"):
        task().fit(data, features={"image": Image((4, 4, 1)), **features}, classes=CLASSES)


def test_two_columns_of_other_names_are_a_pair():
    data = Split({"premise": TEXTS, "claim": PAIRS, "label": np.arange(4) % 2})
    features = {"premise": Text(), "claim": Text(), "label": Label()}
    assets = SentencePairs().fit(data, features=features, classes=CLASSES)
    assert [column.source for column in assets.x.values()] == ["premise", "claim"]


@pytest.mark.parametrize(
    ("arguments", "error", "named"),
    [
        ({"encoder": "cross_encode"}, UnknownNameError, "nearest: cross_encoder"),
        ({"encoder": None}, UnknownNameError, "None"),
        ({"max_tokens": 5}, ArgumentError, "max_tokens=5 is too few"),
        ({"max_tokens": 0}, ArgumentError, "max_tokens=0"),
        ({"tokenizer": "words"}, UnknownNameError, "nearest: word"),
    ],
)
@pytest.mark.parametrize("task", [SentencePairs, SentenceSimilarity])
def test_arguments_out_of_range_are_refused(task, arguments, error, named):
    with pytest.raises(error, match=named):
        fitted(**({"encoder": "two_tower", "task": task} | arguments))
