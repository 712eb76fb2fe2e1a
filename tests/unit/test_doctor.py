"""What the doctor finds on a machine, and what it advises."""

import collections
import tempfile
from pathlib import Path

import pytest

from zoo import doctor, ownership


@pytest.fixture
def healthy(in_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder, packages and import names with nothing wrong."""
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    monkeypatch.setattr(doctor, "NEEDED", ("numpy",))
    monkeypatch.setattr(doctor, "_free", lambda path: 10**12)
    monkeypatch.setattr(ownership, "strangers", dict)
    monkeypatch.setattr(ownership, "misplaced", dict)
    return in_tmp


def only_problem() -> dict[str, str]:
    """Return the one problem that the doctor finds."""
    (problem,) = doctor.examine()[1]
    assert problem["fix"]
    return problem


def test_a_healthy_machine_has_no_problem(healthy):
    facts, problems = doctor.examine()
    assert problems == []
    assert facts["import names"] == "all ours"
    assert "1000 GB free" in facts["working folder"]


def test_facts_name_versions_processor_and_backend(healthy, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(healthy))
    facts, _ = doctor.examine()
    assert {"python", "tensorflow", "keras", "GPU", "backend", "vector extensions"} <= set(facts)
    assert "cores" in facts["processor"]
    assert facts["TFDS_DATA_DIR"] == str(healthy)


def test_the_needed_packages_are_those_that_are_imported_unasked():
    assert {"tensorboard", "importlib_resources"} <= set(doctor.NEEDED)  # declared by nobody else


def test_a_missing_package_is_named(healthy, monkeypatch):
    monkeypatch.setattr(doctor, "NEEDED", ("numpy", "no_such_package"))
    assert "no_such_package" in only_problem()["problem"]


def test_a_data_folder_that_is_none_is_named(healthy, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", "nowhere/at/all")
    assert "TFDS_DATA_DIR=nowhere/at/all" in only_problem()["problem"]


def test_a_full_disk_is_named(healthy, monkeypatch):
    monkeypatch.setattr(doctor, "_free", lambda path: doctor.MIN_FREE_BYTES - 1)
    problem = only_problem()
    assert "2 GB" in problem["problem"] and "--run-dir" in problem["fix"]


def test_free_space_is_that_of_the_folder(tmp_path, monkeypatch):
    usage = collections.namedtuple("usage", "total used free")
    sizes = {tmp_path: usage(9, 6, 3)}
    monkeypatch.setattr(doctor.shutil, "disk_usage", sizes.__getitem__)
    assert doctor._free(tmp_path) == 3


def test_a_folder_that_cannot_be_written_is_named(healthy, monkeypatch):
    def refuse(dir):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    # the devices hold stderr back in such a file too, in the system's own folder
    monkeypatch.setattr(doctor.devices, "gpus", list)
    assert "Read-only file system" in only_problem()["problem"]


@pytest.mark.parametrize("compiled", [True, False])
def test_slow_starts_are_named_where_nothing_is_compiled_and_nothing_may_be(
    healthy, monkeypatch, compiled
):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(doctor, "_compiled", lambda package: compiled)
    problems = doctor.examine()[1]
    assert len(problems) == (not compiled)
    assert compiled or "compileall" in problems[0]["fix"]


def test_a_package_counts_as_compiled_where_its_byte_code_lies(tmp_path, monkeypatch):
    (tmp_path / "lonely.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert not doctor._compiled("lonely")
    cached = Path(doctor.importlib.util.cache_from_source(str(tmp_path / "lonely.py")))
    cached.parent.mkdir(exist_ok=True)
    cached.write_bytes(b"")
    assert doctor._compiled("lonely")
    assert not doctor._compiled("no_such_package")


def test_optional_tools_are_ready_or_it_says_how_to_get_them(healthy, monkeypatch):
    monkeypatch.setattr(doctor, "OPTIONAL", {"export": ("export", ("numpy", "no_such_package"))})
    facts, problems = doctor.examine()
    assert problems == []  # they are not needed
    assert "not installed: no_such_package" in facts["export"]
    assert ownership.install_command("export") in facts["export"]
    monkeypatch.setattr(doctor, "OPTIONAL", {"export": ("export", ("numpy",))})
    assert doctor.examine()[0]["export"] == "ready"
