"""Times of transcripts: which may follow which, and what a window's ids say."""

import json

import numpy as np
import pytest

from zoo.decoding.signs import Signs
from zoo.decoding.transcription import Heard, hear, stretches
from zoo.errors import WeightsError
from zoo.published_tokenizer import PublishedTokenizer
from zoo.tokenizers import byte_alphabet

MARKS = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>",
         "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>",
         "<|notimestamps|>"]  # fmt: skip


def tokenizer(marks=MARKS):
    """Bytes, and Whisper's marks behind them."""
    vocabulary = {sign: i for i, sign in enumerate(byte_alphabet())}
    added = [
        {"id": len(vocabulary) + i, "content": mark, "single_word": False, "lstrip": False,
         "rstrip": False, "normalized": False, "special": True}
        for i, mark in enumerate(marks)
    ]  # fmt: skip
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    values = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None,
        "decoder": byte_level, "model": {"type": "BPE", "vocab": vocabulary, "merges": []},
    }  # fmt: skip
    return PublishedTokenizer(json.dumps(values))


SIGNS = Signs.of(tokenizer())
TIMES = 1501
SIZE = SIGNS.first_time + TIMES
ZERO = SIGNS.first_time
A, B, C = (ord(sign) for sign in "abc")


class Script:
    """A writer whose logits are those of a script: at each step the wishes, best first."""

    length = 232

    def __init__(self, *wishes, first=()):
        self.wishes, self.first, self.given = list(wishes), first, []

    def begin(self, audio):
        self.position = 0
        return self

    def write(self, writing, ids):
        assert writing is self
        self.given.append(ids[0].tolist())
        self.position += ids.shape[1]
        logits = np.full((1, ids.shape[1], SIZE), -20.0, "float32")
        wish = self.first if len(self.given) == 1 else self.wishes.pop(0)
        for rank, one in enumerate(wish):
            logits[0, -1, one] = 10 - 3 * rank
        return logits


def heard(*wishes, times=True, language="en", first=()):
    script = Script(*wishes, first=first)
    found = hear(script, np.zeros(9, "float32"), SIGNS, language=language, times=times)
    return found, script


def test_what_is_wished_is_written_where_it_may_stand():
    found, script = heard([ZERO], [A], [ZERO + 50], [SIGNS.end])
    assert found.ids.tolist() == [ZERO, A, ZERO + 50]
    assert script.given == [
        [SIGNS.start], [SIGNS.languages["en"], SIGNS.transcribe], [ZERO], [A], [ZERO + 50],
    ]  # fmt: skip
    assert -0.01 < found.log_probability < 0 and not found.is_silent


@pytest.mark.parametrize(
    "wishes, ids",
    [
        # the first id is a time, of a second at most
        (([A, ZERO + 51, ZERO + 50], [A], [SIGNS.end]), [ZERO + 50, A]),
        # text follows the beginning of a stretch
        (([ZERO], [ZERO + 9, A], [ZERO + 9], [SIGNS.end]), [ZERO, A, ZERO + 9]),
        # behind its end stands another beginning, which may be the same time, or the end of all
        (([ZERO], [A], [ZERO + 9], [B, ZERO + 9], [C], [SIGNS.end]),
         [ZERO, A, ZERO + 9, ZERO + 9, C]),
        # times do not go back, and a stretch has a length
        (([ZERO + 8], [A], [ZERO + 8, ZERO + 7, ZERO + 9], [SIGNS.end]), [ZERO + 8, A, ZERO + 9]),
        # marks and brackets are not said
        (([ZERO], [SIGNS.start, ord("["), ord("♪".encode()[0:1]), SIGNS.no_times, B], [SIGNS.end]),
         [ZERO, B]),
    ],
)  # fmt: skip
def test_ids_that_may_not_follow_are_passed_over(wishes, ids):
    assert heard(*wishes)[0].ids.tolist() == ids


def test_a_time_is_written_where_all_times_together_are_likelier_than_any_text():
    class Split(Script):
        def write(self, writing, ids):
            logits = super().write(writing, ids)
            if len(self.given) == 4:  # text is the likeliest single id, many times share more
                logits[0, -1, A], logits[0, -1, ZERO + 100 : ZERO + 200] = 5, 3
            return logits

    script = Split([ZERO], [A], [], [SIGNS.end])
    found = hear(script, np.zeros(9, "float32"), SIGNS, language="en", times=True)
    assert found.ids.tolist() == [ZERO, A, ZERO + 100]


def test_without_times_none_are_written_and_the_prompt_says_so():
    found, script = heard([SIGNS.end, SIGNS.blank, A], [ZERO, B], [SIGNS.end], times=False)
    assert found.ids.tolist() == [A, B]
    assert script.given[1] == [SIGNS.languages["en"], SIGNS.transcribe, SIGNS.no_times]


def test_the_likeliest_language_is_found():
    first = [A, SIGNS.languages["de"], SIGNS.languages["en"]]
    found, script = heard([ZERO], [A], [SIGNS.end], language=None, first=first)
    assert found.language == "de" and script.given[1][0] == SIGNS.languages["de"]


def test_a_window_is_silent_where_that_is_likely_and_the_text_is_unsure():
    found, _ = heard([ZERO], [A], [SIGNS.end], first=[SIGNS.no_speech])
    assert found.no_speech > 0.9 and not found.is_silent
    assert Heard(np.zeros(0, "int32"), "en", 0.9, -1.5).is_silent


def test_a_window_that_does_not_end_is_cut():
    found, _ = heard([ZERO], *[[A]] * 300)
    assert len(found.ids) == 224


@pytest.mark.parametrize(
    "ids, expected, after",
    [
        ([], [], 30.0),
        ([ZERO, A, B, ZERO + 100], [((A, B), 0.0, 2.0)], 30.0),
        ([ZERO, A, ZERO + 100, ZERO + 150, B, ZERO + 200],
         [((A,), 0.0, 2.0), ((B,), 3.0, 4.0)], 30.0),
        ([ZERO, A, ZERO + 100, ZERO + 150, B], [((A,), 0.0, 2.0)], 2.0),
        ([ZERO, A, ZERO + 100, ZERO + 100], [((A,), 0.0, 2.0)], 2.0),
        ([ZERO + 10, A, B], [((A, B), 0.2, 30.0)], 30.0),
    ],
)  # fmt: skip
def test_ids_are_parted_by_times(ids, expected, after):
    found, next_start = stretches(Heard(np.array(ids, "int32"), "en", 0.0, 0.0), SIGNS)
    assert [(one.ids, one.start, one.end) for one in found] == expected
    assert next_start == after


def test_a_tokenizer_of_something_else_is_refused():
    with pytest.raises(WeightsError, match="translate"):
        Signs.of(tokenizer([mark for mark in MARKS if mark != "<|translate|>"]))
