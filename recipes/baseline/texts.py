"""Simple models of texts: TF-IDF with logistic regression, and the naive-Bayes SVM.

Both work on words, punctuation and pairs of neighbours. Several classes are each fitted against the
rest, which takes a tenth of the time of one multinomial fit and is as good.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC

from recipes.baseline.shallow import Shallow, spread
from zoo.columns import Column
from zoo.data.dataset import Split
from zoo.errors import DataError
from zoo.words import split_words

MOST_CHARACTERS = 20_000_000  # of train
MOST_OF_ONE = 2_000  # characters of a text that are read
MEASURED = 200  # texts, whose mean length says how many are taken
MOST_NGRAMS = 100_000
REGRESSION_STRENGTHS = (0.1, 1.0, 10.0, 100.0)
SVM_STRENGTHS = (0.01, 0.1, 1.0)
SMOOTHING = 1.0  # of the counts, alpha in the paper
INTERPOLATION = 0.25  # the SVM's share, beside the mean of its weights; beta in the paper
ITERATIONS = 300


def values_of(split: Split, column: Column, name: str, places: Sequence[int]) -> list[str]:
    """Return the beginnings of texts; arguments as in `recipes.baseline.images.values_of`.

    Raises:
        DataError: a text is absent or holds nothing but blanks.
    """
    texts = [split[int(i)][name] for i in places]
    for i, text in zip(places, texts, strict=True):
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"The text of example {split.name_of(int(i))} is empty or absent.")
    return [text[:MOST_OF_ONE] for text in texts]


def most_examples(split: Split, column: Column, name: str) -> int:
    """Return how many examples of train are read, by the length of a few of them."""
    some = values_of(split, column, name, spread(len(split), MEASURED))
    return int(MOST_CHARACTERS / np.mean([len(text) for text in some]))


def models_for(values: Sequence[str]) -> tuple[Shallow, ...]:
    """Return the simple models for texts."""
    ngrams = {
        "tokenizer": split_words,
        "token_pattern": None,
        "ngram_range": (1, 2),
        "max_features": MOST_NGRAMS,
    }
    return (
        Shallow(
            "TF-IDF and logistic regression",
            "TF-IDF",
            transformer=lambda: TfidfVectorizer(sublinear_tf=True, **ngrams),
            classifier=lambda strength: OneVsRestClassifier(
                LogisticRegression(C=strength, solver="liblinear", max_iter=ITERATIONS)
            ),
            strengths=REGRESSION_STRENGTHS,
        ),
        Shallow(
            "naive-Bayes SVM",
            "counts",
            transformer=lambda: CountVectorizer(binary=True, **ngrams),
            classifier=lambda strength: NaiveBayesSVM(strength),
            strengths=SVM_STRENGTHS,
            has_probabilities=False,
        ),
    )


class NaiveBayesSVM(ClassifierMixin, BaseEstimator):
    """A linear SVM on counts that are weighted by how much they speak for a class.

    Wang & Manning, "Baselines and Bigrams" (ACL 2012, section 2), with their binary counts, smoothing
    and interpolation. Of several classes, which the paper does not treat, each is fitted against the
    rest, without interpolation: it would favour classes with many examples.

    Args:
        C: inverse strength of L2.
    """

    def __init__(self, C: float = 1.0):
        self.C = C

    def fit(self, counts: Any, labels: np.ndarray) -> "NaiveBayesSVM":
        """Fit to sparse counts (N, V) and labels (N,)."""
        self.classes_ = np.unique(labels)
        ours = self.classes_ if len(self.classes_) > 2 else self.classes_[1:]
        share = INTERPOLATION if len(ours) == 1 else 1.0
        fitted = [self._against_the_rest(counts, labels == label, share) for label in ours]
        self.coef_ = np.stack([weights for weights, _ in fitted])  # (K, V), of two classes (1, V)
        self.intercept_ = np.array([intercept for _, intercept in fitted])
        return self

    def decision_function(self, counts: Any) -> np.ndarray:
        """Return how much speaks for each class, (N, K); of two classes for the second, (N, 1)."""
        return counts @ self.coef_.T + self.intercept_

    def predict(self, counts: Any) -> np.ndarray:
        """Return the class of each row, (N,)."""
        found = self.decision_function(counts)
        places = (found[:, 0] > 0).astype(int) if len(self.coef_) == 1 else found.argmax(axis=1)
        return self.classes_[places]

    def _against_the_rest(
        self, counts: Any, ours: np.ndarray, share: float
    ) -> tuple[np.ndarray, float]:
        with_it = SMOOTHING + np.asarray(counts[ours].sum(axis=0)).ravel()
        without = SMOOTHING + np.asarray(counts[~ours].sum(axis=0)).ravel()
        ratio = np.log(with_it / with_it.sum()) - np.log(without / without.sum())
        weighted = counts.multiply(ratio).tocsr()
        svm = LinearSVC(C=self.C, max_iter=ITERATIONS, random_state=0).fit(weighted, ours)
        weights = svm.coef_[0]
        weights = (1 - share) * np.abs(weights).mean() + share * weights
        return ratio * weights, float(svm.intercept_[0])
