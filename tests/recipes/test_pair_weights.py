"""A published encoder of single texts is fine-tuned on pairs, by the task that the data asks for."""

import numpy as np
import pytest

from recipes.runs.run import load_run
from recipes.training.finetune import finetune, finetuning_recipe
from recipes.training.pair_tasks import with_pair_task
from tests.unit.pretrained.made_texts import NAME, made_weights
from zoo.weight_conversion import added


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """The name of tiny weights that are in the cache."""
    added(NAME, made_weights(tmp_path, monkeypatch))
    return NAME


@pytest.fixture
def pairs(tmp_path):
    """A table of 40 pairs with a label and a number."""
    rows = [
        f"a good film{'!' * (i // 2)},a {('good', 'bad')[i % 2]} film,{('same', 'other')[i % 2]},{i}"
        for i in range(40)
    ]
    path = tmp_path / "pairs.csv"
    path.write_text("text,pair,label,score\n" + "\n".join(rows))
    return path


def test_the_data_says_which_task_is_taken(weights, pairs):
    source = load_run(weights)

    def taken(changes, data=str(pairs)):
        return with_pair_task(source, data, changes, {}, {}).get("task.name")

    assert taken({}) == "sentence_pairs"
    assert taken({"data.arguments.target_column": "score"}) == "sentence_similarity"
    assert taken({"data.arguments": {"pair_column": ""}}) is None
    assert taken({"task.name": "text_classification"}) == "text_classification"
    assert taken({}, "stsb") == "sentence_similarity"
    assert taken({}, "docstrings") is None


def test_an_encoder_may_be_trained_on_the_data_that_it_was_only_scored_on(weights):
    source = load_run(weights)
    assert source.recipe.data.name == "stsb"  # of the figure on its card
    assert finetuning_recipe(source, "stsb", task="sentence_similarity").data.name == "stsb"


def test_similarity_is_learned_on_the_vectors_that_the_encoder_has(weights, pairs):
    source = load_run(weights)

    def taken(changes):
        return with_pair_task(source, "stsb", changes, {}, {})

    found = taken({})
    assert found["task.arguments.encoder"] == "two_tower"
    assert found["initialization.head"] == "probe"
    assert taken({"optimizer.learning_rate": 0.5})["optimizer.learning_rate"] == 0.5
    other = taken({"task.arguments.encoder": "cross_encoder"})
    assert "initialization.head" not in other
    labelled = with_pair_task(source, str(pairs), {}, {}, {})
    assert "task.arguments.encoder" not in labelled


@pytest.mark.slow
@pytest.mark.parametrize("encoder", ["cross_encoder", "two_tower"])
def test_an_encoder_with_its_tokenizer_learns_pairs(weights, pairs, tmp_path, encoder):
    run = finetune(
        weights,
        pairs,
        f"task.arguments.encoder={encoder}",
        epochs=1,
        run_dir=tmp_path / "run",
        progress=False,
    )
    assert run.recipe.task.name == "sentence_pairs"
    source = load_run(weights)
    assert run.assets.x["ids"].tokenizer == source.assets.x["ids"].tokenizer
    kept = {key for key in source.tensors() if key.startswith("backbone/")}
    assert kept == {key for key in run.tensors() if key.startswith("backbone/")}
    (told,) = run.predict([{"text": "a good film", "pair": "a bad film"}])
    assert {each["label"] for each in told["predictions"]} == {"same", "other"}
    found = [each["probability"] for each in told["predictions"]]
    assert np.sum(found) == pytest.approx(1, abs=1e-5)
