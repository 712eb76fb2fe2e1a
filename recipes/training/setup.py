"""Everything before `fit`: data, assets, model, optimizer."""

import functools
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from recipes.objects import make_augmentation, make_dataset, make_model, make_task
from recipes.values.schema import Recipe
from zoo import devices
from zoo.columns import WEIGHT
from zoo.errors import RecipeError
from zoo.regularization import AUTO, Regularization

_MOST_REPEATED = 10  # times that a batch may hold an example, where it is not small anyway
_SMALL_BATCH = 1024


@dataclass(frozen=True)
class Setup:
    """All that `fit` needs, made from a recipe."""

    recipe: Recipe
    dataset: Any
    task: Any
    assets: Any
    model: Any
    train: Any  # Encoded
    validation: Any  # Encoded
    augment: Callable[..., Any] | None
    steps: int
    releases: tuple[Any, ...] = ()  # callback that releases a frozen backbone; first of all

    @property
    def fingerprint(self) -> str:
        """That of the data, and of the weights that its groups have: what a checkpoint goes with."""
        if self.recipe.training.group_weights is None:
            return self.dataset.fingerprint
        weights = hashlib.sha256(self.train.split.columns[WEIGHT].tobytes()).hexdigest()
        return f"{self.dataset.fingerprint}-{weights[:16]}"

    def enter(self, epoch: int) -> None:
        """Bring model and optimizer to where `epoch` epochs are done: what a checkpoint fits."""
        for release in self.releases:
            release.enter(epoch)


def prepare(
    recipe: Recipe, *, device: str = "cpu", begun: Path | None = None, **data_arguments: Any
) -> Setup:
    """Load data, fit assets, build and compile the model: everything before `fit`.

    A batch size that is left to kerazoo is chosen by a pilot, which is prepared and trained first.

    Args:
        recipe: what to prepare; its dtype policy must be in force.
        device: on "gpu" operations are made deterministic, which they are on a CPU.
        begun: folder of the run that is resumed or continued, if any.
        **data_arguments: of `recipes.objects.make_dataset`.

    Raises:
        RecipeError, DataError: the recipe does not suit the data, or the strategy in force.
    """
    if recipe.training.batch_size != AUTO:
        return _prepared(recipe, device, begun, **data_arguments)
    from recipes.training.batch_size import PILOT_BATCH, batch_size_after

    def with_size(size: int) -> Setup:
        sized = recipe.with_values({"training.batch_size": size})
        return _prepared(sized, device, begun, **data_arguments)

    size, why = batch_size_after(with_size(PILOT_BATCH))
    setup = with_size(size)
    return replace(setup, dataset=replace(setup.dataset, notes=(*setup.dataset.notes, why)))


def _prepared(recipe: Recipe, device: str, begun: Path | None, **data_arguments: Any) -> Setup:
    """Prepare a recipe whose batch size is known."""
    import keras
    import tensorflow as tf

    from recipes.runs.run import source_of
    from recipes.training.automatic import with_chosen_preset
    from recipes.training.balance import with_balance
    from recipes.training.distillation import teaching
    from recipes.training.encoders import PretrainedEncoders, with_pinned_encoders
    from recipes.training.example_weights import with_weights
    from recipes.training.group_weights import with_group_weights
    from recipes.training.optimizer import steps_per_epoch
    from zoo.data.pipeline import Encoded
    from zoo.layers.regularize import apply_penalties

    _check_replicas(recipe, devices.replicas())
    dataset = make_dataset(recipe, **data_arguments)
    task = make_task(recipe.provisional())
    _check_accumulation(recipe, task)
    source = source_of(recipe)
    encoders = PretrainedEncoders(recipe := with_pinned_encoders(recipe, begun), begun)
    assets = encoders.adopted(_assets(recipe, dataset, task, source), dataset)
    recipe, task, dataset = with_chosen_preset(recipe, task, assets, dataset)
    task, dataset = with_balance(task, recipe, dataset, assets.classes)
    dataset, examples = with_group_weights(recipe, dataset, assets)
    if "test" in dataset.splits:  # what it holds is refused now, not after training
        task.units(dataset.splits["test"], assets, training=False)
    dataset = replace(dataset, notes=(*dataset.notes, *_notes(recipe, dataset, assets)))
    teach, trained_on = teaching(recipe, assets), with_weights(assets, task, recipe, examples)
    keras.utils.set_random_seed(recipe.training.seed)
    if device == "gpu":
        tf.config.experimental.enable_op_determinism()
    model = make_model(recipe, task, assets)
    model.teach, model.modulate = teach, task.modulation(model)
    told = encoders.load_into(model, assets)
    told += _begin_at(source, model, recipe, task, assets, examples) if source else ()
    transforms, augment = make_augmentation(recipe, assets, dataset.features)
    trained_on = trained_on.placed(transforms.steps) if transforms else trained_on
    how = {"transforms": transforms, "sampling": recipe.data.sampling}
    train = Encoded(examples, task, trained_on, training=True, **how)
    dataset = replace(dataset, notes=(*dataset.notes, *told, *_batch_notes(recipe, len(train))))
    apply_penalties(model, values := recipe.regularization_values())
    steps = steps_per_epoch(recipe, examples=len(train))
    releases = _make_ready(model, recipe, values, steps)
    return Setup(
        recipe=recipe,
        dataset=dataset,
        task=task,
        assets=assets,
        model=model,
        train=train,
        validation=Encoded(dataset.splits["validation"], task, assets),
        augment=augment,
        steps=steps,
        releases=releases,
    )


def _check_replicas(recipe: Recipe, replicas: int) -> None:
    """Refuse gradient accumulation on several replicas: whether to update is decided inside a branch,
    and TensorFlow cannot sum gradients over replicas there.
    """
    values = recipe.training
    if values.accumulate_steps > 1 and replicas > 1:
        whole = values.update_size
        raise RecipeError(
            f"training.accumulate_steps={values.accumulate_steps} does not work with a tf.distribute "
            f"strategy of {replicas} replicas.",
            expected="training.accumulate_steps=1, or a single replica",
            fix=f"set training.accumulate_steps=1 training.batch_size={whole}, which the replicas "
            "share, or train outside the strategy's scope",
        )


def _check_accumulation(recipe: Recipe, task: Any) -> None:
    """Refuse to make one update of several batches where the loss compares the examples of a batch."""
    values = recipe.training
    if task.contrastive and values.accumulate_steps > 1:
        raise RecipeError(
            f"training.accumulate_steps={values.accumulate_steps}: this loss compares the examples of a "
            "batch with one another, so several small batches are not one large batch.",
            expected="training.accumulate_steps=1",
            fix=f"set training.accumulate_steps=1 training.batch_size={values.update_size}",
        )


def _assets(recipe: Recipe, dataset: Any, task: Any, source: Any) -> Any:
    """Return the assets: those of the source with the data's targets, or fitted on train."""
    from recipes.training.initialization import inherited
    from zoo import registry
    from zoo.preprocessing import with_preprocessing

    if source:
        own = {"image_size": _own_size(recipe, source), "max_tokens": _own_length(recipe, source)}
        return inherited(source, dataset, task=task, **own)
    train = dataset.splits["train"]
    assets = task.fit(train, features=dataset.features, classes=dataset.classes)
    return with_preprocessing(assets, registry.model_card(recipe.model.name))


def _begin_at(
    source: Any, model: Any, recipe: Recipe, task: Any, assets: Any, examples: Any
) -> tuple[str, ...]:
    """Give a new model the weights of `source`, and what the recipe adds; return notes of it."""
    from recipes.training.balance import head_weights
    from recipes.training.initialization import adapt, take_over
    from recipes.training.linear_probe import fit_head
    from zoo.data.pipeline import Encoded

    told = []
    if take_over(model, source, assets) and recipe.initialization.head == "probe":
        weights, train = head_weights(task, recipe, examples), Encoded(examples, task, assets)
        told.append(fit_head(model, source, assets, train, weights=weights))
    if recipe.model.lora_rank:
        told.append(adapt(model, recipe))
    return tuple(told)


def _own_size(recipe: Recipe, source: Any) -> int | None:
    """Return the side of images where the recipe's is not that of the source."""
    own = recipe.task.arguments.get("image_size")
    return own if own != source.recipe.task.arguments.get("image_size") else None


def _own_length(recipe: Recipe, source: Any) -> int | None:
    """Return the tokens of a text where the recipe's are not those of the source.

    Raises:
        RecipeError: the model has fewer positions.
    """
    own, name = recipe.task.arguments.get("max_tokens"), "context_length"
    positions = recipe.model.arguments.get(name)
    if own and positions and own > positions:
        raise RecipeError(
            f"task.arguments.max_tokens={own} is more than {source.name} has positions for.",
            expected=f"at most {positions}",
            fix=f"set task.arguments.max_tokens={positions}; longer texts are cut off",
        )
    return own if own != source.recipe.task.arguments.get("max_tokens") else None


def _notes(recipe: Recipe, dataset: Any, assets: Any) -> tuple[str, ...]:
    """Name the parts of the data that are not used, and a learning rate that was scaled."""
    notes = _rate_notes(recipe)
    if not dataset.classes or assets.classes:
        return notes
    column = recipe.data.arguments.get("label_column", "label")
    return (
        *notes,
        f"The labels of {dataset.name} (column {column}, {len(dataset.classes)} classes) are not "
        f"used: {recipe.task.name} does not predict classes.",
    )


def _rate_notes(recipe: Recipe) -> tuple[str, ...]:
    """Say which peak learning rate a scaling rule gives."""
    values, factor = recipe.optimizer, recipe.rate_factor
    if values.rate_scaling == "none":
        return ()
    root = "the square root of " * (values.rate_scaling == "sqrt")
    return (
        f"The peak learning rate is {values.learning_rate * factor:.4g}: {values.learning_rate:g} times "
        f"{root}{recipe.training.update_size} / {values.rate_batch_size}, the examples of an update "
        f"over optimizer.rate_batch_size (optimizer.rate_scaling={values.rate_scaling}).",
    )


def _batch_notes(recipe: Recipe, examples: int) -> tuple[str, ...]:
    """Say that an update repeats examples; refuse one of far more than there are.

    Raises:
        RecipeError: it would hold each example more than `_MOST_REPEATED` times.
    """
    values = recipe.training
    size = values.update_size
    if size <= examples:
        return ()
    given, what = f"training.batch_size={values.batch_size}", "a batch"
    fix = f"set training.batch_size={min(128, max(1, examples // 10))}"
    if values.accumulate_steps > 1:
        given, what = f"{given} × training.accumulate_steps={values.accumulate_steps}", "an update"
        fix += " training.accumulate_steps=1"
    problem = f"{given} is more than the {examples:,} examples of train"
    if size > max(_SMALL_BATCH, _MOST_REPEATED * examples):
        raise RecipeError(
            f"{problem}: {what} would hold each of them {size // examples:,} times.",
            expected=f"{examples:,} at most, so that {what} holds an example once",
            fix=fix,
        )
    return (f"{problem}, so {what} holds some of them several times.",)


def _make_ready(model: Any, recipe: Recipe, values: Regularization, steps: int) -> tuple[Any, ...]:
    """Freeze what the recipe freezes and compile; return the callbacks that release it."""
    from recipes.training.initialization import Release

    compile_again = functools.partial(_compile, model, recipe, values, steps)
    releases = ()
    if recipe.initialization:
        release = Release(
            model,
            frozen_epochs=recipe.initialization.frozen_epochs,
            unfreeze_epochs=recipe.initialization.unfreeze_epochs,
            batch_norm=recipe.initialization.batch_norm,
            compile_again=compile_again,
        )
        releases = (release,)
    compile_again()
    return releases


def _compile(model: Any, recipe: Recipe, values: Regularization, steps: int) -> None:
    """Compile for what is trainable now; an optimizer that was there hands its state on."""
    from recipes.training.optimizer import carry_over, make_optimizer

    before = getattr(model, "optimizer", None)
    model.compile(optimizer=make_optimizer(recipe, model, values, steps_per_epoch=steps))
    if not model.optimizer.built:
        # Under mixed_float16 Keras has wrapped it, and a checkpoint needs the wrapper's slots too.
        model.optimizer.build(model.trainable_variables)
    if before is not None:
        carry_over(before, model.optimizer)
