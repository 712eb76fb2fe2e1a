"""Audio files to arrays and back: mono, float32 in [-1, 1], at the rate that is asked for."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from zoo.columns.readers.formats import SOUND_FORMATS
from zoo.errors import ArgumentError, DataError
from zoo.files import replacing

SAMPLE_LIMIT = 100_000_000  # over all channels: 400 MB as float32, 19 minutes of a stereo CD
LOWEST_HZ, HIGHEST_HZ = 1_000, 768_000

_FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "AIFF")
_LOUDEST = 8.0  # float files may pass full scale by a little; 32,768 is a forgotten division
_MP3_LEAST = 0.9  # of its promised length, which may be an estimate, or count tags at its end
_OGG_PAGE_BYTES = 65_307  # the largest
_CHUNKED = {  # files of chunks: the one that holds the sound, and the order of bytes of its length
    (b"RIFF", b"WAVE"): (b"data", "little"),
    (b"FORM", b"AIFF"): (b"SSND", "big"),
    (b"FORM", b"AIFC"): (b"SSND", "big"),
}
_UNKNOWN_SIZE = 0x7FFFF000  # a data chunk of at least this size was written without looking back


@dataclass(frozen=True)
class AudioInfo:
    """What the header of an audio file says; `samples` counts one channel's."""

    samples: int
    sample_rate_hz: int
    channels: int


def read_audio(
    source: str | os.PathLike | bytes,
    *,
    name: str | None = None,
    sample_rate_hz: int | None = None,
) -> tuple[np.ndarray, int]:
    """Decode a WAV (integer or float), FLAC, Ogg, Opus, MP3 or AIFF file to one channel.

    Channels are averaged. Another rate is reached by polyphase filtering, which removes what the
    new rate cannot hold. What passes full scale is clipped, as players do.

    Args:
        source: a path, or the bytes of a file.
        name: what error messages call bytes.
        sample_rate_hz: rate of the result; None keeps the file's.

    Returns:
        float32 (samples,) in [-1, 1], and its sample rate in Hz.

    Raises:
        DataError: no such file, empty, no audio, without samples, damaged or cut short, longer than
            `SAMPLE_LIMIT`, not scaled to [-1, 1].
        ArgumentError: no such sample rate.

    >>> buffer = io.BytesIO()
    >>> soundfile.write(buffer, np.zeros((300, 2)), 48_000, format="WAV")
    >>> audio, rate = read_audio(buffer.getvalue(), sample_rate_hz=16_000)
    >>> audio.shape, rate
    ((100,), 16000)
    """
    if sample_rate_hz is not None:
        check_sample_rate(sample_rate_hz)
    label = name or ("the audio" if isinstance(source, bytes) else os.fspath(source))
    with opened(source, label) as stream:
        info = _checked(stream, label, sample_rate_hz)
        try:
            channels = stream.read(dtype="float32", always_2d=True)  # (samples, channels)
        except soundfile.LibsndfileError as error:
            raise cut_short(label, str(error)) from error
    promised = round(info.samples * (_MP3_LEAST if stream.format == "MP3" else 1))
    if len(channels) < promised or promises_more(source):
        raise cut_short(label, f"{len(channels):,} samples were found, fewer than the header says")
    audio = channels.mean(axis=1)
    peak = np.abs(audio).max()
    if not peak <= _LOUDEST:  # NaN is not
        raise DataError(
            f"{label} holds values up to {peak:g}.",
            expected="samples in [-1, 1]",
            fix="scale it (16-bit values by 1/32768), or write it as 16-bit PCM",
        )
    if sample_rate_hz not in (None, info.sample_rate_hz):
        from scipy.signal import resample_poly

        audio = resample_poly(audio, sample_rate_hz, info.sample_rate_hz)
    audio = np.clip(audio, -1, 1).astype("float32", copy=False)
    return audio, sample_rate_hz or info.sample_rate_hz


def audio_info(source: str | os.PathLike | bytes, *, name: str | None = None) -> AudioInfo:
    """Return length, rate and channels, reading only the header.

    Raises:
        DataError: as `read_audio`; damage behind the header is not noticed.
    """
    label = name or ("the audio" if isinstance(source, bytes) else os.fspath(source))
    with opened(source, label) as stream:
        return _checked(stream, label, None)


def write_wav(path: str | os.PathLike, audio: np.ndarray, *, sample_rate_hz: int) -> None:
    """Write float samples (samples,) in [-1, 1] as a 16-bit WAV file, whole or not at all.

    Raises:
        ArgumentError: another shape, type or range, or no such sample rate.
    """
    check_sample_rate(sample_rate_hz)
    audio = np.asarray(audio)
    fits = audio.ndim == 1 and audio.size and np.issubdtype(audio.dtype, np.floating)
    if not fits or not np.abs(audio).max() <= 1:
        raise ArgumentError(
            f"An array of {audio.dtype} and shape {audio.shape} cannot be written as {path}.",
            expected="floats of shape (samples,), all in [-1, 1]",
            fix="take one channel, divide by the largest absolute value",
        )
    with replacing(path) as beside:
        soundfile.write(beside, audio, sample_rate_hz, subtype="PCM_16", format="WAV")


def check_sample_rate(sample_rate_hz: int) -> None:
    """Raise ArgumentError unless this is a sample rate in Hz."""
    is_whole = isinstance(sample_rate_hz, int | np.integer) and not isinstance(sample_rate_hz, bool)
    if not is_whole or not LOWEST_HZ <= sample_rate_hz <= HIGHEST_HZ:
        raise ArgumentError(
            f"sample_rate_hz={sample_rate_hz!r} is not a valid sample rate.",
            expected=f"a whole number of Hz from {LOWEST_HZ:,} to {HIGHEST_HZ:,}",
            fix="16000 is usual for speech",
        )


def opened(source: str | os.PathLike | bytes, label: str) -> soundfile.SoundFile:
    """Open an audio file, or raise DataError where it is none; `label` is what messages call it."""
    if not isinstance(source, bytes):
        path = Path(source)
        if path.is_dir():
            raise DataError(f"{label} is a folder, not an audio file.", fix="give a file inside it")
        if not path.exists():
            raise DataError(f"There is no file {label}.", fix="check the path")
        if not os.access(path, os.R_OK):
            raise DataError(f"{label} may not be read.", fix="check its permissions")
    if not (len(source) if isinstance(source, bytes) else path.stat().st_size):
        raise _no_audio(label, "is empty")
    try:
        stream = soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else path)
    except soundfile.LibsndfileError as error:
        what = "is not audio that can be read, despite its name"
        raise _no_audio(label, f"{what} ({error.error_string.rstrip('.')})") from error
    if stream.format not in _FORMATS:
        stream.close()
        raise _no_audio(label, f"is {stream.format} audio")
    return stream


def _checked(stream: soundfile.SoundFile, label: str, target_hz: int | None) -> AudioInfo:
    """Return what the header says, once memory may be taken for it."""
    samples, rate, channels = stream.frames, sound_rate(stream, label), stream.channels
    if max(samples * channels, samples * (target_hz or rate) // rate) > SAMPLE_LIMIT:
        raise DataError(
            f"{label} is too long: {samples:,} samples in {channels} channel(s) at {rate:,} Hz.",
            expected=f"at most {SAMPLE_LIMIT:,} samples in all",
            fix="cut it into clips",
        )
    return AudioInfo(samples, rate, channels)


def sound_rate(stream: soundfile.SoundFile, label: str) -> int:
    """Return the sample rate in Hz that a header says; raise DataError where there is no sound."""
    if not LOWEST_HZ <= stream.samplerate <= HIGHEST_HZ:
        raise DataError(
            f"{label} has a sample rate of {stream.samplerate:,} Hz.",
            expected=f"{LOWEST_HZ:,} to {HIGHEST_HZ:,} Hz",
            fix="convert it again from its source",
        )
    if stream.frames == 0:
        raise DataError(f"{label} holds no samples.", fix="record it again, or remove it")
    return stream.samplerate


def promises_more(source: str | os.PathLike | bytes) -> bool:
    """Tell whether a file ends before its last part does; libsndfile takes that for the sound's end."""
    with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        header = file.read(12)
        if header[:4] == b"OggS":
            file.seek(max(0, size - _OGG_PAGE_BYTES))
            return _is_cut_page(file.read())
        kind = _CHUNKED.get((header[:4], header[8:]))
        if kind is None:
            return False
        sound, order = kind
        while len(chunk := file.read(8)) == 8:
            length = int.from_bytes(chunk[4:], order)
            if chunk[:4] == sound:
                return length < _UNKNOWN_SIZE and file.tell() + length > size
            file.seek(length + length % 2, os.SEEK_CUR)
    return False


def _is_cut_page(tail: bytes) -> bool:
    """Tell whether the last page in the end of an Ogg file (RFC 3533 §6) is whole and the last."""
    page = tail[tail.rfind(b"OggS") :]
    count = page[26] if len(page) > 26 else 256  # of segments, whose lengths follow
    is_last = len(page) > 5 and page[5] & 4
    return not is_last or 27 + count + sum(page[27 : 27 + count]) > len(page)


def _no_audio(label: str, what: str) -> DataError:
    return DataError(
        f"{label} {what}.",
        expected=f"a {SOUND_FORMATS} file",
        fix="replace, convert (ffmpeg -i FILE new.wav) or remove it",
    )


def cut_short(label: str, what: str) -> DataError:
    """Make the error for a file that ends too early."""
    return DataError(
        f"{label} is damaged or cut short ({what.rstrip('.')}).",
        expected=f"a whole {SOUND_FORMATS} file",
        fix="copy it again from its source, or remove it",
    )
