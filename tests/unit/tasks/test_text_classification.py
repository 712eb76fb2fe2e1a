"""Text classification: texts to ids, what is cut, what is refused."""

import json

import keras
import numpy as np
import pytest

from zoo.columns import Image, Label, Text
from zoo.columns.assets import Assets
from zoo.columns.text import length_buckets
from zoo.data.dataset import Split
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.models.text.textcnn import textcnn
from zoo.regularization import Regularization
from zoo.task_model import TaskModel
from zoo.tasks.text_classification import TextClassification
from zoo.testing import check_task
from zoo.tokenizers import UNKNOWN_ID

TEXTS = ["A fine film.", "a dull film", "Fine, fine!", "dull"]
LABELS = np.array([1, 0, 1, 0])
FEATURES = {"text": Text(), "label": Label()}
CLASSES = ("bad", "good")


def fitted(texts=TEXTS, **arguments):
    """Return a task and what it learned from `texts`."""
    task = TextClassification(**arguments)
    split = Split({"text": list(texts), "label": np.arange(len(texts)) % 2})
    return task, task.fit(split, features=FEATURES, classes=CLASSES)


def encoded(task, assets, text):
    return task.encode({"text": text}, assets, None)[0]["ids"]


def model_for(task, assets):
    keras.utils.set_random_seed(1)
    backbone = textcnn(
        vocabulary_size=assets.sizes["vocabulary_size"], embedding_dim=4, num_filters=3
    )
    return TaskModel(task.build(backbone, assets), task=task)


def test_the_methods_fit_together():
    task, assets = fitted()
    example = {"text": "a fine film", "label": 1}
    check_task(task, assets, model_for(task, assets), example)


def test_ids_are_those_of_the_words_of_train():
    task, assets = fitted()
    ids = encoded(task, assets, "fine FILM unheard")
    assert ids.dtype == np.int32
    assert ids[2] == UNKNOWN_ID
    np.testing.assert_array_equal(ids[:2], encoded(task, assets, "Fine film"))
    assert assets.sizes["vocabulary_size"] == 2 + len({"a", "fine", "film", ".", "dull", ",", "!"})
    assert assets.classes == CLASSES


@pytest.mark.parametrize("tokenizer", ["word", "character", "bpe"])
def test_assets_from_json_encode_the_same(tokenizer):
    task, assets = fitted(tokenizer=tokenizer)
    again = Assets.from_dict(json.loads(json.dumps(assets.to_dict())))
    assert again == assets
    for text in (*TEXTS, "unheard"):
        np.testing.assert_array_equal(
            encoded(TextClassification(), again, text), encoded(task, assets, text)
        )


def test_one_task_serves_several_assets():
    task, first = fitted()
    _, second = fitted(["other words", "film"])
    assert encoded(task, first, "film").tolist() != encoded(task, second, "film").tolist()
    np.testing.assert_array_equal(encoded(task, first, "film"), encoded(fitted()[0], first, "film"))


def test_a_very_long_text_is_cut():
    task, assets = fitted(max_tokens=50)
    ids = encoded(task, assets, "fine film " * 50_000)
    assert ids.size == 50
    np.testing.assert_array_equal(ids, encoded(task, assets, "fine film " * 25))
    assert assets.sizes["context_length"] == 50


@pytest.mark.parametrize("text", ["", " ", "\n\t  \N{NO-BREAK SPACE}"])
def test_an_empty_text_is_refused(text):
    task, assets = fitted()
    with pytest.raises(DataError, match="is not a text") as caught:
        encoded(task, assets, text)
    assert repr(text) in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 4


@pytest.mark.parametrize("value", [3, b"fine", np.zeros(3), ["fine"]])
def test_what_is_no_text_is_refused(value):
    task, assets = fitted()
    with pytest.raises(DataError, match="is not a text"):
        encoded(task, assets, value)


def test_an_example_without_a_text_is_refused():
    task, assets = fitted()
    with pytest.raises(DataError, match="An example has no text"):
        encoded(task, assets, None)


def test_an_empty_text_among_examples_is_named():
    task, assets = fitted()
    split = Split({"text": ["fine", " "], "label": LABELS[:2]}, names=["a.txt", "b.txt"])
    with pytest.raises(DataError, match=r"example b\.txt is empty"):
        task.units(split, assets, training=False)
    whole = split.take([0])
    assert task.units(whole, assets, training=True) is whole


def test_examples_without_text_are_refused():
    split = Split({"image": np.zeros((2, 4, 4, 1), "uint8"), "label": LABELS[:2]})
    features = {"image": Image((4, 4, 1)), "label": Label()}
    with pytest.raises(DataError, match=r"takes texts; the data holds image \(images\), label"):
        TextClassification().fit(split, features=features, classes=CLASSES)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"max_tokens": 0}, "max_tokens=0"),
        ({"max_tokens": True}, "max_tokens=True"),
        ({"max_tokens": 10**6}, "max_tokens=1000000"),
        ({"lowercase": "no"}, "lowercase='no'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, named):
    with pytest.raises(ArgumentError, match=named):
        TextClassification(**arguments)


def test_an_unknown_tokenizer_is_refused_when_fitting():
    with pytest.raises(UnknownNameError, match="nearest: word"):
        fitted(tokenizer="words")


def test_labels_are_encoded_where_there_are_some():
    task, assets = fitted()
    _, y = task.encode({"text": "fine", "label": 1}, assets, None)
    assert y["label"] == 1 and y["label"].dtype == np.int64
    assert task.encode({"text": "fine"}, assets, None)[1] == {}


def test_batches_are_padded_to_the_edge_of_a_bucket():
    task, assets = fitted(max_tokens=30)
    texts = ["fine " * count for count in (3, 8, 9, 40)]
    split = Split({"text": texts, "label": LABELS})
    batches = Encoded(split, task, assets)
    widths = [batches.batch(np.array(rows))[0]["ids"].shape for rows in ([0], [0, 1], [2], [1, 3])]
    assert widths == [(1, 8), (2, 8), (1, 16), (2, 30)]


@pytest.mark.parametrize(
    ("longest", "expected"),
    [
        (1, (1,)),
        (8, (8,)),
        (9, (8, 9)),
        (64, (8, 16, 24, 32, 48, 64)),
        (100, (8, 16, 24, 32, 48, 64, 96, 100)),
    ],
)
def test_buckets_grow_by_half_at_most_and_end_at_the_longest(longest, expected):
    assert length_buckets(longest) == expected


def test_head_dropout_acts_in_training_only():
    task, assets = fitted(regularization=Regularization(dropout_rate=0.5))
    model = model_for(task, assets)
    x = {"ids": np.stack([encoded(task, assets, "a fine film")] * 4)}
    quiet = np.asarray(model(x)["logits"])
    np.testing.assert_array_equal(np.asarray(model(x)["logits"]), quiet)
    assert not np.allclose(np.asarray(model(x, training=True)["logits"]), quiet)


def test_the_loss_uses_label_smoothing():
    logits, labels = np.float32([[2, -1], [0, 3]]), np.array([0, 1])
    task = TextClassification(regularization=Regularization(label_smoothing=0.2))
    theirs = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    ours = task.loss({"label": labels}, {"logits": logits})
    assert float(ours["loss"]) == pytest.approx(float(theirs(np.eye(2), logits)), rel=1e-5)
    assert float(ours["accuracy"]) == 1


def test_predictions_do_not_depend_on_what_else_is_asked():
    task, assets = fitted()
    model = model_for(task, assets)
    split = Split({"text": ["fine film", "a dull film , " * 6], "label": LABELS[:2]})
    batches = Encoded(split, task, assets)
    together = task.decode(model, batches.batch(np.arange(2))[0], assets)
    alone = task.decode(model, batches.batch(np.arange(1))[0], assets)
    np.testing.assert_allclose(alone[0], together[0], atol=1e-6)
    (best, worst) = task.describe(together[0], assets)
    assert {best["label"], worst["label"]} == set(CLASSES)
    assert best["probability"] >= worst["probability"]
