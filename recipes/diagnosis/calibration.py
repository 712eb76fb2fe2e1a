"""Whether the confidence of a classifier can be trusted."""

import math

import numpy as np

from recipes.diagnosis.finding import Finding

# our choice: a reader of probabilities notices a tenth
ERROR_WARNING = 0.1
ERROR_PROBLEM = 0.2
BINS = 15  # of the calibration error
LEAST = math.ceil(BINS * (0.4 / ERROR_WARNING) ** 2)  # examples that show no such error by chance
MORE = f"Test on more examples: {LEAST} or more."
SURE = (
    "regularization.label_smoothing=0.1, or stop earlier: regularization.early_stopping_patience=5. "
    "Without retraining: divide the logits by a temperature above 1, chosen on validation."
)
UNSURE = (
    "Train longer. If the recipe softens its targets, weaken that: regularization.label_smoothing=0, "
    "regularization.mixup_alpha=0, regularization.cutmix_alpha=0. Without retraining: divide the "
    "logits by a temperature below 1, chosen on validation."
)


def chance_error(examples: int) -> float:
    """Return the calibration error that a perfectly calibrated model may show by chance.

    A bin of n answers that are right with probability p differs from p by sqrt(2 p (1-p) / (pi n))
    on average, at most 0.4 / sqrt(n); the average over filled bins is at most that of equal ones.

    >>> round(chance_error(1500), 2)
    0.04
    """
    return 0.4 * math.sqrt(min(BINS, examples) / max(examples, 1))


def check_calibration(
    error: float, probabilities: np.ndarray, labels: np.ndarray
) -> Finding | None:
    """Judge the expected calibration error of the test split; None where it cannot be judged.

    Args:
        error: in [0, 1].
        probabilities: (N, K).
        labels: (N,).

    >>> check_calibration(0.33, np.full((900, 2), [0.99, 0.01]), np.arange(900) % 3 > 1).severity
    'problem'
    """
    if not len(labels) or not math.isfinite(error) or not np.isfinite(probabilities).all():
        return None
    confidence = float(probabilities.max(axis=-1).mean())
    accuracy = float((probabilities.argmax(axis=-1) == labels).mean())
    evidence = (
        f"calibration error {error:.1%}; mean confidence {confidence:.1%}, accuracy {accuracy:.1%}, "
        f"on {len(labels):,} test examples"
    )
    if error <= ERROR_WARNING:
        title = "The confidence of the answers is about right."
        return Finding("calibration", "fine", title, evidence)
    if error <= chance_error(len(labels)):
        title = "There are too few test examples to judge the confidence of the answers."
        evidence += f"; chance alone may give {chance_error(len(labels)):.1%}"
        return Finding("calibration", "unknown", title, evidence, MORE)
    sure = confidence > accuracy
    return Finding(
        "calibration",
        "problem" if error > ERROR_PROBLEM else "warning",
        f"The model is too {'sure' if sure else 'unsure'} of its answers.",
        evidence,
        SURE if sure else UNSURE,
    )
