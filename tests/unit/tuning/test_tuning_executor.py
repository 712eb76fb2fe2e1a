"""The training process may die, print, or be asked for nonsense: the asker always gets an answer."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tuning.workers import process as module
from tuning.workers.process import CrashError, Executor
from zoo.errors import DataError, RecipeError

HANGS_SECONDS = 300  # whatever the load, what has not happened by then never will

# The real loop with actions that need no framework.
STAND_IN = """
import os, sys, time
from zoo import errors
from tuning.workers import worker

def fail(kind):
    raise getattr(errors, kind)("What is wrong.", expected="what is right", fix="fix it")

def crash(how):
    print("before the end", file=sys.stderr)
    if how == "exception":
        {}["missing"]
    os.kill(os.getpid(), 9)

def chat():
    print("not an answer")
    os.system("echo nor is this")
    return os.getpid()

def work(note, until=""):
    with open(note + ".part", "w") as file:
        file.write(str(os.getpid()))
    os.replace(note + ".part", note)  # whole from the first moment
    for _ in range(12_000):  # ten minutes: not for ever, should nobody end it
        if os.path.exists(until):
            break
        time.sleep(0.05)

worker.ACTIONS = {"fail": fail, "crash": crash, "chat": chat, "work": work}
worker.main()
"""


@pytest.fixture
def executor(monkeypatch):
    monkeypatch.setattr(module, "_CODE", STAND_IN)
    executor = Executor()
    yield executor
    executor.close()


def ask(executor, action, *, waiting=lambda: None, **arguments):
    return executor.ask(action, waiting=waiting, **arguments)


def gone(pid):
    """Wait until a process has ended; only a process that never ends makes this fail."""
    for _ in range(HANGS_SECONDS * 10):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_one_process_answers_many_requests_and_what_it_prints_is_no_answer(executor):
    first, second = ask(executor, "chat"), ask(executor, "chat")
    assert first == second != os.getpid()


def test_a_new_process_comes_before_memory_has_grown(executor, monkeypatch):
    monkeypatch.setattr(module, "TRIALS_PER_PROCESS", 2)
    pids = [ask(executor, "chat") for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


@pytest.mark.parametrize("kind", [DataError, RecipeError])
def test_our_errors_come_back_as_what_they_were(executor, kind):
    with pytest.raises(kind) as caught:
        ask(executor, "fail", kind=kind.__name__)
    error = caught.value
    assert (error.problem, error.expected, error.fix) == (
        "What is wrong.",
        "what is right",
        "fix it",
    )


@pytest.mark.parametrize(
    ("how", "words"),
    [("exception", "exit code 1: KeyError: 'missing'"), ("signal", "memory): before the end")],
)
def test_a_crash_costs_one_request(executor, how, words):
    before = ask(executor, "chat")
    with pytest.raises(CrashError) as caught:
        ask(executor, "crash", how=how)
    assert words in str(caught.value)
    assert "before the end" in caught.value.log
    assert ask(executor, "chat") != before


def test_a_process_that_died_between_requests_is_noticed(executor):
    pid = ask(executor, "chat")
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # dead, and still the executor's to notice
    with pytest.raises(CrashError, match="signal 9"):
        ask(executor, "chat")
    assert ask(executor, "chat")


def test_the_asker_is_called_while_it_waits(executor, tmp_path):
    ended, calls = tmp_path / "ended", []

    def waiting():
        calls.append("called")
        ended.touch()  # the process works until its asker has been called

    ask(executor, "work", note=str(tmp_path / "pid"), until=str(ended), waiting=waiting)
    assert calls


def test_closing_ends_the_process_in_the_middle_of_its_work(executor, tmp_path):
    note = tmp_path / "pid"

    def stop():
        if note.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(executor, "work", note=str(note), waiting=stop)
    executor.close()
    assert gone(int(note.read_text()))


def test_the_process_ends_when_its_asker_is_killed(tmp_path):
    note = tmp_path / "pid"
    code = f"""
from tuning.workers import process
process._CODE = {STAND_IN!r}
found = process.Executor()
found.ask("work", note={str(note)!r}, waiting=lambda: None)
"""
    asker = subprocess.Popen([sys.executable, "-c", code])
    while not note.exists():
        assert asker.poll() is None, "the asker ended before there was work"
        time.sleep(0.1)
    asker.send_signal(signal.SIGKILL)
    asker.wait()
    assert gone(int(note.read_text()))
