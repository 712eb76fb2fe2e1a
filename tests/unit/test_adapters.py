"""Adapters of low rank: where they lie, what a file of them holds, and what joining it gives."""

import keras
import numpy as np
import pytest

import zoo
from zoo.adapters import (
    add_adapters,
    are_adapters,
    has_adapter,
    is_adapter_file,
    joined,
    merged,
    save_adapters,
)
from zoo.errors import WeightsError
from zoo.tensor_files import read_tensors, write_tensors
from zoo.weights import load_into, tensor_keys

PARENT = {"weights": "runs/first", "sha256": "0" * 64}
MODELS = {  # with what each is given
    "vit_cifar_patch4": ({"input_shape": (8, 8, 1)}, "float32", (2, 8, 8, 1)),
    "transformer_encoder_tiny": ({}, "int32", (2, 5)),
    "gpt_nano": ({"num_classes": 20}, "int32", (2, 5)),
    "mlp": ({"input_shape": (8, 8, 1)}, "float32", (2, 8, 8, 1)),
}


def built(name):
    from zoo import registry

    arguments, dtype, shape = MODELS[name]
    tiny = dict(registry.model_card(name).tiny_arguments)
    classes = arguments.get("num_classes") or 3
    model = zoo.build(name, seed=0, **{"num_classes": classes} | tiny | arguments)
    inputs = np.random.default_rng(0).integers(1, 9, shape).astype(dtype)
    return model, inputs


def adapted(name, rank=2):
    """A model with adapters whose numbers are as if they had been trained."""
    model, inputs = built(name)
    plain = {key: v.numpy() for key, v in tensor_keys(model).items()}
    count = add_adapters([model.get_layer("backbone")], rank)
    generator = np.random.default_rng(1)
    for variable in model.weights:
        if variable.name.startswith("lora_"):
            variable.assign(generator.normal(size=variable.shape) / 3)
    return model, inputs, plain, count


@pytest.mark.parametrize("name", MODELS)
def test_a_model_answers_as_before_when_adapters_are_new(name):
    model, inputs = built(name)
    before = np.asarray(model(inputs))
    assert add_adapters([model.get_layer("backbone")], 2) > 0
    np.testing.assert_array_equal(np.asarray(model(inputs)), before)


@pytest.mark.parametrize("name", MODELS)
def test_keys_without_adapters_are_those_of_the_model_without_them(name):
    model, _, plain, count = adapted(name)
    found = tensor_keys(model, adapters=False)
    assert list(found) == list(plain)
    for key, variable in found.items():
        np.testing.assert_array_equal(variable.numpy(), plain[key])
    assert len(tensor_keys(model)) == len(plain) + 2 * count


@pytest.mark.parametrize("name", MODELS)
def test_a_joined_model_answers_as_the_adapted_one_does(name, tmp_path):
    model, inputs, plain, count = adapted(name)
    path = tmp_path / "weights.safetensors"
    sha256 = save_adapters(path, model, kept="head_", parent=PARENT)
    held, _ = read_tensors(path)
    heads = [key for key in plain if key.startswith("head_")]
    assert len(held) == 2 * count + len(heads)
    assert is_adapter_file(path) and are_adapters(held)

    tensors = joined(plain, path, sha256=sha256)
    direct = merged(model)
    assert list(direct) == list(tensors) == list(plain)
    for key in plain:
        np.testing.assert_array_equal(tensors[key], direct[key])
    fresh, _ = built(name)
    load_into(fresh, tensors)
    expected = np.asarray(model(inputs))
    np.testing.assert_allclose(np.asarray(fresh(inputs)), expected, rtol=1e-4, atol=1e-5)
    assert np.abs(expected - np.asarray(built(name)[0](inputs))).max() > 1e-2


def test_the_sum_is_that_of_the_paper(tmp_path):
    """W + A·B, equation 3 of 2106.09685, whose two factors have the other order and names."""
    dense = keras.layers.Dense(5, name="dense")
    model = keras.Sequential([keras.Input((4,)), dense])
    add_adapters([dense], 3)
    a, b = (np.random.default_rng(0).normal(size=s).astype("float32") for s in ((4, 3), (3, 5)))
    dense.lora_kernel_a.assign(a)
    dense.lora_kernel_b.assign(b)
    found = merged(model)["dense/0.kernel"]
    np.testing.assert_allclose(found, dense._kernel.numpy() + a @ b, rtol=1e-6)
    np.testing.assert_allclose(found, np.asarray(dense.kernel), rtol=1e-5, atol=1e-6)


def test_a_parent_of_half_precision_is_added_to_in_float32(tmp_path):
    """As a model that was trained on such a parent has its numbers in float32."""
    model, _, plain, _ = adapted("mlp")
    half = {key: tensor.astype("float16") for key, tensor in plain.items()}
    for key, variable in tensor_keys(model, adapters=False).items():
        variable.assign(half[key].astype("float32"))
    path = tmp_path / "weights.safetensors"
    save_adapters(path, model, kept="head_", parent=PARENT)
    expected = merged(model)
    for key, tensor in joined(half, path).items():
        np.testing.assert_array_equal(tensor.astype("float32"), expected[key])


def test_layers_without_a_matrix_get_none():
    convolution = keras.layers.Conv2D(2, 3)
    convolution.build((None, 8, 8, 1))
    assert add_adapters([convolution], 2) == 0
    assert not has_adapter(convolution)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: {k: v for k, v in held.items() if not k.endswith("lora_b")},
        lambda held: {k: v[:-1] if k.endswith("lora_a") else v for k, v in held.items()},
        lambda held: {f"other/{k}" if "lora" in k else k: v for k, v in held.items()},
    ],
)
def test_adapters_of_other_weights_are_refused(tmp_path, change):
    model, _, plain, _ = adapted("mlp")
    path = tmp_path / "weights.safetensors"
    save_adapters(path, model, kept="head_", parent=PARENT)
    write_tensors(path, change(read_tensors(path)[0]))
    with pytest.raises(WeightsError, match="is not an adapter of the model's weights"):
        joined(plain, path)


def test_a_file_of_adapters_is_not_loaded_as_a_whole_model(tmp_path):
    model, _, _, _ = adapted("mlp")
    path = tmp_path / "weights.safetensors"
    save_adapters(path, model, kept="head_", parent=PARENT)
    with pytest.raises(WeightsError, match="and not a whole model") as raised:
        zoo.build("mlp", hidden_dims=(16,), num_classes=3, weights=path)
    raised.match("zoo export")
