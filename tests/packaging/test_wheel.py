"""What pip installs is all that is needed: the wheel works out of reach of the source tree."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("zoo", "recipes", "tuning")

# Runs first in every child: what is looked at must be the installed copy alone.
ISOLATED = """
import pathlib, sys
from typer.testing import CliRunner
here = pathlib.Path(sys.argv[1]).resolve()
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in f"{f} {type(f)}".lower()]

def command(*words):
    from zoo.cli.main import app
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0 and result.output, (words, result.output, result.exception)

def check_origin():
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("zoo", "recipes", "tuning") and module.__file__:
            assert here in pathlib.Path(module.__file__).resolve().parents, module.__file__
"""
LIGHT = """
command("list")
command("recipes", "list")
command("recipes", "show", "image/digits-cnn")
command("info", "resnet20")
command("data")
import zoo
assert zoo.model_info("resnet20")["params"] == 269722
check_origin()
assert "keras" not in sys.modules and "tensorflow" not in sys.modules
"""
FULL = """
import numpy as np
import zoo
model = zoo.build("resnet20", input_shape=(8, 8, 1), num_classes=3, seed=1)
assert model.predict_on_batch(np.zeros((2, 8, 8, 1), "uint8")).shape == (2, 3)
command("train", "image/digits-cnn", "--smoke", "--run-dir", "run")
run = zoo.load("run")
image = run.dataset().splits["test"][0]["image"]
(result,) = zoo.predict(run, [image])
assert result["predictions"][0]["label"] in run.assets.classes
from PIL import Image
Image.fromarray(image[..., 0]).save("digit.png")
command("predict", "run", "digit.png")
command("evaluate", "run")
command("doctor", "--json")
check_origin()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without a network from a copy of the source tree."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*.part")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=unwanted)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    options = ["--wheel", "--no-isolation", "--outdir", str(out)]
    result = subprocess.run(
        [sys.executable, "-m", "build", *options, str(source)],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-2000:]
    (file,) = out.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def contents(wheel: Path) -> dict[str, bytes]:
    """The wheel's files by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def run_isolated(code: str, *, installed: Path, folder: Path, timeout: int) -> None:
    """Run code in a new process that finds our packages in `installed`, from within `folder`."""
    # A working folder with recipes of one's own is no package, and must not be in the way.
    (folder / "recipes").mkdir()
    (folder / "recipes" / "mine.yaml").write_text("name: mine\n")
    result = subprocess.run(
        [sys.executable, "-P", "-c", ISOLATED + code, str(installed)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (folder, installed)))},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]


def test_wheel_holds_every_file_of_the_packages(contents):
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".part"
    }
    found = {name for name in contents if ".dist-info/" not in name}
    assert sorted(expected - found) == [], "not in the wheel: see package-data in pyproject.toml"
    assert sorted(found - expected) == []


@pytest.mark.parametrize(
    "file",
    [
        "recipes/image/digits-cnn.yaml",
        "zoo/catalog/measured.json",
        "recipes/report/report.html.jinja",
        "recipes/report/report.css.jinja",
        "recipes/report/card.md.jinja",
    ],
)
def test_wheel_holds_data_as_it_is_in_the_source_tree(contents, file):
    assert contents[file] == (ROOT / file).read_bytes()


def test_wheel_brings_licence_command_and_import_names(contents):
    info = {
        name.partition(".dist-info/")[2]: text.decode()
        for name, text in contents.items()
        if ".dist-info/" in name
    }
    assert "zoo = zoo.cli.main:main" in info["entry_points.txt"]
    assert set(info["top_level.txt"].split()) == set(PACKAGES)
    assert "License-Expression: Apache-2.0" in info["METADATA"]
    assert "Apache License" in info["licenses/LICENSE"]


def test_wheel_is_small(wheel):
    assert wheel.stat().st_size < 10_000_000


def test_unpacked_wheel_lists_and_informs(wheel, tmp_path):
    installed, folder = tmp_path / "installed", tmp_path / "folder"
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    run_isolated(LIGHT, installed=installed, folder=folder, timeout=900)


@pytest.mark.slow
def test_installed_wheel_builds_trains_and_predicts(wheel, tmp_path):
    installed, folder = tmp_path / "installed", tmp_path / "folder"
    folder.mkdir()
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index"),
            *("--target", str(installed), str(wheel)),
        ],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    run_isolated(LIGHT + FULL, installed=installed, folder=folder, timeout=900)
