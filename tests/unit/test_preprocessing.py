"""Preprocessing values: from cards and weights to layers, and to what encoding does."""

import dataclasses
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from zoo import columns, registry
from zoo.cards import ImagePreprocessing, TextPreprocessing, WeightCard
from zoo.columns.assets import Assets
from zoo.columns.image import fit_image
from zoo.preprocessing import front_layers, preprocessing_of, with_preprocessing
from zoo.regularization import Regularization
from zoo.tasks.image_classification import ImageClassification

IMAGES = Assets(x={"image": columns.Image((6, 6, 3))}, y={})
PHOTOS = ImagePreprocessing(
    scale=1 / 255,
    mean=(0.485, 0.456, 0.406),
    deviation=(0.229, 0.224, 0.225),
    crop_share=0.875,
    interpolation="bicubic",
)


def photo(height, width, channels=3):
    """Return an image whose pixels tell where they are."""
    y, x = np.mgrid[:height, :width]
    image = np.stack([y * 255 // height, x * 255 // width, y * 0 + 128], axis=-1)
    return image[..., :channels].astype("uint8")


def card(preprocessing):
    return replace(registry.model_card("resnet20"), preprocessing=preprocessing)


def test_the_default_is_bit_for_bit_minus_one_to_one():
    x = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1)
    front = front_layers({"image": ImagePreprocessing()})["image"]
    expected = keras.layers.Rescaling(1 / 127.5, offset=-1)(x)
    np.testing.assert_array_equal(front(x), expected)


def test_channels_have_means_and_deviations_of_their_own():
    x = photo(6, 6)[None]
    front = front_layers({"image": PHOTOS})["image"]
    expected = (x / 255 - np.array(PHOTOS.mean)) / np.array(PHOTOS.deviation)
    np.testing.assert_allclose(front(x), expected, atol=1e-5)


def test_one_mean_serves_all_deviations():
    values = ImagePreprocessing(scale=1.0, mean=(2.0,), deviation=(1.0, 2.0, 4.0))
    front = front_layers({"image": values})["image"]
    np.testing.assert_allclose(np.asarray(front(np.full((1, 1, 1, 3), 6.0))).ravel(), [4, 2, 1])


def test_texts_and_inputs_without_values_have_no_layers():
    assert front_layers({"ids": TextPreprocessing()}) == {}
    assert preprocessing_of(card(None), IMAGES) == {}


def test_several_inputs_have_values_by_name():
    both = Assets(x={"left": columns.Image((4, 4, 1)), "right": columns.Image((4, 4, 1))}, y={})
    found = preprocessing_of(card({"left": ImagePreprocessing(scale=1.0)}), both)
    assert found == {"left": ImagePreprocessing(scale=1.0)}


def test_what_training_fixed_goes_before_the_card():
    image = columns.Image((6, 6, 3), preprocessing={"mean": [0.5]})
    assets = Assets(x={"image": image}, y={})
    found = preprocessing_of(card(ImagePreprocessing()), Assets.from_dict(assets.to_dict()))
    assert found == {"image": ImagePreprocessing(mean=(0.5,))}
    assert preprocessing_of(card(ImagePreprocessing()), assets, {"mean": (0.25,)}) == {
        "image": ImagePreprocessing(mean=(0.25,))
    }


def test_sounds_are_masked_in_training_only_where_asked_for():
    model = registry.model_card("crnn")
    clips = Assets(x={"audio": columns.Audio(8000, 2_400)}, y={})
    values = preprocessing_of(model, clips)
    assert values == {"audio": model.preprocessing}
    masks = Regularization(frequency_masks=1, frequency_mask_width=4)
    for regularization, layers in (
        (Regularization(), ["log_mel"]),
        (masks, ["log_mel", "spec_augment"]),
    ):
        audio = keras.Input((2_400,))
        front = front_layers(values, regularization)["audio"]
        assert [layer.name for layer in keras.Model(audio, front(audio)).layers[1:]] == layers


def test_assets_remember_only_what_is_not_the_default():
    assert with_preprocessing(IMAGES, card(ImagePreprocessing())) is IMAGES
    kept = with_preprocessing(IMAGES, card(PHOTOS))
    again = Assets.from_dict(kept.to_dict())
    assert preprocessing_of(card(ImagePreprocessing()), again) == {"image": PHOTOS}


def test_a_weight_brings_its_own_values():
    fields = {field.name: None for field in dataclasses.fields(WeightCard)}
    weight = WeightCard(
        **fields | {"assets": IMAGES.to_dict(), "preprocessing": {"mean": (0.5,), "scale": 1 / 255}}
    )
    found = preprocessing_of(card(ImagePreprocessing()), Assets.from_weight(weight))
    assert found == {"image": ImagePreprocessing(mean=(0.5,), scale=1 / 255)}


# --- photographs


@pytest.mark.parametrize(
    "size, resized, corner",
    [  # torchvision: Resize(256), CenterCrop(224); (width, height) and (left, top)
        ((500, 375), (341, 256), (58, 16)),
        ((375, 500), (256, 341), (16, 58)),
        ((224, 224), (256, 256), (16, 16)),
        ((1000, 250), (1024, 256), (400, 16)),
    ],
)
def test_photographs_keep_their_aspect(size, resized, corner):
    image = photo(size[1], size[0])
    picture = Image.fromarray(image).resize(resized, Image.Resampling.BICUBIC)
    expected = picture.crop((*corner, corner[0] + 224, corner[1] + 224))
    found = fit_image(image, (224, 224, 3), crop_share=0.875, interpolation="bicubic")
    np.testing.assert_array_equal(found, np.asarray(expected))


def test_a_whole_share_crops_the_longer_side_alone():
    found = fit_image(photo(8, 20), (8, 8, 3), crop_share=1.0)
    np.testing.assert_array_equal(found, photo(8, 20)[:, 6:14])


@pytest.mark.parametrize("crop_share", [0.3, 0.875, 0.95, 1.0])
@pytest.mark.parametrize("shape", [(7, 7, 3), (5, 9, 1), (9, 5, 3), (1, 1, 1)])
@pytest.mark.parametrize("size", [(1, 1), (3, 50), (64, 10), (31, 33)])
def test_any_photograph_fills_any_input(size, shape, crop_share):
    found = fit_image(photo(*size), shape, crop_share=crop_share)
    assert found.shape == shape and found.dtype == np.uint8


def test_without_a_share_images_are_resized_whole_as_before():
    image = photo(9, 20)
    expected = Image.fromarray(image).resize((8, 8), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(fit_image(image, (8, 8, 3)), np.asarray(expected))


def test_encoding_does_what_the_assets_remember():
    task, image = ImageClassification(), photo(12, 30)
    plain, _ = task.encode({"image": image}, IMAGES, None)
    cropped, _ = task.encode({"image": image}, with_preprocessing(IMAGES, card(PHOTOS)), None)
    np.testing.assert_array_equal(plain["image"], fit_image(image, (6, 6, 3)))
    np.testing.assert_array_equal(
        cropped["image"],
        fit_image(image, (6, 6, 3), crop_share=0.875, interpolation="bicubic"),
    )
