"""Predictions as CSV and JSON Lines files."""

import csv
import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from zoo.cli.shown_labels import shown_label
from zoo.errors import DataError, RunError, WriteError
from zoo.files import write_text

STANDARD_OUTPUT = Path("-")


def check_new(path: Path) -> None:
    """Check that a file may be written here, before anything is computed.

    Raises:
        RunError: it exists already, or its folder does not.
    """
    if path.exists():
        raise RunError(f"{path} exists already; nothing was written.", fix="give another file name")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise RunError(f"There is no folder {folder}.", fix="create it, or give another one")


def not_alone(results: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield results as they come; raise the error of the only one, so that nothing is written.

    Raises:
        DataError: there is one input, and it cannot be read.
    """
    results = iter(results)
    first = list(itertools.islice(results, 2))
    if len(first) == 1 and "error" in first[0]:
        raise DataError(**first[0]["error"])
    yield from first
    yield from results


def written(results: Iterable[dict[str, Any]], path: Path) -> Iterator[dict[str, Any]]:
    """Yield results, each after its line was added to a JSON Lines file; - is standard output.

    Lines are written when they are known, and always whole: what was predicted before an interruption
    is kept.
    """
    for position, result in enumerate(results):
        line = json.dumps(result, ensure_ascii=False, default=str) + "\n"
        if path == STANDARD_OUTPUT:
            sys.stdout.write(line)
            sys.stdout.flush()
        else:
            _add(path, line, is_first=not position)
        yield result


def _add(path: Path, line: str, *, is_first: bool) -> None:
    try:
        with path.open("x" if is_first else "a", encoding="utf-8", newline="\n") as stream:
            stream.write(line)
    except OSError as error:
        raise WriteError(
            f"{path} cannot be written: {error.strerror}.",
            fix="free some disk space, or write elsewhere",
        ) from error


def write_csv(path: Path, results: list[dict[str, Any]], *, top: int | None = None) -> None:
    """Write the first answer of each result, or its error, as one row; of numbers all targets.

    Args:
        path: a new file.
        results: of a prediction.
        top: classes for which there are columns; None writes the first alone.
    """
    answers = ["direction"] * any("direction" in result for result in results)
    answers += [key for result in results for key in answer(result, top=top)]
    columns = [*dict.fromkeys(["file", "row", "text", *answers, "error"])]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for result in results:
        cells = answer(result, top=top)
        cells |= {"error": result["error"]["problem"]} if "error" in result else {}
        writer.writerow({k: v for k, v in result.items() if v is not None} | cells)
    write_text(path, buffer.getvalue())


def answer(result: dict[str, Any], *, top: int | None = None) -> dict[str, Any]:
    """Return the cells of one row by column.

    >>> items = [{"label": "cat", "probability": 0.4}, {"label": "dog", "probability": 0.3}]
    >>> list(answer({"predictions": items, "uncertain": True}, top=2).values())
    ['uncertain', 0.4, 'dog', 0.3]
    """
    items = result["predictions"]
    if items and "threshold" in items[0] and "score" not in items[0]:
        return {"labels": ";".join(item["label"] for item in items)}
    if shares := {item["label"]: item["share"] for item in items if "share" in item}:
        return shares
    if not items or "target" not in items[0]:
        return _of_classes(result, items, top or 1) if items else {}
    cells = {}
    for item in items:
        name = item["target"]
        cells |= {name: item["value"], f"{name}_low": item["low"], f"{name}_high": item["high"]}
    return cells


def _of_classes(result: dict[str, Any], items: list[dict[str, Any]], top: int) -> dict[str, Any]:
    cells = {key: value for key, value in items[0].items() if key != "stretches"}
    cells |= {"label": shown_label(result)} if "label" in cells else {}
    for place, item in enumerate(items[1:top], start=2):
        cells |= {f"{name}_{place}": item[name] for name in ("label", "probability")}
    return cells
