"""`zoo data`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo import registry
from zoo.cli import complete
from zoo.cli.data_view import facts_of, list_datasets, show_facts, show_findings
from zoo.cli.output import console, show_json
from zoo.errors import ArgumentError, DataError, RunError


def data_command(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A dataset's name, any TFDS name, or a folder.", autocompletion=complete.datasets
        ),
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
    """Show a dataset's splits, classes, licence and samples; without a name, list datasets.

    With --check the exit code is 1 where something makes results wrong.

    [bold]Examples[/bold]

    zoo data digits

    zoo data ./photos --check

    zoo data fashion_mnist --where
    """
    if name is None:
        if check or where or download or picture:
            raise ArgumentError("No dataset was named.", fix="zoo data shows the names")
        list_datasets(json=json)
        return
    if where:
        _where(name, json=json)
        return
    if picture is not None and picture.exists():
        raise RunError(f"{picture} exists already; it was left as it is.", fix="give another name")
    dataset, report = _load(
        name, check=check, skip_corrupt=skip_corrupt, data_dir=data_dir, download=download
    )
    if json:
        show_json(facts_of(dataset) | ({"checks": report.to_dict()} if report else {}))
    else:
        show_facts(facts_of(dataset))
        if report:
            show_findings(report)
    if picture is not None or not json:
        _picture(dataset, picture or Path(f"zoo-data-{Path(name).name or 'folder'}.png"), json=json)
    if report and not report.ok:
        raise typer.Exit(1)


def _where(name: str, *, json: bool) -> None:
    card = next((card for card in registry.list_datasets() if card.name == name), None)
    if card and card.source == "embedded":
        text = f"{name} comes with kerazoo; nothing is to be fetched."
    elif card:
        text = (
            f"{name} is read through TensorFlow Datasets from TFDS_DATA_DIR or --data-dir. "
            f"Fetch it once with: zoo data {name} --download"
        )
    elif Path(name).expanduser().is_dir():
        text = f"{name} is a folder on this machine."
    elif name.startswith((".", "/", "~")):
        raise DataError(f"There is no folder {name}.", fix="check the path")
    else:
        text = (
            f"{name} is not in kerazoo's own list. If TensorFlow Datasets knows it, "
            f"fetch it once with: zoo data {name} --download"
        )
    homepage = card.homepage if card else ""
    if json:
        show_json({"name": name, "where": text, "homepage": homepage})
    else:
        console.print(text, homepage, soft_wrap=True)


def _load(name: str, *, check: bool, skip_corrupt: bool, **where: Any) -> tuple[Any, Any]:
    """Return the dataset, and a report on it or None."""
    from zoo.data.load import load_dataset

    if not check:
        return load_dataset(name, skip_corrupt=skip_corrupt, **where), None
    from zoo.data.checks import check_dataset

    # Unreadable files are left out so that the report names all, where loading stops at the first.
    dataset = load_dataset(name, skip_corrupt=True, **where)
    return dataset, check_dataset(dataset, skipped_are_errors=not skip_corrupt)


def _picture(dataset: Any, path: Path, *, json: bool) -> None:
    from recipes.report.samples import save_samples

    save_samples(dataset, path)
    if not json:
        console.print(f"samples  {path}", soft_wrap=True)
