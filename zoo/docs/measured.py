"""Measurements of the scripts in benchmarks/, copied from the pages that they wrote."""

import re
from pathlib import Path

PAGES = Path(__file__).parents[2] / "benchmarks"


def measured(name: str) -> str:
    """Return the body of `benchmarks/NAME.md`, with the machine and the command in one sentence.

    The title and a picture at the end are left out, since the page that takes it over has its own, and
    headings go one level down. Other pictures are shown as from a page of `docs/hard`.

    Args:
        name: of the page, without its ending.
    """
    lines = (PAGES / f"{name}.md").read_text(encoding="utf-8").rstrip().splitlines()
    facts = {
        label: value
        for label, _, value in (line.removeprefix("- ").partition(": ") for line in lines)
        if label in ("Processor", "Versions", "Again")
    }
    body = [line for line in lines[1:] if not line.startswith("- ")]
    body = [line.replace("](../docs/figures/", "](../figures/") for line in body]
    text = "\n".join(f"#{line}" if line.startswith("## ") else line for line in body).strip()
    text = re.sub(r"\n+!\[[^\n]*$", "", text)  # a picture at the end
    processor = facts["Processor"].partition(", load")[0]
    versions = [v for v in facts["Versions"].split(", ") if v.split()[0] in ("tensorflow", "keras")]
    return f"{text}\n\nMeasured on {processor}; {', '.join(versions)}. Again: {facts['Again']}."
