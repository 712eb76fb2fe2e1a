"""A folder stands for the one weight file in it, and an index for all its shards."""

import json
import struct

import numpy as np
import pytest
import safetensors.numpy

from zoo.cards import UrlSource
from zoo.errors import WeightsError
from zoo.pretrained import cache
from zoo.pretrained.folders import opened, weight_file
from zoo.pretrained.readers import read
from zoo.pretrained.sources import add, fetch

PARTS = {
    "model-00001-of-00002.safetensors": {"b": np.ones(3, "uint8"), "a": np.arange(4.0)},
    "model-00002-of-00002.safetensors": {"c": np.ones((2, 3), "float16")},
}


@pytest.fixture(autouse=True)
def weights_dir(tmp_path, monkeypatch):
    """A cache of its own."""
    for name in ("ZOO_SOURCES", "ZOO_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "downloads"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / ".gitattributes.bin").write_bytes(b"")
    return made


def sharded(folder, **changes):
    """Write an index and its shards; return the index."""
    for file, tensors in PARTS.items():
        safetensors.numpy.save_file(tensors, folder / file)
    places = {name: file for file, tensors in PARTS.items() for name in tensors}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places | changes}))
    return index


@pytest.mark.parametrize(
    "name", ["model.safetensors", "a.PTH", "b.weights.h5", "pytorch_model.bin"]
)
def test_the_only_weight_file_of_a_folder_is_taken(folder, name):
    (folder / name).write_bytes(b"numbers")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "other.pth").write_bytes(b"others")
    assert weight_file(folder) == folder / name
    assert weight_file(folder / name) == folder / name
    path = add("own.v1", folder)
    assert path.read_bytes() == b"numbers"
    assert cache.check("own.v1").origin == {"kind": "added", "file": name}


def test_several_weight_files_are_named_and_none_is_taken(folder):
    for name in ("b.pth", "a.safetensors"):
        (folder / name).write_bytes(b"numbers")
    with pytest.raises(WeightsError) as caught:
        add("own.v1", folder)
    assert f"{folder} is a folder with 2 weight files: a.safetensors, b.pth." in str(caught.value)
    assert f"such as {folder / 'a.safetensors'}" in str(caught.value)
    for number in range(20):
        (folder / f"c{number}.pt").write_bytes(b"numbers")
    with pytest.raises(WeightsError, match=r"22 weight files: .*, c15\.pt and 12 more\."):
        add("own.v1", folder)


def test_a_folder_without_a_weight_file_says_what_one_is_called(folder):
    with pytest.raises(WeightsError, match=r"without a weight file(?s:.*)ends in \.safetensors"):
        add("own.v1", folder)
    with pytest.raises(WeightsError, match="cannot be read"):
        add("own.v1", folder / "none")


def test_shards_become_one_file_with_the_same_numbers_and_types(folder, weights_dir):
    index = sharded(folder)
    path = add("own.v1", folder)
    assert cache.check("own.v1").origin == {"kind": "added", "file": index.name}
    assert fetch("own.v1", []) == path
    joined = safetensors.numpy.load_file(path)
    assert set(joined) == {"a", "b", "c"}
    for tensors in PARTS.values():
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(joined[name], tensor)
            assert joined[name].dtype == tensor.dtype
    assert {name: array.shape for name, array in read(path).items()} == {
        name: array.shape for name, array in read(index).items()
    }
    assert add("own.v2", index).read_bytes() == path.read_bytes()
    (length,) = struct.unpack("<Q", path.read_bytes()[:8])
    assert length % 8 == 0
    assert [p.name for p in weights_dir.rglob(".*.part")] == []


def test_a_weight_whose_digest_is_known_is_not_made_of_shards(folder):
    sharded(folder)
    source = UrlSource("https://127.0.0.1:9/w.safetensors", "0" * 64)
    with pytest.raises(WeightsError, match=r"it is not the file of own\.v1"):
        add("own.v1", folder, [source])


def test_an_index_beside_another_weight_file_is_one_of_two(folder):
    sharded(folder)
    (folder / "pytorch_model.bin").write_bytes(b"numbers")
    with pytest.raises(WeightsError, match=r"2 weight files: model\S+index\.json, pytorch_model"):
        add("own.v1", folder)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"z": "model-00001-of-00002.safetensors"}, "does not hold the tensors that it says"),
        ({"a": "model-00002-of-00002.safetensors"}, "does not hold the tensors that it says"),
        ({"z": "model-00003-of-00003.safetensors"}, r"cannot be added: .*model-00003-of-00003"),
        ({"z": "../model.safetensors"}, "is not a file beside it"),
        ({"z": "other.bin"}, "in another format than safetensors"),
    ],
)
def test_an_index_that_does_not_fit_its_shards_is_refused(folder, weights_dir, changes, message):
    index = sharded(folder, **changes)
    (folder / "other.bin").write_bytes(b"PK\x03\x04 numbers of PyTorch")
    with pytest.raises(WeightsError, match=message):
        add("own.v1", index)
    assert [path for path in weights_dir.rglob("*") if path.is_file()] == []


def test_a_damaged_shard_is_refused(folder):
    index = sharded(folder)
    shard = folder / "model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="damaged"), opened(index) as stream:
        stream.read(1)
