"""Statistics of classifiers, and the metrics that are more than a mean of them."""

from collections.abc import Mapping

import numpy as np

from zoo.metrics.estimators import Estimator, Ratio, Share, Statistics
from zoo.metrics.intervals import (
    NONE,
    Interval,
    Sampling,
    cautious_tail,
    effective_binomial,
    grouped_share,
    student_share,
)

CALIBRATION_BINS = 15  # of equal width over confidence, as in 1706.04599 §5


def classification_statistics(
    probabilities: np.ndarray, labels: np.ndarray, guesses: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Return the statistics of the metrics below, of accuracy and of cross-entropy.

    Args:
        probabilities: (N, K).
        labels: integers, (N,).
        guesses: the answers, (N,), where a threshold decided; None takes the most likely class.

    Returns:
        "right" (0 or 1), "nats" (negative log-likelihood), "confidence" (the answer's probability),
        "label" and "guess", (N,) each. An example whose probabilities are not finite, as those of a
        model that diverged, has NaN and a guess of -1.
    """
    finite = np.isfinite(probabilities).all(axis=-1)
    guess = probabilities.argmax(axis=-1) if guesses is None else np.asarray(guesses)
    places = np.arange(labels.size)
    likelihood = probabilities[places, labels]
    return {
        "right": np.where(finite, guess == labels, np.nan),
        "nats": np.where(finite, -np.log(np.clip(likelihood, 1e-12, 1)), np.nan),
        "confidence": np.where(finite, probabilities[places, guess], np.nan),
        "label": labels,
        "guess": np.where(finite, guess, -1),
    }


def positive_statistics(statistics: Statistics, *, positive: int = 1) -> dict[str, np.ndarray]:
    """Return what F1 of one class takes, of the statistics of a classifier.

    Args:
        statistics: of `classification_statistics`.
        positive: the class that counts.

    Returns:
        "hit", 1 where label and answer are that class, and "marked", a half for each of the two that is
        it, (N,) each.
    """
    label, guess = statistics["label"] == positive, statistics["guess"] == positive
    hit = np.where(np.isfinite(statistics["right"]), label & guess, np.nan)
    return {"hit": hit, "marked": (label + 1.0 * guess) / 2}


class BinaryF1(Share):
    """F1 of one class, 2 TP / (2 TP + FP + FN), in [0, 1]; 0 where no label or answer is that class.

    It is a share of what is marked: each right mark counts whole, each wrong or missing one half.
    """

    def __init__(self):
        super().__init__("hit", "marked")

    def applies(self, statistics: Statistics) -> bool:
        return "marked" in statistics

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        rows = np.ones((1, len(statistics["hit"]))) if weights is None else weights
        hits, marks = rows @ statistics["hit"], rows @ statistics["marked"]
        values = hits / np.where(marks > 0, marks, 1.0)
        return values[0] if weights is None else values

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        """Return the interval; examples with neither mark say nothing, and do not count."""
        own = statistics["marked"] > 0
        if not own.any():
            return NONE
        kept = {name: statistics[name][own] for name in ("hit", "marked")}
        return super().interval(kept, sampling.of_some(own), seed=seed)


class MacroF1(Estimator):
    """Mean over the classes that occur of 2 TP / (2 TP + FP + FN), in [0, 1].

    Its interval is that of a share with as many examples as would be equally certain: their number
    follows from the variance of F1 (by the delta method; classes without a mistake, or without a
    right answer, have that of one more example that is half right).
    """

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        label, guess = statistics["label"], statistics["guess"]
        if weights is None:
            right, either = _counts(label, guess)
            present = either > 0
            return np.float64((2 * right[present] / either[present]).mean())
        if guess.min() < 0:
            return np.full(len(weights), np.nan)
        right, either = _weighted_counts(label, guess, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.nanmean(np.where(either > 0, 2 * right / either, np.nan), axis=1)

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        label, guess = statistics["label"], statistics["guess"]
        value = float(self(statistics))
        if not np.isfinite(value) or sampling.count < 2:
            return NONE
        right, either = _counts(label, guess)
        named = np.bincount(label, minlength=len(either)) > 0
        # Few examples of a class bias F1 downwards; so do classes that were guessed and never there.
        without = float((2 * right[named] / either[named]).mean()) - value
        right, either, present = right[either > 0], either[either > 0], np.cumsum(either > 0) - 1
        smooth = (2 * right + 1) / (either + 2)  # with one more example that is half right
        upwards = max(float((smooth * (1 - smooth) / (either + 2)).mean()), without)
        label, guess, wrong = present[label], present[guess], label != guess
        inverse = 1 / either / len(either)
        slope = 2 * right / either * inverse
        parts = sampling.sums(np.where(wrong, 0, 2 * inverse[label]) - slope[label] - slope[guess])
        if sampling.codes is not None:
            mixed = np.count_nonzero(sampling.sums(wrong.astype(float)))
            return grouped_share(
                value, parts, sampling, examples=len(label), mixed=mixed, upwards=upwards
            )
        flat = (right == 0) | (2 * right == either)
        unseen = smooth * (1 - smooth) / (either / 2 + 1)
        variance = (parts**2).sum() * sampling.count / (sampling.count - 1)
        variance += unseen[flat].sum() / len(either) ** 2 + upwards**2
        count = min(sampling.count, smooth.mean() * (1 - smooth.mean()) / variance)
        count *= student_share(sampling.count)
        tail = cautious_tail(parts, few=0)
        low, high = effective_binomial(value, min(value + upwards, 1.0), count, tail=tail)
        return Interval(low, high, f"effective binomial over {sampling.what}")


class BalancedAccuracy(Estimator):
    """Mean recall of the classes that occur in the truth, in [0, 1], as in scikit-learn.

    Its interval adds the variances of the recalls. A class without a mistake, or without a right answer,
    says little of its own: its variance is that with one more example, which is half right, or right
    as often as all are, whichever is larger.
    """

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        label, guess = statistics["label"], statistics["guess"]
        if guess.min() < 0:
            return np.float64("nan") if weights is None else np.full(len(weights), np.nan)
        if weights is None:
            held = np.bincount(label)
            hits = np.bincount(label[label == guess], minlength=len(held))
            return np.float64((hits[held > 0] / held[held > 0]).mean())
        held = _sums_by(label, np.ones(len(label)), weights)
        hits = _sums_by(label, (label == guess).astype("float64"), weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.nanmean(np.where(held > 0, hits / held, np.nan), axis=1)

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        value = float(self(statistics))
        if not np.isfinite(value) or sampling.count < 2:
            return NONE
        _, label = np.unique(statistics["label"], return_inverse=True)  # classes that occur, from 0
        right = (statistics["right"] > 0).astype("float64")
        held = np.bincount(label)
        hits = np.bincount(label, weights=right)
        parts = sampling.sums((right - (hits / held)[label]) / (held[label] * len(held)))
        if sampling.codes is not None:
            wrong = sampling.sums(1 - right)
            sizes = sampling.sums(np.ones(len(label)))
            mixed = min(np.count_nonzero(wrong), np.count_nonzero(wrong < sizes))
            return grouped_share(value, parts, sampling, examples=len(label), mixed=mixed)
        smooth = (hits + 0.5) / (held + 1)  # with one more example that is half right
        pooled = (hits + (hits.sum() + 0.5) / (held.sum() + 1)) / (held + 1)  # or right as all are
        unseen = np.maximum(smooth * (1 - smooth) / (held + 1), pooled * (1 - pooled) / held)
        flat = (hits == 0) | (hits == held)
        seen = hits * (held - hits) / held**2 / np.maximum(held - 1, 1)
        variance = np.where(flat, unseen, seen).sum() / len(held) ** 2
        count = min(sampling.count, smooth.mean() * (1 - smooth.mean()) / variance)
        count *= student_share(sampling.count)
        low, high = effective_binomial(value, value, count, tail=cautious_tail(parts, few=0))
        return Interval(low, high, f"effective binomial over {sampling.what}")


class MatthewsCorrelation(Estimator):
    """Correlation of labels and answers, in [-1, 1], for two classes or more (Gorodkin 2004).

    It is 0 where all labels or all answers are of one class, as in scikit-learn.
    """

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        label, guess = statistics["label"], statistics["guess"]
        if guess.min() < 0:
            return np.float64("nan") if weights is None else np.full(len(weights), np.nan)
        rows = np.ones((1, len(label))) if weights is None else weights
        classes = int(max(label.max(), guess.max())) + 1
        ones = np.ones(len(label))
        truths = _sums_by(label, ones, rows, classes=classes)  # (R, K)
        answers = _sums_by(guess, ones, rows, classes=classes)
        total, hits = rows.sum(axis=1), rows @ (label == guess)
        spread = total**2 - (truths**2).sum(axis=1)
        size = np.sqrt(spread * (total**2 - (answers**2).sum(axis=1)))
        found = hits * total - (truths * answers).sum(axis=1)
        values = np.where(size > 0, found / np.where(size > 0, size, 1), 0.0)
        return values[0] if weights is None else values


def _counts(label: np.ndarray, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return right answers, and labels and guesses together, by class; NaN with unknown guesses."""
    if guess.min() < 0:
        return np.full(1, np.nan), np.ones(1)
    classes = int(max(label.max(), guess.max())) + 1
    either = np.bincount(label, minlength=classes) + np.bincount(guess, minlength=classes)
    return np.bincount(label[label == guess], minlength=classes), either


def _sums_by(
    label: np.ndarray, values: np.ndarray, weights: np.ndarray, *, classes: int | None = None
) -> np.ndarray:
    """Add up weighted values by class: (N,), (N,) and (R, N) to (R, K)."""
    from scipy.sparse import csr_array

    shape = (len(label), classes or int(label.max()) + 1)
    return (csr_array((values, (np.arange(len(label)), label)), shape).T @ weights.T).T


def _weighted_counts(
    label: np.ndarray, guess: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return right answers, and labels and guesses together, by resample and class: (R, K)."""
    classes, ones = int(max(label.max(), guess.max())) + 1, np.ones(len(label))
    either = sum(_sums_by(each, ones, weights, classes=classes) for each in (label, guess))
    hits = (label == guess).astype("float64")
    return _sums_by(label, hits, weights, classes=classes), either


class CalibrationError(Estimator):
    """Gap between confidence and accuracy, averaged over bins of equal width (1706.04599, eq. 3).

    It has no interval: the sum of absolute gaps is biased upwards by chance and by resampling once
    more, so that a bootstrap interval misses the true error more often than it contains it.
    """

    resampled = False

    def __call__(self, statistics: Statistics, weights: np.ndarray | None = None) -> np.ndarray:
        confidence, right = statistics["confidence"], statistics["right"]
        if not np.isfinite(confidence).all():
            return np.float64("nan") if weights is None else np.full(len(weights), np.nan)
        bins = calibration_bins(confidence)
        gap = confidence - right
        if weights is None:
            sums = np.bincount(bins, weights=gap, minlength=CALIBRATION_BINS)
            return np.float64(np.abs(sums).sum() / confidence.size)
        sums = weights @ (gap[:, None] * (bins[:, None] == np.arange(CALIBRATION_BINS)))
        return np.abs(sums).sum(axis=1) / weights.sum(axis=1)

    def interval(self, statistics: Statistics, sampling: Sampling, *, seed: int = 0) -> Interval:
        return NONE


def calibration_bins(confidence: np.ndarray) -> np.ndarray:
    """Return the bin of each confidence in [0, 1], from 0, (N,)."""
    return np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)


ESTIMATORS: Mapping[str, Estimator] = {
    "accuracy": Share("right"),
    "macro_f1": MacroF1(),
    "balanced_accuracy": BalancedAccuracy(),
    "mcc": MatthewsCorrelation(),
    "loss": Ratio("nats"),
    "ece": CalibrationError(),
}
PAIR_ESTIMATORS = ESTIMATORS | {"f1": BinaryF1()}
