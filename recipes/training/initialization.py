"""Start from trained weights: which of them are kept, and at which rate they are trained.

A recipe with an `initialization` section takes the backbone of a run or shipped weight. The head is
new, unless the classes are the same. For `frozen_epochs` only the head is trained; afterwards the
backbone is trained too, at `backbone_rate` of the learning rate.

The backbone is frozen by `trainable=False`, and the optimizer has slots only for the head. At the
release it is rebuilt for the whole model: the head's slots and the number of updates are kept, and the
backbone gets new slots. The number of epochs of a checkpoint tells which of the two it holds, so a run
resumes bit for bit across the release.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, final

import keras

from recipes.runs.run import Run, load
from recipes.values.schema import Recipe
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.complexity import leaf_layers
from zoo.errors import DataError, RecipeError, WeightsError
from zoo.weights import load_into, read_tensors, tensor_keys

if TYPE_CHECKING:
    from zoo.data.dataset import Dataset

HEAD = "head_"  # how the names of a head's layers begin
# What a layer's name says of its block: "stage2_block3", "block7", "stem1".
_BLOCK = re.compile(r"stem|stage\d+(_block\d+)?|[a-z]+\d+")


def source_of(recipe: Recipe) -> Run | None:
    """Return the run or weight that a recipe starts from; None where it starts from random weights.

    Raises:
        UnknownNameError, RunError: there is none of that name.
        WeightsError: it holds other numbers than when the recipe was made.
    """
    values = recipe.initialization
    if values is None:
        return None
    source = load(values.weights)
    if source.sha256 != values.sha256:
        raise WeightsError(
            f"{values.weights} has changed since {recipe.name} was made from it.",
            expected=f"SHA-256 {values.sha256[:16]}…, not {source.sha256[:16]}…",
            fix="put the weights back as they were, or finetune again in another folder",
        )
    return source


def inherited(source: Run, dataset: "Dataset") -> Assets:
    """Return the assets of the source (input size, tokenizer, front end) with the data's classes.

    Raises:
        DataError: the data has fewer than two classes.
    """
    x = {
        name: _for_data(column, column.source or name, source, dataset)
        for name, column in source.assets.x.items()
    }
    assets = replace(source.assets, x=x)
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


def take_over(model: keras.Model, source: Run, assets: Assets) -> None:
    """Load the source's tensors into a new model.

    Args:
        model: just built, not compiled; its head keeps its random numbers where classes are new.
        source: of `source_of`.
        assets: of the new run.

    Raises:
        WeightsError: the source's tensors do not fit the model; lists them.
    """
    tensors, _ = read_tensors(source.weights_path, sha256=source.sha256)
    if assets.classes != source.assets.classes:
        fresh = {key: variable.numpy() for key, variable in tensor_keys(model).items()}
        tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith(HEAD)}
        tensors |= {key: array for key, array in fresh.items() if key.startswith(HEAD)}
    load_into(model, tensors)


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
    blocks: list[str] = []
    found: list[tuple[keras.Variable, int]] = []
    for layer in _backbone(model):
        for leaf in leaf_layers(layer) if isinstance(layer, keras.Model) else [layer]:
            match = _BLOCK.match(leaf.name)
            block = match[0] if match else (blocks[-1] if blocks else "stem")
            if not blocks or (block != blocks[-1] and block not in blocks):
                blocks.append(block)
            found += [(variable, blocks.index(block)) for variable in leaf.weights]
    last = len(blocks)
    return [(variable, rate * layer_decay ** (last - place)) for variable, place in found]


def _backbone(model: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in model.layers if not layer.name.startswith(HEAD)]


@final
class Release(keras.callbacks.Callback):
    """Freeze the backbone for the first epochs, and release it afterwards.

    Freezing is Keras' `trainable=False`. The backbone's weights and the statistics of its batch
    normalization do not change, and the optimizer has no slots for it; its dropout stays on. The
    release comes at the end of the last frozen epoch, so this callback must come before those that save
    or score there: `enter(n)` is the state after n epochs.

    Args:
        model: built, not compiled; frozen at once unless `frozen_epochs` is 0.
        frozen_epochs: >= 0.
        compile_again: compiles the model for what is trainable now, and keeps the state of the
            optimizer that it had.

    Raises:
        RecipeError: all of the model is backbone, so nothing would be trained.
    """

    def __init__(
        self, model: keras.Model, *, frozen_epochs: int, compile_again: Callable[[], None]
    ):
        super().__init__()
        self.frozen_epochs, self.compile_again = frozen_epochs, compile_again
        self._whole, self._fixed = model, []
        self._held = frozen_epochs > 0
        if self._held:
            self._freeze()

    def enter(self, epoch: int) -> None:
        """Bring model and optimizer to their state after `epoch` epochs; this cannot be undone."""
        if not self._held or epoch < self.frozen_epochs:
            return
        self._held = False
        for layer in _backbone(self._whole):
            layer.trainable = True
        for layer in self._fixed:
            layer.trainable = False
        stops = self._whole.stop_training  # compiling forgets it
        self.compile_again()
        self._whole.stop_training = stops
        self._whole.make_train_function(force=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.enter(epoch + 1)

    def _freeze(self) -> None:
        layers = [part for layer in _backbone(self._whole) for part in layer._flatten_layers()]
        self._fixed = [layer for layer in layers if not layer.trainable]
        for layer in _backbone(self._whole):
            layer.trainable = False
        if not self._whole.trainable_variables:
            raise RecipeError(
                f"{self._whole.name} has no head to train by itself.",
                expected="initialization.frozen_epochs=0",
                fix="set it to 0, or take a task with a head, such as a classification",
            )
