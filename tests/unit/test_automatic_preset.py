"""Which preset the written rules give: at their borders, and in words."""

import itertools
from dataclasses import fields, replace

import pytest

from zoo.automatic_preset import RULES, Facts, automatic_preset
from zoo.errors import ArgumentError
from zoo.regularization import AUTO, PRESETS, resolve

PHOTOS = Facts(
    examples=5_000,
    parameters=300_000,
    passes=30,
    updates=4_000,
    modality="image",
    one_class=True,
    image_side=32,
)
TEXTS = replace(PHOTOS, modality="text", parameters=500_000, image_side=None)
LARGE = replace(
    PHOTOS, examples=50_000, parameters=5_000_000, passes=300, updates=100_000, image_side=224
)


def chosen(facts, **changes):
    return automatic_preset(replace(facts, **changes))[0]


@pytest.mark.parametrize(
    ("facts", "inside", "outside", "presets"),
    [
        (PHOTOS, {"passes": 1.99}, {"passes": 2}, ("none", "light")),
        (TEXTS, {"updates": 199}, {"updates": 200}, ("none", "medium")),
        (PHOTOS, {"updates": 999}, {"updates": 1_000}, ("none", "light")),
        (PHOTOS, {"updates": 999}, {"updates": 999, "pretrained": True}, ("none", "light")),
        (PHOTOS, {"image_side": 15}, {"image_side": 16}, ("none", "light")),
        (TEXTS, {"parameters": 500_000}, {"parameters": 499_999}, ("medium", "light")),
        (TEXTS, {"passes": 3}, {"passes": 2.99}, ("medium", "light")),
        (TEXTS, {"one_class": True}, {"one_class": False}, ("medium", "light")),
        (TEXTS, {"pretrained": False}, {"pretrained": True}, ("medium", "light")),
        (LARGE, {"passes": 300}, {"passes": 299}, ("strong", "medium")),
        (LARGE, {"parameters": 5_000_000}, {"parameters": 4_999_999}, ("strong", "medium")),
        (LARGE, {"examples": 50_000}, {"examples": 49_999}, ("strong", "medium")),
        (LARGE, {"passes": 100}, {"passes": 99}, ("medium", "light")),
        (LARGE, {"parameters": 1_000_000}, {"parameters": 999_999}, ("medium", "light")),
        (LARGE, {"examples": 10_000}, {"examples": 9_999}, ("medium", "light")),
        (LARGE, {"modality": "speech"}, {"modality": "text"}, ("strong", "medium")),
        (LARGE, {"pretrained": False}, {"pretrained": True}, ("strong", "light")),
    ],
)
def test_the_border_of_each_rule(facts, inside, outside, presets):
    assert (chosen(facts, **inside), chosen(facts, **outside)) == presets


def test_few_passes_and_small_images_come_before_weights_and_size():
    assert chosen(LARGE, passes=1, pretrained=True) == "none"
    assert chosen(LARGE, image_side=8) == "none"
    assert chosen(LARGE, image_side=8, pretrained=True) == "light"
    assert chosen(LARGE, image_side=None) == "strong"


def test_every_training_gets_a_preset_and_one_line():
    parts = {
        "examples": (1, 10**9),
        "parameters": (0, 10**12),
        "passes": (0.0, 0.5, 7, 1e6),
        "updates": (0, 10**9),
        "modality": ("image", "text", "speech", "multimodal"),
        "one_class": (False, True),
        "pretrained": (False, True),
        "image_side": (None, 1, 10**4),
    }
    for values in itertools.product(*parts.values()):
        facts = Facts(**dict(zip(parts, values, strict=True)))
        preset, why = automatic_preset(facts)
        assert preset in PRESETS
        assert why.startswith(f"regularization.preset auto: {preset}, since ") and "\n" not in why
        assert f"{facts.examples:,} examples" in why and f"{facts.parameters:,} parameters" in why


def test_the_sentence_names_what_decided():
    why = automatic_preset(replace(PHOTOS, examples=1_400, parameters=24_000))[1]
    assert why == (
        "regularization.preset auto: light, since 1,400 examples are seen 30 times by 24,000 "
        "parameters of an image model."
    )
    assert (
        "by 300,000 parameters of an image model in 199 updates."
        in (automatic_preset(replace(PHOTOS, updates=199))[1])
    )
    assert "seen 2.5 times" in automatic_preset(replace(PHOTOS, passes=2.5))[1]
    assert "of 8 pixels." in automatic_preset(replace(PHOTOS, image_side=8))[1]
    assert (
        "that starts from trained weights." in automatic_preset(replace(TEXTS, pretrained=True))[1]
    )
    assert (
        "a text model that does not predict one class."
        in (automatic_preset(replace(TEXTS, one_class=False))[1])
    )


def test_each_rule_has_its_reason_and_uses_only_facts():
    names = {field.name: "" for field in fields(Facts)}
    for rule in RULES:
        assert rule.when and rule.reason
        rule.said.format(**dict.fromkeys(names, 1))


def test_auto_without_a_recipe_is_refused():
    with pytest.raises(ArgumentError, match="depends on the data"):
        resolve(AUTO, modality="image", optimizer="adamw")
