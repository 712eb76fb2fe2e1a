"""How `zoo data` shows the catalog, a dataset and what a check found."""

from typing import Any

from zoo import registry
from zoo.cli.output import console, show_json, show_table


def list_datasets(*, json: bool) -> None:
    """Print the catalog of datasets."""
    cards = registry.list_datasets()
    if json:
        keys = ("name", "source", "modality", "task", "licence", "homepage", "summary")
        show_json([{key: getattr(card, key) for key in keys} for card in cards])
        return
    rows = [(c.name, c.source, c.task, c.licence, c.summary) for c in cards]
    columns = ("name", "source", "task", "licence", "what")
    show_table(f"{len(rows)} datasets, and any TFDS image set or folder", columns, rows)


def facts_of(dataset: Any) -> dict[str, Any]:
    """Return what is shown of a `zoo.data.dataset.Dataset`, as JSON values."""
    return {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "classes": list(dataset.classes),
        "counts": dataset.counts(),
        "fingerprint": dataset.fingerprint,
        "skipped": list(dataset.skipped),
        "notes": list(dataset.notes),
    }


def show_facts(facts: dict[str, Any]) -> None:
    """Print counts by split and class, licence, fingerprint and notes."""
    splits = list(facts["counts"])
    rows = [
        (label, *(facts["counts"][split][i] for split in splits))
        for i, label in enumerate(facts["classes"])
    ]
    rows.append(("all", *(sum(facts["counts"][split]) for split in splits)))
    title = f"{facts['name']} ({facts['source']}), licence: {facts['licence']}"
    show_table(title, ("class", *splits), rows)
    console.print(f"fingerprint {facts['fingerprint']}")
    for note in facts["notes"]:
        console.print(note, soft_wrap=True)
    if facts["skipped"]:
        names = ", ".join(facts["skipped"][:5])
        text = f"{len(facts['skipped'])} unreadable file(s) left out: {names}"
        console.print(text, soft_wrap=True)


def show_findings(report: Any) -> None:
    """Print the findings of a `zoo.data.checks.Report`, errors first."""
    console.print()
    if not report.findings:
        console.print("checks: nothing found")
        return
    rows = [
        (item.severity, "\n".join([item.message, *item.examples]), item.fix)
        for item in report.findings
    ]
    show_table("checks", ("severity", "finding", "what to do"), rows)
