"""Fine-tune a model on other data: a new head first, then the whole model at a lower rate.

Published weights get a head that was fitted on their features, and then one low rate for all.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from recipes.objects import BUILDER_KNOBS, builder_arguments, make_dataset
from recipes.runs.run import Run, load_run
from recipes.runs.splits import skips_corrupt
from recipes.training.pair_tasks import with_pair_task
from recipes.training.train import CHECKPOINT_MINUTES, train
from recipes.values.load import parse_overrides, with_keywords
from recipes.values.schema import Recipe
from recipes.values.sections import LEAST_BATCH
from zoo import devices, registry
from zoo.cards import FineTuning
from zoo.data.load import folder_of
from zoo.errors import ArgumentError, DataError
from zoo.regularization import AUTO

EPOCHS, FROZEN_EPOCHS = 20, 5
LEARNING_RATE, BACKBONE_RATE = 1e-2, 0.1
# Arguments of a task that hold for the source's classes, and those of its loss.
OF_CLASSES = ("threshold_goal", "positive_class")
OF_LOSS = ("loss", "focal_gamma", "logit_tau")
PRESET, _RATE = "regularization.preset", "optimizer.learning_rate"
_OFF = {"averaging_decay": 0.0}  # an average needs more updates than a finetune has
BATCH_SIZE, LEAST_STEPS = 16, 20  # updates of an epoch, where the data has fewer batches


def finetune(
    target: str | Path | Run,
    data: str | Path,
    *overrides: str,
    epochs: int | None = None,
    frozen_epochs: int | None = None,
    learning_rate: float | None = None,
    seed: int = 1,
    run_dir: str | Path | None = None,
    resume: bool = False,
    smoke: bool = False,
    device: str | None = None,
    data_dir: str | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    progress: bool = True,
    **values: Any,
) -> Run:
    """Fine-tune a run or shipped weight on other data, and return the new run.

    Input size, tokenizer, front end and augmentation stay those of the trained model; the head is new,
    unless the classes are the same. An epoch has 20 updates or more. Data with two texts takes a task
    on pairs. The head of published weights begins as the best linear one on their features.

    Args:
        target: run directory, weight name, name of published weights, or recipe name.
        data: a folder, a table, or a data set's name.
        *overrides: "key=value" texts, set last.
        epochs: total number of epochs; 0 only fits the head on features (a linear probe). None takes
            what the card of published weights says, or 20.
        frozen_epochs: epochs of the head alone; None: a quarter, or none for published weights.
        learning_rate: of the head; the backbone gets a tenth (`initialization.backbone_rate`), but
            all of it in language models and published weights, which take it from their card.
        seed: of the new head, the order and the augmentation.
        **values: fields of the recipe by dotted path, set after `overrides`; the rest as `zoo.train`.

    Raises:
        UnknownNameError, RunError, WeightsError, ArgumentError: no such model, or one not trained here.
        DataError: the data is of another kind, has one class, or is what the model was trained on.

    >>> zoo.finetune("resnet20.fashion_mnist", "./bags", epochs=20)  # doctest: +SKIP
    """
    source, data = _trainable(load_run(target)), str(data)
    skip_corrupt = skip_corrupt or skips_corrupt(Path(run_dir).expanduser() if run_dir else None)
    where = {"data_dir": data_dir, "download": download, "skip_corrupt": skip_corrupt}
    values = values if learning_rate is None else {_RATE: learning_rate, **values}
    changes = with_pair_task(source, data, parse_overrides(overrides), values, where)
    asked = changes | values
    epochs = _whole(asked.get("training.epochs")) if epochs is None else epochs
    how = {"epochs": epochs, "frozen_epochs": frozen_epochs, "learning_rate": learning_rate}
    how |= {"seed": seed, "task": asked.get("task.name"), "preset": asked.get(PRESET)}
    recipe = finetuning_recipe(source, data, **how).with_values(changes)
    recipe = with_keywords(recipe, values, finetune)
    if recipe.training.steps_per_epoch is None and source.assets.y:
        devices.prepare(device)
        recipe = with_least_steps(recipe, len(make_dataset(recipe, **where).splits["train"]))
    _show_choices(recipe, source, shown=progress)
    how = {"resume": resume, "smoke": smoke, "device": device, "progress": progress}
    return train(recipe, run_dir=run_dir, checkpoint_minutes=checkpoint_minutes, **how, **where)


def _trainable(source: Run) -> Run:
    """Return a run; refuse one of a task that no recipe trains."""
    if registry.task_card(source.recipe.task.name).trained:
        return source
    raise ArgumentError(
        f"{source.name} writes transcripts; kerazoo does not fine-tune such models yet.",
        expected="a model of another task",
        fix="train one on your transcripts: zoo train speech/an4-deep-speech2 data.name=TABLE",
    )


def with_least_steps(recipe: Recipe, examples: int) -> Recipe:
    """Return the recipe with 20 updates per epoch where so few training examples make fewer batches."""
    each, size = recipe.training.accumulate_steps, recipe.training.batch_size
    size = LEAST_BATCH if size == AUTO else size  # none smaller is chosen
    few = examples // (size * each) < LEAST_STEPS
    return recipe.with_values({"training.steps_per_epoch": LEAST_STEPS * each}) if few else recipe


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def finetuning_recipe(
    source: Run,
    data: str,
    *,
    epochs: int | None = None,
    frozen_epochs: int | None = None,
    learning_rate: float | None = None,
    seed: int = 1,
    task: str | None = None,
    preset: str | None = None,
) -> Recipe:
    """Return the recipe of a finetune: the source's model, task and augmentation, on other data.

    Args:
        source: a run or shipped weight.
        data: a folder, a table, or a data set's name.
        epochs, frozen_epochs, learning_rate, seed: of `finetune`.
        task: that is trained, where it is not the source's; the head is then new.
        preset: whose values replace the source's regularization.
    """
    place, recipe = _check_data(source, data), source.recipe
    epochs = _epochs(source) if epochs is None else epochs
    start, chosen = _start(source, epochs, frozen_epochs, task or recipe.task.name)
    done = "fine-tuned on" if epochs else "with a head fitted on its features of"
    values = {
        "name": f"finetune/{source.path.name if source.path else source.name}-{Path(place).name}",
        "summary": f"{recipe.model.name} of {source.name}, {done} {data}.",
        "task": {"name": recipe.task.name, "arguments": _inherited_arguments(recipe, epochs)},
        "data": {"name": data},
        "model": {"name": recipe.model.name, "arguments": builder_arguments(recipe)},
        "regularization": recipe.resolved()["regularization"] | _OFF,
        "optimizer": {
            "name": "adamw",
            "learning_rate": chosen.learning_rate if learning_rate is None else learning_rate,
            "layer_decay": chosen.layer_decay,
        },
        "schedule": {"name": "cosine", "warmup_epochs": min(1.0, 0.5 * epochs)},
        "training": {
            "epochs": epochs,
            "batch_size": chosen.batch_size,
            "precision": recipe.training.precision,
            "seed": seed,
            "select": "last",  # few validation examples say little of epochs
        },
        "initialization": start,
    }
    made = Recipe.parse(values, source=f"finetune {source.name}")
    return made if preset is None else _with_preset(made, preset)


def _with_preset(recipe: Recipe, preset: str) -> Recipe:
    """Return a finetune's recipe with a preset's values in place of the source's."""
    arguments = {k: v for k, v in recipe.model.arguments.items() if k not in BUILDER_KNOBS}
    return recipe.with_values(
        {"regularization": {"preset": preset, **_OFF}, "model.arguments": arguments}
    )


def _epochs(source: Run) -> int:
    """Return the usual number of epochs: that of a published model's card, or 20."""
    published = registry.pretrained_cards().get(source.name)
    stated = registry.model_card(published.model).finetuning.epochs if published else None
    return EPOCHS if stated is None else stated


def _inherited_arguments(recipe: Recipe, epochs: int) -> dict[str, Any]:
    """Return the task's arguments without those that speak of the classes of the source's data.

    A head that is fitted on features has no use for a loss.
    """
    left_out = (*OF_CLASSES, *(() if epochs else OF_LOSS))
    return {k: v for k, v in recipe.task.arguments.items() if k not in left_out}


def _start(
    source: Run, epochs: int, frozen_epochs: int | None, task: str
) -> tuple[dict[str, Any], FineTuning]:
    """Return the section `initialization`, and learning rate, layer decay and batch size.

    Args:
        source: a run or weight.
        epochs, frozen_epochs: of `finetune`.
        task: that is trained.
    """
    published = registry.pretrained_cards().get(source.name)
    has_head = bool(source.assets.outputs or published)  # a language model has none
    if not has_head and frozen_epochs:
        raise ArgumentError(
            f"{source.name} is a language model: it has no head to train alone.",
            expected="frozen_epochs=0",
            fix="leave --frozen-epochs out",
        )
    same = task == source.recipe.task.name
    fitted_first = bool(source.assets.label) and same and published is not None
    probe = has_head and (fitted_first or epochs == 0)
    backbone_rate = BACKBONE_RATE if has_head and not published else 1.0
    chosen = FineTuning(LEARNING_RATE * BACKBONE_RATE / backbone_rate, batch_size=BATCH_SIZE)
    if published:
        chosen = registry.model_card(published.model).finetuning
        if not same:  # the new head begins with random numbers, and needs larger steps
            backbone_rate = min(1.0, chosen.learning_rate / LEARNING_RATE)
            chosen = replace(chosen, learning_rate=chosen.learning_rate / backbone_rate)
    if frozen_epochs is None:
        frozen_epochs = epochs * FROZEN_EPOCHS // EPOCHS if has_head and not probe else 0
    start = {
        "weights": str(source.path.absolute()) if source.path else source.name,
        "sha256": source.sha256,
        "head": "probe" if probe else "random",
        "frozen_epochs": frozen_epochs,
        "backbone_rate": backbone_rate,
        "batch_norm": published is None,  # batches of a few say less than millions did
    }
    return start, chosen


def _show_choices(recipe: Recipe, source: Run, *, shown: bool) -> None:
    """Say what was chosen for published weights: size or length, batch and rates."""
    from recipes.training.progress import show_notes  # loads Keras

    if shown and source.name in registry.pretrained_cards():
        show_notes([f"{source.name} is {_chosen(recipe)}."])


def _chosen(recipe: Recipe) -> str:
    arguments, epochs = recipe.task.arguments, recipe.training.epochs
    size, tokens = arguments.get("image_size"), arguments.get("max_tokens")
    inputs = [f"images of {size} × {size} pixels"] if size else []
    inputs = [f"texts of {tokens} tokens at most"] if tokens else inputs
    if not epochs:
        return f"used with {inputs[0]}" if inputs else "used as it is"
    parts = [*inputs, f"batches of {recipe.training.batch_size}"]
    parts.append(f"learning rate {recipe.optimizer.learning_rate:g}")
    if recipe.initialization and recipe.initialization.backbone_rate < 1:
        parts.append(f"{recipe.initialization.backbone_rate:g} of it for the backbone")
    if recipe.optimizer.layer_decay < 1:
        parts.append(f"each block {recipe.optimizer.layer_decay:g} of the next one's")
    return f"fine-tuned with {', '.join(parts)}"


def _check_data(source: Run, data: str) -> str:
    """Return the data's name, a folder's in full; refuse what is known to be wrong unseen."""
    place = str(folder_of(data) or data)
    published = registry.pretrained_cards().get(source.name)
    only_scored = published and published.classes == "none"  # on the data that the card names
    if place == source.recipe.data.name and not only_scored:
        raise DataError(
            f"{source.name} was already trained on {data}.",
            expected="other data of the same kind",
            fix="give other data with --data; to train longer: zoo train RECIPE training.epochs=N",
        )
    card = next((card for card in registry.list_datasets() if card.name == data), None)
    taken = {column.modality for column in source.assets.x.values() if column.modality}
    if card and len(taken) == 1 and card.modality not in taken:
        (modality,) = taken
        raise DataError(
            f"{data} is a data set of {card.modality}; {source.name} takes {modality}.",
            expected=f"one of: {', '.join(_names_of(modality))}, or a folder",
            fix="zoo data shows the data sets",
        )
    return place


def _names_of(modality: str) -> list[str]:
    return [card.name for card in registry.list_datasets() if card.modality == modality]
