"""Text and audio sets of TensorFlow Datasets: tiny ones that are prepared here, and the real ones."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets

from zoo.data.tfds import load, read_columns
from zoo.errors import ArgumentError, DataError

FEATURES = tensorflow_datasets.features


class _Toy(tensorflow_datasets.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tensorflow_datasets.core.Version("1.0.0")
    SPLITS = {"train": 40, "validation": 6, "test": 8}  # noqa: RUF012

    def _info(self) -> tensorflow_datasets.core.DatasetInfo:
        return tensorflow_datasets.core.DatasetInfo(
            builder=self, features=FEATURES.FeaturesDict(self.features())
        )

    def _split_generators(self, dl_manager: object) -> dict:
        return {name: self._generate_examples(name, n) for name, n in self.SPLITS.items()}

    def _generate_examples(self, split: str, count: int) -> Iterator[tuple[int, dict]]:
        for i in range(count):
            yield i, self.example(split, i)


class KerazooQuestions(_Toy):
    """Text with two columns of classes, one number beside, and a test split without labels."""

    def features(self) -> dict:
        return {
            "question": FEATURES.Text(),
            "idx": np.int32,
            "coarse": FEATURES.ClassLabel(names=["who", "where"]),
            "fine": FEATURES.ClassLabel(num_classes=4),
        }

    def example(self, split: str, i: int) -> dict:
        hidden = split == "test"
        question = f"Où est n° {i} of {split}?"
        coarse, fine = (-1, -1) if hidden else (i % 2, i % 4)
        return {"question": question, "idx": i, "coarse": coarse, "fine": fine}


class KerazooBook(_Toy):
    """Text alone, one long one a split."""

    SPLITS = {"train": 1, "validation": 1, "test": 1}  # noqa: RUF012

    def features(self) -> dict:
        return {"text": FEATURES.Text()}

    def example(self, split: str, i: int) -> dict:
        return {"text": f"{split}\n\n" + "word " * 30_000}


class KerazooPages(KerazooBook):
    """Text alone, many in one split."""

    SPLITS = {"train": 20}  # noqa: RUF012

    def example(self, split: str, i: int) -> dict:
        return {"text": f"page {i}"}


class KerazooPairs(_Toy):
    """Two texts an example."""

    def features(self) -> dict:
        return {
            "premise": FEATURES.Text(),
            "hypothesis": FEATURES.Text(),
            "label": FEATURES.ClassLabel(num_classes=2),
        }


class KerazooSounds(_Toy):
    """Sounds of different length; the peak of the integers tells their width."""

    PEAK = 2**15 - 1
    RATE = 8000

    def features(self) -> dict:
        return {
            "audio": FEATURES.Audio(sample_rate=self.RATE),
            "audio/filename": FEATURES.Text(),
            "label": FEATURES.ClassLabel(num_classes=2),
        }

    def example(self, split: str, i: int) -> dict:
        sound = np.linspace(-self.PEAK - 1, self.PEAK, 20 + i).round().astype("int64")
        return {"audio": sound, "audio/filename": f"{split}_{i}.wav", "label": i % 2}


class KerazooWideSounds(KerazooSounds):
    """32 bits a sample."""

    SPLITS = {"train": 10, "test": 4}  # noqa: RUF012
    PEAK = 2**31 - 1


class KerazooNarrowSounds(KerazooWideSounds):
    """8 bits a sample."""

    PEAK = 2**7 - 1


class KerazooUnratedSounds(KerazooWideSounds):
    """Nobody knows how fast they are to be played."""

    RATE = None


class KerazooStereo(KerazooWideSounds):
    """Two channels."""

    def features(self) -> dict:
        return super().features() | {"audio": FEATURES.Audio(shape=(None, 2), sample_rate=8000)}

    def example(self, split: str, i: int) -> dict:
        return super().example(split, i) | {"audio": np.ones((9, 2), "int64")}


PREPARED = (
    KerazooQuestions,
    KerazooBook,
    KerazooPages,
    KerazooSounds,
    KerazooWideSounds,
    KerazooNarrowSounds,
    KerazooUnratedSounds,
    KerazooStereo,
)


@pytest.fixture(scope="module", params=["tfrecord", "parquet"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the toy sets, in the form that TensorFlow reads and in the one it does not."""
    folder = tmp_path_factory.mktemp(request.param)
    for builder in PREPARED:
        builder(data_dir=folder).download_and_prepare(file_format=request.param)
    return folder


def real(name: str) -> str:
    """The TFDS folder that holds a real set; skips where there is none."""
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / name).is_dir():
        pytest.skip(f"TFDS_DATA_DIR is not set, or holds no {name}")
    return folder


def test_texts_are_read_with_the_label_that_is_chosen(prepared: Path) -> None:
    coarse = load("kerazoo_questions", data_dir=prepared, label="coarse")
    fine = load("kerazoo_questions", data_dir=prepared, label="fine")
    assert coarse.classes == ("who", "where")
    assert fine.classes == ("0", "1", "2", "3")
    assert coarse.features["text"].kind == "text"
    texts = coarse.splits["train"].columns["text"]
    assert sorted(texts) == sorted(f"Où est n° {i} of train?" for i in range(40))
    for example, other in zip(coarse.splits["train"], fine.splits["train"], strict=True):
        number = int(example["text"].split()[3])
        assert (example["label"], other["label"]) == (number % 2, number % 4)
        assert set(example) == {"text", "label"}


def test_hidden_test_labels_let_validation_stand_in(prepared: Path) -> None:
    dataset = load("kerazoo_questions", data_dir=prepared, label="coarse")
    assert dataset.counts() == {"train": [20, 20], "test": [3, 3]}
    assert all("of validation?" in text for text in dataset.splits["test"].columns["text"])
    assert "hidden; its validation split is used" in dataset.notes[0]


def test_which_label_is_meant_must_be_said(prepared: Path) -> None:
    with pytest.raises(DataError, match="2 label columns: coarse, fine") as caught:
        load("kerazoo_questions", data_dir=prepared)
    assert "data.arguments.label=coarse" in caught.value.fix
    with pytest.raises(ArgumentError, match="no label column 'corse'") as wrong:
        load("kerazoo_questions", data_dir=prepared, label="corse")
    assert "data.arguments.label=coarse" in wrong.value.fix
    with pytest.raises(ArgumentError, match="no label column 'label'") as none:
        load("kerazoo_book", data_dir=prepared, label="label")
    assert "leave data.arguments.label out" in none.value.fix


def test_text_alone_has_no_classes(prepared: Path) -> None:
    dataset = load("kerazoo_book", data_dir=prepared)
    assert dataset.counts() == {"train": [1], "validation": [1], "test": [1]}
    assert dataset.classes == ()
    assert set(dataset.features) == {"text"}
    assert dataset.splits["validation"][0]["text"].startswith("validation\n\nword word")
    assert len(dataset.splits["train"][0]["text"]) == len("train\n\n") + 150_000


def test_text_alone_in_one_split_is_divided(prepared: Path) -> None:
    dataset = load("kerazoo_pages", data_dir=prepared)
    pages = [text for split in dataset.splits.values() for text in split.columns["text"]]
    assert dataset.counts() == {"train": [16], "test": [4]}
    assert sorted(pages) == sorted(f"page {i}" for i in range(20))
    assert "drawn from train" in dataset.notes[0]


def test_pairs_of_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="several text columns at once") as caught:
        load("kerazoo_pairs", data_dir=tmp_path)
    assert "premise (Text), hypothesis (Text)" in caught.value.problem
    assert "One text alone".lower() in caught.value.expected.lower()


@pytest.mark.parametrize(
    ("name", "count"),
    [("kerazoo_sounds", 40), ("kerazoo_wide_sounds", 10), ("kerazoo_narrow_sounds", 10)],
)
def test_sounds_reach_from_minus_one_to_one_whatever_their_width(
    prepared: Path, name: str, count: int
) -> None:
    dataset = load(name, data_dir=prepared)
    feature = dataset.features["audio"]
    assert (feature.kind, feature.shape, feature.sample_rate_hz) == ("audio", (None,), 8000)
    sounds = dataset.splits["train"].columns["audio"]
    assert sorted(map(len, sounds)) == list(range(20, 20 + count))
    for sound, label in zip(sounds, dataset.splits["train"].labels, strict=True):
        assert sound.dtype == np.float32
        assert label == len(sound) % 2
        np.testing.assert_allclose(sound, np.linspace(-1, 1, len(sound)), atol=0.02)
        assert sound.min() == -1
        assert sound.max() <= 1


def test_sounds_that_cannot_be_used_are_explained(prepared: Path) -> None:
    with pytest.raises(DataError, match="does not say at which rate"):
        load("kerazoo_unrated_sounds", data_dir=prepared)
    with pytest.raises(DataError, match="several channels"):
        load("kerazoo_stereo", data_dir=prepared)


def test_columns_are_read_as_they_are(prepared: Path) -> None:
    names = ["audio", "audio/filename", "label"]
    columns = read_columns("kerazoo_sounds", names, data_dir=prepared)
    assert {split: list(found) for split, found in columns.items()} == dict.fromkeys(
        ("train", "validation", "test"), names
    )
    for audio, file, label in zip(*columns["validation"].values(), strict=True):
        number = int(file.removeprefix("validation_").removesuffix(".wav"))
        assert (audio.dtype, len(audio), audio.max()) == (np.int16, 20 + number, 2**15 - 1)
        assert label == number % 2
        assert isinstance(label, int)
    wide = read_columns("kerazoo_wide_sounds", ["audio"], data_dir=prepared)
    assert wide["test"]["audio"][0].dtype == np.int32
    hidden = read_columns("kerazoo_questions", ["coarse"], data_dir=prepared)
    assert set(hidden["test"]["coarse"]) == {-1}


def test_a_column_that_does_not_exist_is_named(prepared: Path) -> None:
    with pytest.raises(DataError, match="no column 'speaker'") as caught:
        read_columns("kerazoo_sounds", ["audio", "speaker"], data_dir=prepared)
    assert "audio/filename" in caught.value.expected


def test_text_that_is_not_utf8_is_named_as_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KerazooPages, "example", lambda self, split, i: {"text": b"caf\xe9"})
    KerazooPages(data_dir=tmp_path).download_and_prepare(file_format="parquet")
    with pytest.raises(DataError, match=r"cannot be read: 'utf-8' codec"):
        load("kerazoo_pages", data_dir=tmp_path)


def test_trec_is_the_published_one() -> None:
    dataset = load("trec", data_dir=real("trec"))
    assert dataset.counts()["train"] == [1162, 1250, 86, 1223, 896, 835]
    assert dataset.counts()["test"] == [138, 94, 9, 65, 113, 81]
    assert set(dataset.classes) == {"ABBR", "DESC", "ENTY", "HUM", "LOC", "NUM"}
    assert len(load("trec", data_dir=real("trec"), label="label-fine").classes) == 47


def test_tiny_shakespeare_is_the_published_one() -> None:
    dataset = load("tiny_shakespeare", data_dir=real("tiny_shakespeare"))
    lengths = {split: len(part[0]["text"]) for split, part in dataset.splits.items()}
    assert sum(lengths.values()) == 1_115_394
    assert lengths["train"] == int(1_115_394 * 0.9)
    assert dataset.splits["train"][0]["text"].startswith("First Citizen:\nBefore we proceed")


def test_spoken_digit_is_read_by_its_columns() -> None:
    columns = read_columns(
        "spoken_digit", ["audio", "audio/filename", "label"], data_dir=real("spoken_digit")
    )["train"]
    assert len(columns["audio"]) == 2500
    assert sum(map(len, columns["audio"])) / 8000 / 60 == pytest.approx(17.1, abs=0.1)
    for file, label in zip(columns["audio/filename"], columns["label"], strict=True):
        assert file.startswith(f"{label}_")


def test_a_pair_of_sentences_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"sentence1 \(Text\), sentence2 \(Text\)"):
        load("glue/rte", data_dir=real("glue/rte"))
