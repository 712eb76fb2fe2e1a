"""Requirements on recordings and their transcripts; every message names the file or the line."""

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.columns import Audio, Transcript
from zoo.errors import ArgumentError, DataError, unknown_name
from zoo.layers.log_mel import LogMel
from zoo.metrics.transcripts import normalized
from zoo.subword_tokenizer import SubwordTokenizer
from zoo.tokenizers import CharacterTokenizer, Tokenizer

if TYPE_CHECKING:
    from zoo.data.dataset import Split

TOKENIZERS = ("character", "subword", "word")
LONGEST_SECONDS = 60

_FIX = "correct the transcript, or leave the recording out of the data"


def check_arguments(tokenizer: Any, max_seconds: Any) -> None:
    """Refuse tokenizers that transcripts do not have, and lengths out of range."""
    if tokenizer not in TOKENIZERS:
        fix = f"set task.arguments.tokenizer to one of {', '.join(TOKENIZERS)}"
        raise unknown_name("tokenizer of transcripts", str(tokenizer), TOKENIZERS, fix=fix)
    if isinstance(max_seconds, bool) or not 0 < max_seconds <= LONGEST_SECONDS:
        raise ArgumentError(
            f"max_seconds={max_seconds!r} is not a valid length.",
            expected=f"above 0, at most {LONGEST_SECONDS} seconds",
            fix="set task.arguments.max_seconds within that range",
        )


def check_texts(split: "Split", source: str, *, known: Tokenizer | None = None) -> None:
    """Refuse transcripts without words, and those with characters that training has never met.

    Args:
        split: of recordings with transcripts.
        source: name of the column of transcripts.
        known: fitted tokenizer; None leaves characters unchecked.

    Raises:
        DataError: the message names the recording.
    """
    spelt = isinstance(known, CharacterTokenizer | SubwordTokenizer)
    characters = set(known.characters) if spelt else None
    for i, text in enumerate(split.columns[source]):
        words = normalized(text or "")
        if not words:
            raise DataError(
                f"The transcript of {split.name_of(i)} is empty: {text!r:.60}.",
                expected="at least one word, punctuation aside",
                fix=_FIX,
            )
        new = sorted(set(words) - characters) if characters is not None else ()
        if new:
            raise DataError(
                f"The transcript of {split.name_of(i)} has the character {new[0]!r}, which no "
                "transcript of train has.",
                expected="characters that the model can have learnt",
                fix=f"write it otherwise in the transcript, raise task.arguments.vocabulary_size, or "
                f"{_FIX.partition('or ')[2]}",
            )


def check_lengths(
    split: "Split",
    audio: Audio,
    target: Transcript,
    *,
    stride: int,
    max_seconds: float,
    speed_change: float,
) -> None:
    """Refuse recordings that are too long, or too short for their transcripts.

    Args:
        split: of recordings with transcripts, at the data's own rate.
        audio, target: fitted columns of both.
        stride: frames for each output of the network.
        max_seconds: of a recording.
        speed_change: share by which training makes recordings shorter.

    Raises:
        DataError: the message names the recording.
    """
    front, factor = LogMel(**audio.front), 1.0
    if audio.data_rate_hz:
        factor = audio.sample_rate_hz / audio.data_rate_hz
    for i in range(len(split)):
        example = split[i]
        ids = target.loaded.encode(normalized(example[target.source]))
        samples = int(len(example[audio.source]) * factor)
        check_clip(np.empty(samples, "int8"), audio, max_seconds=max_seconds, name=split.name_of(i))
        frames = front.num_frames(max(int(samples / (1 + speed_change)), front.window))
        needed = len(ids) + np.count_nonzero(ids[1:] == ids[:-1])  # a blank parts equal tokens
        if -(-frames // stride) < needed:
            raise DataError(
                f"The transcript of {split.name_of(i)} is too long for its recording: {len(ids)} "
                f"tokens in {samples / audio.sample_rate_hz:.2f} s.",
                expected=f"at most {-(-frames // stride)} tokens, the model's outputs"
                + (", at the fastest speed of training" if speed_change else "")
                + "; one more for each pair of equal neighbours",
                fix=f"{_FIX}; or take larger tokens (task.arguments.tokenizer=subword or word)",
            )


def check_clip(clip: np.ndarray, audio: Audio, *, max_seconds: float, name: str = "") -> None:
    """Refuse a recording (samples,) that is too long; `name` it if that is known."""
    seconds = len(clip) / audio.sample_rate_hz
    if seconds > max_seconds:
        raise DataError(
            f"{name or 'The recording'} lasts {seconds:.1f} s.",
            expected=f"at most {max_seconds:g} s",
            fix="cut it at pauses, or raise task.arguments.max_seconds before training",
        )
