"""How well a score tells examples of the data from those of elsewhere.

Examples of the model's own data are the positives, as in the papers of the scores: a score is higher for
what resembles training.
"""

from typing import Any

import numpy as np

LEVEL = 0.95
AUROC, FPR, AUPR = "auroc", "fpr_at_95_tpr", "aupr"


def detection(own: np.ndarray, others: np.ndarray) -> dict[str, dict[str, Any]]:
    """Return AUROC, the false positive rate at a true positive rate of 95 %, and AUPR.

    Args:
        own: scores of examples of the model's own data, (N,).
        others: scores of examples from elsewhere, (M,).

    Returns:
        "auroc": with its interval: {"value", "low", "high", "method"}; "fpr_at_95_tpr": the share of
        the others that pass a threshold which 95 % of the own examples pass; "aupr": the average
        precision, which is "chance" where a score knows nothing.

    >>> detection(np.array([2.0, 3.0, 4.0]), np.array([1.0, 2.5]))["auroc"]["value"].__round__(3)
    0.833
    """
    from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

    truths = np.r_[np.ones(len(own)), np.zeros(len(others))]
    scores = np.r_[own, others]
    false, true, _ = roc_curve(truths, scores, drop_intermediate=False)
    value = float(roc_auc_score(truths, scores))
    return {
        AUROC: {"value": value, **auroc_interval(own, others)},
        FPR: {"value": float(false[np.argmax(true >= LEVEL)])},
        AUPR: {
            "value": float(average_precision_score(truths, scores)),
            "chance": len(own) / len(truths),
        },
    }


def auroc_interval(own: np.ndarray, others: np.ndarray) -> dict[str, Any]:
    """Return a 95 % interval of the area under the ROC curve.

    The variance is that of DeLong, DeLong and Clarke-Pearson (1988), computed from ranks (Sun & Xu
    2014). The interval is symmetric on the scale of the logit, so that it stays within 0 and 1. Where
    the scores are separated without an overlap the variance is 0: the end is then that of Clopper and
    Pearson for as many independent pairs as the smaller set has examples.

    Args:
        own, others: as `detection`.
    """
    from scipy.stats import norm, rankdata

    m, n, tail = len(own), len(others), (1 - LEVEL) / 2
    ranks = rankdata(np.r_[own, others])
    passed = (ranks[:m] - rankdata(own)) / n  # share of the others below each own example
    failed = 1 - (ranks[m:] - rankdata(others)) / m
    value = float(passed.mean())
    if min(m, n) < 2:
        return {"low": None, "high": None, "method": "none"}
    if value in (0.0, 1.0):
        end = tail ** (1 / min(m, n))
        low, high = (end, 1.0) if value else (0.0, 1 - end)
        return {"low": low, "high": high, "method": f"Clopper-Pearson, {min(m, n):,} pairs"}
    variance = passed.var(ddof=1) / m + failed.var(ddof=1) / n
    half = norm.ppf(1 - tail) * np.sqrt(variance) / (value * (1 - value))
    centre = np.log(value / (1 - value))
    low, high = (float(1 / (1 + np.exp(-end))) for end in (centre - half, centre + half))
    return {"low": low, "high": high, "method": "DeLong, logit"}
