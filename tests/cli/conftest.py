"""The command line in process, and one tiny trained run for all tests."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shell import DIGITS, TINY, Outcome, Zoo, listing, run_zoo


@pytest.fixture(scope="session")
def zoo() -> Zoo:
    """Run a command: `zoo("list", "--json").document`."""
    return run_zoo


@pytest.fixture
def refused(zoo: Zoo, in_tmp: Path) -> Callable[..., str]:
    """Run a command that must end in a one-screen message; return the message.

    Nothing may be written, not even beside what there is.
    """

    def run(*arguments: object) -> str:
        before = listing(in_tmp)
        outcome = zoo(*arguments)
        assert outcome.code not in (0, None)
        assert outcome.out == ""
        assert len(outcome.err.splitlines()) <= 25
        assert "Traceback" not in outcome.err
        assert outcome.err.startswith("error: ")
        assert "to fix:" in outcome.err
        assert listing(in_tmp) == before
        return outcome.err

    return run


@pytest.fixture(scope="session")
def trained(zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A run of two epochs on 240 digits, and what training printed."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    outcome = zoo("train", DIGITS, *TINY, "--run-dir", folder, "--json")
    assert outcome.code == 0, outcome.err
    return folder, outcome


@pytest.fixture(scope="session")
def run_dir(trained: tuple[Path, Outcome]) -> Path:
    """The folder of the trained run; tests copy it before they change anything."""
    return trained[0]


@pytest.fixture(scope="session")
def digit_png(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One test digit as a PNG file."""
    from zoo.columns.readers.images import write_png
    from zoo.data.load import load_dataset

    path = tmp_path_factory.mktemp("digit") / "digit.png"
    write_png(path, load_dataset("digits").splits["test"][0]["image"])
    return path


@pytest.fixture
def photos(in_tmp: Path) -> Path:
    """A folder of two classes, twelve noise images of 12 x 12 pixels each."""
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        folder = in_tmp / "photos" / name
        folder.mkdir(parents=True)
        for i in range(12):
            pixels = generator.integers(0, 256, (12, 12, 3), dtype="uint8")
            Image.fromarray(pixels).save(folder / f"{i:02d}.png")
    return in_tmp / "photos"
