"""Semantic segmentation: losses against their definitions, heads, and the whole task."""

import itertools

import keras
import numpy as np
import pytest

import zoo
from zoo import registry
from zoo.columns import Image, Mask
from zoo.data.dataset import Split
from zoo.data.embedded.shapes import CLASSES, load
from zoo.errors import ArgumentError, DataError, UnknownNameError
from zoo.heads.segmentation import HEADS, by_size, segmentation_head
from zoo.tasks.image_segmentation import ImageSegmentation
from zoo.tasks.pixel_loss import PIXEL_LOSSES, pixel_losses
from zoo.testing import check_mode, check_task

RNG = np.random.default_rng(0)


def softmax(logits):
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def batch():
    logits = RNG.normal(0, 2, (2, 3, 4, 3)).astype("float32")
    truth = RNG.integers(0, 3, (2, 3, 4))
    truth[0, 0, :2] = -1
    return logits, truth


def test_cross_entropy_is_that_of_keras_over_the_pixels_that_count(batch):
    logits, truth = batch
    found = pixel_losses("cross_entropy", logits, truth)
    for i in range(2):
        counts = truth[i] >= 0
        wanted = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(
            truth[i][counts], logits[i][counts]
        )
        assert float(found[i]) == pytest.approx(float(wanted), rel=1e-5)


def test_focal_loss_is_its_formula(batch):
    logits, truth = batch
    found = pixel_losses("focal", logits, truth)
    for i in range(2):
        counts = truth[i] >= 0
        p = softmax(logits[i][counts])[np.arange(counts.sum()), truth[i][counts]]
        assert float(found[i]) == pytest.approx(np.mean(-((1 - p) ** 2) * np.log(p)), rel=1e-4)


def test_dice_is_its_formula_over_the_classes_of_the_example(batch):
    logits, truth = batch
    found = pixel_losses("dice", logits, truth)
    for i in range(2):
        counts = truth[i] >= 0
        p, t = softmax(logits[i][counts]), np.eye(3)[truth[i][counts]]
        scores = (2 * (p * t).sum(axis=0) + 1) / (p.sum(axis=0) + t.sum(axis=0) + 1)
        wanted = 1 - scores[t.sum(axis=0) > 0].mean()
        assert float(found[i]) == pytest.approx(wanted, rel=1e-4)


def lovasz_by_sets(errors, truth):
    """The Lovász extension of the Jaccard loss by its definition: a sum over growing sets."""
    order, total, last = np.argsort(-errors, kind="stable"), 0.0, 0.0
    for place in range(1, len(order) + 1):
        wrong = np.zeros(len(errors), bool)
        wrong[order[:place]] = True
        union = (truth | wrong).sum()
        jaccard = 1 - (truth & ~wrong).sum() / union
        total += errors[order[place - 1]] * (jaccard - last)
        last = jaccard
    return total


def test_lovasz_is_the_extension_of_the_jaccard_loss(batch):
    logits, truth = batch
    found = pixel_losses("lovasz", logits, truth)
    for i in range(2):
        counts = truth[i] >= 0
        p, t = softmax(logits[i][counts]), np.eye(3, dtype=bool)[truth[i][counts]]
        each = [
            lovasz_by_sets(np.abs(t[:, k] - p[:, k]), t[:, k]) for k in range(3) if t[:, k].any()
        ]
        assert float(found[i]) == pytest.approx(np.mean(each), rel=1e-4)


@pytest.mark.parametrize("name", PIXEL_LOSSES)
def test_void_pixels_change_no_loss_and_get_no_gradient(name, batch):
    logits, truth = batch
    other = np.where(truth[..., None] < 0, logits + 5, logits)
    one, two = (np.asarray(pixel_losses(name, part, truth)) for part in (logits, other))
    np.testing.assert_allclose(one, two, atol=1e-6)


@pytest.mark.parametrize(("head", "normalization"), itertools.product(HEADS, ("batch", "group")))
def test_heads_give_logits_of_the_input_size(head, normalization):
    backbone = zoo.build(
        "cnn_small", input_shape=(20, 28, 3), widths=(8, 16, 24), features_only=True
    )
    logits = segmentation_head(
        backbone.output, 5, size=(20, 28), head=head, normalization=normalization
    )
    model = keras.Model(backbone.input, logits)
    out = model(RNG.uniform(0, 255, (2, 20, 28, 3)).astype("float32"))
    assert out.shape == (2, 20, 28, 5) and np.isfinite(np.asarray(out)).all()
    names = {layer.name for layer in model.layers if layer.weights} - {
        layer.name for layer in backbone.layers
    }
    assert all(name.startswith("head_") for name in names)


def test_the_deepest_feature_of_each_size_is_taken():
    a, b, c = (keras.Input(shape) for shape in ((8, 8, 2), (8, 8, 3), (4, 4, 5)))
    pooled = keras.Input((5,))
    assert by_size({"a": a, "c": c, "b": b, "pooled": pooled}) == [b, c]


def test_a_backbone_of_one_stride_is_refused():
    with pytest.raises(ArgumentError, match="strides"):
        segmentation_head({"stride_4": keras.Input((4, 4, 2))}, 3, size=(16, 16))


def test_models_of_the_catalog_that_declare_strides_do_the_task():
    names = registry.list_models(task="image_segmentation")
    assert {"resnet20", "efficientnet_lite0", "mobilenetv2_100"} <= set(names)
    assert not {"mlp", "vit_tiny_patch16"} & set(names)
    model = zoo.build("resnet20", task="image_segmentation", input_shape=(16, 16, 3), num_classes=4)
    assert model.output_shape == (None, 16, 16, 4)


def test_without_classes_a_model_gives_pooled_features():
    how = {"task": "image_segmentation", "input_shape": (16, 16, 3)}
    assert zoo.build("resnet20", num_classes=0, **how).output_shape == (None, 64)


@pytest.fixture(scope="module")
def shapes():
    return load()


def test_the_parts_of_the_task_fit_together(shapes):
    task = ImageSegmentation(loss="cross_entropy_dice")
    assets = task.fit(shapes.splits["train"], features=shapes.features, classes=())
    assert assets.y["mask"].classes == ("background", *CLASSES)
    backbone = zoo.build("cnn_small", input_shape=(64, 64, 3), widths=(4, 8), features_only=True)
    backbone = keras.Model(backbone.input, backbone.output, name="backbone")
    from zoo.task_model import TaskModel

    model = TaskModel(task.build(backbone, assets), task=task)
    check_task(task, assets, model, shapes.splits["test"][0])
    truth = np.stack([shapes.splits["test"][i]["mask"] for i in range(4)])
    check_mode(task, truth, np.roll(truth, 3, axis=1), {"mask": truth})
    shares = task.describe(truth[0], assets)
    assert sum(item["share"] for item in shares) == pytest.approx(1, abs=1e-5)
    assert shares[0]["label"] == "background"


def test_masks_move_with_their_images(shapes):
    task = ImageSegmentation(image_size=[32, 48])
    assets = task.fit(shapes.splits["train"], features=shapes.features, classes=())
    example = shapes.splits["test"][1]
    x, y = task.encode(example, assets, None)
    assert x["image"].shape == (32, 48, 3) and y["mask"].shape == (32, 48)
    rows, columns = np.arange(32) * 2 + 1, np.floor((np.arange(48) + 0.5) * 64 / 48).astype(int)
    np.testing.assert_array_equal(y["mask"], example["mask"][np.ix_(rows, columns)])


def test_shapes_are_what_they_say(shapes):
    assert {name: len(split) for name, split in shapes.splits.items()} == {
        "train": 1000,
        "validation": 150,
        "test": 250,
    }
    for example in itertools.islice(shapes.splits["train"], 200):
        boxes, count = example["boxes"], example["instances"].max()
        assert len(boxes["class"]) == count
        np.testing.assert_array_equal(example["mask"] > 0, example["instances"] > 0)
        for number in range(count):
            own = example["instances"] == number + 1
            rows, columns = np.nonzero(own)
            assert boxes["corners"][number] == [
                columns.min(),
                rows.min(),
                columns.max() + 1,
                rows.max() + 1,
            ]
            (value,) = np.unique(example["mask"][own])
            assert boxes["class"][number] == CLASSES[value - 1]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"head": "u_net"}, UnknownNameError, "unet"),
        ({"loss": "jaccard"}, UnknownNameError, "lovasz"),
        ({"normalization": "layer"}, UnknownNameError, "group"),
        ({"image_size": 0}, ArgumentError, "image_size"),
        ({"image_size": [32, 32, 3]}, ArgumentError, "height, width"),
    ],
)
def test_mistakes_in_the_arguments_are_named(arguments, error, words):
    with pytest.raises(error, match=words):
        ImageSegmentation(**arguments)


def test_data_without_masks_or_classes_of_masks_is_refused():
    split = Split({"image": np.zeros((2, 8, 8, 3), "uint8"), "mask": np.zeros((2, 8, 8), "uint8")})
    task = ImageSegmentation()
    with pytest.raises(DataError, match="takes masks"):
        task.fit(split, features={"image": Image((8, 8, 3))}, classes=())
    with pytest.raises(DataError, match="two or more"):
        task.fit(split, features={"image": Image((8, 8, 3)), "mask": Mask((8, 8))}, classes=())
