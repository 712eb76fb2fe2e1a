"""What predicting, scoring and combining ask of a run, without the file that defines it."""

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
    sha256: str
    contents: str
    task: Any
    model: Any

    def dataset(self, *, data_dir: str | None = None) -> Any:
        """Load the data that it was trained on."""

    def scored(
        self,
        *,
        data: str | Path | None = None,
        data_dir: str | None = None,
        batch_size: int = 256,
        tta: int = 0,
        calibrated: bool | float = False,
    ) -> Any:
        """Predict the examples that it is scored on."""

    def float32_model(self) -> Any:
        """Return the model in float32."""
