"""Compare this tree with another one: start-up, epochs of training, whole commands.

The other tree is a checkout of an earlier commit. Both run in new processes of the same Python, by
turns, through what is public in both (`zoo.train`, the command line):

    git worktree add ../before COMMIT
    python benchmarks/against.py ../before --rounds 5 --write benchmarks/against.md
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rounds import cell, machine, machine_lines, orders, parser, publish, summary

HERE = Path(__file__).parents[1]
MAIN = "from zoo.cli.main import main; main()"
COMMANDS = {
    "zoo list": ["-c", MAIN, "list"],
    "zoo info resnet20": ["-c", MAIN, "info", "resnet20"],
    "zoo recipes list": ["-c", MAIN, "recipes", "list"],
    "zoo predict": ["-c", MAIN, "predict", "cnn_small.digits", "FILE"],
}
TRAINING = """
import json, sys, time, zoo
name, values, folder = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
began = time.perf_counter()
run = zoo.train(name, run_dir=folder, progress=False, **values)
seconds = [entry["seconds"] for entry in run.history]
print(json.dumps({"whole": time.perf_counter() - began, "epochs": seconds}))
"""
RECIPES: dict[str, dict[str, Any]] = {
    "image/digits-cnn": {"training.epochs": 20},
    "text/docstrings-textcnn": {"training.epochs": 5},
    "speech/vowels-dscnn": {"training.epochs": 4},
    "text/pydoc-gpt": {"training.epochs": 3, "training.steps_per_epoch": 50},
}


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark and print it, and write it where asked."""
    options = _parse(arguments)
    trees = {"before": options.before.resolve(), "now": HERE}
    with tempfile.TemporaryDirectory(prefix="zoo-against-") as folder:
        file = Path(folder) / "gray.png"
        code = f"from PIL import Image; Image.new('L', (28, 28), 128).save({str(file)!r})"
        subprocess.run([sys.executable, "-c", code], check=True)
        result = {
            "machine": machine(),
            "settings": {"rounds": options.rounds, "before": _commit(trees["before"])},
            "commands": {
                name: _turns(trees, options.rounds, lambda tree, c=command: _start(tree, c, file))
                for name, command in COMMANDS.items()
            },
            "recipes": {
                name: _turns(trees, options.rounds, lambda tree, n=name: _train(tree, n))
                for name in options.recipes
            },
        }
    publish(result, to_markdown(result), options)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("before", type=Path, help="a checkout of the earlier commit")
    options.add_argument("--recipes", nargs="*", default=list(RECIPES), metavar="RECIPE")
    return options.parse_args(arguments)


def _commit(tree: Path) -> str:
    words = ["git", "-C", str(tree), "describe", "--always"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def _turns(trees: dict[str, Path], rounds: int, measure: Any) -> dict[str, Any]:
    """Return what was measured in each tree, and the ratios within a round."""
    for tree in trees.values():  # bytecode and file caches
        measure(tree)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in trees}
    for order in orders(trees, rounds):
        for name in order:
            found[name].append(measure(trees[name]))
    return {
        row: {name: summary([each[row] for each in found[name]]) for name in trees}
        | {
            "ratio": summary(
                [
                    now[row] / before[row]
                    for now, before in zip(found["now"], found["before"], strict=True)
                ]
            )
        }
        for row in found["now"][0]
    }


def _run(tree: Path, words: list[str]) -> str:
    environment = os.environ | {"PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=environment, cwd=tree
    )
    if done.returncode:
        raise SystemExit(f"{words} failed in {tree}:\n{done.stderr[-2000:]}")
    return done.stdout


def _start(tree: Path, command: list[str], file: Path) -> dict[str, float]:
    began = time.perf_counter()
    _run(tree, [str(file) if word == "FILE" else word for word in command])
    return {"whole": time.perf_counter() - began}


def _train(tree: Path, name: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="zoo-against-") as folder:
        values = json.dumps(RECIPES.get(name, {}))
        out = _run(tree, ["-c", TRAINING, name, values, str(Path(folder) / "run")])
    found = json.loads(out.splitlines()[-1])
    later = found["epochs"][1:]
    return {"epoch": sum(later) / len(later), "whole": found["whole"]}


def to_markdown(result: dict[str, Any]) -> str:
    """Return the whole result as a Markdown page."""
    settings = result["settings"]
    lines = [
        "# Against an earlier commit",
        "",
        f"Seconds in this tree and in {settings['before']}, in new processes that take turns. Median "
        f"of {settings['rounds']} rounds, lowest and highest round in brackets; the ratio is now / "
        "before within a round, so below 1 is faster. An epoch is the mean of all but the first; "
        "the whole counts loading, compilation, evaluation and the report.",
        "",
        "| what | before (s) | now (s) | ratio |",
        "|---|---|---|---|",
    ]
    for name, found in (result["commands"] | result["recipes"]).items():
        for row, sides in found.items():
            cells = [cell(sides[key], 3) for key in ("before", "now", "ratio")]
            lines.append(f"| `{name}`, {row} | {' | '.join(cells)} |")
    command = f"python benchmarks/against.py TREE --rounds {settings['rounds']}"
    return "\n".join([*lines, *machine_lines(result["machine"], command=command)])


if __name__ == "__main__":
    main()
