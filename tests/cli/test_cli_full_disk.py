"""A full disk ends in a word on space; what was whole before stays, and nothing half-written does.

Files may not grow beyond a limit here, which is told by EFBIG; a full disk is told by ENOSPC.
"""

import contextlib
import errno
from pathlib import Path

import pytest
from shell import DIGITS, TINY

resource = pytest.importorskip("resource", reason="this system has no limit on file sizes")


@contextlib.contextmanager
def files_no_larger_than(size):
    """Let no file of this process grow beyond `size` bytes."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_the_limit_acts(tmp_path):
    with pytest.raises(OSError, match="large") as caught, files_no_larger_than(10):
        (tmp_path / "a").write_bytes(bytes(100))
    assert caught.value.errno == errno.EFBIG


def assert_told_of_space(outcome, folder):
    """One screen that names space and --run-dir, and nothing half-written."""
    assert outcome.code == 2
    assert "no space left" in outcome.err
    assert "--run-dir" in outcome.err
    assert "Traceback" not in outcome.err
    assert list(folder.rglob("*.part")) == []
    assert list(folder.rglob("*.safetensors")) == []


def test_training_that_cannot_write_its_recipe_ends_with_a_word_on_space(zoo, in_tmp):
    with files_no_larger_than(100):
        outcome = zoo("train", DIGITS, *TINY, "--run-dir", "run")
    assert_told_of_space(outcome, in_tmp)


@pytest.mark.slow
def test_training_that_cannot_write_its_weights_goes_on_once_there_is_space(zoo, in_tmp):
    with files_no_larger_than(4000):
        outcome = zoo("train", DIGITS, *TINY, "--run-dir", "run")
    assert_told_of_space(outcome, in_tmp)
    outcome = zoo("train", DIGITS, *TINY, "--run-dir", "run", "--resume")
    assert outcome.code == 0, outcome.err
    assert (in_tmp / "run" / "metrics.json").exists()


def test_the_log_that_tensorflow_writes_is_no_exception(tmp_path):
    from recipes.training.history import TensorBoardLog
    from zoo.errors import MachineError

    with pytest.raises(MachineError, match="disk space"), files_no_larger_than(100):
        log = TensorBoardLog(tmp_path / "log", [])
        for epoch in range(20):
            log.add({"epoch": epoch + 1, "loss": 1.0, "accuracy": 0.5})


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_copying_a_recipe_to_a_full_disk_leaves_nothing(zoo, in_tmp, monkeypatch, code):
    def write(self, data):
        raise OSError(code, "full", str(self))

    monkeypatch.setattr(Path, "write_bytes", write)
    outcome = zoo("recipes", "copy", DIGITS, "my.yaml")
    assert outcome.code == 2
    assert "no space left" in outcome.err
    assert list(in_tmp.iterdir()) == []


@pytest.fixture
def read_only(in_tmp, monkeypatch):
    """A folder in which no file can be made, also for root, whom permissions do not bind."""

    def refuse(self, data):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    return in_tmp


def test_a_data_set_is_shown_where_its_picture_cannot_be_written(zoo, read_only):
    outcome = zoo("data", "digits")
    assert outcome.code == 0, outcome.err
    assert "fingerprint" in outcome.out
    assert "note: there is no picture of samples. zoo-data-digits.png cannot be" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("data", "digits", "--picture", "a.png"), "write elsewhere with --picture"),
        (("recipes", "copy", DIGITS), "write elsewhere\n"),
        (("train", DIGITS, *TINY), "write elsewhere with --run-dir"),
    ],
    ids=lambda value: value[0],
)
def test_the_fix_names_the_option_of_the_command(zoo, read_only, arguments, option):
    outcome = zoo(*arguments)
    assert outcome.code == 2
    assert "cannot be written: Permission denied" in outcome.err
    assert option in outcome.err
