"""`zoo compare`."""

from typing import Annotated, Any

import typer

from zoo.cli import complete, options
from zoo.cli.output import console, show_json, show_table


def compare_command(
    targets: Annotated[
        list[str],
        typer.Argument(
            help="Run directories, folders of ensembles, weight or recipe names.",
            autocompletion=complete.targets,
        ),
    ],
    data: Annotated[
        str | None, typer.Option(help="Other data with the same classes, to score all of them on.")
    ] = None,
    data_dir: options.DataDir = None,
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 256,
    json: options.Json = False,
) -> None:
    """Compare trained models on the same test examples, by paired tests.

    Every metric's difference has a paired bootstrap interval; classifiers have McNemar's exact test as
    well. Models that were tested on different examples are refused, unless --data names others.

    [bold]Examples[/bold]

    zoo compare runs/image-digits-cnn-1 runs/image-digits-cnn-2

    zoo compare runs/pets-1 runs/pets-2 --data ./more-pets --json
    """
    from recipes.comparison.compare import compare

    result = compare(*targets, data=data, data_dir=data_dir, batch_size=batch_size)
    if json:
        show_json(result)
        return
    _show(result)


def _show(result: dict[str, Any]) -> None:
    from zoo import registry
    from zoo.metrics.base import metric_named

    known = registry.task_card(result["task"]).metrics
    metrics = [metric_named(name, known) for name in result["metrics"]]
    rows = [
        (name, *(metric.text(result["metrics"][metric.name][i]) for metric in metrics))
        for i, name in enumerate(result["models"])
    ]
    columns = ("model", *(metric.name for metric in metrics))
    show_table(f"the same {result['drawn']}", columns, rows, spare=1)
    for pair in result["pairs"]:
        rows = []
        for metric in metrics:
            entry = pair["differences"][metric.name]
            value, span = metric.difference(entry["value"]), metric.difference_span(entry)
            rows.append((metric.name, value, span or "–", entry["method"] if span else "–"))
        title = f"{pair['first']} minus {pair['second']}"
        show_table(title, ("metric", "difference", "95 % interval", "method"), rows, spare=1)
        if pair["mcnemar"]:
            test = pair["mcnemar"]
            console.print(
                f"right where the other is wrong: {test['first_only']:,} and {test['second_only']:,} "
                f"examples; exact McNemar p = {test['p']:.2g}",
                soft_wrap=True,
            )
        console.print(f"\n{pair['verdict']}", soft_wrap=True)
    for note in result["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
