"""The end of a run: choose the weights, score the test split once, write the results."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.baseline.beside import beside
from recipes.diagnosis.answers import check_against, check_answers
from recipes.diagnosis.noise_scale import noise_scale
from recipes.diagnosis.rules import findings
from recipes.explanations.reasons import with_reasons
from recipes.modalities.measure import of_run
from recipes.objects import make_model
from recipes.report.card import render_card
from recipes.report.data import ReportInput
from recipes.report.examples import shown
from recipes.report.figures import save_figures
from recipes.report.html import render_report
from recipes.report.label_sets import LabelSets
from recipes.report.masks import masks_of
from recipes.report.retrieval import directions
from recipes.report.targets import Target
from recipes.report.transcripts import transcripts
from recipes.report.verification import Pairs
from recipes.runs.directory import ASSETS, FORMAT, WEIGHTS
from recipes.runs.evaluate import (
    BATCH_SIZE,
    groups_of,
    intervals,
    intervals_of_parts,
    predictions_of,
    recalls,
)
from recipes.runs.parent import HEAD
from recipes.runs.run import Run, load
from recipes.runs.splits import METRICS, skip_flag
from recipes.runs.trained import RECIPE, checkpoint_state, digest, values_in
from recipes.training.balance import weights_of
from recipes.training.calibration import calibrated, class_answers, temperature_facts
from recipes.training.callbacks import averaged_weights
from recipes.training.checkpoint import load_checkpoint
from recipes.training.encoders import begins_with_weights
from recipes.training.environment import environment_of
from recipes.training.samples import augmented_samples, input_columns, train_samples
from zoo import registry
from zoo.adapters import merged, save_adapters
from zoo.complexity import count_params, multiply_adds
from zoo.data.pipeline import Encoded
from zoo.errors import RunError, command
from zoo.files import write_text
from zoo.metrics.verification import VERIFIED, Trials
from zoo.tasks.decision import THRESHOLD
from zoo.tensor_files import stored_bytes
from zoo.weights import load_into, load_model_weights, save_model_weights

if TYPE_CHECKING:
    from recipes.training.setup import Setup

PROMPTS, PROMPT_WORDS, WRITTEN_TOKENS = 3, 6, 300  # of what a language model's report shows


def finish(
    setup: "Setup",
    folder: Path,
    *,
    history: list[dict[str, float]],
    records: list[dict[str, Any]],
    selection: dict[str, Any],
    alone: Mapping[str, Run] = MappingProxyType({}),
    baselines: bool = True,
    progress: bool = False,
) -> Run:
    """Write weights, metrics, report and card of a trained run; `metrics.json` comes last.

    Args:
        setup: with the trained model.
        folder: of the run.
        history, records, selection: of each epoch; of the gradient probe; of the best epoch.
        alone, baselines: runs of each input alone; fit simple models beside the network.
        progress: show what takes long.
    """
    _choose_weights(setup, folder, selection)
    setup, sha256 = _saved(setup, folder)
    setup, temperature = calibrated(setup)
    task, model = setup.task, setup.model
    test = Encoded(setup.dataset.splits["test"], task, setup.assets)
    predictions, truths = predictions_of(model, task, setup.assets, test, batch_size=BATCH_SIZE)
    answers = class_answers(setup, predictions, truths)
    metrics = {
        "format": FORMAT,
        "split": "test",
        "examples": len(test),
        **_intervals(setup, test, predictions, truths),
        **temperature_facts(temperature, answers),
        "selection": selection,
        "seconds": round(sum(entry["seconds"] for entry in history), 1),
        "weights_sha256": sha256,
        "data_fingerprint": setup.dataset.fingerprint,
        **noise_scale(records, batch_size=setup.recipe.training.update_size),
        **_beginnings(setup, folder),
    }
    metrics |= _baselines(setup, metrics["metrics"], progress=progress) if baselines else {}
    metrics |= of_run(setup, test, alone)
    environment = _write_values(folder, setup, records)
    report = ReportInput(
        environment=environment,
        history=history,
        records=records,
        findings=_findings(setup, history, records, metrics, answers),
        metrics=metrics,
        **answers,
        **_other_answers(setup, test, predictions, truths, metrics),
        seconds=metrics["seconds"],
        command=command("zoo", "train", folder / RECIPE, *skip_flag(setup.dataset.skipped)),
        weights=_weights(folder, sha256),
        **_facts(setup, test),
    )
    report = _with_reasons(report, setup, folder, test) if baselines else report
    _write_pages(folder, report)
    write_text(folder / METRICS, json.dumps(dict(report.metrics), indent=1, allow_nan=False))
    return load(folder)


def _with_reasons(report: ReportInput, setup: "Setup", folder: Path, test: Encoded) -> ReportInput:
    """Return a report with explanations, where the model has any."""
    sha256 = report.metrics["weights_sha256"]
    values = {"recipe": setup.recipe, "assets": setup.assets, "metrics": report.metrics}
    run = Run(name=str(folder), weights_path=folder / WEIGHTS, sha256=sha256, path=folder, **values)
    run.model = setup.model  # these weights, so nothing is built and read again
    seen = setup.recipe.training.epochs * setup.steps * setup.recipe.training.batch_size
    return with_reasons(report, run, test, trained=seen)


def _write_pages(folder: Path, report: ReportInput) -> None:
    save_figures(report, folder)
    write_text(folder / "report.html", render_report(report))
    write_text(folder / "README.md", render_card(report))


def _saved(setup: "Setup", folder: Path) -> tuple["Setup", str]:
    """Write the weights; return the setup with the model that a file of adapters makes, and SHA-256."""
    recipe = setup.recipe
    if not recipe.model.lora_rank:
        return setup, save_model_weights(folder / WEIGHTS, setup.model)
    parent = recipe.initialization.model_dump(include={"weights", "sha256"})
    sha256 = save_adapters(folder / WEIGHTS, setup.model, kept=HEAD, parent=parent)
    model = make_model(recipe, setup.task, setup.assets)  # as `load` gives it, without adapters
    load_into(model, merged(setup.model))
    return replace(setup, model=model), sha256


def _write_values(folder: Path, setup: "Setup", records: Any) -> dict[str, Any]:
    """Write what the model was fitted on, the machine and the gradients; return the machine."""
    environment = environment_of(setup.dataset)
    write_text(folder / ASSETS, json.dumps(setup.assets.to_dict(), indent=1))
    write_text(folder / "environment.json", json.dumps(environment, indent=1))
    write_text(folder / "diagnostics.json", json.dumps(records))
    return environment


def _baselines(setup: "Setup", network: dict[str, Any], *, progress: bool) -> dict[str, Any]:
    """Return the simple models beside the network, on the same splits, as a part of the metrics."""
    how = {"network": network, "progress": progress}
    found = beside(setup.dataset, setup.task, setup.assets, **how)
    return {"baselines": found} if found else {}


def _beginnings(setup: "Setup", folder: Path) -> dict[str, Any]:
    """Return the values that the run was trained with, and the run that it continues, if any."""
    skips = {"skip_corrupt": bool(setup.dataset.skipped)}
    state = checkpoint_state(folder)
    origin = {"origin": state["origin"]} if "origin" in state else {}
    return skips | {"recipe_sha256": digest(values_in(folder) or {})} | origin


def _weights(folder: Path, sha256: str) -> dict[str, Any]:
    size_bytes = stored_bytes(folder / WEIGHTS)
    return {"name": str(folder), "file": WEIGHTS, "sha256": sha256, "size_bytes": size_bytes}


def _findings(
    setup: "Setup",
    history: Any,
    records: Any,
    metrics: dict[str, Any],
    answers: dict[str, Any],
) -> list[Any]:
    """Return the diagnosis of the curves, the gradients and the predictions on test."""
    entries = metrics["metrics"]
    error = entries.get("ece", {}).get("value", float("nan"))
    judged = check_answers(error, **answers)
    simple = metrics.get("baselines", {}).get("models", [])
    if simple and "one_class" not in {one.kind for one in judged}:
        metric = setup.task.metrics[0]
        poor = check_against(simple[0], entries.get(metric.name, {}), metric)
        judged = [poor] if poor else judged  # of such answers, their confidence says nothing
    if not history:  # a head that was fitted on features: there are no curves to judge
        return judged
    metric = setup.recipe.monitored_metric
    how = {"answers": judged, "rate_factor": setup.recipe.rate_factor}
    return findings(history, records, metric=metric.name, mode=metric.mode, **how)


def _intervals(setup: "Setup", test: Encoded, predictions: Any, truths: Any) -> dict[str, Any]:
    """Return the test metrics with their intervals, by groups that training has not met.

    With several targets, "targets" holds the metrics of each; with classes, "recall_by_class" has that
    of each, and "class_weights" the weights in the loss, if there were any.
    """
    group, train = setup.dataset.features.get("group"), setup.dataset.splits["train"]
    how = {"groups": groups_of(test.split, train), "noun": group.plural if group else ""}
    found = {"metrics": intervals(setup.task, predictions, truths, **how)}
    by_target = intervals_of_parts(setup.task, predictions, truths, **how)
    classes = setup.assets.classes
    more = {
        "targets": by_target,
        "recall_by_class": recalls(setup.task, predictions, truths, classes=classes, **how),
        "class_weights": weights_of(setup.task, classes),
    }
    return found | {name: part for name, part in more.items() if part}


def _facts(setup: "Setup", test: Encoded) -> dict[str, Any]:
    """Return what the report says about recipe, data and model, independent of the result."""
    recipe, card = setup.recipe, registry.model_card(setup.recipe.model.name)
    columns = input_columns(setup)
    return {
        "recipe": recipe.resolved(),
        "parent": _parent(recipe),
        "expects": None if recipe.expects == "unmeasured" else recipe.expects.model_dump(),
        "task": setup.task.name,
        "measures": setup.task.metrics,
        "inputs": {name: column.example for name, column in columns.items()},
        "example_of": lambda i: shown(test.split[i], columns),
        "name_of": test.split.name_of,
        "train_samples": train_samples(setup),
        "augmented_samples": augmented_samples(setup),
        "dataset": _dataset_facts(setup.dataset),
        "parameters": count_params(setup.model),
        "multiply_adds": _multiply_adds(setup, card.input_shape),
        "generated": _generated(setup),
    }


def _parent(recipe: Any) -> str:
    """Return what published weights a run began with or was taught by, whose licences may bind it."""
    start, taught = recipe.initialization, recipe.distillation
    names = [
        *((start.weights,) if start else ()),
        *(v.weights for v in begins_with_weights(recipe).values()),
    ]
    began = " and ".join(filter(None, map(_licensed, names)))
    teacher = _licensed(taught.teacher) if taught else ""
    if not teacher:
        return began
    return f"{began or (start.weights if start else 'random weights')}, taught by {teacher}"


def _licensed(name: str) -> str:
    """Return published weights with their licence; an empty text for other names."""
    card = registry.pretrained_cards().get(name)
    if card is None:
        return ""
    use = {"yes": "", "no": "; no commercial use"}.get(
        card.commercial, "; commercial use not stated"
    )
    return f"{card.name} by {card.origin}, licence {card.licence}{use}"


def _other_answers(
    setup: "Setup", test: Encoded, predictions: Any, truths: Any, metrics: Any
) -> dict[str, Any]:
    """Return what a task predicts that is not one class, and what chose the epoch and a threshold."""
    return {
        "monitored": setup.recipe.monitored_metric,
        "threshold": setup.assets.extra.get(THRESHOLD),
        "targets": _targets(setup, predictions, truths, metrics.get("targets", {})),
        "label_sets": _label_sets(setup, predictions, truths),
        "masks": masks_of(setup.assets, predictions, truths),
        "retrieval": directions(setup.task, predictions, truths, metrics),
        "verification": _pairs(setup, predictions, truths),
        "transcripts": transcripts(setup.assets, predictions, truths, test.split.name_of),
    }


def _targets(setup: "Setup", predictions: Any, truths: Any, metrics: Any) -> list[Target]:
    """Return truths and predictions of each target that is a number."""
    made = setup.assets.extra.get("intervals", {})
    return [
        Target(
            name=name,
            truth=np.asarray(truths[name], "float64"),
            guess=np.asarray(predictions, "float64")[:, place],
            half_width=made.get("half_width", {}).get(name),
            level=made.get("level", 0.0),
            calibrated_on=made.get("examples", 0),
            metrics=metrics.get(name, {}),
        )
        for place, name in enumerate(setup.assets.numbers)
        if isinstance(predictions, np.ndarray) and predictions.ndim == 2
    ]


def _label_sets(setup: "Setup", predictions: Any, truths: Any) -> LabelSets | None:
    """Return truths, probabilities and thresholds where an example has several labels."""
    name = setup.assets.label_sets
    if not name or not isinstance(predictions, np.ndarray) or predictions.ndim != 3:
        return None
    probability, threshold = predictions[..., 0], predictions[0, :, 1]
    return LabelSets(setup.assets.outputs, np.asarray(truths[name]), probability, threshold)


def _pairs(setup: "Setup", predictions: Any, truths: Any) -> Pairs | None:
    """Return the scores of pairs where the task compares examples with one another."""
    chosen = setup.assets.extra.get(VERIFIED)
    if not chosen:
        return None
    trials = Trials.of(setup.task.statistics(predictions, truths))
    return Pairs(trials.scores, trials.same, chosen["threshold"])


def _multiply_adds(setup: "Setup", usual: Any) -> int | None:
    """Count multiply-adds of one example, of several inputs at their longest; None where it varies."""
    specs, _ = setup.assets.specs()
    if len(specs) > 1:
        full = {name: max(spec.buckets, default=1) for name, spec in specs.items()}
        longest = {n: tuple(size or full[n] for size in s.shape) for n, s in specs.items()}
        with contextlib.suppress(ValueError):
            return multiply_adds(setup.model, input_shape=longest)
        return None
    (spec,) = specs.values()
    return multiply_adds(setup.model, input_shape=usual if None in spec.shape else spec.shape)


def _generated(setup: "Setup") -> list[tuple[str, str]]:
    """Let a language model continue the beginnings of three test documents."""
    if setup.task.name != "language_modeling":
        return []
    from recipes.runs.generate import continuations

    texts = setup.dataset.splits["test"].columns["text"]
    prompts = [" ".join(text.split()[:PROMPT_WORDS]) for text in texts[:PROMPTS]]
    return continuations(setup.model, setup.assets, prompts, max_tokens=WRITTEN_TOKENS, seed=1)


def _choose_weights(setup: "Setup", folder: Path, selection: dict[str, Any]) -> None:
    if not setup.recipe.training.epochs:
        return  # the head was fitted, and nothing trained
    keeps_last = setup.recipe.training.select == "last"
    if selection["best"] is None or (keeps_last and selection["stopped"] == "diverged"):
        raise RunError(
            f"Training {selection['stopped'] or 'ended'}: the weights to keep are not finite numbers.",
            expected="a finite loss in "
            + ("every epoch, as training.select is last" if keeps_last else "some epoch"),
            fix=f"lower optimizer.learning_rate (now {setup.recipe.optimizer.learning_rate}), "
            "add schedule.warmup_epochs, or set regularization.clip_norm=1.0",
        )
    if not keeps_last:
        load_model_weights(folder / "checkpoints" / "best.safetensors", setup.model)
        return
    load_checkpoint(folder / "checkpoints" / "last.safetensors", setup.model)
    with averaged_weights(setup.model):
        save_model_weights(folder / WEIGHTS, setup.model)
    load_model_weights(folder / WEIGHTS, setup.model)


def _dataset_facts(dataset: Any) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "homepage": dataset.homepage,
        "counts": dataset.counts(),
        "fingerprint": dataset.fingerprint,
        "skipped": list(dataset.skipped),
        "notes": list(dataset.notes),
    }
