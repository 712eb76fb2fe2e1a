"""`zoo data`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo import registry
from zoo.cli.output import console, show_json, show_table
from zoo.errors import RunError


def data_command(
    name: Annotated[
        str | None, typer.Argument(help="A dataset's name, any TFDS name, or a folder.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Look for duplicates, imbalance and corrupt files.")
    ] = False,
    where: Annotated[bool, typer.Option("--where", help="Say how to get it.")] = False,
    download: Annotated[
        bool, typer.Option("--download", help="Let TFDS fetch and prepare it.")
    ] = False,
    data_dir: Annotated[
        str | None, typer.Option(help="Where TFDS data lies; TFDS_DATA_DIR otherwise.")
    ] = None,
    skip_corrupt: Annotated[
        bool, typer.Option("--skip-corrupt", help="Leave unreadable files out.")
    ] = False,
    picture: Annotated[
        Path | None, typer.Option(help="Where the picture of samples goes; a name of ours if left.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show a dataset's splits, classes, licence and samples; without a name, list datasets."""
    if name is None:
        _list(json=json)
        return
    if where:
        _where(name, json=json)
        return
    from zoo.data.load import load_dataset

    dataset = load_dataset(name, data_dir=data_dir, download=download, skip_corrupt=skip_corrupt)
    facts = {
        "name": dataset.name,
        "source": dataset.source,
        "licence": dataset.licence,
        "classes": list(dataset.classes),
        "counts": dataset.counts(),
        "fingerprint": dataset.fingerprint,
        "skipped": list(dataset.skipped),
        "notes": list(dataset.notes),
    }
    report = None
    if check:
        from zoo.data.checks import check_dataset

        report = check_dataset(dataset)
        facts["checks"] = report.to_dict()
    if json:
        show_json(facts)
    else:
        _show(facts)
        if report is not None:
            _show_findings(report)
        path = picture or Path(f"zoo-data-{Path(name).name.replace('/', '-') or 'folder'}.png")
        _picture(dataset, path, asked=picture is not None)
    if report is not None and any(item.severity == "error" for item in report.findings):
        raise typer.Exit(1)


def _list(*, json: bool) -> None:
    cards = registry.list_datasets()
    if json:
        keys = ("name", "source", "modality", "task", "licence", "homepage", "summary")
        show_json([{key: getattr(card, key) for key in keys} for card in cards])
        return
    rows = [(c.name, c.source, c.task, c.licence, c.summary) for c in cards]
    columns = ("name", "source", "task", "licence", "what")
    show_table(f"{len(rows)} datasets, and any TFDS image set or folder", columns, rows)


def _where(name: str, *, json: bool) -> None:
    cards = {card.name: card for card in registry.list_datasets()}
    card = cards.get(name)
    if card and card.source == "embedded":
        text = f"{name} comes with kerazoo; nothing is to be fetched."
    elif Path(name).is_dir():
        text = f"{name} is a folder on this machine."
    else:
        text = (
            f"{name} is read through TensorFlow Datasets from TFDS_DATA_DIR or --data-dir. "
            f"Fetch it once with: zoo data {name} --download"
        )
    homepage = card.homepage if card else ""
    if json:
        show_json({"name": name, "where": text, "homepage": homepage})
    else:
        console.print(text, homepage, highlight=False, soft_wrap=True)


def _show(facts: dict[str, Any]) -> None:
    splits = list(facts["counts"])
    rows = [
        (label, *(facts["counts"][split][i] for split in splits))
        for i, label in enumerate(facts["classes"])
    ]
    rows.append(("all", *(sum(facts["counts"][split]) for split in splits)))
    title = f"{facts['name']} ({facts['source']}), licence: {facts['licence']}"
    show_table(title, ("class", *splits), rows)
    console.print(f"fingerprint {facts['fingerprint']}", highlight=False)
    for note in facts["notes"]:
        console.print(note, highlight=False, soft_wrap=True)
    if facts["skipped"]:
        console.print(f"{len(facts['skipped'])} files skipped: {', '.join(facts['skipped'][:5])}")


def _show_findings(report: Any) -> None:
    console.print()
    rows = [(item.severity, item.message, item.fix) for item in report.findings]
    show_table("checks", ("severity", "finding", "what to do"), rows)


def _picture(dataset: Any, path: Path, *, asked: bool) -> None:
    from recipes.report.samples import save_samples

    if asked and path.exists():
        raise RunError(f"{path} exists already; it was left as it is.", fix="give another name")
    save_samples(dataset, path)
    console.print(f"samples  {path}", highlight=False, soft_wrap=True)
