"""Keras Tuner's oracles as a study uses them: repeatable, resumable, and led by what they are told."""

import math

import pytest

from tuning.oracles.base import ORACLES, check_oracle
from tuning.oracles.keras_tuner import Search
from tuning.space import make_space
from zoo.errors import RecipeError, UnknownNameError

RATE, DROPOUT = "optimizer.learning_rate", "regularization.dropout_rate"


def make(name, space, *, seed=0, mode="max", epochs=9):
    return Search(name, space, metric="cer", mode=mode, seed=seed, epochs=epochs)


def quality(drawn):
    """Best at a rate of 0.01 and without dropout."""
    return 1 - math.log10(drawn[RATE] / 1e-2) ** 2 - drawn[DROPOUT]


def run(search, count, *, told=quality):
    """Ask and tell; return what was proposed."""
    proposals = []
    for _ in range(count):
        asked = search.ask()
        if asked is None:
            break
        proposals.append(asked)
        search.tell(told(asked.drawn))
    return proposals


@pytest.fixture
def countable(base):
    values = {
        DROPOUT: {"low": 0.0, "high": 0.3, "step": 0.1},
        "regularization.flip": {"choices": [True, False]},
        "model.arguments.widths": {"choices": [[4], [4, 8]]},
        "training.batch_size": {"low": 16, "high": 18},
    }
    return make_space(values, base, source="test")


@pytest.mark.parametrize("name", ORACLES)
def test_the_same_seed_proposes_the_same_and_another_does_not(name, space, countable):
    searched = countable if name == "grid" else space
    told = (lambda drawn: 0.5) if name == "grid" else quality
    first = run(make(name, searched), 6, told=told)
    assert run(make(name, searched), 6, told=told) == first
    if name != "grid":  # a grid has one order
        assert run(make(name, searched, seed=1), 6) != first


@pytest.mark.parametrize("name", ORACLES)
def test_asking_and_telling_again_goes_on_as_if_never_interrupted(name, space, countable):
    searched = countable if name == "grid" else space
    told = (lambda drawn: 0.5) if name == "grid" else quality
    whole = run(make(name, searched), 8, told=told)
    again = make(name, searched)
    for proposal in whole[:5]:
        assert again.ask() == proposal
        again.tell(told(proposal.drawn))
    assert again.ask() == whole[5]  # the one that was under way
    again.tell(told(whole[5].drawn))
    assert run(again, 2, told=told) == whole[6:8]


def test_what_was_recorded_wins_over_what_is_proposed_now(space):
    search = make("random", space)
    drawn = {**search.ask().drawn, RATE: 0.0123}
    search = make("random", space)
    search.ask()
    assert search.correct(drawn).drawn[RATE] == 0.0123


@pytest.mark.slow  # the Gaussian process takes seconds a proposal
def test_the_bayesian_oracle_follows_the_direction_it_is_given(base):
    values = {RATE: {"low": 1e-4, "high": 1.0, "sampling": "log"}}
    space = make_space(values, base, source="test")
    for mode, sign in (("max", 1), ("min", -1)):

        def told(drawn, sign=sign):
            return -sign * math.log10(drawn[RATE] / 1e-2) ** 2

        proposals = run(make("bayesian", space, mode=mode), 9, told=told)
        late = [abs(math.log10(p.drawn[RATE] / 1e-2)) for p in proposals[4:]]
        assert min(late) < 0.2, mode


def test_a_grid_visits_every_combination_once_and_ends(countable):
    proposals = run(make("grid", countable), 100, told=lambda drawn: 0.5)
    seen = [countable.values(proposal.drawn) for proposal in proposals]
    assert len(seen) == 4 * 2 * 2 * 3
    assert len({str(values) for values in seen}) == len(seen)
    assert {values[DROPOUT] for values in seen} == {0.0, 0.1, 0.2, 0.3}
    assert {type(values["regularization.flip"]) for values in seen} == {bool}
    assert {values["training.batch_size"] for values in seen} == {16, 17, 18}
    assert {str(values["model.arguments.widths"]) for values in seen} == {"[4]", "[4, 8]"}


def test_hyperband_lets_the_best_go_on_for_longer(space):
    proposals = run(make("hyperband", space, epochs=9), 100)
    assert {proposal.epochs for proposal in proposals} == {1, 3, 9}
    first = [p for p in proposals if p.drawn["tuner/bracket"] == 2 and p.drawn["tuner/round"] == 0]
    best = max(first, key=lambda proposal: quality(proposal.drawn))
    went_on = [proposal for proposal in proposals if proposal.goes_on_from is not None]
    assert proposals.index(best) in [proposal.goes_on_from for proposal in went_on]
    for proposal in went_on:
        earlier = proposals[proposal.goes_on_from]
        assert proposal.drawn[RATE] == earlier.drawn[RATE]
        assert proposal.epochs == 3 * earlier.epochs


def test_a_failed_trial_is_no_reason_to_stop_or_to_repeat_it(space):
    search = make("random", space)
    seen = []
    for _ in range(8):
        seen.append(search.ask().drawn)
        search.tell(None)
    assert len({str(drawn) for drawn in seen}) == 8
    hyperband = make("hyperband", space)
    proposals = run(hyperband, 100, told=lambda drawn: None if drawn[DROPOUT] > 0.2 else 0.5)
    went_on = [proposal for proposal in proposals if proposal.goes_on_from is not None]
    assert went_on
    assert all(proposal.drawn[DROPOUT] <= 0.2 for proposal in went_on[:3])


def test_an_unknown_oracle_gets_the_nearest(space):
    with pytest.raises(UnknownNameError, match="nearest: bayesian"):
        check_oracle("bayes", space)


def test_a_grid_over_a_range_without_steps_is_refused(space, countable):
    with pytest.raises(RecipeError, match=rf"{RATE} is a range without any"):
        check_oracle("grid", space)
    assert check_oracle("grid", countable) == "grid"


def test_hyperband_and_a_search_for_epochs_exclude_each_other(base):
    values = {"training.epochs": {"low": 2, "high": 9}}
    space = make_space(values, base, source="test")
    with pytest.raises(RecipeError, match=r"training\.epochs itself"):
        check_oracle("hyperband", space)
    assert check_oracle("random", space) == "random"
