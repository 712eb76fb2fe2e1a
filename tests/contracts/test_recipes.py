"""Every recipe that ships is listed, readable, short, and trains."""

import itertools
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recipes.values.load import load_recipe, parse_yaml, recipe_names
from recipes.values.places import FOLDER
from zoo import registry, testing
from zoo.cli.main import app

FILES = sorted(FOLDER.rglob("*.yaml"))
NAMES = [path.relative_to(FOLDER).with_suffix("").as_posix() for path in FILES]
MAX_LINES = 60


def skip_without_data(name: str) -> None:
    """Skip where the data of a recipe is not on this machine."""
    data = load_recipe(name).data.name
    source = next(card.source for card in registry.list_datasets() if card.name == data)
    variable = {"tfds": "TFDS_DATA_DIR", "archive": "ZOO_DATA_DIR"}.get(source)
    folder = variable and os.environ.get(variable)
    if variable and not (folder and (Path(folder) / data).is_dir()):
        pytest.skip(f"{variable} is not set, or holds no {data}")


def test_every_file_is_listed():
    assert recipe_names() == sorted(NAMES)
    shown = CliRunner().invoke(app, ["recipes", "list", "--json"])
    assert shown.exit_code == 0
    assert [item["name"] for item in parse_yaml(shown.output, source="list")] == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_recipe_is_valid_and_its_name_is_its_path(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.summary.endswith(".")
    modality = registry.model_card(recipe.model.name).modality
    assert name.partition("/")[0] == modality
    assert registry.task_card(recipe.task.name).modality in (modality, "")


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_recipe_is_short_and_its_header_tells_the_command(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MAX_LINES, f"{path} has {len(lines)} lines"
    header = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    name = path.relative_to(FOLDER).with_suffix("").as_posix()
    assert f"#   zoo train {name}" in header, f"{path}: the header does not say how to run it"
    assert any("core" in line or "GPU" in line for line in header), f"{path}: on which machine?"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_recipe_expects_is_of_its_task(name):
    recipe = load_recipe(name)
    if recipe.expects != "unmeasured":
        metric = registry.task_card(recipe.task.name).metric
        assert recipe.expects.metric == metric
        assert recipe.expects.low <= recipe.expects.mean <= recipe.expects.high


# The longest ones, whose tasks and kinds of network other recipes have as well.
SLOW = ("text/shakespeare-gpt", "text/pydoc-gpt", "text/sst2-textcnn", "text/trec-textcnn")
SLOW += ("image/fashion_mnist-resnet20", "image/digit_pairs-cnn-sum", "speech/an4-deep-speech2")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow if n in SLOW else ()) for n in NAMES]
)
def test_recipe_trains_reports_loads_and_predicts(name, tmp_path):
    skip_without_data(name)
    testing.check_recipe(name, tmp_path)
