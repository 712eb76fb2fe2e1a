"""Progress of explanations on stderr."""

import sys
import time

from rich.console import Console

QUIET_SECONDS = 2.0  # after which progress is shown


class Progress:
    """Tells on stderr how many inputs of the network were run, after two seconds.

    Args:
        shown: tell at all.
    """

    def __init__(self, *, shown: bool):
        self.shown, self.console = shown, Console(file=sys.stderr, highlight=False)
        self.began, self.passes, self.status = time.perf_counter(), 0, None
        self.what = "explaining"

    def __enter__(self) -> "Progress":
        return self

    def tell(self, points: int) -> None:
        """Count points that were run."""
        self.passes += points
        if not self.shown or time.perf_counter() - self.began < QUIET_SECONDS:
            return
        words = f"{self.what}: {self.passes:,} variants of the inputs were run"
        if self.status is not None:
            self.status.update(words)
        elif self.console.is_terminal:
            self.status = self.console.status(words)
            self.status.start()
        else:
            self.console.print("explaining takes more than two seconds …", markup=False)
            self.shown = False  # one line is enough in a file

    def __exit__(self, *error: object) -> None:
        if self.status is not None:
            self.status.stop()
