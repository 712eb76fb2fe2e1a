"""Recipe values to objects: task, model, data, augmentation, precision."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from recipes.values.architecture import BUILDER
from recipes.values.load import recipe_names
from recipes.values.schema import Recipe
from zoo import devices, registry
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.columns.modalities import word_of
from zoo.errors import DataError
from zoo.tasks.base import Task

if TYPE_CHECKING:
    import keras

    from zoo.data.dataset import Dataset
    from zoo.task_model import TaskModel

BUILDER_KNOBS = ("stochastic_depth_rate", "embedding_dropout_rate", "layer_dropout_rate")


def make_task(recipe: Recipe) -> Task:
    """Build the recipe's task with its regularization values."""
    devices.load_tensorflow()  # before a task loads Keras, so that it starts quietly
    task_class = registry.resolve(registry.task_card(recipe.task.name).task)
    return task_class(**recipe.task.arguments, regularization=recipe.regularization_values())


def builder_arguments(recipe: Recipe) -> dict[str, Any]:
    """Return what the builder is given: the recipe's arguments and the knobs that it takes."""
    values, arguments = recipe.regularization_values(), dict(recipe.model.arguments)
    known = registry.builder_arguments(recipe.model.name)
    for knob in BUILDER_KNOBS:
        if getattr(values, knob) and knob in known:
            arguments.setdefault(knob, getattr(values, knob))
    if values.batch_norm is not None and "normalization" in known:
        arguments["normalization"] = "batch" if values.batch_norm else "none"
    return arguments


def make_model(recipe: Recipe, task: Task, assets: Assets) -> "TaskModel":
    """Build backbone and head from the recipe's values, under the precision in force."""
    from zoo.composition import assemble
    from zoo.task_model import TaskModel

    card = registry.model_card(recipe.model.name)
    model = assemble(card, task, assets, arguments=builder_arguments(recipe))
    if card.builder == BUILDER and not recipe.initialization:
        from recipes.own.model import begin_head

        begin_head(model, card.name, outputs=len(assets.outputs))
    alpha = recipe.regularization_values().r_drop_alpha
    return TaskModel(_with_named_vector(model, assets), task=task, r_drop_alpha=alpha)


def _with_named_vector(model: "keras.Model", assets: Assets) -> "keras.Model":
    """Return the model; without a head, its output is called "vector", as no logits are."""
    import keras

    if isinstance(model.output, dict) or assets.outputs or len(model.output.shape) != 2:
        return model
    return keras.Model(model.input, {"vector": model.output}, name=model.name)


def make_dataset(
    recipe: Recipe,
    *,
    data_dir: str | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
) -> "Dataset":
    """Load the recipe's data and carve validation; at most `max_examples` of each split.

    Raises:
        DataError: it cannot be read, or holds texts where the recipe's task takes images, say.
    """
    return _divided(
        recipe,
        _loaded(recipe, data_dir=data_dir, download=download, skip_corrupt=skip_corrupt),
    )


def undivided_dataset(
    recipe: Recipe, *, data_dir: str | None = None, skip_corrupt: bool = False
) -> "Dataset":
    """Load data that is only scored: without folds, and with no split drawn from a folder or table.

    Raises:
        DataError: it cannot be read, or holds texts where the recipe's task takes images, say.
        ArgumentError: plain texts without classes, which are always divided.
    """
    from zoo.data.load import folder_of

    if folder_of(recipe.data.name) is not None:
        whole = recipe.data.arguments | {"test_fraction": 1.0}
        recipe = recipe.with_values({"data.arguments": whole})
    return _loaded(recipe, data_dir=data_dir, skip_corrupt=skip_corrupt)


def check_folds(recipe: Recipe, *, folds: int, **data_arguments: Any) -> None:
    """Load the recipe's data once and divide it as each of its folds will be.

    Args:
        recipe: without folds.
        folds: number of parts.
        **data_arguments: of `make_dataset`.

    Raises:
        DataError: it cannot be divided into so many.
    """
    dataset = _loaded(recipe, **data_arguments)
    for fold in range(1, folds + 1):
        _divided(recipe.with_values({"data.folds": folds, "data.test_fold": fold}), dataset)


def _loaded(recipe: Recipe, **data_arguments: Any) -> "Dataset":
    """Return the data as its source divides it."""
    from zoo.data.load import load_dataset

    dataset = load_dataset(recipe.data.name, **data_arguments, **recipe.data.arguments)
    _check_columns(recipe, dataset)
    return dataset


def _divided(recipe: Recipe, dataset: "Dataset") -> "Dataset":
    """Return the data with the recipe's fold as test split, a validation split, and its limit."""
    values = recipe.data
    if values.folds:
        from zoo.data.folds import in_folds

        place = {"folds": values.folds, "test_fold": values.test_fold}
        dataset = in_folds(dataset, **place, seed=values.split_seed)
    dataset = dataset.with_validation(fraction=values.validation_fraction, seed=values.split_seed)
    return dataset.limited(values.max_examples) if values.max_examples else dataset


def _check_columns(recipe: Recipe, dataset: "Dataset") -> None:
    """Raise DataError unless the data has a column of the kind that the recipe's task takes."""
    modality = (
        registry.task_card(recipe.task.name).modality
        or registry.model_card(recipe.model.name).modality
    )
    columns = [column for column in dataset.features.values() if column.modality]
    held, word = [column.modality for column in columns], word_of(modality)
    if word is None or modality in held:
        return
    words = " and ".join(column.word for column in columns) or "none"
    names = [name for name in recipe_names() if name.partition("/")[0] in held]
    others = f"choose a recipe for {words} ({', '.join(names)}), or " if names else ""
    raise DataError(
        f"The recipe {recipe.name} takes {word}, and {dataset.name} holds {words}.",
        expected=f"{word}: your own folder, or a data set that `zoo data` lists",
        fix=f"{others}give other data: data.name=…, or --data to finetune",
    )


@contextlib.contextmanager
def precision(recipe: Recipe) -> Iterator[None]:
    """Build layers under the recipe's dtype policy, then restore the old one."""
    import keras

    old = keras.config.dtype_policy()
    keras.config.set_dtype_policy(recipe.training.precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(old)


def make_augmentation(
    recipe: Recipe, assets: Assets, features: Mapping[str, Column]
) -> tuple[Callable[..., Any] | None, Callable[..., Any] | None]:
    """Return what changes training examples one by one, and what changes batches of them.

    Args:
        recipe: its regularization values say what is on.
        assets: the fitted columns.
        features: the data's own columns.
    """
    from zoo.transforms.batches import batch_augmentation
    from zoo.transforms.examples import example_transforms

    values = recipe.regularization_values()
    transforms, done = example_transforms(values, assets=assets, features=features)
    return transforms, batch_augmentation(values, assets=assets, done=done)
