"""`zoo.start`: from data to a plan, and on to a run where asked."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from recipes.baseline.beside import metric_of, on_validation
from recipes.baseline.verdict import best_of
from recipes.runs.folder import check_free
from recipes.start.guess import guessed_columns, told
from recipes.start.look import Look, look_at
from recipes.start.minutes import Timing, timed
from recipes.start.rules import Plan, advice, plans
from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from zoo import devices, registry
from zoo.data.dataset import Dataset
from zoo.data.load import folder_of, load_dataset
from zoo.errors import ArgumentError, command
from zoo.files import as_path
from zoo.metrics.base import Metric

MINUTES = 5.0
VALIDATION_FRACTION = 0.1


@dataclass(frozen=True)
class Start:
    """What `zoo start` found and chose.

    Attributes:
        data: as it was given.
        look: what it holds.
        baselines: the simple models, as `zoo.baseline` gives them, scored on validation: test is read
            once, after the choice.
        plan: what to train, and why.
        command: that trains it.
        minutes: that it is expected to take, with simple models beside.
        advice: why the best simple model is enough; empty where it may not be.
        arguments: of the loader, given or guessed.
        options: run_dir, data_dir, download and skip_corrupt, as they were given.
        run: that was trained; None before.
        seconds: that the training took; 0 where nothing was trained.
    """

    data: str
    look: Look
    baselines: Mapping[str, Any]
    plan: Plan
    command: str
    minutes: float
    advice: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    run: Any = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return all as JSON values; of a run its folder, metrics and verdict."""
        found = vars(self) | {"look": asdict(self.look), "plan": asdict(self.plan)}
        if self.run is None:
            return found
        found |= {"run": str(self.run.path), "metrics": self.run.metrics["metrics"]}
        return found | {"beside": self.run.metrics.get("baselines", {})}


def start(
    data: str | Path,
    *,
    minutes: float = MINUTES,
    yes: bool = False,
    run_dir: str | Path | None = None,
    data_dir: str | None = None,
    download: bool = False,
    skip_corrupt: bool = False,
    progress: bool = True,
    tell: Callable[[str], None] = lambda line: None,
    **arguments: Any,
) -> Start:
    """Look at data and choose what to train on it by written rules; train it where asked.

    Simple models are fitted first, and some steps of the training are timed on this machine.

    Args:
        data: a dataset's name, any TFDS name, a folder or a table.
        minutes: > 0; that the training may take. More of them give more epochs or a larger network.
        yes: train what was chosen.
        run_dir: where the run goes; the next free folder under runs/ by default.
        data_dir, download, skip_corrupt: as `zoo.train`.
        progress: show on stderr how it goes.
        tell: called with what is being done.
        **arguments: of the loader, such as `text_column` of a table; by default guessed.

    Raises:
        DataError: the data cannot be read, or is of no kind that the rules know.
        ArgumentError: `minutes` is not above 0.
        RunError: there is something in `run_dir`.

    >>> zoo.start("digits").plan.recipe  # doctest: +SKIP
    'image/digits-cnn'
    """
    _check(minutes, run_dir)
    where = {"data_dir": data_dir, "download": download, "skip_corrupt": skip_corrupt}
    tell(f"looking at {data}")
    guess = {} if arguments else _guessed(data)
    arguments = arguments or guess
    dataset = _read(str(data), where | arguments)
    dataset = dataset.with_validation(fraction=VALIDATION_FRACTION, seed=0)  # as the run has it
    look = look_at(dataset)
    tell("fitting simple models")
    beside, spent = _simple_models(dataset)
    tell("timing some steps of a training")
    plan, seconds = _chosen(look, str(data), arguments, where, 60 * minutes - spent)
    found = Start(
        data=str(data),
        look=look,
        baselines=beside,
        plan=replace(plan, reasons=[*([told(guess)] if guess else []), *plan.reasons]),
        command=_command(plan, str(data), arguments, where | {"run_dir": run_dir}),
        minutes=(seconds + spent) / 60,
        advice=_advice(look, plan, beside, metric_of(dataset)),
        arguments=arguments,
        options=where | {"run_dir": run_dir},
    )
    return trained(found, progress=progress) if yes else found


def _read(data: str, arguments: Mapping[str, Any]) -> Dataset:
    """Read data; own data without TensorFlow, so that mistakes are seen at once."""
    if folder_of(data) is None and not Path(data).suffix:
        devices.load_tensorflow()  # quietly
    dataset = load_dataset(data, **arguments)
    devices.load_tensorflow()
    return dataset


def _check(minutes: float, run_dir: str | Path | None) -> None:
    """Refuse minutes out of range and a taken folder before anything takes time."""
    if not minutes > 0:
        given = f"minutes={minutes} is out of range."
        fix = f"leave it out to take {MINUTES:g}"
        raise ArgumentError(given, expected="a number above 0", fix=fix)
    if run_dir is not None:
        check_free(as_path(run_dir), begun=False, resume=False, what="run", option="--run-dir")


def _simple_models(dataset: Dataset) -> tuple[dict[str, Any], float]:
    began = time.perf_counter()
    return on_validation(dataset), time.perf_counter() - began


def _advice(look: Look, plan: Plan, beside: Mapping[str, Any], metric: Metric) -> str:
    best = best_of(beside["models"], metric)
    return advice(look, plan, best, metric.name) if best else ""


def trained(found: Start, *, progress: bool = True) -> Start:
    """Train what was chosen, as its command does, and return it with its run."""
    from recipes.training.finetune import finetune
    from recipes.training.train import train

    plan, began = found.plan, time.perf_counter()
    how = {**found.options, "progress": progress}
    if plan.weights:
        how["epochs"] = plan.values["training.epochs"]
        run = finetune(plan.weights, found.data, **how, **_of_finetune(plan, found.arguments))
    else:
        run = train(plan.recipe, **how, **_values(plan, found.data, found.arguments))
    return replace(found, run=run, seconds=time.perf_counter() - began)


def _guessed(data: str | Path) -> dict[str, str]:
    place = folder_of(str(data))
    return guessed_columns(place) if place is not None and place.is_file() else {}


def _chosen(
    look: Look, data: str, arguments: dict[str, Any], where: dict[str, Any], seconds: float
) -> tuple[Plan, float]:
    """Return the first plan that is worth its time, with as many epochs as fit, and its seconds."""
    for plan in plans(look, weights_at_hand()):
        recipe = _recipe(plan, data, arguments, examples=look.train)
        wanted = recipe.training.epochs  # 0: a head is fitted while the training is prepared
        timing = timed(recipe.with_values({"training.epochs": max(1, wanted)}), **where)
        fitting = timing.epochs_within(seconds)
        if fitting >= min(wanted, plan.least_epochs):
            break
    return _shortened(plan, wanted, timing, min(wanted, fitting), seconds)


def _shortened(
    plan: Plan, wanted: int, timing: Timing, epochs: int, seconds: float
) -> tuple[Plan, float]:
    """Return the plan with the epochs that fit, all or fewer, or a part of one; and its seconds."""
    if epochs == wanted:
        return plan, timing.seconds(wanted)
    values = {"training.epochs": max(1, epochs)}
    why = f"{epochs} epochs rather than {wanted}, since there are no more minutes (--minutes)"
    if not epochs and plan.weights:
        values["training.epochs"] = 0
        why = "only a head is fitted on features, since there are no more minutes (--minutes)"
    elif not epochs:
        left = max(1.0, seconds - timing.seconds(0) - timing.validation * timing.example)
        values["training.steps_per_epoch"] = steps = max(20, int(left / timing.step))
        timing = replace(timing, steps=steps)
        why = f"{steps} updates, less than one pass, since there are no more minutes (--minutes)"
    plan = replace(plan, values={**plan.values, **values}, reasons=(*plan.reasons, why))
    return plan, timing.seconds(values["training.epochs"])


def weights_at_hand() -> list[str]:
    """Return the pretrained image weights in the cache, those of the fastest network first."""
    from zoo.pretrained import cache

    cards, measured = registry.pretrained_cards(), registry.measured()
    found = [name for name in cache.names() if name in cards and cache.cached(name)]
    found = [name for name in found if registry.model_card(cards[name].model).modality == "image"]
    large = [
        name for name in found if min(registry.model_card(cards[name].model).input_shape[:2]) > 64
    ]
    return sorted(large, key=lambda name: measured[cards[name].model]["macs"])


def _recipe(plan: Plan, data: str, arguments: dict[str, Any], *, examples: int) -> Recipe:
    """Return the recipe of a plan for so many training examples, as its command makes it."""
    if not plan.weights:
        return load_recipe(plan.recipe).with_values(_values(plan, data, arguments))
    from recipes.runs.run import load_run
    from recipes.training.finetune import finetuning_recipe, with_least_steps

    how = {"epochs": plan.values["training.epochs"], "task": plan.values.get("task.name")}
    recipe = finetuning_recipe(load_run(plan.weights), data, **how)
    return with_least_steps(recipe.with_values({"data.arguments": arguments}), examples)


def _values(plan: Plan, data: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan changes in its recipe, the data first."""
    base = load_recipe(plan.recipe).model_dump()
    values = {
        "data.name": data,
        "data.arguments": dict(arguments),
        "data.validation_fraction": VALIDATION_FRACTION,
    }
    values |= plan.values
    return {key: value for key, value in values.items() if _value(base, key) != value}


def _value(values: Mapping[str, Any], path: str) -> Any:
    for part in path.split("."):
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _of_finetune(plan: Plan, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan changes in the recipe of a fine-tune."""
    changes = {f"data.arguments.{key}": value for key, value in arguments.items()}
    return changes | {k: v for k, v in plan.values.items() if k != "training.epochs"}


def _command(plan: Plan, data: str, arguments: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return the command that trains a plan."""
    options = []
    for key in ("run_dir", "data_dir"):
        options += [f"--{key.replace('_', '-')}", str(given[key])] if given[key] else []
    options += [f"--{key.replace('_', '-')}" for key in ("download", "skip_corrupt") if given[key]]
    if plan.weights:
        epochs = str(plan.values["training.epochs"])
        first = ["zoo", "finetune", plan.weights, "--data", data, "--epochs", epochs]
        return command(*first, *map(_word, _of_finetune(plan, arguments).items()), *options)
    changes = _values(plan, data, arguments)
    return command("zoo", "train", plan.recipe, *map(_word, changes.items()), *options)


def _word(change: tuple[str, Any]) -> str:
    key, value = change
    return f"{key}={value if isinstance(value, str) and value else json.dumps(value)}"
