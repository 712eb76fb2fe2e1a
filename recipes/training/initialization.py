"""Start from trained weights: what is kept of them, and how gently they are trained on.

A recipe with an `initialization` section takes the backbone of a run or shipped weight. The head is
new, unless the classes are the same. For `frozen_epochs` the head is trained alone; afterwards the
backbone follows at `backbone_rate` of the learning rate.

One optimizer over one list of tensors does both. What the backbone gets of the learning rate is a
function of the optimizer's step, which a checkpoint holds, so a run resumes bit for bit across the
release. While it is frozen the backbone runs as in prediction: no dropout, and the statistics of its
batch normalization stand still.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, final

import keras
from keras import ops

from recipes.runs.run import Run, load
from recipes.values.schema import Recipe
from zoo.columns import Column
from zoo.columns.assets import Assets
from zoo.errors import DataError, WeightsError
from zoo.weights import load_into, read_tensors, tensor_keys

if TYPE_CHECKING:
    from zoo.data.dataset import Dataset

HEAD = "head_"  # how the names of a head's layers begin


def source_of(recipe: Recipe) -> Run | None:
    """Return the run or weight that a recipe starts from; None where it starts from chance.

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
            f"{values.weights} has changed since {recipe.name} was made of it.",
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
    if not source.assets.classes:
        return assets
    if len(dataset.classes) < 2:
        raise DataError(
            f"{dataset.name} has {len(dataset.classes)} class(es); there is nothing to tell apart.",
            expected="two classes or more",
            fix="for a folder: one subfolder a class",
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
        f"{dataset.name} holds {' and '.join(held) or 'nothing that it knows'}; "
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


@final
class Release(keras.callbacks.Callback):
    """Run the backbone as in prediction for the first epochs, and as in training from then on.

    Args:
        frozen_epochs: >= 0.
    """

    def __init__(self, frozen_epochs: int):
        super().__init__()
        self.frozen_epochs = frozen_epochs

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        frozen = epoch < self.frozen_epochs
        backbones = [layer for layer in self.model.layers if isinstance(layer, keras.Model)]
        if frozen == all("call" in vars(backbone) for backbone in backbones):
            return
        for backbone in backbones:
            vars(backbone).pop("call", None)
            if frozen:
                backbone.call = _as_in_prediction(backbone.call)
        self.model.make_train_function(force=True)  # the old one was traced in the other mode

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        for layer in self.model.layers:
            vars(layer).pop("call", None)


def _as_in_prediction(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a model's `call` that is never told of training, and so tells no layer of it."""
    return lambda inputs, training=None, mask=None: call(inputs, training=False, mask=mask)


def gentle(
    base: "type[keras.optimizers.Optimizer]",
    model: "keras.Model",
    *,
    frozen_steps: int,
    rate: float,
) -> "type[keras.optimizers.Optimizer]":
    """Return an optimizer class that moves what is not the head later, and less.

    Learning rate and weight decay of the backbone are multiplied by 0 for `frozen_steps` updates
    and by `rate` from then on. Its moments are gathered from the start, so that the first updates
    after the release have a usual size.

    Args:
        base: of Keras; an update must be proportional to its learning rate.
        model: built.
        frozen_steps: >= 0.
        rate: (0, 1].
    """
    head = {id(v) for key, v in tensor_keys(model).items() if key.startswith(HEAD)}
    backbone = [id(variable) not in head for variable in model.trainable_variables]

    @final
    class Gentle(base):
        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            if backbone[self._get_variable_index(variable)]:
                learning_rate = learning_rate * self._share()
            super().update_step(gradient, variable, learning_rate)

        def _apply_weight_decay(self, variables: list[Any]) -> None:
            if not (self.weight_decay or getattr(self, "adam_weight_decay", None)):  # Muon has two
                return
            before = [
                (variable, ops.copy(variable))
                for variable in variables
                if backbone[self._get_variable_index(variable)]
            ]
            super()._apply_weight_decay(variables)
            for variable, old in before:
                variable.assign(old + (variable - old) * self._share())

        def _share(self) -> Any:
            return ops.where(self.iterations < frozen_steps, 0.0, rate)

    Gentle.__name__ = base.__name__
    return Gentle
