"""Importance names the field that matters, and nothing where the trials do not show it."""

import math

import numpy as np
import pytest

from tuning.report.importance import FEWEST, codes, importance
from tuning.space import Field
from tuning.trials import Trial

RATE = Field(path="a.rate", low=1e-4, high=1e-1, sampling="log")
KIND = Field(path="a.kind", choices=("", "trivial", [4, 8]))
SIZE = Field(path="a.size", low=1, high=9)


def study(count, metric, *, seed=0, epochs=lambda i: 3):
    """Trials of random values, scored by `metric(values)`; every fifth has failed."""
    generator = np.random.default_rng(seed)
    trials = []
    for i in range(count):
        values = {
            "a.rate": 10 ** generator.uniform(-4, -1),
            "a.kind": KIND.choices[generator.integers(3)],
            "a.size": int(generator.integers(1, 10)),
        }
        failed = i % 5 == 4
        trials.append(
            Trial(
                number=i + 1,
                status="failed" if failed else "completed",
                values=values,
                epochs=epochs(i),
                value=None if failed else metric(values) + generator.normal(0, 0.01),
            )
        )
    return trials


@pytest.mark.parametrize(
    ("path", "metric"),
    [
        ("a.rate", lambda v: -((math.log10(v["a.rate"]) + 2) ** 2)),
        ("a.kind", lambda v: 1.0 if v["a.kind"] == "trivial" else 0.0),
        ("a.size", lambda v: v["a.size"] / 9),
    ],
)
def test_the_field_that_decides_comes_first(path, metric):
    found = importance([RATE, KIND, SIZE], study(40, metric))
    assert found.credible
    assert max(found.shares, key=found.shares.get) == path
    assert found.shares[path] > 0.6
    assert sum(found.shares.values()) == pytest.approx(1)


def test_noise_is_not_credible():
    explained = [
        importance([RATE, KIND, SIZE], study(40, lambda v: 0.0, seed=seed)).explained
        for seed in range(3)
    ]
    assert max(explained) < 0.3
    assert sum(value < 0.1 for value in explained) >= 2


def test_one_trial_that_learnt_nothing_does_not_decide():
    def metric(values):
        return -((math.log10(values["a.rate"]) + 2) ** 2) / 100

    trials = study(40, metric)
    clean = importance([RATE, KIND, SIZE], trials)
    worst = next(trial for trial in trials if trial.completed)
    spoilt = [
        Trial(**{**vars(trial), "value": -100.0}) if trial is worst else trial for trial in trials
    ]
    found = importance([RATE, KIND, SIZE], spoilt)
    assert found.shares["a.rate"] == pytest.approx(clean.shares["a.rate"], abs=0.2)


def test_epochs_count_where_trials_were_trained_for_different_times():
    trials = study(40, lambda values: 0.0, epochs=lambda i: 1 + 2 * (i % 4))
    longer = [Trial(**{**vars(t), "value": float(t.epochs)}) if t.completed else t for t in trials]
    found = importance([RATE, KIND, SIZE], longer)
    assert max(found.shares, key=found.shares.get) == "training.epochs"
    assert "training.epochs" not in importance([RATE], study(40, lambda v: v["a.rate"])).shares


def test_too_few_or_equal_trials_give_none():
    assert importance([RATE], study(FEWEST, lambda v: v["a.rate"])) is None  # one has failed
    assert importance([RATE], study(FEWEST + 2, lambda v: v["a.rate"])) is not None
    equal = [Trial(**{**vars(t), "value": 0.5}) for t in study(20, lambda v: 0) if t.completed]
    assert importance([RATE], equal) is None


def test_codes_are_numbers_also_for_what_the_recipe_had_outside_the_space():
    values = [{"a.rate": 0.01, "a.kind": ""}, {"a.rate": None, "a.kind": "rand"}]
    trials = [Trial(number=i, values=v, epochs=1) for i, v in enumerate(values, 1)]
    assert codes(RATE, trials).tolist() == [math.log(0.01), math.log(1e-5)]
    assert codes(KIND, trials).tolist() == [0, 3]
    assert np.isfinite(codes(RATE, trials)).all()
