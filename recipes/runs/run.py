"""The run directory and its Python interface."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from recipes.objects import make_dataset, make_model, make_task, precision
from recipes.runs.directory import values_in_directory
from recipes.runs.foreign import refuse_foreign_file
from recipes.runs.parent import fitted, other_head
from recipes.runs.splits import METRICS
from recipes.values.load import recipe_names
from recipes.values.schema import Recipe
from zoo import devices, registry
from zoo.columns.assets import Assets
from zoo.errors import RunError, WeightsError, ZooError, command, nearest, unknown_name
from zoo.files import as_path
from zoo.tasks.base import Task

if TYPE_CHECKING:
    from recipes.ensembles.ensemble import Ensemble
    from recipes.runs.abstention import Abstention
    from recipes.runs.scored import Scored
    from zoo.data.dataset import Dataset
    from zoo.task_model import TaskModel


@final
class Run:
    """A trained model with everything that produced it: a run directory or a shipped weight.

    Loading runs no code from the folder: the model is rebuilt from the recipe, then its weights are
    read.

    Attributes:
        name: of the weight, or the path of the directory.
        recipe: resolved, as trained.
        assets: fitted on train.
        metrics: of the test split, with intervals.
        path: the run directory; None for a shipped weight.
    """

    def __init__(
        self,
        *,
        name: str,
        recipe: Recipe,
        assets: Assets,
        metrics: Mapping[str, Any],
        weights_path: Path,
        sha256: str,
        path: Path | None = None,
    ):
        self.name, self.recipe, self.assets, self.metrics = name, recipe, assets, dict(metrics)
        self.weights_path, self.sha256, self.path = weights_path, sha256, path

    def __repr__(self) -> str:
        return f"Run({self.name!r}, recipe={self.recipe.name!r})"

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the data that it was trained on."""
        return self.metrics["data_fingerprint"]

    @functools.cached_property
    def task(self) -> Task:
        """The task with this run's regularization."""
        return make_task(self.recipe)

    @functools.cached_property
    def model(self) -> "TaskModel":
        """The model with its weights, rebuilt on first use."""
        return self._build(self.recipe)

    def _build(self, recipe: Recipe) -> "TaskModel":
        devices.load_tensorflow()
        with precision(recipe):
            model = make_model(recipe, self.task, self.assets)
        self.load_into(model)
        return model

    def float32_model(self) -> "TaskModel":
        """Return the model; one that was trained in another precision is rebuilt."""
        if self.recipe.training.precision == "float32":
            return self.model
        return self._build(self.recipe.with_values({"training.precision": "float32"}))

    @property
    def contents(self) -> str:
        """What the model is, in words."""
        return f"{self.recipe.model.name}, trained with {self.recipe.name}"

    def load_into(self, model: "TaskModel") -> None:
        """Load the run's weights into a model that was built from its recipe.

        Adapters (`model.lora_rank`) are added to the weights of the run that they were trained on.

        Raises:
            WeightsError: the file is damaged, or of another model.
            RunError: the weights that the adapters belong to are gone.
        """
        from zoo.adapters import is_adapter_file, joined
        from zoo.weights import load_into, load_model_weights

        if not is_adapter_file(self.weights_path):
            load_model_weights(self.weights_path, model, sha256=self.sha256)
            return
        parent = self._parent()
        is_new = other_head(self.assets, parent.assets)
        tensors = fitted(model, parent.tensors(), new_head=is_new)
        load_into(model, joined(tensors, self.weights_path, sha256=self.sha256))

    def tensors(self) -> dict[str, np.ndarray]:
        """Return all weights by key (`zoo.weights.tensor_keys`), adapters added to their kernels."""
        from zoo.adapters import is_adapter_file
        from zoo.weights import read_tensors, tensor_keys

        if not is_adapter_file(self.weights_path):
            return read_tensors(self.weights_path, sha256=self.sha256)[0]
        return {key: variable.numpy() for key, variable in tensor_keys(self.model).items()}

    def _parent(self) -> "Run":
        """Return the run or weight that this one's adapters belong to."""
        name = self.recipe.initialization.weights
        try:
            return source_of(self.recipe)
        except ZooError as error:
            raise RunError(
                f"{self.name} holds adapters (LoRA) for {name}, which cannot be loaded: "
                f"{error.problem}",
                expected=f"the weights at {name} as they were when the run was trained",
                fix="put them back there; an export holds all weights and needs no parent",
            ) from error

    @property
    def history(self) -> list[dict[str, float]]:
        """One entry per epoch; empty for a shipped weight."""
        if self.path is None:
            return []
        import csv

        text = (self.path / "history.csv").read_text(encoding="utf-8")
        return [
            {k: int(v) if k == "epoch" else float(v) for k, v in row.items() if v}
            for row in csv.DictReader(text.splitlines())
        ]

    def dataset(self, *, data_dir: str | None = None) -> "Dataset":
        """Load the data that the run was trained on, with the same validation split."""
        skip_corrupt = bool(self.metrics.get("skip_corrupt"))
        return make_dataset(self.recipe, data_dir=data_dir, skip_corrupt=skip_corrupt)

    def evaluate(
        self,
        *,
        data: str | Path | None = None,
        data_dir: str | None = None,
        batch_size: int = 256,
        tta: int = 0,
        calibrated: bool | float = False,
    ) -> dict[str, Any]:
        """Score the examples that the run was tested on, or other data.

        Args:
            data: where the run's data is now, or other data with the same columns and classes; None
                takes the original place.
            data_dir: folder of TFDS data; TFDS_DATA_DIR by default.
            batch_size: examples per prediction step.
            tta: as `predict`.
            calibrated: as `predict`; True fits a temperature on the run's validation split where none
                was fitted in training.

        Returns:
            {"name", "data", "split", "examples", "data_as_trained", "notes", "metrics": {…}}.
            "data_as_trained" says that these are the run's own test examples; with several targets,
            "targets" holds the metrics of each, and with classes "recall_by_class" that of each. With a
            temperature, "temperature" says what it was fitted on, and "uncalibrated" holds the loss and
            the calibration error without it.

        Raises:
            RunError: some of them are missing or were changed, or the data has other classes.
            DataError: the data has other columns.
            ArgumentError: `tta` or `calibrated` does not suit the model.
        """
        how = {"data_dir": data_dir, "batch_size": batch_size, "tta": tta, "calibrated": calibrated}
        return self.scored(data=data, **how).result_of(self, data=data)

    def scored(
        self,
        *,
        data: str | Path | None = None,
        data_dir: str | None = None,
        batch_size: int = 256,
        tta: int = 0,
        calibrated: bool | float = False,
    ) -> "Scored":
        """Predict the examples that `evaluate` scores; the arguments are the same."""
        from recipes.runs.scored import scored

        how = {"batch_size": batch_size, "tta": tta, "calibrated": calibrated}
        return scored(self, data=None if data is None else str(data), data_dir=data_dir, **how)

    def predict(
        self,
        inputs: Any,
        *,
        batch_size: int = 64,
        column: str | None = None,
        text_column: str | None = None,
        keep_going: bool = False,
        tta: int = 0,
        calibrated: bool | float = False,
        top: int | None = None,
        threshold: float | None = None,
        abstain: "float | Abstention | None" = None,
    ) -> list[dict[str, Any]]:
        """Predict files, arrays or texts: one {"file", "task", "predictions"} each.

        Args:
            inputs: paths of files, folders, patterns or tables, or values as a dataset gives them:
                uint8 (H, W, C) for images, float32 (samples,) at the model's rate for audio, str for
                text. For models of several inputs a dictionary for each example, by column of the data.
            batch_size, column, text_column, keep_going, tta, calibrated, top, threshold, abstain: as
                `zoo.predict`.
        """
        found = self.predict_each(
            inputs,
            batch_size=batch_size,
            column=column or text_column,
            keep_going=keep_going,
            tta=tta,
            calibrated=calibrated,
            top=top,
            threshold=threshold,
            abstain=abstain,
        )
        return list(found)

    def predict_each(
        self,
        inputs: Any,
        *,
        batch_size: int = 64,
        column: str | None = None,
        keep_going: bool = False,
        tta: int = 0,
        calibrated: bool | float = False,
        top: int | None = None,
        threshold: float | None = None,
        abstain: "float | Abstention | None" = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield what `predict` returns, batch by batch; the arguments are the same."""
        from recipes.runs.listing import Listing
        from recipes.runs.predict import Reading, predict_inputs

        return predict_inputs(
            self,
            inputs,
            reading=Reading(batch_size, column, keep_going),
            listing=Listing(top, threshold),
            tta=tta,
            calibrated=calibrated,
            abstain=abstain,
        )

    def embed(
        self,
        inputs: Any,
        *,
        batch_size: int = 64,
        column: str | None = None,
        text_column: str | None = None,
    ) -> np.ndarray:
        """Return what the model's head takes for each input, float32 (N, D).

        Args:
            inputs, batch_size, column, text_column: as `predict`.

        Raises:
            RunError: the task has no head that takes one vector per example.
        """
        from recipes.runs.predict import Reading, embed_inputs

        return embed_inputs(self, inputs, reading=Reading(batch_size, column or text_column))[1]


def load(target: "str | Path | Run | Ensemble", *, model: Any = None) -> "Run | Ensemble":
    """Load a run, an ensemble, a shipped weight, a recipe's shipped weight, or published weights.

    Args:
        target: "runs/image-digits-cnn-1", "cnn_small.digits", "image/digits-cnn" or
            "resnet50.a1_in1k", which is fetched into the cache unless it is there; of an ensemble
            the folder of `zoo train --folds` or `--seeds`, or that of `zoo ensemble`.
        model: the Keras model that a run was trained from, for one whose layers are not Keras' own;
            its numbers do not matter.

    Raises:
        UnknownNameError: it is none of these; names the nearest.
        RunError: the directory holds no finished run, or the recipe no shipped weight.
        WeightsError: a foreign model file.
    """
    from recipes.ensembles.ensemble import Ensemble
    from recipes.ensembles.entry import Entry

    if isinstance(target, Run | Ensemble):
        return target
    entry = Entry.of_folder(as_path(target))
    if entry is None:
        return load_run(target, model=model)
    members = [load_run(place) for place in entry.places]
    entry.check(members)
    return Ensemble(members, kind=entry.kind, path=entry.path)


def load_run(target: "str | Path | Run | Ensemble", *, model: Any = None) -> Run:
    """Load one trained model as `load` does; an ensemble of several is refused.

    Raises:
        RunError: an ensemble, or as `load`.
    """
    if isinstance(target, Run):
        return target
    from recipes.ensembles.entry import check_single

    check_single(target)
    path, name = as_path(target), str(target)
    if model is not None:
        from recipes.own.model import give_back

        give_back(model, path)
    if path.is_dir() and name not in recipe_names():
        return Run(**values_in_directory(path))
    cards = registry.weight_cards()
    by_recipe = {card.recipe: card for card in cards.values()}
    card = cards.get(name) or by_recipe.get(name)
    if card:
        return Run(
            name=card.name,
            recipe=Recipe.parse(card.resolved_recipe, source=card.name),
            assets=Assets.from_weight(card),
            metrics={**card.metrics, "data_fingerprint": card.data_fingerprint},
            weights_path=Path(card.file),
            sha256=card.sha256,
        )
    if name in registry.pretrained_cards():
        from recipes.runs.pretrained import published_values

        return Run(**published_values(name))
    if name in recipe_names():
        own = Path("runs").glob(f"{name.replace('/', '-')}-*/{METRICS}")
        last = max(own, key=lambda file: file.stat().st_mtime, default=None)
        raise RunError(
            f"{name} has no weights that ship with kerazoo.",
            expected="a run directory" + (f", or a weight: {', '.join(cards)}" if cards else ""),
            fix=f"give your run of it: {last.parent}"
            if last
            else f"train it first, {command('zoo', 'train', name)}, then give the folder that it names",
        )
    refuse_foreign_file(path, name)
    raise unknown_name(
        "run directory, weight or recipe",
        name,
        # Published weights are too many to list: those that resemble the name.
        [*cards, *recipe_names(), *nearest(name, registry.pretrained_cards())],
        fix="zoo list --weights, zoo list --pretrained and zoo recipes list show the names",
    )


def source_of(recipe: Recipe) -> Run | None:
    """Return the run or weight that a recipe starts from; None where it starts from random weights.

    Raises:
        UnknownNameError, RunError: there is none of that name.
        WeightsError: it holds other numbers than when the recipe was made.
    """
    values = recipe.initialization
    return pinned(values.weights, values.sha256, recipe.name) if values else None


def pinned(weights: str, sha256: str, recipe: str) -> Run:
    """Load a run or weight whose checksum a recipe states.

    Raises:
        UnknownNameError, RunError: there is none of that name.
        WeightsError: it holds other numbers than when the recipe was made.
    """
    found = load_run(weights)
    if found.sha256 != sha256:
        raise WeightsError(
            f"{weights} has changed since {recipe} was made from it.",
            expected=f"SHA-256 {sha256[:16]}…, not {found.sha256[:16]}…",
            fix="put the weights back as they were, or train again in another folder",
        )
    return found
