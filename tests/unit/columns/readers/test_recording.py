"""A recording read in pieces gives what reading it whole gives."""

import numpy as np
import pytest
import soundfile

from zoo.columns.readers.audio import read_audio
from zoo.columns.readers.recording import open_recording
from zoo.errors import ArgumentError, DataError


def tone(seconds, rate, channels=1):
    time = np.arange(round(seconds * rate)) / rate
    sound = 0.5 * np.sin(2 * np.pi * (200 + 10 * time) * time)
    return np.stack([sound * (1 + c) / channels for c in range(channels)], axis=1)


@pytest.mark.parametrize("ending, rate, channels, tolerance", [
    ("wav", 16_000, 1, 0), ("flac", 16_000, 2, 0), ("wav", 44_100, 2, 1e-3),
    ("wav", 8_000, 1, 1e-3), ("wav", 11_025, 1, 1e-3), ("mp3", 16_000, 1, 1e-3),
        ("mp3", 44_100, 2, 1e-3),
        ("ogg", 16_000, 1, 1e-3),
])  # fmt: skip
def test_pieces_are_those_of_the_whole(tmp_path, ending, rate, channels, tolerance):
    path = tmp_path / f"tone.{ending}"
    soundfile.write(path, tone(23, rate, channels), rate)
    whole, _ = read_audio(path, sample_rate_hz=16_000)
    with open_recording(path, sample_rate_hz=16_000) as sound:
        for start, samples in ((0, 8_000), (4_000, 160_000), (150_000, 5_000), (320_000, 64_000)):
            found = sound.piece(start, samples)
            expected = whole[start : start + samples]
            assert abs(len(found) - len(expected)) <= (1 if tolerance else 0)
            size = min(len(found), len(expected))
            np.testing.assert_allclose(found[:size], expected[:size], atol=tolerance)
        assert sound.piece(400_000, 100).size == 0


def test_only_a_piece_is_kept(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(120 * 16_000), 16_000)
    with open_recording(path, sample_rate_hz=16_000) as sound:
        most = 0
        for start in range(0, 120 * 16_000, 16_000):
            sound.piece(start, 32_000)
            most = max(most, len(sound._kept))
        assert most <= 12 * 16_000
        with pytest.raises(ArgumentError, match="let go"):
            sound.piece(0, 10)


def test_files_that_hold_no_sound_are_refused(tmp_path):
    (tmp_path / "text.wav").write_text("not audio")
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 16_000)
    soundfile.write(tmp_path / "cut.wav", np.zeros(16_000), 16_000)
    (tmp_path / "cut.wav").write_bytes((tmp_path / "cut.wav").read_bytes()[:9_000])
    soundfile.write(tmp_path / "loud.wav", np.full(900, 3e4), 16_000, subtype="FLOAT")
    cases = {"text": "not audio", "none": "no samples", "cut": "cut short", "loud": "values up to"}
    for name, words in cases.items():
        with (
            pytest.raises(DataError, match=words),
            open_recording(tmp_path / f"{name}.wav", sample_rate_hz=16_000) as sound,
        ):
            sound.piece(0, 10)
