"""The ids that Whisper's vocabulary has beside those of text: languages, tasks, times."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from zoo.errors import WeightsError
from zoo.published_tokenizer import PublishedTokenizer

SECONDS_PER_TIME = 0.02  # from one id of a time to the next
_LANGUAGE = re.compile(r"<\|([a-z]{2,3})\|>")
_NO_SPEECH = ("<|nospeech|>", "<|nocaptions|>")

# What is written for sounds that nobody says, as the authors' code lists it: single signs, and strings
# that are left out where one id stands for them; of notes, also the first id.
_SINGLE = '"#()*+/:;<=>@[\\]^_`{|}~「」『』'
_BRACKETS = ("<<", ">>", "<<<", ">>>", "((", "))", "(((", ")))", "[[", "]]", "{{", "}}")
_STRINGS = (*_BRACKETS, "--", "---", "-(", "-[", "('", '("', "♪♪", "♪♪♪")
_NOTES = "♩♪♫♬♭♮♯"
_BEGINNINGS = (" -", " '")


@dataclass(frozen=True)
class Signs:
    """Ids of marks.

    Attributes:
        start, end: of a transcript.
        transcribe, translate: what is to be done; translation is into English.
        no_times: text without times follows.
        previous: the text of the window before follows.
        no_speech: its probability at the start says that nobody speaks.
        first_time: of 0 seconds, the first of the ids of times.
        languages: ids by code, such as "en".
        not_said: ids that a transcript never holds: marks, and signs of sounds that nobody says.
        blank: of a space, with which no transcript begins.
    """

    start: int
    end: int
    transcribe: int
    translate: int
    no_times: int
    previous: int
    no_speech: int
    first_time: int
    languages: Mapping[str, int]
    not_said: tuple[int, ...]
    blank: int

    @classmethod
    def of(cls, tokenizer: PublishedTokenizer) -> Self:
        """Return the signs of a tokenizer.

        Raises:
            WeightsError: it lacks one of them, so that it is not one of Whisper's.
        """
        marks = tokenizer.marks
        names = {
            "start": "<|startoftranscript|>",
            "end": "<|endoftext|>",
            "transcribe": "<|transcribe|>",
            "translate": "<|translate|>",
            "no_times": "<|notimestamps|>",
            "previous": "<|startofprev|>",
            "no_speech": next((name for name in _NO_SPEECH if name in marks), _NO_SPEECH[0]),
        }
        missing = [name for name in names.values() if name not in marks]
        if missing:
            raise WeightsError(
                f"The tokenizer has no {', '.join(missing)}: it is not one of Whisper's.",
                fix="take the tokenizer.json of the place that published the weights",
            )
        found = {ours: marks[name] for ours, name in names.items()}
        codes = {match[1]: i for name, i in marks.items() if (match := _LANGUAGE.fullmatch(name))}
        before_text = set(marks.values()) - {found["end"], found["no_times"], *codes.values()}
        return cls(
            **found,
            first_time=found["no_times"] + 1,
            languages=codes,
            not_said=tuple(sorted({*_unsaid(tokenizer), *before_text})),
            blank=tokenizer.pieces(" ")[0],
        )

    @property
    def suppressed(self) -> tuple[int, ...]:
        """What a transcript never holds, languages and the mark of no times included."""
        return (*self.not_said, *self.languages.values(), self.no_times)


def _unsaid(tokenizer: PublishedTokenizer) -> set[int]:
    """Return the ids of brackets, notes and the like, with and without a space before them."""
    found = {tokenizer.pieces(text)[0] for text in _BEGINNINGS}
    for text in (*_SINGLE, *_STRINGS, *_NOTES):
        for ids in (tokenizer.pieces(text), tokenizer.pieces(f" {text}")):
            if len(ids) == 1 or text in _NOTES:
                found.add(ids[0])
    return found
