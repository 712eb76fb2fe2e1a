"""What the losses of several inputs count while a model is trained."""

from dataclasses import replace

import numpy as np
import pytest

from recipes.modalities.own_heads import FUSED, blended, weights_of_losses
from recipes.values.load import load_recipe
from zoo.errors import RecipeError
from zoo.regularization import NONE


def entry(**losses):
    """Return an entry of a history: (train, validation) by name."""
    keys = {"fused": "loss", "a": "a_loss", "b": "b_loss"}
    return {
        prefix + keys[name]: pair[place]
        for name, pair in losses.items()
        for place, prefix in enumerate(("", "val_"))
    }


def test_a_loss_counts_by_how_it_generalizes():
    before = entry(fused=(1.0, 1.0), a=(1.0, 1.0), b=(1.0, 1.0))
    after = entry(fused=(0.2, 0.6), a=(0.5, 0.7), b=(0.8, 0.9))
    raw = np.array([0.4 / 0.4**2, 0.3 / 0.2**2, 0.1 / 0.1**2])  # G / O^2
    found = blended(before, after, ["a", "b"])
    assert list(found) == [FUSED, "a", "b"]
    assert list(found.values()) == pytest.approx(3 * raw / raw.sum())


def test_a_loss_that_did_not_fall_counts_nothing_unless_none_did():
    before = entry(fused=(1.0, 1.0), a=(1.0, 1.0), b=(1.0, 1.0))
    after = entry(fused=(0.2, 0.6), a=(0.1, 1.5), b=(1.0, 1.0))
    assert blended(before, after, ["a", "b"]) == {FUSED: 3.0, "a": 0.0, "b": 0.0}
    assert set(blended(after, after, ["a", "b"]).values()) == {1.0}


def test_the_fused_answer_teaches_after_the_warm_up():
    values = replace(NONE, unimodal_warmup_epochs=2, auxiliary_loss_weight=0.3)
    found = [weights_of_losses([{}] * epoch, ["a"], values) for epoch in range(4)]
    assert found == [{FUSED: 0.0, "a": 1.0}] * 2 + [{FUSED: 1.0, "a": 0.3}] * 2


def test_weights_are_estimated_every_few_epochs_from_those_before():
    rows = [
        entry(fused=(1 - 0.1 * i, 1 - 0.05 * i), a=(1 - 0.02 * i**2, 1 - 0.01 * i**2))
        for i in range(1, 7)
    ]
    values = replace(NONE, gradient_blending_epochs=3)
    found = [weights_of_losses(rows[:epoch], ["a"], values) for epoch in range(7)]
    assert all(one == {FUSED: 1.0, "a": 1.0} for one in found[:3])
    assert found[3] == found[4] == found[5] == blended(rows[0], rows[2], ["a"])
    assert found[6] == blended(rows[2], rows[5], ["a"]) != found[3]


def test_a_warm_up_leaves_epochs_for_all_inputs_together():
    recipe = load_recipe("multimodal/digit_trios-late")
    warm = {"regularization.unimodal_warmup_epochs": 5}
    assert recipe.with_values(warm).smoke().regularization_values().unimodal_warmup_epochs == 1
    with pytest.raises(RecipeError, match=r"leaves none of training.epochs=5"):
        recipe.with_values(warm | {"training.epochs": 5})
