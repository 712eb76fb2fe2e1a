"""Files of weights of other projects are read number for number, whatever wrote them."""

import json
import os
import pickle
import zipfile
from pathlib import Path

import h5py
import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
import torch_files as build

from zoo.errors import WeightsError
from zoo.pretrained.readers import read

ARRAYS = {
    "conv.weight": np.arange(24, dtype="float32").reshape(2, 3, 4),
    "bn.running_var": np.array([1.5, -2.0, np.inf], "float32"),
    "bn.num_batches_tracked": np.array(7, "int64"),
    "empty": np.zeros((0, 5), "float32"),
}


@pytest.fixture
def put(tmp_path):
    """Write bytes to a file whose suffix says nothing."""

    def write(data: bytes) -> Path:
        path = tmp_path / "file.bin"
        path.write_bytes(data)
        return path

    return write


def assert_same(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == ("float32" if array.dtype.kind == "f" else array.dtype)
        assert found[name].flags.c_contiguous
        np.testing.assert_array_equal(found[name], array)


# --- safetensors


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "uint8", "bool"])
def test_safetensors_of_every_dtype(put, dtype):
    array = np.array([[0, 1], [1, 0]]).astype(dtype)
    assert_same(read(put(safetensors.numpy.save({"w": array}))), {"w": array})


def test_bfloat16_is_read_bit_for_bit(put):
    array = np.array([1.0, -0.0, 3.14, 1e38, np.inf, 1e-40], ml_dtypes.bfloat16)
    found = read(put(safetensors.numpy.save({"w": array})))["w"]
    assert found.tobytes() == array.astype("float32").tobytes()


def test_float64_that_float32_cannot_hold_is_refused(put):
    path = put(safetensors.numpy.save({"w": np.array([1e300])}))
    with pytest.raises(WeightsError, match="too large for float32"):
        read(path)


def shards(folder, **changes):
    parts = {
        "a-1.safetensors": {"x": np.ones(300, "float32")},
        "a-2.safetensors": {"y": np.ones(200)},
    }
    for file, arrays in parts.items():
        safetensors.numpy.save_file(arrays, folder / file)
    places = {"y": "a-2.safetensors", "x": "a-1.safetensors"} | changes
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 28}, "weight_map": places}))
    return index


def test_shards_are_joined(tmp_path):
    assert_same(read(shards(tmp_path)), {"y": np.ones(200), "x": np.ones(300)})


@pytest.mark.parametrize(
    "changes",
    [
        {"x": "../a-1.safetensors"},
        {"x": "/etc/passwd"},
        {"x": ".."},
        {"x": "missing.safetensors"},
        {"z": "a-1.safetensors"},
        {"x": 3},
        {"x": "a-2.safetensors"},
    ],
    ids=str,
)
def test_an_index_names_only_what_is_in_the_files_beside_it(tmp_path, changes):
    with pytest.raises(WeightsError):
        read(shards(tmp_path, **changes))


def test_an_index_that_names_itself_is_refused(tmp_path):
    with pytest.raises(WeightsError):
        read(shards(tmp_path, x="model.safetensors.index.json"))


def test_shards_count_together(tmp_path):
    index = shards(tmp_path)
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    with pytest.raises(WeightsError, match="shards have more"):
        read(index, max_bytes=max(sizes) + 1)


# --- torch.save


def test_a_zip_of_torch(put):
    assert_same(read(put(build.saved(ARRAYS))), ARRAYS)


def test_a_file_of_torch_before_its_zips(put):
    assert_same(read(put(build.saved_old(ARRAYS))), ARRAYS)


def test_byte_order_is_honoured(put):
    arrays = {name: array.astype(array.dtype.newbyteorder(">")) for name, array in ARRAYS.items()}
    assert_same(read(put(build.saved(arrays, order="big"))), ARRAYS)
    assert_same(read(put(build.saved(ARRAYS, order=None))), ARRAYS)


def test_strides_and_offsets_make_views(put):
    base = np.arange(12, dtype="float32")
    stored = build.storage("Float", "0", 12)
    document = build.plain(
        {
            "transposed": build.tensor(stored, (4, 3), (1, 4)),
            "later": build.tensor(stored, (2, 2), (3, 1), offset=5),
            "parameter": build.called(
                build.name("torch._utils", "_rebuild_parameter"),
                build.tensor(stored, (3,), (4,)),
                build.TRUE,
                build.NONE,
            ),
        }
    )
    found = read(put(build.zipped(document, {"0": base.tobytes()})))
    expected = {
        "transposed": base.reshape(3, 4).T,
        "later": np.array([[5, 6], [8, 9]], "float32"),
        "parameter": base[::4],
    }
    assert_same(found, expected)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "anything"])
def test_tensors_inside_a_checkpoint_are_found(put, wrapper):
    inner = build.ordered(build.tensors_of(ARRAYS))
    numbers = {str(i): array.tobytes() for i, array in enumerate(ARRAYS.values())}
    document = build.plain(
        {
            "best_prec1": b"G@V\xf1\xebp\x00\x00\x00",
            wrapper: inner,
            "epoch": build.number(200),
            "dtype": build.name("torch", "float32"),
            "names": b"](" + build.text("a") + b"e",
        }
    )
    assert_same(read(put(build.zipped(document, numbers))), ARRAYS)


def test_one_of_several_networks_is_chosen_by_name(put):
    a, b = {"w": np.ones(2, "float32")}, {"w": np.zeros(2, "float32")}
    first, second = build.storage("Float", "0", 2), build.storage("Float", "1", 2)
    document = build.plain(
        {
            "student": build.plain({"w": build.tensor(first, (2,), (1,))}),
            "teacher": build.plain({"w": build.tensor(second, (2,), (1,))}),
        }
    )
    path = put(build.zipped(document, {"0": a["w"].tobytes(), "1": b["w"].tobytes()}))
    with pytest.raises(WeightsError, match=r"choose one with entry: \['student', 'teacher'\]"):
        read(path)
    assert_same(read(path, entry="student"), a)
    assert_same(read(path, entry="teacher"), b)
    with pytest.raises(WeightsError, match="the entry 'other'"):
        read(path, entry="other")


def test_dictionaries_inside_are_joined_by_dots(put):
    stored = build.storage("Float", "0", 1)
    one = build.tensor(stored, (1,), (1,))
    document = build.plain({"a": one, "b": build.plain({"c": one})})
    found = read(put(build.zipped(document, {"0": np.ones(1, "float32").tobytes()})))
    assert list(found) == ["a", "b.c"]


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before zips"])
def test_what_torch_itself_saves(tmp_path, zipped):
    torch = pytest.importorskip("torch", reason='needs pip install ".[parity]"')
    module = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2).half()
    )
    path = tmp_path / "model.pth"
    state = module.state_dict() | {"b": torch.tensor([1.25, -3.0], dtype=torch.bfloat16)}
    torch.save(
        {"model": state, "epoch": 3, "loss": 0.5}, path, _use_new_zipfile_serialization=zipped
    )
    expected = {
        name: (value.float() if value.is_floating_point() else value).numpy()
        for name, value in state.items()
    }
    assert_same(read(path), expected)


def test_the_log_says_which_of_several_networks_was_read(tmp_path, caplog):
    torch = pytest.importorskip("torch", reason='needs pip install ".[parity]"')
    parts = {"model": {"a": torch.ones(2)}, "model_ema": {"a": torch.zeros(2)}, "epoch": 3}
    torch.save(parts, tmp_path / "both.pth")
    assert read(tmp_path / "both.pth")["a"].tolist() == [1, 1]
    assert "Read 'model'; the file also holds 'model_ema'." in caplog.text
    caplog.clear()
    assert read(tmp_path / "both.pth", entry="model_ema")["a"].tolist() == [0, 0]
    assert not caplog.records


def test_a_file_from_before_zips_that_is_cut_off_is_called_so(tmp_path):
    torch = pytest.importorskip("torch", reason='needs pip install ".[parity]"')
    path = tmp_path / "model.pth"
    torch.save({"a": torch.ones(1000)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="in the midst of its numbers: it is cut off"):
        read(path)


# --- Keras


def test_a_file_of_keras_applications(tmp_path):
    path = tmp_path / "weights.h5"
    kernel, bias = np.ones((3, 2), ">f4"), np.zeros(2, "float64")
    with h5py.File(path, "w") as file:
        file["conv1/conv1/kernel:0"] = kernel
        file["conv1/conv1/bias:0"] = bias
        file["optimizer_weights/Adam/m:0"] = bias
        file.create_group("input_1")
    assert_same(read(path), {"conv1/bias": bias, "conv1/kernel": kernel.astype("float32")})


def test_names_that_are_not_unique_are_paths(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["a/dense/kernel:0"] = file["b/dense/kernel:0"] = np.ones(1, "float32")
        file["layers/conv2d/vars/0"] = np.ones(1, "float32")
    assert list(read(path)) == ["a/dense/kernel", "b/dense/kernel", "layers/conv2d/vars/0"]


def test_slashes_in_names_of_layers_do_not_make_them_equal(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        for layer in ("conv1/bn", "bn", "conv1/conv"):
            file[f"{layer}/{layer}/gamma:0"] = np.ones(1, "float32")
    assert sorted(read(path)) == ["bn/gamma", "conv/gamma", "conv1/bn/gamma"]
    with h5py.File(path, "w") as file:  # shortened names must not meet
        for place in ("a/w", "a/a/w", "model_weights/a/w"):
            file[place] = np.ones(1, "float32")
    assert sorted(read(path)) == ["a/a/w", "a/w", "model_weights/a/w"]


@pytest.mark.parametrize("options", [{}, {"shuffle": True}, {"fletcher32": True}], ids=str)
@pytest.mark.parametrize("compression", [None, "gzip"])
def test_compressed_pieces_are_put_together(tmp_path, options, compression):
    path = tmp_path / "weights.h5"
    array = np.random.default_rng(0).normal(size=(37, 5)).astype("float32")
    with h5py.File(path, "w") as file:
        file.create_dataset("a/w", data=array, chunks=(8, 3), compression=compression, **options)
    assert_same(read(path), {"a/w": array})


# --- what is asked of every file


def test_the_digest_is_compared_before_anything_is_read(put):
    path = put(b"\x80\x04 not even a weight file")
    with pytest.raises(WeightsError, match="has the SHA-256"):
        read(path, sha256="0" * 64)


def test_a_file_with_the_right_digest_is_read(put):
    import hashlib

    data = build.saved(ARRAYS)
    assert_same(read(put(data), sha256=hashlib.sha256(data).hexdigest().upper()), ARRAYS)


def test_a_file_above_the_limit_is_not_read(put):
    with pytest.raises(WeightsError, match="more than 100"):
        read(put(build.saved(ARRAYS)), max_bytes=100)


@pytest.mark.parametrize("path", ["", "missing", "a\0b", "."])
def test_there_must_be_a_file(path):
    with pytest.raises(WeightsError):
        read(path)


def npz(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.ones(2))
    return (tmp_path / "a.npz").read_bytes()


def npy(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(2))
    return (tmp_path / "a.npy").read_bytes()


def keras_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as file:
        for name in ("metadata.json", "config.json", "model.weights.h5"):
            file.writestr(name, "{}")
    return (tmp_path / "a.keras").read_bytes()


def script(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as file:
        for name in ("a/data.pkl", "a/constants.pkl", "a/code/__torch__.py"):
            file.writestr(name, "")
    return (tmp_path / "a.pt").read_bytes()


@pytest.mark.parametrize(
    ("make", "what", "how"),
    [
        (npz, "numpy.savez", "safetensors.numpy.save_file"),
        (npy, "numpy.save", "safetensors.numpy.save_file"),
        (keras_zip, "a whole Keras model", "save_weights"),
        (script, "TorchScript", "state_dict"),
        (lambda _: pickle.dumps({"w": 1}), "a pickle", "safetensors"),
        (lambda _: b"\0" * 257 + b"ustar\0" + b"\0" * 300, "a tar, such as torch", "safetensors"),
        (lambda _: b"<html>404</html>", "a page of a web site", "address"),
        (lambda _: b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"),
        (lambda _: b"\x1c\0\0\0TFL3" + b"\0" * 9, "a LiteRT model", "safetensors"),
        (lambda _: b"", "not a weight file", "safetensors"),
        (lambda _: b"{}", "JSON, but not an index", "safetensors"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_files_are_named_and_how_to_convert_them(put, tmp_path, make, what, how):
    with pytest.raises(WeightsError) as caught:
        read(put(make(tmp_path)))
    assert what in str(caught.value)
    assert how in str(caught.value)


# --- published files, where they are


def published(name: str) -> Path:
    data = os.environ.get("ZOO_DATA_DIR")
    path = Path(data).parent / "weights" / name if data else None
    if path is None or not path.is_file():
        pytest.skip(f"needs {name} in the folder weights beside ZOO_DATA_DIR")
    return path


def test_a_published_file_of_torch_equals_its_safetensors():
    theirs = read(published("resnet20-12fca82f.th"))
    same = read(published("cifar_resnet20.safetensors"))
    assert len(theirs) == len(same) == 97
    for name, array in same.items():
        assert theirs[f"module.{name}"].tobytes() == array.tobytes(), name


@pytest.mark.parametrize(
    ("name", "count", "kernel", "shape"),
    [
        ("pretrainedResnet.h5", 48, "conv2d/kernel", (3, 3, 3, 16)),
        ("vww_96.h5", 164, "conv2d/kernel", (3, 3, 3, 8)),
    ],
)
def test_published_files_of_keras(name, count, kernel, shape):
    found = read(published(name))
    assert len(found) == count
    assert found[kernel].shape == shape
    assert not any("Adam" in key or ":" in key for key in found)
