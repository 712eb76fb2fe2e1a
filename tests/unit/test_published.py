"""Models by the name of published weights, and from other projects' files."""

import keras
import numpy as np
import pytest
import safetensors.numpy

from zoo import registry
from zoo.cards import FileSource, ImagePreprocessing, PretrainedCard
from zoo.composition import build
from zoo.errors import ArgumentError, DataError, UnknownNameError, WeightsError
from zoo.weights import save_model_weights, tensor_keys

NAME = "resnet20.toy"
THEIRS = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
THEIRS |= {"moving_mean": "running_mean", "moving_variance": "running_var"}


def in_torch_names(model):
    """Return a CIFAR ResNet's numbers as akamaster/pytorch_resnet_cifar10 names them."""
    tensors = {}
    for key, variable in tensor_keys(model).items():
        *_, layer, name = key.split("/")
        array, name = variable.numpy(), THEIRS[name.partition(".")[2]]
        if array.ndim > 1:
            array = np.moveaxis(array, (-1, -2), (0, 1))
        if layer == "head_logits":
            module = "linear"
        elif layer.startswith("stem"):
            module = "conv1" if layer.endswith("conv") else "bn1"
        else:
            stage, block, part, kind = layer.split("_")
            kind = "conv" if kind == "conv" else "bn"
            module = f"layer{stage[5:]}.{int(block[5:]) - 1}.{kind}{part}"
        tensors[f"{module}.{name}"] = np.ascontiguousarray(array)
    return tensors


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Publish ResNet-20 with random numbers in a file; give the model and the file."""
    monkeypatch.setenv("ZOO_WEIGHTS_DIR", str(tmp_path / "cache"))
    model = build("resnet20", seed=1, preprocessing=False)
    for variable in model.weights:  # numbers that are not those of a new layer
        generator = np.random.default_rng(0)
        if variable.name in ("moving_variance", "gamma"):
            variable.assign(generator.uniform(0.5, 1.5, variable.shape))
        elif variable.name in ("moving_mean", "beta"):
            variable.assign(generator.normal(0, 0.1, variable.shape))
    path = tmp_path / "toy.safetensors"
    safetensors.numpy.save_file(in_torch_names(model), path)
    card = PretrainedCard(
        name=NAME,
        model="resnet20",
        sources=(FileSource(str(path)),),
        preprocessing=ImagePreprocessing(scale=1 / 255, mean=(0.2,), deviation=(0.5,)),
        classes="cifar10",
        licence="MIT",
        commercial="yes",
        origin="this test",
        resolution=32,
    )
    cards = registry.pretrained_cards() | {NAME: card}
    monkeypatch.setattr(registry, "pretrained_cards", lambda: cards)
    return model, path


def test_the_toy_tells_images_apart(toy):
    logits = np.asarray(toy[0](images() / 255))
    assert np.ptp(logits) > 0.1 and not np.allclose(logits[0], logits[1], atol=1e-2)


def images(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (2, 32, 32, 3)).astype("uint8")


def test_a_name_gives_the_published_numbers_and_preprocessing(toy):
    expected = toy[0]((images() / 255 - 0.2) / 0.5)
    np.testing.assert_allclose(build(NAME)(images()), expected, atol=1e-4)
    np.testing.assert_allclose(build("resnet20", weights="toy")(images()), expected, atol=1e-4)


def test_a_new_head_is_random_and_the_backbone_is_not(toy):
    model = build(NAME, num_classes=3)
    assert model.output_shape == (None, 3)
    features = toy[0].get_layer("backbone")((images() / 255 - 0.2) / 0.5)["stride_4"]
    found = build(NAME, features_only=True)(images())["stride_4"]
    np.testing.assert_allclose(found, features, atol=1e-4)
    pooled = build(NAME, num_classes=0)(images())
    np.testing.assert_allclose(pooled, np.mean(features, (1, 2)), atol=1e-4)


def test_gray_images_get_a_stem_of_summed_channels(toy):
    gray = images()[..., :1]
    model = build(NAME, input_shape=(32, 32, 1))
    expected = toy[0]((np.repeat(gray, 3, -1) / 255 - 0.2) / 0.5)
    np.testing.assert_allclose(model(gray), expected, atol=1e-4)


def test_a_file_of_another_project_is_recognized_by_its_names(toy):
    model = build("resnet20", weights=toy[1], preprocessing={"scale": 1 / 255, "mean": (0.0,)})
    np.testing.assert_allclose(model(images()), toy[0](images() / 255), atol=1e-4)


def test_a_file_of_another_variant_is_refused_with_what_does_not_fit(toy):
    with pytest.raises(WeightsError, match=r"get nothing: .*stage1_block4"):
        build("resnet32", weights=toy[1])


def test_own_files_load_as_before(toy, tmp_path):
    save_model_weights(tmp_path / "own.safetensors", toy[0])
    model = build("resnet20", weights=tmp_path / "own.safetensors", preprocessing=False)
    np.testing.assert_array_equal(model(images()), toy[0](images()))


def test_a_mistyped_name_suggests_the_nearest(toy):
    with pytest.raises(UnknownNameError, match=r"resnet20\.toy"):
        build("resnet20.tyo")


def test_a_run_of_the_name_predicts_embeds_and_says_what_it_is(toy):
    from recipes.runs.run import load

    run = load(NAME)
    image = images()[0]
    (answer,) = run.predict([image])
    logits = np.asarray(build(NAME)(image[None]))[0]
    best = int(logits.argmax())
    assert answer["predictions"][0]["label"] == run.assets.classes[best]
    probability = np.asarray(keras.ops.softmax(logits))[best]
    assert answer["predictions"][0]["probability"] == pytest.approx(probability, abs=1e-4)
    vectors = run.embed(images())
    np.testing.assert_allclose(vectors, build(NAME, num_classes=0)(images()), atol=1e-4)
    assert vectors.shape == (2, 64) and vectors.dtype == np.float32
    assert load(NAME).sha256 == run.sha256  # converted once


def test_it_is_fine_tuned_by_name(toy, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_FEATURES_DIR", str(tmp_path / "features"))
    from PIL import Image

    from recipes.training.finetune import finetune

    for i, image in enumerate(np.random.default_rng(0).integers(0, 256, (24, 20, 30, 3))):
        path = tmp_path / "photos" / ("dark" if i % 2 else "light") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image // (2 if i % 2 else 1)).astype("uint8")).save(path)
    run = finetune(NAME, tmp_path / "photos", smoke=True, run_dir=tmp_path / "run", progress=False)
    assert run.assets.classes == ("dark", "light")
    assert run.recipe.initialization.weights == NAME
    assert run.recipe.initialization.head == "probe"
    assert not run.recipe.initialization.batch_norm
    assert run.assets.x["image"].preprocessing["deviation"] == [0.5]
    assert run.assets.x["image"].shape == (32, 32, 3)
    for name in ("README.md", "report.html"):
        assert "resnet20.toy by this test, licence MIT" in (run.path / name).read_text()


def test_a_folder_is_scored_by_position_or_name_of_the_classes(toy, tmp_path):
    from PIL import Image

    from recipes.runs.run import load

    for i, image in enumerate(np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3))):
        for folder, names in (("positions", ("2", "9")), ("names", ("bird", "truck"))):
            path = tmp_path / folder / names[i % 2] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.astype("uint8")).save(path)
    run = load(NAME)
    scored = [run.evaluate(data=tmp_path / folder) for folder in ("positions", "names")]
    assert scored[0]["metrics"] == scored[1]["metrics"]
    assert scored[0]["examples"] == 12
    answers = run.predict([tmp_path / "names"])
    right = [a["predictions"][0]["label"] in a["file"] for a in answers]
    assert scored[0]["metrics"]["accuracy"]["value"] == pytest.approx(np.mean(right))


def test_a_published_file_is_known_by_its_digest_whatever_its_name(toy, monkeypatch, tmp_path):
    import dataclasses
    import hashlib

    digest = hashlib.sha256(toy[1].read_bytes()).hexdigest()
    card = registry.pretrained_cards()[NAME]
    known = dataclasses.replace(card, sources=(FileSource(str(toy[1]), digest),))
    monkeypatch.setattr(registry, "pretrained_cards", lambda: {NAME: known})
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(toy[1].read_bytes())
    expected = toy[0]((images() / 255 - 0.2) / 0.5)
    np.testing.assert_allclose(build("resnet20", weights=mine)(images()), expected, atol=1e-4)
    plain = build("resnet20", weights=mine, preprocessing={"scale": 1 / 255, "mean": (0.0,)})
    assert not np.allclose(plain(images()), expected, atol=1e-2)


@pytest.mark.parametrize(
    ("name", "value"), [("conv1.weight", np.nan), ("conv1.weight", np.inf), ("bn1.running_var", -1)]
)
def test_numbers_that_cannot_be_right_are_refused(toy, tmp_path, name, value):
    tensors = safetensors.numpy.load_file(toy[1])
    tensors[name].reshape(-1)[3] = value
    safetensors.numpy.save_file(tensors, tmp_path / "wrong.safetensors")
    with pytest.raises(WeightsError, match=f"{name} of .* holds 1 values that cannot be right"):
        build("resnet20", weights=tmp_path / "wrong.safetensors")


@pytest.mark.parametrize("given", ["imagenet", 5, None])
def test_preprocessing_is_true_false_or_values(given):
    with pytest.raises(ArgumentError, match="is not True, False or a dictionary"):
        build("resnet20", preprocessing=given)


def test_the_data_of_published_weights_is_not_looked_for(toy):
    from recipes.runs.run import load

    with pytest.raises(DataError, match="not at hand") as caught:
        load(NAME).evaluate()
    assert f"zoo evaluate {NAME} --data FOLDER" in caught.value.fix
