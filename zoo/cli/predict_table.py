"""Predictions as a table for people, and as a CSV file."""

import csv
import io
from pathlib import Path
from typing import Any

from zoo.cli.output import counted, show_table
from zoo.errors import RunError
from zoo.files import write_text

LONGEST_TEXT = 60  # characters that the table shows


def show(results: list[dict[str, Any]], *, texts: bool) -> None:
    """Print one line for each result: where it came from and the likeliest answers, or its error."""
    first = next((item for result in results for item in result["predictions"]), {"label": ""})
    answers = ("label", "probability", "then")
    if "label" not in first:
        answers = ("predicted",) if "target" in first else ("measured",)
    elif "threshold" in first:
        answers = ("labels",)
    failed = sum("error" in result for result in results)
    rows = []
    for result in results:
        cells = _cells(result)
        row = [_source(result), *cells, *[""] * (len(answers) - len(cells))]
        rows.append(row + [result.get("error", {}).get("problem", "")] * bool(failed))
    title = counted(len(rows), "prediction") + (f", {failed} of them failed" if failed else "")
    columns = ("text" if texts else "file", *answers, *["error"] * bool(failed))
    show_table(title, columns, rows)


def _source(result: dict[str, Any]) -> str:
    if result["file"] and result.get("row"):
        return f"{result['row']}: {shortened(result.get('text', ''))}"
    return result["file"] or shortened(result.get("text", ""))


def _cells(result: dict[str, Any]) -> tuple[str, ...]:
    if "error" in result:
        return ()
    if not result["predictions"]:
        return ("no label",)
    first, *others = result["predictions"]
    if "threshold" in first:
        told = (f"{item['label']} {item['probability']:.1%}" for item in result["predictions"])
        return (", ".join(told),)
    if "target" in first:
        return (", ".join(map(_number, result["predictions"])),)
    if "label" not in first:
        return (", ".join(f"{name} {value:.4g}" for name, value in first.items()),)
    also = ", ".join(f"{o['label']} {o['probability']:.1%}" for o in others[:2])
    return first["label"], f"{first['probability']:.1%}", also


def _number(item: dict[str, Any]) -> str:
    """Write a predicted number with its interval.

    >>> _number({"target": "price", "value": 3.25, "low": 2.0, "high": 4.5})
    'price 3.25 (2 to 4.5)'
    """
    span = "" if item["low"] is None else f" ({item['low']:.4g} to {item['high']:.4g})"
    return f"{item['target']} {item['value']:.4g}{span}"


def shortened(text: str) -> str:
    """Return the beginning of a text, for a table."""
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def check_new(path: Path) -> None:
    """Check that a file may be written here, before anything is computed.

    Raises:
        RunError: it exists already, or its folder does not.
    """
    if path.exists():
        raise RunError(f"{path} exists already; nothing was written.", fix="give another file name")
    if not path.absolute().parent.is_dir():
        raise RunError(
            f"There is no folder {path.absolute().parent}.", fix="create it, or give another one"
        )


def write_csv(path: Path, results: list[dict[str, Any]]) -> None:
    """Write the first answer of each result, or its error, as one row; of numbers all targets."""
    answers = [key for result in results for key in _answer(result)]
    columns = ["file", "row", "text", *dict.fromkeys(answers), "error"]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for result in results:
        answer = _answer(result)
        error = {"error": result["error"]["problem"]} if "error" in result else {}
        writer.writerow({k: v for k, v in result.items() if v is not None} | answer | error)
    write_text(path, buffer.getvalue())


def _answer(result: dict[str, Any]) -> dict[str, Any]:
    """Return the cells of one row by column."""
    items = result["predictions"]
    if items and "threshold" in items[0]:
        return {"labels": ";".join(item["label"] for item in items)}
    if not items or "target" not in items[0]:
        return items[0] if items else {}
    cells = {}
    for item in items:
        name = item["target"]
        cells |= {name: item["value"], f"{name}_low": item["low"], f"{name}_high": item["high"]}
    return cells
