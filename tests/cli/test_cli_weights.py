"""`zoo weights` fetches, keeps and checks files; nothing here asks a network."""

import dataclasses
import hashlib
import shutil

import numpy as np
import pytest
import safetensors.numpy

from zoo import registry
from zoo.cards import PretrainedCard, UrlSource
from zoo.catalog.pretrained import PRETRAINED
from zoo.pretrained import cache

DATA = b"numbers" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A weight of the catalog whose file is on this machine, and an empty cache."""
    for name in ("ZOO_SOURCES", "ZOO_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "weights"))
    file = tmp_path / "published.pt"
    file.write_bytes(DATA)
    card = PretrainedCard(
        name="resnet50.a1",
        model="resnet50",
        sources=(UrlSource(file.as_uri(), SHA),),
        classes="imagenet_1k",
        licence="Apache-2.0",
        commercial="yes",
        origin="A. Author, https://example.org",
    )
    monkeypatch.setattr(registry, "pretrained_cards", lambda: {card.name: card})
    return file


def test_pull_prints_licence_and_origin(zoo, published, tmp_path):
    outcome = zoo("weights", "pull", "resnet50.a1")
    assert outcome.code == 0 and outcome.err == ""
    place = str(tmp_path / "weights" / "resnet50.a1" / SHA)
    for line in (place, "Apache-2.0", "A. Author, https://example.org", "imagenet_1k"):
        assert line in outcome.out
    facts = zoo("weights", "pull", "resnet50.a1", "--offline", "--json").document
    assert facts["path"] == place and facts["licence"] == "Apache-2.0"
    assert facts["cached"]["sha256"] == SHA and facts["cached"]["pinned"] is True
    assert zoo("weights", "path", "resnet50.a1").out.strip() == place
    assert zoo("weights", "path", "resnet50.a1", "--json").document["path"] == place


def test_list_says_what_is_in_the_cache(zoo, published):
    (before,) = zoo("weights", "list", "--json").document
    assert before["name"] == "resnet50.a1" and before["cached"] is None
    zoo("weights", "pull", "resnet50.a1")
    (after,) = zoo("weights", "list", "a1", "--json").document
    assert after["cached"]["size_bytes"] == len(DATA)
    assert "0.0 MB" in zoo("weights", "list").out
    assert zoo("weights", "list", "other*", "--json").document == []


def test_check_finds_damage(zoo, published):
    zoo("weights", "pull", "resnet50.a1")
    assert "1 file as recorded" in zoo("weights", "check").out
    cache.cached("resnet50.a1").write_bytes(b"other")
    outcome = zoo("weights", "check")
    assert outcome.code == 1 and "damaged" in outcome.err
    outcome = zoo("weights", "check", "resnet50.a1", "--json")
    assert outcome.document == [{"name": "resnet50.a1", "whole": False}]
    assert zoo("weights", "path", "resnet50.a1").code == 2


def test_add_and_remove(zoo, published, tmp_path):
    own = tmp_path / "own.pt"
    own.write_bytes(b"own")
    outcome = zoo("weights", "add", "resnet50.a1", own)
    assert outcome.code == 2 and "it is not the file of resnet50.a1" in outcome.err
    assert zoo("weights", "add", "resnet50.a1", published).code == 0
    assert zoo("weights", "remove", "resnet50.a1", "--json").document["freed_bytes"] >= len(DATA)
    assert "freed" in zoo("weights", "remove", "resnet50.a1", "--forget").out
    outcome = zoo("weights", "add", "resnet50.a2", published)  # nothing could use it
    assert outcome.code == 2 and "nearest: resnet50.a1" in outcome.err
    assert [item["name"] for item in zoo("weights", "list", "--json").document] == ["resnet50.a1"]


def test_a_file_of_another_model_is_not_added(refused, published, tmp_path, monkeypatch):
    card = dataclasses.replace(registry.pretrained_cards()["resnet50.a1"], model="resnet20")
    card = dataclasses.replace(card, sources=(UrlSource(published.as_uri()),), classes="cifar10")
    monkeypatch.setattr(registry, "pretrained_cards", lambda: {card.name: card})
    other = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"fc.weight": np.zeros((10, 3), "float32")}, other)
    folder = tmp_path / "downloads"
    folder.mkdir()
    shutil.copy(other, folder)
    for given in (other, folder):
        message = refused("weights", "add", card.name, given)
        assert "other.safetensors" in message and "not those of this model" in message
    assert not cache.records(card.name)


def test_a_folder_with_one_weight_file_can_be_added(zoo, published, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "own.pth").write_bytes(DATA)
    cached = zoo("weights", "add", "resnet50.a1", folder, "--json").document["cached"]
    assert cached["size_bytes"] == len(DATA)
    (folder / "other.h5").write_bytes(b"other")
    outcome = zoo("weights", "add", "resnet50.a1", folder)
    assert outcome.code == 2 and "2 weight files: other.h5, own.pth" in outcome.err


def test_mistakes_are_one_screen(zoo, published):
    outcome = zoo("weights", "pull", "resnet50.a2")
    assert outcome.code == 2 and "nearest: resnet50.a1" in outcome.err
    published.unlink()
    outcome = zoo("weights", "pull", "resnet50.a1", "--json")
    assert outcome.code == 2
    assert "could not be fetched" in outcome.document["error"]["problem"]
    assert zoo("weights", "add", "../up", published).code == 2


def test_published_weights_are_listed_by_task_and_by_family(zoo):
    named = zoo("list", "--pretrained", "--task", "sentence_pairs", "--json").document
    models = {registry.model_card(item["model"]).modality for item in named}
    assert models == {"text"}
    family = zoo("list", "--pretrained", "--family", "whisper", "--json").document
    assert {item["model"].partition("_")[0] for item in family} == {"whisper"}
    assert zoo("list", "--pretrained", "--task", "sentence_pair").code == 2


def test_names_of_the_catalog_are_unique():
    assert len({card.name for card in PRETRAINED}) == len(PRETRAINED)
