"""Problems of this machine for kerazoo, and how to fix them."""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from zoo import devices, ownership, shelves

MIN_FREE_BYTES = 2 * 10**9
OPTIONAL = {  # use: the group of dependencies that brings it, and what it imports
    "export to onnx": ("export", ("tf2onnx", "onnx", "onnxruntime")),
    "export to litert": ("export", ("ai_edge_litert",)),
    "backend jax": ("jax", ("jax",)),
}
NEEDED = ("tensorboard", "importlib_resources", "safetensors", "pydantic", "sklearn", "PIL")


def examine() -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Look at packages, devices and folders; loads TensorFlow.

    Returns:
        Facts by name, and a list of {"problem", "fix"}.
    """
    facts: dict[str, Any] = dict(devices.versions())
    facts |= {
        "processor": f"{devices.cpu_name()}, {devices.cores()} cores",
        "vector extensions": ", ".join(devices.cpu_flags()) or "unknown",
        "GPU": ", ".join(devices.gpus()) or "none",
        "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "TFDS_DATA_DIR": os.environ.get("TFDS_DATA_DIR", "not set (TFDS' default folder)"),
        "working folder": f"{Path.cwd()}, {_free(Path.cwd()) / 1e9:.0f} GB free",
        "plug-ins": _plugins(),
        "import names": "all ours" if not ownership.misplaced() else str(ownership.misplaced()),
    }
    facts |= {use: _optional(*needs) for use, needs in OPTIONAL.items()}
    return facts, [*_package_problems(), *_folder_problems()]


def _plugins() -> str:
    return "; ".join(f"{name}: {what}" for name, what in shelves.contents().items()) or "none"


def _optional(extra: str, packages: tuple[str, ...]) -> str:
    """Say whether an optional feature is ready, or else how to install what it needs."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if not missing:
        return "ready"
    return f"not installed: {', '.join(missing)}; to get it: {ownership.install_command(extra)}"


def _package_problems() -> list[dict[str, str]]:
    problems = [
        {"problem": f"the package {name} is missing", "fix": ownership.install_command()}
        for name in NEEDED
        if importlib.util.find_spec(name) is None
    ]
    for name, owners in ownership.strangers().items():
        problems.append(
            {
                "problem": f"{', '.join(owners)} installs the import name {name!r} too",
                "fix": f"pip uninstall {owners[0]}, or use an environment for kerazoo alone",
            }
        )
    for package, fault in shelves.faults().items():
        name = package.split()[0]
        problems.append(
            {
                "problem": f"the cards of {package} are left out: {fault}",
                "fix": f"correct the package, or pip uninstall {name}",
            }
        )
    for name, where in (_hiding(Path.cwd()) | ownership.misplaced()).items():
        problems.append(
            {
                "problem": f"`import {name}` finds {where}, not kerazoo's",
                "fix": f"rename {where}, or use an environment for kerazoo alone",
            }
        )
    if os.environ.get("PYTHONDONTWRITEBYTECODE") and not _compiled("keras"):
        problems.append(
            {
                "problem": "packages are not byte-compiled and may not be (PYTHONDONTWRITEBYTECODE); "
                "every start takes seconds longer",
                "fix": "python -m compileall the environment's site-packages once",
            }
        )
    return problems


def _hiding(folder: Path) -> dict[str, str]:
    """Return the files that a script in this folder would import instead of our packages."""
    files = {name: folder / f"{name}.py" for name in ownership.NAMES}
    return {name: str(path) for name, path in files.items() if path.is_file()}


def _folder_problems() -> list[dict[str, str]]:
    problems = []
    data = os.environ.get("TFDS_DATA_DIR")
    if data and not Path(data).expanduser().is_dir():
        problems.append(
            {"problem": f"TFDS_DATA_DIR={data} is not a folder", "fix": "make it, or unset it"}
        )
    if _free(Path.cwd()) < MIN_FREE_BYTES:
        problems.append(
            {
                "problem": f"less than {MIN_FREE_BYTES / 1e9:.0f} GB free in {Path.cwd()}",
                "fix": "free some space, or train elsewhere with --run-dir",
            }
        )
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()):
            pass
    except OSError as error:
        problems.append(
            {
                "problem": f"nothing can be written in {Path.cwd()}: {error.strerror}",
                "fix": "work in a folder of your own, or give --run-dir",
            }
        )
    return problems


def _free(path: Path) -> int:
    return shutil.disk_usage(path).free


def _compiled(package: str) -> bool:
    spec = importlib.util.find_spec(package)
    return bool(spec and spec.cached and Path(spec.cached).exists())
