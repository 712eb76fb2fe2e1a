"""Compare the scores of other data with those of a run's own test examples."""

from collections.abc import Mapping
from typing import Any

from recipes.runs.scored import Scored
from zoo.errors import ArgumentError
from zoo.metrics.comparisons import difference


def check_domain(data: Any) -> None:
    """Refuse the comparison where no other data is given."""
    if data is None:
        raise ArgumentError(
            "--beside-own (beside_own=True) compares other data with the run's own, and there is none.",
            expected="other data with the same classes",
            fix="add --data OTHER (data=), or leave it out",
        )


def beside_own(
    model: Any, scored: Scored, metrics: Mapping[str, Mapping[str, Any]], **how: Any
) -> dict[str, Any]:
    """Score the run's own test examples as other data was, and return the differences.

    The two are independent samples. A difference is that of the other data from the run's own; its
    interval follows from those of both, and there is none where one of them has none.

    Args:
        model: run or ensemble.
        scored: its answers for other data.
        metrics: entries of these answers.
        **how: other arguments of `Run.scored`, as the other data was scored with.

    Returns:
        {"own": {"data", "examples", "data_as_trained", "notes", "metrics"}, "differences": {metric:
        {"value", "low", "high", "method"}}}.

    Raises:
        ArgumentError: what was scored are the run's own test examples.
        RunError, DataError: its own data is no longer there.
    """
    if scored.found.as_trained:
        raise ArgumentError(
            f"The data that was given holds the test examples of {model.name} itself.",
            expected="other data with the same classes",
            fix="give other data, or leave --beside-own (beside_own=) out",
        )
    result = model.scored(**how).result_of(model)
    own = {key: result[key] for key in ("data", "examples", "data_as_trained", "notes", "metrics")}
    differences = {
        name: difference(entry, own["metrics"][name])
        for name, entry in metrics.items()
        if name in own["metrics"]
    }
    return {"own": own, "differences": differences}
