"""The sections of a recipe: values only, strict and frozen."""

import dataclasses
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from zoo.regularization import AUTO, PRESETS, Regularization

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[int, Field(ge=1, le=1_000_000_000)]
# Names of classes that look like numbers are numbers in YAML.
ByClass = Annotated[
    dict[str, float],
    pydantic.BeforeValidator(
        lambda found: {str(k): v for k, v in found.items()} if isinstance(found, dict) else found
    ),
]

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
LEAST_BATCH = 8  # examples; the smallest that batch_size "auto" stands for
SCHEDULES = ("constant", "cosine", "linear", "step", "exponential", "one_cycle", "inverse_sqrt")


class Values(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )


class TaskValues(Values):
    """The task and its arguments."""

    name: str = "image_classification"
    arguments: dict[str, Any] = {}


class DataValues(Values):
    """The data; `arguments` are the loader's."""

    name: str
    arguments: dict[str, Any] = {}
    validation_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.1
    split_seed: Annotated[int, Field(ge=0)] = 0
    max_examples: Positive | None = None  # of each split, spread evenly; None takes all
    folds: Annotated[int, Field(ge=2, le=1000)] | None = (
        None  # equal parts of all examples, for cross-validation; None keeps the splits of the data
    )
    test_fold: Positive | None = None  # the part that is the test split, from 1 to folds
    sampling: Literal["balanced", "sqrt"] | None = None  # of classes; None: as they occur

    @pydantic.model_validator(mode="after")
    def _folds_fit(self) -> "DataValues":
        """Refuse folds without a choice among them, and a choice that is not among them."""
        if self.folds is None and self.test_fold is not None:
            raise ValueError(f"test_fold={self.test_fold} needs folds, such as folds=5")
        if self.folds is not None and self.test_fold is None:
            raise ValueError(
                f"folds={self.folds} needs test_fold, from 1 to {self.folds}; "
                f"`zoo train RECIPE --folds {self.folds}` trains all of them"
            )
        if self.folds is not None and self.test_fold > self.folds:
            raise ValueError(f"test_fold={self.test_fold} is above folds={self.folds}")
        return self


class ModelValues(Values):
    """The architecture and its builder's arguments."""

    name: str
    arguments: dict[str, Any] = {}
    lora_rank: Annotated[int, Field(ge=0, le=4096)] = 0  # of adapters in a frozen backbone; 0: none


RegularizationValues = pydantic.create_model(
    "RegularizationValues",
    __base__=Values,
    __doc__="A preset, and the knobs that override it; None takes the preset's value.",
    preset=(Literal[*PRESETS, AUTO], "none"),
    **{field.name: (None | field.type, None) for field in dataclasses.fields(Regularization)},
)


class OptimizerValues(Values):
    """The Keras optimizer; `arguments` are its own, by Keras' names."""

    name: Literal[tuple(OPTIMIZERS)] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3  # the peak, after warm-up
    rate_scaling: Literal["none", "linear", "sqrt"] = (
        "none"  # of the rate with the examples of an update; linear: SGD, sqrt: Adam
    )
    rate_batch_size: Positive | None = None  # examples of an update that learning_rate is meant for
    layer_decay: Annotated[float, Field(gt=0, le=1)] = (
        1.0  # share of a block's rate that the one before it has
    )
    arguments: dict[str, float | int | bool] = {}

    @pydantic.model_validator(mode="after")
    def _scaling_is_whole(self) -> "OptimizerValues":
        """Refuse a scaling without the size to scale from, and a size that would be ignored."""
        scaling, size = self.rate_scaling, self.rate_batch_size
        if scaling != "none" and size is None:
            raise ValueError(
                f"rate_scaling={scaling} needs rate_batch_size, the examples of an update that "
                f"learning_rate={self.learning_rate:g} is meant for, such as rate_batch_size=128"
            )
        if scaling == "none" and size is not None:
            raise ValueError(
                f"rate_batch_size={size} has no effect with rate_scaling=none: set rate_scaling to "
                "linear or sqrt, or leave rate_batch_size out"
            )
        return self


class ScheduleValues(Values):
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


class TrainingValues(Values):
    """Length, batches and precision of training."""

    epochs: Annotated[int, Field(ge=0, le=1_000_000)]  # 0: only with initialization.head=probe
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] | Literal[AUTO] = 128
    accumulate_steps: Annotated[int, Field(ge=1, le=1_000_000)] = 1  # steps of one update
    steps_per_epoch: Positive | None = None  # None: one pass, in whole updates
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 1
    select: Literal["best", "last"] = "best"  # epoch whose weights are kept
    monitor: str | None = None  # validation metric that is to improve; None: the task's first
    noise_scale: bool = False  # measure the gradient noise scale, at 5 % more steps at most
    class_weights: Literal["balanced"] | ByClass | None = None  # of the loss, > 0, by class
    group_weights: Annotated[str, Field(min_length=1)] | None = (
        None  # groups that count alike in the loss: a column, as in zoo evaluate --by
    )

    @property
    def update_size(self) -> int:
        """The examples of an update; the batch size must not be "auto"."""
        return self.batch_size * self.accumulate_steps

    @pydantic.model_validator(mode="after")
    def _whole_updates(self) -> "TrainingValues":
        """Refuse epochs that end inside an update, and what leaves nothing to choose a batch by."""
        steps, each = self.steps_per_epoch, self.accumulate_steps
        if self.batch_size == AUTO and each > 1:
            raise ValueError(
                f"batch_size={AUTO} chooses the examples of an update: leave accumulate_steps={each} "
                "out, or set batch_size to a number"
            )
        if self.batch_size == AUTO and not self.epochs:
            raise ValueError(f"batch_size={AUTO} needs an epoch to train: set batch_size=128")
        if steps and steps % each:
            raise ValueError(
                f"an epoch of {steps} steps does not hold whole updates of {each} steps: let "
                f"steps_per_epoch be a multiple of accumulate_steps, such as "
                f"{max(1, round(steps / each)) * each}"
            )
        return self


class InitializationValues(Values):
    """Trained weights to start from; the head is new, unless the classes are the same."""

    weights: str  # a weight's name, or a run folder
    sha256: str  # checksum of the file, which must not have changed
    head: Literal["random", "probe"] = "random"  # how a new one begins; "probe": fitted on features
    frozen_epochs: Annotated[int, Field(ge=0)] = 2  # in which only the head is trained
    unfreeze_epochs: Annotated[int, Field(ge=0)] = 0  # then; blocks are released, the last first
    backbone_rate: Annotated[float, Field(gt=0, le=1)] = 0.1
    batch_norm: bool = True  # False: that of the backbone stays as it is


class DistillationValues(Values):
    """A trained model whose probabilities are learned beside the labels (1503.02531)."""

    teacher: str  # a weight's name, or a run folder
    sha256: str | None = None  # checksum of its file; null: filled in when training begins
    temperature: Annotated[float, Field(gt=0)] = 4.0  # that softens both probabilities
    weight: Annotated[float, Field(gt=0, le=1)] = 0.5  # share of the teacher in the loss


class Expects(Values):
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
