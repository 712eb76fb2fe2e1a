"""Packages as they lie in an environment once they are installed, and commands that find them there."""

import os
import subprocess
import sys
from pathlib import Path

import zoo

ROOT = Path(zoo.__file__).parents[1]
EXAMPLE = ROOT / "docs" / "extending" / "kerazoo-series"


def lay_out(folder: Path, name: str, value: str, **files: str) -> None:
    """Put a package where an installer would: its files, and what says that it is installed.

    Args:
        folder: that is on the path.
        name: of the distribution, version 1.0.
        value: of its entry point.
        **files: text by module name.
    """
    facts = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(f"[kerazoo.catalog]\nmine = {value}\n")
    for module, text in files.items():
        (folder / f"{module}.py").write_text(text)


def python(
    code: str, *, path: list[Path], folder: Path, plugins: str = "on"
) -> subprocess.CompletedProcess:
    """Run code in a new process that finds what lies in the folders of `path`."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT))), "ZOO_PLUGINS": plugins},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    return result
