"""Progress on stderr of what takes longer than two seconds."""

import sys
import time
from collections.abc import Callable
from typing import Any, final

from rich.console import Console

QUIET_SECONDS = 2.0


@final
class Waiting:
    """Tells on stderr what is being done, once it takes longer than two seconds.

    On a terminal one line changes; in a file one line says that it takes longer.

    Args:
        what: is being done, such as "map".
        shown: False says nothing.
        each_line: write every step into a file, for what has few of them.
    """

    def __init__(self, what: str, *, shown: bool = True, each_line: bool = False):
        self.what, self.shown, self.each_line = what, shown, each_line
        self.console = Console(file=sys.stderr, highlight=False)
        self.began, self.status = time.perf_counter(), None

    def __enter__(self) -> Callable[[str], None]:
        return self.tell

    def tell(self, words: str) -> None:
        """Say how far it is."""
        if not self.shown or time.perf_counter() - self.began < QUIET_SECONDS:
            return
        line = f"{self.what}: {words}"
        if not self.console.is_terminal and self.each_line:
            self.console.print(line, markup=False)
        elif not self.console.is_terminal:
            self.console.print(f"{self.what} takes more than two seconds …", markup=False)
            self.shown = False  # one line is enough in a file
        elif self.status is None:
            self.status: Any = self.console.status(line)
            self.status.start()
        else:
            self.status.update(line)

    def __exit__(self, *error: object) -> None:
        if self.status is not None:
            self.status.stop()
