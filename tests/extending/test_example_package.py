"""The package in docs/extending: small, found once installed, trained, and passed by every check."""

import ast
import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from packages import EXAMPLE, ROOT, lay_out, python

MOST_LINES = 60  # of a model and a task, their cards included
MODEL_AND_TASK = ("MODEL", "TASK", "series_cnn", "SeriesClassification")

USE = """
import json
from pathlib import Path
import sys
import numpy as np
import zoo
from zoo.testing import check_dataset, check_model, check_recipe
assert "keras" in sys.modules
check_recipe("series/lags-cnn", Path("."))
run = zoo.load("run")
column = run.assets.x["series"]
(table,) = zoo.predict("run", ["series.csv"])
(array,) = zoo.predict("run", [np.loadtxt("series.csv", delimiter=",")])
built = zoo.build("series_cnn", num_classes=3)
said = {}
try:
    zoo.predict("run", ["short.csv"])
except zoo.ZooError as error:
    said["short"] = error.problem
try:
    zoo.train("series/lags-cnn", **{"data.name": "digits", "data.arguments": {}})
except zoo.ZooError as error:
    said["digits"] = error.problem
train = run.dataset().splits["train"].columns["series"]
print(json.dumps({
    "mean": column.mean, "train_mean": train.mean((0, 1), "float64").tolist(),
    "deviation": column.deviation, "train_deviation": train.std((0, 1), "float64").tolist(),
    "same": table["predictions"] == array["predictions"], "shape": built.output_shape,
    "labels": [each["label"] for each in table["predictions"]], **said,
}))
"""
CHECKS = """
import zoo
from zoo.testing import check_dataset, check_model
check_model("series_cnn")
check_dataset(zoo.load_dataset("lags"))
"""


def spans(path: Path) -> dict[str, int]:
    """Return the lines of each top-level definition and assignment of a module by its name."""
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        names = [getattr(node, "name", "")]
        names += [target.id for target in getattr(node, "targets", ()) if hasattr(target, "id")]
        found |= {name: node.end_lineno - first + 1 for name in names if name}
    return found


def write_series(path: Path, *, steps: int) -> None:
    angle = 2 * np.pi * 3 * np.arange(steps) / 64
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(np.sin(angle[:, None] - [0, 0, np.pi / 2]).tolist())


@pytest.fixture(scope="module")
def in_place(tmp_path_factory):
    """A folder that is on the path, with the example as it is in the source tree."""
    site = tmp_path_factory.mktemp("site")
    lay_out(site, "kerazoo-series", "kerazoo_series:CARDS")
    shutil.copytree(EXAMPLE / "kerazoo_series", site / "kerazoo_series")
    return site


def test_a_model_and_a_task_are_less_than_sixty_lines():
    found = spans(EXAMPLE / "kerazoo_series" / "__init__.py")
    found |= spans(EXAMPLE / "kerazoo_series" / "series.py")
    assert sum(found[name] for name in MODEL_AND_TASK) < MOST_LINES
    assert len(list((EXAMPLE / "kerazoo_series").glob("*.py"))) == 2


def test_the_example_touches_only_what_is_public():
    for path in (EXAMPLE / "kerazoo_series").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not any(alias.name.startswith("_") for alias in node.names), path
                assert (node.module or "").partition(".")[0] not in ("recipes", "tuning"), path


def test_cards_are_listed_without_keras(in_place, tmp_path):
    code = (
        "import sys, json; from zoo import registry, shelves\n"
        "from recipes.values.load import load_recipe\n"
        "recipe = load_recipe('series/lags-cnn')\n"
        "info = registry.model_info('series_cnn')\n"
        "print(json.dumps([info, shelves.contents(), recipe.regularization_values().weight_decay,"
        " sorted({'keras', 'tensorflow', 'kerazoo_series.series'} & set(sys.modules))]))"
    )
    said = python(code, path=[in_place], folder=tmp_path).stdout
    info, contents, decay, loaded = json.loads(said)
    assert info["package"] == "kerazoo-series 1.0"
    assert info["arguments"]["widths"] == {"type": "Sequence[int]", "default": [32, 64]}
    assert contents == {"kerazoo-series 1.0": "1 type of column, 1 model, 1 task, 1 data set"}
    assert decay == 0.01  # what all modalities share
    assert loaded == []


def test_its_recipe_trains_loads_and_predicts_files(in_place, tmp_path):
    write_series(tmp_path / "series.csv", steps=64)
    write_series(tmp_path / "short.csv", steps=9)
    said = json.loads(python(USE, path=[in_place], folder=tmp_path).stdout.splitlines()[-1])
    assert said["same"] and said["shape"] == [None, 3]
    assert said["mean"] == pytest.approx(said["train_mean"], rel=1e-6)
    assert said["deviation"] == pytest.approx(said["train_deviation"], rel=1e-6)
    assert sorted(said["labels"]) == ["first lags", "none lags", "second lags", "third lags"]
    assert "(9, 3)" in said["short"]
    assert said["digits"].startswith(
        "The recipe series/digits-series_cnn takes time series, and digits holds images"
    )
    # Without the package the run says what is missing.
    code = "import zoo\ntry:\n    zoo.load('run')\nexcept zoo.ZooError as error:\n    print(error)"
    said = python(code, path=[], folder=tmp_path).stdout
    assert "'series_cnn'" in said and "or their package installed" in said


@pytest.mark.slow
def test_its_parts_pass_the_checks_of_the_catalog(in_place, tmp_path):
    python(CHECKS, path=[in_place], folder=tmp_path)


LEARNS = """
import json, zoo
run = zoo.train("series/lags-cnn", run_dir="whole", progress=False)
print(json.dumps(run.metrics["metrics"]["accuracy"]))
"""


@pytest.mark.slow
def test_the_wheel_installs_and_trains_in_a_new_environment(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "source")
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = ("wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", "wheels", "./source")
    put = ("install", "--no-deps", "--no-index", "--target", str(site), "--find-links", "wheels")
    for words in (built, (*put, "kerazoo-series")):
        done = subprocess.run(
            [*pip, *words], cwd=tmp_path, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    assert wheel.name == "kerazoo_series-0.1.0-py3-none-any.whl"
    write_series(tmp_path / "series.csv", steps=64)
    command = "import sys; from zoo.cli.main import main; sys.argv = ['zoo', *{words!r}]; main()"
    for words, shown in (
        (("list", "--modality", "series"), "kerazoo-series 0.1.0"),
        (("info", "series_cnn"), "kerazoo-series 0.1.0"),
        (("recipes", "list"), "series/lags-cnn"),
        (("data", "lags"), "second lags"),
        (("train", "series/lags-cnn", "--smoke", "--run-dir", "run"), "accuracy"),
        (("predict", "run", "series.csv"), "lags"),
        (("evaluate", "run"), "accuracy"),
    ):
        result = python(command.format(words=words), path=[site], folder=tmp_path)
        assert shown in result.stdout, words
        assert "warning: The cards of" not in result.stderr
    found = json.loads(python(LEARNS, path=[site], folder=tmp_path).stdout.splitlines()[-1])
    assert found["low"] > 0.5  # chance is 0.25
    assert not list(ROOT.glob("docs/extending/kerazoo-series/build"))
