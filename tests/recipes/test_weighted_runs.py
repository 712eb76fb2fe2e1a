"""A column of weights in a whole run: it acts in training alone, survives folds, is refused if wrong."""

import numpy as np
import pytest

from recipes.objects import make_dataset
from recipes.runs.run import load
from recipes.training.finetune import finetune
from recipes.training.linear_heads import class_head
from recipes.training.setup import prepare
from recipes.training.train import train
from recipes.values.schema import Recipe
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import DataError, RecipeError

COUNT = 60


@pytest.fixture
def pictures(tmp_path):
    """Sixty pictures, dark or bright, and a function that writes their table."""
    generator = np.random.default_rng(0)
    for i in range(COUNT):
        pixels = generator.integers(0, 90, (8, 8, 1)) + 120 * (i % 2)
        write_png(tmp_path / f"{i}.png", pixels.astype("uint8"))

    def table(labels=None, weights=None, name="a.csv"):
        labels = [f"c{i % 2}" for i in range(COUNT)] if labels is None else labels
        weights = [1 + i % 3 for i in range(COUNT)] if weights is None else weights
        rows = ["path,label,trust,split"]
        rows += [
            f"{i}.png,{label},{weight},{'train' if i < 30 else 'validation' if i < 40 else 'test'}"
            for i, (label, weight) in enumerate(zip(labels, weights, strict=True))
        ]
        (tmp_path / name).write_text("\n".join(rows))
        return tmp_path / name

    return table


def recipe(path, **changes):
    values = {
        "name": "image/weighted",
        "summary": "Pictures, some of which count for more.",
        "data": {
            "name": str(path),
            "arguments": {"file_column": "path", "weight_column": "trust"},
        },
        "task": {"name": "image_classification"},
        "model": {"name": "cnn_small", "arguments": {"widths": [4, 8]}},
        "regularization": {"preset": "none"},
        "optimizer": {"name": "adamw", "learning_rate": 0.01},
        "training": {"epochs": 2, "batch_size": 8},
    }
    return Recipe.parse(values, source="test").with_values(changes)


def trained(path, **changes):
    """Weights after one step on all of train."""
    setup = prepare(recipe(path, **{"training.batch_size": 30} | changes))
    x, y = setup.train.batch(np.arange(len(setup.train)))
    setup.model.train_on_batch(x, y)
    return [np.asarray(weight) for weight in setup.model.get_weights()], setup


def test_the_label_of_an_example_of_weight_zero_does_not_matter(pictures):
    weights = [0 if i % 5 == 0 else 2 for i in range(COUNT)]
    usual = [f"c{i % 2}" for i in range(COUNT)]
    wrong = ["c1" if i == 10 else "c0" if i == 5 else name for i, name in enumerate(usual)]
    found, setup = trained(pictures(usual, weights))
    others, _ = trained(pictures(wrong, weights, name="b.csv"))
    assert all(np.array_equal(a, b) for a, b in zip(found, others, strict=True))
    assert set(setup.train.specs[1]) == {"label", "sample_weight"}
    assert set(setup.validation.specs[1]) == set(setup.assets.y) == {"label"}
    moved, _ = trained(pictures(wrong, [2] * COUNT, name="c.csv"))
    assert not all(np.array_equal(a, b) for a, b in zip(found, moved, strict=True))


def test_weights_change_what_is_learnt_and_equal_ones_do_not(pictures):
    plain, _ = trained(pictures(), **{"data.arguments": {"file_column": "path"}})
    equal, _ = trained(pictures(weights=[7] * COUNT, name="b.csv"))
    other, _ = trained(pictures(weights=[1 + 50 * (i % 2) for i in range(COUNT)], name="c.csv"))
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(plain, equal, strict=True))
    assert not all(np.allclose(a, b, atol=1e-4) for a, b in zip(plain, other, strict=True))


@pytest.mark.slow
def test_a_run_resumes_predicts_and_is_scored_without_weights(pictures, tmp_path):
    run = train(recipe(pictures()), run_dir=tmp_path / "run", progress=False)
    assert "sample_weight" not in load(run.path).assets.y
    notes = make_dataset(load(run.path).recipe).notes
    assert any("weighs each example by the column trust" in note for note in notes)
    assert load(run.path).evaluate()["metrics"] == run.metrics["metrics"]
    assert run.predict([str(tmp_path / "1.png")])
    tuned = finetune(
        run.path,
        str(pictures(name="b.csv")),
        **{"data.arguments": {"file_column": "path", "weight_column": "trust"}},
        run_dir=tmp_path / "tuned",
        progress=False,
    )
    assert tuned.metrics["metrics"]


def test_weights_stay_with_their_examples_in_folds(pictures):
    folded = recipe(pictures(), **{"data.folds": 4, "data.test_fold": 2})
    for split in make_dataset(folded).splits.values():
        for name, weight in zip(split.names, split.columns["sample_weight"], strict=True):
            assert weight == 1 + (int(name.split()[-1]) - 2) % 3


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        ("-1", "line 4 holds the weight -1 in the column trust, which is negative"),
        ("", "line 4 has no weight"),
        ("nan", "line 4 holds 'nan' in the column trust, which is not a number"),
        ("much", "line 4 holds 'much' in the column trust, which is not a number"),
    ],
)
def test_wrong_weights_are_refused_with_their_line(pictures, weight, said):
    weights = [weight if i == 2 else 1 for i in range(COUNT)]
    with pytest.raises(DataError, match=said):
        load_dataset(pictures(weights=weights), file_column="path", weight_column="trust")


def test_weights_that_are_all_zero_are_refused(pictures):
    with pytest.raises(DataError, match="Every weight in the column trust of"):
        load_dataset(pictures(weights=[0] * COUNT), file_column="path", weight_column="trust")
    with pytest.raises(DataError, match=r"no column 'trusst'[^§]*weight_column=trust"):
        load_dataset(pictures(), file_column="path", weight_column="trusst")


def test_mixing_and_tasks_without_weights_are_refused(pictures):
    with pytest.raises(RecipeError, match="mixup_alpha mixes examples"):
        prepare(recipe(pictures(), **{"regularization.mixup_alpha": 0.2}))


def test_a_fitted_head_weighs_examples_as_copies():
    generator = np.random.default_rng(0)
    features = generator.normal(size=(40, 3)).astype("float32")
    labels = (features[:, 0] + generator.normal(size=40) > 0).astype(int)
    once, thrice = (
        class_head(features, labels, classes=2, sample_weight=weights)
        for weights in (None, [3.0] * 40)
    )
    assert np.allclose(once.kernel, thrice.kernel, atol=1e-4)
    assert np.allclose(once.bias, thrice.bias, atol=1e-4)
    kept = np.arange(40) % 4 > 0
    fewer = class_head(features[kept], labels[kept], classes=2)
    zeros = class_head(features, labels, classes=2, sample_weight=kept * 1.0)
    assert np.allclose(fewer.kernel, zeros.kernel) and np.allclose(fewer.bias, zeros.bias)
