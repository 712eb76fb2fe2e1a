"""Times of transcripts: which may follow which, and what a window's ids say."""

import json

import numpy as np
import pytest

from zoo.decoding.encoder_decoder import Writing
from zoo.decoding.signs import Signs
from zoo.decoding.transcription import (
    Decoding,
    Heard,
    Stretch,
    as_previous,
    compression_ratio,
    hear,
    stretches,
)
from zoo.errors import ArgumentError, WeightsError
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
        return Writing({}, 0, {})

    def write(self, writing, ids):
        self.given.append(ids[0].tolist())
        writing.position += ids.shape[1]
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


LOOP = "I am here. " * 20


@pytest.mark.parametrize(
    "no_speech, log_probability, text, passes",
    [
        (0.1, -0.3, "go to the shop", True),
        (0.1, -1.0, "go to the shop", True),
        (0.1, -1.01, "go to the shop", False),  # unsure
        (0.1, -0.3, LOOP, False),  # repeats itself
        (0.7, -1.2, LOOP, True),  # silent: nothing is to be found
        (0.7, -0.9, LOOP, False),  # likely silent, but the text is sure
        (0.6, -1.2, "", False),
    ],
)
def test_a_window_is_decoded_again_where_it_is_unsure_or_repeats_itself(
    no_speech, log_probability, text, passes
):
    found = Heard(np.zeros(0, "int32"), "en", no_speech, log_probability)
    assert found.passes(text) is passes
    assert compression_ratio(LOOP) > 2.4 > compression_ratio("go to the shop")


class Fixed(Script):
    """A writer that always gives the same logits behind the marks, and counts its encodings."""

    begun = 0

    def __init__(self, logits, *, first=()):
        super().__init__(first=first)
        self.logits = logits

    def begin(self, audio):
        self.begun += 1
        return super().begin(audio)

    def write(self, writing, ids):
        if len(self.given) == 0:
            self.wishes = [()]
            return super().write(writing, ids)
        self.given.append(ids[0].tolist())
        writing.position += ids.shape[1]
        return np.tile(self.logits, (1, ids.shape[1], 1))


def drawn_from(*likely, spread=0.0, **how):
    """Hear with equal logits of some ids, and lower ones of the others."""
    logits = np.full(SIZE, -30.0, "float32")
    logits[list(likely)] = spread * np.arange(len(likely))
    script = Fixed(logits, first=how.pop("first", ()))
    options = {"language": "en", "times": False, "text_of": text_of} | how
    return hear(script, np.zeros(9, "float32"), SIGNS, **options), script


def text_of(ids):
    return bytes(ids).decode("latin-1")


LETTERS = tuple(b"abcdefghijklmnopqrstuvwxyz")


def test_a_loop_is_left_at_a_higher_temperature():
    """At 0 the same letter 224 times; drawn, letters that zlib does not shorten as much."""
    found, script = drawn_from(*LETTERS, spread=0.1, decoding=Decoding())
    assert found.temperature > 0 and len(set(found.ids.tolist())) > 5
    assert script.begun == 1  # the encoder runs once
    same, _ = drawn_from(*LETTERS, spread=0.1, decoding=Decoding(temperatures=(0.0,)))
    assert same.temperature == 0 and set(same.ids.tolist()) == {ord("z")}


def test_an_unsure_text_is_kept_at_the_last_temperature():
    found, _ = drawn_from(*LETTERS, decoding=Decoding())  # log(1/26) at each place
    assert found.temperature == 1.0 and found.log_probability == pytest.approx(-np.log(26))


def test_silence_is_not_decoded_again():
    found, script = drawn_from(*LETTERS, decoding=Decoding(), first=[SIGNS.no_speech])
    assert found.is_silent and found.temperature == 0.0
    assert len(script.given) == 2 + 224


def test_draws_are_those_of_the_seed():
    def ids(seed):
        return drawn_from(*LETTERS, decoding=Decoding(), seed=seed)[0].ids.tolist()

    assert ids(1) == ids(1) and ids((1, 0)) == ids((1, 0))
    assert ids(1) != ids(2) and ids((1, 0)) != ids((1, 480_000))


def test_previous_text_stands_before_the_start():
    """223 of its ids behind their mark, and padding whose places are taken again."""
    script = Script([A], [SIGNS.end])
    before = list(range(256)) * 2
    hear(script, np.zeros(9, "float32"), SIGNS, language="en", times=False, previous=before)
    given, second, *_ = script.given
    assert given[:225] == [SIGNS.previous, *before[-223:], SIGNS.start]
    assert len(given) == 256 and set(given[225:]) == {SIGNS.end}
    assert second == [SIGNS.languages["en"], SIGNS.transcribe, SIGNS.no_times]


def test_stretches_are_given_to_the_next_window_with_their_times():
    found = [Stretch((A, B), 0.0, 2.0), Stretch((C,), 2.5, 30.0)]
    expected = [ZERO, A, B, ZERO + 100, ZERO + 125, C, ZERO + 1500]
    assert as_previous(found, SIGNS) == expected


@pytest.mark.parametrize("values", [{"beam": 0}, {"beam": 5.0}, {"beam": True}, {"beam": 100},
                                    {"temperatures": (-0.1,)}, {"temperatures": (float("nan"),)},
                                    {"temperatures": (2.0,)},
                                    {"beam": 2, "temperatures": (0.4,)}])  # fmt: skip
def test_decoding_that_cannot_be_is_refused(values):
    with pytest.raises(ArgumentError):
        Decoding(**values)


def test_a_tokenizer_of_something_else_is_refused():
    with pytest.raises(WeightsError, match="translate"):
        Signs.of(tokenizer([mark for mark in MARKS if mark != "<|translate|>"]))
