"""What `zoo explain RUN --shortcuts` prints."""

from collections.abc import Sequence
from typing import Any

from zoo.cli.output import console, show_json, show_table


def show_shortcuts(target: str, *, json: bool) -> None:
    """Search a run for shortcuts and print the strongest suspect of each class."""
    from recipes.explanations.shortcuts import find_shortcuts

    found = find_shortcuts(target)
    if json:
        show_json(found)
        return
    columns = ("class", "strongest part", "share", "way", "placebo", "flipped", "kept", "shortcut")
    show_table("strongest part of each class", columns, [_row(one) for one in found], spare=1)
    console.print(f"\n{_verdict(found)}", soft_wrap=True)


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    numbers = (f"{found[name]:.0%}" for name in ("share", "way", "placebo", "flipped", "kept"))
    return found["label"], found["where"], *numbers, "yes" if found["is_shortcut"] else "no"


def _verdict(found: Sequence[dict[str, Any]]) -> str:
    """Say in a sentence what was found."""
    if not found:
        return "No class has four examples that are answered rightly: there is too little to test."
    named = [one["label"] for one in found if one["is_shortcut"]]
    if not named:
        return "No small part of the inputs alone decides for a class."
    return (
        f"A small part of the input alone makes the model answer {', '.join(named)}. share: of what "
        "speaks for the class; way: how far the part takes examples of other classes (100% is "
        "undecided), and the placebo; flipped: how many are then taken for the class; kept: how many of "
        "its own are recognized without the part."
    )
