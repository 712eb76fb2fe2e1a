"""Files are written whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from zoo import files
from zoo.errors import MachineError


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
