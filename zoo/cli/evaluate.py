"""`zoo evaluate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.cli import abstaining, complete, options
from zoo.cli import against_table as others
from zoo.cli import answer_options as answers
from zoo.cli import domain_table as domains
from zoo.cli import group_table as groups
from zoo.cli import shift_table as shifts
from zoo.cli.evaluate_extras import Extras
from zoo.cli.evaluate_files import check_files, written_files
from zoo.cli.evaluate_output import show_result
from zoo.cli.output import show_json
from zoo.cli.picture_option import Picture

Data = Annotated[
    str | None,
    typer.Option(help="Where the run's data is now, or other data with the same classes."),
]
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
    data: Data = None,
    data_dir: options.DataDir = None,
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 256,
    predictions: Predictions = None,
    save_mistakes: SaveMistakes = None,
    most: Annotated[int, typer.Option(help="Mistakes that are saved.", min=1)] = 100,
    tta: answers.Tta = 0,
    calibrated: answers.Calibrated = False,
    temperature: answers.Temperature = None,
    shift: shifts.Shift = None,
    examples: shifts.ShiftExamples = None,
    against: others.Against = None,
    abstain: abstaining.Abstain = None,
    beside_own: domains.BesideOwn = False,
    by: groups.By = None,
    picture: Picture = None,
    json: options.Json = False,
) -> None:
    """Score a trained model on its whole test split, with intervals.

    The test split is the one that the run was tested on, even if the data has grown since. With --data
    it is looked up there; data without it is scored as other data. --calibrated fits a temperature on
    validation if training did not.

    [bold]Examples[/bold]

    zoo evaluate runs/image-digits-cnn-1 --calibrated --json

    zoo evaluate runs/pets-1 --data /mnt/pets --predictions answers.csv --save-mistakes mistakes

    zoo evaluate cnn_small.digits --shift noise,blur --picture shift.png

    zoo evaluate cnn_small.digits --against digit_pairs,./photos --abstain 3%

    zoo evaluate ds_cnn_s.vowels --by group,length
    """
    from recipes.runs.run import load

    run = load(target)
    extras = Extras(beside_own, by, shift, examples, against, abstain, picture)
    extras.check(run, data=data, tta=tta)
    files = {"predictions": predictions, "mistakes": save_mistakes}
    check_files(run, **files)
    how: dict[str, Any] = {"data_dir": data_dir, "batch_size": batch_size, "tta": tta}
    how["calibrated"] = answers.temperature_asked(calibrated, temperature)
    found = run.scored(data=data, **how)
    result = found.result_of(run, data=data)
    result |= written_files(found, run, **files, most=most)
    result |= extras.measured(run, found, result, data=data, how=how)
    if json:
        show_json(result)
    else:
        show_result(result, run, most=most)
