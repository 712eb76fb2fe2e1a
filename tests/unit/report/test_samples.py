"""Pictures of sounds, and samples of data sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from recipes.report.pictures import audio_picture, data_uri
from recipes.report.samples import TEXT_LENGTH, save_samples, text_samples
from zoo.columns import Audio, Text
from zoo.data.dataset import Dataset, Split
from zoo.errors import ArgumentError

WAVE, GAP = 60, 4  # rows of the waveform, and between it and the spectrogram


def tone(frequency_hz: float, *, rate: int = 16000, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(round(rate * seconds)) / rate)


def brightness(picture: np.ndarray) -> np.ndarray:
    """Of the spectrogram, (rows, columns)."""
    return picture[WAVE + GAP :].astype(int).sum(axis=-1)


def loudest_row(picture: np.ndarray) -> int:
    return int(brightness(picture).sum(axis=1).argmax())


def drawn(picture: np.ndarray) -> np.ndarray:
    """Where the waveform is, (rows, columns)."""
    return (picture[:WAVE] != 255).any(axis=-1)


def test_higher_tones_stand_higher() -> None:
    rows = [loudest_row(audio_picture(tone(f), sample_rate_hz=16000)) for f in (300, 1000, 4000)]
    assert rows[0] > rows[1] > rows[2]
    mel = 2595 * np.log10(1 + np.array([300, 1000, 4000]) / 700)
    highest = 2595 * np.log10(1 + 8000 / 700)
    np.testing.assert_allclose(rows, 127 * (1 - mel / highest), atol=2)


def test_time_goes_to_the_right() -> None:
    audio = np.concatenate([np.zeros(8000), tone(1000)])
    shade = brightness(audio_picture(audio, sample_rate_hz=16000)).sum(axis=0)
    assert shade[100:].mean() > 3 * shade[:90].mean()
    columns = drawn(audio_picture(audio, sample_rate_hz=16000)).sum(axis=0)
    assert set(columns[:90]) == {1}
    assert columns[100:].min() > 50


def test_quiet_sounds_look_quiet_and_silence_is_black() -> None:
    loud, quiet = (audio_picture(a * tone(500), sample_rate_hz=16000) for a in (0.5, 0.02))
    assert drawn(loud).sum() > 4 * drawn(quiet).sum()
    silent = audio_picture(np.zeros(4000), sample_rate_hz=16000)
    assert drawn(silent).sum(axis=0).max() == 1
    assert brightness(silent).max() < 60


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3000), st.sampled_from([1000, 8000, 44100]), st.integers(0, 99))
def test_any_sound_has_a_picture(samples: int, rate: int, seed: int) -> None:
    audio = np.random.default_rng(seed).uniform(-1, 1, samples).astype("float32")
    picture = audio_picture(audio, sample_rate_hz=rate)
    assert (picture.dtype, picture.shape) == (np.uint8, (192, 192, 3))
    assert data_uri(picture).startswith("data:image/png")


def dataset_of(column: str, values: list, *, classes: tuple[str, ...] = ("a", "b")) -> Dataset:
    columns = {column: values}
    if classes:
        columns["label"] = np.arange(len(values)) % len(classes)
    return Dataset(
        name="made_here",
        splits={"train": Split(columns)},
        features={column: Audio(8000) if column == "audio" else Text()},
        classes=classes,
        licence="CC0",
        source="folder",
    )


def test_samples_of_sounds_are_drawn(tmp_path) -> None:
    dataset = dataset_of("audio", [tone(200 + 100 * i, rate=8000) for i in range(12)])
    save_samples(dataset, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.std() > 20
    assert picture.format == "PNG"


def test_samples_of_texts_are_spread_over_classes_and_shortened(tmp_path) -> None:
    texts = [f"text {i}\nof  many words" * 20 for i in range(12)]
    found = text_samples(dataset_of("text", texts))
    assert [name for name, _ in found] == ["a", "a", "b", "b"]
    assert [text[:13] for _, text in found] == [
        "text 0 of man", "text 10 of ma", "text 1 of man", "text 11 of ma"
    ]  # fmt: skip
    assert all(len(text) <= TEXT_LENGTH and text.endswith("…") for _, text in found)
    assert len(text_samples(dataset_of("text", texts, classes=()))) == 4
    with pytest.raises(ArgumentError, match="neither images nor sounds"):
        save_samples(dataset_of("text", texts), tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()
