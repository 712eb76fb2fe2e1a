"""The Free Spoken Digit Dataset (Jackson 2016): English digits by five speakers, 8 kHz, from TFDS."""

import os
import re
from collections.abc import Sequence

import numpy as np

from zoo.catalog.datasets import DATASETS
from zoo.columns import Audio, Label
from zoo.data.dataset import Dataset, Split
from zoo.data.tfds import read_columns
from zoo.errors import ArgumentError, DataError, nearest

SAMPLE_RATE_HZ = 8_000
TARGETS = ("digit", "speaker")
TEST_RECORDINGS = 5  # recordings 0 to 4 of each digit and speaker, as the authors divide

_DIGITS = tuple(str(digit) for digit in range(10))
_NAME = re.compile(r"(\d)_(\w+)_(\d+)\.wav")  # "7_theo_32.wav": digit, speaker, recording


def load(
    name: str = "spoken_digit",
    *,
    data_dir: str | os.PathLike | None = None,
    download: bool = False,
    target: str = "digit",
    held_out: str = "",
) -> Dataset:
    """Read the set that is prepared on this machine, or prepare it first.

    Args:
        name: as TFDS knows it.
        data_dir: where data sets are prepared; None takes TFDS_DATA_DIR, then TFDS's own default.
        download: fetch and prepare the set if it is missing.
        target: what to classify: "digit" (0..9) or "speaker" (of five).
        held_out: empty for the authors' split, recordings 0 to 4 for testing and 5 to 49 for
            training, so that every speaker is in both; or the speaker whose recordings are the test
            split, the others' being train: how well new voices are understood.

    Returns:
        audio float32 (samples,) in [-1, 1], 0.1 to 2.3 s, label int64; splits "train" and "test", no
        "validation". There is no column "group", because the authors' split is by recording and not
        by speaker, and so is what is carved from train for validation.

    Raises:
        ArgumentError: no such target or speaker, or a held-out speaker with the target speaker.
        DataError: not prepared, not downloadable, damaged, or files of another set.
    """
    _check(target, held_out)
    names, waves = recordings_of(name, data_dir=data_dir, download=download)
    digits, speakers, recordings = parts_of(names)
    known = tuple(sorted(set(speakers)))
    if held_out and held_out not in known:
        raise no_speaker(held_out, known)
    in_test = np.array([who == held_out for who in speakers])
    if not held_out:
        in_test = np.array(recordings) < TEST_RECORDINGS
    labels = digits if target == "digit" else [known.index(who) for who in speakers]
    everything = Split(
        {
            "audio": [(wave / 32768).astype("float32") for wave in waves],
            "label": np.array(labels, dtype="int64"),
        },
        names=names,
    )
    card = next(card for card in DATASETS if card.name == "spoken_digit")
    audio = Audio(SAMPLE_RATE_HZ)
    return Dataset(
        name="spoken_digit",
        splits={
            "train": everything.take(np.flatnonzero(~in_test)),
            "test": everything.take(np.flatnonzero(in_test)),
        },
        features={"audio": audio, "label": Label()},
        classes=_DIGITS if target == "digit" else known,
        licence=card.licence,
        source="tfds",
        homepage=card.homepage,
        notes=(_note(held_out, known),),
    )


def recordings_of(
    name: str, *, data_dir: str | os.PathLike | None, download: bool
) -> tuple[list[str], list[np.ndarray]]:
    """Return file names and 16-bit samples, in the order of the names."""
    columns = read_columns(name, ["audio", "audio/filename"], data_dir=data_dir, download=download)
    names = [file for split in columns.values() for file in split["audio/filename"]]
    waves = [wave for split in columns.values() for wave in split["audio"]]
    order = np.argsort(names, kind="stable")
    return [names[i] for i in order], [waves[i] for i in order]


def _check(target: str, held_out: str) -> None:
    if target not in TARGETS:
        raise ArgumentError(
            f"spoken_digit has no target {target!r}.",
            expected="digit or speaker",
            fix="set data.arguments.target to one of them",
        )
    if held_out and target == "speaker":
        raise ArgumentError(
            f"{held_out} cannot be recognized without being in train.",
            expected='held_out="" with the target speaker',
            fix="leave data.arguments.held_out out, or set target to digit",
        )


def no_speaker(held_out: str, known: Sequence[str]) -> ArgumentError:
    near = nearest(held_out, known)
    return ArgumentError(
        f"spoken_digit has no speaker {held_out!r}.",
        expected=f"nearest: {', '.join(near)}" if near else f"one of: {', '.join(known)}",
        fix=f"set data.arguments.held_out to one of: {', '.join(known)}",
    )


def parts_of(names: Sequence[str]) -> tuple[list[int], list[str], list[int]]:
    """Return digits, speakers and recordings by file name."""
    matches = [_NAME.fullmatch(name) for name in names]
    if None in matches or not matches:
        odd = names[matches.index(None)] if matches else "none"
        raise DataError(
            f"The files of spoken_digit are not those of the set: {odd}.",
            expected="names such as 7_theo_32.wav",
            fix="remove the prepared folder and run `zoo data spoken_digit --download`",
        )
    parts = [match.groups() for match in matches]
    return (
        [int(d) for d, _, _ in parts],
        [who for _, who, _ in parts],
        [int(r) for _, _, r in parts],
    )


def _note(held_out: str, known: Sequence[str]) -> str:
    if held_out:
        others = ", ".join(who for who in known if who != held_out)
        return f"The test split is all of {held_out}; train holds {others}."
    return (
        f"The authors' split: recordings 0 to {TEST_RECORDINGS - 1} of each digit and speaker are the "
        "test split. Every speaker is in train too: results say nothing of new voices."
    )
