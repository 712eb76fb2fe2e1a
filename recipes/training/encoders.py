"""Encoders of a fusion that begin with trained weights: their inputs, their numbers, frozen or not.

`model.arguments.encoders.NAME` may state `weights`. A training then takes three things from them: the
arguments of the model, the column of the input (its size, tokenizer or log-mel features), and the
numbers. The run keeps all three, so nothing of the weights is needed afterwards.
"""

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.objects import builder_arguments
from recipes.runs.directory import ASSETS
from recipes.runs.parent import fitted
from recipes.runs.run import Run, load_run, pinned
from recipes.runs.trained import CHECKPOINT, RECIPE, read_json
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo import registry
from zoo.columns import Audio, Column, Text
from zoo.columns.assets import Assets
from zoo.encoder_values import ARGUMENT, EncoderValues, encoder_values
from zoo.errors import ArgumentError, RecipeError, WeightsError, ZooError, unknown_name
from zoo.files import as_path, write_text

if TYPE_CHECKING:
    import keras

    from zoo.data.dataset import Dataset

_BACKBONE = "backbone/"  # how the keys of a model's weights begin, but for those of its head


def begins_with_weights(recipe: Recipe) -> dict[str, EncoderValues]:
    """Return the encoders of a recipe that begin with trained weights, by input."""
    if ARGUMENT not in registry.builder_arguments(recipe.model.name):
        return {}
    asked = encoder_values(recipe.model.arguments)
    return {name: values for name, values in asked.items() if values.weights}


def with_pinned_encoders(recipe: Recipe, begun: str | Path | None = None) -> Recipe:
    """Return a recipe that states the checksum and the arguments of the weights of its encoders.

    Args:
        recipe: names weights of encoders, or none.
        begun: folder of a run of this recipe, from which they are taken if it has begun.

    Raises:
        UnknownNameError, RunError: there are no such weights.
        WeightsError: no source gave them, or they are of another model.
    """
    open_ones = {n: v for n, v in begins_with_weights(recipe).items() if v.sha256 is None}
    if not open_ones:
        return recipe
    file = as_path(begun) / RECIPE if begun else None
    before = begins_with_weights(load_recipe(file)) if file and file.is_file() else {}
    changed = dict(recipe.model.arguments[ARGUMENT])
    for name, values in open_ones.items():
        place, old = _place_of(name, values), before.get(name)
        if old and (old.name, old.weights) == (values.name, place):
            sha256, own = old.sha256, old.arguments
        else:
            source = _source(name, replace(values, weights=place))
            sha256, own = source.sha256, _arguments_of(source, frozen=values.frozen)
        found = replace(values, weights=place, sha256=sha256, arguments={**own, **values.arguments})
        changed[name] = found.to_dict()
    arguments = {**recipe.model.arguments, ARGUMENT: changed}
    expects = recipe.model_dump()["expects"]  # the values are those that the recipe meant
    return recipe.with_values({"model.arguments": arguments, "expects": expects})


def _place_of(name: str, values: EncoderValues) -> str:
    """Return the name of an encoder's weights, or the folder of their run, in full.

    Raises:
        UnknownNameError: there are none of that name.
        WeightsError: they are of another model, or a file of numbers.
    """
    text, known = values.weights, registry.weight_cards() | registry.pretrained_cards()
    for full in (text, f"{values.name}.{text}"):
        if full in known:
            _check_model(name, values, known[full].model)
            return full
    place = Path(text).expanduser()
    if place.is_file():
        raise WeightsError(
            f"encoders.{name}.weights={text} is a file: it does not say what its inputs were.",
            expected="the name of weights, or the folder of a run",
            fix="a file of published weights is known by its name after: zoo weights add NAME FILE",
        )
    if place.is_dir():
        return str(place.absolute())
    raise unknown_name(
        f"weight for encoders.{name}",
        text if text.startswith(f"{values.name}.") or "/" in text else f"{values.name}.{text}",
        [key for key, card in known.items() if card.model == values.name],
        fix=f"zoo list --pretrained shows them; without weights, leave encoders.{name}.weights out",
    )


def _source(name: str, values: EncoderValues) -> Run:
    source = (
        pinned(values.weights, values.sha256, f"the encoder of {name}")
        if values.sha256
        else load_run(values.weights)
    )
    _check_model(name, values, source.recipe.model.name)
    return source


def _check_model(name: str, values: EncoderValues, model: str) -> None:
    if model != values.name:
        raise WeightsError(
            f"encoders.{name}: {values.weights} holds weights of {model}, not of {values.name}.",
            expected=f"weights of {values.name}",
            fix=f"set encoders.{name}.name={model}, or other weights",
        )


def _arguments_of(source: Run, *, frozen: bool) -> dict[str, Any]:
    """Return the arguments of a trained model; one that stays as it is drops nothing out."""
    own = builder_arguments(source.recipe)
    rates = [a for a in registry.builder_arguments(source.recipe.model.name) if a.endswith("_rate")]
    return own | dict.fromkeys(rates, 0.0) if frozen else own


class PretrainedEncoders:
    """What the encoders of a training begin with.

    Args:
        recipe: of `with_pinned_encoders`.
        begun: folder of a run with a checkpoint, whose values and numbers hold; or None.
    """

    def __init__(self, recipe: Recipe, begun: Path | None = None):
        self.recipe = recipe
        # What a recipe starts from as a whole has its encoders in it, as a checkpoint has.
        self.asked = {} if recipe.initialization else begins_with_weights(recipe)
        self.begun = begun if begun and (begun / CHECKPOINT).is_file() else None

    @functools.cached_property
    def sources(self) -> dict[str, Run]:
        """The trained models, by input."""
        return {name: _source(name, values) for name, values in self.asked.items()}

    def adopted(self, assets: Assets, dataset: "Dataset") -> Assets:
        """Return assets whose inputs are read as the weights of their encoders are used to.

        Args:
            assets: fitted on train.
            dataset: what is trained on.

        Raises:
            RecipeError: the task's arguments ask for what the weights do not have.
            UnknownNameError: an encoder is of an input that there is not.
        """
        for name in self.asked:
            if name not in assets.x:
                raise unknown_name("input", name, assets.x, fix="give encoders for these inputs")
        if self.begun and self.asked:
            kept = Assets.from_dict(read_json(self.begun / ASSETS)).x
            return replace(assets, x={**assets.x, **{name: kept[name] for name in self.asked}})
        x = {name: self._column(name, assets.x[name], dataset) for name in self.asked}
        return replace(assets, x={**assets.x, **x})

    def _column(self, name: str, column: Column, dataset: "Dataset") -> Column:
        source = self.sources[name]
        theirs = list(source.assets.x.values())
        if len(theirs) != 1:
            raise ArgumentError(
                f"encoders.{name}: {source.name} takes {len(theirs)} inputs.",
                expected="weights of a model of one input",
                fix=f"zoo list --modality {column.modality} shows such models",
            )
        key = column.source or name
        found = theirs[0].for_data(dataset.features[key])
        return self._sized(name, replace(found, source=key, optional=column.optional))

    def _sized(self, name: str, column: Column) -> Column:
        """Return a column at the size that the recipe's task asks for, where it asks."""
        asked, values = self.recipe.task.arguments, self.asked[name]
        if column.has_pixels and asked.get("image_size"):
            return column.sized(asked["image_size"])
        if isinstance(column, Text) and asked.get("max_tokens"):
            positions = values.arguments.get("context_length", asked["max_tokens"])
            if asked["max_tokens"] > positions:
                raise RecipeError(
                    f"task.arguments.max_tokens={asked['max_tokens']} is more than {values.weights} "
                    "has positions for.",
                    expected=f"at most {positions}",
                    fix=f"set task.arguments.max_tokens={positions}; longer texts are cut off",
                )
            return column.cut_to(asked["max_tokens"])
        if isinstance(column, Audio) and asked.get("clip_seconds"):
            return column.shaped((round(asked["clip_seconds"] * column.sample_rate_hz),))
        return column

    def load_into(self, model: "keras.Model", assets: Assets) -> tuple[str, ...]:
        """Load the weights into a new model; return a sentence on each encoder.

        Raises:
            WeightsError: they do not fit.
        """
        if self.begun:
            return ()
        for name, source in self.sources.items():
            self._load(name, source, model)
        return tuple(self._told(name, assets.x[name]) for name in self.asked)

    def _load(self, name: str, source: Run, model: "keras.Model") -> None:
        from zoo.weights import load_into

        encoder = next(
            layer for layer in model._flatten_layers() if layer.name == f"{name}_encoder"
        )
        tensors = {
            key.removeprefix(_BACKBONE): tensor
            for key, tensor in source.tensors().items()
            if key.startswith(_BACKBONE)
        }
        try:
            load_into(encoder, fitted(encoder, tensors, new_head=False))
        except WeightsError as error:
            raise WeightsError(
                f"encoders.{name}: {source.name} does not fit. {error.problem}",
                expected="the arguments that the weights were trained with",
                fix=f"leave encoders.{name}.arguments out to take them",
            ) from error

    def _told(self, name: str, column: Column) -> str:
        values = self.asked[name]
        how = "is frozen" if values.frozen else "is trained with the rest"
        return f"The encoder of {name} begins with {values.weights} and {how}; it takes {taken(column)}."


def unavailable(recipe: Recipe) -> dict[str, str]:
    """Return the weights of encoders that cannot be had any more, by input."""
    gone = {}
    for name, values in begins_with_weights(recipe).items():
        try:
            _source(name, values)
        except ZooError:
            gone[name] = values.weights
    return gone


def keep_inputs(folder: Path, recipe: Recipe, assets: Assets) -> None:
    """Write into the folder of a run what pretrained encoders take; resuming then needs no weights."""
    if begins_with_weights(recipe):
        write_text(folder / ASSETS, json.dumps(assets.to_dict(), indent=1))


def taken(column: Column) -> str:
    """Return what an input takes, in words.

    >>> from zoo.columns import Audio, Image
    >>> taken(Image((224, 224, 3))), taken(Audio(16_000, samples=24_000))
    ('images of 224 × 224 pixels', 'sounds of 1.5 s at 16,000 Hz')
    """
    if column.has_pixels:
        return f"{column.word} of {column.shape[0]} × {column.shape[1]} pixels"
    if isinstance(column, Text):
        return f"{column.word} of {column.context_length} tokens at most"
    if isinstance(column, Audio):
        seconds = column.samples / column.sample_rate_hz
        return f"{column.word} of {seconds:.3g} s at {column.sample_rate_hz:,} Hz"
    return f"{column.word} of shape {column.shape}"
