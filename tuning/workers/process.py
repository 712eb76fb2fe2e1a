"""The client of the process that trains."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

from zoo import errors
from zoo.errors import ZooError
from zoo.registration import registered_modules

TRIALS_PER_PROCESS = 25  # then a new one, since memory grows from trial to trial
_CODE = "from tuning.workers.worker import main; main()"
_LONGEST = 300  # characters of a reason


class CrashError(ZooError):
    """The training process ended by itself; the next request gets a new one.

    Attributes:
        log: all that it wrote on stderr.
    """

    log: str = ""


@final
class Executor:
    """Run requests in a separate process, so that a crash or a full memory costs one trial."""

    def __init__(self):
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 (lives as long as we do)
        self._process: subprocess.Popen | None = None
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._trials = 0

    def start(self) -> None:
        """Start the process if there is none; it loads its libraries while others work."""
        if self._process is not None:
            return
        self._answers, self._trials = queue.Queue(), 0
        paths = [path or str(Path.cwd()) for path in sys.path]
        self._log.truncate(0)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            encoding="utf-8",
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"},
        )
        arguments = (self._process.stdout, self._answers)
        threading.Thread(target=_collect, args=arguments, daemon=True).start()

    def ask(self, action: str, *, waiting: Callable[[], None], **arguments: Any) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Args:
            action: "describe", "trial" or "finish".
            waiting: called about once a second meanwhile.
            **arguments: of the action, JSON values.

        Raises:
            CrashError: the process died.
            ZooError: raised by the request itself, of the same class.
        """
        self.start()
        process = self._process
        request = {"action": action, "modules": registered_modules(), **arguments}
        with contextlib.suppress(BrokenPipeError):  # it died idle, or while it loaded
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        answer = self._wait(waiting)
        self._trials += 1
        if answer is None:
            code = process.wait()
            self.close()
            raise self._crash(code)
        if self._trials >= TRIALS_PER_PROCESS:
            self.close()
        if "error" in answer:
            raise getattr(errors, answer["error"], ZooError)(**answer["said"])
        return answer["found"]

    def close(self) -> None:
        """End the process at any time: checkpoints are complete or absent."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            with contextlib.suppress(BrokenPipeError):  # a request that it never took
                self._process.stdin.close()
            self._process = None

    def _wait(self, waiting: Callable[[], None]) -> dict[str, Any] | None:
        while True:
            try:
                line = self._answers.get(timeout=1)
            except queue.Empty:
                waiting()
                continue
            return None if line is None else json.loads(line)

    def _crash(self, code: int) -> CrashError:
        """Say how the process ended; the last unindented line of its log usually gives the reason."""
        self._log.seek(0)
        log = self._log.read().decode("utf-8", errors="replace")
        said = [line for line in log.splitlines() if line.strip() and not line[0].isspace()]
        why = said[-1][:_LONGEST] if said else "it printed nothing"
        error = CrashError(f"The training process ended with {_ending(code)}: {why}")
        error.log = log
        return error


def _collect(stream: Any, answers: queue.Queue) -> None:
    for line in stream:
        answers.put(line)
    answers.put(None)


def _ending(code: int) -> str:
    """Put an exit code into words.

    >>> _ending(-9)
    'signal 9 (the system may have run out of memory)'
    """
    if code == -9:
        return "signal 9 (the system may have run out of memory)"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
