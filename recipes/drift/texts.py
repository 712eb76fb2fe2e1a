"""Texts: length, length of words, capitals, digits and marks; the words for the classifier."""

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar, final

import numpy as np

from recipes.drift.kind import Kind, Measure, joined
from zoo.words import bare_words, split_words

MOST_WORDS = 2_000  # of the vocabulary, the most frequent
MOST_OF_ONE = 20_000  # characters of a text that are read
NAMED = 5  # words in a message
FEWEST_TEXTS = 5  # that hold a word, for it to be named


@final
class Texts(Kind):
    """Strings."""

    word: ClassVar[str] = "texts"
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure("length", "words"),
        Measure("length of words", "letters", 2),
        Measure("capitals", "%"),
        Measure("digits", "%"),
        Measure("punctuation", "%"),
        Measure("words that no other text has", "%"),
    )

    def measured(self, values: Sequence[str]) -> np.ndarray:
        """Return the number of words, their mean length, shares of characters, and that of rare words.

        A word is rare if no other text of both samples has it, as most misspelt words are.
        """
        words = [bare_words(text[:MOST_OF_ONE].casefold()) for text in values]
        texts = Counter(word for one in words for word in set(one))
        rare = [np.mean([texts[word] < 2 for word in one]) if one else 0.0 for one in words]
        alone = [_measured(text[:MOST_OF_ONE]) for text in values]
        found = [(*one, share) for one, share in zip(alone, rare, strict=True)]
        return np.array(found).reshape(-1, len(self.measures))

    def features(self, values: Sequence[str], measured: np.ndarray) -> np.ndarray:
        held = _counted(values)
        return joined(measured) if held is None else joined(measured, held[0])

    def words(self, values: Sequence[str], is_second: np.ndarray) -> list[str]:
        held = _counted(values)
        if held is None:
            return []
        counts, vocabulary = (held[0] > 0), held[1]
        shares = np.stack([counts[is_second == side].mean(axis=0) for side in (False, True)])
        enough = counts.sum(axis=0) >= FEWEST_TEXTS
        # How sure the difference of two shares is, in standard errors.
        mean = counts.mean(axis=0)
        error = np.sqrt(mean * (1 - mean) * (1 / is_second.sum() + 1 / (~is_second).sum()))
        sure = np.where(enough & (error > 0), (shares[1] - shares[0]) / np.maximum(error, 1e-9), 0)
        told = []
        for sign, what in ((1, "more frequent"), (-1, "rarer")):
            order = np.argsort(-sign * sure, kind="stable")[:NAMED]
            named = [
                f"{vocabulary[i]} ({100 * shares[0, i]:.0f} → {100 * shares[1, i]:.0f} %)"
                for i in order
                if sign * sure[i] > 3
            ]
            told += [f"words that are {what}: {', '.join(named)}"] if named else []
        return told


def _counted(values: Sequence[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return TF-IDF of the most frequent words, (N, V), and the words; None where there are none."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        tokenizer=split_words, token_pattern=None, max_features=MOST_WORDS, sublinear_tf=True
    )
    try:
        found = vectorizer.fit_transform([text[:MOST_OF_ONE] for text in values])
    except ValueError:  # an empty vocabulary
        return None
    return found.toarray(), vectorizer.get_feature_names_out()


def _measured(text: str) -> tuple[float, ...]:
    words, size = bare_words(text), max(len(text), 1)
    letters = sum(map(len, words)) / max(len(words), 1)
    capitals = sum(sign.isupper() for sign in text) / size
    digits = sum(sign.isdigit() for sign in text) / size
    marks = sum(not (sign.isalnum() or sign.isspace()) for sign in text) / size
    return len(words), letters, capitals, digits, marks
