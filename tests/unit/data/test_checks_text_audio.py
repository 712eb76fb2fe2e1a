"""What check_dataset finds in texts and sounds, and what it leaves alone."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.columns import Audio, Group, Label, Text
from zoo.columns.readers.audio import read_audio, write_wav
from zoo.data import duplicates, scans
from zoo.data.checks import Finding, check_dataset
from zoo.data.dataset import Dataset, Split
from zoo.data.folder import load

RATE = 8000
KINDS = {"audio": Audio(RATE), "text": Text(), "label": Label(), "group": Group()}
VOCABULARY = [f"{a}{b}{c}" for a in "bdgklmnprst" for b in "aeiou" for c in ("n", "r", "st", "")]


def sentences(count: int, *, seed: int, words: int = 12) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(row) for row in generator.choice(VOCABULARY, (count, words))]


def texts_of(texts: list[str], **columns: list) -> Split:
    return Split({"text": texts, "label": np.arange(len(texts)) % 2, **columns})


def sound(seed: int, *, seconds: float = 0.3) -> np.ndarray:
    """A few gliding tones that swell and fade."""
    generator = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * RATE)) / RATE
    audio = np.zeros(len(time_s))
    for low, high, peak in zip(
        *generator.uniform(150, 3500, (2, 4)), generator.uniform(0, seconds, 4), strict=True
    ):
        phase = 2 * np.pi * (low * time_s + (high - low) * time_s**2 / (2 * seconds))
        audio += np.sin(phase) * np.exp(-(((time_s - peak) / 0.06) ** 2))
    return (0.6 * audio / np.abs(audio).max()).astype("float32")


def sounds_of(count: int, *, seed: int) -> Split:
    audio = [sound(1000 * seed + i) for i in range(count)]
    return Split({"audio": audio, "label": np.arange(count) % 2})


def dataset_of(*, classes: tuple[str, ...] = ("no", "yes"), **splits: Split) -> Dataset:
    columns = splits["train"].columns
    return Dataset(
        name="made_here",
        splits=splits,
        features={n: KINDS[n] for n in columns},
        classes=classes,
        licence="CC0",
        source="table",
    )


def found(dataset: Dataset, check: str) -> Finding:
    findings = check_dataset(dataset).findings
    assert {finding.check for finding in findings} == {check}, findings
    assert len(findings) == 1
    assert findings[0].fix
    return findings[0]


def test_sound_texts_and_sounds_give_no_finding() -> None:
    train, test = texts_of(sentences(60, seed=1)), texts_of(sentences(20, seed=2))
    assert check_dataset(dataset_of(train=train, test=test)).findings == ()
    assert (
        check_dataset(dataset_of(train=sounds_of(30, seed=1), test=sounds_of(10, seed=2))).findings
        == ()
    )


def test_the_same_text_on_both_sides_is_an_error() -> None:
    train, test = sentences(60, seed=1), sentences(20, seed=2)
    test[4] = train[7]
    finding = found(
        dataset_of(train=texts_of(train), test=texts_of(test)), "duplicates_across_splits"
    )
    assert (finding.severity, finding.count) == ("error", 1)
    assert finding.examples[0].startswith(f'test #4 "{train[7][:30]}')
    assert "1 of them with another label" in finding.message


def upper(text: str) -> str:
    return text.upper().replace(" ", ",  ") + "!"


def typo(text: str) -> str:
    return text[:-1]


@pytest.mark.parametrize("change", [upper, typo])
def test_texts_that_were_changed_a_little_are_found(change) -> None:
    train, test = sentences(60, seed=1), sentences(20, seed=2)
    test[5] = change(train[31])
    finding = found(
        dataset_of(train=texts_of(train), test=texts_of(test)), "near_duplicates_across_splits"
    )
    assert (finding.severity, finding.count) == ("error", 1)
    assert "test #5" in finding.examples[0]
    assert "train #31" in finding.examples[0]


WORDS = st.lists(st.sampled_from(["ab", "cd", "abc", "x", "long word"]), min_size=1, max_size=12)
EDITED = st.lists(WORDS.map(" ".join), min_size=1, max_size=12)


def jaccard(one: str, other: str) -> float:
    a, b = (
        {text.ljust(5)[i : i + 5] for i in range(max(1, len(text) - 4))} for text in (one, other)
    )
    return len(a & b) / len(a | b)


@settings(max_examples=60, deadline=None)
@given(EDITED, EDITED)
def test_near_texts_are_exactly_those_that_comparing_all_pairs_finds(
    mine: list[str], theirs: list[str]
) -> None:
    held, other = (
        scans.scan("x", Split({"text": t}), column="text", kind=Text()) for t in (mine, theirs)
    )
    near = duplicates.near_texts(held, other)
    for i, text in held.signatures.items():
        best = max(jaccard(text, candidate) for candidate in other.signatures.values())
        assert (i in near) == (best >= 0.9)
        if i in near:
            assert jaccard(text, other.signatures[near[i]]) == best


def test_vowel_signs_tell_texts_apart() -> None:
    one, other = (scans.look_at_text(text).signature for text in ("बल मल कल", "बाल मील कुल"))
    assert one != other and len(other.split()) == 3


def test_few_of_many_sentences_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the 20 million pairs, so that it takes seconds."""
    train, test = sentences(20_000, seed=1), sentences(1000, seed=2)
    test[7] = upper(train[12_345])
    monkeypatch.setattr(duplicates, "COMPARED_LIMIT", 200_000)
    report = check_dataset(dataset_of(train=texts_of(train), test=texts_of(test)))
    assert [(found.check, found.count) for found in report.findings] == [
        ("near_duplicates_across_splits", 1)
    ]


def test_texts_too_alike_to_compare_all_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    train = sentences(40, seed=1)
    test = [typo(text) for text in train]
    monkeypatch.setattr(duplicates, "COMPARED_LIMIT", 39)
    finding = found(
        dataset_of(train=texts_of(train), test=texts_of(test)), "near_duplicates_across_splits"
    )
    assert finding.severity == "note"
    assert "too large to search" in finding.message


def test_odd_texts_are_found() -> None:
    train, test = sentences(60, seed=1), texts_of(sentences(20, seed=2))
    train[3] = "?!.. ------------------------------------------------"
    assert found(dataset_of(train=texts_of(train), test=test), "wordless").count == 1
    train[3] = train[3].replace("-", "caf\N{REPLACEMENT CHARACTER} ")
    assert (
        "train #3"
        in found(dataset_of(train=texts_of(train[:8]), test=test), "undecoded").examples[0]
    )
    train[3] = " ".join(sentences(12, seed=5))
    finding = found(dataset_of(train=texts_of(train), test=test), "long")
    assert (finding.severity, finding.count) == ("note", 1)
    assert finding.examples[0].endswith(f"{len(train[3])} characters")
    train[3] = "yes"
    assert found(dataset_of(train=texts_of(train), test=test), "short").count == 1


def test_repeated_texts_weigh_more_with_other_labels() -> None:
    train, test = sentences(60, seed=1), texts_of(sentences(20, seed=2))
    train[4] = train[6] = train[2]
    dataset = dataset_of(train=texts_of(train), test=test)
    assert found(dataset, "duplicates_within_split").severity == "note"
    train[5] = train[2]
    dataset = dataset_of(train=texts_of(train), test=test)
    assert found(dataset, "duplicates_within_split").severity == "warning"


def test_documents_that_share_passages_are_found() -> None:
    documents = {s: sentences(2, seed=i, words=2000) for i, s in enumerate(("train", "test"))}
    plain = {name: Split({"text": texts}) for name, texts in documents.items()}
    assert check_dataset(dataset_of(classes=(), **plain)).findings == ()
    passage = " ".join(documents["train"][1].split()[500:530])
    documents["test"][0] += ". " + passage.title()
    plain = {name: Split({"text": texts}) for name, texts in documents.items()}
    finding = found(dataset_of(classes=(), **plain), "passages_across_splits")
    assert (finding.severity, finding.count) == ("note", 18)  # 30 words hold 18 runs of 13
    assert passage[:40].casefold() in finding.examples[0]
    documents["test"][1] = documents["train"][0]
    plain = {name: Split({"text": texts}) for name, texts in documents.items()}
    severities = {
        f.check: f.severity for f in check_dataset(dataset_of(classes=(), **plain)).findings
    }
    assert severities["duplicates_across_splits"] == "error"
    assert severities["passages_across_splits"] in ("warning", "error")


def test_a_group_on_both_sides_is_an_error() -> None:
    train = texts_of(sentences(8, seed=1), group=["ann", "ben"] * 4)
    test = texts_of(sentences(4, seed=2), group=["eva", "eva", "eva", "ben"])
    finding = found(dataset_of(train=train, test=test), "groups_across_splits")
    assert (finding.severity, finding.count, finding.examples) == ("error", 1, ("ben",))
    assert "25.00%" in finding.message
    test = texts_of(sentences(4, seed=2), group=["eva"] * 4)
    assert check_dataset(dataset_of(train=train, test=test)).ok


def padded(audio: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(900, "float32"), audio, np.zeros(300, "float32")])


def test_a_sound_with_other_silence_around_is_the_same_sound() -> None:
    train, test = sounds_of(30, seed=1), sounds_of(10, seed=2)
    test.columns["audio"][4] = padded(train.columns["audio"][9])
    finding = found(dataset_of(train=train, test=test), "duplicates_across_splits")
    assert (finding.severity, finding.examples) == ("error", ("test #4 = train #9",))


def softer(audio: np.ndarray) -> np.ndarray:
    return padded(0.3 * audio)


def encoded(audio: np.ndarray) -> np.ndarray:
    import io

    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, audio, RATE, format="OGG", subtype="VORBIS")
    return read_audio(buffer.getvalue())[0]


@pytest.mark.parametrize("copy", [softer, encoded])
def test_sounds_that_were_saved_in_another_way_are_found(copy) -> None:
    train, test = sounds_of(30, seed=1), sounds_of(10, seed=2)
    test.columns["audio"][3] = copy(train.columns["audio"][22])
    finding = found(dataset_of(train=train, test=test), "near_duplicates_across_splits")
    assert (finding.severity, finding.examples) == ("error", ("test #3 ~ train #22",))


def test_silent_clipped_long_and_short_sounds_are_found() -> None:
    def with_first(audio: np.ndarray) -> Dataset:
        train = sounds_of(30, seed=1)
        train.columns["audio"][0] = audio.astype("float32")
        return dataset_of(train=train, test=sounds_of(10, seed=2))

    noise = np.random.default_rng(0).normal(size=2400)
    assert found(with_first(1e-4 * noise), "silent").examples == ("train #0",)
    assert found(with_first(np.clip(3 * noise, -1, 1)), "clipped").examples == ("train #0",)
    peaks = 0.3 * np.clip(noise, -3, 3)
    peaks[::500] = 1.0  # single samples at full scale are no clipping
    assert check_dataset(with_first(peaks)).findings == ()
    assert found(with_first(np.tile(0.1 * noise, 11)), "long").examples == ("train #0: 3.3 s",)
    assert found(with_first(0.1 * noise[:200]), "short").examples == ("train #0: 0.025 s",)


def test_unreadable_sounds_are_named(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    decode = partial(read_audio, sample_rate_hz=RATE)
    broken = Split(
        {"audio": [tmp_path / "bad.wav"], "label": np.array([0])}, decode={"audio": decode}
    )
    report = check_dataset(dataset_of(train=sounds_of(8, seed=1), test=broken))
    (finding,) = (item for item in report.findings if item.check == "corrupt")
    assert (finding.severity, finding.count) == ("error", 1)
    assert "bad.wav" in finding.examples[0]


def test_files_of_a_lower_rate_are_named(tmp_path: Path) -> None:
    for i in range(12):
        folder = tmp_path / ("no", "yes")[i % 2]
        folder.mkdir(exist_ok=True)
        rate = RATE // 2 if i == 5 else RATE
        write_wav(folder / f"{i}.wav", sound(i, seconds=0.2), sample_rate_hz=rate)
    finding = found(load(tmp_path), "mixed_rates")
    assert (finding.severity, finding.examples) == ("warning", ("yes/5.wav: 4,000 Hz",))
