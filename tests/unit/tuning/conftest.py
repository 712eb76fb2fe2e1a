"""Studies without training."""

from pathlib import Path
from typing import Any

import pytest
from formula import DIGITS, FormulaExecutor

from recipes.values.load import load_recipe
from recipes.values.schema import Recipe
from tuning.space import make_space
from zoo.errors import ZooError

VALUES = {
    "optimizer.learning_rate": {"low": 1e-4, "high": 1e-1, "sampling": "log"},
    "regularization.dropout_rate": {"low": 0.0, "high": 0.5, "step": 0.1},
    "training.batch_size": {"choices": [16, 32, 64]},
}


@pytest.fixture(scope="session")
def base() -> Recipe:
    """The recipe that is searched around."""
    return load_recipe(DIGITS, "training.epochs=9")


@pytest.fixture(scope="session")
def space(base: Recipe):
    """A logarithmic range, a range with steps, and choices."""
    return make_space(VALUES, base, source="test")


@pytest.fixture
def space_file(tmp_path: Path) -> Path:
    """The same space as a file."""
    from recipes.values.load import dump_yaml

    path = tmp_path / "space.yaml"
    path.write_text(dump_yaml(VALUES))
    return path


@pytest.fixture
def search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, space_file: Path):
    """Run a study of the formula: `search(max_trials=3)` returns study and executor.

    `before` as in `FormulaExecutor`; an error comes out as `study`.
    """
    import tuning.report.html
    import tuning.tune

    monkeypatch.setattr(tuning.report.html, "write_report", lambda study: None)  # seconds a piece

    def run(*, before=lambda action, request: None, **arguments: Any):
        executor = FormulaExecutor(before)
        monkeypatch.setattr(tuning.tune, "Executor", lambda: executor)
        arguments = {
            "space": space_file,
            "study": tmp_path / "study",
            "progress": False,
        } | arguments
        recipe = arguments.pop("recipe", DIGITS)
        try:
            return tuning.tune.tune(recipe, "training.epochs=9", **arguments), executor
        except ZooError as error:
            return error, executor
        finally:
            assert executor.closed == executor.started

    return run
