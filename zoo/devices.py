"""Hardware and software, and their setup for training."""

import contextlib
import functools
import importlib.metadata
import logging
import math
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from zoo.errors import ArgumentError, MachineError, ZooError
from zoo.ownership import install_command

_NOTICES = (
    "All log messages before absl::InitializeLog()",
    "oneDNN custom operations are on",
    "Could not find cuda drivers",
    "failed call to cuInit",
    "This TensorFlow binary is optimized to use available CPU instructions",
    "To enable the following instructions",
    "oneDNN supports DT_INT32 only on platforms",
)
_ARITHMETIC = (  # settings from outside that change the order of sums
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "OMP_NUM_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
)
# Keras', the probe's, and those that explain
_OF_EACH_MODEL = ("make_predict_function", "_compiled.<locals>.measure", "Compiled._")
# What TensorFlow, JAX and NumPy say, also where one passes on another's error as text.
_NO_MEMORY = ("OOM when allocating", "RESOURCE_EXHAUSTED", "Unable to allocate", "MemoryError")
PACKAGES = ("kerazoo", "tensorflow", "keras", "tensorflow-datasets", "numpy", "jax", "safetensors")


@functools.cache
def _cpu_info() -> dict[str, str]:
    """Return what Linux says of the first core; empty on other systems."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return {}
    first = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def cpu_name() -> str:
    """Return the processor's name, with family, model and stepping where Linux gives them."""
    info = _cpu_info()
    if "model name" not in info:
        return platform.processor() or platform.machine()
    numbers = [info.get(key, "?") for key in ("cpu family", "model", "stepping")]
    return f"{info['model name']} ({'.'.join(numbers)})"


def cpu_flags() -> list[str]:
    """Return the vector extensions that decide speed and rounding, as Linux names them."""
    wanted = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile", "asimd", "bf16")
    present = (_cpu_info().get("flags") or _cpu_info().get("Features") or "").split()
    return [flag for flag in wanted if flag in present]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def arithmetic() -> dict[str, str]:
    """Return the environment variables that are set and decide rounding; empty is the default."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name in _ARITHMETIC or name.startswith("ONEDNN_")
    }


def versions() -> dict[str, str]:
    """Return the installed versions of the packages that decide results."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back the output of TensorFlow's libraries on loading, and drop known harmless notices.

    The environment variables that used to silence them no longer do. Only the known lines of a
    machine without a GPU go; everything else that was written to stderr follows afterwards.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            text = held.read().decode(errors="replace")
            lines = [line for line in text.splitlines() if not any(n in line for n in _NOTICES)]
            if lines:
                sys.stderr.write("\n".join(lines) + "\n")


@functools.cache
def load_tensorflow() -> Any:
    """Import TensorFlow and touch its devices, without the start-up notices."""
    with quiet_start():
        import tensorflow as tf

        found = tf.config.list_physical_devices("GPU")
        for gpu in found:  # memory as needed, also where a model is only loaded
            with contextlib.suppress(RuntimeError):  # the user's own code has set up the GPU
                tf.config.experimental.set_memory_growth(gpu, True)
        if not found:  # an operation would fix a GPU's settings
            # oneDNN complains of the first int32 transpose in a graph, and of no other.
            square = tf.zeros((2, 2), tf.int32)
            tf.function(lambda: tf.transpose(square))()
    logging.getLogger("tensorflow").addFilter(_is_useful)
    return tf


def _is_useful(record: logging.LogRecord) -> bool:
    """Leave out that a function of each of several models is traced: it has to be."""
    text = record.getMessage()
    return "retracing" not in text or not any(name in text for name in _OF_EACH_MODEL)


def gpus() -> list[str]:
    """Return the names of the GPUs that TensorFlow may use; loads TensorFlow."""
    tf = load_tensorflow()
    return [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.get_visible_devices("GPU")
    ]


def prepare(device: str | None = None) -> str:
    """Choose the device for this process: "cpu", "gpu", or None for a GPU where there is one.

    Returns:
        "cpu" or "gpu".

    Raises:
        ArgumentError: another word.
        MachineError: a GPU is asked for and TensorFlow sees none.
    """
    if device not in (None, "cpu", "gpu"):
        raise ArgumentError(
            f"There is no device {device!r}.",
            expected="cpu or gpu",
            fix="leave the device out to take a GPU where there is one",
        )
    tf = load_tensorflow()
    found = tf.config.get_visible_devices("GPU")
    if device == "gpu" and not found:
        raise MachineError(
            "A GPU was asked for, but TensorFlow sees none.",
            expected="a CUDA GPU with its driver, and tensorflow[and-cuda]",
            fix=f"{install_command('gpu')}, or leave --device out; `zoo doctor` has the details",
        )
    if device != "cpu":
        return "gpu" if found else "cpu"
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError as error:  # TensorFlow has begun to use its devices
        if found:
            raise MachineError(
                "This process already uses the GPU; it can no longer be left out.",
                fix="restart Python with CUDA_VISIBLE_DEVICES=-1",
            ) from error
    return "cpu"


def replicas() -> int:
    """Return how many copies of a model the `tf.distribute` strategy in force trains; loads TensorFlow.

    >>> replicas()
    1
    """
    return int(load_tensorflow().distribute.get_strategy().num_replicas_in_sync)


@contextlib.contextmanager
def enough_memory(doing: str, *, lower: str) -> Iterator[None]:
    """Turn what NumPy and the backends raise when memory runs out into one error.

    Args:
        doing: what is done, such as "train image/digits-cnn".
        lower: what takes less memory when it is lowered.

    Raises:
        MachineError: the memory did not suffice; names the size, where it is known.
    """
    try:
        yield
    except Exception as error:
        said = str(error)
        ran_out = isinstance(error, MemoryError) or any(word in said for word in _NO_MEMORY)
        if isinstance(error, ZooError) or not ran_out:
            raise
        raise MachineError(
            f"The memory of this machine does not suffice to {doing}{_asked_for(said)}.",
            fix=f"lower {lower}, or use a machine with more memory",
        ) from error


def _asked_for(said: str) -> str:
    """Return the size of the array for which there was no memory, or nothing.

    >>> _asked_for("OOM when allocating tensor with shape[3,3,1,3200000000] and type float on CPU")
    ': an array of 3 x 3 x 1 x 3200000000 numbers (115.2 GB) does not fit'
    """
    found = re.search(r"shape\s*[\[(]([\d, ]+)[\])] and (?:data )?type (\w+)", said)
    if not found:
        return ""
    sizes = [int(size) for size in re.findall(r"\d+", found[1])]
    width = {"half": 2, "bfloat16": 2, "double": 8, "float64": 8, "int64": 8, "uint8": 1, "bool": 1}
    size = math.prod(sizes) * width.get(found[2], 4)
    shape = " x ".join(map(str, sizes))
    return f": an array of {shape} numbers ({size / 1e9:,.1f} GB) does not fit"


def environment() -> dict[str, Any]:
    """Return what a run records of its machine; the backend must be loaded."""
    import keras

    return {
        "versions": versions(),
        "backend": keras.backend.backend(),
        "platform": platform.platform(),
        "cpu": cpu_name(),
        "cpu_flags": cpu_flags(),
        "cores": cores(),
        "gpus": gpus(),
        "arithmetic": arithmetic(),
    }
