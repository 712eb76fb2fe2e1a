"""Simple models of two texts: how many words they share, and TF-IDF of what they share and do not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from recipes.baseline import texts
from recipes.baseline.fit import PAIR
from recipes.baseline.shallow import Shallow
from zoo.columns import Column
from zoo.data.dataset import Split
from zoo.words import split_words

CHARACTERS = (2, 4)  # lengths of the n-grams within words
MOST_NGRAMS = 50_000
OVERLAPS = 6  # numbers of a pair
Pair = tuple[str, str]


def values_of(split: Split, column: Column, name: str, places: Sequence[int]) -> list[Pair]:
    """Return the beginnings of both texts; arguments as in `recipes.baseline.images.values_of`.

    Raises:
        DataError: a text is absent or holds nothing but blanks.
    """
    first, second = (texts.values_of(split, column, one, places) for one in PAIR)
    return list(zip(first, second, strict=True))


def most_examples(split: Split, column: Column, name: str) -> int:
    """Return how many examples of train are read, by the length of a few of them."""
    return min(texts.most_examples(split, column, one) for one in PAIR) // 2


def models_for(values: Sequence[Pair]) -> tuple[Shallow, ...]:
    """Return the simple models for pairs of texts."""
    return (
        Shallow(
            "logistic regression on word overlap",
            "word overlap",
            transformer=lambda: make_pipeline(Overlap(), StandardScaler()),
            classifier=lambda strength: LogisticRegression(C=strength, max_iter=texts.ITERATIONS),
            strengths=texts.REGRESSION_STRENGTHS,
            features=OVERLAPS,
        ),
        Shallow(
            "TF-IDF of shared and other words",
            "TF-IDF of shared and other words",
            transformer=Differences,
            classifier=lambda strength: OneVsRestClassifier(
                LogisticRegression(C=strength, solver="liblinear", max_iter=texts.ITERATIONS)
            ),
            strengths=texts.REGRESSION_STRENGTHS,
        ),
    )


class Overlap(TransformerMixin, BaseEstimator):
    """Six numbers of a pair: cosines of words and of characters, shares of words, and lengths.

    They are the cosine of TF-IDF of words, that of pieces of words, the share of each text's different
    words that the other has, the same of both together, and the logarithm of the quotient of lengths.
    """

    def fit(self, pairs: Sequence[Pair], labels: Any = None) -> "Overlap":
        """Learn the frequencies of words and of pieces of words."""
        every = [text for pair in pairs for text in pair]
        self.words_ = _words(ngram_range=(1, 1)).fit(every)
        self.pieces_ = TfidfVectorizer(
            analyzer="char_wb", ngram_range=CHARACTERS, max_features=MOST_NGRAMS
        ).fit(every)
        return self

    def transform(self, pairs: Sequence[Pair]) -> np.ndarray:
        """Return the numbers, float64 (N, 6)."""
        first, second = zip(*pairs, strict=True)
        cosines = []
        for vectors in (self.words_, self.pieces_):
            product = vectors.transform(first).multiply(vectors.transform(second))
            cosines.append(np.asarray(product.sum(axis=1)).ravel())
        counted = np.array([_shares(one, other) for one, other in pairs])
        return np.column_stack([*cosines, counted])


class Differences(TransformerMixin, BaseEstimator):
    """TF-IDF, for each word and pair of neighbours, of what both texts have and of what one has.

    Which of the two has it makes a difference, as it does where one sentence follows from the other.
    """

    def fit(self, pairs: Sequence[Pair], labels: Any = None) -> "Differences":
        """Learn the frequencies of words, and scale the numbers of `Overlap`."""
        self.words_ = _words(ngram_range=(1, 2)).fit([text for pair in pairs for text in pair])
        self.overlap_ = make_pipeline(Overlap(), StandardScaler()).fit(pairs)
        return self

    def transform(self, pairs: Sequence[Pair]) -> sparse.csr_matrix:
        """Return float64 (N, 3 V + 6): shared, only the first's, only the second's, overlaps."""
        first, second = (self.words_.transform(side) for side in zip(*pairs, strict=True))
        shared = first.minimum(second)
        parts = [shared, first - shared, second - shared, self.overlap_.transform(pairs)]
        return sparse.hstack(parts, format="csr")


def _words(ngram_range: tuple[int, int]) -> TfidfVectorizer:
    return TfidfVectorizer(
        tokenizer=split_words,
        token_pattern=None,
        ngram_range=ngram_range,
        max_features=MOST_NGRAMS,
        sublinear_tf=True,
    )


def _shares(first: str, second: str) -> tuple[float, float, float, float]:
    one, other = set(split_words(first.lower())), set(split_words(second.lower()))
    both = len(one & other)
    shares = (both / max(1, len(part)) for part in (one, other, one | other))
    return (*shares, float(np.log(max(1, len(one)) / max(1, len(other)))))
