"""Published weights of texts are fine-tuned with their own tokenizer."""

import numpy as np
import pytest

from recipes.runs.run import load_run
from recipes.training.finetune import finetune, finetuning_recipe
from tests.unit.pretrained.made_texts import NAME, made_weights
from zoo.adapters import is_adapter_file
from zoo.errors import RecipeError, RunError
from zoo.weight_conversion import added


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """The name of tiny weights that are in the cache."""
    added(NAME, made_weights(tmp_path, monkeypatch))
    return NAME


@pytest.fixture
def reviews(tmp_path):
    """A table of 60 reviews of two classes."""
    words = ("good", "bad")
    rows = [f"a {words[i % 2]} film{'!' * (i // 2 + 1)},{words[i % 2]}" for i in range(60)]
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_finetune_keeps_the_tokenizer_and_predicts(weights, reviews, tmp_path):
    run = finetune(weights, reviews, epochs=1, run_dir=tmp_path / "run", progress=False)
    source = load_run(weights)
    again = load_run(tmp_path / "run")
    assert again.assets.x["ids"].tokenizer == source.assets.x["ids"].tokenizer
    assert again.assets.x["ids"].context_length == 6
    assert again.assets.classes == ("bad", "good")
    assert run.recipe.training.batch_size == 32
    assert run.recipe.optimizer.learning_rate == 1e-4
    label = again.predict(["a good film"])[0]["predictions"][0]["label"]
    assert label in ("bad", "good")
    assert again.embed(["a good film"]).shape == (1, 8)


def test_weights_without_a_head_do_not_answer(weights, reviews):
    run = load_run(weights)
    with pytest.raises(RunError, match=r"no head.*\n.*\n.*zoo embed minilm_l6.made FILE"):
        run.predict(["a good film"])
    with pytest.raises(RunError, match="no head"):
        run.evaluate(data=reviews)


def test_weights_say_how_many_epochs_are_usual(weights, reviews):
    assert finetuning_recipe(load_run(weights), str(reviews)).training.epochs == 3


@pytest.mark.slow
def test_adapters_train_few_numbers_and_load_with_their_source(weights, reviews, tmp_path):
    values = {"model.lora_rank": 1}
    finetune(weights, reviews, epochs=1, run_dir=tmp_path / "run", progress=False, **values)
    run = load_run(tmp_path / "run")
    assert is_adapter_file(run.weights_path)
    assert len(run.predict(["a good film", "a bad film"])) == 2


def test_fewer_tokens_cut_texts_earlier_and_more_than_positions_are_refused(
    weights, reviews, tmp_path
):
    how = {"epochs": 0, "progress": False}
    values = {"task.arguments.max_tokens": 4}
    run = finetune(weights, reviews, run_dir=tmp_path / "run", **how, **values)
    ids = run.assets.x["ids"].encode("a good film ! ! !")[""]
    np.testing.assert_array_equal(ids, [2, 5, 11, 3])
    with pytest.raises(RecipeError, match="max_tokens=17 is more than"):
        values = {"task.arguments.max_tokens": 17}
        finetune(weights, reviews, run_dir=tmp_path / "other", **how, **values)
