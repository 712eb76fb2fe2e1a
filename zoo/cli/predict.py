"""`zoo predict`."""

from typing import Annotated, Any

import typer

from zoo.cli import abstaining, candidates, complete, masks_option, options
from zoo.cli import answer_options as answers

Target = Annotated[
    str,
    typer.Argument(help="A run directory, weight or recipe name.", autocompletion=complete.targets),
]
Inputs = Annotated[
    list[str],
    typer.Argument(
        help="Files, folders, quoted patterns ('photos/**/*.jpg'), tables of texts or of file names "
        "(csv, tsv, jsonl), texts, or - for one text or path per line from standard input."
    ),
]


def predict_command(
    target: Target,
    inputs: Inputs,
    column: answers.Column = None,
    batch_size: Annotated[int, typer.Option(help="Of prediction.", min=1)] = 64,
    csv: answers.Csv = None,
    jsonl: answers.Jsonl = None,
    top: answers.Top = None,
    threshold: answers.Threshold = None,
    abstain: abstaining.Abstain = None,
    tta: answers.Tta = 0,
    calibrated: answers.Calibrated = False,
    temperature: answers.TemperatureOrTranscripts = None,
    enrol: answers.Enrol = None,
    among: candidates.Among = None,
    language: answers.Language = None,
    vad: answers.Vad = False,
    beam: answers.Beam = None,
    previous_text: answers.PreviousText = False,
    seed: answers.Seed = None,
    masks: masks_option.Masks = None,
    srt: answers.Srt = None,
    vtt: answers.Vtt = None,
    json: options.Json = False,
    allow_keras_file: answers.AllowKerasFile = False,
) -> None:
    """Predict images, sounds or texts with a trained model, or transcribe speech.

    Files of folders and rows of tables are predicted. Unreadable inputs give errors, and exit code 1.

    [bold]Examples[/bold]

    zoo predict runs/image-digits-cnn-1 seven.png --abstain 2%

    zoo predict runs/image-shapes-unet-1 photos/ --masks masks

    zoo predict whisper_base.openai talk.mp3 --beam 5 --srt talk.srt

    zoo predict runs/speech-an4_speakers-xvector-1 --enrol ann1.wav ann2.wav --test who.wav

    zoo predict runs/photos-captions photo.jpg --among 'a cat,a dog'
    """
    from zoo.cli.predict_output import Output
    from zoo.cli.subtitles import Subtitles

    speech = {"language": language, "vad": vad, "beam": beam, "seed": seed}
    subtitles = Subtitles(srt, vtt, speech | {"previous_text": previous_text})
    output = Output(csv, jsonl, json, top, subtitles)
    output.check()
    how = {"batch_size": batch_size, "column": column, "top": top, "threshold": threshold}
    how |= abstaining.asked(abstain, others=bool(enrol or among or allow_keras_file))
    more = {"tta": tta, "calibrated": answers.temperature_asked(calibrated, temperature)}
    if allow_keras_file:
        subtitles.refuse(target)
        results, texts = _foreign(target, inputs, how, more), False
    else:
        how |= more | {"masks": masks}
        results, texts = _answers(target, inputs, (enrol, among), subtitles, how)
    if output.give(results, texts=texts):
        raise typer.Exit(1)


def _answers(
    target: str, inputs: list[str], others: tuple[Any, Any], subtitles: Any, how: dict[str, Any]
) -> tuple[Any, bool]:
    """Return the results, and whether the inputs are texts; `others` are those to compare them with."""
    from recipes.runs.run import load
    from zoo.cli.inputs import inputs_of
    from zoo.cli.output import takes_words
    from zoo.cli.voices import compared

    masks = how.pop("masks")
    for given, method in zip(others, (compared, candidates.chosen), strict=True):
        if given and candidates.alone(others):
            subtitles.refuse(target)
            return method(target, given, inputs, keep_going=True, **how), False
    run = load(target)
    texts = takes_words(run)
    paths = inputs_of(inputs, texts=texts)
    usual = subtitles.method(run, paths, column=how["column"])
    method = masks_option.method(run, masks, usual)
    return method(paths, keep_going=True, **abstaining.chosen(run, how)), texts


def _foreign(target: str, inputs: list[str], how: dict[str, Any], more: dict[str, Any]) -> Any:
    from recipes.runs.foreign import load_keras_file
    from zoo.cli.inputs import inputs_of
    from zoo.errors import ArgumentError

    if more["tta"] or more["calibrated"] is not False:
        raise ArgumentError(
            f"{target} does not say how it was trained: no --tta, --calibrated or --temperature.",
            fix="leave them out",
        )
    paths = inputs_of(inputs, texts=False)
    return load_keras_file(target).predict(paths, keep_going=True, **how)
