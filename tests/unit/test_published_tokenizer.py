"""Tokenizers of published weights: made of a vocabulary, cut texts, and files not to be trusted."""

import json

import numpy as np
import pytest

from zoo import published_tokenizer
from zoo.columns import Text
from zoo.errors import DataError
from zoo.published_tokenizer import PublishedTokenizer, wordpiece
from zoo.tokenizers import load_tokenizer

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "fine", "##r", "film", "!"]


def made():
    return PublishedTokenizer(wordpiece(WORDS))


def test_a_trip_through_json_keeps_the_ids():
    state = json.loads(json.dumps(made().to_dict()))
    again = load_tokenizer(state)
    text = "A finer FILM!"
    assert again.encode(text).tolist() == made().encode(text).tolist() == [2, 5, 6, 7, 8, 9, 3]
    assert again.vocabulary_size == len(WORDS)
    assert again.decode(again.encode(text)) == "a finer film!"


@pytest.mark.parametrize("length, ids", [(7, [2, 5, 6, 7, 8, 9, 3]), (4, [2, 5, 6, 3]), (1, [3])])
def test_a_cut_text_keeps_the_mark_at_its_end(length, ids):
    assert made().encode("A finer FILM!", length=length).tolist() == ids


def test_marks_and_what_is_unknown_have_ids_of_their_own():
    tokenizer = made()
    assert (tokenizer.padding_id, tokenizer.unknown_id, tokenizer.separator_id) == (0, 1, 3)
    assert tokenizer.kept_ids == (0, 1, 2, 3, 4)
    assert tokenizer.encode("zebra").tolist() == [2, 1, 3]


def test_a_column_pads_with_the_tokenizer_s_own_padding():
    words = ["[UNK]", "[PAD]", *WORDS[2:]]
    column = Text(PublishedTokenizer(wordpiece(words)).to_dict(), context_length=4)
    assert column.specs()[""].padding == 1
    assert column.encode("a film a film")[""].tolist() == [2, 5, 8, 3]
    assert column.sizes == {"vocabulary_size": len(WORDS), "context_length": 4}


def test_word_dropout_leaves_marks_as_they_are():
    from zoo.regularization import Regularization
    from zoo.transforms.text import text_changes

    column = Text(made().to_dict())
    (change,) = text_changes(Regularization(word_dropout_rate=0.999), column).values()
    ids = np.array([[2, 5, 6, 8, 3, 0]], "int32")
    assert change(ids, (0, 1)).numpy().tolist() == [[2, 1, 1, 1, 3, 0]]


@pytest.mark.parametrize(
    "text, problem",
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "has no model"),
        ("{}", "has no model"),
        ('{"model": {"type": "Pickle"}}', "a model of the type 'Pickle'"),
        ('{"model": {"type": "BPE"}, "code": "x"}', "unknown parts: code"),
        ('{"model": {"type": "WordPiece", "vocab": 3}}', "is not a tokenizer"),
    ],
)
def test_what_is_not_a_tokenizer_is_refused(text, problem):
    with pytest.raises(DataError, match=problem):
        PublishedTokenizer(text)


def test_a_long_pattern_and_a_large_file_are_refused(monkeypatch):
    values = json.loads(wordpiece(WORDS))
    pattern = {"type": "Split", "pattern": {"Regex": "(a+)+" * 400}, "behavior": "Isolated"}
    values["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [pattern]}
    with pytest.raises(DataError, match="a pattern of 2,000 characters"):
        PublishedTokenizer(json.dumps(values))
    monkeypatch.setattr(published_tokenizer, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="characters"):
        made()


def test_a_tokenizer_without_padding_is_refused():
    values = json.loads(wordpiece(WORDS).replace("[PAD]", "[NIL]"))
    with pytest.raises(DataError, match="no token for padding"):
        PublishedTokenizer(json.dumps(values))


@pytest.mark.parametrize("words, problem", [(WORDS[1:], "[PAD]"), ([*WORDS, "film"], "twice")])
def test_a_vocabulary_without_marks_or_with_a_word_twice_is_refused(words, problem):
    with pytest.raises(DataError, match=problem.strip("[]")):
        wordpiece(words)


def test_a_state_without_text_is_refused():
    with pytest.raises(DataError, match="is not text"):
        load_tokenizer({"kind": "published", "lowercase": False})
