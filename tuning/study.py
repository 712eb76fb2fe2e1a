"""The result of a search."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.values.schema import Recipe
from tuning.plan import BEST, Plan
from tuning.trials import Trial
from zoo import registry
from zoo.metrics.base import Metric


@dataclass(frozen=True, kw_only=True)
class Study:
    """The result of a search.

    Attributes:
        path: of its folder.
        plan: as given at the start.
        metric: validation metric that selected the best trial.
        mode: "max" or "min".
        trials: all of them, in order.
        best: the trial that validation prefers.
        recipe: of that trial; best_recipe.yaml holds it.
        test: the best trial's metrics on the test split, with intervals.
        epochs: total epochs of the best trial's run.
        ended: why the search ended.
    """

    path: Path
    plan: Plan
    metric: str
    mode: str
    trials: list[Trial]
    best: Trial
    recipe: Recipe
    test: dict[str, dict[str, float]]
    epochs: int
    ended: str

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The task's metrics, which know their units; the one that selected comes first."""
        metrics = registry.task_card(self.plan.recipe.task.name).metrics
        return tuple(sorted(metrics, key=lambda metric: metric.name != self.metric))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: the result, and every trial."""
        return {
            "study": str(self.path),
            "recipe": self.plan.recipe.name,
            "oracle": self.plan.oracle,
            "seed": self.plan.seed,
            "metric": self.metric,
            "mode": self.mode,
            "ended": self.ended,
            "best": dataclasses.asdict(self.best),
            "best_recipe": str(self.path / BEST),
            "test": self.test,
            "trials": [dataclasses.asdict(trial) for trial in self.trials],
        }
