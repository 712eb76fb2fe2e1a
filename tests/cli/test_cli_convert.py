"""`zoo convert` turns weights of other projects into a file of this one, whole or not at all."""

import json

import h5py
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from test_cli_full_disk import files_no_larger_than

import zoo as package
from tests.parity.real_files import weight_file
from tests.unit.pretrained.torch_files import saved
from zoo import registry
from zoo.cards import PretrainedCard, UrlSource
from zoo.weights import save_model_weights, tensor_keys

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
_PARTS = {
    "kernel": "weight",
    "gamma": "weight",
    "bias": "bias",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


@pytest.fixture(scope="module")
def model():
    """A ResNet-20 in which every number differs from what a new one has."""
    made, generator = package.build("resnet20", seed=3), np.random.default_rng(1)
    for variable in made.weights:
        variable.assign(
            generator.uniform(0.5, 1, variable.shape) * (0.1 if variable.ndim > 1 else 1)
        )
    return made


def their_name(key):
    *_, layer, variable = key.split("/")
    module = {"stem_conv": "conv1", "stem_norm": "bn1", "head_logits": "linear"}.get(layer)
    if module is None:
        stage, block, number, kind = layer.split("_")
        kind = "conv" if kind == "conv" else "bn"
        module = f"layer{stage[5:]}.{int(block[5:]) - 1}.{kind}{number}"
    return f"{module}.{_PARTS[variable.partition('.')[2]]}"


def theirs(model):
    """The model's numbers as pytorch_resnet_cifar10 names and lays them out."""
    tensors = {}
    for key, variable in tensor_keys(model).items():
        array = np.asarray(variable)
        if array.ndim > 1:
            array = np.moveaxis(array, (-1, -2), (0, 1))
        tensors[their_name(key)] = np.ascontiguousarray(array)
    return tensors


@pytest.fixture
def file(model, in_tmp):
    save_file(theirs(model), in_tmp / "theirs.safetensors")
    return "theirs.safetensors"


def assert_equal(model, **arguments):
    again = package.build("resnet20", **arguments)
    np.testing.assert_array_equal(again(IMAGES), model(IMAGES))


def test_a_table_shows_what_went_where(zoo, model, file):
    outcome = zoo("convert", file, "--to", "resnet20", "--out", "ours.safetensors")
    assert outcome.code == 0, outcome.err
    rows = [" ".join(line.split()) for line in outcome.out.splitlines()]
    kernel = "16 × 3 × 3 × 3 3 × 3 × 3 × 16 transposed"
    assert f"conv1.weight backbone/stem_conv/0.kernel {kernel}" in rows
    assert "linear.bias head_logits/1.bias 10 10 as it is" in rows
    assert "file ours.safetensors, 97 tensors, 1.09 MB" in rows
    assert "python zoo.build('resnet20', weights='ours.safetensors')" in rows
    assert set(load_file("ours.safetensors")) == set(tensor_keys(model))
    assert_equal(model, weights="ours.safetensors")


def test_json_holds_the_same(zoo, model, file):
    found = zoo("convert", file, "--to", "resnet20", "--out", "o.safetensors", "--json").document
    assert [one["to"] for one in found["tensors"]] == list(tensor_keys(model))
    assert found["tensors"][0] == {
        "from": "conv1.weight",
        "to": "backbone/stem_conv/0.kernel",
        "shape": [16, 3, 3, 3],
        "becomes": [3, 3, 3, 16],
        "done": "transposed",
    }
    assert found["left_out"] == [] and len(found["sha256"]) == 64


def test_files_of_pytorch_keep_their_prefix_in_the_table(zoo, model, in_tmp):
    tensors = {f"module.{name}": array for name, array in theirs(model).items()}
    tensors["module.bn1.num_batches_tracked"] = np.array([7])
    (in_tmp / "theirs.pth").write_bytes(saved(tensors))
    arguments = ("theirs.pth", "--to", "resnet20", "--out", "ours.safetensors", "--json")
    found = zoo("convert", *arguments).document
    assert found["tensors"][0]["from"] == "module.conv1.weight"
    assert found["left_out"] == [{"from": "module.bn1.num_batches_tracked", "why": "not needed"}]
    assert_equal(model, weights="ours.safetensors")


def test_files_of_keras(zoo, in_tmp):
    from zoo.pretrained.maps.resnet8 import MAPS

    other = package.build("resnet8", seed=5)
    layers = {ours: name for name, ours in MAPS["keras"].rules.items()}
    with h5py.File("theirs.h5", "w") as stream:
        for key, variable in tensor_keys(other).items():
            *_, layer, name = key.split("/")
            place = f"{layers[layer]}/{layers[layer]}/{name.partition('.')[2]}:0"
            stream[place] = np.asarray(variable)
    outcome = zoo("convert", "theirs.h5", "--to", "resnet8", "--out", "ours.safetensors", "--json")
    assert {one["done"] for one in outcome.document["tensors"]} == {"as it is"}
    again = package.build("resnet8", weights="ours.safetensors")
    np.testing.assert_array_equal(again(IMAGES), other(IMAGES))


def test_a_file_of_this_project(zoo, model, in_tmp):
    save_model_weights("mine.safetensors", model, dtype="float16")
    assert (
        zoo("convert", "mine.safetensors", "--to", "resnet20", "--out", "o.safetensors").code == 0
    )
    again = package.build("resnet20", weights="mine.safetensors")
    assert_equal(again, weights="o.safetensors")


def test_the_head_of_the_file_and_none(zoo, refused, model, in_tmp):
    tensors = theirs(model)
    head = {
        "linear.weight": tensors["linear.weight"][:7],
        "linear.bias": tensors["linear.bias"][:7],
    }
    save_file(tensors | head, "seven.safetensors")
    command = ("convert", "seven.safetensors", "--to", "resnet20", "--out")
    message = refused(*command, "o.safetensors")
    assert "linear.bias: (7,) does not fit head_logits/1.bias (10,)" in message
    assert "num_classes=7 takes the head of the file; num_classes=0 leaves the head out" in message
    outcome = zoo(*command, "seven_too.safetensors", "--num-classes", 7)
    assert "weights='seven_too.safetensors', num_classes=7)" in outcome.out
    logits = package.build("resnet20", weights="seven_too.safetensors", num_classes=7)(IMAGES)
    np.testing.assert_allclose(logits, np.asarray(model(IMAGES))[:, :7], rtol=1e-5)
    outcome = zoo(*command, "none.safetensors", "--num-classes", 0)
    assert "2 tensors left out, of the head: linear.bias, linear.weight" in outcome.out
    assert not any(key.startswith("head_") for key in load_file("none.safetensors"))
    pooled = package.build("resnet20", weights="none.safetensors", num_classes=0)(IMAGES)
    assert pooled.shape == (2, 64)
    without = {name: array for name, array in tensors.items() if not name.startswith("linear")}
    save_file(without, "without.safetensors")
    message = refused(
        "convert", "without.safetensors", "--to", "resnet20", "--out", "b.safetensors"
    )
    assert "the file has no such head: num_classes=0 leaves the head out" in message


def test_arguments_of_published_weights_hold(zoo, refused, model, file, monkeypatch):
    card = PretrainedCard(
        name="resnet20.theirs_v1",
        model="resnet20",
        arguments={"activation": "gelu"},
        sources=(UrlSource("https://example.org/theirs.pth"),),
        classes="cifar10",
        licence="MIT",
        commercial="yes",
        origin="A. Author, https://example.org",
    )
    monkeypatch.setattr(registry, "pretrained_cards", lambda: {card.name: card})
    outcome = zoo("convert", file, "--to", "resnet20.theirs_v1", "--out", "ours.safetensors")
    call = "zoo.build('resnet20', weights='ours.safetensors', activation='gelu')"
    assert call in outcome.out
    again = eval(call, {"zoo": package})
    assert np.abs(np.asarray(again(IMAGES)) - np.asarray(model(IMAGES))).max() > 1e-3
    message = refused("convert", file, "--to", "resnet20.theirs", "--out", "b.safetensors")
    assert "nearest: resnet20.theirs_v1" in message
    message = refused("convert", file, "--to", "resnet20.fashion_mnist", "--out", "b.safetensors")
    assert "comes with kerazoo" in message and "name the model: resnet20" in message


def test_wrong_files_and_models(refused, model, file, in_tmp):
    def message(source, to, out="out.safetensors"):
        return refused("convert", source, "--to", to, "--out", out)

    found = message(file, "resnet32")
    assert "of the model get nothing: backbone/stage1_block4_1_conv/0.kernel" in found
    found = message(file, "resnet8")
    assert "97 of the file have no place: bn1.bias" in found and "of the model get nothing" in found
    assert "nearest: resnet20" in message(file, "resnet200")
    assert "nowhere.pth" in message("nowhere.pth", "resnet20")
    (in_tmp / "text.pth").write_text("no numbers at all")
    assert "text.pth" in message("text.pth", "resnet20")
    (in_tmp / "model.keras").write_bytes(b"PK")
    assert "can run code" in message("model.keras", "resnet20")


def test_the_new_file_is_new_and_whole(zoo, refused, file, in_tmp):
    (in_tmp / "there.safetensors").write_bytes(b"mine")
    command = ("convert", file, "--to", "resnet20", "--out")
    assert "there.safetensors exists already" in refused(*command, "there.safetensors")
    assert "is not a .safetensors file" in refused(*command, "out.pth")
    assert "An empty text is not a path" in refused(*command, "")
    (in_tmp / "file").write_text("mine")
    message = refused(*command, "file/out.safetensors")
    assert "cannot be written" in message and "with --out" in message
    with files_no_larger_than(5000):
        outcome = zoo(*command, "out.safetensors")
    assert outcome.code == 2 and "no space left" in outcome.err and "--out" in outcome.err
    assert list(in_tmp.rglob("*.part")) == [] and not (in_tmp / "out.safetensors").exists()


def test_a_published_file(zoo, in_tmp):
    published = weight_file("resnet20-12fca82f.th")
    outcome = zoo("convert", published, "--to", "resnet20", "--out", "o.safetensors", "--json")
    assert outcome.code == 0
    told = json.loads(outcome.out)["python"]  # with the scaling of the weight that the file is
    assert "preprocessing={" in told
    found = package.build("resnet20", weights=published)(IMAGES)
    np.testing.assert_array_equal(eval(told, {"zoo": package})(IMAGES), found)
    without = ("--num-classes", "0", "--out", "b.safetensors", "--json")
    outcome = zoo("convert", published, "--to", "resnet20", *without)
    assert "preprocessing={" in json.loads(outcome.out)["python"]  # also without the head
