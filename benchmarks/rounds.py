"""What every benchmark here does: take turns, take medians, name the machine, write a page."""

import argparse
import json
import os
import platform
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from zoo import devices
from zoo.files import write_text


def parser(description: str, *, rounds: int = 5) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark: --rounds, --json and --write."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--rounds", type=positive, default=rounds, help="turns of each variant")
    made.add_argument("--json", action="store_true", help="print JSON instead of Markdown")
    made.add_argument("--write", type=Path, metavar="FILE", help="write the Markdown here too")
    return made


def positive(text: str) -> int:
    """Read an integer of 1 or more, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def orders(names: Iterable[str], rounds: int) -> Iterator[list[str]]:
    """Yield the names once a round, every second time reversed, so that no variant is always first.

    >>> list(orders("ab", 2))
    [['a', 'b'], ['b', 'a']]
    """
    names = list(names)
    for number in range(rounds):
        yield names if number % 2 == 0 else names[::-1]


def summary(values: list[float]) -> dict[str, Any]:
    """Return the median, the lowest and highest value, and all of them in their order."""
    return {
        "median": statistics.median(values),
        "low": min(values),
        "high": max(values),
        "rounds": values,
    }


def cell(summed: dict[str, Any], digits: int) -> str:
    """Write a summary as "median (low–high)"."""
    median, low, high = (f"{summed[key]:.{digits}f}" for key in ("median", "low", "high"))
    return f"{median} ({low}–{high})"


def machine() -> dict[str, Any]:
    """Return processor, its vector extensions, cores, load and versions; loads no library."""
    return {
        "cpu": devices.cpu_name(),
        "flags": devices.cpu_flags(),
        "cores": devices.cores(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "versions": devices.versions(),
    }


def machine_lines(facts: dict[str, Any], *, command: str) -> list[str]:
    """Return the lines that end every page: the machine, the versions, and how to measure again."""
    versions = ", ".join(f"{name} {value}" for name, value in facts["versions"].items())
    load = "" if facts["load_before"] is None else f", load before {facts['load_before']:.2f}"
    return [
        "",
        f"- Processor: {facts['cpu']}, {facts['cores']} cores{load}",
        f"- Vector extensions: {' '.join(facts['flags']) or 'unknown'}",
        f"- System: {facts['system']}",
        f"- Versions: {versions}",
        f"- Again: `{command}`",
        "",
    ]


def publish(result: dict[str, Any], markdown: str, options: argparse.Namespace) -> None:
    """Print the result as it was asked for, and write the page where it was asked for."""
    print(json.dumps(result, indent=2) if options.json else markdown)
    if options.write:
        write_text(options.write, markdown)
