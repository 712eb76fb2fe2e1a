"""What `zoo explain` writes: pictures in a folder, coloured tokens and tables on the terminal."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.cli.output import console, show_table

TOLERANCE = 0.01  # of a sum
FEW = 10  # test examples
FEW_EXAMPLES = "so few examples say little: two standard errors of them are exceeded by chance too."
LONGEST_NAME = 40  # characters of a file's name
NOTE = (
    "note: a baseline scores higher than its input, so most numbers speak against the class. "
    "Another --baseline, or grad_cam, which needs none, may say more."
)
CHECKED = (
    "A method may be believed if its deletion curve beats a random order by more than two standard "
    "errors, its maps do not resemble those of random weights (rank correlation at most 0.2), and its "
    "numbers add up within 1 % where it promises so."
)
NOT_COMPLETE = (
    "note: numbers of an input do not add up within 1 %: the network is too rough for this method. "
    "--method kernel_shap or occlusion takes no gradients."
)


def write_pictures(found: Sequence[Any], output: Path | None, name: str) -> list[list[Path]]:
    """Draw all explanations into one folder; return the files of each."""
    from zoo.files import make_folder, reserve

    folder = output or reserve(Path("explanations"), _slug(Path(name).name))
    make_folder(folder)
    return [
        subject.write(one, folder, f"{number:02d}-{_slug(_name_of(one))}")
        for number, (subject, one) in enumerate(found, start=1)
    ]


def _name_of(found: Any) -> str:
    file = found.source.get("file")
    return Path(file).stem if file else found.source.get("text", "input")


def _slug(text: str) -> str:
    """Return a text as part of a file's name."""
    return re.sub(r"[^\w.]+", "-", text)[:LONGEST_NAME].strip("-.") or "input"


def show(found: Sequence[Any], written: Sequence[Sequence[Path]]) -> None:
    """Print tokens in colour, then a line for each explanation with its pictures."""
    from recipes.explanations.drawing import token_colours

    for one in found:
        if one.tokens is not None:
            for (word, style), number in zip(token_colours(one), one.attribution, strict=True):
                told = f"{word} {number:+.3g}" if "inputs" in one.source else word
                console.print(told, style=style, end=" ")
            console.print()
    rows = [
        (_name_of(one), one.label, f"{one.score:.3g}", *_against(one), ", ".join(map(str, files)))
        for one, files in zip(found, written, strict=True)
    ]
    columns = ("input", "class", "logit", "of the baseline", "sum is off by", "pictures")
    show_table(found[0].method, columns, rows)
    if any(one.baseline and one.baseline_score > one.score for one in found):
        console.print(NOTE, soft_wrap=True)
    if any((one.completeness or 0) > TOLERANCE for one in found):
        console.print(NOT_COMPLETE, soft_wrap=True)


def _against(found: Any) -> tuple[str, str]:
    """Return the logit of the baseline, and by what share the numbers fail to add up."""
    score = "–" if found.baseline is None else f"{found.baseline_score:.3g}"
    off = "–" if found.completeness is None else f"{100 * found.completeness:.2f} %"
    return score, off


def show_checks(found: dict[str, Any]) -> None:
    """Print a row for each method, and what may be believed."""
    rows = [
        (
            one["method"],
            "yes" if one["believe"] else "no: " + "; ".join(one["faults"]),
            "–" if one["completeness"] is None else f"{100 * one['completeness']:.2f} %",
            f"{one['deletion']['value']:.3f}",
            _with_error(one["deletion_gain"]),
            _with_error(one["insertion_gain"]),
            f"{one['correlation']['value']:.2f}",
            f"{one['sensitivity']['value']:.2f}",
        )
        for one in found["methods"]
    ]
    columns = ("method", "believe it", "sum is off by", "deletion", "gain on random")
    columns += ("insertion gain", "random weights", "noise")
    title = (
        f"{found['name']}: {found['examples']} test examples; a random order has a deletion area of "
        f"{found['random']['deletion']:.3f}"
    )
    show_table(title, columns, rows, spare=6)
    for name, why in found["left_out"].items():
        console.print(f"left out: {name} ({why})", soft_wrap=True)
    console.print(f"\n{CHECKED}", soft_wrap=True)
    if found["examples"] < FEW:
        console.print(f"note: {FEW_EXAMPLES}", soft_wrap=True)
    if "picture" in found:
        console.print(f"\npicture      {found['picture']}", soft_wrap=True)


def _with_error(mean: dict[str, float]) -> str:
    return f"{mean['value']:+.3f} ± {mean['error']:.3f}"
