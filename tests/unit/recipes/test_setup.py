"""What is prepared before training, and what is refused there."""

import pytest

from recipes.training.setup import prepare
from recipes.values.load import load_recipe
from zoo.errors import RecipeError


def prepared(*overrides):
    return prepare(load_recipe("image/digits-cnn", "model.arguments.widths=[4]", *overrides))


def test_a_batch_of_more_examples_than_there_are_is_said_or_refused():
    few = "data.max_examples=60"
    assert not any("batch_size" in note for note in prepared().dataset.notes)
    notes = prepared(few, "training.batch_size=61").dataset.notes
    assert any("more than the 60 examples of train, so a batch" in note for note in notes)
    with pytest.raises(RecipeError, match="would hold each of them 33 times"):
        prepared(few, "training.batch_size=2000")
