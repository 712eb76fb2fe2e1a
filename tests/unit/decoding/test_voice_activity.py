"""What of a piece of a recording is heard, by the probability of speech in each chunk of it."""

import numpy as np
import pytest

from zoo.decoding.voice_activity import AROUND, CHUNK, SHORTEST_SILENCE, Part, part_of, spans

COUNT = 200  # chunks of a piece


def speech_in(*places):
    found = np.full(COUNT, 0.01)
    for begin, end in places:
        found[begin:end] = 0.9
    return found


def part(*places, goes_on=True):
    return part_of(speech_in(*places), samples=COUNT * CHUNK, goes_on=goes_on)


def of_chunks(begin, end, after):
    return Part(begin * CHUNK, end * CHUNK, after * CHUNK)


def test_short_silences_are_within_speech_and_doubt_ends_none():
    assert spans(speech_in((20, 40), (40 + SHORTEST_SILENCE - 1, 80))) == [(20, 80)]
    assert spans(speech_in((20, 40), (40 + SHORTEST_SILENCE, 80))) == [
        (20, 40),
        (40 + SHORTEST_SILENCE, 80),
    ]
    doubtful = speech_in((20, 40))
    doubtful[40:70] = 0.4  # too little to begin, enough to go on
    assert spans(doubtful) == [(20, 70)]
    assert spans(np.full(COUNT, 0.4)) == []


@pytest.mark.parametrize("goes_on", [True, False])
def test_silence_is_passed_over(goes_on):
    assert part(goes_on=goes_on) == of_chunks(COUNT, COUNT, COUNT)
    assert part((50, 90), goes_on=goes_on) == of_chunks(50 - AROUND, 90 + AROUND, COUNT)


def test_speech_that_may_go_on_is_left_to_the_next_piece():
    open_end = (150, COUNT)
    assert part((50, 90), open_end) == of_chunks(50 - AROUND, 90 + AROUND, 90 + AROUND)
    assert part(open_end) == of_chunks(150 - AROUND, 150 - AROUND, 150 - AROUND)
    assert part((0, COUNT)) == of_chunks(0, COUNT, COUNT)  # no silence to cut in
    assert part((50, 90), open_end, goes_on=False) == of_chunks(50 - AROUND, COUNT, COUNT)


def test_pieces_of_any_speech_are_heard_once_and_whole():
    generator = np.random.default_rng(0)
    for _ in range(200):
        speech = np.repeat(generator.random(60) < 0.4, generator.integers(1, 60, 60)) * 1.0
        heard, place = np.zeros(len(speech), int), 0
        while place < len(speech):
            piece = speech[place : place + COUNT]
            samples, goes_on = len(piece) * CHUNK, len(piece) == COUNT
            found = part_of(piece, samples=samples, goes_on=goes_on)
            assert 0 <= found.begin <= found.end <= found.next <= samples and found.next > 0
            heard[place + found.begin // CHUNK : place + found.end // CHUNK] += 1
            place += found.next // CHUNK
        assert (heard[speech > 0.5] == 1).all()
        assert heard.max() <= 1
