"""Models are built by name; what cannot be built says why."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoo import registry
from zoo.columns import Number
from zoo.columns.assets import Assets
from zoo.composition import build
from zoo.errors import ArgumentError, UnknownNameError, WeightsError
from zoo.weights import save_model_weights, tensor_keys

SHAPE = (8, 8, 1)
TOY_CLASSES = ("left", "right", "up")


def tiny(name: str = "mlp", **arguments):
    """Build a model that takes milliseconds."""
    given = {"input_shape": SHAPE, "num_classes": 3, "seed": 1}
    if name.startswith("mlp"):
        given["hidden_dims"] = (4,)
    return build(name, **given | arguments)


def images(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    """Return four images, 0–255."""
    return np.random.default_rng(0).integers(0, 256, (4, *shape)).astype("uint8")


def outputs(model, x=None) -> np.ndarray:
    """Return what a model says of some images."""
    return np.asarray(model(images(model.input_shape[1:]) if x is None else x))


@pytest.fixture
def toy_weight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A catalog that ships mlp.toy: 8 x 8 gray images, three classes; gives the model within."""
    registry.measured()  # read before the folder is exchanged
    model, folder = tiny(seed=7), tmp_path / "weights"
    sha256 = save_model_weights(folder / "mlp.toy.safetensors", model)
    texts = ("recipe", "data_licence", "data_fingerprint", "dtype", "metric")
    numbers = ("seed", "value", "low", "high", "params", "size_bytes")
    x = {"image": {"shape": SHAPE, "dtype": "uint8", "padding": 0, "buckets": ()}}
    card = dict.fromkeys(texts, "") | dict.fromkeys(numbers, 0)
    card |= {
        "name": "mlp.toy",
        "model": "mlp",
        "dataset": "toy",
        "resolved_recipe": {"model": {"name": "mlp", "arguments": {"hidden_dims": [4]}}},
        "assets": {"x": x, "y": {}, "classes": TOY_CLASSES, "extra": {}},
        "metrics": {},
        "sha256": sha256,
    }
    (folder / "mlp.toy.json").write_text(json.dumps(card))
    monkeypatch.setattr(registry, "CATALOG", tmp_path)
    registry.weight_cards.cache_clear()
    yield model
    registry.weight_cards.cache_clear()


def test_a_seed_repeats_the_initial_weights():
    first, again, other = tiny(seed=3), tiny(seed=3), tiny(seed=4)
    assert np.array_equal(outputs(first), outputs(again))
    assert not np.array_equal(outputs(first), outputs(other))


def test_without_a_seed_weights_differ():
    assert not np.array_equal(outputs(tiny(seed=None)), outputs(tiny(seed=None)))


def test_the_card_gives_what_is_left_out():
    model = build("mlp", hidden_dims=(4,))
    card = registry.model_card("mlp")
    assert model.input_shape == (None, *card.input_shape)
    assert model.output_shape == (None, card.num_classes)


def test_one_class_is_a_head_of_one():
    assert tiny(num_classes=1).output_shape == (None, 1)


@pytest.mark.parametrize("name, width", [("mlp", 4), ("resnet20", 64)])
def test_no_classes_give_pooled_features_without_a_head(name, width):
    model = tiny(name, num_classes=0)
    assert model.output_shape == (None, width)
    assert not any(key.startswith("head_logits") for key in tensor_keys(model))


def test_the_backbone_is_one_layer_with_named_features():
    backbone = tiny("resnet20").get_layer("backbone")
    assert list(backbone.output) == ["stride_1", "stride_2", "stride_4"]


@pytest.mark.parametrize("shape", [(8, 8, 3), (8, 8, 4), (12, 8, 1)])
def test_other_channels_and_sizes_are_taken(shape):
    assert outputs(tiny("resnet20", input_shape=shape)).shape == (4, 3)


def test_without_preprocessing_a_model_takes_images_that_were_rescaled_by_hand():
    x = images()
    by_model = outputs(tiny("resnet20"), x)
    by_hand = outputs(tiny("resnet20", preprocessing=False), x.astype("float32") / 127.5 - 1)
    np.testing.assert_allclose(by_hand, by_model, rtol=1e-5, atol=1e-5)
    raw = outputs(tiny("resnet20", preprocessing=False), x.astype("float32"))
    assert not np.allclose(raw, by_model, atol=1e-2)


@pytest.mark.parametrize(
    "argument, near", [("activaton", "activation"), ("droput_rate", "dropout_rate")]
)
def test_an_unknown_argument_names_the_nearest(argument, near):
    with pytest.raises(ArgumentError) as caught:
        tiny(**{argument: "relu"})
    assert repr(argument) in caught.value.problem
    assert near in caught.value.expected
    assert caught.value.fix == "zoo info mlp lists them"


@pytest.mark.parametrize(
    "arguments", [{"activation": "rleu"}, {"normalization": "instance"}, {"hidden_dims": 4}]
)
def test_a_value_that_the_builder_refuses_is_shown(arguments):
    (name,) = arguments
    with pytest.raises(ArgumentError, match=name):
        tiny(**arguments)


@pytest.mark.parametrize(
    "shape", [28, (28, 28), (1, 28, 28, 1), (28, 28, 0), (28, -1, 1), (28.0, 28, 1), "28x28"]
)
def test_an_input_shape_that_is_none_is_refused(shape):
    with pytest.raises(ArgumentError, match="input_shape") as caught:
        tiny(input_shape=shape)
    assert "3 sizes without the batch axis" in caught.value.expected


@pytest.mark.parametrize("count", [-1, 2.5, "10", True])
def test_a_number_of_classes_that_is_none_is_refused(count):
    with pytest.raises(ArgumentError, match="num_classes"):
        tiny(num_classes=count)


def test_an_unknown_model_names_the_nearest():
    with pytest.raises(UnknownNameError, match=r"nearest: .*resnet20"):
        build("resnet21")


def test_an_unknown_weight_names_the_nearest(toy_weight):
    for make in (lambda: build("mlp.toi"), lambda: build("mlp", weights="toi")):
        with pytest.raises(UnknownNameError) as caught:
            make()
        assert "'mlp.toi'" in caught.value.problem
        assert "mlp.toy" in caught.value.expected


@pytest.mark.parametrize("name", ["resnet20.nothing", "resnet20."])
def test_a_model_without_that_weight_says_where_weights_are_listed(name):
    with pytest.raises(UnknownNameError, match="zoo list --weights"):
        build(name)


def test_weights_are_not_named_twice(toy_weight, tmp_path):
    with pytest.raises(ArgumentError, match="names weights already"):
        build("mlp.toy", weights=tmp_path / "own.safetensors")


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "gone.safetensors", str(tmp_path / "gone.safetensors")):
        with pytest.raises(WeightsError, match=r"There is no weight file .*gone\.safetensors"):
            tiny(weights=path)


def test_a_file_of_weights_is_read(tmp_path):
    model = tiny(seed=5)
    save_model_weights(tmp_path / "own.safetensors", model)
    again = tiny(weights=tmp_path / "own.safetensors", seed=6)
    assert np.array_equal(outputs(again), outputs(model))


def test_a_file_of_another_model_is_refused(tmp_path):
    save_model_weights(tmp_path / "own.safetensors", tiny(hidden_dims=(5,)))
    with pytest.raises(WeightsError, match="another shape"):
        tiny(weights=tmp_path / "own.safetensors")


def test_a_keras_file_is_not_opened(tmp_path):
    (tmp_path / "own.keras").write_bytes(b"")
    with pytest.raises(WeightsError, match="can run code"):
        tiny(weights=tmp_path / "own.keras")


def test_a_shipped_weight_brings_its_arguments_input_and_classes(toy_weight):
    for model in (build("mlp.toy"), build("mlp", weights="toy"), build("mlp", weights="mlp.toy")):
        assert model.input_shape == (None, *SHAPE)
        assert np.array_equal(outputs(model), outputs(toy_weight))


def test_a_shipped_weight_gives_features_without_its_head(toy_weight):
    features = build("mlp.toy", num_classes=0)
    assert features.output_shape == (None, 4)
    wanted = toy_weight.get_layer("backbone")(images().astype("float32") / 127.5 - 1)["features"]
    np.testing.assert_allclose(outputs(features), np.asarray(wanted), rtol=1e-5, atol=1e-6)


def test_a_weight_of_numbers_gives_features_without_its_head(toy_weight, monkeypatch):
    toy = registry.weight_cards()["mlp.toy"]
    assets = Assets(x=Assets.from_dict(toy.assets).x, y={"size": Number(), "width": Number()})
    recipe = {**toy.resolved_recipe, "task": {"name": "regression"}}
    card = replace(toy, assets=assets.to_dict(), resolved_recipe=recipe)
    with monkeypatch.context() as patch:
        patch.setattr(registry, "weight_cards", lambda: {"mlp.toy": card})
        features = build("mlp.toy", num_classes=0)
    assert features.output_shape == (None, 4)
    wanted = toy_weight.get_layer("backbone")(images().astype("float32") / 127.5 - 1)["features"]
    np.testing.assert_allclose(outputs(features), np.asarray(wanted), rtol=1e-5, atol=1e-6)


def test_a_shipped_weight_refuses_other_classes_and_channels(toy_weight):
    assert build("mlp.toy", num_classes=3).output_shape == (None, 3)
    with pytest.raises(WeightsError, match="has 3 classes, not 10"):
        build("mlp.toy", num_classes=10)
    with pytest.raises(WeightsError, match=r"1 channel\(s\), not 3"):
        build("mlp.toy", input_shape=(8, 8, 3))
    with pytest.raises(ArgumentError, match="input_shape=8 "):
        build("mlp.toy", input_shape=8)


def test_a_shipped_weight_that_was_changed_is_refused(toy_weight):
    path = Path(registry.weight_card("mlp.toy").file)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="SHA-256"):
        build("mlp.toy")


# --- features


def test_features_come_by_name_from_the_model_s_own_input():
    model = tiny("resnet20", num_blocks=1, features_only=True)
    values = model(images())
    assert list(values) == ["stride_1", "stride_2", "stride_4"]
    whole = tiny("resnet20", num_blocks=1)
    backbone, preprocessing = whole.get_layer("backbone"), whole.get_layer("preprocessing")
    for name, expected in backbone(preprocessing(images())).items():
        np.testing.assert_array_equal(values[name], expected)
    assert model.get_layer("backbone").output.keys() == values.keys()


def test_features_without_preprocessing_take_what_the_backbone_takes():
    x = images().astype("float32") / 127.5 - 1
    model = tiny("resnet20", num_blocks=1, features_only=True, preprocessing=False)
    np.testing.assert_array_equal(model(x)["stride_4"], model.get_layer("backbone")(x)["stride_4"])
    clips = build(
        "crnn", input_shape=(2_400,), features_only=True, preprocessing=False, num_filters=2
    )
    assert clips.input_shape[1:] == clips.get_layer("backbone").input_shape[1:] == (16, 40)


def test_features_of_shipped_and_own_weights(toy_weight, tmp_path):
    wanted = toy_weight.get_layer("backbone")(images().astype("float32") / 127.5 - 1)["features"]
    save_model_weights(tmp_path / "own.safetensors", toy_weight)
    for model in (
        build("mlp.toy", features_only=True),
        tiny(weights=tmp_path / "own.safetensors", features_only=True),
    ):
        np.testing.assert_allclose(model(images())["features"], wanted, rtol=1e-5, atol=1e-6)
    headless = tiny(weights=tmp_path / "own.safetensors", num_classes=0)
    np.testing.assert_allclose(outputs(headless), wanted, rtol=1e-5, atol=1e-6)


def test_a_language_model_without_a_head_is_asked_for_by_features_only():
    sizes = {"num_layers": 1, "num_heads": 1, "hidden_dim": 4}
    model = build("gpt_nano", features_only=True, num_classes=9, **sizes)
    assert {name: tensor.shape[-1] for name, tensor in model.output.items()} == {
        "tokens": 4,
        "logits": 9,
    }
    with pytest.raises(ArgumentError, match="features_only=True"):
        build("gpt_nano", num_classes=0, **sizes)


def test_with_other_stages_than_the_card_s_the_head_takes_the_deepest():
    assert tiny("cnn_small", widths=(3, 4), num_classes=0).output_shape == (None, 4)
    assert tiny("cnn_small", widths=(3, 4, 5, 6), num_classes=0).output_shape == (None, 6)


# --- tasks


def test_a_task_is_chosen_among_those_of_the_card():
    arguments = {"input_shape": (2_400,), "width": 2, "num_blocks": 1}
    assert build("ds_cnn_s", task="speaker_identification", **arguments).output_shape == (None, 12)
    with pytest.raises(UnknownNameError, match="speaker_identification"):
        build("ds_cnn_s", task="speaker_identificaton", **arguments)
    with pytest.raises(UnknownNameError, match="task of mlp"):
        tiny(task="keyword_spotting")


def test_weights_of_another_task_are_refused():
    with pytest.raises(WeightsError, match="trained for keyword_spotting"):
        build("ds_cnn_s.vowels", task="speaker_identification")


# --- preprocessing


def test_values_change_the_model_s_own_preprocessing():
    values = {"scale": 1 / 255, "mean": (0.4, 0.5, 0.6), "deviation": (0.2, 0.25, 0.5)}
    x = images((8, 8, 3))
    model = tiny("resnet20", num_blocks=1, input_shape=(8, 8, 3), preprocessing=values)
    plain = tiny("resnet20", num_blocks=1, input_shape=(8, 8, 3), preprocessing=False)
    by_hand = (x / 255 - np.array(values["mean"])) / np.array(values["deviation"])
    np.testing.assert_allclose(
        outputs(model, x), outputs(plain, by_hand.astype("float32")), atol=2e-5
    )


@pytest.mark.parametrize(
    "values, says",
    [
        ({"meen": (1.0,)}, "nearest: mean"),
        ({"mean": (0.1, 0.2)}, r"mean=\(0\.1, 0\.2\) does not suit images of 1 channel"),
        ({"mean": 0.5}, "mean=0.5"),
        ({"deviation": (0.0,)}, "divides by zero"),
        ({"crop_share": 1.5}, "crop_share=1.5"),
        ({"interpolation": "cubic"}, "nearest: bicubic"),
    ],
)
def test_preprocessing_that_makes_no_sense_is_named(values, says):
    with pytest.raises((ArgumentError, UnknownNameError), match=says):
        tiny(preprocessing=values)


@pytest.mark.parametrize(
    ("name", "arguments", "given"),
    [
        ("resnet20", {"num_blocks": 0}, "num_blocks=0"),
        ("resnet20", {"num_blocks": 2.5}, "num_blocks=2.5"),
        ("resnet20", {"stochastic_depth_rate": 1.5}, "stochastic_depth_rate=1.5"),
        ("cnn_small", {"widths": []}, r"widths=\[\]"),
        ("cnn_small", {"widths": [4, -1]}, r"widths=\[4, -1\]"),
        ("cnn_small", {"dropout_rate": True}, "dropout_rate=True"),
        ("gpt_nano", {"num_layers": 0}, "num_layers=0"),
        ("gpt_nano", {"num_heads": 0}, "num_heads=0"),
        ("textcnn", {"filter_widths": []}, r"filter_widths=\[\]"),
        ("crnn", {"num_layers": 0}, "num_layers=0"),
    ],
)
def test_counts_and_rates_that_make_no_model_are_refused(name, arguments, given):
    with pytest.raises(ArgumentError, match=f"{given} is not a value for {name}") as caught:
        build(name, **arguments)
    assert str(caught.value).count("to fix:") == 1


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("cnn_small", {"input_shape": (1, 1, 1)}, "nothing is left of images of 1 × 1 pixels"),
        ("crnn", {"input_shape": (10,)}, "A clip of 10 samples is too short"),
        ("gpt_nano", {"num_heads": 3}, "with num_heads=3 and vocabulary_size=65: num_heads=3"),
        ("resnet20", {"activation": "relo"}, "Could not interpret activation"),
    ],
)
def test_what_keras_says_is_told_plainly(name, arguments, said):
    with pytest.raises(ArgumentError) as caught:
        build(name, **arguments)
    text = str(caught.value)
    assert said in text
    assert "\x1b" not in text
    assert "Arguments received" not in text
    assert "Exception encountered" not in text
    assert text.count("to fix:") == 1
