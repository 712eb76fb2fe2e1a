"""Options that several commands share."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

import typer

from zoo.cli import complete
from zoo.errors import ArgumentError
from zoo.files import as_path

PATHS = (
    "--csv",
    "--jsonl",
    "--out",
    "--output",
    "--picture",
    "--predictions",
    "--run-dir",
    "--masks",
    "--save-mistakes",
    "--space",
    "--srt",
    "--study",
    "--vtt",
)
WRITTEN = {  # the option that says where a command writes
    "convert": "--out",
    "data": "--picture",
    "embed": "--output",
    "ensemble": "--output",
    "evaluate": "--predictions",
    "explain": "--output",
    "export": "--output",
    "finetune": "--run-dir",
    "predict": "--csv",
    "start": "--run-dir",
    "train": "--run-dir",
    "tune": "--study",
}

CheckpointMinutes = Annotated[
    float, typer.Option(help="Epochs that take longer have checkpoints inside them.")
]
Data = Annotated[
    str,
    typer.Argument(
        help="A dataset's name, any TFDS name, a folder, or a table (.csv, .tsv, .jsonl).",
        autocompletion=complete.datasets,
    ),
]
DataDir = Annotated[str | None, typer.Option(help="Folder of TFDS data; TFDS_DATA_DIR by default.")]
Device = Annotated[str | None, typer.Option(help="cpu or gpu; a GPU if there is one.")]
Download = Annotated[bool, typer.Option("--download", help="Let TFDS download missing data.")]
LoaderArguments = Annotated[
    list[str] | None,
    typer.Argument(help="Loader arguments as key=value, such as text_column=review."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the run in --run-dir, bit for bit.")
]
SkipCorrupt = Annotated[
    bool,
    typer.Option(
        "--skip-corrupt", help="Leave unreadable files out and count them; a run remembers it."
    ),
]
Smoke = Annotated[
    bool, typer.Option("--smoke", help="Two short epochs on few examples, to test that all works.")
]

_OF_LOADING = ("name", "data_dir", "download", "skip_corrupt")  # not to be given as key=value


def loader_arguments(texts: Sequence[str], command: str) -> dict[str, Any]:
    """Return the loader's arguments from words as key=value.

    Raises:
        ArgumentError: one of them has an option of its own in `zoo COMMAND`.
    """
    from recipes.values.load import parse_overrides

    given = parse_overrides(texts)
    for key in given:
        if key in _OF_LOADING:
            raise ArgumentError(
                f"{key} cannot be given as key=value.",
                fix=f"zoo {command} --help shows how it is given",
            )
    return given


def check_paths(words: Sequence[str]) -> None:
    """Refuse an empty word after an option that takes a path.

    Typer makes paths of words before a command sees them, and `Path("")` is the current folder.

    Raises:
        ArgumentError: there is one.

    >>> check_paths(["train", "my.yaml", "--run-dir", "runs/mine"])
    """
    for word, following in pairwise([*words, "-"]):
        option, equals, value = word.partition("=")
        if option in PATHS:
            as_path(value if equals else following)
