"""`zoo data`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli import complete, options
from zoo.cli.data_view import draw, facts_of, list_datasets, show_facts, show_findings
from zoo.cli.data_where import show_where
from zoo.cli.drift_table import Compare, show_comparison
from zoo.cli.output import console, show_json
from zoo.errors import ArgumentError, RunError

Name = Annotated[
    str | None,
    typer.Argument(
        help="A dataset's name, any TFDS name, a folder, or a table (.csv, .tsv, .jsonl).",
        autocompletion=complete.datasets,
    ),
]
Check = Annotated[
    bool, typer.Option("--check", help="Look for duplicates, imbalance and corrupt files.")
]
Where = Annotated[bool, typer.Option("--where", help="Show how to get the data.")]
Download = Annotated[bool, typer.Option("--download", help="Let TFDS download and prepare it.")]
SkipCorrupt = Annotated[bool, typer.Option("--skip-corrupt", help="Leave unreadable files out.")]
Picture = Annotated[
    Path | None,
    typer.Option(
        help="File for the picture of samples, zoo-data-NAME.png by default; with --compare for "
        "that of the differences."
    ),
]


def data_command(
    name: Name = None,
    arguments: options.LoaderArguments = None,
    check: Check = False,
    where: Where = False,
    download: Download = False,
    data_dir: options.DataDir = None,
    skip_corrupt: SkipCorrupt = False,
    picture: Picture = None,
    compare: Compare = None,
    json: options.Json = False,
) -> None:
    """Show a dataset's splits, classes, licence and samples; without a name, list datasets.

    With --check, the exit code is 1 if a finding would make results wrong.

    [bold]Examples[/bold]

    zoo data digits

    zoo data ./photos --check

    zoo data ./reviews.csv text_column=review label_column=stars

    zoo data fashion_mnist --where

    zoo data ./photos --compare ./new_photos
    """
    if name is None:
        if check or where or download or picture or compare:
            raise ArgumentError("No dataset was named.", fix="zoo data shows the names")
        list_datasets(json=json)
        return
    if compare is not None:
        refused = {"key=value": arguments, "--check": check, "--where": where}
        refused |= {"--download": download, "--skip-corrupt": skip_corrupt}
        how = {"refused": refused, "data_dir": data_dir, "picture": picture, "json": json}
        show_comparison(name, compare, **how)
        return
    if where:
        show_where(name, json=json)
        return
    if picture is not None and picture.exists():
        raise RunError(f"{picture} already exists; it was not changed.", fix="give another name")
    given = {
        "data_dir": data_dir,
        "download": download,
        **options.loader_arguments(arguments or (), "data"),
    }
    dataset, report = _load(name, check=check, skip_corrupt=skip_corrupt, **given)
    _show(dataset, report, picture=picture, json=json)
    if report and not report.ok:
        raise typer.Exit(1)


def _show(dataset: Any, report: Any, *, picture: Path | None, json: bool) -> None:
    from recipes.report.samples import has_picture

    path = picture or Path(f"zoo-data-{Path(dataset.name).name or 'folder'}.png")
    drawn = picture is not None or (has_picture(dataset) and not json)
    told = draw(dataset, path, asked_for=picture is not None) if drawn else ""
    facts = facts_of(dataset)
    if json:
        show_json(facts | ({"checks": report.to_dict()} if report else {}))
        return
    show_facts(facts, dataset.remarks())
    if report:
        show_findings(report)
    if told:
        console.print(told, soft_wrap=True)


def _load(name: str, *, check: bool, skip_corrupt: bool, **given: Any) -> tuple[Any, Any]:
    """Return the dataset, and a report on it or None."""
    from zoo.data.load import load_dataset

    if not check:
        return load_dataset(name, skip_corrupt=skip_corrupt, **given), None
    from zoo.data.checks import check_dataset

    # Unreadable files are left out so that the report names all, where loading stops at the first.
    dataset = load_dataset(name, skip_corrupt=True, **given)
    return dataset, check_dataset(dataset, skipped_are_errors=not skip_corrupt)
