"""Views of a network against what the network itself gives."""

import io

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.decomposition import PCA

import zoo
from recipes.explanations.layers import first_embedding
from recipes.runs.run import load_run
from recipes.visualization.ascent import ascend
from zoo.errors import ArgumentError, DataError, RunError, UnknownNameError


@pytest.fixture(scope="module")
def digits():
    return load_run("cnn_small.digits")


@pytest.fixture(scope="module")
def test_images(digits):
    return [example["image"] for example in digits.dataset().splits["test"]]


def inner(run, layer, images):
    """Return what a layer of the backbone gives, by a Keras model that ends there."""
    backbone = run.model.get_layer("backbone")
    part = keras.Model(backbone.input, backbone.get_layer(layer).output)
    (scaled,) = keras.Model(run.model.input, [run.model.get_layer("scale").output])(images)
    return np.asarray(part(scaled))


def test_filters_are_the_weights_with_the_largest_norm_first(digits):
    found = zoo.visualize(digits, "filters")
    layer = digits.model.get_layer("backbone").get_layer("stage1_1_conv")
    np.testing.assert_array_equal(found.numbers["kernel"], layer.kernel.numpy())
    norms = np.linalg.norm(layer.kernel.numpy().reshape(9, 32), axis=0)
    np.testing.assert_allclose(found.numbers["norm"], norms, rtol=1e-6)
    assert (np.diff(norms[found.numbers["order"]]) <= 0).all()
    assert Image.open(io.BytesIO(found.png)).width > 600


def test_filters_over_tokens_are_words_with_the_largest_products():
    run = load_run("textcnn.docstrings")
    found = zoo.visualize(run, "filters")
    (column,) = run.assets.x.values()
    tokenizer = column.loaded
    embedding = first_embedding(run.model)
    kernel = found.numbers["kernel"][..., found.numbers["order"][0]]  # (3, D)
    first = found.numbers["words"][0][0]
    products = embedding.embeddings.numpy() @ kernel[0]
    ids = [int(np.asarray(tokenizer.encode(word, length=1))[0]) for word in first]
    assert products[ids[0]] == pytest.approx(products[2:].max())  # 0 and 1: padding, unknown
    assert products[ids[0]] >= products[ids[1]] >= products[ids[2]]


def test_features_are_what_the_layer_gives(digits, test_images):
    found = zoo.visualize(digits, "features", [test_images[0]], layer="stage2_1_conv")
    assert found.numbers["layer"] == "backbone/stage2_1_conv"
    x = digits.task.encode({"image": test_images[0]}, digits.assets, None)[0]["image"]
    kept = []
    layer = digits.model.get_layer("backbone").get_layer("stage2_1_conv")
    probe = keras.Model(digits.model.get_layer("backbone").input, layer.output)
    outer = digits.model.get_layer("backbone")
    own = outer.call

    def call(given, *rest, **how):
        kept.append(probe(given[0] if isinstance(given, list) else given))
        return own(given, *rest, **how)

    outer.call = call
    try:
        digits.model({"image": x[None]}, training=False)
    finally:
        del outer.call
    np.testing.assert_allclose(found.numbers["features"], np.asarray(kept[0])[0], atol=1e-5)


def test_features_of_a_layer_without_positions_are_refused(digits, test_images):
    with pytest.raises(ArgumentError, match="no positions"):
        zoo.visualize(digits, "features", [test_images[0]], layer="head_logits")
    with pytest.raises(ArgumentError, match="2 inputs"):
        zoo.visualize(digits, "features", test_images[:2])


def test_the_nearest_example_to_a_training_example_is_itself(digits):
    train = digits.dataset().splits["train"]
    found = zoo.visualize(digits, "neighbors", [train[5]["image"], train[9]["image"]])
    for place, one in zip((5, 9), found.numbers["inputs"], strict=True):
        assert one["neighbors"][0]["name"] == train.name_of(place)
        assert one["neighbors"][0]["similarity"] == pytest.approx(1, abs=1e-5)
        assert one["neighbors"][0]["label"] == digits.assets.classes[train.labels[place]]


def test_neighbors_are_sorted_by_the_cosine_of_what_embed_gives(digits, test_images):
    found = zoo.visualize(digits, "neighbors", test_images[:1], split="test", examples=50)
    split = digits.dataset().splits["test"]
    places = np.sort(np.random.default_rng(1).permutation(len(split))[:50])
    vectors = digits.embed([test_images[0], *(split[int(i)]["image"] for i in places)])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")[:7]
    names = [split.name_of(int(places[i])) for i in order]
    assert [each["name"] for each in found.numbers["inputs"][0]["neighbors"]] == names


def test_the_map_is_that_of_what_embed_gives(digits, test_images):
    found = zoo.visualize(digits, "map", examples=60)
    split = digits.dataset().splits["test"]
    places = np.sort(np.random.default_rng(1).permutation(len(split))[:60])
    vectors = digits.embed([test_images[i] for i in places])
    pca = PCA(2, random_state=1).fit(vectors)
    points = np.abs(pca.transform(vectors))  # the sign of a component is free
    np.testing.assert_allclose(np.abs(found.numbers["points"]["PCA"]), points, atol=1e-3)
    assert found.numbers["variance_kept"] == pytest.approx(
        pca.explained_variance_ratio_.sum(), 1e-4
    )
    assert found.numbers["points"]["t-SNE"].shape == (60, 2)
    answers = [
        each["predictions"][0]["label"] for each in digits.predict([test_images[i] for i in places])
    ]
    truth = [digits.assets.classes[split.labels[i]] for i in places]
    np.testing.assert_array_equal(found.numbers["wrong"], np.array(answers) != np.array(truth))


def test_a_made_image_excites_its_class_more_than_any_training_example(digits):
    found = zoo.visualize(digits, "unit", unit="7", examples=200)
    logits = digits.model({"image": found.numbers["image"][None]}, training=False)["logits"]
    assert found.numbers["reached"] == pytest.approx(float(logits[0, 7]), abs=1e-4)
    best = found.numbers["examples"][0]
    assert best["label"] == "7" and found.numbers["reached"] > best["activation"]
    image = found.numbers["image"]
    assert image.shape == (8, 8, 1) and image.min() >= 0 and image.max() <= 255


def test_a_channel_of_a_layer_is_averaged_over_its_positions(digits):
    how = {"layer": "backbone/stage1_1_conv", "unit": 3, "examples": 100}
    found = zoo.visualize(digits, "unit", **how)
    name, activation = (found.numbers["examples"][0][key] for key in ("name", "activation"))
    train = digits.dataset().splits["train"]
    example = train[[train.name_of(i) for i in range(len(train))].index(name)]
    features = zoo.visualize(
        digits, "features", [example["image"]], layer="backbone/stage1_1_conv"
    ).numbers["features"]
    assert activation == pytest.approx(features[..., 3].mean(), abs=1e-4)


def test_ascent_finds_the_brightest_image():
    image, reached = ascend(
        lambda images: keras.ops.mean(images, axis=(1, 2, 3)), (6, 6, 1), steps=200, rate=0.2
    )
    assert reached > 200 and image.mean() == pytest.approx(reached, abs=1e-3)


def test_sounds_have_examples_and_no_made_input():
    found = zoo.visualize("ds_cnn_s.vowels", "unit", unit="IY", examples=60)
    assert found.numbers["examples"][0]["label"] == "IY" and "image" not in found.numbers


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"view": "filter"}, UnknownNameError, "filters"),
        ({"view": "filters", "layer": "x"}, ArgumentError, "does not belong"),
        ({"view": "features"}, ArgumentError, "takes inputs"),
        ({"view": "unit"}, ArgumentError, "No unit"),
        ({"view": "unit", "unit": "10"}, ArgumentError, "0 to 9"),
        ({"view": "unit", "unit": "seven"}, UnknownNameError, "class"),
        ({"view": "unit", "unit": 0, "layer": "stage2_1_cnv"}, UnknownNameError, "stage2_1_conv"),
        ({"view": "map", "split": "tset"}, UnknownNameError, "test"),
        ({"view": "map", "examples": 5}, ArgumentError, "too few"),
        ({"view": "map", "data": "vowels"}, DataError, "no column image"),
    ],
)
def test_mistakes_are_named(digits, how, error, words):
    with pytest.raises(error, match=words):
        zoo.visualize(digits, **how)


def test_a_picture_is_a_new_png_file(digits, tmp_path):
    found = zoo.visualize(digits, "filters")
    path = found.save(tmp_path / "filters.png")
    assert path.read_bytes() == found.png
    with pytest.raises(RunError, match="already exists"):
        found.save(path)
    with pytest.raises(ArgumentError, match=r"ends in \.png"):
        found.save(tmp_path / "filters.jpg")
