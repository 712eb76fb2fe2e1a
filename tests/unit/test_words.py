"""Words: a character with its marks is one character, in every script with spaces."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.words import bare_words, split_words

SENTENCES = {  # words divided by blanks alone
    "Hindi": "आधुनिक मानक हिन्दी",
    "Telugu": "ప్రధానమంత్రిని కలుసుకున్నారు",
    "Bengali": "বাংলা ভাষা",
    "Tamil": "தமிழ் மொழி",
    "Malayalam, with a joiner": "അവന്\N{ZERO WIDTH JOINER} വന്നു",
    "Hebrew with points": "עִבְרִית יָפָה",
    "Arabic with vowels": "العَرَبِيَّة لُغَةٌ",
    "Persian, with a non-joiner": "می\N{ZERO WIDTH NON-JOINER}خواهم کتاب\N{ZERO WIDTH NON-JOINER}ها",
    "Turkish in lower case": "İstanbul İzmir".lower(),
    "an accent that no letter is composed with": "q\N{COMBINING TILDE}ue n\N{COMBINING GRAVE ACCENT}ot",
    "a soft hyphen": "Zusammen\N{SOFT HYPHEN}arbeit co\N{SOFT HYPHEN}operate",
    "an enclosed digit": "3\N{VARIATION SELECTOR-16}\N{COMBINING ENCLOSING KEYCAP} 4",
    "pictures": "❤\N{VARIATION SELECTOR-16} 👍🏽 👩\N{ZERO WIDTH JOINER}👧",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_character_with_its_marks_is_one_character(name):
    assert split_words(SENTENCES[name]) == unicodedata.normalize("NFC", SENTENCES[name]).split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("נָא-לֹא!", ["נָא", "-", "לֹא", "!"]),
        ("हाँ।", ["हाँ", "।"]),
        ("don't i\N{COMBINING DOT ABOVE}sn't", ["do", "n't", "i̇s", "n't"]),
        ("\N{COMBINING ACUTE ACCENT}a", ["\N{COMBINING ACUTE ACCENT}", "a"]),
        ("a\N{ZERO WIDTH SPACE}b", ["a", "\N{ZERO WIDTH SPACE}", "b"]),
        ("שלום\N{RIGHT-TO-LEFT MARK}.", ["שלום", "\N{RIGHT-TO-LEFT MARK}", "."]),
    ],
)
def test_punctuation_ends_words_in_every_script(text, words):
    assert split_words(text) == [unicodedata.normalize("NFC", word) for word in words]


# Letters, digits, signs and white space of many scripts, no marks and nothing invisible.
PLAIN = st.text(st.characters(exclude_categories=("M", "Cf", "Cs", "Sk")), max_size=80)
AS_BEFORE = re.compile(r"\w+(?=n't\b)|n't\b|'(?:s|m|d|re|ve|ll)\b|\w+|([^\w\s])\1*")


@given(PLAIN | st.text("don't 's é漢ß42,.-", max_size=40))
@settings(max_examples=300)
def test_texts_without_marks_are_cut_as_by_the_plain_rule(text):
    composed = unicodedata.normalize("NFC", text).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if not any(unicodedata.category(character)[0] == "M" for character in composed):
        assert split_words(text) == [match.group() for match in AS_BEFORE.finditer(composed)]


MARKED = st.text("ae'n s\N{COMBINING TILDE}िक-!\N{SOFT HYPHEN}\N{ZERO WIDTH JOINER}", max_size=30)


@given(st.text(max_size=60) | MARKED)
@settings(max_examples=300)
def test_a_mark_alone_follows_white_space(text):
    composed, place = unicodedata.normalize("NFC", text), 0
    for piece in split_words(composed.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
        place += len(composed[place:]) - len(composed[place:].lstrip())
        if unicodedata.category(piece[0])[0] == "M":
            assert place == 0 or composed[place - 1].isspace()
        place += len(piece)
    assert not composed[place:].strip()


def test_words_with_many_marks_are_cut_in_linear_time():
    assert len(split_words("e\N{COMBINING TILDE}\N{COMBINING TILDE}" * 200_000)) == 1
    assert len(split_words("n" + "\N{SOFT HYPHEN}" * 300_000)) == 2


def test_bare_words_keep_their_marks_and_lose_punctuation():
    assert bare_words("हाँ, isn't!") == ["हाँ", "isn", "t"]
    assert bare_words("कमल") != bare_words("कामल")
