"""Explanations of runs that are not like the shipped ones: runs of words, several labels, ensembles."""

from dataclasses import replace

import numpy as np
import pytest

import zoo
from recipes.explanations.explain import mean_explanation
from recipes.explanations.explainer import Explainer
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo.errors import ArgumentError

WORDS = ("left", "right", "so", "and", "then", "up")


def trained(folder, model, *, several=False, **arguments):
    """Train on texts that hold the word that is their label."""
    generator, rows = np.random.default_rng(0), ["text,label"]
    for _ in range(60):
        held = [name for name in WORDS[:2] if generator.random() < 0.5] if several else []
        held = held if several else [str(generator.choice(WORDS[:2]))]
        rows.append(f"{' '.join([*held, *generator.choice(WORDS[2:], 4)])},{';'.join(held)}")
    folder.mkdir(exist_ok=True)
    (folder / "rows.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    task = "multilabel_classification" if several else "text_classification"
    values = {
        "name": "text/left",
        "summary": "Left or right.",
        "task": {"name": task, "arguments": {"max_tokens": 12}},
        "data": {"name": str(folder / "rows.csv"), "validation_fraction": 0.4},
        "model": {"name": model, "arguments": arguments},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.05},
        "training": {"epochs": 2, "batch_size": 8, "select": "last"},
    }
    if several:
        values["data"]["arguments"] = {"label_separator": ";"}
    made = Recipe.parse(values, source="test")
    return train(made, run_dir=folder / f"{model}-{len(list(folder.iterdir()))}", progress=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


def test_numbers_of_runs_of_words_are_shared_by_their_words(folder):
    run = trained(folder / "ngrams", "fasttext", embedding_dim=6, longest_ngram=3, num_buckets=50)
    text = "and left then up"
    (found,) = zoo.explain(run, [text])
    assert found.tokens == ("and", "left", "then", "up")
    # The logit is a sum over words and runs, which stay if all of their words do: the Shapley value of
    # a word is its own number and an even share of those of its runs.
    np.testing.assert_allclose(
        found.attribution.sum(), found.score - found.baseline_score, rtol=1e-4
    )
    (shapley,) = zoo.explain(run, [text], method="kernel_shap")
    np.testing.assert_allclose(shapley.attribution, found.attribution, atol=1e-5)


def test_a_label_of_several_is_explained(folder):
    run = trained(folder / "labels", "dan", several=True, embedding_dim=6)
    logits = {}
    for label in WORDS[:2]:
        (found,) = zoo.explain(run, ["so right and left up"], label=label)
        assert found.label == label and found.completeness <= 0.01
        logits[label] = found.score
    (answer,) = run.predict(["so right and left up"], threshold=0.0)
    told = {one["label"]: one["probability"] for one in answer["predictions"]}
    assert {name: 1 / (1 + np.exp(-logit)) for name, logit in logits.items()} == pytest.approx(told)


def test_an_ensemble_is_explained_by_the_mean_of_its_members(folder):
    each = [trained(folder / "alike", "dan", embedding_dim=size) for size in (4, 6)]
    both = zoo.ensemble(*each, output=folder / "both")
    texts = ["so right and up", "left then left"]
    labels = [answer["predictions"][0]["label"] for answer in both.predict(texts)]
    for text, label, found in zip(texts, labels, zoo.explain(both, texts), strict=True):
        alone = [zoo.explain(run, [text], label=label)[0] for run in each]
        assert found.label == label
        np.testing.assert_allclose(
            found.attribution, np.mean([a.attribution for a in alone], axis=0)
        )
        assert found.score == pytest.approx(np.mean([a.score for a in alone]))
        assert found.completeness <= 0.01
    other = replace(alone[1], tokens=("left", "then left"), attribution=np.ones(2))
    with pytest.raises(ArgumentError, match="into different pieces"):
        mean_explanation([alone[0], other], "both")


def test_methods_that_cannot_serve_name_those_that_can(folder):
    tiny = {"num_layers": 1, "hidden_dim": 8, "num_heads": 2}
    run = trained(folder / "attention", "transformer_encoder_tiny", **tiny)
    assert "attention_rollout" in Explainer(run).methods
    (found,) = zoo.explain(run, ["so right and up"], method="attention_rollout")
    assert len(found.attribution) == 4 and found.attribution.sum() == pytest.approx(1)
    with pytest.raises(ArgumentError, match=r"its activations are gelu[\s\S]*attention_rollout"):
        zoo.explain(run, ["so right and up"], method="guided_backpropagation")
    with pytest.raises(ArgumentError, match=r"it has no such layers[\s\S]*guided_backpropagation"):
        zoo.explain("cnn_small.digits", np.zeros((8, 8, 1), "uint8"), method="attention_rollout")
