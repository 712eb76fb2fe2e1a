"""What a search came to."""

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
    """What a search came to.

    Attributes:
        path: of its folder.
        plan: what was asked.
        metric: of validation, that selected.
        mode: "max" or "min".
        trials: all of them, in order.
        best: the trial that validation prefers.
        recipe: of that trial; best_recipe.yaml holds it.
        test: the best trial's metrics on the test split, with intervals.
        epochs: that the best trial's run was trained in all.
        ended: why no further trial was begun.
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
        """The task's metrics, which know their units; the first one selected."""
        return registry.task_card(self.plan.recipe.task.name).metrics

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: what came of it, and every trial."""
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
