"""The `zoo` command in process: what it was given, what it wrote, how it ended."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer.rich_utils

from zoo.cli.main import main

DIGITS = "image/digits-cnn"
TINY = (  # two seconds; enough for the model to answer with seven of the ten digits
    "data.max_examples=240",
    "model.arguments.widths=[4,8]",
    "training.epochs=2",
    "training.batch_size=16",
    "training.steps_per_epoch=60",
    "schedule.warmup_epochs=0",
    "optimizer.learning_rate=0.02",
    "regularization.averaging_decay=0",
    "regularization.auto_augment=''",
)


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout; NaN and a second document are refused."""
        return json.loads(self.out, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


Zoo = Callable[..., Outcome]


def run_zoo(*arguments: object) -> Outcome:
    """Call the command's `main` as the shell does; only ZooError may become an exit code."""
    out, err = io.StringIO(), io.StringIO()
    plain = {name: value for name, value in os.environ.items() if name not in _COLOUR_SWITCHES}
    with (
        mock.patch.object(sys, "argv", ["zoo", *map(str, arguments)]),
        mock.patch.dict(os.environ, plain, clear=True),
        mock.patch.object(typer.rich_utils, "FORCE_TERMINAL", None),  # set by CI services
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code: Any = 0
        try:
            main()
        except SystemExit as exit_:
            code = exit_.code or 0
    return Outcome(code, out.getvalue(), err.getvalue())


_COLOUR_SWITCHES = ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE")


def listing(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with what it holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }
