"""Files and arrays go through the code that training used, whatever their format."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from recipes.objects import make_model, make_task
from recipes.runs.by_name import predict
from recipes.runs.foreign import ForeignModel, load_keras_file
from recipes.runs.inputs import looks_like_a_path
from recipes.runs.run import Run, load
from recipes.values.load import load_recipe
from zoo.columns.readers.images import write_png
from zoo.data.load import load_dataset
from zoo.errors import ArgumentError, DataError, RunError, UnknownNameError, WeightsError
from zoo.weights import save_model_weights


@pytest.fixture(scope="module")
def digits():
    """The test images of digits, uint8 (N, 8, 8, 1)."""
    return np.stack([example["image"] for example in load_dataset("digits").splits["test"]])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose model was never trained: random weights tell images apart as well."""
    recipe = load_recipe("image/digits-cnn", "model.arguments.widths=[4,8]")
    task, dataset = make_task(recipe), load_dataset("digits")
    assets = task.fit(dataset.splits["train"], features=dataset.features, classes=dataset.classes)
    path = tmp_path_factory.mktemp("run") / "weights.safetensors"
    sha256 = save_model_weights(path, make_model(recipe, task, assets))
    return Run(
        name="untrained",
        recipe=recipe,
        assets=assets,
        metrics={},
        weights_path=path,
        sha256=sha256,
    )


def probabilities(results):
    """One dictionary of probability by label for each result."""
    return [{p["label"]: p["probability"] for p in result["predictions"]} for result in results]


def test_a_file_and_its_array_get_the_same_prediction(run, digits, tmp_path):
    files = [tmp_path / f"{i}.png" for i in range(5)]
    for file, image in zip(files, digits, strict=False):
        write_png(file, image)
    from_files, from_arrays = predict(run, files), predict(run, list(digits[:5]))
    assert probabilities(from_files) == probabilities(from_arrays)
    assert [result["file"] for result in from_files] == list(map(str, files))
    assert [result["file"] for result in from_arrays] == [None] * 5


def test_different_images_get_different_predictions(run, digits):
    first, second = probabilities(predict(run, list(digits[:2])))
    assert first != second


def test_one_input_needs_no_list(run, digits, tmp_path):
    write_png(tmp_path / "a.png", digits[0])
    expected = probabilities(predict(run, [digits[0]]))
    assert probabilities(predict(run, digits[0])) == expected
    assert probabilities(predict(run, str(tmp_path / "a.png"))) == expected
    assert probabilities(predict(run, tmp_path / "a.png")) == expected
    assert len(predict(run, digits[:3])) == 3  # a stack is as many inputs


def test_no_inputs_give_no_predictions(run):
    assert predict(run, []) == []


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_batches_change_nothing_but_rounding(run, digits, batch_size):
    whole = predict(run, list(digits[:7]), batch_size=7)
    for result, expected in zip(
        predict(run, list(digits[:7]), batch_size=batch_size), whole, strict=True
    ):
        (mine,), (theirs,) = probabilities([result]), probabilities([expected])
        assert mine == pytest.approx(theirs, abs=1e-5)


def test_predictions_are_the_five_most_likely_first(run, digits):
    (result,) = predict(run, [digits[0]])
    values = [item["probability"] for item in result["predictions"]]
    assert len(values) == 5
    assert values == sorted(values, reverse=True)
    assert 0 < sum(values) <= 1 + 1e-5


def test_formats_and_colours_are_read_as_the_same_picture(run, digits, tmp_path):
    """The same gray pixels as 8-bit, 16-bit, palette, RGB, RGBA, CMYK, GIF and BMP."""
    gray = digits[0][..., 0]
    picture = Image.fromarray(gray)
    picture.save(tmp_path / "gray.png")
    Image.fromarray((gray.astype("uint16") << 8) + 255).save(tmp_path / "sixteen.png")
    picture.convert("RGB").save(tmp_path / "rgb.png")
    picture.convert("RGBA").save(tmp_path / "alpha.png")
    picture.convert("RGB").quantize(256).save(tmp_path / "palette.png")
    picture.save(tmp_path / "gray.gif")
    picture.save(tmp_path / "gray.bmp")
    picture.save(tmp_path / "gray.webp", lossless=True)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 8
    found = probabilities(predict(run, files))
    expected = probabilities(predict(run, tmp_path / "gray.png"))[0]
    for file, mine in zip(files, found, strict=True):
        assert mine == pytest.approx(expected, abs=0.02), file.name


def test_cmyk_jpeg_is_read_in_its_colours(run, digits, tmp_path):
    picture = Image.fromarray(digits[0][..., 0])
    picture.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    (mine,) = probabilities(predict(run, tmp_path / "cmyk.jpg"))
    (expected,) = probabilities(predict(run, [digits[0]]))
    (inverted,) = probabilities(predict(run, [255 - digits[0]]))
    distance = sum(abs(mine.get(k, 0) - expected.get(k, 0)) for k in expected)
    assert distance < 0.1 * sum(abs(inverted.get(k, 0) - expected.get(k, 0)) for k in expected)


def test_another_size_is_resized_as_in_training(run, digits, tmp_path):
    large = np.kron(digits[0], np.ones((4, 4, 1), "uint8"))  # each pixel becomes 4 x 4
    write_png(tmp_path / "large.png", large)
    (result,) = predict(run, tmp_path / "large.png")
    assert len(result["predictions"]) == 5
    assert probabilities([result]) == probabilities(predict(run, [large]))


def test_one_bad_file_stops_before_anything_is_run(run, digits, tmp_path, monkeypatch):
    write_png(tmp_path / "good.png", digits[0])
    (tmp_path / "bad.png").write_text("no image")
    monkeypatch.setattr(type(run.task), "decode", lambda *_: pytest.fail("the model was run"))
    with pytest.raises(DataError, match=r"bad\.png"):
        predict(run, [tmp_path / "good.png", tmp_path / "bad.png"])
    with pytest.raises(DataError, match="is not a file"):
        predict(run, [tmp_path / "good.png", tmp_path / "none.png"])


def test_one_bad_file_among_many_holds_its_error_when_the_others_are_wanted(run, digits, tmp_path):
    for name, image in (("a.png", digits[0]), ("c.png", digits[1])):
        write_png(tmp_path / name, image)
    (tmp_path / "b.png").write_text("not an image")
    files = [tmp_path / name for name in ("a.png", "b.png", "none.png", "c.png")]
    results = predict(run, files, keep_going=True, batch_size=1)
    assert [result["file"] for result in results] == list(map(str, files))
    assert ["error" in result for result in results] == [False, True, True, False]
    assert results[1]["predictions"] == results[2]["predictions"] == []
    assert "b.png" in results[1]["error"]["problem"]
    assert results[2]["error"]["problem"].endswith("none.png is not a file.")
    good = probabilities([results[0], results[3]])
    assert good == probabilities(predict(run, [digits[0], digits[1]], batch_size=1))


def test_a_folder_stands_for_the_files_in_it(run, digits, tmp_path):
    (tmp_path / "photos" / "more").mkdir(parents=True)
    names = ("photos/b.png", "photos/more/a.PNG", "photos/.hidden.png")
    for name, image in zip(names, digits, strict=False):
        write_png(tmp_path / name, image)
    (tmp_path / "photos" / "notes.txt").write_text("these are words")
    results = predict(run, tmp_path / "photos")
    assert [result["file"] for result in results] == [str(tmp_path / name) for name in names[:2]]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty holds no files to predict"):
        predict(run, tmp_path / "empty")


def test_a_mistyped_file_names_the_nearest(run, digits, tmp_path):
    write_png(tmp_path / "seven.png", digits[0])
    with pytest.raises(DataError, match=r"nearest: .*seven\.png"):
        predict(run, tmp_path / "sevn.png")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A run for docstrings whose model was never trained."""
    arguments = "model.arguments={embedding_dim: 8, num_filters: 4}"
    recipe = load_recipe("text/docstrings-textcnn", arguments)
    task, dataset = make_task(recipe), load_dataset("docstrings")
    assets = task.fit(dataset.splits["train"], features=dataset.features, classes=dataset.classes)
    path = tmp_path_factory.mktemp("reader") / "weights.safetensors"
    sha256 = save_model_weights(path, make_model(recipe, task, assets))
    return Run(
        name="reader",
        recipe=recipe,
        assets=assets,
        metrics={},
        weights_path=path,
        sha256=sha256,
    )


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
def test_a_table_gives_a_result_for_each_row(reader, tmp_path, suffix):
    texts = ["Return the month.", "Open a file for reading.", "Parse an address"]
    path = tmp_path / f"table{suffix}"
    if suffix == ".jsonl":
        lines = [json.dumps({"id": i, "text": text}) for i, text in enumerate(texts)]
    else:
        comma = "," if suffix == ".csv" else "\t"
        lines = [comma.join(row) for row in [("id", "text"), *zip("abc", texts, strict=True)]]
    path.write_text("\n".join(lines) + "\n")
    results = predict(reader, path)
    assert [result["text"] for result in results] == texts
    assert {result["file"] for result in results} == {str(path)}
    first = 1 if suffix == ".jsonl" else 2
    assert [result["row"] for result in results] == [f"line {first + i}" for i in range(3)]
    assert probabilities(results) == probabilities(predict(reader, texts))


def test_the_column_of_a_table_is_named_or_the_only_one(reader, tmp_path):
    (tmp_path / "table.csv").write_text("question,note\nOpen a file,x\nClose it,y\n")
    with pytest.raises(DataError, match="no column 'text'") as caught:
        predict(reader, tmp_path / "table.csv")
    assert caught.value.expected == "one of: question, note"
    assert "--column" in caught.value.fix
    results = predict(reader, tmp_path / "table.csv", column="question")
    assert results == predict(reader, tmp_path / "table.csv", text_column="question")
    assert [result["text"] for result in results] == ["Open a file", "Close it"]
    (tmp_path / "only.csv").write_text("sentence\nOpen a file\n")
    assert predict(reader, tmp_path / "only.csv")[0]["text"] == "Open a file"


def test_a_bad_row_of_a_table_holds_its_error(reader, tmp_path):
    (tmp_path / "table.csv").write_text("id,text\n1,Open a file\n2\n3,\n4,Close it\n")
    with pytest.raises(DataError, match="line 3"):
        predict(reader, tmp_path / "table.csv")
    results = predict(reader, tmp_path / "table.csv", keep_going=True)
    assert ["error" in result for result in results] == [False, True, True, False]


def test_a_table_names_the_files_beside_it(run, digits, tmp_path):
    (tmp_path / "photos").mkdir()
    for name, image in (("a.png", digits[0]), ("b.png", digits[1])):
        write_png(tmp_path / "photos" / name, image)
    table = tmp_path / "table.csv"
    table.write_text("id,shot,file\n1,photos/b.png,photos/a.png\n2,photos/a.png,photos/b.png\n")
    first, second = probabilities(predict(run, [digits[0], digits[1]]))
    assert probabilities(predict(run, table)) == [first, second]  # the column "file" is usual
    results = predict(run, table, column="shot")
    assert probabilities(results) == [second, first]
    assert [(r["file"], r["row"]) for r in results] == [
        (str(tmp_path / "photos" / "b.png"), "line 2"),
        (str(tmp_path / "photos" / "a.png"), "line 3"),
    ]
    with pytest.raises(DataError, match="no column 'picture'") as caught:
        predict(run, table, column="picture")
    assert "names the files" in caught.value.fix
    table.write_text("file,id\nphotos/a.png,1\nphotos/c.png,2\n,3\n")
    good, lost, empty = predict(run, table, keep_going=True)
    assert probabilities([good]) == [first]
    assert lost["error"]["problem"].endswith("c.png is not a file.")
    assert "line 4 names no file" in empty["error"]["problem"]


def test_a_pattern_stands_for_the_files_that_it_matches_in_order(run, digits, tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.png", "a.png", "deep/er/c.png", "a[1].png"):
        write_png(tmp_path / name, digits[0])
    (tmp_path / "a.md").write_text("words")

    def files(pattern):
        return [
            result["file"].removeprefix(f"{tmp_path}/")
            for result in predict(run, tmp_path / pattern)
        ]

    assert files("?.*") == ["a.png", "b.png"]
    assert files("**/*.png") == ["a.png", "a[1].png", "b.png", "deep/er/c.png"]
    assert files("a[1].png") == ["a[1].png"]  # a file of that name comes first
    for pattern, said in (("*.gif", "no file"), ("*.md", "these kinds"), ("de*", "but no file")):
        with pytest.raises(DataError, match=said):
            predict(run, str(tmp_path / pattern))


def test_top_and_threshold_say_what_is_listed(run, digits):
    (usual,) = predict(run, [digits[0]])
    (all_ten,) = predict(run, [digits[0]], top=20)
    assert len(all_ten["predictions"]) == 10
    assert all_ten["predictions"][:5] == usual["predictions"]
    assert "uncertain" not in usual
    best = usual["predictions"][0]["probability"]
    for threshold, expected in ((best, False), (best + 1e-3, True)):
        (result,) = predict(run, [digits[0]], top=1, threshold=threshold)
        assert result["uncertain"] is expected
        assert result["predictions"] == usual["predictions"][:1]
    for wrong in ({"top": 0}, {"threshold": 1.5}):
        with pytest.raises(ArgumentError, match=next(iter(wrong))):
            predict(run, [digits[0]], **wrong)


def test_results_come_before_later_inputs_are_read(run, digits, tmp_path):
    files = [tmp_path / f"{i}.png" for i in range(4)]
    for file, image in zip(files, digits, strict=False):
        write_png(file, image)
    results = run.predict_each(files, batch_size=2, keep_going=True)
    assert next(results)["file"] == str(files[0])
    files[3].unlink()
    assert ["error" in result for result in results] == [False, False, True]


def test_views_are_those_of_the_recipe_and_depend_on_no_other_image(run, digits):
    from recipes.runs.answering import decoder
    from zoo.transforms.views import views_of

    x = {"image": digits[:3]}
    found = decoder(run, tta=3)(x)
    view = views_of(run.recipe.regularization_values(), assets=run.assets, name="run")
    each = [run.task.decode(run.model, view(x, k), run.assets) for k in range(3)]
    np.testing.assert_allclose(found, np.mean(each, axis=0), atol=1e-12)
    plain = run.task.decode(run.model, x, run.assets)
    assert np.abs(found - plain).max() > 1e-4
    alone = decoder(run, tta=3)({"image": digits[2:3]})
    np.testing.assert_allclose(alone, found[2:], atol=1e-6)
    assert probabilities(predict(run, list(digits[:3]), tta=3)) == probabilities(
        predict(run, list(digits[:3]), tta=3)
    )
    for wrong in (-1, 1000, 2.5):
        with pytest.raises(ArgumentError, match="number of views"):
            predict(run, list(digits[:1]), tta=wrong)


def test_views_are_refused_where_there_are_none(run, reader, digits):
    plain = Run(
        name="plain",
        recipe=run.recipe.with_values(
            {"regularization.preset": "none", "regularization.crop_padding": 0}
        ),
        assets=run.assets,
        metrics={},
        weights_path=run.weights_path,
        sha256=run.sha256,
    )
    with pytest.raises(ArgumentError, match="without crops and flips"):
        predict(plain, list(digits[:1]), tta=2)
    with pytest.raises(ArgumentError, match="takes texts"):
        predict(reader, ["Open a file"], tta=2)


def test_a_temperature_changes_probabilities_alone(run, digits):
    images = list(digits[:20])
    before, after = predict(run, images, top=10), predict(run, images, top=10, calibrated=0.5)
    for one, other in zip(probabilities(before), probabilities(after), strict=True):
        squares = {label: p**2 for label, p in one.items()}
        expected = {label: p / sum(squares.values()) for label, p in squares.items()}
        assert other == pytest.approx(expected, abs=1e-5)
        assert next(iter(other)) == next(iter(one))
    with pytest.raises(RunError, match="has no temperature") as caught:
        predict(run, images, calibrated=True)
    assert "zoo evaluate untrained --calibrated" in caught.value.fix
    with pytest.raises(ArgumentError, match="out of range"):
        predict(run, images, calibrated=0.0)


@pytest.mark.parametrize(
    ("word", "path"),
    [
        ("reviews.csv", True),
        ("REVIEWS.TXT", True),
        ("my reviews.csv", True),
        ("./a folder/notes", True),
        ("data/notes", True),
        ("hamlt", True),  # a file named hamlet lies here
        ("Who wrote Hamlet?", False),
        ("good", False),
        ("a/b or c/d", False),
        ("version 3.11", False),
        ("see notes.txt\nfor more", False),
        ("", False),
    ],
)
def test_what_looks_like_a_path_is_not_taken_for_a_text(in_tmp, word, path):
    (in_tmp / "hamlet").write_text("To be")
    assert looks_like_a_path(word) == path


def test_a_run_reads_its_weights_only_if_they_are_its_own(run, digits, tmp_path):
    path = tmp_path / "weights.safetensors"
    shutil.copy(run.weights_path, path)
    other = Run(
        name="swapped",
        recipe=run.recipe,
        assets=run.assets,
        metrics={},
        weights_path=path,
        sha256="0" * 64,
    )
    with pytest.raises(WeightsError, match="SHA-256"):
        other.predict([digits[0]])


def test_targets_that_are_nothing_say_what_is_near(in_tmp):
    with pytest.raises(UnknownNameError, match="image/digits-cnn"):
        load("image/digit-cnn")
    with pytest.raises(WeightsError, match="can run code"):
        load("mine.h5")


def test_a_recipe_without_weights_names_the_latest_run_of_it(in_tmp, monkeypatch):
    from zoo import registry

    monkeypatch.setattr(registry, "weight_cards", dict)
    with pytest.raises(RunError, match="zoo train image/digits-cnn"):
        load("image/digits-cnn")
    for number in (9, 10):
        (in_tmp / "runs" / f"image-digits-cnn-{number}").mkdir(parents=True)
        (in_tmp / "runs" / f"image-digits-cnn-{number}" / "metrics.json").write_text("{}")
    with pytest.raises(RunError, match="runs/image-digits-cnn-10"):
        load("image/digits-cnn")


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A .keras file that gives logits for RGB images of 6 x 6 pixels: the channel means."""
    import keras

    layers = [keras.Input((6, 6, 3)), keras.layers.GlobalAveragePooling2D()]
    path = tmp_path_factory.mktemp("keras") / "mine.keras"
    keras.Sequential(layers).save(path)
    return path


def test_a_keras_file_predicts_with_softmax_over_its_logits(foreign, tmp_path):
    model = load_keras_file(foreign)
    assert isinstance(model, ForeignModel)
    Image.new("RGB", (9, 9), (1, 3, 2)).save(tmp_path / "a.png")
    (result,) = model.predict([tmp_path / "a.png"])
    expected = np.exp([3.0, 2.0, 1.0]) / np.exp([3.0, 2.0, 1.0]).sum()
    assert [item["label"] for item in result["predictions"]] == ["1", "2", "0"]
    assert [item["probability"] for item in result["predictions"]] == pytest.approx(
        expected.tolist(), abs=1e-5
    )


@pytest.mark.parametrize("seed", range(12))
def test_any_damage_to_a_keras_file_is_a_weights_error_or_harmless(foreign, tmp_path, seed):
    generator = np.random.default_rng(seed)
    data = bytearray(foreign.read_bytes())
    if seed % 2:
        data = data[: generator.integers(len(data))]
    for place in generator.integers(len(data), size=8):
        data[place] ^= 0xFF
    (tmp_path / "damaged.keras").write_bytes(data)
    try:
        load_keras_file(tmp_path / "damaged.keras")
    except WeightsError as error:
        assert "damaged.keras" in str(error)
        assert error.fix
