"""Fusions: what the absence of an input means, and how they differ."""

import keras
import numpy as np
import pytest

import zoo
from zoo import registry, testing
from zoo.errors import ArgumentError, UnknownNameError

FUSIONS = [
    card.name
    for card in registry.MODELS.values()
    if card.modality == "multimodal" and card.head_feature == "fused"
]
INPUTS = ("image", "audio", "ids")


def tiny(name, **arguments):
    card = registry.model_card(name)
    how = {"input_shape": card.tiny_input_shape, "num_classes": 3, "seed": 1}
    return zoo.build(name, **how, **{**card.tiny_arguments, **arguments})


def batch(model, **presences):
    x = testing.tiny_batch(model)
    return x | {f"{name}.present": np.full(4, presences.get(name, 1.0)) for name in INPUTS}


@pytest.mark.parametrize("name", FUSIONS)
def test_an_absent_input_is_not_seen(name):
    model = tiny(name)
    x = batch(model, audio=0.0)
    other = x | {"audio": np.random.default_rng(9).uniform(-1, 1, x["audio"].shape)}
    assert np.allclose(model(x), model(other), atol=1e-6)
    there = x | {"audio.present": np.ones(4)}
    assert not np.allclose(model(there), model(there | {"audio": other["audio"]}), atol=1e-6)


@pytest.mark.parametrize("name", FUSIONS)
def test_a_batch_gives_what_single_examples_give(name):
    model = tiny(name)
    x = batch(model)
    whole = np.asarray(model(x))
    for i in range(4):
        alone = model({key: value[i : i + 1] for key, value in x.items()})
        assert np.allclose(alone[0], whole[i], atol=1e-5)


@pytest.mark.parametrize("name", FUSIONS)
def test_padding_of_a_text_changes_nothing(name):
    model = tiny(name)
    x = batch(model)
    longer = x | {"ids": np.pad(x["ids"], ((0, 0), (0, 7)))}
    if registry.model_card(name).tiny_arguments.get("encoders"):
        pytest.skip("TextCNN takes texts of one length, as its card says")
    assert np.allclose(model(x), model(longer), atol=1e-6)


@pytest.fixture
def double():
    """Layers that are built in the test compute with 64 bits."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("name", FUSIONS)
def test_only_late_fusion_adds_up(name, double):
    """f(a, b) - f(a, b') - f(a', b) + f(a', b') is 0 where inputs do not interact."""
    backbone = tiny(name).get_layer("backbone")
    x = {key: np.asarray(value, "float64") for key, value in testing.tiny_batch(backbone).items()}
    x |= {"ids": x["ids"].astype("int32")} | {f"{n}.present": np.ones(4) for n in INPUTS}

    def at(image, audio):
        taken = x | {"image": x["image"][::image], "audio": x["audio"][::audio]}
        return np.asarray(backbone(taken)["fused"])

    mixed = at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)
    assert (np.abs(mixed).max() < 1e-12) == (name == "late_fusion"), np.abs(mixed).max()


def test_an_encoder_is_chosen_by_input_with_its_own_arguments():
    model = zoo.build("late_fusion", encoders={"image": {"name": "resnet20"}})
    encoder = model.get_layer("backbone").get_layer("image_encoder")
    assert encoder.count_params() > 200_000


@pytest.mark.parametrize(
    ("encoders", "error", "told"),
    [
        ({"picture": "resnet20"}, UnknownNameError, "image"),
        ({"image": "resnet2"}, UnknownNameError, "resnet20"),
        ({"image": "textcnn"}, ArgumentError, "takes text"),
        ({"image": {"arguments": {}}}, ArgumentError, "does not name a model"),
        ({"image": 3}, ArgumentError, "does not name a model"),
        ("resnet20", ArgumentError, "which encoder each input has"),
        ({"image": {"name": "resnet20", "arguments": {"depth": 3}}}, ArgumentError, "depth"),
    ],
)
def test_encoders_that_cannot_be_are_refused(encoders, error, told):
    with pytest.raises(error, match=told):
        zoo.build("late_fusion", encoders=encoders)


def test_film_steers_the_input_that_is_named():
    model = tiny("film_fusion", steered="ids")
    assert model.get_layer("backbone").output["fused"].shape[-1] == 9  # of 3 filters, 3 widths
    with pytest.raises(UnknownNameError, match="ids"):
        tiny("film_fusion", steered="idz")


def test_low_rank_fusion_is_the_product_with_the_whole_tensor():
    """The sum over ranks of products is the outer product of [x; 1] times one tensor (eq. 5, 9)."""
    backbone = tiny("low_rank_fusion").get_layer("backbone")
    rank, width = 2, 4
    pooled = [
        np.random.default_rng(m).normal(size=backbone.output[n].shape[-1])
        for m, n in enumerate(INPUTS)
    ]
    factors = []
    for name in INPUTS:
        kernel, bias = backbone.get_layer(f"{name}_factors").get_weights()
        factors.append(
            np.concatenate([kernel, bias[None]]).reshape(-1, rank, width)
        )  # (D + 1, R, W)
    scale, bias = backbone.get_layer("fusion_sum").get_weights()
    tensor = np.einsum("arw,brw,crw,r->abcw", *factors, scale)
    ones = [np.append(x, 1.0) for x in pooled]
    expected = np.einsum("abcw,a,b,c->w", tensor, *ones) + bias
    after = keras.Model(
        [backbone.get_layer(f"{name}_factors").input for name in INPUTS], backbone.output["fused"]
    )
    found = after([x[None].astype("float32") for x in pooled])[0]
    assert np.asarray(found) == pytest.approx(expected, rel=1e-4, abs=1e-5)
