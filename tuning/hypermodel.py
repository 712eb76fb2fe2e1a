"""Convert a space to Keras Tuner's hyperparameters, and these to a recipe and its model."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

import keras
import keras_tuner

from recipes.objects import precision
from recipes.training.setup import Setup, prepare
from recipes.training.train import fit
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from tuning.space import Field, Space, default_space, load_space
from tuning.validation import outcome


def declare(hp: keras_tuner.HyperParameters, space: Space) -> dict[str, Any]:
    """Declare every field of a space to Keras Tuner; return the values it drew."""
    return {field.path: _declare(hp, field) for field in space.fields}


def _declare(hp: keras_tuner.HyperParameters, field: Field) -> Any:
    if set(map(repr, field.labels)) == {"True", "False"}:
        return hp.Boolean(field.path)  # a Choice would turn them into 0 and 1
    if field.choices:
        return hp.Choice(field.path, list(field.labels))
    if field.stepped:  # a Float with steps would leave 0.3 out of 0.0, 0.1, 0.2, 0.3
        return hp.Choice(field.path, list(field.stepped))
    kind = hp.Int if field.whole else hp.Float
    return kind(field.path, field.low, field.high, step=field.step, sampling=field.sampling)


@final
class RecipeHyperModel(keras_tuner.HyperModel):
    """A recipe as a Keras Tuner hypermodel, for use with Keras Tuner's own tuners.

    `zoo tune` does not need it: it runs each trial in a separate process and resumes exactly.

    Args:
        recipe: name, YAML file or recipe.
        space: YAML file or space; the task's own by default.
        data_dir: folder of TFDS data; TFDS_DATA_DIR by default.

    >>> import keras_tuner
    >>> objective = keras_tuner.Objective("val_accuracy", "max")
    >>> model = RecipeHyperModel("image/digits-cnn")  # doctest: +SKIP
    >>> tuner = keras_tuner.RandomSearch(model, objective, max_trials=3)  # doctest: +SKIP
    >>> tuner.search()  # doctest: +SKIP
    """

    def __init__(
        self,
        recipe: str | Path | Recipe,
        *,
        space: str | Path | Space | None = None,
        data_dir: str | None = None,
    ):
        super().__init__()
        self.base = load_recipe(recipe)
        self.space = (
            space
            if isinstance(space, Space)
            else load_space(space or default_space(self.base.task.name), self.base)
        )
        self.data_dir = data_dir
        self._setup: Setup | None = None

    def recipe(self, hp: keras_tuner.HyperParameters) -> Recipe:
        """Return the recipe with the values drawn."""
        return self.space.recipe(self.base, declare(hp, self.space))

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Return the compiled model of the values drawn; the data is loaded, since it decides shapes."""
        recipe = self.recipe(hp)
        with precision(recipe):
            self._setup = prepare(recipe, data_dir=self.data_dir)
        return self._setup.model

    def fit(
        self, hp: keras_tuner.HyperParameters, model: keras.Model, **unused: Any
    ) -> Mapping[str, float]:
        """Train the model that `build` returned last, as the recipe says; return its validation metric.

        Arguments that Keras Tuner adds for its own training (callbacks, verbosity) are ignored.
        """
        setup = self._setup
        with tempfile.TemporaryDirectory() as folder, precision(setup.recipe):
            recorder, _, selection = fit(setup, Path(folder), resume=False, progress=False)
        value = outcome(setup, recorder, selection)["value"]
        # Not a number is what Keras Tuner takes for a failed trial.
        name = setup.recipe.monitored_metric.name
        return {f"val_{name}": float("nan") if value is None else value}
