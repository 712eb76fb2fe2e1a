"""`zoo evaluate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli import answer_options as answers
from zoo.cli import complete, options
from zoo.cli.output import console, counted, show_json, show_metrics

Predictions = Annotated[
    Path | None,
    typer.Option(help="Write every answer with its truth to a new .csv or .jsonl file."),
]
SaveMistakes = Annotated[
    Path | None, typer.Option(help="Write wrongly answered examples to a new or empty folder.")
]


def evaluate_command(
    target: Annotated[
        str,
        typer.Argument(
            help="A run directory, weight or recipe name.", autocompletion=complete.targets
        ),
    ],
    data: Annotated[
        str | None,
        typer.Option(help="Where the run's data is now, or other data with the same classes."),
    ] = None,
    data_dir: options.DataDir = None,
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 256,
    predictions: Predictions = None,
    save_mistakes: SaveMistakes = None,
    most: Annotated[int, typer.Option(help="Mistakes that are saved.", min=1)] = 100,
    tta: answers.Tta = 0,
    calibrated: answers.Calibrated = False,
    temperature: answers.Temperature = None,
    json: options.Json = False,
) -> None:
    """Score a trained model on its whole test split, with intervals.

    The test split is the one that the run was tested on, even if the data has grown since. With --data
    it is looked up there; data without it is scored as other data. --calibrated fits a temperature on
    validation if training did not.

    [bold]Examples[/bold]

    zoo evaluate runs/image-digits-cnn-1

    zoo evaluate runs/pets-1 --data /mnt/pets --predictions answers.csv --save-mistakes mistakes

    zoo evaluate cnn_small.digits --calibrated --json
    """
    from recipes.runs.mistakes import check_mistakes
    from recipes.runs.mistakes import save_mistakes as save
    from recipes.runs.predictions import check_predictions, write_predictions
    from recipes.runs.run import load

    run = load(target)
    if predictions is not None:
        check_predictions(predictions, run.assets)
    if save_mistakes is not None:
        check_mistakes(save_mistakes, run.assets)
    how: dict[str, Any] = {"batch_size": batch_size, "tta": tta}
    how["calibrated"] = answers.temperature_asked(calibrated, temperature)
    found = run.scored(data=data, data_dir=data_dir, **how)
    result = found.result_of(run, data=data)
    if predictions is not None:
        write_predictions(predictions, found, run.assets)
        result["predictions"] = str(predictions)
    if save_mistakes is not None:
        wrong = save(save_mistakes, found, run.assets, most=most)
        result["mistakes"] = {"folder": str(save_mistakes), "wrong": wrong}
    if json:
        show_json(result)
    else:
        _show(result, run, most=most)


def _show(result: dict[str, Any], run: Any, *, most: int) -> None:
    console.print(f"{result['name']}: {result['examples']:,} test examples")
    for note in result["notes"]:
        console.print(f"note: {note}", soft_wrap=True)
    show_metrics(result["metrics"], run.task.metrics)
    if "temperature" in result:
        console.print(f"\n{_told(result)}", soft_wrap=True)
    if "predictions" in result:
        console.print(f"\npredictions  {result['predictions']}", soft_wrap=True)
    if "mistakes" in result:
        wrong, folder = result["mistakes"]["wrong"], result["mistakes"]["folder"]
        kept = f", {most} of them" if wrong > most else ""
        console.print(f"\n{counted(wrong, 'mistake')}{kept}: {folder}", soft_wrap=True)


def _told(result: dict[str, Any]) -> str:
    """Say what the temperature did to the test examples."""
    temperature, before = result["temperature"], result["uncalibrated"]
    after = {name: result["metrics"][name]["value"] for name in before}
    fitted = temperature.get("examples")
    where = f", fitted on {fitted:,} validation examples" if fitted else ""
    return (
        f"temperature {temperature['value']:.4g}{where}: loss {before['loss']:.4f} → "
        f"{after['loss']:.4f}, ECE {100 * before['ece']:.2f} % → {100 * after['ece']:.2f} %; "
        "the answers are the same"
    )
