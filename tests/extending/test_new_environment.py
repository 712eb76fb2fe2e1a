"""kerazoo and the example as wheels in an environment of their own, out of reach of the source tree."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from packages import EXAMPLE, ROOT

OURS = ("zoo", "recipes", "tuning", "kerazoo_series")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
OFFLINE = ("--no-deps", "--no-index")
ORIGINS = f"""
import importlib, json, sys
print(json.dumps([importlib.import_module(name).__file__ for name in {OURS}] + sys.path))
"""


def run(*words: str | Path, folder: Path) -> str:
    """Run a command in a folder without what the tests' own process adds to the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env=kept | {"ZOO_PLUGINS": "on"},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, (words, (done.stdout + done.stderr)[-3000:])
    assert "warning: The cards of" not in done.stderr
    return done.stdout


def copied(folder: Path) -> tuple[Path, Path]:
    """Copy both projects, so that building leaves nothing in the source tree; return their folders."""
    unwanted = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*.part", "build")
    whole, example = folder / "kerazoo", folder / "series"
    for package in ("zoo", "recipes", "tuning"):
        shutil.copytree(ROOT / package, whole / package, ignore=unwanted)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, whole)
    shutil.copytree(EXAMPLE, example, ignore=unwanted)
    return whole, example


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the two wheels; what they depend on is that of the present one.

    A `.pth` file names the present folders of packages, of which `.pth` files are then not read: an
    editable kerazoo stays out of sight. It is written last, so that pip sees the new environment alone.
    """
    folder = tmp_path_factory.mktemp("environment")
    for source in copied(folder):
        built = ("wheel", "--no-build-isolation", *OFFLINE, "-w", folder / "wheels", source)
        run(*PIP, *built, folder=folder)
        shutil.rmtree(source)
    place = folder / "env"
    venv.create(place, with_pip=False, symlinks=True)
    wheels = sorted((folder / "wheels").glob("*.whl"))
    assert [wheel.name.partition("-")[0] for wheel in wheels] == ["kerazoo", "kerazoo_series"]
    run(*PIP, "--python", place / "bin" / "python", "install", *OFFLINE, *wheels, folder=folder)
    (site,) = place.glob("lib/python*/site-packages")
    present = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    (site / "present.pth").write_text("\n".join(present), encoding="utf-8")
    return place


@pytest.mark.slow
def test_all_that_is_ours_comes_from_the_new_environment(environment, tmp_path):
    found = json.loads(run(environment / "bin" / "python", "-c", ORIGINS, folder=tmp_path))
    for file in found[: len(OURS)]:
        assert environment in Path(file).parents, file
    assert str(ROOT) not in found[len(OURS) :]


@pytest.mark.slow
def test_the_example_is_listed_and_its_recipe_trains(environment, tmp_path):
    zoo = environment / "bin" / "zoo"
    assert "kerazoo-series 0.1.0" in run(zoo, "list", "--modality", "series", folder=tmp_path)
    assert "series/lags-cnn" in run(zoo, "recipes", "list", folder=tmp_path)
    words = ("train", "series/lags-cnn", "--smoke", "--run-dir", "run")
    assert "accuracy" in run(zoo, *words, folder=tmp_path)
    assert (tmp_path / "run" / "report.html").is_file()
    assert "accuracy" in run(zoo, "evaluate", "run", folder=tmp_path)
