"""`zoo finetune` ends in a run like any other; what cannot be meant is told on one screen."""

import pytest


def test_a_finetune_is_a_run_that_predicts(zoo, run_dir, photos, in_tmp):
    outcome = zoo("finetune", run_dir, "--data", photos, "--smoke", "--run-dir", "mine", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.document["run"] == "mine"
    assert 0 <= outcome.document["metrics"]["accuracy"]["value"] <= 1
    picture = next(photos.rglob("*.png"))
    (result,) = zoo("predict", "mine", picture, "--json").document
    assert {item["label"] for item in result["predictions"]} == {"cat", "dog"}
    recipe = (in_tmp / "mine" / "recipe.yaml").read_text()
    assert f"weights: {run_dir}" in recipe
    again = zoo("train", "mine/recipe.yaml", "--run-dir", "mine", "--resume", "--json")
    assert again.document == outcome.document


def test_options_reach_the_recipe(zoo, run_dir, photos, in_tmp, monkeypatch):
    import recipes.training.finetune
    from recipes.runs.run import load

    made = []

    def train(recipe, **where):
        made.append((recipe, where))
        return load(run_dir)

    monkeypatch.setattr(recipes.training.finetune, "train", train)
    outcome = zoo(
        *("finetune", run_dir, "--data", photos, "initialization.backbone_rate=0.5"),
        *("--epochs", 8, "--frozen-epochs", 3, "--learning-rate", 0.02, "--seed", 5),
        *("--run-dir", "there", "--skip-corrupt"),
    )
    assert outcome.code == 0, outcome.err
    ((recipe, where),) = made
    assert (recipe.training.epochs, recipe.training.seed) == (8, 5)
    assert recipe.optimizer.learning_rate == 0.02
    assert recipe.initialization.frozen_epochs == 3
    assert recipe.initialization.backbone_rate == 0.5
    assert (str(where["run_dir"]), where["skip_corrupt"]) == ("there", True)


@pytest.fixture
def one_class(photos):
    for path in (photos / "dog").iterdir():
        path.unlink()
    (photos / "dog").rmdir()
    return photos


def test_one_class_is_told(refused, run_dir, one_class):
    assert "class" in refused("finetune", run_dir, "--data", one_class)


def test_a_foreign_file_is_told(refused, photos):
    assert "foreign model file" in refused("finetune", "mine.keras", "--data", photos)


def test_the_data_of_the_model_is_told(refused, run_dir):
    message = refused("finetune", run_dir, "--data", "digits")
    assert "was already trained on digits" in message


def test_data_of_another_kind_is_told(refused, run_dir):
    message = refused("finetune", run_dir, "--data", "trec")
    assert "trec is a data set of text" in message
    assert "takes image" in message
    assert "fashion_mnist" in message


def test_more_frozen_epochs_than_epochs_are_told(refused, run_dir, photos):
    message = refused("finetune", run_dir, "--data", photos, "--epochs", 3, "--frozen-epochs", 4)
    assert "frozen_epochs=4 is more than training.epochs=3" in message


def test_data_must_be_named(zoo, run_dir):
    outcome = zoo("finetune", run_dir)
    assert outcome.code == 2
    assert "--data" in outcome.err


def test_a_text_in_letters_that_the_model_does_not_know_is_told(refused, in_tmp):
    (in_tmp / "ru.txt").write_text("мы снова будем петь\n" * 100, encoding="utf-8")
    message = refused(
        *("finetune", "gpt_nano.tiny_shakespeare", "--data", "ru.txt", "--run-dir", "mine")
    )
    assert "does not know 80.0% of the characters" in message
    assert "'м', 'ы', 'с', 'н', 'о' and" in message
    assert "tokenizer=bpe" in message
