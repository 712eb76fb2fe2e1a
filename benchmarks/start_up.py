"""Time the start of the command line, and measure the memory that it takes.

Each command is a new process, and they take turns, so that whatever else the machine does hits all:

    python benchmarks/start_up.py --target runs/image-digits-cnn-1 --write benchmarks/start_up.md

`--target` is what `zoo predict` predicts with: a run directory or a shipped weight. One start of each
beforehand is not counted: it brings files into the page cache and compiles bytecode. Linux and macOS.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rounds import cell, machine, machine_lines, orders, parser, publish, summary

ZOO = [sys.executable, "-m", "zoo.cli.main"]
KERAS, PREDICT = "import keras", "zoo predict"
# Goals: seconds and MB at most.
LIGHT = {"zoo list": (["list"], 0.5, 100), "zoo info resnet20": (["info", "resnet20"], 0.5, 100)}
PREDICT_FACTOR, PREDICT_SECONDS = 1.5, 1.0  # zoo predict: times `import keras`, plus seconds
BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="zoo-start-") as folder:
        file = options.file or _gray_image(Path(folder) / "gray.png")
        commands = {name: [*ZOO, *arguments] for name, (arguments, *_) in LIGHT.items()}
        commands[KERAS] = [sys.executable, "-c", "import keras"]
        if options.target:
            commands[PREDICT] = [*ZOO, "predict", options.target, str(file)]
        result = {
            "machine": machine(),
            "settings": {"rounds": options.rounds, "target": options.target},
            "commands": measure(commands, rounds=options.rounds),
        }
    publish(result, to_markdown(result), options)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--target", help="what `zoo predict` uses; left out: it isn't measured")
    options.add_argument("--file", type=Path, help="an image to predict; a gray one if left out")
    return options.parse_args(arguments)


def measure(commands: dict[str, list[str]], *, rounds: int) -> dict[str, Any]:
    """Return seconds and peak memory of each command, a value a round."""
    for command in commands.values():
        start(command)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    megabytes: dict[str, list[float]] = {name: [] for name in commands}
    for order in orders(commands, rounds):
        for name in order:
            took, peak = start(commands[name])
            seconds[name].append(took)
            megabytes[name].append(peak)
    found = {
        name: {"seconds": summary(seconds[name]), "megabytes": summary(megabytes[name])}
        for name in commands
    }
    if PREDICT in commands:  # against `import keras` of the same round
        limits = [PREDICT_FACTOR * each + PREDICT_SECONDS for each in seconds[KERAS]]
        found[PREDICT]["share_of_limit"] = summary(
            [took / limit for took, limit in zip(seconds[PREDICT], limits, strict=True)]
        )
    return found


def start(command: list[str]) -> tuple[float, float]:
    """Run a command to its end; return wall time in seconds and peak resident memory in MB.

    Raises:
        SystemExit: the command failed; shows what it wrote to stderr.
    """
    with tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        # wait4 speaks of this child alone; RUSAGE_CHILDREN would give the largest of all so far.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read().decode()[-2000:]}")
    return seconds, usage.ru_maxrss * BYTES_PER_UNIT / 1e6


def _gray_image(path: Path) -> Path:
    # In a process of its own: a child's peak counts the memory of the process that started it.
    code = f"from PIL import Image; Image.new('L', (28, 28), 128).save({str(path)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)
    return path


def to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    settings, commands = result["settings"], result["commands"]
    lines = [
        "# Start of the command line",
        "",
        "Wall time and peak resident memory of a new process, files in the page cache. Median of "
        f"{settings['rounds']} interleaved rounds, lowest and highest round in brackets. A goal is "
        "met where the median meets it.",
        "",
        "| command | seconds | MB | goal | met |",
        "|---|---|---|---|---|",
    ]
    for name, found in commands.items():
        cells = [cell(found["seconds"], 2), cell(found["megabytes"], 0), *_judged(name, found)]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    command = f"python benchmarks/start_up.py --rounds {settings['rounds']}"
    command += f" --target {settings['target']}" if settings["target"] else ""
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


def _judged(name: str, found: dict[str, Any]) -> tuple[str, str]:
    if name in LIGHT:
        _, seconds, megabytes = LIGHT[name]
        met = found["seconds"]["median"] <= seconds and found["megabytes"]["median"] <= megabytes
        return f"{seconds} s, {megabytes} MB", "yes" if met else "no"
    if name == PREDICT:
        goal = f"{PREDICT_FACTOR} × import keras + {PREDICT_SECONDS} s"
        return goal, "yes" if found["share_of_limit"]["median"] <= 1 else "no"
    return "–", "–"


if __name__ == "__main__":
    main()
