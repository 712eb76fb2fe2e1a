"""Which answers of a run are kept so that few of them are wrong: a threshold chosen on validation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from recipes.runs.answering import TEMPERATURE, check_calibrated, decoder, tempered
from recipes.runs.base import TrainedModel
from recipes.runs.evaluate import BATCH_SIZE, decoded, groups_of
from recipes.runs.splits import splits_of
from zoo.data.pipeline import Encoded
from zoo.errors import ArgumentError, RunError, command
from zoo.metrics.estimators import Share
from zoo.metrics.intervals import Sampling
from zoo.metrics.selective import CONFIDENCE, Acceptance, acceptance, smallest_promise
from zoo.metrics.temperature import fit_temperature
from zoo.tasks.decision import answers_of


@dataclass(frozen=True)
class Abstention:
    """A promise on the answers that are accepted.

    With a probability of `confidence` over the draw of the validation examples, at most the share
    `error` of the accepted answers to new examples is wrong, if these are drawn as validation was
    (`zoo.metrics.selective`).

    Attributes:
        error: that is promised, in (0, 1).
        confidence: of the promise.
        chosen: the threshold, and what of validation it rests on.
        temperature: that predictions still need before they are compared with the threshold; None for
            none.
        notes: what a reader must know.
    """

    error: float
    confidence: float
    chosen: Acceptance
    temperature: float | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        run: TrainedModel,
        error: float,
        *,
        tta: int = 0,
        calibrated: bool | float = False,
        data: str | None = None,
        data_dir: str | None = None,
    ) -> Self:
        """Predict the validation examples of a run, and choose the threshold on them.

        Args:
            run: that chooses one of several classes.
            error: to promise.
            tta, calibrated: how predictions are made to which the threshold is applied. Probabilities
                without a temperature get that of training before they are compared.
            data, data_dir: as in `zoo.evaluate`.

        Raises:
            ArgumentError: the error is not a share, or the run does not choose one of several classes.
            RunError: no threshold keeps the promise; or the validation examples are not known.
        """
        check_error(run, error)
        if calibrated is not False:
            check_calibrated(run, calibrated)
        ask = decoder(run, tta=tta)
        splits = splits_of(run, data=data, data_dir=data_dir)
        encoded = Encoded(splits["validation"], run.task, run.assets)
        predictions, truths = decoded(ask, encoded, batch_size=BATCH_SIZE)
        labels = np.asarray(truths[run.assets.label])
        temperature = _temperature(run, predictions, labels, calibrated)
        score, answers = surest(tempered(predictions, temperature))
        wrong = answers != labels
        chosen = acceptance(score, wrong, error=error)
        if chosen is None:
            raise _impossible(run, error, smallest_promise(score, wrong), wrong)
        told = () if groups_of(encoded.split, splits["train"]) is None else (_GROUPS,)
        applied = None if calibrated is not False else temperature
        return cls(error, CONFIDENCE, chosen, applied, told)

    def accepts(self, predictions: Any) -> np.ndarray:
        """Return which predictions, (N, K) or (N, 2, 2), are accepted, bool (N,)."""
        score, _ = surest(tempered(np.asarray(predictions), self.temperature))
        return score >= self.chosen.threshold

    def told(self, prediction: Any) -> dict[str, bool]:
        """Return what a result says of one prediction."""
        return {"abstained": not bool(self.accepts(np.asarray(prediction)[None])[0])}

    def result(self, scored: Any, label: str) -> dict[str, Any]:
        """Return the promise beside what becomes of it on scored examples, as JSON values.

        Args:
            scored: a `recipes.runs.scored.Scored`, whose predictions are as the threshold takes them.
            label: name of the target.
        """
        accepted = self.accepts(scored.predictions)
        answers = surest(scored.predictions)[1]
        right = (answers == np.asarray(scored.truths[label])).astype(float)
        names = None if scored.groups is None else np.asarray(scored.groups)
        parts = {
            "coverage": (accepted.astype(float), names),
            "error": (1 - right[accepted], None if names is None else names[accepted]),
        }
        test = {"examples": len(accepted), "accepted": int(accepted.sum())}
        for name, (values, groups) in parts.items():
            test[name] = _share(values, groups, scored.found.noun)
        return self.to_dict() | {scored.where: test}

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        chosen = self.chosen
        return {
            "error": self.error,
            "confidence": self.confidence,
            "threshold": chosen.threshold,
            "temperature": self.temperature,
            "validation": {
                "examples": chosen.examples,
                "accepted": chosen.accepted,
                "wrong": chosen.wrong,
            },
            "notes": list(self.notes),
        }

    def words(self) -> str:
        """Say what is promised, and what it costs."""
        chosen = self.chosen
        which = f"answers with a probability of {chosen.threshold:.4g} or more"
        which = which if chosen.threshold else "every answer"
        return (
            f"Accepts {which}: {chosen.accepted:,} of {chosen.examples:,} validation examples, "
            f"{chosen.wrong:,} of them wrong. The promise, which holds with a probability of "
            f"{self.confidence:.0%}: of accepted "
            f"answers to examples like those of validation, at most {100 * self.error:.4g} % are wrong."
        )


def promised_on(
    run: TrainedModel, scored: Any, error: float, *, data: str | None = None, **how: Any
) -> dict[str, Any]:
    """Return `Abstention.result` of the examples that were scored.

    Args:
        run, error: as `Abstention.of`, with its other arguments.
        scored: a `recipes.runs.scored.Scored`.
        data: that was scored; the run's own data is there only if it holds the run's test examples.
        how: `tta`, `calibrated` and `data_dir`.
    """
    moved = data if scored.found.as_trained else None
    found = Abstention.of(run, error, data=moved, **how)
    return found.result(scored, run.assets.label)


_GROUPS = (
    "The validation examples come in groups, such as speakers. The promise takes them as independent, "
    "so it is weaker for new groups."
)


def check_error(run: TrainedModel, error: float) -> None:
    """Refuse errors that are not shares, ensembles, and models without classes.

    Raises:
        ArgumentError: the message says which.
    """
    if isinstance(error, bool) or not isinstance(error, int | float) or not 0 < error < 1:
        raise ArgumentError(
            f"{error!r} is not a share of answers that may be wrong.",
            expected="more than 0 and less than 1, such as 2% or 0.02",
            fix="give another --abstain (abstain=)",
        )
    fix = "leave --abstain (abstain=) out"
    if hasattr(run, "members"):
        raise ArgumentError(
            f"{run.name} is an ensemble, whose members have validation splits of their own.",
            expected="one run",
            fix=fix,
        )
    if not run.assets.label or not run.assets.classes:
        raise ArgumentError(
            f"{run.name} does not choose one of several classes, so it cannot abstain.",
            expected="a model of a classification task",
            fix=fix,
        )


def surest(predictions: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the probability of each answer, (N,), and the answers, (N,).

    >>> surest(np.array([[0.2, 0.8], [0.6, 0.4]]))
    (array([0.8, 0.6]), array([1, 0]))
    """
    probabilities, answers = answers_of(predictions)
    answers = probabilities.argmax(axis=-1) if answers is None else answers
    return probabilities[np.arange(len(probabilities)), answers], answers


def _temperature(
    run: TrainedModel, predictions: Any, labels: np.ndarray, calibrated: bool | float
) -> float | None:
    """Return the temperature that was asked for, or that of training; fitted now where it is needed."""
    if calibrated is not False and calibrated is not True:
        return float(calibrated)
    stored: Mapping[str, Any] | None = run.metrics.get(TEMPERATURE)
    if stored:
        return float(stored["value"])
    fitted = fit_temperature(answers_of(predictions)[0], labels) if calibrated else None
    return fitted.value if fitted else None


def _impossible(
    run: TrainedModel, error: float, smallest: float | None, wrong: np.ndarray
) -> RunError:
    least = "none" if smallest is None else f"{100 * smallest:.1f} %"
    told = [str(run.name), "--abstain", f"{100 * (smallest or 0):.1f}%"]
    return RunError(
        f"An error of at most {100 * error:.4g} % among accepted answers cannot be promised: "
        f"{run.name} has {len(wrong):,} validation examples, of which it answers {int(wrong.sum()):,} "
        "wrongly.",
        expected=f"the smallest error that they can promise is {least}",
        fix=f"{command('zoo', 'predict', *told)} INPUT; or train with more validation examples "
        "(data.validation_fraction)",
    )


def _share(values: np.ndarray, groups: Any, noun: str) -> dict[str, Any]:
    """Return a share with its interval, as `zoo.evaluate` gives metrics."""
    if not len(values):
        return {"value": None, "low": None, "high": None, "method": "none"}
    interval = Share("right").interval(
        {"right": values}, Sampling.of(len(values), groups, noun=noun)
    )
    found = {"low": interval.low, "high": interval.high, "method": interval.method}
    return {"value": float(values.mean())} | found
