"""What a model of several inputs owes to each, beside the same inputs alone and their average."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recipes.modalities.alone import has_several
from recipes.modalities.answers import ABSENT, SHUFFLED, additive_answers, right_by_subset
from recipes.runs.evaluate import BATCH_SIZE, groups_of, predictions_of
from recipes.runs.run import Run
from zoo.columns.assets import Assets
from zoo.data.pipeline import Encoded
from zoo.metrics.reliance import interval, lost_without, resampled, shapley_values, shares_of
from zoo.tasks.decision import answers_of

if TYPE_CHECKING:
    from recipes.training.setup import Setup

PAIRED, DRAWN = 64, 128  # examples of EMAP with two inputs, and with more: about 4,500 answers
DRAWS = 12  # of other inputs that each input of these meets
_SMALLEST = 1e-9  # a probability, before its logarithm
LEAST_NEGLECT = 0.1  # of a share in the model below that in the average of single inputs


def of_run(setup: "Setup", test: Encoded, alone: Mapping[str, Run]) -> dict[str, Any]:
    """Return "modalities": what a trained model owes to each of its inputs on test; see `reliance`.

    Empty where it does not have several.

    Args:
        setup: with the trained model.
        test: the split, encoded.
        alone: runs of each input alone, by name.
    """
    if not has_several(setup.assets):
        return {}
    train, assets = setup.dataset.splits["train"], setup.assets
    most = np.bincount(train.labels).argmax()
    absent = any(v is None for c in assets.x.values() for v in train.columns[c.source])
    found = reliance(
        setup.model,
        assets,
        test,
        alone={
            name: _probabilities(run, setup.dataset.splits["test"]) for name, run in alone.items()
        },
        prior=float(np.mean(test.split.labels == most)),
        learned_absence=absent or setup.task.regularization.modality_dropout_rate > 0,
        groups=groups_of(test.split, train),
    )
    return {"modalities": found}


def _probabilities(run: Run, split: Any) -> np.ndarray:
    """Return the probabilities of a run for a split, (N, K)."""
    encoded = Encoded(split, run.task, run.assets)
    found, _ = predictions_of(run.model, run.task, run.assets, encoded, batch_size=BATCH_SIZE)
    return answers_of(found)[0]


def reliance(
    model: Any,
    assets: Assets,
    test: Encoded,
    *,
    alone: Mapping[str, np.ndarray],
    prior: float,
    learned_absence: bool,
    groups: Sequence[Any] | None = None,
) -> dict[str, Any]:
    """Measure on a split how much a classifier owes to each of its inputs.

    Args:
        model, assets: of the run.
        test: the split.
        alone: probabilities (N, K) of the network of each input alone, by name; empty for none.
        prior: accuracy without any input: of the most frequent class of train.
        learned_absence: training took inputs away, so that their absence means something.
        groups: of the examples, which intervals resample whole; None for single ones.

    Returns:
        JSON values, which `docs/tasks/several_inputs.md` explains.
    """
    names = tuple(assets.x)

    def decode(x: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.asarray(model.predict_on_batch(x)["logits"], dtype="float64")

    rights, gaps = {}, {}
    for how in (ABSENT, SHUFFLED):
        rights[how], gaps[how] = right_by_subset(decode, test, how=how)  # (2 ** M, N), (2 ** M,)
    for right in rights.values():
        right[0] = prior
    found = {
        **_by_input(names, rights, gaps, ABSENT if learned_absence else SHUFFLED, groups),
        "examples": len(test),
        "prior": round(prior, 6),
        "interactions": _interactions(decode, test),
    }
    if alone:
        labels = test.split.labels
        found |= _beside(names, alone, labels, rights[SHUFFLED], prior=prior, groups=groups)
    return found


def _by_input(
    names: tuple[str, ...],
    rights: Mapping[str, np.ndarray],
    gaps: Mapping[str, np.ndarray],
    by: str,
    groups: Sequence[Any] | None,
) -> dict[str, Any]:
    """Return the share of each input, what is lost without it, and the accuracy of each subset.

    Args:
        names: of the inputs.
        rights: how often each example is right with each subset, (2 ** M, N), by what stands for
            the others.
        gaps: between confidence and accuracy, (2 ** M,), likewise.
        by: which of these shares are made from.
        groups: as of `reliance`.
    """
    drawn = {how: resampled(right, groups=groups) for how, right in rights.items()}
    worth, many = rights[by].mean(axis=1), drawn[by]
    shares, lost = shares_of(shapley_values(worth)), lost_without(worth)
    share_ends, lost_ends = interval(shares_of(shapley_values(many))), interval(lost_without(many))
    return {
        "by": by,
        "inputs": {
            name: {
                "share": _entry(shares[m], share_ends, m),
                "lost": _entry(lost[m], lost_ends, m),
            }
            for m, name in enumerate(names)
        },
        "subsets": [
            {
                "inputs": [name for m, name in enumerate(names) if subset >> m & 1],
                **{
                    how: _entry(right[subset].mean(), interval(drawn[how]), subset)
                    for how, right in rights.items()
                },
                "ece": {how: _number(gap[subset]) for how, gap in gaps.items()},
            }
            for subset in range(1, 2 ** len(names))
        ],
    }


def _entry(value: float, ends: tuple[np.ndarray, np.ndarray], place: int) -> dict[str, Any]:
    """Return a value with its interval; None where it is not known."""
    numbers = {"value": value, "low": ends[0][place], "high": ends[1][place]}
    return {key: _number(v) for key, v in numbers.items()}


def _number(value: float) -> float | None:
    """Return a number for JSON; None where it is not known."""
    return round(float(value), 6) if np.isfinite(value) else None


def _interactions(decode: Any, test: Encoded) -> dict[str, Any]:
    """Return the accuracy of the model and of the best additive answers in it, on some examples."""
    paired = len(test.assets.x) == 2
    generator = np.random.default_rng(0)
    size = min(PAIRED if paired else DRAWN, len(test))
    places = np.sort(generator.choice(len(test), size=size, replace=False))
    own, added, labels = additive_answers(decode, test, places, draws=0 if paired else DRAWS)
    right, right_added = (answers.argmax(axis=-1) == labels for answers in (own, added))
    gap = right.astype("float64") - right_added
    ends = interval(resampled(gap[None]))
    return {
        "examples": size,
        "accuracy": round(float(right.mean()), 6),
        "additive": round(float(right_added.mean()), 6),
        "gap": _entry(gap.mean(), ends, 0),
    }


def _beside(
    names: tuple[str, ...],
    alone: Mapping[str, np.ndarray],
    labels: np.ndarray,
    shuffled: np.ndarray,
    *,
    prior: float,
    groups: Sequence[Any] | None,
) -> dict[str, Any]:
    """Return how the inputs do alone and averaged, and which of them the model neglects.

    Both the model and the average of the networks of single inputs owe a share of what they know to
    each input. Where the model does certainly worse than that average, an input is neglected whose
    share in the model is smaller by a tenth or more, and certainly smaller: the whole interval of
    both differences is below 0.
    """
    logs = {name: np.log(np.maximum(alone[name], _SMALLEST)) for name in names}
    averaged = _average_by_subset(logs, labels)  # (2 ** M, N)
    averaged[0] = prior
    single = {name: (logs[name].argmax(axis=-1) == labels).astype("float64") for name in names}
    best = max(names, key=lambda name: single[name].mean())
    fused = shuffled[-1]
    table = np.stack([*single.values(), averaged[-1], fused - single[best], fused - averaged[-1]])
    values, ends = table.mean(axis=1), interval(resampled(table, groups=groups))
    both = [shares_of(shapley_values(right.mean(axis=1))) for right in (shuffled, averaged)]
    drawn = [
        shares_of(shapley_values(resampled(right, groups=groups))) for right in (shuffled, averaged)
    ]  # the same resamples
    differences, spread = both[0] - both[1], interval(drawn[0] - drawn[1])
    neglect = {name: _entry(differences[m], spread, m) for m, name in enumerate(names)}
    count = len(names)
    over_averaged = _entry(values[count + 2], ends, count + 2)
    return {
        "alone": {name: _entry(values[m], ends, m) for m, name in enumerate(names)},
        "averaged": _entry(values[count], ends, count),
        "averaged_shares": {name: _number(both[1][m]) for m, name in enumerate(names)},
        "share_beyond_averaged": neglect,
        "best_alone": best,
        "over_best_alone": _entry(values[count + 1], ends, count + 1),
        "over_averaged": over_averaged,
        "neglected": [
            name
            for name, one in neglect.items()
            if None not in one.values() and one["value"] <= -LEAST_NEGLECT and one["high"] < 0
            if over_averaged["high"] < 0
        ],
    }


def _average_by_subset(
    logs: Mapping[str, np.ndarray], labels: np.ndarray, *, repeats: int = 3
) -> np.ndarray:
    """Return how often the mean of log probabilities is right with the others shuffled, (2 ** M, N)."""
    rows = []
    for subset in range(2 ** len(logs)):
        found = []
        for repeat in range(repeats):
            generator = np.random.default_rng([subset, repeat])
            mean = sum(
                part if subset >> m & 1 else part[generator.permutation(len(part))]
                for m, part in enumerate(logs.values())
            )
            found.append(mean.argmax(axis=-1) == labels)
        rows.append(np.mean(found, axis=0))
    return np.stack(rows)
