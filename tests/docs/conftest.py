"""The runner of commands lives with the tests of the command line."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "cli"))


@pytest.fixture
def fresh_python() -> Callable[[str], str]:
    """Run code in a process that has imported nothing; return what it prints."""

    def run(code: str) -> str:
        root = Path(__file__).parents[2]
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=900
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run
