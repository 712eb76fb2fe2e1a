"""What `zoo evaluate --abstain` prints."""

from collections.abc import Mapping
from typing import Any

from zoo.cli.output import console


def show_abstention(found: Mapping[str, Any]) -> None:
    """Print the promise, and coverage and error of the examples that were scored."""
    validation, where = found["validation"], next(k for k in ("test", "out of fold") if k in found)
    scored = found[where]
    console.print(
        f"\nabstain      {validation['accepted']:,} of {validation['examples']:,} validation examples "
        f"are accepted, {validation['wrong']:,} of them wrong; promised with a probability of "
        f"{found['confidence']:.0%}: at most {100 * found['error']:.4g} % wrong",
        soft_wrap=True,
    )
    for name in ("coverage", "error"):
        entry = scored[name]
        if entry["value"] is None:
            text = "–"
        else:
            text = f"{100 * entry['value']:.2f} %"
            if entry["low"] is not None:
                text += f" ({100 * entry['low']:.2f}–{100 * entry['high']:.2f})"
        words = "of the test examples are accepted" if name == "coverage" else "of these are wrong"
        console.print(f"             {text} {words}", soft_wrap=True)
    for note in found["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
