"""How `zoo data` shows the catalog, a dataset and the findings of a check."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo import registry
from zoo.cli.output import console, show_json, show_table
from zoo.cli.packages import with_packages
from zoo.errors import WriteError
from zoo.shelves import origin_of


def list_datasets(*, json: bool) -> None:
    """Print the catalog of datasets."""
    cards = registry.list_datasets()
    if json:
        keys = ("name", "source", "modality", "task", "licence", "homepage", "summary")
        show_json(
            [{key: getattr(c, key) for key in keys} | {"package": origin_of(c)} for c in cards]
        )
        return
    rows = [(c.name, c.source, c.task, c.licence, c.summary) for c in cards]
    columns = ("name", "source", "task", "licence", "what")
    columns, rows = with_packages(columns, rows, [origin_of(c) for c in cards])
    title = f"{len(rows)} datasets, and any other TFDS set, folder or table"
    show_table(title, columns, rows, spare=2, cut=True)


def facts_of(dataset: Any) -> dict[str, Any]:
    """Return what is shown of a `zoo.data.dataset.Dataset`, as JSON values."""
    from recipes.report.samples import text_samples

    rates = [getattr(column, "sample_rate_hz", None) for column in dataset.features.values()]
    rate = max(filter(None, rates), default=None)
    return {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "columns": {name: feature.kind for name, feature in dataset.features.items()},
        "sample_rate_hz": rate,
        "classes": list(dataset.classes),
        "counts": dataset.counts(),
        "sizes": {name: _sizes(split, dataset.features) for name, split in dataset.splits.items()},
        "fingerprint": dataset.fingerprint,
        "skipped": list(dataset.skipped),
        "notes": list(dataset.notes),
        "samples": text_samples(dataset),
    }


def draw(dataset: Any, path: Path, *, asked_for: bool) -> str:
    """Write the picture of samples; return the line that says where it is, or why there is none.

    Raises:
        WriteError: it was asked for and cannot be written.
    """
    from recipes.report.samples import save_samples

    try:
        save_samples(dataset, path)
    except WriteError as error:
        if asked_for:
            raise
        return f"note: there is no picture of samples. {error.problem}"
    return f"samples  {path}"


def _sizes(split: Any, features: Any) -> dict[str, float]:
    """Return what a split holds besides examples, as far as nothing is decoded for it."""
    amounts = [
        column.amount(split.columns[name])
        for name, column in features.items()
        if name in split.columns and name not in split.decode
    ]
    return dict(amount for amount in amounts if amount)


def show_facts(facts: dict[str, Any], remarks: Sequence[str]) -> None:
    """Print counts by split and class, licence, fingerprint, remarks, and samples of texts."""
    splits = list(facts["counts"])
    rows = [
        (label, *(facts["counts"][split][i] for split in splits))
        for i, label in enumerate(facts["classes"])
    ]
    rows.append(("all", *(sum(facts["counts"][split]) for split in splits)))
    for size in facts["sizes"][splits[0]]:
        rows.append((size, *(_amount(facts["sizes"][split].get(size)) for split in splits)))
    title = f"{facts['name']} ({facts['source']}), licence: {facts['licence']}"
    show_table(title, ("class" if facts["classes"] else "", *splits), rows)
    if facts["sample_rate_hz"]:
        console.print(f"sample rate {facts['sample_rate_hz']} Hz")
    console.print(f"fingerprint {facts['fingerprint']}")
    for remark in remarks:
        console.print(remark, soft_wrap=True)
    if facts["samples"]:
        console.print()
        columns = ("class", "text") if facts["classes"] else ("", "")
        show_table("samples of train", columns, facts["samples"])


def _amount(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


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
