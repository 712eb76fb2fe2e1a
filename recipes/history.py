"""The history of a run as CSV and as a TensorBoard log."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

from zoo.files import write_text

WALL_TIMES = ("seconds", "samples_per_second")  # the only columns that differ between equal runs


def write_csv(path: Path, history: list[dict[str, Any]]) -> None:
    """Write all epochs, one a row."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, buffer.getvalue())


def write_tensorboard(run_dir: Path, entries: list[dict[str, Any]]) -> None:
    """Append epochs to the TensorBoard log; the first or all of them start it anew."""
    import tensorflow as tf

    folder = run_dir / "tensorboard"
    if not entries or entries[0]["epoch"] == 1:
        shutil.rmtree(folder, ignore_errors=True)
    if not entries:
        return
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for entry in entries:
            for name, value in entry.items():
                if name != "epoch":
                    tf.summary.scalar(name, value, step=entry["epoch"])
    writer.close()
