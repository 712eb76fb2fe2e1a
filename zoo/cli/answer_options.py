"""Options of the commands that let a model answer: how it is asked, and which answers are listed."""

from pathlib import Path
from typing import Annotated

import typer

from zoo.errors import ArgumentError

Calibrated = Annotated[
    bool,
    typer.Option(
        "--calibrated",
        help="Use the temperature that was fitted on validation; answers stay the same.",
    ),
]
Column = Annotated[
    str | None,
    typer.Option(
        "--column",
        "--text-column",
        help="The column of a table that holds the texts, or names the files beside it.",
    ),
]
Csv = Annotated[Path | None, typer.Option(help="Write the first answers to a new CSV file.")]
Jsonl = Annotated[
    Path | None,
    typer.Option(
        help="Write one JSON object per input to a new file, as they come; - prints them."
    ),
]
Enrol = Annotated[
    list[str] | None,
    typer.Option(
        help="Recordings of one person, up to the next option; what follows --test is compared with "
        "them."
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        help="Answers below this probability are uncertain; of several labels those above it are "
        "given. With --enrol, scores above it are of the same person."
    ),
]
Temperature = Annotated[
    float | None, typer.Option(help="Divide logits by this number, in place of --calibrated.")
]
TemperatureOrTranscripts = Annotated[
    float | None,
    typer.Option(
        help="Divide logits by this number, in place of --calibrated. Speech is transcribed at it "
        "alone, 0 to 1: 0 takes the likeliest words. Unless given, half a minute whose text repeats "
        "itself or is unsure is transcribed again at 0.2, 0.4, … 1."
    ),
]
Tta = Annotated[
    int,
    typer.Option(
        min=0, help="Average over so many views of each image, by the recipe's own crops and flips."
    ),
]
Top = Annotated[
    int | None, typer.Option(min=1, help="Classes that are listed; five, and three in the table.")
]
AllowKerasFile = Annotated[
    bool,
    typer.Option(
        "--allow-keras-file",
        help="TARGET is a .keras image classifier that you trust; loading it can run code.",
    ),
]


Language = Annotated[
    str | None,
    typer.Option(help='Code of what is spoken, such as "en"; found by the model unless given.'),
]
Vad = Annotated[
    bool, typer.Option(help="Transcribe only where silero_vad_16k.silero finds speech.")
]
Beam = Annotated[
    int | None,
    typer.Option(
        help="Write N transcripts side by side and take the likeliest; 5 is usual. 1, the default, "
        "takes the likeliest token at each place.",
        metavar="N",
    ),
]
PreviousText = Annotated[
    bool,
    typer.Option(
        "--previous-text",
        help="Give each half minute of a recording the text before it. Names and style stay the "
        "same, but mistakes go on too.",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(help="Of a transcript's tokens that are drawn, at temperatures above 0.", min=0),
]
Srt = Annotated[Path | None, typer.Option(help="Write a transcript as SubRip subtitles.")]
Vtt = Annotated[Path | None, typer.Option(help="Write a transcript as WebVTT subtitles.")]


def temperature_asked(calibrated: bool, temperature: float | None) -> bool | float:
    """Return what Python calls `calibrated`, from the two options.

    Raises:
        ArgumentError: both are given.
    """
    if calibrated and temperature is not None:
        raise ArgumentError(
            "--calibrated and --temperature both choose a temperature.", fix="give one of them"
        )
    return calibrated if temperature is None else temperature
