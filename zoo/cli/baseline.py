"""`zoo baseline`."""

from typing import Annotated, Any

import typer

from zoo.cli import options
from zoo.cli.output import console, show_json, show_table


def baseline_command(
    data: options.Data,
    arguments: options.LoaderArguments = None,
    download: options.Download = False,
    data_dir: options.DataDir = None,
    skip_corrupt: Annotated[
        bool, typer.Option("--skip-corrupt", help="Leave unreadable files out.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Score simple models of scikit-learn on a dataset: what a network has to beat.

    The majority class, and for images logistic regression on pixels and on gradients, for texts on
    TF-IDF with a naive-Bayes SVM beside it, for sounds on log-mel. For several labels one regression
    each; for numbers the mean and ridge regression; for texts without labels the frequencies of
    characters. It takes seconds, a minute for large data, of which a part is fitted.
    Strengths are chosen on the validation split; the test split is only scored. `zoo train` puts the
    same table into its report.

    [bold]Examples[/bold]

    zoo baseline digits

    zoo baseline ./photos --json

    zoo baseline ./reviews.csv text_column=review label_column=stars

    zoo baseline ./cells.csv file_column=file target_column=cells
    """
    from recipes.baseline.beside import baseline

    given = options.loader_arguments(arguments or (), "baseline")
    where = {"data_dir": data_dir, "download": download, "skip_corrupt": skip_corrupt}
    result = baseline(data, **where, **given)
    if json:
        show_json(result)
        return
    show_models(result)


def show_models(result: dict[str, Any]) -> None:
    """Print the table of simple models and its notes."""
    from zoo.catalog.metrics import CLASSIFICATION, LANGUAGE, MULTILABEL, REGRESSION
    from zoo.metrics.base import metric_named

    known = (*CLASSIFICATION, *LANGUAGE, *MULTILABEL, *REGRESSION)
    metric = metric_named(result["metric"], known)
    rows = []
    for model in result["models"]:
        entry = model["metrics"][metric.name]
        told, seconds = model["told"] or "–", f"{model['seconds']:.1f} s"
        rows.append((model["name"], metric.text(entry["value"]), metric.span(entry), seconds, told))
    columns = ("model", metric.label.lower(), "95 % interval", "time", "how it was fitted")
    title = f"{result['data']}: {result['examples']:,} {result['split']} examples"
    show_table(title, columns, rows, spare=2)
    for note in result["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
