"""Libraries that import what they do not declare, or report what is missing in a strange way.

Every test shows a naive way that still fails. One that turns red means that a release has fixed
the fault: the module named in its docstring may go.
"""

import importlib.metadata
import importlib.util
from pathlib import Path

import pytest
from packaging.requirements import Requirement

pytestmark = pytest.mark.upstream


def declared(distribution):
    """Names of the packages that an installation without extras brings."""
    requirements = map(Requirement, importlib.metadata.requires(distribution) or [])
    return {
        requirement.name.replace("-", "_").lower()
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }


def imports(package, line):
    folder = Path(importlib.util.find_spec(package).origin).parent
    return any(line in path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))


def test_keras_tuner_imports_tensorboard_without_declaring_it():
    """Trap: every trial of a search fails where tensorboard is not installed.

    Stepped round by pyproject.toml, which declares it for `tuning`.
    """
    assert imports("keras_tuner", "from tensorboard.plugins.hparams import api")
    assert "tensorboard" not in declared("keras-tuner")
    assert "tensorboard" not in declared("tensorflow")


def test_tensorflow_datasets_imports_importlib_resources_without_declaring_it():
    """Trap: downloading fails where importlib_resources is not installed.

    Stepped round by pyproject.toml, which declares it for zoo.data.tfds.
    """
    assert imports("tensorflow_datasets", "import importlib_resources")
    assert "importlib_resources" not in declared("tensorflow-datasets")


def test_data_that_was_not_prepared_is_an_assertion_error(tmp_path):
    """Trap: a user's mistake is reported as a programmer's. Stepped round by zoo.data.tfds."""
    import tensorflow_datasets as tfds

    with pytest.raises(AssertionError, match="could not find data"):
        tfds.load("mnist", data_dir=str(tmp_path), download=False)
