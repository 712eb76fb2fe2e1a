"""SST-2: which sentence each phrase is from, and that validation shares none with train."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo import testing
from zoo.columns import Label, Text
from zoo.data import sst2
from zoo.data.dataset import Dataset, Split

PHRASES = st.lists(st.lists(st.sampled_from("abc"), max_size=5).map(" ".join), max_size=12)


@given(PHRASES)
def test_each_phrase_goes_to_the_longest_that_holds_it_and_of_equals_to_the_first(phrases):
    def holds(whole: str, part: str) -> bool:
        return f" {part} ".replace("  ", " ") in f" {whole} "

    for phrase, place in zip(phrases, sst2.sentence_of(phrases), strict=True):
        holders = [i for i, whole in enumerate(phrases) if holds(whole, phrase)]
        assert place == max(holders, key=lambda i: (len(phrases[i].split()), -i))


def test_validation_is_carved_by_whole_sentences(monkeypatch):
    sentences = [f"this film {i} is {'good' if i % 2 else 'dull'}" for i in range(40)]
    texts = [part for s in sentences for part in (s, s.partition(" is ")[0], s[-9:])]
    labels = np.repeat(np.arange(40) % 2, 3)
    test = {"text": ["a film", "no film"], "label": np.array([1, 0])}
    plain = Dataset(
        name="glue/sst2",
        splits={"train": Split({"text": texts, "label": labels}), "test": Split(test)},
        features={"text": Text(), "label": Label()},
        classes=("negative", "positive"),
        licence="none stated",
        source="tfds",
    )
    monkeypatch.setattr(sst2.tfds, "load", lambda name, **_: plain)
    dataset = sst2.load()
    testing.check_dataset(dataset)
    divided = dataset.with_validation(fraction=0.25, seed=0).splits
    assert len(divided["validation"]) == pytest.approx(30, abs=6)
    seen = {name: {t for t in divided[name].columns["text"] if "film" in t} for name in divided}
    for phrase in seen["validation"]:
        assert not any(phrase in other for other in seen["train"])


def test_the_published_one():
    folder = os.environ.get("TFDS_DATA_DIR")
    if not folder or not (Path(folder) / "glue" / "sst2").is_dir():
        pytest.skip("TFDS_DATA_DIR is not set, or holds no glue/sst2")
    dataset = sst2.load(data_dir=folder)
    assert dataset.counts() == {"train": [29780, 37569], "test": [428, 444]}
    assert dataset.classes == ("negative", "positive")
    assert "validation split is used" in dataset.notes[0]
    assert len(set(dataset.splits["train"].columns["group"])) == 6885
    divided = dataset.with_validation(fraction=0.05, seed=0).splits
    seen = set(divided["train"].columns["text"])
    assert len(divided["validation"]) == pytest.approx(0.05 * 67349, rel=0.05)
    assert not seen & set(divided["validation"].columns["text"])
