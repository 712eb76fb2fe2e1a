"""The history of a run as CSV and as a TensorBoard log."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any

from zoo.errors import MachineError
from zoo.files import write_text

WALL_TIMES = ("seconds", "samples_per_second")  # the only columns that differ between equal runs


def write_csv(path: Path, history: list[dict[str, Any]]) -> None:
    """Write all epochs, one per row; a cell is empty where an epoch lacks what others have."""
    buffer = io.StringIO()
    names = dict.fromkeys(name for entry in history for name in entry)
    writer = csv.DictWriter(buffer, fieldnames=list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, buffer.getvalue())


class TensorBoardLog:
    """A TensorBoard log with each epoch once: rewritten from a history, then appended to.

    Args:
        folder: of the log; what it held is replaced.
        history: epochs that are done already.
    """

    def __init__(self, folder: Path, history: list[dict[str, Any]]):
        import tensorflow as tf

        shutil.rmtree(folder, ignore_errors=True)
        self._folder, self._failure = folder, tf.errors.OpError
        self._scalar = tf.summary.scalar
        self._writer = tf.summary.create_file_writer(str(folder))
        for entry in history:
            self.add(entry)

    def add(self, entry: dict[str, Any]) -> None:
        """Write one epoch.

        Raises:
            MachineError: the disk is full.
        """
        try:
            with self._writer.as_default():
                for name, value in entry.items():
                    if name != "epoch":
                        self._scalar(name, value, step=entry["epoch"])
            self._writer.flush()
        except self._failure as error:  # TensorFlow writes the file itself
            raise MachineError(
                f"The log in {self._folder} cannot be written.",
                fix="free some disk space, or give another folder with --run-dir",
            ) from error

    def close(self) -> None:
        """Release the file."""
        self._writer.close()
