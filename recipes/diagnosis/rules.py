"""What is wrong with a training run, in plain words, and the override that fixes it.

`findings` reads the learning curves and the measurements of `Probe`. It makes every check that the
numbers allow and gives one `Finding` for each, so that "nothing wrong" also says what was checked.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recipes.diagnosis.finding import SEVERITIES, Finding
from recipes.diagnosis.measured import ANNEALED, WINDOW, Measured, finite, number, rate_advice
from recipes.diagnosis.probe import Probe
from recipes.diagnosis.step_size import check_step_size

__all__ = ["Finding", "Probe", "findings"]

# Amazon SageMaker Debugger's built-in rules
VANISHING_MEAN_ABS = 1e-7  # VanishingGradient: mean absolute gradient of a tensor
DEAD_SHARE = 0.5  # DeadRelu: of a layer's units
LOSS_DROP = 0.001  # LossNotDecreasing: relative
# ours
GRADIENT_RATIO = 1e3  # first to last kernel, either way
EXPLODING_NORM = 1e3  # of all kernels' gradients together
EXPLODING_GROWTH = 100.0  # of the last epoch over the median of those before
NOTABLE_NORM = 10.0  # below this norm, growth is not an explosion
LOSS_RISE_WARNING = 0.1  # of the validation loss over its minimum, relative
LOSS_RISE_PROBLEM = 0.5
LOSS_RISE_LEAST = 0.01  # of the first epoch's loss: a smaller rise, near zero, is noise
GAP_WARNING = 0.05  # training score less validation score
GAP_PROBLEM = 0.15
LATE_GAIN = 0.02  # improvement in the last fifth of the epochs, of what there was left to improve
FEW_UPDATES = 50  # in all: a model has hardly moved from where it began
ENOUGH_UPDATES = 500  # that are advised then
SMALL_LOSS = 0.01  # nats; the first epoch of a model that is fitted already has no more
FITTED = 0.05  # of the first epoch's loss: below, gradients are small because all is learnt


def findings(
    history: Sequence[Mapping[str, Any]],
    records: Sequence[Mapping[str, Any]],
    *,
    metric: str,
    mode: str,
    answers: Sequence[Finding] = (),
    rate_factor: float = 1.0,
) -> list[Finding]:
    """Check a run; return the findings, the worst first.

    Args:
        history: a dictionary per epoch with "loss" (training, with augmentation), "val_loss",
            `metric`, "val_" + `metric` and "learning_rate"; checks that lack a column are left out.
        records: of `Probe`; may be empty.
        metric: the task's.
        mode: "max" or "min".
        answers: of `check_answers`.
        rate_factor: of the recipe; advice is about `optimizer.learning_rate`, before it is scaled.

    Overfitting, the generalisation gap and the size of the steps are judged from three epochs on. After
    few updates the curves are not judged at all: the model has only begun to learn.

    >>> findings([{"loss": 1.0}, {"loss": 1.0}], [], metric="accuracy", mode="max")[0].title
    'The model does not learn: the training loss never falls.'
    """
    run = Measured(history, records, metric, mode, rate_factor)
    if run.steps and run.steps * len(history) < FEW_UPDATES:
        of_curves = (_few_updates,)
    elif len(history) < WINDOW:
        of_curves = (_not_learning, _too_short, _unfinished)
    else:
        of_curves = (_not_learning, _overfitting, _gap, check_step_size, _unfinished)
    checks = (_not_finite, _exploding, *of_curves, _vanishing, _dead_units)
    found = [item for item in (*answers, *(check(run) for check in checks)) if item is not None]
    return sorted(found, key=lambda item: SEVERITIES.index(item.severity))


def _few_updates(run: Measured) -> Finding:
    steps, epochs = run.steps or 1, len(run.history)
    count = steps * epochs
    return Finding(
        "too_short",
        "warning",
        f"The model had only {count} update{'s' * (count > 1)}: train longer.",
        f"{epochs} epoch{'s' * (epochs != 1)} of {steps}; below {FEW_UPDATES} updates, overfitting and "
        "the learning rate cannot be judged",
        f"training.epochs={math.ceil(ENOUGH_UPDATES / steps)}, or more; or more updates in an epoch, by "
        "more data or a smaller training.batch_size",
    )


def _too_short(run: Measured) -> Finding:
    return Finding(
        "too_short",
        "unknown",
        "This run is too short to judge overfitting and the learning rate.",
        f"{len(run.history)} epochs; at least {WINDOW} are needed",
        f"Train longer: training.epochs={WINDOW}, or more",
    )


def _not_finite(run: Measured) -> Finding | None:
    if not run.history:
        return None
    losses = ["loss", *(["val_loss"] if "val_loss" in run.history[-1] else [])]
    for i, entry in enumerate(run.history):
        broken = [name for name in losses if not math.isfinite(number(entry.get(name)))]
        if broken:
            return Finding(
                "not_finite",
                "problem",
                "Training diverged: the loss is no longer a number.",
                f"{' and '.join(broken)} in epoch {entry.get('epoch', i + 1)}",
                f"Take smaller steps: {rate_advice(run, 0.1)}, and limit the gradient: "
                "regularization.clip_norm=1.0",
            )
    return Finding(
        "not_finite",
        "fine",
        "Every loss is a finite number.",
        f"{' and '.join(losses)} over {len(run.history)} epochs",
    )


def _exploding(run: Measured) -> Finding | None:
    if not run.records:
        return None
    norms = np.linalg.norm(run.kernel("gradient_norm"), axis=1)  # all kernels together
    broken = ~np.isfinite(norms)
    before = norms[:-1][~broken[:-1]]
    growth = norms[-1] / np.median(before) if before.size and np.median(before) > 0 else 1.0
    advice = f"regularization.clip_norm=1.0, or {rate_advice(run, 0.3)}"
    if broken.any():
        epoch = run.records[int(np.argmax(broken))]["epoch"]
        title, evidence = "Gradients overflow.", f"not finite from epoch {epoch} on"
        return Finding("exploding", "problem", title, evidence, advice)
    end = np.median(norms[-WINDOW:])  # batch norm's statistics lag in the first epoch: no alarm
    if end > EXPLODING_NORM or (growth > EXPLODING_GROWTH and norms[-1] > NOTABLE_NORM):
        title = "Gradients explode."
        evidence = f"norm {end:.3g} at the end, {growth:.3g} times that of the epochs before"
        return Finding("exploding", "problem", title, evidence, advice)
    evidence = f"norm of all kernels' gradients {norms.min():.2g} to {norms.max():.2g}"
    return Finding("exploding", "fine", "Gradients stay bounded.", evidence)


def _not_learning(run: Measured) -> Finding | None:
    loss = finite(run.column("loss"))
    if loss.size < 2:
        return None
    drop = (loss[0] - loss[1:].min()) / max(abs(loss[0]), 1e-12)
    evidence = f"training loss {loss[0]:.4g} in the first epoch, {loss[1:].min():.4g} at its lowest"
    if drop < LOSS_DROP:
        return Finding(
            "not_learning",
            "problem",
            "The model does not learn: the training loss never falls.",
            evidence,
            f"Try other step sizes, {rate_advice(run, 0.1)} and {rate_advice(run, 10)}, and once "
            "without regularization, regularization.preset=none. If nothing helps, look at the training "
            "samples and their labels.",
        )
    title = "The training loss falls."
    return Finding("not_learning", "fine", title, f"{evidence} ({drop:.0%} less)")


def _overfitting(run: Measured) -> Finding | None:
    val, loss = run.column("val_loss"), run.column("loss")
    both = np.isfinite(val) & np.isfinite(loss)
    val, loss = val[both], loss[both]
    if val.size < 2:
        return None
    lowest = int(val.argmin())
    end = float(np.median(val[lowest:][-WINDOW:]))
    rise = (end - val[lowest]) / max(abs(val[lowest]), 1e-12)
    falls = float(np.median(loss[-WINDOW:])) < loss[lowest]
    evidence = (
        f"validation loss {val[lowest]:.4g} at its lowest (epoch "
        f"{np.flatnonzero(both)[lowest] + 1}), {end:.4g} at the end "
        f"({rise:+.0%}); training loss {loss[lowest]:.4g} and {loss[-1]:.4g}"
    )
    fine = ""
    if rise <= LOSS_RISE_WARNING:
        fine = "The validation loss does not turn back up."
    elif end - val[lowest] <= LOSS_RISE_LEAST * abs(val[0]):
        fine = "The validation loss wavers near zero: its rise is too small to matter."
    elif val.size - 1 - lowest < WINDOW - 1:
        fine = "The validation loss rose only in the last epoch, which may be chance."
    if fine:
        return Finding("overfitting", "fine", fine, evidence)
    if not falls:
        title = "The validation loss turns back up, though the training loss no longer falls."
        return Finding("rising", "warning", title, evidence, rate_advice(run, 0.3))
    return Finding(
        "overfitting",
        "problem" if rise > LOSS_RISE_PROBLEM else "warning",
        "The model overfits: it is memorizing the training set.",
        evidence,
        "Regularize more: the next stronger of regularization.preset=light, =medium and =strong; "
        "or stop earlier: regularization.early_stopping_patience=5",
    )


def _gap(run: Measured) -> Finding | None:
    train, val = run.column(run.metric), run.column(f"val_{run.metric}")
    whole = np.isfinite(train) & np.isfinite(val)
    if not whole.any() or max(train[whole].max(), val[whole].max()) > 1:
        return None  # the thresholds are for shares
    sign = 1 if run.mode == "max" else -1
    train, val = (float(np.median(item[whole][-WINDOW:])) for item in (train, val))
    gap = sign * (train - val)
    evidence = (
        f"{run.metric} {train:.3f} in training, {val:.3f} in validation (medians of the last "
        f"{min(WINDOW, int(whole.sum()))} epochs)"
    )
    if gap <= GAP_WARNING:
        title = "The model does about as well on new examples as on those it trained on."
        return Finding("generalisation_gap", "fine", title, evidence)
    return Finding(
        "generalisation_gap",
        "problem" if gap > GAP_PROBLEM else "warning",
        "The model does much better on its training examples than on new ones.",
        evidence,
        "More data helps most. Otherwise augment and regularize more: the next stronger of "
        "regularization.preset=light, =medium and =strong",
    )


def _vanishing(run: Measured) -> Finding | None:
    record = _last_unfitted(run)
    if record is None:
        return None
    rows = record["kernels"]
    mean = np.array([number(row["gradient_mean_abs"]) for row in rows])
    norm = np.array([number(row["gradient_norm"]) for row in rows])
    if not np.isfinite(norm).all():
        return None  # "exploding" tells
    small = [
        row["key"] for row, value in zip(rows, mean, strict=True) if value < VANISHING_MEAN_ABS
    ]
    ratio = norm[0] / norm[-1] if norm[-1] > 0 else math.inf
    evidence = (
        f"epoch {record['epoch']}: norm {norm[0]:.2g} in {rows[0]['key']}, {norm[-1]:.2g} in "
        f"{rows[-1]['key']} (ratio {ratio:.2g}); smallest mean absolute gradient {mean.min():.2g}"
    )
    advice = (
        "Add normalization (regularization.batch_norm=true where the model offers it), choose "
        "a model with residual connections or fewer layers, or weaken the penalties: "
        "regularization.preset=light"
    )
    if small:
        title = f"Gradients vanish in {len(small)} of {len(rows)} kernels."
        evidence += f"; below {VANISHING_MEAN_ABS:g} in {', '.join(small[:3])}"
        evidence += " …" if len(small) > 3 else ""
        return Finding("vanishing", "problem", title, evidence, advice)
    if not 1 / GRADIENT_RATIO <= ratio <= GRADIENT_RATIO:
        title = "The first and the last layers learn at very different speeds."
        return Finding("vanishing", "warning", title, evidence, advice)
    return Finding("vanishing", "fine", "Gradients reach every layer.", evidence)


def _last_unfitted(run: Measured) -> Mapping[str, Any] | None:
    """Return the last record before the training loss was close to zero."""
    losses = {entry.get("epoch"): number(entry.get("loss")) for entry in run.history}
    first = next(iter(losses.values()), math.nan)
    kept = [
        item
        for item in run.records
        if item["kernels"]
        and not losses.get(item["epoch"], math.nan) < max(FITTED * first, SMALL_LOSS)
    ]
    return kept[-1] if kept else None


def _dead_units(run: Measured) -> Finding | None:
    layers = run.records[-1]["activations"] if run.records else []
    shares = {row["key"]: number(row["dead_share"]) for row in layers if "dead_share" in row}
    shares = {key: share for key, share in shares.items() if math.isfinite(share)}
    if not shares:
        return None
    dead = [key for key, share in shares.items() if share > DEAD_SHARE]
    worst = max(shares, key=lambda key: shares[key])
    evidence = f"{len(shares)} ReLU layers; most dead units in {worst}: {shares[worst]:.0%}"
    if not dead:
        return Finding("dead_units", "fine", "The units are alive.", evidence)
    return Finding(
        "dead_units",
        "problem" if len(dead) * 2 >= len(shares) else "warning",
        f"More than half of the units are dead in {len(dead)} of {len(shares)} ReLU layers.",
        f"{evidence}; {', '.join(dead[:3])}{' …' if len(dead) > 3 else ''}",
        f"{rate_advice(run, 0.3)}, a longer warm-up, or normalization before the ReLU "
        "(regularization.batch_norm=true where the model offers it)",
    )


def _unfinished(run: Measured) -> Finding | None:
    sign = 1 if run.mode == "max" else -1
    name = f"val_{run.metric}"
    values = sign * run.column(name)
    late = max(1, len(values) // 5)
    if len(values) < 2 * WINDOW or not np.isfinite(values[:-late]).any():
        return None
    before, best = np.nanmax(values[:-late]), np.nanmax(values)
    left = 1 - before if run.mode == "max" and 0 <= before < 1 else abs(before)
    gain = (best - before) / max(left, 1e-12)
    annealed = number(run.history[-1].get("learning_rate")) < ANNEALED * run.learning_rate
    evidence = (
        f"{name} {sign * before:.4g} up to {late} epoch{'s' * (late > 1)} before the end, "
        f"{sign * best:.4g} at its best"
    )
    if gain > LATE_GAIN and not annealed:
        title = "Training stopped while the model was still getting better."
        advice = f"Train longer: training.epochs={2 * len(values)}"
        return Finding("unfinished", "warning", title, evidence, advice)
    title = "Training continued until it stopped improving."
    title = "The learning rate was annealed to the end." if annealed and gain > LATE_GAIN else title
    return Finding("unfinished", "fine", title, evidence)
