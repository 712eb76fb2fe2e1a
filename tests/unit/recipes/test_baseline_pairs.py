"""Simple models of two texts: what they count, and where they are shown."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score
from sklearn.metrics.pairwise import cosine_similarity

from recipes.baseline import pairs
from recipes.baseline.beside import baseline
from recipes.baseline.fit import inputs_of
from recipes.training.train import train
from zoo.columns import Label, Number, Text
from zoo.data.dataset import Dataset, Split
from zoo.errors import DataError
from zoo.words import split_words

COUNTS = {"train": 200, "validation": 40, "test": 60}
WORDS = ["dog", "cat", "man", "woman", "runs", "sleeps", "sings", "red", "blue"]


def alike(count, seed):
    """Pairs that share words or do not, and the share of words that is the same."""
    random = np.random.default_rng(seed)
    first, second, shares = [], [], []
    for _ in range(count):
        one = random.choice(WORDS, 4, replace=False)
        kept = int(random.integers(0, 5))
        rest = [word for word in WORDS if word not in one][: 4 - kept]
        first.append(" ".join(one))
        second.append(" ".join([*one[:kept], *rest]))
        shares.append(kept / 4)
    return first, second, np.array(shares)


def data_of(target):
    splits = {}
    for seed, (name, count) in enumerate(COUNTS.items()):
        first, second, shares = alike(count, seed)
        values = (shares > 0.5).astype("int64") if target == "label" else shares
        splits[name] = Split({"text": first, "pair": second, target: values})
    column = Label(("different", "alike")) if target == "label" else Number()
    return Dataset(
        name="made up",
        splits=splits,
        features={"text": Text(), "pair": Text(), target: column},
        classes=column.classes if target == "label" else (),
        licence="none stated",
        source="own",
    )


def test_overlaps_are_cosines_shares_and_lengths():
    given = [("the red dog", "the red cat sleeps"), ("a", "a"), ("cow", "pig")]
    found = pairs.Overlap().fit(given).transform(given)
    every = [text for pair in given for text in pair]
    vectors = TfidfVectorizer(tokenizer=split_words, token_pattern=None, sublinear_tf=True).fit(
        every
    )
    by_hand = [cosine_similarity(*vectors.transform(pair)).item() for pair in given]
    assert found[:, 0] == pytest.approx(by_hand)
    assert found[0, 2:] == pytest.approx([2 / 3, 2 / 4, 2 / 5, np.log(3 / 4)])
    assert found[1] == pytest.approx([1, 1, 1, 1, 1, 0])
    assert found[2, :5] == pytest.approx([0, 0, 0, 0, 0], abs=1e-3)


def test_differences_tell_which_text_has_a_word():
    given = [("dog runs", "dog sleeps"), ("dog sleeps", "dog runs")]
    found = pairs.Differences().fit(given).transform(given).toarray()
    size = (found.shape[1] - pairs.OVERLAPS) // 3
    shared, first, second = (found[:, i * size : (i + 1) * size] for i in range(3))
    assert (found[:, : 3 * size] >= 0).all()
    np.testing.assert_allclose(shared[0], shared[1])
    np.testing.assert_allclose(first[0], second[1])
    assert not np.allclose(first[0], first[1])


def test_answers_equal_scikit_learn():
    data = data_of("similarity")
    found = {model["name"]: model for model in baseline(data, progress=False)["models"]}
    model = found["ridge regression on word overlap"]
    values = {
        name: list(zip(split.columns["text"], split.columns["pair"], strict=True))
        for name, split in data.splits.items()
    }
    numbers = {name: split.columns["similarity"] for name, split in data.splits.items()}
    transformer = pairs.models_for(values["train"])[0].transformer()
    alpha = float(model["told"].split()[2].rstrip(","))
    mean, deviation = numbers["train"].mean(), numbers["train"].std()
    ridge = Ridge(alpha=alpha).fit(
        transformer.fit_transform(values["train"]), (numbers["train"] - mean) / deviation
    )
    answers = ridge.predict(transformer.transform(values["test"])) * deviation + mean
    expected = np.abs(answers - numbers["test"]).mean()
    assert model["metrics"]["mae"]["value"] == pytest.approx(expected, rel=1e-5)
    assert model["metrics"]["spearman"]["value"] > 0.9
    assert found["mean of train"]["metrics"]["mae"]["value"] > 2 * expected


def test_pairs_with_classes_have_simple_models():
    data = data_of("label")
    models = baseline(data, progress=False)["models"]
    labels = data.splits["test"].labels
    majority = accuracy_score(labels, np.full(len(labels), np.bincount(labels).argmax()))
    assert models[0]["metrics"]["accuracy"]["value"] == pytest.approx(majority)
    assert min(model["metrics"]["accuracy"]["value"] for model in models[1:]) > 0.9


def test_an_empty_second_text_is_named():
    data = data_of("label")
    data.splits["train"].columns["pair"][3] = "  "
    with pytest.raises(DataError, match=r"example .*3.* is empty"):
        baseline(data, progress=False)


def test_other_columns_have_none():
    data = data_of("label")
    other = {"text": Text(), "pair": Text(), "third": Text(), "label": Label(("a", "b"))}
    assert inputs_of(data) == ("text", "pair")
    assert inputs_of(Dataset(**{**vars(data), "features": other, "_memo": {}})) == ()


@pytest.mark.parametrize(
    ("task", "data"), [("sentence_pairs", "label"), ("sentence_similarity", "similarity")]
)
def test_runs_show_them(task, data, tmp_path):
    first, second, shares = alike(240, 3)
    target = (shares > 0.5) if data == "label" else shares
    words = {True: "alike", False: "different"}
    rows = [
        f"{a},{b},{words[bool(t)] if data == 'label' else t}"
        for a, b, t in zip(first, second, target, strict=True)
    ]
    table = tmp_path / "pairs.csv"
    table.write_text("\n".join([f"text,pair,{data}", *rows]) + "\n", encoding="utf-8")
    column = "label_column" if data == "label" else "target_column"
    run = train(
        "text/number_pairs-bigru",
        run_dir=tmp_path / "run",
        progress=False,
        **{
            "task.name": task,
            "data.name": str(table),
            "data.arguments": {column: data},
            "model.arguments": {"embedding_dim": 4, "hidden_dim": 4},
            "training.epochs": 1,
            "schedule.warmup_epochs": 0.0,
        },
    )
    found = run.metrics["baselines"]
    assert len(found["models"]) == 3
    assert "word overlap" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert found["verdict"]


def test_a_table_is_predicted_by_the_columns_of_training(tmp_path):
    first, second, shares = alike(60, 5)
    rows = [
        f"{a},{b},{'yes' if s > 0.5 else 'no'}"
        for a, b, s in zip(first, second, shares, strict=True)
    ]
    table = tmp_path / "pairs.csv"
    table.write_text("\n".join(["one,other,same", *rows]) + "\n", encoding="utf-8")
    run = train(
        "text/number_pairs-bigru",
        run_dir=tmp_path / "run",
        progress=False,
        **{
            "data.name": str(table),
            "data.arguments": {
                "text_column": "one",
                "pair_column": "other",
                "label_column": "same",
            },
            "model.arguments": {"embedding_dim": 4, "hidden_dim": 4},
            "training.epochs": 1,
        },
    )
    found = run.predict([str(table)])
    assert len(found) == 60 and all(one["predictions"] for one in found)
    alone = tmp_path / "alone.csv"
    alone.write_text("one,label\na dog,yes\n", encoding="utf-8")
    with pytest.raises(DataError, match="has no column 'other'"):
        run.predict([str(alone)])
