"""Files are written whole or not at all."""

import builtins
import errno
import json
import os
import platform
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from zoo import files
from zoo.errors import MachineError, RunError


def test_writes_text_and_bytes_into_folders_that_it_makes(tmp_path):
    files.write_text(tmp_path / "new" / "deep" / "a.txt", "ä\nb")
    files.write_bytes(tmp_path / "new" / "b.bin", b"\x00\xff")
    assert (tmp_path / "new" / "deep" / "a.txt").read_bytes() == "ä\nb".encode()
    assert (tmp_path / "new" / "b.bin").read_bytes() == b"\x00\xff"


def test_takes_strings_as_paths(tmp_path):
    files.write_text(str(tmp_path / "a.txt"), "whole")
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_leaves_nothing_beside_the_file(tmp_path):
    for text in ("first", "second"):
        files.write_text(tmp_path / "a.txt", text)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "second"


def test_who_reads_the_old_file_goes_on_reading_it(tmp_path):
    files.write_text(tmp_path / "a.txt", "old")
    with (tmp_path / "a.txt").open() as reader:
        files.write_text(tmp_path / "a.txt", "new")
        assert reader.read() == "old"


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_keeps_the_old_file_when_writing_is_interrupted(tmp_path, interruption):
    files.write_text(tmp_path / "a.txt", "old")
    with pytest.raises(interruption), files.replacing(tmp_path / "a.txt") as beside:
        beside.write_text("half")
        raise interruption
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_flushes_the_content_before_the_rename(tmp_path, monkeypatch):
    steps = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor):
        steps.append("flush")
        fsync(descriptor)

    def noted_replace(path, target):
        steps.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    files.write_text(tmp_path / "a.txt", "whole")
    assert steps[:2] == ["flush", "rename"]


def test_a_folder_that_cannot_be_flushed_does_not_matter(tmp_path, monkeypatch):
    def no_folders(*_arguments):
        raise PermissionError(errno.EACCES, "as on Windows")

    monkeypatch.setattr(os, "open", no_folders)
    files.write_text(tmp_path / "a.txt", "whole")
    assert (tmp_path / "a.txt").read_text() == "whole"


def test_a_full_disk_is_said_and_the_old_file_kept(tmp_path, monkeypatch):
    files.write_text(tmp_path / "a.txt", "old")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match=r"no space left to write .*a\.txt"):
        files.write_text(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_path_that_is_a_folder_is_said(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(MachineError, match=r"taken cannot be written"):
        files.write_text(tmp_path / "taken", "text")
    assert list(tmp_path.iterdir()) == [tmp_path / "taken"]


def test_a_file_in_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(MachineError, match=r"cannot be written"):
        files.write_text(tmp_path / "file" / "a.txt", "text")
    assert (tmp_path / "file").read_text() == "kept"


def test_errors_of_the_caller_pass_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError), files.replacing(tmp_path / "a.txt"):
        (tmp_path / "absent").read_text()
    with pytest.raises(PermissionError), files.replacing(tmp_path / "a.txt"):
        raise PermissionError(errno.EACCES, "elsewhere", str(tmp_path / "other"))


# --- folders that one process works in


HOLD = """
import os, sys, time
from zoo.files import locked
with locked(sys.argv[1]):
    if "fork" in sys.argv:
        if not os.fork():
            print(os.getpid(), flush=True)  # by the child, once it has let go
    else:
        print("held", flush=True)
    sys.stdin.read()
"""


def holder(folder, *words):
    """Start a process that holds a folder until its stdin ends; return it and what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return process, process.stdout.readline().strip()


def test_a_folder_is_held_by_one_process_and_the_other_is_told_by_which(tmp_path):
    process, _ = holder(tmp_path / "run")
    with pytest.raises(RunError) as caught, files.locked(tmp_path / "run"):
        pytest.fail("two processes hold one folder")
    assert f"process {process.pid} on {platform.node()} since 20" in str(caught.value)
    process.communicate()
    with files.locked(tmp_path / "run"):
        pass
    assert list((tmp_path / "run").iterdir()) == []


def test_two_parts_of_one_process_cannot_hold_a_folder_at_once(tmp_path):
    with files.locked(tmp_path):
        with pytest.raises(RunError, match=f"process {os.getpid()} "), files.locked(tmp_path):
            pass
        assert json.loads((tmp_path / ".lock").read_text())["pid"] == os.getpid()
    with files.locked(tmp_path):
        pass


@pytest.mark.parametrize("words", [[], ["fork"]])
def test_a_lock_ends_with_its_process_however_that_ends(tmp_path, words):
    process, said = holder(tmp_path, *words)
    process.kill()
    process.wait()
    try:
        assert (tmp_path / ".lock").exists()  # left behind, and no obstacle
        with files.locked(tmp_path):
            pass
    finally:
        process.stdin.close()
        process.stdout.close()
        if words:
            os.kill(int(said), signal.SIGKILL)


def test_a_system_without_locks_is_refused(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *arguments):
        if name in ("fcntl", "msvcrt"):
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MachineError, match="no file locks"), files.locked(tmp_path):
        pytest.fail("nothing protects the folder")


def test_a_file_system_without_locks_is_refused(tmp_path, monkeypatch):
    import fcntl

    def unable(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unable)
    with pytest.raises(MachineError, match="no file locks"), files.locked(tmp_path):
        pytest.fail("nothing protects the folder")


def test_folders_reserved_at_once_are_different(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: files.reserve(tmp_path / "runs", "digits"), range(24)))
    assert sorted(path.name for path in found) == sorted(f"digits-{n}" for n in range(1, 25))
    assert all(path.is_dir() for path in found)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError, match="cannot be made"):
        files.make_folder(tmp_path / "file" / "run")
