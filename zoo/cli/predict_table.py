"""Predictions as a table for people."""

from typing import Any

from zoo.cli.output import counted, show_table
from zoo.cli.shown_labels import shown_label
from zoo.cli.subtitles import show_transcripts

LONGEST_TEXT = 60  # characters that the table shows
TRANSCRIPT = {"text"}  # keys of a prediction that is one and nothing else


def show(results: list[dict[str, Any]], *, texts: bool, top: int | None = None) -> None:
    """Print one line for each result: where it came from and the likeliest answers, or its error.

    Args:
        results: of a prediction.
        texts: the inputs are texts, not files.
        top: classes that are shown of each; None shows three.
    """
    if any(_is_transcript(item) for result in results for item in result["predictions"]):
        show_transcripts(results)
        return
    first = next((item for result in results for item in result["predictions"]), {"label": ""})
    answers = ("label", "probability", "then")
    if "score" in first:
        answers = ("same speaker", "score", "threshold")
    elif "label" not in first:
        answers = ("predicted",) if "target" in first else ("measured",)
        answers = ("similarities",) if "similarities" in first else answers
    elif "share" in first:
        answers = ("share of pixels", *["picture"] * any("picture" in r for r in results))
    elif "threshold" in first:
        answers = ("labels",)
    failed = sum("error" in result for result in results)
    compared = any("direction" in result for result in results)
    rows = []
    for result in results:
        cells = _cells(result, top or 3)
        row = [_source(result), *cells, *[""] * (len(answers) - len(cells))]
        row[1:1] = [result.get("direction", "")] * compared
        rows.append(row + [result.get("error", {}).get("problem", "")] * bool(failed))
    title = counted(len(rows), "prediction") + (f", {failed} of them failed" if failed else "")
    directions = ["direction"] * compared
    source = "input" if compared else "text" if texts else "file"
    columns = (source, *directions, *answers, *["error"] * bool(failed))
    show_table(title, columns, rows)


def _is_transcript(item: dict[str, Any]) -> bool:
    return bool({"stretches", "greedy"} & item.keys()) or item.keys() == TRANSCRIPT


def _source(result: dict[str, Any]) -> str:
    text = shortened(result.get("text") or "")
    if text and result.get("row"):
        return f"{result['row']}: {text}"
    return result["file"] or text


def _cells(result: dict[str, Any], top: int) -> tuple[str, ...]:
    if "error" in result:
        return ()
    if not result["predictions"]:
        return ("no label",)
    first, *others = result["predictions"]
    if "score" in first:
        return _voice(first)
    if "vector" in first:
        return (f"a vector of {len(first['vector'])} numbers",)
    if "similarities" in first:
        told = (f"{names} {cosine:.3f}" for names, cosine in first["similarities"].items())
        return ("; ".join(told) or f"a vector of {', '.join(first['vectors'])} alone",)
    if "threshold" in first:
        told = (f"{item['label']} {item['probability']:.1%}" for item in result["predictions"])
        return (", ".join(told),)
    if "share" in first:
        shares = ", ".join(f"{i['label']} {i['share']:.1%}" for i in result["predictions"])
        return (shares, result["picture"]) if "picture" in result else (shares,)
    if "target" in first:
        return (", ".join(map(_number, result["predictions"])),)
    if "label" not in first:
        return (", ".join(f"{name} {value:.4g}" for name, value in first.items()),)
    also = ", ".join(f"{o['label']} {o['probability']:.1%}" for o in others[: top - 1])
    return shown_label(result), f"{first['probability']:.1%}", also


def _voice(item: dict[str, Any]) -> tuple[str, str, str]:
    """Write a decision with its score and threshold.

    >>> _voice({"same_speaker": True, "score": 0.7312, "threshold": 0.5})
    ('yes', '0.731', '0.500')
    """
    answer = {True: "yes", False: "no", None: "not decided"}[item["same_speaker"]]
    limit = item["threshold"]
    return answer, f"{item['score']:.3f}", "none" if limit is None else f"{limit:.3f}"


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
