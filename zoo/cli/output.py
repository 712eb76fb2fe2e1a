"""Output of commands: tables for people, one JSON document for machines, errors on one screen."""

import json
import math
import sys
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console

from zoo import registry
from zoo.cli.table import PLAIN, console, show_table
from zoo.errors import PluginWarning, RepeatedCandidateWarning, SizeWarning, ZooError, command
from zoo.metrics.base import OLD_METHOD, Metric, metric_named

_usual_warning = warnings.formatwarning


def never_fail_to_print() -> None:
    """Print "?" for signs such as "×" that a terminal's encoding lacks, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        strict = getattr(stream, "errors", None) in ("strict", "surrogateescape")
        if strict and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def plain_warnings() -> None:
    """Print kerazoo's own warnings as one line, without the place in the code."""

    def line(message: Any, category: type[Warning], *where: Any) -> str:
        is_plain = issubclass(category, PluginWarning | SizeWarning | RepeatedCandidateWarning)
        return f"warning: {message}\n" if is_plain else _usual_warning(message, category, *where)

    warnings.formatwarning = line


def show_json(value: Any) -> None:
    """Print one JSON document on stdout; what JSON cannot hold (NaN, infinity) becomes null."""
    sys.stdout.write(json.dumps(_finite(value), indent=1, default=str) + "\n")


def show_metrics(entries: Mapping[str, Mapping[str, Any]], metrics: Iterable[Metric]) -> None:
    """Print metrics with their intervals and methods.

    Args:
        entries: metric name to {"value", "low", "high", "method"}.
        metrics: the task's, which know their units.
    """
    rows = []
    for name, entry in entries.items():
        metric = metric_named(name, metrics)
        span = metric.span(entry)
        method = entry.get("method", OLD_METHOD) if span else "–"
        rows.append((name, metric.text(entry["value"]), span or "–", method))
    show_table("test split", ("metric", "value", "95 % interval", "method"), rows, spare=1)


def show_verdict(run: Any) -> None:
    """Print what the comparison with simple models says, unless the network beats them."""
    found = run.metrics.get("baselines", {})
    if found.get("outcome", "beats") != "beats":
        console.print(f"\nnote: {found['verdict']}", soft_wrap=True)


def show_run(run: Any) -> None:
    """Print the folder of a run and what to do with it; `run` is a `recipes.runs.run.Run`."""
    console.print(f"\nrun      {run.path}", soft_wrap=True)
    console.print(f"report   {run.path / 'report.html'}", soft_wrap=True)
    console.print(next_command(run.path, run.recipe.task.name), soft_wrap=True)


def takes_words(run: Any) -> bool:
    """Tell whether a word of the command line can itself be an input of a run, as a text is."""
    return [column.is_file("word") for column in run.assets.x.values()] == [False]


def next_command(target: Any, task: str) -> str:
    """Return the line that says how to use a trained model.

    Args:
        target: what the command takes: a run's folder, or a weight's name.
        task: of the model; its card says what it is for.

    >>> next_command("my runs/a", "language_modeling")
    "generate zoo generate 'my runs/a' --prompt TEXT"
    """
    card = registry.task_card(task)
    return f"{card.command:<8} {command('zoo', card.command, target)} {card.example}"


def show_error_document(error: ZooError) -> None:
    """Print an error on stdout as the one JSON document of a command."""
    show_json({"error": error.to_dict()})


def show_error(error: ZooError) -> None:
    """Print an error on stderr, coloured on a terminal only."""
    stderr = Console(stderr=True, **PLAIN)
    stderr.print("error:", style="bold red", end=" ")
    stderr.print(str(error), soft_wrap=True)


def counted(count: int, word: str) -> str:
    """Return a count with its word, such as "1 model" or "2 models".

    >>> counted(1, "model"), counted(0, "model")
    ('1 model', '0 models')
    """
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
