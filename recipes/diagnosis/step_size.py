"""Whether the steps of training were of the right size."""

import math

import numpy as np

from recipes.diagnosis.finding import Finding
from recipes.diagnosis.measured import ANNEALED, WINDOW, Measured, finite, number, rate_advice

# cs231n, "Ratio of weights:updates": about 1e-3 per step; we allow a decade on either side
STEP_RATIO_HIGH = 1e-2
STEP_RATIO_LOW = 1e-4
# ours
EPOCH_RATIO_HIGH = 1.0  # net change in an epoch as large as the weights themselves
JUMP = 0.05  # a rise of the training loss in one epoch, as a share of the first epoch's
JUMPING_SHARE = 1 / 3  # of the epochs


def check_step_size(run: Measured) -> Finding | None:
    """Judge the learning rate by the jumps of the training loss and by how far the weights moved."""
    loss = finite(run.column("loss"))
    ratio, step = _update_ratios(run)
    if loss.size < 2 and not math.isfinite(ratio):
        return None
    epochs = max(loss.size - 1, 0)
    jumps = int((np.diff(loss) > JUMP * abs(loss[0])).sum()) if loss.size else 0
    jumped = f"the training loss jumped up in {jumps} of {epochs} epochs"
    jumped = jumped if jumps else "the training loss did not jump"
    moved = f"kernels changed by {ratio:.2g} of their norm per epoch (median)"
    per_step = f"at least {step:.2g} per step"
    known = [moved] if math.isfinite(ratio) else []
    known += [per_step] if math.isfinite(step) else []
    if loss.size > WINDOW and jumps > JUMPING_SHARE * epochs:
        title = "The learning rate looks too high: the training loss jumps up and down."
        evidence = "; ".join((jumped, *known))
        return Finding("learning_rate", "warning", title, evidence, rate_advice(run, 0.3))
    if ratio > EPOCH_RATIO_HIGH or step > STEP_RATIO_HIGH:
        moved += f", where {EPOCH_RATIO_HIGH:g} is much" if ratio > EPOCH_RATIO_HIGH else ""
        per_step += f", where {STEP_RATIO_HIGH:g} is much" if step > STEP_RATIO_HIGH else ""
        evidence = "; ".join((moved, *([per_step] if math.isfinite(step) else []), jumped))
        title = "The learning rate may be too high: the weights change a lot."
        return Finding("learning_rate", "warning", title, evidence, rate_advice(run, 0.3))
    if ratio < STEP_RATIO_LOW:  # a whole epoch moves less than one healthy step
        title = "The learning rate looks too low: the weights hardly move."
        evidence = "; ".join((*known, jumped))
        return Finding("learning_rate", "warning", title, evidence, rate_advice(run, 10))
    evidence = "; ".join((jumped, *known))
    return Finding("learning_rate", "fine", "The step size looks right.", evidence)


def _update_ratios(run: Measured) -> tuple[float, float]:
    """Return the median net change of a kernel per epoch, and a lower bound of that of a step.

    Epochs that the schedule has annealed are left out: their steps are meant to be small. So is the
    first, in which weights grow from their initial size.
    """
    rates = {entry.get("epoch"): number(entry.get("learning_rate")) for entry in run.history}
    records = [
        item
        for item in run.records
        if not rates.get(item["epoch"], math.nan) < ANNEALED * run.learning_rate
    ]
    records = records[1:] or records
    values = finite(Measured((), records, "", "").kernel("update_ratio").ravel())
    if not values.size:
        return math.nan, math.nan
    ratio = float(np.median(values))
    steps = records[-1].get("steps")
    return ratio, ratio / steps if steps else math.nan
