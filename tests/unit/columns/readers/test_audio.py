"""Reading and writing audio files."""

import io
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns.readers.audio import SAMPLE_LIMIT, AudioInfo, audio_info, read_audio, write_wav
from zoo.errors import ArgumentError, DataError

RATE = 8_000
KINDS = [
    ("WAV", "PCM_U8", 1 / 100),
    ("WAV", "PCM_16", 1e-4),
    ("WAV", "PCM_24", 1e-6),
    ("WAV", "PCM_32", 1e-6),
    ("WAV", "FLOAT", 1e-6),
    ("WAV", "DOUBLE", 1e-6),
    ("WAVEX", "PCM_24", 1e-6),
    ("FLAC", "PCM_16", 1e-4),
    ("FLAC", "PCM_24", 1e-6),
    ("OGG", "VORBIS", 5e-2),
]
every_kind = pytest.mark.parametrize("format_name, subtype, error", KINDS)


def tone(hz=440.0, seconds=0.5, rate=RATE, level=0.5):
    return level * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)


def encode(audio, format_name="WAV", subtype="PCM_16", rate=RATE):
    buffer = io.BytesIO()
    soundfile.write(buffer, audio, rate, format=format_name, subtype=subtype)
    return buffer.getvalue()


@every_kind
def test_every_kind_of_file_gives_its_samples(format_name, subtype, error):
    audio, rate = read_audio(encode(tone(), format_name, subtype))
    assert audio.dtype == np.float32 and audio.shape == (4_000,) and rate == RATE
    np.testing.assert_allclose(audio, tone(), atol=error)


@every_kind
def test_stereo_becomes_the_mean_of_its_channels(format_name, subtype, error):
    left, right = tone(300), tone(700, level=0.3)
    audio, _ = read_audio(encode(np.stack([left, right], axis=1), format_name, subtype))
    np.testing.assert_allclose(audio, (left + right) / 2, atol=error)


@pytest.mark.parametrize("rate, to_rate", [(44_100, 16_000), (48_000, 8_000), (8_000, 16_000)])
def test_another_rate_keeps_the_sound(rate, to_rate):
    audio, got = read_audio(encode(tone(440, 1.0, rate), rate=rate), sample_rate_hz=to_rate)
    assert got == to_rate and audio.shape == (to_rate,) and audio.dtype == np.float32
    inner = slice(to_rate // 20, -to_rate // 20)  # the filter rings at the ends
    np.testing.assert_allclose(audio[inner], tone(440, 1.0, to_rate)[inner], atol=5e-3)


def test_what_a_lower_rate_cannot_hold_is_removed_and_not_folded_back():
    high = encode(tone(7_000, 1.0, 44_100), rate=44_100)
    audio, _ = read_audio(high, sample_rate_hz=8_000)
    assert np.abs(audio[400:-400]).max() < 0.01


def test_stereo_at_44100_hz_and_24_bits_comes_as_mono_at_the_rate_that_is_asked(tmp_path):
    both = np.stack([tone(440, 1.0, 44_100)] * 2, axis=1)
    path = tmp_path / "music.wav"
    soundfile.write(path, both, 44_100, subtype="PCM_24")
    assert audio_info(path) == AudioInfo(samples=44_100, sample_rate_hz=44_100, channels=2)
    audio, rate = read_audio(path, sample_rate_hz=16_000)
    assert (audio.shape, rate) == ((16_000,), 16_000)


def test_what_passes_full_scale_is_clipped():
    audio, _ = read_audio(encode(2 * tone(level=1), subtype="FLOAT"))
    assert audio.max() == 1 and audio.min() == -1


@pytest.mark.parametrize("wrong", [32_768 * tone(), np.full(10, np.nan), np.full(10, np.inf)])
def test_values_that_are_no_samples_are_refused(wrong):
    with pytest.raises(DataError, match=r"expected: samples in \[-1, 1\]"):
        read_audio(encode(wrong, subtype="FLOAT"), name="loud.wav")


@settings(max_examples=25, deadline=None)
@given(arrays.arrays("float32", st.integers(1, 50), elements=st.floats(-1, 1, width=32)))
def test_a_written_file_reads_back_to_16_bits(tmp_path_factory, audio):
    path = tmp_path_factory.getbasetemp() / "round_trip.wav"
    write_wav(path, audio, sample_rate_hz=RATE)
    again, rate = read_audio(path)
    assert rate == RATE
    np.testing.assert_allclose(again, audio, atol=1 / 32_000)


@pytest.mark.parametrize(
    "bad",
    [np.zeros(5, "int16"), np.zeros((5, 2)), np.zeros(0), np.full(5, 1.5), np.full(5, np.nan)],
)
def test_what_is_no_clip_is_not_written(tmp_path, bad):
    with pytest.raises(ArgumentError, match=r"floats of shape \(samples,\)"):
        write_wav(tmp_path / "bad.wav", bad, sample_rate_hz=RATE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("rate", [0, 999, 1e4, "16000", True, 10**7])
def test_what_is_no_sample_rate_is_refused(tmp_path, rate):
    with pytest.raises(ArgumentError, match="is not a valid sample rate"):
        read_audio(encode(tone()), sample_rate_hz=rate)
    with pytest.raises(ArgumentError, match="is not a valid sample rate"):
        write_wav(tmp_path / "a.wav", tone(), sample_rate_hz=rate)


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path):
    for read in (read_audio, audio_info):
        with pytest.raises(DataError, match=r"There is no file .*none\.wav"):
            read(tmp_path / "none.wav")
        with pytest.raises(DataError, match="is a folder, not an audio file"):
            read(tmp_path)


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "is empty"),
        (b"hello, this is a text and no sound", "is not audio that can be read"),
        (b"RIFF" + bytes(100), "is not audio that can be read"),
        (encode(np.zeros(0)), "holds no samples"),
        (encode(tone(), "AU"), "is AU audio"),
        (encode(tone(), rate=500), "has a sample rate of 500 Hz"),
    ],
)
def test_a_file_without_sound_is_named_with_what_to_do(tmp_path, content, says):
    path = tmp_path / "clip.wav"
    path.write_bytes(content)
    for read in (read_audio, audio_info):
        with pytest.raises(DataError) as caught:
            read(path)
        assert str(path) in str(caught.value) and says in str(caught.value)
        assert "to fix:" in str(caught.value)
    with pytest.raises(DataError, match="the third clip"):
        read_audio(content, name="the third clip")


@pytest.mark.parametrize(
    "format_name, subtype", [*(kind[:2] for kind in KINDS), ("OGG", "OPUS"), ("AIFF", "PCM_16")]
)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_file_that_was_cut_short_is_noticed(format_name, subtype, share):
    whole = encode(np.random.default_rng(0).uniform(-0.5, 0.5, 20_000), format_name, subtype)
    with pytest.raises(DataError) as caught:
        read_audio(whole[: int(share * len(whole))], name="half.wav")
    assert "half.wav" in str(caught.value) and "to fix:" in str(caught.value)


def test_a_wav_with_chunks_behind_its_samples_or_of_unknown_length_is_whole():
    wav = bytearray(encode(tone()))
    more = bytes(wav) + b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    assert read_audio(more)[0].shape == (4_000,)
    wav[40:44] = b"\xff\xff\xff\xff"  # as programs leave it that write to a pipe
    assert read_audio(bytes(wav))[0].shape == (4_000,)


def test_an_absurd_length_is_refused_before_anything_is_decoded():
    flac = bytearray(encode(tone(), "FLAC"))
    assert flac[4] & 0x7F == 0  # STREAMINFO: 36 bits of length from the middle of byte 21 on
    flac[21] |= 0x0F
    flac[22:26] = b"\xff\xff\xff\xff"
    for read in (read_audio, audio_info):
        with pytest.raises(DataError, match=f"at most {SAMPLE_LIMIT:,} samples"):
            read(bytes(flac), name="long.flac")


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch):
    path = tmp_path / "clip.wav"
    path.write_bytes(encode(tone()))
    monkeypatch.setattr("os.access", lambda *_: False)  # permissions do not bind root
    with pytest.raises(DataError, match="may not be read"):
        read_audio(path)


def test_mp3_is_read():
    sound = np.sin(np.arange(RATE) / 5) * 0.5
    audio, rate = read_audio(encode(sound, "MP3", None))
    assert rate == RATE
    assert abs(len(audio) - RATE) < 2400  # of an encoder's padding
    assert 0.25 < np.sqrt((audio**2).mean()) < 0.45
