"""Linear heads on features: logistic regression for classes and labels, ridge regression for numbers.

Features get mean 0 and deviation 1 while a head is fitted, so that one strength of L2 suits them all.
The strength is chosen by cross-validation on some of the examples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Inverse strengths of L2 of logistic regressions to choose from, and strengths of ridge regressions.
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
ALPHAS = (0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
FOLDS, MOST_SEARCHED, UNSEARCHED = 5, 2000, 1e-2
MOST_ITERATIONS = 1000
LABELS_SEARCHED = 10  # of several; the strength is the same for all
# Of the largest deviation; a feature below it is rounding, which a deviation of 1 would make noise of.
DEAD = 1e-5
ABSENT = 10.0  # how far the logit of what has no examples lies below the others
LOGISTIC, RIDGE = "logistic regression", "ridge regression"


@dataclass(frozen=True)
class Head:
    """A linear map that was fitted.

    Attributes:
        kernel: float32 (D, K), for features as they are.
        bias: float32 (K,).
        fitted_by: what kind of regression it is.
        told: how its strength was chosen.
    """

    kernel: np.ndarray
    bias: np.ndarray
    fitted_by: str
    told: str


def class_head(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    weights: Sequence[float] | None = None,
    sample_weight: Sequence[float] | None = None,
) -> Head:
    """Fit multinomial logistic regression, its L2 chosen by cross-validation.

    Args:
        features: float32 (N, D).
        labels: integers (N,), below `classes`.
        classes: K, >= 2; those without examples are never predicted.
        weights: of each class; None weighs all alike.
        sample_weight: of each example, (N,), 0 or more; None weighs all alike.

    >>> class_head(np.float32([[-1], [-1], [1], [1]]), np.array([0, 0, 1, 1]), classes=2).told
    'C = 1 by 2-fold cross-validation'
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    features, labels, example_weights = _held(features, labels, sample_weight)
    present = np.unique(labels)
    kernel = np.zeros((features.shape[1], classes), "float32")
    bias = np.full(classes, -ABSENT, "float32")
    if len(present) < 2:
        bias[present] = 0.0
        return Head(kernel, bias, LOGISTIC, "all of one class")
    own = None if weights is None else {int(k): weights[k] for k in present}
    logistic = LogisticRegression(max_iter=MOST_ITERATIONS, class_weight=own)
    regression = make_pipeline(StandardScaler(), logistic)
    with threadpool_limits(1):  # products this small take up to ten times longer on two threads
        strength, told = _chosen_strength(regression, features, labels, example_weights)
        regression.set_params(logisticregression__C=strength)
        regression.fit(features, labels, **_fit_arguments(example_weights))
    coefficients, intercepts = (
        regression[1].coef_,
        regression[1].intercept_,
    )  # (K, D), of two (1, D)
    if len(present) == 2:
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        intercepts = np.r_[-intercepts, intercepts] / 2
    kernel[:, present], bias[present] = _unscaled(regression[0], coefficients, intercepts)
    if len(present) < classes:
        absent = np.setdiff1d(np.arange(classes), present)
        mean = features.mean(axis=0)
        bias[absent] = (mean @ kernel[:, present] + bias[present]).min() - ABSENT
    return Head(kernel, bias, LOGISTIC, told)


def label_head(
    features: np.ndarray, labels: np.ndarray, *, sample_weight: Sequence[float] | None = None
) -> Head:
    """Fit a logistic regression for each of several labels, with one strength for all.

    It has the lowest cross-entropy in cross-validation, over at most `LABELS_SEARCHED` of the labels.
    A label that all examples have is always predicted, and one that none has never is.

    Args:
        features: float32 (N, D).
        labels: 0 and 1, (N, K).
        sample_weight: of each example, (N,), 0 or more; None weighs all alike.

    >>> label_head(np.float32([[-1], [1]] * 9), np.array([[0, 1], [1, 1]] * 9)).bias[1]
    10.0
    """
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    features, labels, example_weights = _held(features, labels, sample_weight)
    with threadpool_limits(1):
        strength, told = _shared_strength(features, labels, example_weights)
        scaler = StandardScaler().fit(features)
        fits = _binaries(scaler.transform(features), labels, strength, example_weights)
    kernel, bias = _unscaled(scaler, *fits)
    return Head(kernel, bias, f"{LOGISTIC} for each label", told)


def number_head(
    features: np.ndarray, targets: np.ndarray, *, sample_weight: Sequence[float] | None = None
) -> Head:
    """Fit ridge regression in closed form, its strength chosen by leaving one example out at a time.

    It has the smallest squared error of all targets together; of equal ones the smallest.

    Args:
        features: float32 (N, D).
        targets: standardised numbers, (N, T).
        sample_weight: of each example, (N,), 0 or more; None weighs all alike.

    >>> number_head(np.float32([[0], [1], [2], [3]]), np.array([[0], [1], [2], [3]])).told
    'alpha = 0.1 by leave-one-out cross-validation'
    """
    from sklearn.linear_model import Ridge, RidgeCV
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    features, targets, example_weights = _held(features, targets, sample_weight)
    targets = targets.astype("float64")
    with threadpool_limits(1):  # a sum has then always the same order
        scaler = StandardScaler().fit(features)
        scaled = scaler.transform(features).astype("float64")
        places, alpha = _spread(len(scaled)), ALPHAS[-1]
        told = f"alpha = {alpha:g}, as there are too few examples to choose by"
        if len(places) > 2:
            some = None if example_weights is None else example_weights[places]
            search = RidgeCV(ALPHAS).fit(scaled[places], targets[places], sample_weight=some)
            alpha = float(search.alpha_)
            told = f"alpha = {alpha:g} by leave-one-out cross-validation"
        ridge = Ridge(alpha=alpha).fit(scaled, targets, sample_weight=example_weights)
    kernel, bias = _unscaled(scaler, ridge.coef_.reshape(targets.shape[1], -1), ridge.intercept_)
    return Head(kernel, bias, RIDGE, told)


def _held(
    features: np.ndarray, targets: np.ndarray, sample_weight: Sequence[float] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return what has a weight, as if the rest were not there, and weights of mean 1.

    Features that are the same for all examples but for rounding become 0, which takes no weight.
    """
    deviations = features.std(axis=0)
    features = np.where(deviations > DEAD * deviations.max(), features, 0).astype(features.dtype)
    if sample_weight is None:
        return features, targets, None
    held = np.flatnonzero(sample_weight)
    weights = np.asarray(sample_weight, "float64")[held]
    return features[held], targets[held], weights / weights.mean()


def _unscaled(
    scaler: Any, coefficients: np.ndarray, intercepts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel (D, K) and bias (K,) for features as they are, of (K, D) for scaled ones."""
    scaled = coefficients / scaler.scale_
    return scaled.T.astype("float32"), (intercepts - scaled @ scaler.mean_).astype("float32")


def _spread(count: int) -> np.ndarray:
    """Return places of at most `MOST_SEARCHED` examples, evenly spread."""
    return np.linspace(0, count - 1, min(count, MOST_SEARCHED)).astype(int)


def _binaries(
    scaled: np.ndarray, labels: np.ndarray, strength: float, example_weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a logistic regression for each label, and return coefficients (K, D) and intercepts (K,)."""
    from sklearn.linear_model import LogisticRegression

    coefficients, intercepts = np.zeros((labels.shape[1], scaled.shape[1])), []
    for k in range(labels.shape[1]):
        if len(np.unique(labels[:, k])) < 2:
            intercepts.append(ABSENT if labels[0, k] else -ABSENT)
            continue
        fitted = LogisticRegression(C=strength, max_iter=MOST_ITERATIONS)
        fitted.fit(scaled, labels[:, k], sample_weight=example_weights)
        coefficients[k] = fitted.coef_[0]
        intercepts.append(float(fitted.intercept_[0]))
    return coefficients, np.asarray(intercepts)


def _shared_strength(
    features: np.ndarray, labels: np.ndarray, example_weights: np.ndarray | None
) -> tuple[float, str]:
    """Return the inverse strength with the lowest cross-entropy of some labels, and how."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import StandardScaler

    places = _spread(len(labels))
    differ = np.flatnonzero((labels != labels[0]).any(axis=0))
    chosen = differ[:: -(-len(differ) // LABELS_SEARCHED) or 1]
    folds = min(FOLDS, len(places))
    if folds < 2 or not len(chosen):
        return UNSEARCHED, f"C = {UNSEARCHED:g}, as no label tells examples apart"
    features, truth = features[places], labels[np.ix_(places, chosen)]
    weights = None if example_weights is None else example_weights[places]
    costs = np.zeros(len(STRENGTHS))
    for known, asked in KFold(folds, shuffle=True, random_state=0).split(features):
        scaler = StandardScaler().fit(features[known])
        scaled, compared = scaler.transform(features[known]), scaler.transform(features[asked])
        own = None if weights is None else weights[known]
        for place, strength in enumerate(STRENGTHS):
            coefficients, intercepts = _binaries(scaled, truth[known], strength, own)
            costs[place] += _cross_entropy(compared @ coefficients.T + intercepts, truth[asked])
    strength = STRENGTHS[int(np.argmin(costs))]
    return strength, f"C = {strength:g} by {folds}-fold cross-validation"


def _cross_entropy(logits: np.ndarray, truth: np.ndarray) -> float:
    """Return the sum over examples and labels, (N, K) each, in nats."""
    return float(np.sum(np.logaddexp(0.0, logits) - truth * logits))


def _chosen_strength(
    regression: Any,
    features: np.ndarray,
    labels: np.ndarray,
    example_weights: np.ndarray | None,
) -> tuple[float, str]:
    """Return the inverse strength with the lowest cross-entropy in cross-validation, and how."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    places = _spread(len(labels))
    features, labels = features[places], labels[places]
    folds = min(FOLDS, np.unique(labels, return_counts=True)[1].min())
    if folds < 2 or len(np.unique(labels)) < 2:
        return UNSEARCHED, f"C = {UNSEARCHED:g}, as a class has a single example"
    search = GridSearchCV(
        regression,
        {"logisticregression__C": STRENGTHS},
        scoring="neg_log_loss",
        cv=StratifiedKFold(folds, shuffle=True, random_state=0),
        refit=False,
    ).fit(
        features,
        labels,
        **_fit_arguments(None if example_weights is None else example_weights[places]),
    )
    strength = search.best_params_["logisticregression__C"]
    return strength, f"C = {strength:g} by {folds}-fold cross-validation"


def _fit_arguments(example_weights: np.ndarray | None) -> dict[str, np.ndarray]:
    if example_weights is None:
        return {}
    return {"logisticregression__sample_weight": example_weights}
