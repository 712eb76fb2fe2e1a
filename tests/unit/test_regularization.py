"""Presets and knobs: which value wins, and which are refused."""

from dataclasses import FrozenInstanceError, fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import ArgumentError, UnknownNameError
from zoo.regularization import NONE, PRESETS, Regularization, check, resolve

SHARES = ("dropout_rate", "stochastic_depth_rate", "label_smoothing", "averaging_decay")
UP_TO_ONE = ("crop_min_scale", "erasing_probability")
SWITCHES = ("batch_norm", "flip", "auto_augment")
UNBOUNDED = tuple(
    field.name
    for field in fields(Regularization)
    if field.name not in (*SHARES, *UP_TO_ONE, *SWITCHES)
)

presets = st.sampled_from(PRESETS)
modalities = st.sampled_from(["image", "text", "speech"])
optimizers = st.sampled_from(["sgd", "adamw", "lamb"])
good_knobs = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.floats(0, 1, exclude_max=True) for name in SHARES},
        **{name: st.floats(0, 1) for name in UP_TO_ONE},
        **{name: st.floats(0, 1e6) for name in ("l1", "l2", "weight_decay", "clip_norm")},
        "flip": st.booleans(),
        "batch_norm": st.none() | st.booleans(),
        "auto_augment": st.sampled_from(["", "trivial", "rand"]),
        "crop_padding": st.integers(0, 100),
    },
)


def resolve_any(preset="none", *, modality="image", optimizer="adamw", **knobs):
    return resolve(preset, modality=modality, optimizer=optimizer, knobs=knobs)


@given(presets, modalities, optimizers, good_knobs)
def test_a_knob_wins_over_the_preset_and_leaves_the_others(preset, modality, optimizer, knobs):
    plain = resolve(preset, modality=modality, optimizer=optimizer)
    resolved = resolve(preset, modality=modality, optimizer=optimizer, knobs=knobs)
    assert resolved.to_dict() == plain.to_dict() | knobs


@given(presets, modalities, optimizers, good_knobs)
def test_resolving_what_was_resolved_changes_nothing(preset, modality, optimizer, knobs):
    once = resolve(preset, modality=modality, optimizer=optimizer, knobs=knobs)
    again = resolve(preset, modality=modality, optimizer=optimizer, knobs=once.to_dict())
    assert again == once


@given(presets, modalities)
def test_only_one_kind_of_decay_comes_from_a_preset(preset, modality):
    sgd = resolve(preset, modality=modality, optimizer="sgd")
    adam = resolve(preset, modality=modality, optimizer="adam")
    assert sgd.weight_decay == 0 and adam.l2 == 0
    assert (sgd.l2 > 0) == (adam.weight_decay > 0) == (preset != "none")


def test_the_preset_none_is_neutral():
    assert resolve_any("none") == NONE == Regularization()
    assert NONE.to_dict()["dropout_rate"] == 0.0


def test_a_modality_adds_to_the_shared_values():
    image, text = resolve_any("medium"), resolve_any("medium", modality="text")
    assert image.mixup_alpha > 0 and image.auto_augment == "trivial"
    assert text.mixup_alpha == 0 and text.auto_augment == "" and not text.flip
    assert image.dropout_rate == text.dropout_rate > 0


def test_presets_grow_from_light_to_strong():
    light, medium, strong = (resolve_any(name) for name in ("light", "medium", "strong"))
    for knob in ("weight_decay", "dropout_rate", "stochastic_depth_rate", "erasing_probability"):
        values = [getattr(preset, knob) for preset in (light, medium, strong)]
        assert values == sorted(values) and values[0] < values[-1], knob


def test_every_preset_is_within_the_ranges():
    for preset in PRESETS:
        for optimizer in ("sgd", "adamw"):
            resolved = resolve(preset, modality="image", optimizer=optimizer)
            assert check(resolved) is resolved


@given(st.sampled_from(SHARES), st.floats(1, 1e9) | st.floats(max_value=-1e-9, min_value=-1e9))
def test_a_share_stays_below_one(name, value):
    with pytest.raises(ArgumentError, match=name) as caught:
        resolve_any(**{name: value})
    assert caught.value.expected == "0 <= value < 1"


@given(st.sampled_from(UP_TO_ONE), st.floats(1, 1e9, exclude_min=True))
def test_a_probability_is_at_most_one(name, value):
    with pytest.raises(ArgumentError, match=name):
        resolve_any(**{name: value})
    assert getattr(resolve_any(**{name: 1.0}), name) == 1.0


@given(st.sampled_from(UNBOUNDED), st.floats(max_value=-1e-9, min_value=-1e9))
def test_no_knob_is_negative(name, value):
    with pytest.raises(ArgumentError, match=name) as caught:
        resolve_any(**{name: value})
    assert f"regularization.{name}" in caught.value.fix


def test_an_unknown_augmentation_lists_the_known():
    with pytest.raises(ArgumentError, match="'trivial' or 'rand'"):
        resolve_any(auto_augment="trivail")


@pytest.mark.parametrize(
    "given_name, near",
    [("droput_rate", "dropout_rate"), ("mixup", "mixup_alpha"), ("weight_deacy", "weight_decay")],
)
def test_an_unknown_knob_names_the_nearest(given_name, near):
    with pytest.raises(ArgumentError) as caught:
        resolve_any(**{given_name: 0.1})
    assert repr(given_name) in caught.value.problem
    assert near in caught.value.expected


def test_a_knob_like_no_other_lists_all():
    with pytest.raises(ArgumentError, match=r"one of: l1, l2, .*erasing_probability"):
        resolve_any(**{"§§§": 0})


def test_an_unknown_preset_names_the_nearest():
    with pytest.raises(UnknownNameError, match="nearest: medium"):
        resolve_any("meduim")


def test_values_are_frozen():
    with pytest.raises(FrozenInstanceError):
        NONE.l2 = 1.0
