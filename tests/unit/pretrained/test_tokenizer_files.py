"""Weights of texts come with their tokenizer: added from a folder, fetched, read, refused."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.pretrained.made_texts import NAME, WORDS, made_weights
from zoo import registry
from zoo.columns import Text
from zoo.errors import WeightsError
from zoo.pretrained import cache, tokenizer_files
from zoo.pretrained.configurations import check_configuration
from zoo.weight_conversion import added


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of weights, tokenizer and configuration, whose card is in the catalog."""
    return made_weights(tmp_path, monkeypatch)


def test_a_folder_brings_weights_and_tokenizer(folder):
    from recipes.runs.run import load_run

    added(NAME, folder)
    run = load_run(NAME)
    column = run.assets.x["ids"]
    assert isinstance(column, Text) and column.context_length == 6
    assert column.encode("a finer film a film")[""].tolist() == [2, 5, 6, 7, 8, 3]
    found = run.embed(["a film", "a finer film!"])
    assert found.shape == (2, 8)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    alone = run.embed(["a film"])
    np.testing.assert_allclose(found[0], alone[0], atol=1e-6)


def test_a_vocabulary_serves_where_there_is_no_json(folder):
    texts = registry.pretrained_card(NAME).texts
    from_json = tokenizer_files.read_state(folder / "tokenizer.json", texts)
    (folder / "vocab.txt").write_bytes(("\r\n".join(WORDS) + "\r\n").encode())
    assert tokenizer_files.read_state(folder / "vocab.txt", texts) == from_json
    cased = tokenizer_files.read_state(folder / "vocab.txt", replace(texts, lowercase=False))
    assert cased != from_json
    (folder / "tokenizer.json").unlink()
    tokenizer_files.add(registry.pretrained_card(NAME), folder)
    assert cache.cached(f"{NAME}.tokenizer").read_bytes().startswith(b"[PAD]")


def test_a_folder_without_a_tokenizer_is_refused_and_nothing_is_kept(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(WeightsError, match="holds no tokenizer"):
        added(NAME, folder)
    assert cache.names() == []
    assert tokenizer_files.FILES == ("tokenizer.json", "vocab.txt")


def test_another_tokenizer_than_the_stated_one_is_refused(folder, monkeypatch):
    card = registry.pretrained_card(NAME)
    (source,) = card.texts.tokenizer
    source = replace(source, path="tokenizer.json", sha256=hashlib.sha256(b"").hexdigest())
    texts = replace(card.texts, tokenizer=(source,))
    with pytest.raises(WeightsError, match="it is not that of"):
        tokenizer_files.add(replace(card, texts=texts), folder)


@pytest.mark.parametrize("content", [b"{}", b"\xff\xfe", b"", b"one\ntwo\n"])
def test_what_is_not_a_tokenizer_is_refused_with_its_path(folder, content):
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(WeightsError, match=r"tokenizer\.json"):
        added(NAME, folder)


def test_a_configuration_of_another_model_is_refused_with_all_that_differs(folder):
    configuration = {"num_attention_heads": 4, "hidden_act": "relu", "hidden_size": 8}
    (folder / "config.json").write_text(json.dumps(configuration), encoding="utf-8")
    with pytest.raises(WeightsError, match=r"num_heads=4 instead of 2.*hidden_act='relu'"):
        added(NAME, folder)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff"])
def test_a_damaged_configuration_is_refused(folder, content):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(WeightsError, match=r"config\.json cannot be read"):
        added(NAME, folder)


def test_a_model_without_a_map_of_words_has_no_configuration_to_check(folder):
    check_configuration(folder, registry.model_card("resnet18"), {})
