"""Published pairs of sentences: made here with the form of the real files, and the real ones."""

import dataclasses
import gzip
import hashlib
import os
from pathlib import Path

import pytest

from zoo import testing
from zoo.data import sentence_pairs
from zoo.data.load import load_dataset
from zoo.data.sentence_pairs import load
from zoo.errors import DataError

STSB = '"A man, dancing.","""So"", he said, and left.",4.2\nA dog.,A cat.,0.5\n'
SICK = (
    "pair_ID\tsentence_A\tsentence_B\trelatedness_score\tentailment_judgment\n"
    "4\tA boy sleeps\tA boy is awake\t3.6\tCONTRADICTION\n"
    "5\tA boy runs\tSomebody runs\t4.5\tENTAILMENT\r\n"
    "6\tA boy runs\tA dog barks\t1\tNEUTRAL\n"
)
MSR = (
    "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n"
    '1\t1\t2\tHe said "no.\tHe said no.\r\n'
    "0\t3\t4\tRain fell.\tSnow fell.\r\n"
)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of small sets, and cards that expect them."""
    folder, cards = tmp_path / "sentence_pairs", {}
    folder.mkdir()
    for name, text in {"stsb": STSB, "sick": SICK, "msr_paraphrase": MSR}.items():
        card, files = sentence_pairs._CARDS[name], {}
        for file in card.files:
            (folder / f"{file}.gz").write_bytes(gzip.compress(text.encode()))
            files[file] = hashlib.sha256(text.encode()).hexdigest()
        cards[name] = dataclasses.replace(card, files=files)
    monkeypatch.setattr(sentence_pairs, "_CARDS", cards)
    return tmp_path


def rows(dataset, *names: str) -> list[tuple]:
    return [tuple(example[name] for name in names) for example in dataset.splits["test"]]


def test_each_form_is_read(made: Path) -> None:
    found = load("stsb", data_dir=made)
    assert rows(found, "text", "pair", "similarity") == [
        ("A man, dancing.", '"So", he said, and left.', 4.2),
        ("A dog.", "A cat.", 0.5),
    ]
    found = load("sick", data_dir=made)
    assert found.classes == ("contradiction", "entailment", "neutral")
    assert rows(found, "pair", "label", "relatedness") == [
        ("A boy is awake", 0, 3.6),
        ("Somebody runs", 1, 4.5),
        ("A dog barks", 2, 1.0),
    ]
    found = load("msr_paraphrase", data_dir=made)
    assert rows(found, "text", "label") == [('He said "no.', 1), ("Rain fell.", 0)]
    assert found.splits["train"].name_of(1) == "msr-para-train.tsv, line 3"


def test_a_damaged_row_and_a_missing_file_are_told(made: Path, monkeypatch) -> None:
    card = sentence_pairs._CARDS["sick"]
    text = SICK.replace("NEUTRAL", "MAYBE")
    path = made / "sentence_pairs" / "SICK_train.txt.gz"
    path.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(DataError, match="SICK_train"):
        load("sick", data_dir=made)
    files = card.files | {"SICK_train.txt": hashlib.sha256(text.encode()).hexdigest()}
    monkeypatch.setitem(sentence_pairs._CARDS, "sick", dataclasses.replace(card, files=files))
    with pytest.raises(DataError, match="a row that cannot be read"):
        load("sick", data_dir=made)
    path.unlink()
    with pytest.raises(DataError, match="which does not exist") as caught:
        load("sick", data_dir=made)
    assert "a folder sentence_pairs with SICK_train.txt" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("stsb", (5749, 1500, 1379)),
        ("sick", (4500, 500, 4927)),
        ("msr_paraphrase", (3576, 500, 1725)),
    ],
)
def test_the_real_sets_have_their_published_sizes(name: str, sizes: tuple[int, ...]) -> None:
    folder = os.environ.get("ZOO_DATA_DIR")
    if not folder or not (Path(folder) / "sentence_pairs").is_dir():
        pytest.skip("ZOO_DATA_DIR is not set, or holds no sentence_pairs")
    dataset = load_dataset(name)
    assert tuple(len(split) for split in dataset.splits.values()) == sizes
    testing.check_dataset(dataset)
