"""The recipe: values only, strict and frozen; validated without loading Keras."""

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from recipes.values.messages import left_over, recipe_error
from zoo import registry, regularization
from zoo.errors import RecipeError, check_format
from zoo.metrics.base import Metric, metric_named
from zoo.regularization import PRESETS, Regularization

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
_SHIPPED = Path(__file__).parents[1]  # recipes lie by modality
_FILES_OF_DATA = (".csv", ".tsv", ".jsonl", ".txt")

# Keras optimizers and the arguments that each takes in addition to the shared ones.
OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "sgd": ("momentum", "nesterov"),
    "rmsprop": ("rho", "momentum", "epsilon", "centered"),
    "adam": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "adamw": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "adadelta": ("rho", "epsilon"),
    "adagrad": ("initial_accumulator_value", "epsilon"),
    "adamax": ("beta_1", "beta_2", "epsilon"),
    "adafactor": ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step"),
    "nadam": ("beta_1", "beta_2", "epsilon"),
    "ftrl": (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    ),
    "lion": ("beta_1", "beta_2"),
    "lamb": ("beta_1", "beta_2", "epsilon"),
    "muon": (
        "adam_beta_1",
        "adam_beta_2",
        "epsilon",
        "momentum",
        "ns_steps",
        "nesterov",
        "rms_rate",
    ),
    # evaluated at the point where gradients are taken, not at the average (2405.15682, y and x)
    "schedule_free_adamw": ("beta_1", "beta_2", "epsilon", "warmup_steps"),
}
PLACES = ("data_dir", "download", "skip_corrupt", "seed")  # given when a recipe is run
FORMAT = 1  # of a recipe file
SCHEDULES = ("constant", "cosine", "linear", "step", "exponential", "one_cycle", "inverse_sqrt")


class _Values(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )


class TaskValues(_Values):
    """The task and its arguments."""

    name: str = "image_classification"
    arguments: dict[str, Any] = {}


class DataValues(_Values):
    """The data; `arguments` are the loader's."""

    name: str
    arguments: dict[str, Any] = {}
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    split_seed: Annotated[int, Field(ge=0)] = 0
    max_examples: Positive | None = None  # of each split, spread evenly; None takes all


class ModelValues(_Values):
    """The architecture and its builder's arguments."""

    name: str
    arguments: dict[str, Any] = {}


RegularizationValues = pydantic.create_model(
    "RegularizationValues",
    __base__=_Values,
    __doc__="A preset, and the knobs that override it; None takes the preset's value.",
    preset=(Literal[PRESETS], "none"),
    **{field.name: (None | field.type, None) for field in dataclasses.fields(Regularization)},
)


class OptimizerValues(_Values):
    """The Keras optimizer; `arguments` are its own, by Keras' names."""

    name: Literal[tuple(OPTIMIZERS)] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3  # the peak, after warm-up
    layer_decay: Annotated[float, Field(gt=0, le=1)] = (
        1.0  # share of a block's rate that the one before it has
    )
    arguments: dict[str, float | int | bool] = {}


class ScheduleValues(_Values):
    """The learning rate over training."""

    name: Literal[SCHEDULES] = "cosine"
    warmup_epochs: Annotated[float, Field(ge=0)] = 0.0  # length of the linear rise from 0
    final_fraction: Annotated[float, Field(ge=0, le=1)] = 0.0  # share of the peak rate, at the end
    step_epochs: list[Annotated[float, Field(gt=0)]] = []  # "step": epochs after which it drops
    step_factor: Annotated[float, Field(gt=0, lt=1)] = 0.1  # "step": factor of each drop

    @pydantic.model_validator(mode="after")
    def _fits(self) -> "ScheduleValues":
        """Refuse values that the schedule would ignore or reverse."""
        if self.name == "one_cycle" and self.warmup_epochs:
            raise ValueError("one_cycle includes a warm-up: leave warmup_epochs at 0")
        if self.step_epochs != sorted(self.step_epochs):
            raise ValueError("step_epochs must be in ascending order")
        if self.name == "step" and self.step_epochs and self.step_epochs[0] < self.warmup_epochs:
            raise ValueError(
                f"the rate would drop at epoch {self.step_epochs[0]:g}, inside the warm-up of "
                f"{self.warmup_epochs:g} epochs: let step_epochs begin at "
                f"{self.warmup_epochs:g} or later, or lower warmup_epochs"
            )
        return self


class TrainingValues(_Values):
    """Length, batches and precision of training."""

    epochs: Annotated[int, Field(ge=0, le=1_000_000)]  # 0: only with initialization.head=probe
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 128
    steps_per_epoch: Positive | None = None  # None: examples // batch_size
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    select: Literal["best", "last"] = "best"  # epoch whose weights are kept


class InitializationValues(_Values):
    """Trained weights to start from; the head is new, unless the classes are the same."""

    weights: str  # a weight's name, or a run folder
    sha256: str  # checksum of the file, which must not have changed
    head: Literal["random", "probe"] = "random"  # how a new one begins; "probe": fitted on features
    frozen_epochs: Annotated[int, Field(ge=0)] = 2  # in which only the head is trained
    unfreeze_epochs: Annotated[int, Field(ge=0)] = 0  # then; blocks are released, the last first
    backbone_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    batch_norm: bool = True  # False: that of the backbone stays as it is


class Expects(_Values):
    """The recorded result, and the 95 % prediction interval for one further run."""

    metric: str
    values: dict[int, float]  # test metric by seed
    mean: float
    low: float  # 95 % prediction interval (Student t) for one further run
    high: float
    minutes: float  # of the fastest of these runs, as other work only slows a run down
    hardware: str
    data_fingerprint: str
    versions: dict[str, str] = {}


def _one_line(text: str) -> str:
    """Refuse text that would break a table row, a comment or a title."""
    if not text.strip() or not text.isprintable():
        raise ValueError("should be one line of printable characters")
    return text


Line = Annotated[str, pydantic.AfterValidator(_one_line)]
# A block of YAML ends in a line break, which is allowed.
Sentence = Annotated[
    Line, pydantic.BeforeValidator(lambda text: text.strip() if isinstance(text, str) else text)
]


class Recipe(_Values):
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
    expects: Expects | Literal["unmeasured"] = "unmeasured"

    @property
    def expected_metric(self) -> Metric:
        """The metric that `expects` is about, with its unit; the task's own where it is unmeasured."""
        metrics = registry.task_card(self.task.name).metrics
        if self.expects == "unmeasured":
            return metrics[0]
        return metric_named(self.expects.metric, metrics)

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
        known = registry.tasks_of(card)
        if task.name not in known:  # first: arguments of another kind of model fit in nothing
            raise RecipeError(
                f"{card.name} does not support the task {task.name}.",
                expected=f"a task of: {', '.join(known)}",
                fix=f"zoo list --task {task.name} shows the models that do",
            )
        registry.check_arguments(
            card.name, self.model.arguments, registry.builder_arguments(card.name)
        )
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
        self.regularization_values()  # raises where a knob is out of range
        self._check_initialization()
        return self

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

        Changing anything but the seed makes `expects` unmeasured, since it no longer describes this
        recipe. With other data, a shipped recipe is renamed after that data, unless its name or summary
        is among the changes.

        >>> recipe.with_values({"optimizer.learning_rate": 3e-4})  # doctest: +SKIP
        """
        values = self.model_dump()
        for path, value in changes.items():
            *parents, last = path.split(".")
            place = values
            for parent in parents:
                place = place.setdefault(parent, {})
                if not isinstance(place, dict):
                    raise RecipeError(
                        f"{path} cannot be set: {parent} is a value, not a section.",
                        fix=f"zoo recipes show {self.name} lists the fields",
                    )
            place[last] = value
        if set(changes) - {"training.seed", "expects", "name", "summary"}:
            values["expects"] = changes.get("expects", "unmeasured")
        self._check_left_over(changes, values)
        changed = Recipe.parse(values, source=", ".join(f"{k}={v}" for k, v in changes.items()))
        if changed.data.name == self.data.name or not _is_shipped(self.name):
            return changed
        own = changed._named_after_data(self.name)
        return changed.model_copy(update={k: v for k, v in own.items() if k not in changes})

    def _check_left_over(self, changes: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Refuse arguments that belong to what a change of name replaces."""
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
        if _is_shipped(name):  # which this is not, whatever else was changed
            name += f"-as-{Path(before).name}"
        return {"name": name, "summary": f"{model} on {data}."}

    def regularization_values(self) -> Regularization:
        """Expand the preset and the knobs for this recipe's modality and optimizer."""
        knobs = self.regularization.model_dump(exclude={"preset"}, exclude_none=True)
        return regularization.resolve(
            self.regularization.preset,
            modality=registry.model_card(self.model.name).modality,
            optimizer=self.optimizer.name,
            knobs=knobs,
        )

    def resolved(self) -> dict[str, Any]:
        """Return every value, the preset's expansion included: a recipe again."""
        values = self.model_dump()
        values["regularization"] = {
            "preset": self.regularization.preset,
            **self.regularization_values().to_dict(),
        }
        return values

    def smoke(self) -> "Recipe":
        """Return the recipe cut to two short epochs on few examples, to test that everything works."""
        return self.with_values(
            {
                "data.max_examples": 160,
                "training.epochs": min(2, self.training.epochs),
                "training.steps_per_epoch": 2,
                "training.batch_size": min(16, self.training.batch_size),
                **{
                    f"initialization.{name}": min(1, getattr(self.initialization, name))
                    for name in ("frozen_epochs", "unfreeze_epochs")
                    if self.initialization
                },
            }
        )


def _is_shipped(name: str) -> bool:
    return (_SHIPPED / f"{name}.yaml").is_file()
