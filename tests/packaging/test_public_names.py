"""The front door: what `zoo` offers, and what merely looking costs."""

import importlib
import pkgutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import zoo

ROOT = Path(__file__).parents[2]
HEAVY = ("keras", "tensorflow", "jax", "torch", "keras_tuner", "sklearn", "scipy", "matplotlib")
LOOK_AROUND = f"""
import sys
import zoo
assert zoo.list_models() and zoo.list_datasets() and zoo.model_info("resnet20")
from typer.testing import CliRunner
from zoo.cli.main import app
for words in (["--help"], ["list"], ["info", "resnet20"], ["recipes", "list"],
              ["recipes", "show", "image/digits-cnn"], ["data"], ["train", "--help"]):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0 and result.output, (words, result.exception)
print(*[name for name in {HEAVY} if name in sys.modules])
"""


def test_looking_around_loads_no_framework():
    result = subprocess.run(
        [sys.executable, "-c", LOOK_AROUND], cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert result.stdout.split() == []


@pytest.mark.parametrize("name", zoo.__all__)
def test_every_public_name_resolves_to_what_it_says(name):
    value = getattr(zoo, name)
    assert value.__name__ == name
    assert value.__doc__, f"zoo.{name} has no docstring"


def test_completion_offers_the_public_names_once():
    assert len(set(zoo.__all__)) == len(zoo.__all__)
    assert set(zoo.__all__) <= set(dir(zoo))


def test_no_public_name_is_hidden_by_a_module_of_the_package():
    modules = {module.name for module in pkgutil.iter_modules(zoo.__path__)}
    assert modules & set(zoo.__all__) == set()


def test_a_star_import_gives_the_public_names():
    names: dict = {}
    exec("from zoo import *", names)
    assert set(names) - {"__builtins__"} == set(zoo.__all__)


def test_other_names_are_attribute_errors():
    assert not hasattr(zoo, "no_such_name")
    with pytest.raises(AttributeError, match="no_such_name"):
        zoo.no_such_name  # noqa: B018


def test_the_version_is_that_of_the_project_file():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert zoo.__version__ == project["version"]


def test_the_command_leads_to_the_program():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, function = project["scripts"]["zoo"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))
