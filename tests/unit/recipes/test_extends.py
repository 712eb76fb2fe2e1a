"""A recipe that extends another: whose values hold, and what is refused."""

import pytest
import yaml

from recipes.values.load import load_recipe
from zoo.errors import RecipeError, UnknownNameError

PARENT = "image/digits-cnn"


def written(folder, name, **values):
    path = folder / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({"name": path.stem} | values, sort_keys=False))
    return path


def test_values_of_the_parent_hold_where_there_are_none_of_its_own(tmp_path):
    own = {"optimizer": {"learning_rate": 0.5}, "training": {"epochs": 3}}
    recipe, parent = (
        load_recipe(written(tmp_path, "mine", extends=PARENT, **own)),
        load_recipe(PARENT),
    )
    assert parent.expects != "unmeasured"
    changes = {"name": "mine", "optimizer.learning_rate": 0.5, "training.epochs": 3}
    assert recipe == parent.with_values(changes)
    assert recipe.expects == "unmeasured"
    assert "extends" not in recipe.resolved()


def test_a_field_is_replaced_as_a_whole(tmp_path):
    path = written(tmp_path, "mine", extends=PARENT, model={"arguments": {"dropout_rate": 0.1}})
    assert load_recipe(path).model.arguments == {"dropout_rate": 0.1}
    path = written(tmp_path, "mine", extends=PARENT, schedule=None, summary="Mine.")
    with pytest.raises(RecipeError, match="schedule: should be a section"):
        load_recipe(path)


def test_a_chain_of_files_is_seen_from_the_folder_of_each(tmp_path):
    written(tmp_path, "base", extends=PARENT, training={"epochs": 7, "batch_size": 32})
    written(tmp_path, "deep/middle", extends="../base.yaml", training={"epochs": 8})
    path = written(tmp_path, "top", extends="deep/middle.yaml", training={"seed": 5})
    training = load_recipe(path, "training.precision=mixed_bfloat16").training
    assert (training.epochs, training.batch_size, training.seed) == (8, 32, 5)
    assert training.precision == "mixed_bfloat16"


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("image/digit-cnn", UnknownNameError, "nearest: image/digits-cnn"),
        ("missing.yaml", UnknownNameError, "seen from the folder of"),
        ([1], UnknownNameError, r"no recipe named '\[1\]'"),
        ("mine.yaml", RecipeError, "mine.yaml extends .*mine.yaml: that is a circle"),
        ("other.yaml", RecipeError, "mine.yaml extends .*other.yaml extends .*mine.yaml"),
    ],
)
def test_what_cannot_be_extended_is_refused(tmp_path, name, error, words):
    written(tmp_path, "other", extends="mine.yaml")
    path = written(tmp_path, "mine", extends=name)
    with pytest.raises(error) as raised:
        load_recipe(path)
    raised.match(words)
    assert str(raised.value).count("\n") <= 4


@pytest.mark.parametrize("values", [{}, {"name": PARENT}])
def test_a_recipe_has_a_name_of_its_own(tmp_path, values):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"extends": PARENT} | values))
    with pytest.raises(RecipeError, match="has no name of its own"):
        load_recipe(path)


def test_arguments_of_another_model_are_not_inherited_in_silence(tmp_path):
    path = written(tmp_path, "mine", extends=PARENT, model={"name": "resnet20"})
    with pytest.raises(RecipeError, match=r"mine.yaml: .*resnet20 does not have widths") as raised:
        load_recipe(path)
    raised.match("arguments: {}")
    path = written(tmp_path, "mine", extends=PARENT, model={"name": "resnet20", "arguments": {}})
    assert load_recipe(path).model.name == "resnet20"


def test_a_misspelt_field_of_its_own_names_the_file_and_the_nearest(tmp_path):
    path = written(tmp_path, "mine", extends=PARENT, training={"epoch": 3})
    with pytest.raises(RecipeError, match=r"mine.yaml is not a valid recipe") as raised:
        load_recipe(path)
    raised.match("nearest: training.epochs")


def test_extending_is_for_files_alone():
    with pytest.raises(RecipeError, match="extends: there is no such field"):
        load_recipe(PARENT, "extends=image/digits-cnn")
