"""Every model of the catalog keeps the contract."""

import importlib
import inspect
import os
import subprocess
import sys

import keras
import pytest

from zoo import measure, registry, testing


def _tiny_form(card):
    """Return what the tiny model of a card is made of; variants of a family often share it."""
    arguments = {**card.arguments, **card.tiny_arguments}
    return (
        card.builder,
        repr(sorted(arguments.items())),
        repr(card.tiny_input_shape),
        card.num_classes,
    )


DISTINCT = {_tiny_form(card): card.name for card in reversed([*registry.MODELS.values()])}.values()
SMALLEST = {card.family: card.name for card in reversed([*registry.MODELS.values()])}.values()


@pytest.mark.parametrize("name", SMALLEST)
def test_smallest_model_of_a_family_keeps_the_contract(name):
    testing.check_model(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(DISTINCT) - set(SMALLEST)))
def test_model_keeps_the_contract(name):
    testing.check_model(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in SMALLEST if registry.MODELS[n].modality == "image"])
def test_smallest_image_model_of_a_family_memorizes_a_few_images(name):
    testing.check_overfits(name)


@pytest.mark.parametrize("name", sorted(set(DISTINCT) - set(SMALLEST)))
def test_model_builds_runs_and_keeps_its_keys(name):
    testing.check_build(name)


@pytest.mark.parametrize("name", sorted(set(DISTINCT) - set(SMALLEST)))
def test_tiny_model_has_the_features_that_its_card_declares(name):
    testing.check_features(name)


@pytest.mark.parametrize("name", registry.MODELS)
def test_model_has_the_features_that_its_card_declares(name):
    testing.check_declared_features(name)


@pytest.mark.parametrize("name", registry.MODELS)
def test_model_has_the_published_number_of_parameters(name):
    testing.check_published_params(name)


# One with convolutions and one with attention; compiling takes so long that the others are a slow test.
ON_JAX = ["cnn_small", "gpt_nano"]


def test_models_keep_the_contract_on_jax():
    pytest.importorskip("jax")
    code = f"from zoo import testing\nfor name in {ON_JAX}: testing.check_model(name)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=900,  # only against hanging
    )
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.slow
def test_all_models_keep_the_contract_on_jax():
    code = f"from zoo import testing\nfor n in {sorted(DISTINCT)}: testing.check_model(n)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=3600,  # only against hanging
    )
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.parametrize("name", registry.MODELS)
def test_measured_json_is_up_to_date(name):
    assert measure.measure(name) == registry.measured()[name], "run python -m zoo.measure"


def test_measured_json_holds_the_models_of_the_catalog_and_no_others():
    assert list(registry.measured()) == list(registry.MODELS)


def test_a_family_has_one_builder():
    builders = {card.family: card.builder for card in registry.MODELS.values()}
    for card in registry.MODELS.values():
        assert card.builder == builders[card.family], card.name


def test_a_variant_says_all_that_makes_it_different():
    for card in registry.MODELS.values():
        known = registry.measured()[card.name]["arguments"]
        assert set(card.arguments) <= set(known), card.name
        assert {*card.tiny_arguments} <= set(known), card.name


def test_every_public_builder_has_a_card():
    carded = {card.builder for card in registry.MODELS.values()}
    for module_name in sorted({builder.partition(":")[0] for builder in carded}):
        module = importlib.import_module(module_name)
        for name, value in vars(module).items():
            public = inspect.isfunction(value) and value.__module__ == module_name
            builds = public and inspect.signature(value).return_annotation is keras.Model
            if builds and not name.startswith("_"):
                assert f"{module_name}:{name}" in carded, f"{module_name}:{name} has no card"
