"""Tokenizers: what goes in comes out, and the state survives JSON."""

import itertools
import json
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.subword_tokenizer import SPACE_MARK, SubwordTokenizer
from zoo.tokenizers import (
    KINDS,
    PADDING_ID,
    UNKNOWN_ID,
    BytePairTokenizer,
    CharacterTokenizer,
    WordTokenizer,
    byte_alphabet,
    fit_tokenizer,
    load_tokenizer,
    split_words,
)

TEXTS = (
    "The film isn't good, it's great!",
    "a film -- a GREAT film -- about nothing...",
    "naïve café 漢字 <pad> <unk> 42",
)
texts = st.text(max_size=60)
every_kind = pytest.mark.parametrize("kind", KINDS)
quick = settings(max_examples=25, deadline=None)


def fitted(kind, **arguments):
    return fit_tokenizer(kind, TEXTS, **{"vocabulary_size": 300} | arguments)


BPE = fitted("bpe")


# --- all kinds


@every_kind
def test_ids_are_int32_and_never_padding(kind):
    tokenizer = fitted(kind)
    for text in (*TEXTS, "unseen: žluťoučký\t\n"):
        ids = tokenizer.encode(text)
        assert ids.dtype == np.int32
        assert ids.ndim == 1
        assert ids.min() > PADDING_ID
        assert ids.max() < tokenizer.vocabulary_size


@every_kind
def test_the_state_survives_json(kind):
    tokenizer = fitted(kind, lowercase=True)
    state = json.loads(json.dumps(tokenizer.to_dict(), ensure_ascii=False))
    again = load_tokenizer(state)
    assert again.to_dict() == tokenizer.to_dict()
    assert again.vocabulary_size == tokenizer.vocabulary_size
    for text in (*TEXTS, "Something ELSE"):
        np.testing.assert_array_equal(again.encode(text), tokenizer.encode(text))


@every_kind
def test_fitting_again_gives_the_same(kind):
    assert fitted(kind).to_dict() == fitted(kind).to_dict()
    assert fit_tokenizer(kind, iter(TEXTS), vocabulary_size=300).to_dict() == fitted(kind).to_dict()


@every_kind
def test_padding_is_left_out_when_decoding(kind):
    tokenizer = fitted(kind)
    ids = tokenizer.encode("film")
    assert tokenizer.decode([*ids, PADDING_ID, PADDING_ID]) == "film"


@every_kind
def test_an_empty_text_has_no_ids(kind):
    tokenizer = fitted(kind)
    assert tokenizer.encode("").shape == (0,)
    assert tokenizer.decode([]) == ""


@every_kind
def test_lowercasing_makes_case_not_matter(kind):
    tokenizer = fitted(kind, lowercase=True)
    np.testing.assert_array_equal(tokenizer.encode("GREAT Film"), tokenizer.encode("great film"))
    other = fitted(kind, lowercase=False)
    assert other.encode("GREAT Film").tolist() != other.encode("great film").tolist()


@every_kind
def test_the_vocabulary_is_no_larger_than_asked_for(kind):
    sizes = [fitted(kind, vocabulary_size=size).vocabulary_size for size in (258, 270, 10_000)]
    assert sizes[0] <= 258 and sizes[1] <= 270
    assert sizes == sorted(sizes)


@every_kind
@pytest.mark.parametrize("wrong", [-1, 10**6])
def test_an_id_that_does_not_exist_is_refused(kind, wrong):
    with pytest.raises(ArgumentError, match=f"no id {wrong}"):
        fitted(kind).decode([wrong])


@every_kind
@pytest.mark.parametrize(
    "arguments",
    [{"vocabulary_size": 2}, {"vocabulary_size": True}, {"min_count": 0}, {"min_count": 1.5}],
)
def test_numbers_out_of_range_are_refused(kind, arguments):
    with pytest.raises(ArgumentError, match=next(iter(arguments))):
        fitted(kind, **arguments)


def test_an_unknown_kind_is_refused_naming_the_nearest():
    with pytest.raises(UnknownNameError, match="character"):
        fitted("characters")


@every_kind
def test_half_a_character_is_refused(kind):
    with pytest.raises(DataError, match="not valid Unicode"):
        fit_tokenizer(kind, ["a\ud800b"], vocabulary_size=300)


@pytest.mark.parametrize("kind", ["word", "character", "subword"])
def test_texts_with_nothing_in_them_are_refused(kind):
    with pytest.raises(DataError, match="nothing"):
        fit_tokenizer(kind, ["", ""], vocabulary_size=300)


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"kind": "word"},
        {"kind": "words", "lowercase": True, "words": []},
        {"kind": "word", "lowercase": 1, "words": ["a"]},
        {"kind": "word", "lowercase": True, "words": [1]},
        {"kind": "word", "lowercase": True, "words": ["a"], "joins_marks": 1},
        {"kind": "word", "lowercase": True, "words": "ab"},
        {"kind": "character", "lowercase": True, "characters": ["a"]},
        {"kind": ["bpe"], "lowercase": True, "merges": []},
    ],
)
def test_a_damaged_state_is_refused(state):
    with pytest.raises(DataError, match="not those of a tokenizer"):
        load_tokenizer(state)


# --- words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It isn't 3,000 -- it's fewer...", "It is n't 3 , 000 -- it 's fewer ..."),
        ("it is n't , i can’t", "it is n't , i ca n't"),
        ("(a)?!  \t\nb", "( a ) ? ! b"),
        ("l'été d'Ève", "l ' été d ' Ève"),
        ("rock'n'roll O'Neill", "rock ' n ' roll O ' Neill"),
        ("snake_case x2", "snake_case x2"),
    ],
)
def test_words_are_cut_as_readers_expect(text, words):
    assert split_words(text) == words.split()


def test_an_accent_is_one_character_however_it_is_written():
    assert split_words("cafe\N{COMBINING ACUTE ACCENT}") == ["café"]


@given(texts)
@quick
def test_words_lose_nothing_but_white_space(text):
    composed = unicodedata.normalize("NFC", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    assert "".join(split_words(text)) == "".join(composed.split())


@given(texts)
@quick
def test_known_words_come_back_one_by_one(text):
    words = split_words(text)
    if words:
        tokenizer = fit_tokenizer("word", [text], vocabulary_size=1000)
        ids = tokenizer.encode(text)
        assert tokenizer.decode(ids) == " ".join(words)
        np.testing.assert_array_equal(tokenizer.encode(tokenizer.decode(ids)), ids)


def test_words_that_an_older_version_fitted_are_found_as_it_cut_them():
    text = "हिन्दी भाषा"
    old = load_tokenizer({"kind": "word", "lowercase": True, "words": ["ह", "ि", "भ"]})
    assert old.encode(text).tolist()[:2] == [2, 3]
    again = load_tokenizer(json.loads(json.dumps(old.to_dict())))
    np.testing.assert_array_equal(again.encode(text), old.encode(text))
    new = fit_tokenizer("word", [text], vocabulary_size=10)
    assert load_tokenizer(new.to_dict()).decode(new.encode(text)) == text


def test_the_most_frequent_words_are_kept_ties_in_alphabetical_order():
    tokenizer = fit_tokenizer("word", ["c c b a a d"], vocabulary_size=5)
    assert tokenizer.words == ("a", "c", "b")
    assert tokenizer.encode("d a").tolist() == [UNKNOWN_ID, 2]


def test_rare_words_are_left_out():
    assert fit_tokenizer("word", ["a a b"], vocabulary_size=9, min_count=2).words == ("a",)


def test_a_very_long_word_is_cut_in_linear_time():
    assert [len(word) for word in split_words("n" * 1_000_000 + "'t")] == [999_999, 3]


# --- characters


@given(texts.filter(bool))
@quick
def test_known_characters_come_back_exactly(text):
    tokenizer = fit_tokenizer("character", [text], vocabulary_size=1000)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_an_unknown_character_has_an_id_of_its_own():
    tokenizer = CharacterTokenizer("ab", lowercase=False)
    assert tokenizer.encode("axb").tolist() == [2, UNKNOWN_ID, 3]
    assert tokenizer.decode([2, UNKNOWN_ID, 3]) == "a\N{REPLACEMENT CHARACTER}b"


# --- subwords


@given(texts.filter(bool))
@quick
def test_known_characters_come_back_exactly_from_subwords(text):
    text = text.replace(SPACE_MARK, " ")
    tokenizer = fit_tokenizer("subword", [text, text], vocabulary_size=200)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_subwords_begin_with_their_space_and_never_cross_one():
    tokenizer = fit_tokenizer("subword", ["ten ten ten net"] * 9, vocabulary_size=40)
    assert f"{SPACE_MARK}ten" in tokenizer.pieces
    assert all(SPACE_MARK not in piece[1:] for piece in tokenizer.pieces)
    first, second = tokenizer.encode("ten ten").tolist()
    assert first == second  # the first word has a space as well
    assert tokenizer.characters == {*"ten "}


def test_every_merge_of_subwords_is_of_a_most_frequent_pair():
    words = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    texts = [word for word, count in words.items() for _ in range(count)]
    tokenizer = fit_tokenizer("subword", texts, vocabulary_size=2 + 11 + 8)
    parts = {word: [SPACE_MARK, *word] for word in words}
    assert tokenizer.pieces[:11] == tuple(sorted({*SPACE_MARK, *"lowernstid"}))
    for merge in tokenizer.merges:
        pairs = Counter()
        for word, count in words.items():
            for pair in itertools.pairwise(parts[word]):
                pairs[pair] += count
        pair = tuple(merge.split(" "))
        assert pairs[pair] == max(pairs.values())
        parts = {word: merged(items, pair) for word, items in parts.items()}
    for word, items in parts.items():
        ids = tokenizer.encode(word)
        assert [tokenizer.pieces[i - 2] for i in ids] == items


def test_an_unknown_character_of_subwords_has_an_id_of_its_own():
    tokenizer = fit_tokenizer("subword", ["ab ab"], vocabulary_size=9)
    unknown = tokenizer.encode("ab<unk>") == UNKNOWN_ID
    assert unknown.sum() == len("<unk>")
    assert tokenizer.decode(tokenizer.encode("aßb")) == "a\N{REPLACEMENT CHARACTER}b"
    spelt = fit_tokenizer("subword", ["a<unk>", "b<unk>"] * 9, vocabulary_size=40)
    assert "<unk>" in spelt.pieces
    assert spelt.encode("a<unk>ß").tolist().count(UNKNOWN_ID) == 1


def test_where_not_all_characters_are_kept_the_most_frequent_are():
    tokenizer = fit_tokenizer("subword", ["aaa bb c"], vocabulary_size=5)
    assert tokenizer.pieces == ("a", "b", SPACE_MARK) and not tokenizer.merges


@pytest.mark.parametrize(
    "changed",
    [{"pieces": "ab"}, {"pieces": None}, {"merges": [1]}, {"lowercase": None}, {"merges": None}],
)
def test_a_damaged_state_of_subwords_is_refused(changed):
    state = fit_tokenizer("subword", ["ab ab"], vocabulary_size=9).to_dict()
    with pytest.raises(DataError, match="not those of subwords"):
        load_tokenizer(state | changed)


@pytest.mark.parametrize("merge", ["a", "a b c", "b a", "a z"])
def test_a_merge_that_makes_no_piece_is_refused(merge):
    with pytest.raises(DataError, match="merge"):
        SubwordTokenizer(["a", "b", "ab"], [merge], lowercase=False)


# --- byte pairs


@given(texts)
@quick
def test_any_text_comes_back_exactly_from_byte_pairs(text):
    ids = BPE.encode(text)
    assert BPE.decode(ids) == text
    assert UNKNOWN_ID not in ids


@pytest.mark.parametrize("text", ["<pad>", "<unk> </s>", "\x00\x1f\x7f", " \n\n \t", "🙂‍↕️", "Ġ"])
def test_nothing_is_taken_for_a_special_sign(text):
    assert BPE.decode(BPE.encode(text)) == text


def test_byte_pairs_shorten_what_they_were_trained_on():
    tokenizer = fit_tokenizer("bpe", ["the film " * 20], vocabulary_size=270)
    assert tokenizer.encode("the film the film").size <= 5
    assert tokenizer.encode("xyz").tolist() == [2 + ord(letter) for letter in "xyz"]


def merged(items, pair):
    """Join each occurrence of a pair of neighbours, from the left."""
    out = []
    for item in items:
        if out and (out[-1], item) == pair:
            out[-1] += item
        else:
            out.append(item)
    return out


def test_every_merge_is_of_a_most_frequent_pair():
    """The algorithm of 1508.07909, figure 1, on its own example."""
    counts = {"low": 5, "lower": 2, "newest": 6, "widest": 3}
    texts = [word for word, count in counts.items() for _ in range(count)]
    merges = fit_tokenizer("bpe", texts, vocabulary_size=258 + 8).merges
    assert len(merges) == 8
    parts = {word: list(word) for word in counts}
    for merge in merges:
        pairs = Counter()
        for word, count in counts.items():
            for pair in itertools.pairwise(parts[word]):
                pairs[pair] += count
        pair = tuple(merge.split(" "))
        assert pairs[pair] == max(pairs.values())
        parts = {word: merged(items, pair) for word, items in parts.items()}


def test_an_unfinished_character_decodes_to_a_replacement():
    ids = BytePairTokenizer([], lowercase=False).encode("é")
    assert ids.size == 2
    tokenizer = BytePairTokenizer([], lowercase=False)
    assert tokenizer.decode(ids[:1]) == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("merge", ["ab c", "ab", "a b c", "a  b"])
def test_a_merge_of_unknown_parts_is_refused(merge):
    with pytest.raises(DataError, match="merge"):
        BytePairTokenizer([merge], lowercase=False)


def test_the_byte_alphabet_is_the_librarys():
    from tokenizers.pre_tokenizers import ByteLevel

    assert sorted(byte_alphabet()) == sorted(ByteLevel.alphabet())
    (piece,) = ByteLevel(add_prefix_space=False, use_regex=False).pre_tokenize_str("é\x00 A")
    assert piece[0] == "".join(byte_alphabet()[byte] for byte in "é\x00 A".encode())


def test_a_tokenizer_made_by_hand_is_what_its_words_say():
    tokenizer = WordTokenizer(["b", "a"], lowercase=True)
    assert tokenizer.vocabulary_size == 4
    assert tokenizer.encode("A b c").tolist() == [3, 2, UNKNOWN_ID]
