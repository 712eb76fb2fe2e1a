"""The digits that scikit-learn carries."""

import numpy as np
import pytest

from zoo.data.dataset import Dataset
from zoo.data.embedded.digits import load


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load()


def test_all_images_are_there_once(digits: Dataset) -> None:
    from sklearn.datasets import load_digits

    assert {name: len(split) for name, split in digits.splits.items()} == {
        "train": 1438,
        "test": 359,
    }
    images = np.concatenate([split.columns["image"] for split in digits.splits.values()])
    original = load_digits().images
    assert images.dtype == np.uint8
    assert images.shape == (1797, 8, 8, 1)
    assert images.max() == 255
    ours = sorted(np.round(image[..., 0] / 255 * 16).astype(int).tobytes() for image in images)
    assert ours == sorted(image.astype(int).tobytes() for image in original)


def test_the_test_split_is_stratified_and_fixed(digits: Dataset) -> None:
    train, test = np.array(digits.counts()["train"]), np.array(digits.counts()["test"])
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.005)
    assert digits.fingerprint == load().fingerprint == "8784d155146db3cd"


def test_source_and_licence_are_stated(digits: Dataset) -> None:
    assert digits.source == "embedded"
    assert "CC BY 4.0" in digits.licence
    assert "uci.edu" in digits.homepage
    assert digits.classes == tuple("0123456789")
    assert digits.features["image"].shape == digits.splits["test"][0]["image"].shape
