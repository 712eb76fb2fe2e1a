"""The rules of `zoo start`: from what data holds to what is trained."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recipes.baseline.beside import on_validation
from recipes.start.guess import guessed_columns
from recipes.start.look import Look, in_words, look_at
from recipes.start.minutes import Timing
from recipes.start.rules import advice, batch_size, epochs_for, plans
from recipes.start.start import _shortened
from recipes.values.load import load_recipe
from zoo.columns import Image, Label, Labels, Text
from zoo.data.dataset import Dataset, Split
from zoo.data.load import load_dataset
from zoo.errors import DataError

IMAGES = Look(
    modality="image",
    task="image_classification",
    train=800,
    test=200,
    outputs=4,
    fewest=150,
    side=28,
)
TEXTS = Look(
    modality="text",
    task="text_classification",
    train=5000,
    test=500,
    outputs=6,
    fewest=90,
    length=21.0,
)
SOUNDS = replace(TEXTS, modality="speech", task="keyword_spotting", length=0.62)


def table(path: Path, names: str, *rows: tuple) -> Path:
    """Write a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([names.split(), *rows])
    return path


def test_digits_are_seen_as_they_are():
    look = look_at(load_dataset("digits").with_validation(fraction=0.1, seed=0))
    assert (look.modality, look.task, look.outputs, look.side) == (
        "image",
        "image_classification",
        10,
        8,
    )
    assert look.train == 1295 and look.test == 359 and not look.colour
    assert "10 classes (125 examples of the rarest)" in in_words(look)


@pytest.mark.parametrize(
    "look",
    [
        IMAGES,
        replace(IMAGES, train=60_000, colour=True),
        replace(IMAGES, side=400),
        replace(IMAGES, task="regression", fewest=0),
        replace(IMAGES, task="multilabel_classification", fewest=0),
        TEXTS,
        replace(TEXTS, train=60_000, length=900.0),
        replace(TEXTS, task="regression", fewest=0),
        replace(TEXTS, task="language_modeling", fewest=0),
        SOUNDS,
        replace(SOUNDS, task="multilabel_classification", fewest=0),
    ],
)
def test_every_plan_is_a_valid_recipe_with_reasons(look):
    for plan in plans(look):
        recipe = load_recipe(plan.recipe).with_values(plan.values)
        assert recipe.task.name == look.task
        assert plan.reasons


def test_many_small_images_get_a_resnet_and_something_faster():
    names = [plan.recipe for plan in plans(replace(IMAGES, train=60_000))]
    assert names == ["image/fashion_mnist-resnet20", "image/digits-cnn"]
    assert [plan.recipe for plan in plans(IMAGES)] == ["image/digits-cnn"]


def test_only_colours_are_mirrored():
    for colour in (False, True):
        (plan,) = plans(replace(IMAGES, colour=colour))
        assert plan.values["regularization.flip"] is colour


def test_photographs_begin_with_weights_at_hand():
    photos = replace(IMAGES, side=400)
    (few,) = plans(replace(photos, fewest=20), ["fast.in1k", "slow.in1k"])
    (more,) = plans(replace(photos, fewest=21), ["fast.in1k"])
    assert (few.weights, few.values["training.epochs"]) == ("fast.in1k", 0)
    assert more.values["training.epochs"] > 0
    (without,) = plans(photos)
    assert not without.weights and "zoo weights pull" in " ".join(without.reasons)


def test_lengths_hold_most_examples_and_have_a_limit():
    assert plans(TEXTS)[0].values["task.arguments.max_tokens"] == 24
    assert plans(replace(TEXTS, length=900.0))[0].values["task.arguments.max_tokens"] == 256
    assert plans(SOUNDS)[0].values["task.arguments.clip_seconds"] == 0.7
    assert plans(replace(SOUNDS, length=60.0))[0].values["task.arguments.clip_seconds"] == 3.0


def test_batch_and_epochs_follow_the_number_of_examples():
    assert [batch_size(replace(IMAGES, train=n)) for n in (30, 700, 9000)] == [16, 32, 64]
    assert epochs_for(replace(IMAGES, train=1280), updates=200, batch=64) == 10
    assert epochs_for(replace(IMAGES, train=48), updates=200, batch=16) == 10  # of 20 updates each
    assert epochs_for(replace(IMAGES, train=64), updates=10_000, batch=64) == 60
    assert epochs_for(replace(IMAGES, train=64_000), updates=100, batch=64) == 3
    assert epochs_for(replace(TEXTS, train=64_000), updates=100, batch=64) == 1


def rated(value, low, high):
    return {"name": "ridge", "metrics": {"accuracy": {"value": value, "low": low, "high": high}}}


def test_a_simple_model_is_advised_where_texts_or_examples_are_few():
    (plan,), best = plans(IMAGES), rated(0.9, 0.8, 0.95)
    assert advice(IMAGES, plan, best, "accuracy") == ""
    assert "find more examples" in advice(replace(IMAGES, fewest=19), plan, best, "accuracy")
    assert advice(replace(IMAGES, fewest=20), plan, best, "accuracy") == ""
    photos = replace(IMAGES, fewest=5, side=400)
    assert advice(photos, plans(photos, ["fast.in1k"])[0], best, "accuracy") == ""
    assert "take ridge" in advice(TEXTS, plans(TEXTS)[0], best, "accuracy")
    many = replace(TEXTS, train=60_000)
    assert advice(many, plans(many)[0], best, "accuracy") == ""


@pytest.mark.parametrize(
    ("interval", "enough"), [((0.97, 0.99), True), ((0.96, 1.0), False), ((None, None), False)]
)
def test_a_simple_model_is_advised_where_its_whole_interval_is_good(interval, enough):
    (plan,), best = plans(IMAGES), rated(0.985, *interval)
    assert ("at least 97 %" in advice(IMAGES, plan, best, "accuracy")) is enough
    best["metrics"]["mae"] = best["metrics"]["accuracy"]
    assert advice(IMAGES, plan, best, "mae") == ""  # a small error has no such end


def test_simple_models_are_scored_on_validation_alone():
    dataset = load_dataset("digits").with_validation(fraction=0.1, seed=0)
    dataset = replace(dataset, splits={**dataset.splits, "test": dataset.splits["train"].take([0])})
    found = on_validation(dataset)
    held = dataset.splits["validation"]
    assert (found["split"], found["examples"]) == ("validation", len(held))
    majority = found["models"][0]["metrics"]["accuracy"]["value"]
    most = np.bincount(dataset.splits["train"].labels).argmax()
    assert majority == pytest.approx(np.mean(held.labels == most))


@pytest.mark.parametrize("task", ["regression", "multilabel_classification"])
def test_a_head_alone_is_fitted_for_few_photographs_without_classes_too(task):
    photos = replace(IMAGES, side=400, task=task, fewest=0)
    (few,) = plans(replace(photos, train=200), ["fast.in1k"])
    (more,) = plans(replace(photos, train=201), ["fast.in1k"])
    assert (few.values["training.epochs"], few.values["task.name"]) == (0, task)
    assert "200 training images: only a head" in " ".join(few.reasons)
    assert more.values["training.epochs"] > 0


def test_where_no_epoch_fits_pretrained_weights_get_a_head_alone():
    (plan,) = plans(replace(IMAGES, side=400), ["fast.in1k"])
    timing = Timing(start=10.0, step=9.0, example=0.1, steps=50, validation=100, test=200)
    assert timing.epochs_within(60.0) == 0
    short, seconds = _shortened(plan, 20, timing, 0, 60.0)
    assert short.values["training.epochs"] == 0
    assert "only a head" in short.reasons[-1]
    assert seconds == timing.seconds(0)


def test_minutes_are_those_of_steps_and_examples():
    timing = Timing(start=10.0, step=0.1, example=0.01, steps=50, validation=100, test=200)
    assert timing.seconds(3) - timing.seconds(2) == pytest.approx(5 + 1, abs=0.2)
    assert timing.epochs_within(timing.seconds(4) + 0.1) == 4
    assert timing.epochs_within(1.0) == 0


def test_columns_are_found_by_their_content(tmp_path):
    words = ["a fine film", "a dull film indeed", "well made and played"] * 10
    texts = [(i, text, ("up", "down")[i % 2]) for i, text in enumerate(words)]
    found = guessed_columns(table(tmp_path / "a.csv", "number review verdict", *texts))
    assert found == {"text_column": "review", "label_column": "verdict"}
    files = [(f"{i}.png", i / 7) for i in range(30)]
    found = guessed_columns(table(tmp_path / "b.csv", "photo cells", *files))
    assert found == {"file_column": "photo", "target_column": "cells"}
    named = [(text, label) for _, text, label in texts]
    assert guessed_columns(table(tmp_path / "c.csv", "text label", *named)) == {}
    scores = [(text, i / 7) for i, (_, text, _) in enumerate(texts)]
    found = guessed_columns(table(tmp_path / "d.csv", "text label", *scores))
    assert found == {"text_column": "text", "target_column": "label"}
    counts = [(f"{i}.png", 3 + i % 12) for i in range(60)]
    found = guessed_columns(table(tmp_path / "f.csv", "file cells", *counts))
    assert found == {"file_column": "file", "target_column": "cells"}
    tags = [(text, ("late", "rude", "late;rude")[i % 3]) for i, (_, text, _) in enumerate(texts)]
    found = guessed_columns(table(tmp_path / "g.csv", "complaint tags", *tags))
    assert found == {"text_column": "complaint", "label_column": "tags", "label_separator": ";"}
    alone = [(text + str(i),) for i, (_, text, _) in enumerate(texts)]
    assert guessed_columns(table(tmp_path / "e.csv", "story", *alone)) == {
        "text_column": "story",
        "label_column": "",
    }


def test_a_small_set_says_how_many_updates_it_gets():
    (plan,) = plans(replace(IMAGES, train=48, fewest=16))
    assert plan.values["training.steps_per_epoch"] == 20
    updates = 20 * plan.values["training.epochs"]
    assert f"{updates:,} updates, about as many as the 1,140" in plan.reasons[-1]


def test_pairs_take_two_towers():
    look = Look(modality="text", task="sentence_pairs", train=900, test=90, outputs=2, fewest=400)
    (plan,) = plans(look)
    assert plan.recipe == "text/stsb-bigru" and plan.values["task.name"] == "sentence_pairs"
    assert in_words(look).startswith("900 training pairs of texts")


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        (
            "question1,question2,same",
            [f"is it {i} now?,was it {i} then?,{'yes' if i % 2 else 'no'}" for i in range(40)],
            {"text_column": "question1", "pair_column": "question2", "label_column": "same"},
        ),
        (  # one cell is no number: the loader says so with its line
            "words,price",
            [f"a thing of size {i},{'unknown' if i == 7 else i * 1.5}" for i in range(40)],
            {"text_column": "words", "target_column": "price"},
        ),
    ],
)
def test_columns_are_guessed(header, rows, expected, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert guessed_columns(table) == expected


def test_pairs_with_several_labels_are_refused():
    splits = {
        name: Split(
            {"text": ["a b"] * 9, "pair": ["c d"] * 9, "tags": [("x",), ("y",), ("x", "y")] * 3}
        )
        for name in ("train", "validation", "test")
    }
    features = {"text": Text(), "pair": Text(), "tags": Labels(("x", "y"))}
    made = {"classes": (), "licence": "none stated", "source": "own"}
    with pytest.raises(DataError, match="sets of labels"):
        look_at(Dataset(name="made up", splits=splits, features=features, **made))


def test_several_inputs_are_told_where_to_go():
    label = np.arange(4) % 2
    columns = {"seen": np.zeros((4, 8, 8, 1), "uint8"), "said": ["a"] * 4, "label": label}
    features = {"seen": Image((8, 8, 1)), "said": Text(), "label": Label()}
    splits = dict.fromkeys(("train", "validation", "test"), Split(columns))
    dataset = Dataset("both", splits, features, ("no", "yes"), "CC0", "own")
    with pytest.raises(DataError, match=r"docs/tasks/several_inputs\.md"):
        look_at(dataset)
