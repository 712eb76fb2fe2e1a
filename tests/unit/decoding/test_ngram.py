"""N-gram models: Kneser-Ney by its formulas, probabilities that add up to 1, and the ARPA format."""

import math
from collections import Counter

import numpy as np
import pytest

from zoo.decoding.ngram import BEGIN, END, UNKNOWN, fit_ngrams, read_arpa
from zoo.errors import ArgumentError, DataError

WORDS = ("one", "two", "three", "six", "go", "stop")
GENERATOR = np.random.default_rng(0)
SENTENCES = [" ".join(GENERATOR.choice(WORDS, GENERATOR.integers(1, 6))) for _ in range(60)]


def grams(n):
    padded = [[BEGIN, *s.split(), END] for s in SENTENCES]
    return [tuple(w[i : i + n]) for w in padded for i in range(len(w) - n + 1)]


def discount(counts):
    ones, twos = (sum(c == k for c in counts.values()) for k in (1, 2))
    return ones / (ones + 2 * twos) if ones and twos else 0.5


def bigram_probability(word, before):
    """Interpolated Kneser-Ney of order 2, written out (Chen and Goodman 1999, eq. 24 and 26)."""
    pairs = Counter(grams(2))
    after = Counter({w: len({a for a, b in pairs if b == w}) for w in (*WORDS, END)})
    d, total = discount(after), sum(after.values())
    uniform = d * len(after) / total / (len(after) + 1)
    unigram = max(after[word] - d, 0) / total + uniform
    of_context = {b: c for (a, b), c in pairs.items() if a == before}
    d, total = discount(pairs), sum(of_context.values())
    return max(of_context.get(word, 0) - d, 0) / total + d * len(of_context) / total * unigram


def test_bigrams_are_those_of_the_formula():
    model = fit_ngrams(SENTENCES, order=2)
    for before in (BEGIN, *WORDS):
        for word in (*WORDS, END):
            found = math.exp(model.log_probability([before], word))
            assert found == pytest.approx(bigram_probability(word, before), rel=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_of_all_words_add_up_to_one(order):
    model = fit_ngrams(SENTENCES, order=order)
    histories = [
        (),
        (BEGIN,),
        ("two",),
        ("never", "six"),
        (BEGIN, "one", "six"),
        ("go", "go", "go"),
    ]
    for history in histories:
        total = sum(math.exp(model.log_probability(history, w)) for w in (*WORDS, END, UNKNOWN))
        assert total == pytest.approx(1, abs=1e-9)


def test_what_was_never_seen_counts_as_unknown():
    model = fit_ngrams(SENTENCES, order=3)
    history = (BEGIN, "go")
    unknown = model.log_probability(history, UNKNOWN)
    assert model.log_probability(history, "hullabaloo") == unknown
    assert unknown < min(model.log_probability(history, word) for word in WORDS)


def test_a_model_survives_its_file():
    model = fit_ngrams(SENTENCES, order=3)
    text = model.to_arpa()
    again = read_arpa(text)
    assert again.order == 3 and again.to_arpa() == text
    for history in ((), (BEGIN,), ("six", "go"), ("never", "go")):
        for word in (*WORDS, END):
            expected = model.log_probability(history, word)
            assert again.log_probability(history, word) == pytest.approx(expected, abs=1e-5)


def test_a_file_as_others_write_it_is_read():
    text = (
        "\\data\\\nngram 1=4\nngram 2=1\n\n\\1-grams:\n-99 <s> -0.3\n-0.5\t</s>\n-1 <unk>\n"
        "-0.4\tgo\t-0.2\n\n\\2-grams:\n-0.1\t<s> go\n\n\\end\\\n"
    )
    model = read_arpa(text)
    assert model.log_probability((BEGIN,), "go") == pytest.approx(-0.1 * math.log(10))
    assert model.log_probability(("go",), END) == pytest.approx(-0.7 * math.log(10))


@pytest.mark.parametrize("line", ["-0.4 go home now", "minus go", "-1"])
def test_a_damaged_line_is_named(line):
    text = f"\\data\\\n\n\\1-grams:\n{line}\n"
    with pytest.raises(DataError, match="Line 4 of the language model"):
        read_arpa(text)


def test_what_gives_no_model_is_refused():
    with pytest.raises(ArgumentError, match="order=0"):
        fit_ngrams(SENTENCES, order=0)
    with pytest.raises(DataError, match="no words"):
        fit_ngrams(["", " "])
    with pytest.raises(DataError, match="no probability of"):
        read_arpa("\\1-grams:\n-1 go\n")
