"""Errors on one screen, and commands that can be pasted."""

import shlex
from pathlib import Path

import pytest

from zoo.errors import RunError, WeightsError, check_format, command


@pytest.mark.parametrize(
    "words",
    [
        ["zoo", "train", "my runs/a.yaml", "--run-dir", "it's here"],
        ["zoo", "predict", "$HOME/`x`", "a\nb", ""],
        ["zoo", "evaluate", Path("runs") / "digits-1"],
    ],
)
def test_a_shell_reads_a_printed_command_as_it_was_meant(words):
    assert shlex.split(command(*words)) == [str(word) for word in words]


@pytest.mark.parametrize("found", [1, 2, "2"])
def test_formats_up_to_the_known_one_are_read(found):
    check_format("a run", found, known=2)


@pytest.mark.parametrize("found", [3, "17", "", "two", None, -1, 2.5])
def test_a_newer_format_is_refused(found):
    with pytest.raises(WeightsError, match="written by a newer kerazoo"):
        check_format("a.safetensors", found, known=2, error=WeightsError)
    with pytest.raises(RunError, match="a run"):
        check_format("a run", found, known=2)
