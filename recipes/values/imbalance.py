"""What a recipe says about rare classes, checked without the data."""

from collections.abc import Mapping, Sequence

from zoo.cards import TaskCard
from zoo.errors import RecipeError, nearest

_SHOWN = 5  # names in a message


def check_monitor(name: str | None, task: TaskCard) -> None:
    """Refuse a metric that the task does not have."""
    known = [metric.name for metric in task.metrics]
    if name is None or name in known:
        return
    near = nearest(name, known)
    raise RecipeError(
        f"training.monitor={name} is not a metric of {task.name}.",
        expected=f"nearest: {', '.join(near)}" if near else f"one of: {', '.join(known)}",
        fix=f"set training.monitor to a metric of the task, or null for {known[0]}",
    )


def check_balance(
    weights: str | Mapping[str, float] | None, *, sampling: str | None, loss: object, epochs: int
) -> None:
    """Refuse weights that are not above 0, two corrections of one imbalance, and what has no part."""
    if not epochs and loss not in (None, "cross_entropy", "squared"):
        raise RecipeError(
            f"task.arguments.loss={loss} has no part in training.epochs=0, which fits a head by "
            "logistic or ridge regression.",
            expected="training.class_weights or data.sampling, which a head of classes is fitted with",
            fix="leave task.arguments.loss out, or train for an epoch or more",
        )
    if isinstance(weights, Mapping):
        wrong = [f"{name}: {weight:g}" for name, weight in weights.items() if not weight > 0]
        if wrong or not weights:
            raise RecipeError(
                f"training.class_weights has weights that are not above 0: {_listed(wrong)}."
                if wrong
                else "training.class_weights is empty.",
                expected="a number above 0 for each class; 1 leaves a class as it is",
                fix="correct them, set training.class_weights=balanced, or null for none",
            )
    ways = {
        "training.class_weights": weights if weights == "balanced" else None,
        "data.sampling": sampling,
        "task.arguments.loss": loss if loss == "logit_adjusted" else None,
    }
    given = {name: value for name, value in ways.items() if value}
    if len(given) > 1:
        told = " and ".join(f"{name}={value}" for name, value in given.items())
        raise RecipeError(
            f"{told} correct the same imbalance twice.",
            expected="one of them; weights that you state by class go with any of them",
            fix=f"set {list(given)[-1]}=null",
        )


def check_group_weights(
    groups: str | None,
    *,
    class_weights: object,
    sampling: str | None,
    arguments: Mapping[str, object],
) -> None:
    """Refuse two weights of an example, and two corrections of how often classes occur.

    Args:
        groups: `training.group_weights`.
        class_weights, sampling: of `training` and `data`.
        arguments: of the task and of the data's loader.
    """
    if groups is None:
        return
    column = arguments.get("weight_column")
    if column:
        raise RecipeError(
            f"training.group_weights={groups} and data.arguments.weight_column={column} both weigh "
            "examples.",
            expected="one of them",
            fix="leave one out; for both, multiply them in the column",
        )
    labels = {"label", arguments.get("label_column")}
    ways = {
        "training.class_weights": class_weights,
        "data.sampling": sampling,
        "task.arguments.loss": arguments.get("loss") == "logit_adjusted" and "logit_adjusted",
    }
    given = [name for name, value in ways.items() if value]
    if given and labels & {part.strip() for part in groups.split("+")}:
        raise RecipeError(
            f"training.group_weights={groups} lets classes count alike, and {given[0]}={ways[given[0]]} "
            "does so again.",
            expected="one of them, or groups without the class",
            fix=f"set {given[0]}=null, or leave label out of training.group_weights",
        )


def checked_weights(weights: Mapping[str, float], classes: Sequence[str]) -> list[float]:
    """Return stated weights in the order of the data's classes.

    Raises:
        RecipeError: a class has none, or a name is not that of a class.

    >>> checked_weights({"dog": 2.0, "cat": 1.0}, ("cat", "dog"))
    [1.0, 2.0]
    """
    unknown = [name for name in weights if name not in classes]
    if unknown:
        near = nearest(unknown[0], classes) or list(classes[:_SHOWN])
        raise RecipeError(
            f"training.class_weights names {unknown[0]!r}, which is not a class of the data.",
            expected=f"nearest: {', '.join(near)}",
            fix="correct the name; zoo data NAME lists the classes",
        )
    missing = [name for name in classes if name not in weights]
    if missing:
        raise RecipeError(
            f"training.class_weights has no weight for {_listed(missing)}.",
            expected=f"a weight for each of the {len(classes)} classes; 1 leaves a class as it is",
            fix="add them, or set training.class_weights=balanced",
        )
    return [weights[name] for name in classes]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
