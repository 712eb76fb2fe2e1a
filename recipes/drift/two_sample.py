"""Tests of whether two samples come from one distribution; axes N (examples), D (features)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

STRENGTH = 1.0  # C of the logistic regression; blocks of features have a length of about 1
ITERATIONS = 200
FEWEST_EXPECTED = 5  # examples of a category; rarer ones count together


@dataclass(frozen=True)
class Test:
    """The outcome of a test.

    Attributes:
        name: "classifier", "Kolmogorov-Smirnov" or "chi-squared".
        value: of its statistic: AUROC, the largest distance of the distributions, or chi-squared.
        p: how often equal distributions give such a value or a larger one.
    """

    name: str
    value: float
    p: float


def classifier_test(features: np.ndarray, is_second: np.ndarray, *, seed: int = 0) -> Test:
    """Fit a classifier to tell the samples apart on one half, and test it on the other.

    The classifier two-sample test of Lopez-Paz and Oquab (1610.06545) with a logistic regression. In
    place of the accuracy it takes the area under the ROC curve, whose distribution is that of the rank
    sum (Mann and Whitney 1947) if both samples come from one distribution, whatever the sizes.

    Args:
        features: of both samples, (N, D).
        is_second: which of them belong to the second sample, bool (N,).
        seed: of the halves.

    >>> rng = np.random.default_rng(0)
    >>> found = classifier_test(rng.normal(size=(200, 2)) + (np.arange(200) < 100)[:, None],
    ...                         np.arange(200) < 100)
    >>> found.p < 0.001, found.value > 0.7
    (True, True)
    """
    from scipy.stats import mannwhitneyu
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    rng, fitted = np.random.default_rng(seed), np.zeros(len(features), bool)
    for side in (False, True):
        places = rng.permutation(np.flatnonzero(is_second == side))
        fitted[places[: len(places) // 2]] = True
    with threadpool_limits(1):
        classifier = LogisticRegression(
            C=STRENGTH, class_weight="balanced", max_iter=ITERATIONS
        ).fit(features[fitted], is_second[fitted])
        scores = classifier.decision_function(features[~fitted]).round(9)
    second = is_second[~fitted]
    found = mannwhitneyu(scores[second], scores[~second], alternative="greater")
    pairs = second.sum() * (~second).sum()
    p = 1.0 if np.isnan(found.pvalue) else float(found.pvalue)
    return Test("classifier", float(found.statistic / pairs), p)


def numbers_test(first: np.ndarray, second: np.ndarray) -> Test:
    """Compare two samples of numbers, (N,) and (M,), by Kolmogorov and Smirnov."""
    from scipy.stats import ks_2samp

    if not len(first) or not len(second):
        return Test("Kolmogorov-Smirnov", 0.0, 1.0)
    found = ks_2samp(first, second)
    return Test("Kolmogorov-Smirnov", float(found.statistic), float(found.pvalue))


def categories_test(counts: np.ndarray) -> Test:
    """Compare the shares of categories by chi-squared.

    Args:
        counts: of each category in both samples, (2, K). Categories of which fewer than five are
            expected in a sample count together.

    >>> categories_test(np.array([[50, 50], [20, 80]])).p < 0.001
    True
    """
    from scipy.stats import chi2_contingency

    totals = counts.sum(axis=1, keepdims=True)
    expected = counts.sum(axis=0) * totals / max(totals.sum(), 1)
    rare = expected.min(axis=0) < FEWEST_EXPECTED
    joined = np.column_stack([counts[:, ~rare], counts[:, rare].sum(axis=1)])
    joined = joined[:, joined.sum(axis=0) > 0]
    if joined.shape[1] < 2 or not totals.all():
        return Test("chi-squared", 0.0, 1.0)
    found = chi2_contingency(joined, correction=False)
    return Test("chi-squared", float(found.statistic), float(found.pvalue))


def holm(ps: Sequence[float]) -> list[float]:
    """Return p-values for several tests at once (Holm 1979): below a level, all may be believed.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(ps, "float64")
    order = np.argsort(values, kind="stable")
    scaled = values[order] * np.arange(len(values), 0, -1)
    found = np.empty(len(values))
    found[order] = np.minimum(np.maximum.accumulate(scaled), 1) if len(values) else scaled
    return found.tolist()


def block(values: np.ndarray) -> np.ndarray:
    """Return features (N, D) standardised, and scaled so that many of them count as one."""
    values = np.asarray(values, "float64").reshape(len(values), -1)
    deviation = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    return scaled / np.sqrt(max(values.shape[1], 1))
