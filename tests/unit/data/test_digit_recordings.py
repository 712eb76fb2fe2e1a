"""Pairs of a drawn, a spoken and a written digit: what joins them, and what is lost of each."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.data import digit_recordings as pairs
from zoo.data.spoken_digit_strings import WORDS
from zoo.errors import ArgumentError
from zoo.testing import check_dataset

CLEAN = {"image_noise": 0.0, "image_occluded": 0.0, "audio_snr_db": None, "text_replaced": 0.0}
EACH = 7  # recordings of a digit and speaker


def png(value, file):
    Image.fromarray(np.full((28, 28), value, "uint8")).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def made(monkeypatch):
    """Drawings whose gray level, and recordings whose length, tell their digit."""
    import io

    names, waves = [], []
    for digit in range(10):
        for speaker in ("george", "jackson", "nicolas", "theo", "yweweler"):
            for number in range(EACH):
                names.append(f"{digit}_{speaker}_{number}.wav")
                waves.append(np.resize(np.array([3000, -3000], "int16"), 300 + digit))
    monkeypatch.setattr(pairs, "recordings_of", lambda *_, **__: (names, waves))
    drawn = {
        split: {
            "image": [png(20 + 20 * (i % 10), io.BytesIO()) for i in range(10 * 100)],
            "label": [i % 10 for i in range(10 * 100)],
        }
        for split in ("train", "test")
    }
    monkeypatch.setattr(pairs, "read_columns", lambda *_, **__: drawn)


def shown(example):
    """Return the digits that a clean image, sound and text show; -1 where it is destroyed."""
    level, word = example["image"], example["text"]
    drawn = (int(level[0, 0, 0]) - 20) // 20 if level[0, 0, 0] else -1
    steady = np.allclose(np.abs(example["audio"]), 3000 / 32768)
    return (
        drawn,
        len(example["audio"]) - 300 if steady else -1,
        WORDS.index(word) if word in WORDS else -1,
    )


def test_all_inputs_show_the_label_and_the_speaker_of_test_is_new(made):
    dataset = pairs.load(**CLEAN)
    check_dataset(dataset)
    recordings = {"train": 10 * 4 * 2, "validation": 10 * 4 * 5, "test": 10 * 7}
    counts = {name: count * pairs.PASSES[name] for name, count in recordings.items()}
    assert {name: len(split) for name, split in dataset.splits.items()} == counts
    for name, split in dataset.splits.items():
        speakers = {group.split("_")[1] for group in split.columns["group"]}
        assert speakers == ({pairs.TEST_SPEAKER} if name == "test" else set(pairs.SPEAKERS))
        for example in split:
            assert shown(example) == (example["label"],) * 3
        used = np.unique(split.columns["group"], return_counts=True)[1]
        assert set(used) == {pairs.PASSES[name]}


def test_a_knob_changes_its_own_input_alone_and_the_same_one_gives_the_same(made):
    before = pairs.load().splits["train"]
    for name, value, column in (
        ("image_noise", 0.1, "image"),
        ("image_occluded", 0.5, "image"),
        ("audio_snr_db", 0.0, "audio"),
        ("text_replaced", 0.9, "text"),
    ):
        after = pairs.load(**{name: value}).splits["train"]
        for other in (*pairs.INPUTS, "label", "group"):
            same = all(map(np.array_equal, before.columns[other], after.columns[other]))
            assert same == (other != column), (name, other)
    assert pairs.load().fingerprint == pairs.load().fingerprint


def test_one_input_lies_and_the_next_one_is_destroyed(made):
    dataset = pairs.load(**CLEAN, dependent=1.0)
    wrong = np.zeros(3, int)
    for example in dataset.splits["train"]:
        found, label = shown(example), example["label"]
        lost = found.index(-1)
        liar, right = (lost + 2) % 3, (lost + 1) % 3
        assert found[right] == label
        assert found[liar] not in (-1, label)
        wrong[liar] += 1
    assert wrong.sum() == 240 and wrong.min() > 50  # 80 each, with a deviation of 7.3


def test_half_of_the_examples_depend_where_asked(made):
    split = pairs.load(**CLEAN, dependent=0.5).splits["train"]
    share = np.mean([shown(example) != (example["label"],) * 3 for example in split])
    assert abs(share - 0.5) < 4 * np.sqrt(0.25 / len(split))


def loss(**changes):
    return pairs.Degradation(**{**CLEAN, "dependent": 0.0, **changes})


def test_noise_and_square_have_the_size_that_was_asked_for():
    gray = np.full((28, 28, 1), 128, "uint8")
    draw = lambda seed: np.random.default_rng(seed)  # noqa: E731
    noisy = [
        pairs.degraded_image(gray, loss(image_noise=0.1), draw(i), destroyed=False) / 255
        for i in range(50)
    ]
    assert abs(np.std(noisy) - 0.1) < 0.002 and abs(np.mean(noisy) - 128 / 255) < 0.002
    covered = pairs.degraded_image(gray, loss(image_occluded=0.25), draw(1), destroyed=False)
    assert np.mean(covered == 0) == 0.25
    gone = pairs.degraded_image(gray, loss(image_occluded=1.0), draw(1), destroyed=False)
    assert not gone.any()


@pytest.mark.parametrize("ratio", [-10.0, 0.0, 10.0])
def test_noise_of_a_recording_has_the_power_that_was_asked_for(ratio):
    clean = 0.05 * np.sin(np.arange(40_000) / 3).astype("float32")
    generator = np.random.default_rng(1)
    heard = pairs.degraded_audio(clean, loss(audio_snr_db=ratio), generator, destroyed=False)
    noise = heard - clean
    assert abs(10 * np.log10(np.mean(clean**2) / np.mean(noise**2)) - ratio) < 0.2
    assert abs(np.corrcoef(noise, clean)[0, 1]) < 0.02


def test_letters_are_replaced_as_often_as_asked_by_other_letters():
    word, generator = "abcdefghij" * 500, np.random.default_rng(3)
    text = pairs.degraded_text(word, loss(text_replaced=0.3), generator, destroyed=False)
    changed = np.mean([a != b for a, b in zip(word, text, strict=True)])
    assert abs(changed - 0.3) < 4 * np.sqrt(0.21 / len(word))
    assert text.isalpha() and text.islower()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (dict(image_noise=-0.1), "image_noise=-0.1 is out of range"),
        (dict(image_occluded=1.5), "image_occluded=1.5 is out of range"),
        (dict(audio_snr_db="loud"), "null adds no noise"),
        (dict(text_replaced=None), "text_replaced=None is out of range"),
        (dict(dependent=True), "dependent=True is out of range"),
    ],
)
def test_values_out_of_range(arguments, said):
    with pytest.raises(ArgumentError) as caught:
        pairs.load(**arguments)
    assert said in str(caught.value)


@pytest.mark.slow
def test_the_real_set():
    folder = os.environ.get("TFDS_DATA_DIR")
    for name in ("mnist", "spoken_digit"):
        if not folder or not (Path(folder) / name).is_dir():
            pytest.skip(f"TFDS_DATA_DIR is not set, or holds no {name}")
    dataset = pairs.load(data_dir=folder)
    check_dataset(dataset)
    assert dataset.counts() == {"train": [600] * 10, "validation": [100] * 10, "test": [200] * 10}
