"""Other distributions use the import names `zoo`, `recipes` and `tuning` too: they are named."""

import importlib
import importlib.metadata
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import zoo
from zoo import doctor, ownership
from zoo.errors import MachineError


def install(folder: Path, distribution: str, *, package: str, metadata: bool = True) -> None:
    """Put what pip leaves of a distribution that installs `package` in a folder."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "top_level.txt").write_text(f"{package}\n")
    if metadata:
        text = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
        (info / "METADATA").write_text(text)
    (folder / package).mkdir(exist_ok=True)
    (folder / package / "__init__.py").write_text("")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on the path."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    # An editable install finds our modules in spite of the path, which no other install does.
    finders = [finder for finder in sys.meta_path if "editable" not in f"{finder}".lower()]
    monkeypatch.setattr(sys, "meta_path", finders)
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def forget():
    """A function that lets the next import look for a package anew; the old one comes back."""
    saved, packages = {}, set()

    def forget_package(package: str) -> None:
        packages.add(package)
        for name in list(sys.modules):
            if name.partition(".")[0] == package:
                saved[name] = sys.modules.pop(name)
        importlib.invalidate_caches()

    yield forget_package
    for name in list(sys.modules):
        if name.partition(".")[0] in packages:
            del sys.modules[name]
    sys.modules.update(saved)


def problems() -> str:
    """Return all that the doctor finds wrong, as one text."""
    return "\n".join(f"{item['problem']}: {item['fix']}" for item in doctor.examine()[1])


def test_all_names_are_ours_here():
    assert ownership.misplaced() == {}
    assert doctor.examine()[0]["import names"] == "all ours"


@pytest.mark.parametrize("name", ownership.NAMES)
def test_doctor_names_a_distribution_that_installs_our_import_name(elsewhere, name):
    install(elsewhere, "somebody-elses", package=name)
    assert ownership.strangers()[name] == ["somebody-elses"]
    assert f"somebody-elses installs the import name '{name}'" in problems()
    assert "pip uninstall somebody-elses" in problems()


def test_doctor_names_all_of_them(elsewhere):
    install(elsewhere, "zoo-of-beasts", package="zoo")
    install(elsewhere, "aquarium", package="zoo")
    assert ownership.strangers()["zoo"] == ["aquarium", "zoo-of-beasts"]
    assert "aquarium, zoo-of-beasts installs" in problems()


def test_our_own_distribution_is_no_stranger(elsewhere):
    before = ownership.strangers()
    install(elsewhere, "kerazoo", package="zoo")
    assert ownership.strangers() == before


def test_what_a_broken_uninstall_left_does_not_stop_the_doctor(elsewhere):
    install(elsewhere, "nameless", package="zoo", metadata=False)
    before = [item for item in doctor.examine()[1] if "nameless" in item["problem"]]
    assert before == []


@pytest.mark.parametrize("name", ["recipes", "tuning"])
def test_doctor_says_where_an_import_name_leads(elsewhere, forget, name):
    install(elsewhere, "cookbook", package=name)
    forget(name)
    assert ownership.misplaced() == {name: str(elsewhere / name)}
    assert f"`import {name}` finds {elsewhere / name}" in problems()


def test_first_import_error_names_the_distribution_and_how_to_part_from_it(elsewhere, forget):
    install(elsewhere, "cookbook", package="recipes")
    forget("recipes")
    with pytest.raises(MachineError) as caught:
        zoo.load("runs/any")
    assert "`import recipes` finds" in caught.value.problem
    assert f"cookbook in {elsewhere / 'recipes'}" in caught.value.problem
    assert caught.value.fix == "pip uninstall cookbook"


def test_first_import_error_names_a_folder_that_stands_in_the_way(elsewhere, forget):
    (elsewhere / "recipes").mkdir()
    (elsewhere / "recipes" / "__init__.py").write_text("")
    forget("recipes")
    with pytest.raises(MachineError) as caught:
        zoo.predict("mlp.digits", [])
    assert str(elsewhere / "recipes") in caught.value.problem
    assert "rename" in caught.value.fix


def test_first_import_error_names_a_missing_dependency(forget, monkeypatch):
    forget("recipes")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MachineError) as caught:
        zoo.load("runs/any")
    assert "yaml" in caught.value.problem
    assert "zoo doctor" in caught.value.fix


def run(folder: Path, *arguments: str, script: str = "") -> subprocess.CompletedProcess:
    """Run Python in a folder, on a script of its own where one is given."""
    if script:
        (folder / arguments[0]).write_text(script)
    environment = os.environ | {"PYTHONPATH": str(Path(zoo.__file__).parents[1])}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("name", "call"), [("recipes", "zoo.load('mlp.digits')"), ("tuning", "zoo.tune('mine.yaml')")]
)
def test_a_file_beside_a_script_that_has_our_name_is_named_and_not_run(tmp_path, name, call):
    taken = tmp_path / f"{name}.py"
    taken.write_text("print('this file was run')")
    for arguments in (("script.py",), ("-m", "script")):
        (tmp_path / "script.py").write_text(f"import zoo\n{call}")
        result = run(tmp_path, *arguments)
        assert result.returncode == 1 and result.stdout == ""
        screen = result.stderr.partition("MachineError: ")[2]
        assert screen.startswith(f"`import {name}` finds {taken}, not the package")
        assert f"to fix:   rename {taken}" in screen
        assert "During handling" not in result.stderr and "direct cause" not in result.stderr


def test_a_script_that_has_our_name_itself_is_named(tmp_path):
    result = run(tmp_path, "recipes.py", script="import zoo\nzoo.load('mlp.digits')")
    assert f"to fix:   rename {tmp_path / 'recipes.py'}" in result.stderr


def test_a_file_with_our_name_does_not_stop_what_does_not_need_ours(tmp_path):
    (tmp_path / "recipes.py").write_text("")
    result = run(tmp_path, "script.py", script="import zoo\nprint(zoo.list_models('cnn_small'))")
    assert result.stdout == "['cnn_small']\n"


def test_the_command_in_such_a_folder_gives_one_screen(tmp_path):
    (tmp_path / "recipes.py").write_text("")
    result = run(tmp_path, "-m", "zoo.cli.main", "recipes", "list")
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert f"rename {tmp_path / 'recipes.py'}" in result.stderr


@pytest.mark.parametrize("name", ownership.NAMES)
def test_doctor_names_a_file_that_would_hide_a_package_of_ours(in_tmp, name):
    (in_tmp / f"{name}.py").write_text("")
    assert f"`import {name}` finds {in_tmp / name}.py" in problems()
    assert f"rename {in_tmp / name}.py" in problems()


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (
            {"url": "file://{place}", "dir_info": {"editable": True}},
            "pip install -e '{place}[docs]'",
        ),
        ({"url": "file://{place}", "dir_info": {}}, "pip install '{place}[docs]'"),
        ({"url": "file:///gone.whl", "archive_info": {}}, 'pip install -e ".[docs]" in the folder'),
        (None, 'pip install -e ".[docs]" in the folder'),
    ],
    ids=["editable", "folder", "wheel that is gone", "unknown"],
)
def test_the_command_that_installs_more_names_a_place_that_exists(
    tmp_path, monkeypatch, origin, expected
):
    place = tmp_path / "a clone"
    place.mkdir()
    text = json.dumps(origin).replace("{place}", str(place).replace(" ", "%20")) if origin else None
    found = types.SimpleNamespace(read_text=lambda name: text)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: found)
    assert ownership.install_command("docs").startswith(expected.replace("{place}", str(place)))


def test_no_message_names_the_package_index():
    root = Path(zoo.__file__).parents[1]
    for package in ownership.NAMES:
        for path in (root / package).rglob("*.py"):
            text = path.read_text()
            assert 'pip install "kerazoo' not in text, path
            assert "install --upgrade kerazoo" not in text, path
