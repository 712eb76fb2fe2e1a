"""Distillation: learn a trained model's probabilities beside the labels (1503.02531).

The loss is (1 - weight) · L + weight · T² · KL(p || q): L is the task's own, p are the teacher's and
q the student's probabilities, both of logits divided by the temperature T. The factor T² keeps the size
of the second gradient as T changes (section 2.1). The teacher answers the very batch that the student
sees, after augmentation, in inference mode. It is not part of the student: neither its files nor its
count of parameters include it.

Teacher and student take the same inputs. Scaling, mean and log-mel features lie inside each of the
two. Images of another size are resized for the teacher; another sample rate, length of clips or
vocabulary is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any

from recipes.runs.run import Run, load_run, pinned
from recipes.values.schema import Recipe
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.errors import RecipeError

_SHOWN = 3  # classes of a difference in a message
# What lies inside a model, or says how the data holds values or how batches are padded.
_FREE = ("source", "preprocessing", "data_rate_hz", "buckets", "fitting")


def with_pinned_teacher(recipe: Recipe) -> Recipe:
    """Return a recipe whose teacher's checksum is stated, and its place in full.

    Raises:
        UnknownNameError, RunError: there is no teacher of that name.
    """
    values = recipe.distillation
    if values is None or values.sha256:
        return recipe
    teacher = load_run(values.teacher)
    place = str(teacher.path.absolute()) if teacher.path else teacher.name
    return recipe.with_values(
        {"distillation.teacher": place, "distillation.sha256": teacher.sha256}
    )


def teaching(recipe: Recipe, assets: Assets) -> Callable[[Any, Any, Any], Any] | None:
    """Return what turns the student's loss into that of distillation; None where there is no teacher.

    Building the teacher draws random numbers, so this comes before the seed is set.

    Args:
        recipe: names the teacher, or none.
        assets: of the student.

    Returns:
        A function of loss, inputs and outputs by name: `zoo.task_model.TaskModel.teach`.

    Raises:
        WeightsError: the teacher holds other numbers than the recipe states.
        RecipeError: the teacher has other classes or takes other inputs.
    """
    values = with_pinned_teacher(recipe).distillation
    if values is None:
        return None
    teacher = pinned(values.teacher, values.sha256, recipe.name)
    order = _order_of_classes(teacher, assets, recipe)
    inputs = {name: _input(teacher, name, assets, recipe) for name in teacher.assets.x}
    from keras import ops

    model = teacher.model
    model.trainable = False
    temperature, weight = values.temperature, values.weight

    def taught(loss: Any, x: Mapping[str, Any], y_pred: Mapping[str, Any]) -> Any:
        given = {key: tensor for take in inputs.values() for key, tensor in take(x).items()}
        logits = ops.take(model(given, training=False)["logits"], order, axis=-1)
        softened = softened_divergence(
            ops.stop_gradient(logits), y_pred["logits"], temperature=temperature
        )
        return (1 - weight) * loss + weight * temperature**2 * softened

    return taught


def softened_divergence(teacher: Any, student: Any, *, temperature: float) -> Any:
    """Return KL(p || q) of probabilities at a temperature, p the teacher's: a scalar in nats.

    Args:
        teacher, student: logits, (B, K).
        temperature: > 0, that both are divided by.

    >>> float(softened_divergence([[0.0, 1.0]], [[0.0, 1.0]], temperature=4.0))
    0.0
    """
    from keras import ops

    log_p, log_q = (
        ops.log_softmax(ops.cast(logits, "float32") / temperature) for logits in (teacher, student)
    )
    return ops.mean(ops.sum(ops.exp(log_p) * (log_p - log_q), axis=-1))


def _order_of_classes(teacher: Run, assets: Assets, recipe: Recipe) -> list[int]:
    """Return the place of each of the student's classes among the teacher's."""
    theirs, ours = teacher.assets.classes, assets.classes
    if not theirs or not ours:
        task = recipe.task.name if not ours else teacher.recipe.task.name
        raise RecipeError(
            f"{recipe.name} learns from the probabilities of classes; {task} does not predict one of "
            "several classes.",
            expected="a student and a teacher that are classifiers",
            fix="leave the section distillation out",
        )
    if set(theirs) != set(ours):
        parts = [
            f"only {who} has {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"
            for who, names in (
                ("the teacher", [name for name in theirs if name not in ours]),
                ("the data", [name for name in ours if name not in theirs]),
            )
            if names
        ]
        raise RecipeError(
            f"The teacher {teacher.name} knows {len(theirs)} classes, and {recipe.data.name} has "
            f"{len(ours)}: {'; '.join(parts)}.",
            expected="the same classes",
            fix="train the teacher on the same data: its folder goes into distillation.teacher",
        )
    return [theirs.index(name) for name in ours]


def _input(
    teacher: Run, name: str, assets: Assets, recipe: Recipe
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """Return what gives the teacher's input of a name from the student's batch."""
    column = teacher.assets.x[name]
    own = [key for key, other in assets.x.items() if other.kind == column.kind]
    found = name if name in own else own[0] if len(own) == 1 else ""
    other = assets.x[found] if found else None
    if other is None or not _same_values(column, other):
        takes = column.word if other is None else f"{_told(column)}, and the student {_told(other)}"
        raise RecipeError(
            f"The teacher {teacher.name} takes other inputs than {recipe.name}: {takes}.",
            expected="the same inputs; only the size of images may differ",
            fix="train the teacher with the same task.arguments on the same data",
        )
    tensors, ours = column.tensors(name), other.tensors(found)
    names = dict(zip(tensors, ours, strict=True))
    size = column.shape[:2] if column.has_pixels and column.shape != other.shape else None

    def take(x: Mapping[str, Any]) -> dict[str, Any]:
        from keras import ops

        given = {key: x[source] for key, source in names.items()}
        if size:
            pixels = ops.cast(given[name], "float32")
            given[name] = ops.image.resize(pixels, size, interpolation="bilinear", antialias=True)
        return given

    return take


def _same_values(column: Column, other: Column) -> bool:
    """Tell whether two inputs of one kind are given the same values, but for the size of images."""
    if column.optional != other.optional:
        return False
    if column.has_pixels:
        return column.shape[-1] == other.shape[-1] and None not in column.shape
    return _meaning(column) == _meaning(other)


def _meaning(column: Column) -> dict[str, Any]:
    return {key: value for key, value in column.to_dict().items() if key not in _FREE}


def _told(column: Column) -> str:
    """Return what an input takes, short enough for a message."""
    facts = {
        key: value
        for key, value in _meaning(column).items()
        if isinstance(value, int | list | tuple) and value and key != "optional"
    }
    sizes = {key: size for key, size in column.sizes.items() if key not in facts}
    told = ", ".join(f"{key} {value}" for key, value in (facts | sizes).items())
    return f"{column.word} ({told})" if told else column.word
