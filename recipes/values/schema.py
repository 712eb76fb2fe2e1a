"""The recipe: values only, strict and frozen; validated without loading Keras."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pydantic

from recipes.values.imbalance import check_balance, check_group_weights, check_monitor
from recipes.values.messages import left_over, recipe_error
from recipes.values.places import recipe_file
from recipes.values.sections import (
    OPTIMIZERS,
    DataValues,
    DistillationValues,
    Expects,
    InitializationValues,
    Line,
    ModelValues,
    OptimizerValues,
    RegularizationValues,
    ScheduleValues,
    Sentence,
    TaskValues,
    TrainingValues,
    Values,
)
from zoo import registry, regularization
from zoo.encoder_values import ARGUMENT, encoder_values
from zoo.errors import RecipeError, check_format
from zoo.metrics.base import Metric, metric_named
from zoo.regularization import AUTO, Regularization

_FILES_OF_DATA = (".csv", ".tsv", ".jsonl", ".txt")
PLACES = ("data_dir", "download", "skip_corrupt", "seed")  # given when a recipe is run
FORMAT = 1  # of a recipe file
_MEASURING = ("training.noise_scale",)  # fields that leave every number of the training as it is


class Recipe(Values):
    """All values of one training; `with_values` is the one way to change any."""

    format: int = FORMAT  # version of the file's format
    name: Line
    summary: Sentence
    task: TaskValues = TaskValues()
    data: DataValues
    model: ModelValues
    regularization: RegularizationValues = RegularizationValues()
    optimizer: OptimizerValues = OptimizerValues()
    schedule: ScheduleValues = ScheduleValues()
    training: TrainingValues
    initialization: InitializationValues | None = None  # None: random numbers
    distillation: DistillationValues | None = None  # None: learned from labels alone
    expects: Expects | Literal["unmeasured"] = "unmeasured"

    @property
    def expected_metric(self) -> Metric:
        """The metric that `expects` is about, with its unit; the task's own where it is unmeasured."""
        metrics = registry.task_card(self.task.name).metrics
        if self.expects == "unmeasured":
            return metrics[0]
        return metric_named(self.expects.metric, metrics)

    @property
    def monitored_metric(self) -> Metric:
        """The validation metric that chooses the epoch and stops early."""
        metrics = registry.task_card(self.task.name).metrics
        return metric_named(self.training.monitor, metrics) if self.training.monitor else metrics[0]

    @property
    def rate_factor(self) -> float:
        """The peak learning rate as a multiple of `optimizer.learning_rate`.

        With n times the examples in an update it is n for "linear" (1706.02677, section 2.1), which
        suits SGD, and √n for "sqrt" (1404.5997, section 5), which suits Adam.
        """
        values = self.optimizer
        if values.rate_scaling == "none":
            return 1.0
        larger = self.training.update_size / values.rate_batch_size
        return larger if values.rate_scaling == "linear" else math.sqrt(larger)

    @property
    def unstable(self) -> bool:
        """Whether the expected interval is too wide to verify a run by (`Metric.widest`)."""
        if self.expects == "unmeasured":
            return False
        width = self.expects.high - self.expects.low
        return width > self.expected_metric.widest(self.expects.mean)

    @pydantic.model_validator(mode="after")
    def _names_exist(self) -> "Recipe":
        """Check fields against each other: model arguments, optimizer arguments, knobs."""
        card, task = registry.model_card(self.model.name), registry.task_card(self.task.name)
        # First: arguments of another kind of model fit in nothing.
        if task.name not in card.tasks and task.name not in registry.tasks_of(card):
            raise RecipeError(
                f"{card.name} does not support the task {task.name}.",
                expected=f"a task of: {', '.join(registry.tasks_of(card))}",
                fix=f"zoo list --task {task.name} shows the models that do",
            )
        registry.check_arguments(
            card.name, self.model.arguments, registry.builder_arguments(card.name)
        )
        if ARGUMENT in self.model.arguments:
            encoder_values(self.model.arguments)  # raises where one is not as it should be
        registry.check_arguments(
            task.name,
            self.task.arguments,
            task.arguments,
            fix=f"set task.arguments to some of: {', '.join(task.arguments) or 'none'}",
        )
        taken = set(self.data.arguments) & {*type(self.data).model_fields, *PLACES}
        if taken:
            raise RecipeError(
                f"data.arguments.{min(taken)} is not an argument of a loader.",
                fix="set it in the section data itself, or on the command line",
            )
        registry.check_arguments(
            self.optimizer.name,
            self.optimizer.arguments,
            OPTIMIZERS[self.optimizer.name],
            fix="see the Keras documentation of that optimizer",
        )
        regularization = (
            self.provisional().regularization_values()
        )  # raises where one is out of range
        if 0 < self.training.epochs <= regularization.unimodal_warmup_epochs:
            raise RecipeError(
                f"regularization.unimodal_warmup_epochs={regularization.unimodal_warmup_epochs} leaves "
                f"none of training.epochs={self.training.epochs}, in which inputs would learn together.",
                fix="lower it, or train for more epochs",
            )
        self._check_record()
        self._check_initialization()
        self._check_adapters()
        check_monitor(self.training.monitor, task)
        check_balance(
            self.training.class_weights,
            sampling=self.data.sampling,
            loss=self.task.arguments.get("loss"),
            epochs=self.training.epochs,
        )
        check_group_weights(
            self.training.group_weights,
            class_weights=self.training.class_weights,
            sampling=self.data.sampling,
            arguments=self.task.arguments | self.data.arguments,
        )
        return self

    @property
    def automatic(self) -> tuple[str, ...]:
        """The fields that are chosen when training begins, by dotted path."""
        fields = {
            "regularization.preset": self.regularization.preset,
            "training.batch_size": self.training.batch_size,
        }
        return tuple(path for path, value in fields.items() if value == AUTO)

    def _check_record(self) -> None:
        """Refuse a recorded result with a value that could change with the rules that choose it."""
        if self.automatic and self.expects != "unmeasured":
            path = self.automatic[0]
            raise RecipeError(
                f"{self.name} has a recorded result and {path}={AUTO}.",
                expected=f"the {path.rpartition('.')[2]} that the recorded runs were trained with",
                fix=f"copy {path} from the recipe.yaml of one of them, or set expects: unmeasured",
            )

    def _check_initialization(self) -> None:
        """Refuse what would throw trained weights away, or never release them."""
        values = self.initialization
        if self.training.epochs == 0 and (values is None or values.head != "probe"):
            raise RecipeError(
                "training.epochs=0 would train nothing.",
                expected="1 or more, or 0 with initialization.head=probe, which fits a head",
                fix="set training.epochs=1",
            )
        if values is None:
            return
        if self.optimizer.name == "ftrl":
            raise RecipeError(
                "ftrl computes each weight from its gradients alone: trained weights would be lost "
                "at its first update.",
                expected="an optimizer that moves weights from where they are",
                fix="set optimizer.name to adamw or sgd",
            )
        if values.frozen_epochs > self.training.epochs:
            raise RecipeError(
                f"initialization.frozen_epochs={values.frozen_epochs} is more than "
                f"training.epochs={self.training.epochs}.",
                fix="lower it; the same number trains only the head",
            )
        if values.unfreeze_epochs > self.training.epochs - values.frozen_epochs:
            raise RecipeError(
                f"initialization.unfreeze_epochs={values.unfreeze_epochs} is more than the "
                f"{self.training.epochs - values.frozen_epochs} epochs after the frozen ones.",
                fix="lower it, or train for more epochs",
            )

    def _check_adapters(self) -> None:
        """Refuse adapters that would lie on random weights, or never be trained."""
        values, rank = self.initialization, self.model.lora_rank
        if not rank:
            return
        if values is None:
            raise RecipeError(
                f"model.lora_rank={rank} adds adapters to trained weights; {self.name} starts from "
                "random ones.",
                expected="a section initialization, which names trained weights",
                fix=f"zoo finetune NAME --data DATA model.lora_rank={rank}",
            )
        if values.frozen_epochs >= self.training.epochs:
            raise RecipeError(
                f"model.lora_rank={rank} would train nothing: the adapters are frozen for "
                f"initialization.frozen_epochs={values.frozen_epochs} epochs of "
                f"{self.training.epochs}.",
                fix="lower initialization.frozen_epochs, or set model.lora_rank=0",
            )

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, source: str) -> "Recipe":
        """Validate plain values.

        Raises:
            RecipeError: a field is unknown (names the nearest), missing, or out of range; or a
                newer version wrote it.
        """
        check_format(source, values.get("format", FORMAT), known=FORMAT, error=RecipeError)
        try:
            return cls.model_validate(dict(values))
        except pydantic.ValidationError as error:
            raise recipe_error(error, cls, source=source) from error

    def with_values(self, changes: Mapping[str, Any]) -> "Recipe":
        """Return a recipe with fields changed by dotted path, validated again.

        Changing anything but the seed, or what is measured, makes `expects` unmeasured, since it no
        longer describes this recipe. With other data, a shipped recipe is renamed after that data,
        unless its name or summary is among the changes. With another preset, knobs follow it that a run
        wrote out (`resolved`).

        >>> recipe.with_values({"optimizer.learning_rate": 3e-4})  # doctest: +SKIP
        """
        values = self.model_dump()
        for path, value in changes.items():
            *parents, last = path.split(".")
            place = values
            for parent in parents:
                if place.get(parent) is None:  # a section that was left out
                    place[parent] = {}
                place = place[parent]
                if not isinstance(place, dict):
                    raise RecipeError(
                        f"{path} cannot be set: {parent} is a value, not a section.",
                        fix=f"zoo recipes show {self.name} lists the fields",
                    )
            place[last] = value
        if "regularization.preset" in changes:
            self._release_knobs(values["regularization"], changes)
        if set(changes) - {*_MEASURING, "training.seed", "expects", "name", "summary"}:
            values["expects"] = changes.get("expects", "unmeasured")
        self.check_left_over(changes, values)
        changed = Recipe.parse(values, source=", ".join(f"{k}={v}" for k, v in changes.items()))
        if changed.data.name == self.data.name or not recipe_file(self.name):
            return changed
        own = changed._named_after_data(self.name)
        return changed.model_copy(update={k: v for k, v in own.items() if k not in changes})

    def _release_knobs(self, section: dict[str, Any], changes: Mapping[str, Any]) -> None:
        """Unset the knobs of a recipe with all of them that only repeat its preset, in `section`."""
        before = self.regularization
        if before.model_dump() != self.resolved()["regularization"]:
            return
        alone = self.model_copy(
            update={"regularization": RegularizationValues(preset=before.preset)}
        )
        for name, value in alone.regularization_values().to_dict().items():
            if section.get(name) == value and f"regularization.{name}" not in changes:
                section[name] = None

    def check_left_over(self, changes: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse arguments that belong to what a change of name replaces.

        Args:
            changes: by dotted path.
            values: of the recipe with them.

        Raises:
            RecipeError: lists the arguments that the new model or optimizer does not have.
        """
        for section, known_of in (
            ("model", registry.builder_arguments),
            ("optimizer", OPTIMIZERS.__getitem__),
        ):
            new, old = changes.get(f"{section}.name"), getattr(self, section)
            names = registry.MODELS if section == "model" else OPTIMIZERS
            if f"{section}.arguments" in changes or not isinstance(new, str) or new not in names:
                continue
            tasks = (
                registry.tasks_of(names[new]) if section == "model" else [values["task"]["name"]]
            )
            if values["task"]["name"] not in tasks:  # the schema says so
                continue
            left = [argument for argument in old.arguments if argument not in known_of(new)]
            if left:
                raise left_over(section, left, old=old.name, new=new)

    def _named_after_data(self, before: str) -> dict[str, str]:
        """Return a name and a summary that name the data."""
        place = Path(self.data.name.partition(":")[0])  # without the version of a TFDS set
        place = place if place.name not in ("", "..") else place.resolve()
        stem = place.stem if place.suffix.lower() in _FILES_OF_DATA else place.name
        data, model = re.sub(r"[^\w.-]+", "_", stem), self.model.name
        name = f"{registry.model_card(model).modality}/{data}-{model}"
        if recipe_file(name):  # which this is not, whatever else was changed
            name += f"-as-{Path(before).name}"
        return {"name": name, "summary": f"{model} on {data}."}

    @property
    def _knobs(self) -> dict[str, Any]:
        return self.regularization.model_dump(exclude={"preset"}, exclude_none=True)

    def regularization_values(self) -> Regularization:
        """Expand the preset and the knobs for this recipe's modality and optimizer.

        Raises:
            ArgumentError: the preset is "auto", which is chosen when training begins.
        """
        return regularization.resolve(
            self.regularization.preset,
            modality=registry.model_card(self.model.name).modality,
            optimizer=self.optimizer.name,
            knobs=self._knobs,
        )

    def provisional(self) -> "Recipe":
        """Return this recipe, without any preset where that is still to be chosen.

        It has the same inputs, outputs and number of weights.
        """
        if self.regularization.preset != AUTO:
            return self
        section = self.regularization.model_copy(update={"preset": "none"})
        return self.model_copy(update={"regularization": section})

    def resolved(self) -> dict[str, Any]:
        """Return every value, the preset's expansion included: a recipe again.

        A preset that is still to be chosen stays "auto", beside the knobs that override it.
        """
        values, preset = self.model_dump(), self.regularization.preset
        knobs = self._knobs if preset == AUTO else self.regularization_values().to_dict()
        values["regularization"] = {"preset": preset, **knobs}
        return values

    def smoke(self) -> "Recipe":
        """Return the recipe cut to two short epochs on few examples, to test that everything works."""
        batch = self.training.batch_size
        return self.with_values(
            {
                "data.max_examples": 160,
                "training.epochs": min(2, self.training.epochs),
                "training.steps_per_epoch": 2,
                "training.accumulate_steps": min(2, self.training.accumulate_steps),
                "training.batch_size": 16 if batch == AUTO else min(16, batch),
                **(
                    {"regularization.unimodal_warmup_epochs": 1}
                    if self.provisional().regularization_values().unimodal_warmup_epochs
                    else {}
                ),
                **{
                    f"initialization.{name}": min(1, getattr(self.initialization, name))
                    for name in ("frozen_epochs", "unfreeze_epochs")
                    if self.initialization
                },
            }
        )
