"""Keras Tuner's oracles, rebuilt from a study's table."""

import tempfile
import warnings
from collections.abc import Mapping
from typing import Any, final

from tuning.oracles.base import Proposal
from tuning.space import Space

FACTOR = 3  # hyperband: one in three goes on, three times as long
_WORST = 1e30
_ENDLESS = 10**9  # trials that may fail in a row: the study itself counts them


@final
class Search:
    """An oracle of Keras Tuner, used one trial at a time.

    Its own files go to a temporary folder: they are written in place, so an interrupted write would
    lose the study. A study resumes by replaying its table to a new oracle.

    Args:
        name: one of `tuning.oracles.base.ORACLES`.
        space: what is searched.
        metric: of validation, by name.
        mode: "max" or "min".
        seed: of the draws, 0 or more.
        epochs: of the recipe: hyperband's longest trial.
    """

    def __init__(self, name: str, space: Space, *, metric: str, mode: str, seed: int, epochs: int):
        import keras_tuner

        from tuning.hypermodel import declare

        classes = {
            "random": keras_tuner.oracles.RandomSearchOracle,
            "bayesian": keras_tuner.oracles.BayesianOptimizationOracle,
            "hyperband": keras_tuner.oracles.HyperbandOracle,
            "grid": keras_tuner.oracles.GridSearchOracle,
        }
        hyperparameters = keras_tuner.HyperParameters()
        declare(hyperparameters, space)
        # The direction is always given: Keras Tuner guesses "min" for metrics that it does not know.
        self._objective = keras_tuner.Objective(metric, mode)
        self._oracle = classes[name](
            objective=self._objective,
            hyperparameters=hyperparameters,
            seed=seed + 1,  # 0 would mean: any
            max_consecutive_failed_trials=_ENDLESS,
            **(
                {"max_epochs": epochs, "factor": FACTOR}
                if name == "hyperband"
                else {"max_trials": None}
            ),
        )
        # Hyperband waits for results that a failed trial never gives, and then the search stalls: it
        # gets the worst value instead.
        worst = -_WORST if mode == "max" else _WORST
        self._told_of_failure = worst if name == "hyperband" else None
        self._oracle.verbose = 0
        self._folder = tempfile.TemporaryDirectory(prefix="zoo-tune-")
        self._oracle._set_project_dir(self._folder.name, "oracle")
        self._trial: Any = None

    def ask(self) -> Proposal | None:
        """Return what to try next; None when the search has nothing more to propose."""
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():  # a kernel's length at its bound: common, and harmless
            warnings.simplefilter("ignore", ConvergenceWarning)
            trial = self._oracle.create_trial("study")
        if trial.status != "RUNNING":
            return None
        self._trial = trial
        return _proposal(trial)

    def correct(self, drawn: Mapping[str, Any]) -> Proposal:
        """Replace the values of the last proposal, and return it.

        A resumed study repeats its earlier requests. If the oracle now proposes other values (as it may
        on another machine), those that were trained count.
        """
        self._trial.hyperparameters.values = dict(drawn)
        return _proposal(self._trial)

    def tell(self, value: float | None) -> None:
        """Report the result of the last proposal: the validation metric, None if the trial failed."""
        trial, self._trial = self._trial, None
        value = self._told_of_failure if value is None else value
        if value is None:
            trial.status = "FAILED"
        else:
            self._oracle.update_trial(trial.trial_id, {self._objective.name: value})
            trial.status = "COMPLETED"
        self._oracle.end_trial(trial)

    def close(self) -> None:
        """Delete Keras Tuner's own files."""
        self._folder.cleanup()


def _proposal(trial: Any) -> Proposal:
    drawn = dict(trial.hyperparameters.values)
    earlier = drawn.get("tuner/trial_id")
    return Proposal(
        drawn=drawn,
        epochs=drawn.get("tuner/epochs"),
        goes_on_from=None if earlier is None else int(earlier),
    )
