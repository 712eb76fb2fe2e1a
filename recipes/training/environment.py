"""What a run was made with."""

import subprocess
from typing import TYPE_CHECKING, Any

from zoo import devices

if TYPE_CHECKING:
    from zoo.data.dataset import Dataset


def environment_of(dataset: "Dataset") -> dict[str, Any]:
    """Return what the run was made with: versions, processor, git revision and data."""
    fingerprint = dataset.fingerprint
    return devices.environment() | {"git": _git_revision(), "data_fingerprint": fingerprint}


def _git_revision() -> str | None:
    """Return the revision of the working folder, marked where files differ; None outside git."""
    try:
        result = subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() or None
