"""Two data sets compared: equal ones, and planted changes of tables, images, texts and sounds."""

import numpy as np
import pytest
import soundfile
from PIL import Image
from scipy import stats

import zoo
from recipes.drift.table_columns import typed
from recipes.drift.two_sample import categories_test, classifier_test, holm
from zoo.errors import ArgumentError, DataError


def table(path, *, seed, moved=0.0, cities=(0.5, 0.3, 0.2), absent=0.0):
    """Write 300 rows: three numbers, a city, a code for each row."""
    rng = np.random.default_rng(seed)
    lines = ["code,age,weight,height,city"]
    for row in range(300):
        age = "" if rng.random() < absent else f"{rng.normal(40 + moved, 10):.2f}"
        city = rng.choice(["Oslo", "Rome", "Bonn"], p=cities)
        lines.append(f"x{seed}{row},{age},{rng.normal():.3f},{rng.normal():.3f},{city}")
    path.write_text("\n".join(lines))
    return str(path)


def test_the_classifier_test_holds_its_level_and_finds_a_shift():
    rng, rejected, found = np.random.default_rng(0), 0, 0
    second = np.arange(120) < 50  # samples of different sizes
    for seed in range(300):
        features = rng.normal(size=(120, 4))
        rejected += classifier_test(features, second, seed=seed).p < 0.05
        found += classifier_test(features + second[:, None], second, seed=seed).p < 0.05
    assert rejected / 300 < 0.09
    assert found / 300 > 0.95


def test_its_p_value_is_that_of_permuted_labels():
    rng = np.random.default_rng(1)
    scores, second = rng.normal(size=60), np.arange(60) < 25
    scores[second] += 0.4
    auroc = np.mean(scores[second][:, None] > scores[~second])
    permuted = []
    for _ in range(4000):
        other = rng.permutation(second)
        permuted.append(np.mean(scores[other][:, None] > scores[~other]))
    expected = np.mean(np.array(permuted) >= auroc)
    found = stats.mannwhitneyu(scores[second], scores[~second], alternative="greater")
    assert found.statistic / (25 * 35) == pytest.approx(auroc)
    assert found.pvalue == pytest.approx(expected, abs=0.015)


def test_features_without_information_give_no_difference():
    assert classifier_test(np.zeros((40, 2)), np.arange(40) < 20).p == 1


def test_holm_is_the_step_down_of_the_definition():
    ps = [0.04, 0.001, 0.03, 0.2]
    adjusted = holm(ps)
    for level in (0.01, 0.05, 0.1, 0.13, 0.3):
        kept = []
        for step, place in enumerate(np.argsort(ps)):
            if ps[place] > level / (len(ps) - step):
                break
            kept.append(int(place))
        assert sorted(kept) == [i for i, p in enumerate(adjusted) if p <= level]


def test_rare_categories_count_together():
    counts = np.array([[50, 30, 1, 1], [40, 40, 2, 1]])
    expected = stats.chi2_contingency(np.array([[50, 30, 2], [40, 40, 3]]), correction=False)
    # Of the joined ones too few are expected as well, but there is nothing left to join them with.
    assert categories_test(counts).p == pytest.approx(expected.pvalue)
    assert categories_test(np.array([[9, 0], [12, 0]])).p == 1


def test_a_table_says_which_column_changed(tmp_path):
    first = table(tmp_path / "a.csv", seed=1)
    same = zoo.compare_data(first, table(tmp_path / "b.csv", seed=2))
    assert not same["differ"] and not any(told["changed"] for told in same["columns"].values())
    found = zoo.compare_data(first, table(tmp_path / "c.csv", seed=3, moved=8))
    assert found["differ"] and found["test"]["p"] < 0.05
    assert [name for name, told in found["columns"].items() if told["changed"]] == ["age"]
    assert found["columns"]["age"]["words"][0].startswith("mean 39.48 → 47.")
    assert any("code is left out" in note for note in found["notes"])
    other = zoo.compare_data(first, table(tmp_path / "d.csv", seed=4, cities=(0.2, 0.3, 0.5)))
    assert other["columns"]["city"]["changed"] and not other["columns"]["age"]["changed"]
    assert "Oslo" in other["columns"]["city"]["words"][0]
    gaps = zoo.compare_data(first, table(tmp_path / "e.csv", seed=5, absent=0.2))
    assert gaps["columns"]["age is given"]["changed"] and not gaps["columns"]["age"]["changed"]


def test_a_column_is_typed_by_the_cells_of_both_tables():
    assert typed(["1", "2"] * 9, ["3"] * 9)[0].word == "categories"  # few different numbers
    assert typed([0.5 * k for k in range(20)], [None, "7"])[0].word == "numbers"
    assert typed([f"a text of row {k}" for k in range(9)], ["and another one"])[0].word == "texts"


def test_images_sounds_and_texts_say_in_words_what_changed(tmp_path):
    rng = np.random.default_rng(0)
    for name, dark, quiet, long in (("a", 0, 1.0, 6), ("b", 40, 0.3, 9)):
        for kind in ("image", "sound", "text"):
            (tmp_path / name / kind).mkdir(parents=True)
        for i in range(60):
            pixels = rng.integers(60 - dark, 200 - dark, (12, 12, 3), dtype="uint8")
            Image.fromarray(pixels).save(tmp_path / name / "image" / f"{i}.png")
            clip = quiet * rng.normal(0, 0.1, 1600)
            soundfile.write(tmp_path / name / "sound" / f"{i}.wav", clip, 8000)
            words = rng.choice(["one", "two", "three", "four"], rng.poisson(long) + 1)
            (tmp_path / name / "text" / f"{i}.txt").write_text(" ".join(words))
    for kind, words in (("image", "brightness"), ("sound", "level"), ("text", "length")):
        found = zoo.compare_data(str(tmp_path / "a" / kind), str(tmp_path / "b" / kind))
        (told,) = found["columns"].values()
        assert found["differ"] and told["changed"], kind
        assert any(words in line and "→" in line for line in told["words"]), told["words"]
    brightness = zoo.compare_data(*(str(tmp_path / name / "image") for name in "ab"))["columns"]
    measured = brightness["image"]["measures"]["mean brightness"]
    assert measured["first"] - measured["second"] == pytest.approx(40, abs=3)
    assert not brightness["image"]["measures"]["width"]["changed"]


def test_unreadable_files_are_counted_and_folders_are_a_column(tmp_path):
    for name in ("a", "b"):
        for kind in ("cat", "dog"):
            folder = tmp_path / name / kind
            folder.mkdir(parents=True)
            for i in range(15):
                pixels = np.random.default_rng(i).integers(0, 256, (9, 9), dtype="uint8")
                Image.fromarray(pixels).save(folder / f"{i}.png")
    (tmp_path / "b" / "cat" / "broken.png").write_bytes(b"no picture")
    found = zoo.compare_data(str(tmp_path / "a"), str(tmp_path / "b"))
    assert set(found["columns"]) == {"image", "folder"} and not found["differ"]
    assert "1 file(s)" in found["notes"][0]
    assert found["second"] == {"name": str(tmp_path / "b"), "examples": 31, "taken": 30}


def test_what_cannot_be_compared_is_refused(tmp_path):
    first = table(tmp_path / "a.csv", seed=1)
    (tmp_path / "empty").mkdir()
    (tmp_path / "short.csv").write_text("age\n1\n2\n")
    (tmp_path / "other.csv").write_text("\n".join(["size", *map(str, range(30))]))
    for second, words in (
        ("empty", "holds no images"),
        ("short.csv", "too few"),
        ("other.csv", "no column in common"),
        ("absent.csv", "no folder or file"),
    ):
        with pytest.raises(DataError, match=words):
            zoo.compare_data(first, str(tmp_path / second))
    with pytest.raises(ArgumentError, match="too few"):
        zoo.compare_data(first, first, most=5)


def test_a_column_of_a_table_takes_after_that_of_a_data_set(tmp_path):
    labels = np.random.default_rng(0).integers(0, 10, 400)
    (tmp_path / "a.csv").write_text("\n".join(["label", *map(str, labels)]))
    found = zoo.compare_data(str(tmp_path / "a.csv"), "digits")
    assert found["columns"]["label"]["kind"] == "categories" and not found["differ"]
    assert any("Only digits has image" in note for note in found["notes"])
