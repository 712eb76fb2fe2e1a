"""Start from trained weights: which of them are kept, and at which rate they are trained.

A recipe with an `initialization` section takes the backbone of a run or shipped weight. The head is
new, unless the classes are the same. For `frozen_epochs` only the head is trained; afterwards the
backbone is trained too, at once or block by block, at `backbone_rate` of the learning rate.

The backbone is frozen by `trainable=False`, and the optimizer has slots only for the rest. At a
release it is rebuilt for what is trained now: old slots and the number of updates are kept, and what
is released gets new slots. The number of epochs of a checkpoint tells what it holds, so a run resumes
bit for bit across each release.
"""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, final

import keras

from recipes.runs.parent import HEAD, fitted, other_head
from recipes.runs.run import Run
from recipes.values.schema import Recipe
from zoo.adapters import add_adapters, has_adapter
from zoo.columns import Column, Text
from zoo.columns.assets import Assets
from zoo.complexity import leaf_layers
from zoo.errors import DataError, RecipeError
from zoo.tasks.base import Task
from zoo.tasks.decision import THRESHOLD
from zoo.weights import is_adapter, load_into

if TYPE_CHECKING:
    from zoo.data.dataset import Dataset

# What a layer's name says of its block: "stage2_block3", "block7", "stem1".
_BLOCK = re.compile(r"stem|stage\d+(_block\d+)?|[a-z]+\d+")


def inherited(
    source: Run,
    dataset: "Dataset",
    *,
    task: Task | None = None,
    image_size: int | None = None,
    max_tokens: int | None = None,
) -> Assets:
    """Return the assets of the source (input size, tokenizer, front end) with the data's targets.

    Args:
        source: of `recipes.runs.run.source_of`.
        dataset: what is trained on.
        task: that is trained; None takes the source's.
        image_size: side of the images instead of the source's.
        max_tokens: of a text, likewise.

    Raises:
        DataError: the data has fewer than two classes, or not what the task predicts.
    """
    taken = task.adopted(source.assets.x, dataset.features) if task else source.assets.x
    x = {
        name: _for_data(column, column.source or name, source, dataset)
        for name, column in taken.items()
    }
    if image_size:
        x = {
            n: column.sized(image_size) if column.has_pixels else column for n, column in x.items()
        }
    if max_tokens:
        x = {n: c.cut_to(max_tokens) if isinstance(c, Text) else c for n, c in x.items()}
    extra = {k: v for k, v in source.assets.extra.items() if k != THRESHOLD}  # it was of other data
    assets = replace(source.assets, x=x, extra=extra)
    if task is not None and (source.assets.numbers or task.name != source.recipe.task.name):
        of = {"features": dataset.features, "classes": dataset.classes}
        own = replace(assets, y=task.targets(dataset.splits["train"], **of), extra={})
        return own if other_head(own, assets) else assets
    if not source.assets.label:
        return assets
    if len(dataset.classes) < 2:
        raise DataError(
            f"{dataset.name} has {len(dataset.classes)} class(es); there is nothing to tell apart.",
            expected="two classes or more",
            fix="for a folder: one subfolder per class",
        )
    return assets.with_classes(dataset.classes)


def _for_data(column: Column, name: str, source: Run, dataset: "Dataset") -> Column:
    """Return an input's column for the data's column of its name, or for the only one of its kind."""
    alike = [key for key, held in dataset.features.items() if held.kind == column.kind]
    key = name if name in alike or len(alike) != 1 else alike[0]
    if key in alike:
        return replace(column.for_data(dataset.features[key]), source=key)
    if column.optional:
        return column
    held = [c.word for c in dataset.features.values() if c.modality]
    raise DataError(
        f"{dataset.name} holds {' and '.join(held) or 'nothing that kerazoo knows'}; "
        f"{source.name} takes {column.word}.",
        expected=f"a data set of {column.word}",
        fix="zoo data shows the data sets; zoo list --weights the trained models",
    )


def take_over(model: keras.Model, source: Run, assets: Assets) -> bool:
    """Load the source's tensors into a new model, as `recipes.runs.parent.fitted` gives them.

    Args:
        model: just built, not compiled; its head keeps its random numbers where classes are new.
        source: of `recipes.runs.run.source_of`.
        assets: of the new run.

    Returns:
        Whether the head is new.

    Raises:
        WeightsError: the source's tensors do not fit the model; lists them.
    """
    is_new = other_head(assets, source.assets)
    load_into(model, fitted(model, source.tensors(), new_head=is_new))
    return is_new


def adapt(model: keras.Model, recipe: Recipe) -> str:
    """Add adapters to the backbone of a model, and return a sentence that says so.

    Args:
        model: with trained weights, not compiled; `Release` freezes all but adapters and head.
        recipe: names the model and gives the rank.

    Raises:
        RecipeError: the backbone has no layers that take adapters.
    """
    before, rank = model.count_params(), recipe.model.lora_rank
    layers = add_adapters(_backbone(model), rank)
    if not layers:
        raise RecipeError(
            f"model.lora_rank={rank}: the backbone of {recipe.model.name} has neither dense layers "
            "nor embeddings.",
            expected="a model with such layers: a transformer, an MLP, or one of texts",
            fix="set model.lora_rank=0; initialization.backbone_rate trains all weights slowly",
        )
    added = model.count_params() - before
    return f"{layers} layers of the backbone have adapters of rank {rank}: {added:,} weights."


def backbone_rates(
    model: keras.Model, rate: float, layer_decay: float
) -> list[tuple[keras.Variable, float]]:
    """Return the weights of all layers that are not of the head, with their share of the rate.

    Args:
        model: built.
        rate: share of the whole backbone, (0, 1].
        layer_decay: each block has this share of the rate of the next one, (0, 1]; the last block is
            the next to the head (2106.08254 §3.2 uses it for fine-tuning).
    """
    blocks = _blocks(model)
    return [
        (variable, rate * layer_decay ** (len(blocks) - place))
        for place, layers in enumerate(blocks)
        for layer in layers
        for variable in layer.weights
    ]


def _backbone(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if not layer.name.startswith(HEAD)]


def _blocks(model: keras.Model) -> list[list[keras.layers.Layer]]:
    """Return the leaf layers of the backbone by block, from the input to the head."""
    blocks: dict[str, list[keras.layers.Layer]] = {}
    name = "stem"
    for layer in _backbone(model):
        for leaf in leaf_layers(layer) if isinstance(layer, keras.Model) else [layer]:
            match = _BLOCK.match(leaf.name)
            name = match[0] if match else next(reversed(blocks), "stem")
            blocks.setdefault(name, []).append(leaf)
    return list(blocks.values())


@final
class Release(keras.callbacks.Callback):
    """Freeze the backbone for the first epochs, and release it afterwards.

    Freezing is Keras' `trainable=False`. The frozen weights and the statistics of their batch
    normalization do not change, and the optimizer has no slots for them; dropout stays on. A release
    comes at the end of an epoch, so this callback must come before those that save or score there:
    `enter(n)` is the state after n epochs. Where layers have adapters, only these are ever released.

    Args:
        model: built, not compiled; what is frozen in the first epoch is frozen at once.
        frozen_epochs: epochs with the head alone, >= 0.
        batch_norm: False keeps batch normalization as it is in all epochs.
        unfreeze_epochs: epochs after those in which blocks are released by and by, the last first
            (gradual unfreezing, 1801.06146 §3.3), >= 0; 0 releases all at once.
        compile_again: compiles the model for what is trainable now, and keeps the state of the
            optimizer that it had.

    Raises:
        RecipeError: all of the model is backbone, so nothing would be trained.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        frozen_epochs: int,
        unfreeze_epochs: int = 0,
        batch_norm: bool = True,
        compile_again: Callable[[], None],
    ):
        super().__init__()
        self.frozen_epochs, self.unfreeze_epochs = frozen_epochs, unfreeze_epochs
        self.compile_again, self._whole = compile_again, model
        self._layers = [part for layer in _backbone(model) for part in layer._flatten_layers()]
        kept = () if batch_norm else (keras.layers.BatchNormalization,)
        self._adapted = any(has_adapter(layer) for layer in self._layers)
        self._fixed = [
            part
            for part in self._layers
            if not part.trainable
            or isinstance(part, kept)
            or (self._adapted and not has_adapter(part))
        ]
        blocks = _blocks(model)
        self._blocks = [block for block in blocks if any(layer.weights for layer in block)]
        self._held = self._held_after(0)
        if self._held or self._fixed:
            self._hold()
        if not model.trainable_variables:
            raise RecipeError(
                f"{model.name} has no head to train by itself.",
                expected="initialization.frozen_epochs=0",
                fix="set it to 0, or take a task with a head, such as a classification",
            )

    def enter(self, epoch: int) -> None:
        """Bring model and optimizer to their state after `epoch` epochs; this cannot be undone."""
        held = self._held_after(epoch)
        if held >= self._held:
            return
        self._held = held
        self._hold()
        stops = self._whole.stop_training  # compiling forgets it
        self.compile_again()
        self._whole.stop_training = stops
        self._whole.make_train_function(force=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.enter(epoch + 1)

    def _held_after(self, epoch: int) -> int:
        """Return how many blocks are frozen after so many epochs, counted from the input."""
        stages, passed = self.unfreeze_epochs + 1, epoch - self.frozen_epochs + 1
        released = min(max(passed, 0), stages)
        return len(self._blocks) - math.ceil(len(self._blocks) * released / stages)

    def _hold(self) -> None:
        """Freeze the blocks that are held, and release the others."""
        whole = self._held == len(self._blocks)
        for layer in self._layers:  # each by itself: Keras passes on only a value that is new
            layer.trainable = not whole
        for block in self._blocks[: self._held]:
            for layer in block:
                layer.trainable = False
        for layer in self._fixed:
            layer.trainable = False
        if self._adapted:  # what lies beside adapters in their layers, such as biases
            for variable in (v for layer in self._layers for v in layer.weights):
                variable.trainable = variable.trainable and is_adapter(variable)
