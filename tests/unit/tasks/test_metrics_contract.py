"""The contract of tasks finds metrics that do not fit their statistics."""

import numpy as np
import pytest

from zoo.metrics.base import Metric
from zoo.metrics.estimators import Function, Ratio, Share
from zoo.testing import check_metrics, check_mode


class Guesses:
    """A number guessed; enough of a task to be scored."""

    metrics, estimators = (Metric("error", "min", "m"),), {"error": Ratio("error")}

    def __init__(self, **changes):
        self.__dict__ |= changes

    @property
    def metric(self):
        return self.metrics[0].name

    def statistics(self, predictions, truths):
        return {"error": np.abs(predictions - truths["value"])}

    def score(self, predictions, truths):
        found = self.statistics(predictions, truths)
        return {m.name: float(self.estimators[m.name](found)) for m in self.metrics}


PREDICTIONS, TRUTHS = np.array([1.0, 2.0, 4.0]), {"value": np.array([1.0, 1.0, 1.0])}


def test_a_whole_task_passes():
    check_metrics(Guesses(), PREDICTIONS, TRUTHS)
    check_mode(Guesses(), better=TRUTHS["value"], worse=PREDICTIONS, truths=TRUTHS)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"statistics": lambda p, t: {"error": np.ones(2)}}, "2 statistics of 3 examples"),
        ({"estimators": {"other": Ratio("error")}}, "estimators differ"),
        (
            {"estimators": {"error": Function(lambda s, w: float(s["error"] @ w))}},
            "every example twice changes it",
        ),
        (
            {"estimators": {"error": Function(lambda s, w: float(w.sum() / len(w) + w[0] % 1))}},
            None,
        ),
    ],
    ids=["of other examples", "without an estimator", "a sum", "a constant"],
)
def test_what_does_not_fit_is_said(broken, words):
    task = Guesses(**broken)
    if words is None:
        check_metrics(task, PREDICTIONS, TRUTHS)
        return
    with pytest.raises(AssertionError, match=words):
        check_metrics(task, PREDICTIONS, TRUTHS)


def test_a_metric_whose_mode_is_the_wrong_one_is_found():
    task = Guesses(metrics=(Metric("error", "max", "m"),))
    with pytest.raises(AssertionError, match="not better at its max"):
        check_mode(task, better=TRUTHS["value"], worse=PREDICTIONS, truths=TRUTHS)


def test_weights_that_are_ignored_are_found():
    class Deaf(Share):
        def __call__(self, statistics, weights=None):
            value = super().__call__(statistics)
            return value if weights is None else np.full(len(weights), value + 1)

    with pytest.raises(AssertionError, match="weights of one"):
        check_metrics(Guesses(estimators={"error": Deaf("error")}), PREDICTIONS, TRUTHS)
