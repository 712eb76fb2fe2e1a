"""The search: ask for values, train, report the result; then complete the best run."""

import dataclasses
import shutil
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from recipes.runs.trained import RECIPE, as_begun
from recipes.values.load import dump_yaml
from recipes.values.schema import Recipe
from tuning.oracles.base import Proposal
from tuning.oracles.keras_tuner import Search
from tuning.plan import BEST, Plan, plain_values, resume_command
from tuning.progress import StudyDisplay
from tuning.study import Study
from tuning.trials import Trial, best_trial, folder_of, read_trials, write_trials
from tuning.workers.process import CrashError, Executor
from zoo import registry
from zoo.errors import DataError, MachineError, RunError, WeightsError, ZooError
from zoo.files import write_text
from zoo.metrics.base import metric_named

LASTING = (DataError, MachineError, WeightsError)  # the next trial would meet them as well
FAILURES = 3  # in a row, then something is wrong with the study
MOST_REPEATS = 1000  # an oracle that proposes so many known recipes in a row has no others


@final
class Session:
    """One session of a study, in one process."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        executor: Executor,
        *,
        facts: dict[str, Any],
        data_dir: str | None,
        shown: bool,
    ):
        self.folder, self.plan, self.executor, self.data_dir = folder, plan, executor, data_dir
        self.metric, self.mode = facts["metric"], facts["mode"]
        metrics = registry.task_card(plan.recipe.task.name).metrics
        self.measure = metric_named(self.metric, metrics)
        self.fingerprint = facts["fingerprint"]
        self.trials = read_trials(folder)
        self.under_way = self.trials.pop() if _unfinished(self.trials) else None
        self.oracle = Search(
            plan.oracle,
            plan.space,
            metric=self.metric,
            mode=self.mode,
            seed=plan.seed,
            epochs=plan.recipe.training.epochs,
        )
        for trial in self.trials[1:]:  # the oracle did not propose the first
            self._ask(self.trials[: trial.number - 1], recorded=trial.drawn)
            self.oracle.tell(trial.value)
        self.display = StudyDisplay(metric=self.measure, max_trials=plan.max_trials, shown=shown)

    def close(self) -> None:
        """Restore the terminal and delete the oracle's files."""
        self.display.close()
        self.oracle.close()

    def search(self, deadline: float) -> str:
        """Run trials until there is a reason not to; return the reason."""
        failures = 0
        while self.plan.max_trials is None or len(self.trials) < self.plan.max_trials:
            trial = self._next()
            if trial is None:
                return "the oracle has nothing more to propose"
            cost = self._cost(trial)
            if cost is not None and time.monotonic() + cost > deadline:
                return "no further trial would have ended in the time allowed"
            done = self._run(trial)
            failures = 0 if done.completed else failures + 1
            if failures == FAILURES:
                raise RunError(
                    f"{FAILURES} trials in a row failed, the last with: {done.message}",
                    fix="start another study with narrower ranges, or fix the cause and resume: "
                    + resume_command(self.folder),
                )
        return "all trials were run"

    def finish(self, ended: str) -> Study:
        """Write the best recipe, complete the best trial's run, and report."""
        from tuning.report.html import write_report

        best = best_trial(self.trials, mode=self.mode)
        if best is None:
            raise RunError(
                "No trial produced a result"
                + (f": {self.trials[-1].message}" if self.trials else "."),
                fix=f"give it more time: {resume_command(self.folder)}",
            )
        recipe = self._best_recipe(best)
        self.display.say(f"best: trial {best.number}; its run is completed and tested")
        run = folder_of(self.folder, best.number)
        waiting = self.display.waiting
        found = self.executor.ask(
            "finish", waiting=waiting, folder=str(run), data_dir=self.data_dir
        )
        study = Study(
            path=self.folder,
            plan=self.plan,
            metric=self.metric,
            mode=self.mode,
            trials=self.trials,
            best=best,
            recipe=recipe,
            test=found["metrics"],
            epochs=found["epochs"],
            ended=ended,
        )
        write_report(study)
        return study

    def _next(self) -> Trial | None:
        """Return the unfinished trial, or the oracle's next proposal."""
        trial, self.under_way = self.under_way, None
        number, epochs = len(self.trials) + 1, self.plan.recipe.training.epochs
        if number == 1:
            values = self.plan.space.own_values(self.plan.recipe)
            return trial or Trial(number=1, values=values, epochs=epochs)
        asked = self._ask(self.trials, recorded=trial.drawn if trial else None)
        if trial or asked is None:
            return trial
        values = self.plan.space.values(asked.drawn)
        return Trial(
            number=number,
            values=values,
            drawn=asked.drawn,
            epochs=asked.epochs or values.get("training.epochs", epochs),
            goes_on_from=None if asked.goes_on_from is None else asked.goes_on_from + 2,
        )

    def _ask(
        self, trials: Sequence[Trial], *, recorded: Mapping[str, Any] | None
    ) -> Proposal | None:
        """Return the next proposal that was not trained yet; None where nothing is left.

        The oracle never saw the first trial, the unchanged recipe, and may propose its values. For a
        repeated recipe it gets the known result at once, since the same recipe gives the same weights.

        Args:
            trials: that were run before.
            recorded: what was proposed here before the study was interrupted.
        """
        for _ in range(MOST_REPEATS):
            asked = self.oracle.ask()
            again = asked.drawn == recorded if asked and recorded else False
            known = None if asked is None or again else self._trained(asked, trials)
            if known is None:
                corrected = asked is not None and recorded is not None
                return self.oracle.correct(recorded) if corrected else asked
            self.oracle.tell(known.value)
        return None

    def _trained(self, asked: Proposal, trials: Sequence[Trial]) -> Trial | None:
        """Return the trial that trained the proposed recipe; None where none did."""
        if asked.epochs is not None:  # hyperband counts its own proposals
            return None
        base, values = self.plan.recipe, self.plan.space.values(asked.drawn)
        try:
            wanted = base.with_values(values).resolved()
        except ZooError:  # the trial will say what is wrong
            return None
        for trial in trials:
            if trial.values == values or self.plan.recipe_of(trial).resolved() == wanted:
                return trial
        return None

    def _run(self, trial: Trial) -> Trial:
        """Train one trial, and record and report its result."""
        write_trials(self.folder, [*self.trials, trial])
        run = folder_of(self.folder, trial.number)
        began = time.monotonic()
        try:
            self._make_folder(trial, run)
            self.display.begin(trial, run)
            found = self.executor.ask(
                "trial",
                waiting=self.display.waiting,
                folder=str(run),
                epochs=trial.epochs,
                data_dir=self.data_dir,
            )
            self._check_data(found["fingerprint"])
            done = _completed(trial, found)
        except LASTING:
            raise
        except ZooError as error:
            if isinstance(error, CrashError):
                write_text(run / "error.txt", error.log)
            seconds = round(time.monotonic() - began, 1)
            done = dataclasses.replace(
                trial, status="failed", message=error.problem, seconds=seconds
            )
        self.trials.append(done)
        write_trials(self.folder, self.trials)
        if trial.number > 1:
            self.oracle.tell(done.value)
        best = best_trial(self.trials, mode=self.mode)
        self.display.end(done, best, seconds_left=self._seconds_left())
        return done

    def _check_data(self, fingerprint: str) -> None:
        """Refuse a trial that was trained on different data from those before it."""
        if fingerprint != self.fingerprint:
            raise DataError(
                f"The data of {self.plan.recipe.data.name} changed while {self.folder} was running.",
                expected=f"fingerprint {self.fingerprint}, not {fingerprint}",
                fix="restore the data and resume, or start another study",
            )

    def _make_folder(self, trial: Trial, run: Path) -> None:
        """Make the trial's run folder, with the checkpoint that it continues from; complete or not at
        all."""
        if run.exists():
            return
        recipe = self.plan.recipe_of(trial)
        if trial.goes_on_from is not None:
            recipe = as_begun(recipe, folder_of(self.folder, trial.goes_on_from))
        part = run.with_name(f".{run.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        write_text(part / RECIPE, dump_yaml(recipe.resolved()))
        if trial.goes_on_from is not None:
            earlier = folder_of(self.folder, trial.goes_on_from) / "checkpoints"
            if earlier.exists():  # else it is trained from the start, to the same end
                shutil.copytree(earlier, part / "checkpoints")
        part.rename(run)

    def _best_recipe(self, best: Trial) -> Recipe:
        """Write the best trial's recipe with how it was found."""
        base = self.plan.recipe
        recipe = as_begun(self.plan.recipe_of(best), folder_of(self.folder, best.number))
        recipe = recipe.with_values({"name": f"{base.name}-tuned"})
        first = self.trials[0]
        text = self.measure.text
        before = text(first.value) if first.completed else "nothing"
        lines = [
            f"Found by `zoo tune` around {base.name}: trial {best.number} of {len(self.trials)}, "
            f"{self.plan.oracle} search, seed {self.plan.seed}.",
            f"Validation {self.metric} {text(best.value)}; the recipe as it was reached {before}.",
            "The best of several trials looks better on validation than it is.",
        ]
        header = "".join(f"# {' '.join(line.split())}\n" for line in lines)
        write_text(self.folder / BEST, header + dump_yaml(plain_values(recipe)))
        return recipe

    def _cost(self, trial: Trial) -> float | None:
        """Estimate the seconds that a trial will take, by the median of those before; None at first."""
        done = [t.seconds / t.epochs for t in self.trials if t.completed]
        before = self.trials[trial.goes_on_from - 1].epochs if trial.goes_on_from else 0
        return statistics.median(done) * (trial.epochs - before) if done else None

    def _seconds_left(self) -> float | None:
        left = (self.plan.max_trials or 0) - len(self.trials)
        done = [trial.seconds for trial in self.trials if trial.completed]
        return statistics.median(done) * left if done and left > 0 else None


def _completed(trial: Trial, found: dict[str, Any]) -> Trial:
    """Return the trial with the result of its run; without weights to keep, it has failed."""
    if found["value"] is None:
        message = f"training {found['stopped'] or 'ended'} after epoch {found['epochs']}"
        return dataclasses.replace(
            trial, status="failed", message=message, seconds=found["seconds"]
        )
    return dataclasses.replace(
        trial,
        status="completed",
        value=found["value"],
        loss=found["loss"],
        epoch=found["epoch"],
        seconds=found["seconds"],
        message=f"{found['stopped']} after epoch {found['epochs']}" if found["stopped"] else "",
    )


def _unfinished(trials: list[Trial]) -> bool:
    return bool(trials) and trials[-1].status == "running"
