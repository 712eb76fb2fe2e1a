"""Shared fixtures; nothing here needs a network."""

import os
from pathlib import Path

import hypothesis
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["ZOO_PLUGINS"] = "off"  # what else is installed here must not change a result

# How long an example takes says nothing of it: the first compiles, and machines are shared.
hypothesis.settings.register_profile("zoo")
hypothesis.settings.load_profile("zoo")


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def fashion_dir() -> str:
    """The TFDS folder that holds fashion_mnist; skips where there is none."""
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "fashion_mnist").is_dir():
        pytest.skip("TFDS_DATA_DIR is not set, or holds no fashion_mnist")
    return folder
