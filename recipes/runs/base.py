"""What predicting and scoring ask of a run, without the file that defines it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from recipes.values.schema import Recipe
from zoo.columns.assets import Assets


class TrainedModel(Protocol):
    """A trained model with what produced it: a `recipes.runs.run.Run`, which documents each part."""

    name: str
    recipe: Recipe
    assets: Assets
    metrics: Mapping[str, Any]
    path: Path | None
    fingerprint: str
    task: Any
    model: Any
